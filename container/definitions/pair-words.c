/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/pair-words.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "container/definitions/definitions.h"

/**
 * parse_family - check that an address is of the family its option is for
 * @option: name of the option
 * @addr: borrowed
 * @family: the family
 * @e: names the option and the address
 *
 * Returns 0 or -EINVAL.
 */
static int parse_family(const char *option, const struct addr *addr, sa_family_t family,
			struct error *e)
{
	char text[ADDR_TEXT];

	if (addr->family == family)
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "%s takes an IPv%d address, and %s is none",
			 option, family == AF_INET ? 4 : 6, addr_format(addr, text));
}

/**
 * parse_port_pair - read the addresses of a port of a bridge
 * @host, @local: as typed; @host is the gateway and may be NULL
 * @ret_pair: the pair
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL.
 */
static int parse_port_pair(const char *host, const char *local, struct veth_pair *ret_pair,
			   struct error *e)
{
	struct veth_pair pair = { 0 };
	int r;

	r = prefix_parse(local, &pair.local, e);
	if (r == 0 && !strchr(local, '/')) {
		r = error_set(e, ERROR_USAGE, EINVAL, "'%s' has no prefix length", local);
		return error_remedy(e, r, "on a bridge give it as ADDRESS/LENGTH");
	}
	if (r == 0 && host)
		r = addr_parse(host, &pair.host, e);
	if (r == 0 && host && !prefix_contains(&pair.local, &pair.host))
		r = error_set(e, ERROR_USAGE, EINVAL, "gateway %s is not in the network of %s",
			      host, local);
	if (r == 0 && host && addr_equal(&pair.host, &pair.local.addr))
		r = error_set(e, ERROR_USAGE, EINVAL, "gateway and container have one address, %s",
			      host);
	if (r == 0)
		*ret_pair = pair;
	return r;
}

/**
 * parse_link_pair - read the addresses of a point-to-point link
 * @host, @local: as typed
 * @ret_pair: the pair
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL.
 */
static int parse_link_pair(const char *host, const char *local, struct veth_pair *ret_pair,
			   struct error *e)
{
	struct veth_pair pair = { 0 };
	int r;

	r = addr_parse(host, &pair.host, e);
	if (r == 0)
		r = addr_parse(local, &pair.local.addr, e);
	if (r < 0)
		return r;
	pair.local.length = addr_bits(&pair.local.addr);
	*ret_pair = pair;
	return 0;
}

/**
 * pair_parse - read what was typed about one family
 * @host, @local: as typed, borrowed, NULL where not given
 * @family: AF_INET or AF_INET6
 * @bridged: whether the container is a port of a bridge
 * @ret_pair: the pair; untouched when neither was given
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int pair_parse(const char *host, const char *local, sa_family_t family, bool bridged,
	       struct veth_pair *ret_pair, struct error *e)
{
	const char *suffix = family == AF_INET ? "" : "6";
	char host_option[24], local_option[24];
	struct veth_pair pair = { 0 };
	int r;

	if (!host && !local)
		return 0;
	(void)path_format(host_option, sizeof(host_option), NULL, "--host-address%s", suffix);
	(void)path_format(local_option, sizeof(local_option), NULL, "--local-address%s", suffix);
	if (!local || (!host && !bridged))
		return error_set(e, ERROR_USAGE, EINVAL, "%s is given without %s",
				 host ? host_option : local_option,
				 host ? local_option : host_option);
	r = bridged ? parse_port_pair(host, local, &pair, e)
		    : parse_link_pair(host, local, &pair, e);
	if (r < 0)
		return r;
	if (host)
		r = parse_family(host_option, &pair.host, family, e);
	if (r == 0)
		r = parse_family(local_option, &pair.local.addr, family, e);
	if (r == 0)
		*ret_pair = pair;
	return r;
}

/**
 * bridge_parse - read the name of a bridge
 * @text: as typed, borrowed
 * @bridge: filled
 * @e: names it
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int bridge_parse(const char *text, char bridge[IFNAMSIZ], struct error *e)
{
	if (text[0] && !strpbrk(text, "/: \t\n") &&
	    path_format(bridge, IFNAMSIZ, NULL, "%s", text) == 0)
		return 0;
	return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is no name of a bridge", text);
}
