/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach/mend.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/attach/attach.h"
#include "container/rules/coexist-record.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-session.h"
#include "container/settings/locks.h"

/*
 * Making the table and attaching a container look first and change what is wrong, so that to put
 * something back is to do the same again, for what is there and no more.
 */

/**
 * elements_mend - have each published port lead where it should, and each container pinned and linked
 * @host: its locks are held
 * @nat: the session
 * @e: names the port that somebody else has put an element in the place of
 *
 * Returns 1, 0 when all was so, or -errno.
 */
static int elements_mend(struct host *host, struct nat *nat, struct error *e)
{
	struct records_reader reader = { .paths = host->paths, .locked = true, .fd = -1 };
	struct nat_forwards forwards = { .count = 0 };
	struct nat_pins pins = { .n_pins = 0 };
	int pinned = pins_load(&reader, &pins, e), r = pinned;

	if (r == 0 && pins_any(host->paths))
		r = pinned = nat_pins_add(nat, &pins, e);
	if (r >= 0)
		r = forwards_load(&reader, &forwards, e);
	if (r == 0 && forwards.count)
		r = masquerade_publish(nat, host, &forwards, NULL, e);
	free(forwards.list);
	nat_pins_free(&pins);
	return r < 0 ? r : pinned || r;
}

/**
 * rules_mend - have the rules as they should be, if anybody needs them
 * @network: the session; it has the lock of the rules, and that of the forwards is held
 * @nat: the session
 * @each: whether to look for each published port and each pin
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so or nobody needs rules, or -errno.
 */
int rules_mend(struct network *network, struct nat *nat, enum mend_elements each, struct error *e)
{
	struct host *host = &network->host;
	int rules, r = host_look(host, e);

	if (r >= 0)
		r = masquerade_is_needed(host->paths, &host->settings, e);
	if (r <= 0)
		return r;
	host->nat.ports = forwards_any(host->paths);
	host->nat.callers_known = true;
	host->forwards_held = true;
	rules = r = masquerade_ensure_by(nat, host, e);
	network->rules_ensured = r >= 0;
	if (r >= 0)
		r = each == MEND_EACH_ELEMENT ? elements_mend(host, nat, e) : 0;
	host->forwards_held = false;
	return r < 0 ? r : rules || r;
}

/**
 * network_mend_rules - have the rules as they should be, if anybody needs them
 * @network: the session
 * @e: filled on failure
 *
 * Returns 1, 0 when all was so or nobody needs rules, or -errno.
 */
int network_mend_rules(struct network *network, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	_cleanup_(fd_closep) int forwards = -1;
	const struct paths *paths = network->host.paths;
	int r = 0;

	if (network->rules_fd < 0)
		r = rules_lock(paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0)
		r = forwards_lock(paths, LOCK_SHARED, &forwards, e);
	if (r == 0)
		r = rules_session_open(paths, &nat, e);
	if (r == 0)
		r = rules_mend(network, nat, MEND_EACH_ELEMENT, e);
	if (r >= 0 && coexist_restore_legacy(paths))
		r = 1;
	return r;
}

/**
 * name_order - the order of names; the comparison of qsort()
 * @a, @b: the names
 */
static int name_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/**
 * attached_is_listed - whether a directory entry is the namespace of a container; for scandir()
 * @entry: borrowed
 */
static int attached_is_listed(const struct dirent *entry)
{
	return strncmp(entry->d_name, NAT_PREFIX, strlen(NAT_PREFIX)) == 0 &&
	       name_check(entry->d_name + strlen(NAT_PREFIX), NULL) == 0;
}

/**
 * attached_names - the names of all containers with a network
 * @paths: borrowed
 * @ret_names: sorted; one block, the caller frees it; NULL when there is none
 * @ret_count: how many
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
int attached_names(const struct paths *paths, char (**ret_names)[CONTAINER_NAME_MAX],
		   size_t *ret_count, struct error *e)
{
	struct dirent **entries = NULL;
	int found = scandir(paths->namespaces, &entries, attached_is_listed, NULL);
	char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0;

	if (found < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot read %s", paths->namespaces);
	if (found > 0)
		names = calloc((size_t)found, sizeof(*names));
	for (int i = 0; i < found; i++) {
		const char *name = entries[i]->d_name + strlen(NAT_PREFIX);

		if (names && container_is_attached(paths, name))
			memcpy(names[count++], name, strlen(name) + 1);
		free(entries[i]);
	}
	free(entries);
	if (found > 0 && !names)
		return error_errno(e, ENOMEM, "cannot list %d containers", found);
	if (count > 0)
		qsort(names, count, sizeof(*names), name_order);
	*ret_names = names;
	*ret_count = count;
	return 0;
}
