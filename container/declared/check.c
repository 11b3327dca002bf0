/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/attach/peers.h"
#include "container/boot/launch.h"
#include "container/declared/change.h"
#include "container/definitions/definition.h"
#include "container/definitions/links.h"
#include "container/definitions/ports.h"

/**
 * check_one - whether a container can be as it is declared
 * @declared: borrowed
 * @ret_definition: what it would be
 * @e: names the container, its place and what is wrong
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
static int check_one(const struct declared *declared, struct definition *ret_definition,
		     struct error *e)
{
	const struct environment_file nothing = { 0 };
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	int r = name_check_new(declared->name, e);

	if (r == 0)
		r = declared_definition("", declared, &nothing, &file, e);
	if (r == 0)
		r = definition_take(&file, ret_definition, e);
	if (r == 0)
		r = launch_check(&file, e);
	if (r == 0 && ret_definition->ports.count && !ret_definition->private_network)
		r = error_set(e, ERROR_USAGE, EINVAL,
			      "forwardPorts needs a network of its own, privateNetwork = true");
	if (r < 0)
		r = error_wrap(e, r, "containers.%s%s%s%s", declared->name,
			       declared->place ? " (" : "", declared->place ? declared->place : "",
			       declared->place ? ")" : "");
	return r < 0 ? error_classify(e, r, ERROR_USAGE) : 0;
}

/* An address of one end of a cable. */
struct end {
	const struct addr *addr;
	bool local, bridged; /* inside; on a bridge */
};

#define ENDS_MAX (4 * (1 + EXTRAS_MAX)) /* two of each family and cable */

/**
 * ends_of - all addresses of the cables of a container
 * @definition: borrowed as long as @ends are
 * @ends: filled
 *
 * Returns how many there are.
 */
static size_t ends_of(const struct definition *definition, struct end ends[ENDS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i <= definition->n_extras; i++) {
		const struct veth_extra *extra = i ? &definition->extras[i - 1] : NULL;
		const struct veth_pair *v4 = extra ? &extra->v4 : &definition->v4;
		const struct veth_pair *v6 = extra ? &extra->v6 : &definition->v6;
		bool bridged = extra ? extra->bridge[0] : definition->bridge[0];
		const struct end all[] = { { &v4->local.addr, true, bridged },
					   { &v6->local.addr, true, bridged },
					   { &v4->host, false, bridged },
					   { &v6->host, false, bridged } };

		for (size_t j = 0; j < ARRAY_SIZE(all); j++)
			if (addr_is_set(all[j].addr))
				ends[count++] = all[j];
	}
	return count;
}

/**
 * same_address - an address that two containers would both have
 * @one, @other: borrowed
 * @text: filled when there is one
 *
 * The host's end may be the same for all, as long as it is no container's.
 *
 * Returns whether there is one.
 */
static bool same_address(const struct definition *one, const struct definition *other,
			 char text[ADDR_TEXT])
{
	struct end ours[ENDS_MAX], theirs[ENDS_MAX];
	size_t n_ours = ends_of(one, ours), n_theirs = ends_of(other, theirs);

	for (size_t i = 0; i < n_ours * n_theirs; i++) {
		const struct end *a = &ours[i / n_theirs], *b = &theirs[i % n_theirs];

		/* On a bridge the host's is a gateway, which may be a container. */
		if ((!a->local || !b->local) && (a->local == b->local || a->bridged || b->bridged))
			continue;
		if (!addr_equal(a->addr, b->addr))
			continue;
		addr_format(a->addr, text);
		return true;
	}
	return false;
}

/**
 * same_link - a link of the host that two containers would both have
 * @one, @other: borrowed
 *
 * Any number of links can sit on one, as long as that stays on the host.
 *
 * Returns its name, borrowed, or NULL.
 */
static const char *same_link(const struct definition *one, const struct definition *other)
{
	for (size_t i = 0; i < one->n_extras; i++)
		for (size_t j = 0; j < other->n_extras; j++) {
			const struct veth_extra *a = &one->extras[i], *b = &other->extras[j];
			bool moved = a->kind == VETH_EXTRA_MOVED || b->kind == VETH_EXTRA_MOVED;
			bool cables = a->kind == VETH_EXTRA_CABLE && b->kind == VETH_EXTRA_CABLE;

			if ((moved || cables) && strcmp(a->link, b->link) == 0)
				return a->link;
		}
	return NULL;
}

/**
 * declared_clash - whether two containers would have the same thing
 * @one, @other: borrowed
 * @what: filled with what it is
 */
bool declared_clash(const struct definition *one, const struct definition *other,
		    char what[CLASH_TEXT])
{
	const struct port *port, *same;
	bool mac = mac_is_set(&one->mac) && mac_equal(&one->mac, &other->mac);
	const char *link = same_link(one, other);

	if (same_address(one, other, what))
		return true;
	if (link)
		(void)snprintf(what, CLASH_TEXT, "link %s", link);
	else if (one->root_tree[0] && strcmp(one->root_tree, other->root_tree) == 0)
		(void)snprintf(what, CLASH_TEXT, "rootTree %.100s", one->root_tree);
	else if (mac)
		mac_format(&one->mac, what);
	else if (ports_overlap(&one->ports, &other->ports, &port, &same))
		port_format(same, what);
	else
		return false;
	return true;
}

/**
 * check_two - whether two containers would want the same thing
 * @one, @other: borrowed
 * @place: of the other one, borrowed; NULL: not known
 * @e: names both, and what it is
 *
 * Returns 0, -EADDRINUSE or -EEXIST (ERROR_CONFLICT).
 */
static int check_two(const struct definition *one, const struct definition *other,
		     const char *place, struct error *e)
{
	char what[CLASH_TEXT];
	int r;

	if (!declared_clash(one, other, what))
		return 0;
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
		      "containers '%s' and '%s'%s%s%s are both declared with %s", one->name,
		      other->name, place ? " (" : "", place ? place : "", place ? ")" : "", what);
	return error_remedy(e, r, "give one of them another one");
}

/**
 * declared_check - look at all that is declared
 * @list, @count: borrowed
 * @e: names the container, its place and what is wrong
 *
 * Returns 0 or -errno.
 */
int declared_check(const struct declared *list, size_t count, struct error *e)
{
	_cleanup_(freep) struct definition *definitions = calloc(count + 1, sizeof(*definitions));
	int r = 0;

	if (!definitions)
		return error_errno(e, ENOMEM, "cannot look at %zu containers", count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = check_one(&list[i], &definitions[i], e);
		memcpy(definitions[i].name, list[i].name, sizeof(list[i].name));
		for (size_t j = 0; r == 0 && j < i; j++)
			r = check_two(&definitions[j], &definitions[i], list[i].place, e);
	}
	return r;
}

/**
 * shares_network - whether a container is declared to share the network of the host
 * @declared: borrowed; one that is wrong says nothing
 */
static bool shares_network(const struct declared *declared)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	const struct environment_file nothing = { 0 };

	return declared_definition("", declared, &nothing, &file, NULL) == 0 &&
	       definition_is_shared(&file);
}

/**
 * declared_check_links - look whether all are there that declared containers are to be linked with
 * @paths: borrowed
 * @list, @count: borrowed
 * @e: names the container, its place, and the nearest that is there
 *
 * Returns 0 or -errno (ERROR_USAGE).
 */
int declared_check_links(const struct paths *paths, const struct declared *list, size_t count,
			 struct error *e)
{
	_cleanup_(freep) struct declared_peer *others = calloc(count ? count : 1, sizeof(*others));
	int r = 0;

	if (!others)
		return error_errno(e, ENOMEM, "cannot check %zu containers", count);
	for (size_t i = 0; i < count; i++)
		others[i] = (struct declared_peer){ list[i].name, shares_network(&list[i]) };
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct definition definition = { .n_peers = 0 };

		r = check_one(&list[i], &definition, e);
		memcpy(definition.name, list[i].name, sizeof(list[i].name));
		if (r == 0)
			r = peers_check(paths, &definition, others, count, e);
		if (r < 0)
			r = error_wrap(e, r, "%s", list[i].place ? list[i].place : "linkedTo");
	}
	return r;
}
