/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/verb.h"

struct show_ip_options {
	bool v4, v6, all;
};

static const struct option_spec specs[] = {
	{ "ipv4", '4', OPTION_FLAG, offsetof(struct show_ip_options, v4), NULL,
	  "the IPv4 address only" },
	{ "ipv6", '6', OPTION_FLAG, offsetof(struct show_ip_options, v6), NULL,
	  "the IPv6 address only" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct show_ip_options, all), NULL,
	  "both, one a line" },
};

const struct option_table show_ip_options = OPTION_TABLE(specs, struct show_ip_options);

/* The addresses to show. */
struct answer {
	const struct addr *addrs[2];
	size_t count;
};

/**
 * answer_choose - which of a container's addresses were asked for
 * @definition: borrowed for as long as the answer is used
 * @options: none: IPv4, or IPv6 where there is no other
 * @answer: filled
 */
static void answer_choose(const struct definition *definition,
			  const struct show_ip_options *options, struct answer *answer)
{
	bool chosen = options->v4 || options->v6 || options->all;

	*answer = (struct answer){ .count = 0 };
	if ((!chosen || options->v4 || options->all) && addr_is_set(&definition->v4.local.addr))
		answer->addrs[answer->count++] = &definition->v4.local.addr;
	if ((options->v6 || options->all || (!chosen && answer->count == 0)) &&
	    addr_is_set(&definition->v6.local.addr))
		answer->addrs[answer->count++] = &definition->v6.local.addr;
}

/**
 * answer_print - print addresses bare, one a line, or in JSON
 * @answer: borrowed
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int answer_print(const struct answer *answer, const struct invocation *in, struct error *e)
{
	json_t *array = in->session->json ? json_array() : NULL;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < answer->count; i++) {
		if (!in->session->json)
			puts(addr_format(answer->addrs[i], text));
		else if (json_array_append_new(array, json_addr(answer->addrs[i])) != 0)
			return error_errno(e, ENOMEM, "cannot write the answer");
	}
	if (!in->session->json)
		return 0;
	return json_print(
		json_pack("{s:o, s:o}", "name", json_text(in->arguments[0]), "addresses", array),
		e);
}

/**
 * verb_show_ip - print the address of a container without its prefix length
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_show_ip(const struct invocation *in, struct error *e)
{
	const char *name = in->arguments[0];
	struct definition definition;
	struct answer answer;
	int r = definition_read(&in->session->paths, name, &definition, e);

	if (r < 0)
		return r;
	if (r == 0)
		return name_unknown(&in->session->paths, name, e);
	answer_choose(&definition, in->options, &answer);
	if (answer.count)
		return answer_print(&answer, in, e);
	if (!definition.private_network)
		return error_set(e, ERROR_FAILED, EADDRNOTAVAIL,
				 "container '%s' shares the network of the host", name);
	return error_set(e, ERROR_FAILED, EADDRNOTAVAIL, "container '%s' has no such address",
			 name);
}
