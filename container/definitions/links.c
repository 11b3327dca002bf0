/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/links.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/ports.h"

#define BLANKS " \t\n"

/**
 * name_take - read the name of a link
 * @text: borrowed
 * @name: filled
 * @e: names it
 *
 * Returns 0 or -EINVAL.
 */
static int name_take(const char *text, char name[IFNAMSIZ], struct error *e)
{
	char read[IFNAMSIZ] = "";

	if (!text[0] || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ||
	    strpbrk(text, "/:%" BLANKS) || path_format(read, sizeof(read), NULL, "%s", text) < 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is no name of a link", text);
	memcpy(name, read, IFNAMSIZ);
	return 0;
}

/**
 * extra_add - add a link to a definition
 * @definition: changed
 * @extra: copied
 * @e: names what is in the way
 *
 * Returns 0, -EINVAL or -E2BIG.
 */
static int extra_add(struct definition *definition, const struct veth_extra *extra, struct error *e)
{
	for (size_t i = 0; i < definition->n_extras; i++)
		if (strcmp(definition->extras[i].inside, extra->inside) == 0)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "two links would be called %s inside", extra->inside);
	if (definition->n_extras == EXTRAS_MAX)
		return error_set(e, ERROR_USAGE, E2BIG, "more than %d further links", EXTRAS_MAX);
	definition->extras[definition->n_extras++] = *extra;
	return 0;
}

/**
 * split_inside - read NAME[:INSIDE]
 * @text: borrowed
 * @extra: its names are filled; without INSIDE both are the same
 * @e: names what is wrong
 *
 * Returns 1 when INSIDE is given, 0, or -EINVAL.
 */
static int split_inside(const char *text, struct veth_extra *extra, struct error *e)
{
	_cleanup_(freep) char *copy = strdup(text);
	char *inside = copy;
	const char *name;
	int r;

	if (!copy)
		return error_errno(e, ENOMEM, "cannot read links");
	name = strsep(&inside, ":");
	r = name_take(name, extra->link, e);
	if (r == 0)
		r = name_take(inside ? inside : name, extra->inside, e);
	return r < 0 ? r : inside != NULL;
}

/**
 * take_moved - take a link of the host that moves into the container
 * @definition: changed
 * @text: NAME[:INSIDE], borrowed
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int take_moved(struct definition *definition, const char *text, struct error *e)
{
	struct veth_extra extra = { .kind = VETH_EXTRA_MOVED };
	int r = split_inside(text, &extra, e);

	return r < 0 ? r : extra_add(definition, &extra, e);
}

/**
 * take_stacked - take a link of the host on which one is made inside
 * @definition: changed
 * @text: NAME[:INSIDE], borrowed
 * @kind: VETH_EXTRA_MACVLAN or VETH_EXTRA_IPVLAN
 * @e: names what is wrong
 *
 * Without INSIDE it is called as systemd-nspawn calls it.
 *
 * Returns 0 or -errno.
 */
static int take_stacked(struct definition *definition, const char *text, enum veth_extra_kind kind,
			struct error *e)
{
	struct veth_extra extra = { .kind = kind };
	char altname[VETH_ALTNAME_MAX];
	int r = split_inside(text, &extra, e);

	if (r == 0)
		veth_prefixed_name(kind == VETH_EXTRA_MACVLAN ? "mv-" : "iv-", extra.link,
				   extra.inside, altname);
	return r < 0 ? r : extra_add(definition, &extra, e);
}

/* A setting of one of the keys of EXTRA_VETHS, for each word. */
static const struct {
	const char *key;
	sa_family_t family; /* of the address; AF_UNSPEC: it is a link */
	bool local;
} veth_keys[] = {
	{ "host", AF_INET, false },   { "local", AF_INET, true },     { "host6", AF_INET6, false },
	{ "local6", AF_INET6, true }, { "bridge", AF_UNSPEC, false },
};

/**
 * veth_set - take one KEY=VALUE of a further cable
 * @extra: changed
 * @text: KEY=VALUE; changed
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int veth_set(struct veth_extra *extra, char *text, struct error *e)
{
	char *value = text;
	const char *key = strsep(&value, "=");
	struct prefix prefix;
	int r = -EINVAL;

	if (value && strcmp(key, "mac") == 0)
		return mac_parse(value, &extra->mac, e);
	for (size_t i = 0; value && i < ARRAY_SIZE(veth_keys); i++) {
		struct veth_pair *pair = veth_keys[i].family == AF_INET ? &extra->v4 : &extra->v6;

		if (strcmp(veth_keys[i].key, key) != 0)
			continue;
		if (veth_keys[i].family == AF_UNSPEC)
			return name_take(value, extra->bridge, e);
		r = prefix_parse(value, &prefix, e);
		if (r == 0 && prefix.addr.family != veth_keys[i].family)
			r = error_set(e, ERROR_USAGE, EINVAL, "%s=%s is of the other family", key,
				      value);
		if (r < 0)
			return r;
		if (veth_keys[i].local)
			pair->local = prefix;
		else
			pair->host = prefix.addr;
		return 0;
	}
	error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is no setting of a further cable", key);
	return error_remedy(e, r,
			    "write it as NAME[,host=ADDRESS][,local=ADDRESS[/LENGTH]]"
			    "[,host6=...][,local6=...][,bridge=LINK][,mac=MAC]");
}

/**
 * take_cable - take a further cable
 * @definition: changed
 * @text: NAME[:INSIDE][,KEY=VALUE...], borrowed
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int take_cable(struct definition *definition, const char *text, struct error *e)
{
	struct veth_extra extra = { .kind = VETH_EXTRA_CABLE };
	_cleanup_(freep) char *copy = strdup(text);
	char *rest = copy;
	int r;

	if (!copy)
		return error_errno(e, ENOMEM, "cannot read links");
	r = split_inside(strsep(&rest, ","), &extra, e);
	while (r >= 0 && rest)
		r = veth_set(&extra, strsep(&rest, ","), e);
	return r < 0 ? r : extra_add(definition, &extra, e);
}

/**
 * take_macvlan - take_stacked() for a table
 * @definition, @text, @e: as there
 */
static int take_macvlan(struct definition *definition, const char *text, struct error *e)
{
	return take_stacked(definition, text, VETH_EXTRA_MACVLAN, e);
}

/**
 * take_ipvlan - take_stacked() for a table
 * @definition, @text, @e: as there
 */
static int take_ipvlan(struct definition *definition, const char *text, struct error *e)
{
	return take_stacked(definition, text, VETH_EXTRA_IPVLAN, e);
}

/**
 * take_port - take published ports
 * @definition: changed
 * @text: a list with commas, borrowed
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int take_port(struct definition *definition, const char *text, struct error *e)
{
	return ports_parse(&definition->ports, text, e);
}

/**
 * take_bridge - take the bridge the host end is a port of
 * @definition: changed
 * @text: its name, borrowed
 * @e: names it
 *
 * Returns 0 or -errno.
 */
static int take_bridge(struct definition *definition, const char *text, struct error *e)
{
	return name_take(text, definition->bridge, e);
}

/* The keys whose value is a list with blanks. */
static const struct {
	const char *key;
	int (*take)(struct definition *definition, const char *text, struct error *e);
} list_keys[] = {
	{ "INTERFACES", take_moved },
	{ "MACVLANS", take_macvlan },
	{ "EXTRA_VETHS", take_cable },
};

/* Options of systemd-nspawn with a value; without a function they cannot be had. */
static const struct {
	const char *option;
	int (*take)(struct definition *definition, const char *text, struct error *e);
} flag_options[] = {
	{ "--network-interface=", take_moved },
	{ "--network-macvlan=", take_macvlan },
	{ "--network-ipvlan=", take_ipvlan },
	{ "--network-veth-extra=", take_cable },
	{ "--network-bridge=", take_bridge },
	{ "--port=", take_port },
	{ "--network-zone=", NULL },
	{ "--network-namespace-path=", NULL },
};

/**
 * definition_take_network_flag - take an option of systemd-nspawn that is about the network
 * @definition: changed
 * @word: one word of EXTRA_NSPAWN_FLAGS, borrowed
 * @e: names the option and what is wrong with it
 *
 * On a namespace that is made before it starts, systemd-nspawn takes no such option itself.
 *
 * Returns 1 when it was one and is taken, 0 when it is none, or -errno.
 */
int definition_take_network_flag(struct definition *definition, const char *word, struct error *e)
{
	static const char *const plain[] = { "--private-network", "--network-veth", "-n" };

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strcmp(word, plain[i]) != 0)
			continue;
		definition->private_network = true;
		definition->cable |= i > 0;
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++) {
		size_t length = strlen(flag_options[i].option);
		int r;

		if (strncmp(word, flag_options[i].option, length) != 0)
			continue;
		if (!flag_options[i].take) {
			error_set(e, ERROR_FAILED, ENOTSUP, "%s cannot be had", word);
			return error_remedy(e, -ENOTSUP,
					    "use HOST_BRIDGE, INTERFACES, MACVLANS, EXTRA_VETHS or "
					    "NETWORK_NAMESPACE_PATH");
		}
		r = flag_options[i].take(definition, word + length, e);
		if (r < 0)
			return error_wrap(e, r, "%s", word);
		definition->private_network = true;
		definition->cable |= definition->bridge[0] != '\0';
		return 1;
	}
	return 0;
}

/**
 * take_list - read one key whose value is a list with blanks
 * @file: borrowed
 * @definition: changed
 * @index: which key
 * @e: names the key and the word
 *
 * Returns 0 or -errno.
 */
static int take_list(const struct environment_file *file, struct definition *definition,
		     size_t index, struct error *e)
{
	const char *value = environment_get(file, list_keys[index].key);
	_cleanup_(freep) char *copy = strdup(value ? value : "");
	char *rest = NULL;
	int r = 0;

	if (!copy)
		return error_errno(e, ENOMEM, "cannot read links");
	for (const char *word = strtok_r(copy, BLANKS, &rest); word && r == 0;
	     word = strtok_r(NULL, BLANKS, &rest))
		r = list_keys[index].take(definition, word, e);
	return r < 0 ? error_wrap(e, r, "%s", list_keys[index].key) : 0;
}

/**
 * definition_is_shared - whether a definition says that the network is the host's
 * @file: borrowed
 *
 * That a definition says nothing is no such word: an address makes the network private then.
 */
bool definition_is_shared(const struct environment_file *file)
{
	const char *value = environment_get(file, "PRIVATE_NETWORK");

	return value && strcmp(value, "0") == 0;
}

/**
 * cable_forget - have no cable, whatever stands in the file of one
 * @definition: changed
 */
static void cable_forget(struct definition *definition)
{
	definition->v4 = definition->v6 = (struct veth_pair){ 0 };
	definition->mac = (struct mac){ 0 };
	definition->bridge[0] = '\0';
}

/**
 * links_take - read further links, and what they and the rest mean for the network as a whole
 * @file: borrowed
 * @definition: its addresses, bridge, MAC and PRIVATE_NETWORK are read; changed
 * @e: names the key and the word
 *
 * Source: the start script of nixos/modules/virtualisation/nixos-containers.nix: an address, a bridge
 * or a MAC makes a cable, and each link makes the network private. Where the network is said not to be
 * private, NixOS writes none of the first three; here they may stay for when it is again.
 *
 * Returns 0 or -errno.
 */
int links_take(const struct environment_file *file, struct definition *definition, struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(list_keys) && r == 0; i++)
		if (environment_get(file, list_keys[i].key))
			r = take_list(file, definition, i, e);
	if (definition_is_shared(file))
		cable_forget(definition);
	definition->cable =
		addr_is_set(&definition->v4.host) || addr_is_set(&definition->v4.local.addr) ||
		addr_is_set(&definition->v6.host) || addr_is_set(&definition->v6.local.addr) ||
		definition->bridge[0] || mac_is_set(&definition->mac);
	definition->private_network |= definition->cable || definition->n_extras;
	for (size_t i = 0; i < definition->n_extras && r == 0 && definition->cable; i++)
		if (strcmp(definition->extras[i].inside, VETH_INSIDE) == 0)
			r = error_set(e, ERROR_USAGE, EINVAL,
				      "link %s would be called " VETH_INSIDE
				      " inside, as the cable is",
				      definition->extras[i].link);
	return r;
}
