/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hook.h"

#include <string.h>

#include "base/cleanup.h"
#include "cli/text.h"

/**
 * hook_step_find - the step a word stands for
 * @word: borrowed
 * @ret_step: the step
 *
 * Returns 1, or 0 when there is no such step.
 */
int hook_step_find(const char *word, enum hook_step *ret_step)
{
	static const char *const words[] = {
		[HOOK_PRE_START] = "pre-start",
		[HOOK_POST_STOP] = "post-stop",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*ret_step = (enum hook_step)i;
		return 1;
	}
	return 0;
}

/**
 * pair_add - name the two addresses of a family
 * @phrase: changed
 * @link: the host end, borrowed
 * @pair: borrowed; nothing is added without addresses
 */
static void pair_add(struct phrase *phrase, const char *link, const struct veth_pair *pair)
{
	char host[ADDR_TEXT], local[PREFIX_TEXT];

	if (!addr_is_set(&pair->local.addr))
		return;
	prefix_format(&pair->local, local);
	if (addr_is_set(&pair->host))
		phrase_add(phrase, "%s %s - %s %s", link, addr_format(&pair->host, host),
			   VETH_INSIDE, local);
	else
		phrase_add(phrase, "%s - %s %s", link, VETH_INSIDE, local);
}

/**
 * attached_tell - log the one line of a successful attachment
 * @definition: what was attached, borrowed
 * @changed: whether something had to be done
 */
static void attached_tell(const struct definition *definition, int changed)
{
	struct phrase phrase = { .length = 0 };
	char link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

	if (!definition->private_network) {
		log_info("%s: shares the network of the host", definition->name);
		return;
	}
	veth_link_name(definition->name, definition->bridge[0], link, altname);
	pair_add(&phrase, link, &definition->v4);
	pair_add(&phrase, link, &definition->v6);
	log_info("%s: network %s: %s", definition->name, changed ? "attached" : "was attached",
		 phrase.length ? phrase.text : link);
}

/**
 * hook_run - do one step of a container unit
 * @session: borrowed; begun
 * @step: which one
 * @name: the container, borrowed
 * @e: filled on failure
 *
 * Logs one line on success; reporting a failure is left to the caller.
 *
 * Returns 0 or -errno.
 */
int hook_run(const struct session *session, enum hook_step step, const char *name, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	struct definition definition;
	int r;

	session_log(session, LOG_LEVEL_INFO);
	r = network_open(&session->paths, &network, e);
	if (r < 0)
		return r;
	switch (step) {
	case HOOK_PRE_START:
		r = network_attach(network, name, &definition, e);
		if (r >= 0)
			attached_tell(&definition, r);
		break;
	case HOOK_POST_STOP:
		r = network_detach(network, name, e);
		if (r >= 0)
			log_info("%s: network %s", name, r ? "detached" : "was not attached");
		if (r >= 0)
			r = container_forget(&session->paths, name, e);
		break;
	}
	return r < 0 ? r : 0;
}
