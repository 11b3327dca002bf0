/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/masquerade.h"
#include "container/recorded.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/netns.h"
#include "container/coexist-record.h"
#include "container/host.h"
#include "container/locks.h"
#include "container/rules-mark.h"
#include "container/rules-session.h"

/*
 * NAT of the whole host: the setting, the rules, the switches of external links, and the one switch
 * of each attached cable that lets its packets be forwarded at all.
 */

/**
 * masquerade_record - where the former values of the switches we changed are kept
 * @paths: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * They end with the boot, as the switches do.
 *
 * Returns 0 or -errno.
 */
int masquerade_record(const struct paths *paths, char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/forwarding", paths->runtime);
}

/**
 * masquerade_keep_external - let external links stay as they are while there is no default route to follow
 * @nat: the session
 * @host: its nat gets the links the kernel has
 * @e: filled on failure
 *
 * A route that is away for a moment must not cut off the containers that run.
 *
 * Returns 0 or -errno.
 */
int masquerade_keep_external(struct nat *nat, struct host *host, struct error *e)
{
	struct nat_state state;
	int r = nat_read(nat, &state, e);

	for (size_t i = 0; r > 0 && i < state.n_external; i++)
		if (nat_spec_add(&host->nat, state.external[i], e) < 0)
			r = -EINVAL;
	if (r >= 0 && !host->nat.quiet)
		log_warning("there is no default route now: external links stay as they are");
	return r < 0 ? r : 0;
}

/**
 * switches_find_out - find out which links have to forward, and which will do so only because of us
 * @host: looked at; its nat says which are external, and learns on which published ports are called
 *        and behind which internal networks are
 * @record: where the former values of switches are
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int switches_find_out(struct host *host, char record[PATH_MAX], struct error *e)
{
	int r = masquerade_record(host->paths, record, e);

	host->nat.n_callers = 0;
	if (r == 0 && host->nat.ports)
		r = nat_spec_find_callers(&host->nat, e);
	if (r == 0)
		r = host_find_inside(host, e);
	if (r == 0)
		r = nat_forwarding_opened(&host->nat, record, e);
	return r < 0 ? r : 0;
}

/**
 * table_ensure - have the rules
 * @nat: the session
 * @host: looked at
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int table_ensure(struct nat *nat, struct host *host, struct error *e)
{
	struct records_reader reader = { .paths = host->paths,
					 .locked = host->forwards_held,
					 .fd = -1 };
	int bridge = 0, r;

	host->nat.source = (struct nat_source){ .forwards = forwards_load,
						.pins = pins_load,
						.data = &reader };
	r = nat_ensure(nat, &host->nat, e);
	if (r >= 0 && pins_any(host->paths))
		bridge = nat_bridge_ensure(nat, &host->nat, e);
	host->nat.source = (struct nat_source){ .forwards = NULL };
	fd_closep(&reader.fd);
	return r < 0 || bridge < 0 ? (r < 0 ? r : bridge) : r || bridge;
}

/**
 * switches_ensure - have the links forward that have to
 * @nat: the session
 * @host: looked at; the table keeps those links from forwarding for others
 * @record: where the former values of switches are
 * @behind: the table may be behind, though the switches are as they should be
 * @e: filled on failure
 *
 * A link that has its former switch again is no business of the table's any more. Whoever switches back
 * says so with @behind: he may have been killed in between, and then only the table is left to do.
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
static int switches_ensure(struct nat *nat, struct host *host, const char *record, bool behind,
			   struct error *e)
{
	int r = nat_forwarding_ensure(&host->nat, record, e), changed = 0;

	host->nat.quiet = true; /* what is not there has been told */
	if (r > 0)
		changed = nat_forwarding_opened(&host->nat, record, e);
	if (changed > 0 || (behind && changed == 0 && r == 0))
		changed = table_ensure(nat, host, e);
	return changed < 0 ? changed : r;
}

/**
 * switches_known - whether the switches are known to be as they should be
 * @host: looked at; its rules have been found right, and the switches with them, and are the same
 *
 * The link that is nearly always the only external one has been looked at for its MTU, and with that
 * came its switches.
 */
static bool switches_known(const struct host *host)
{
	const struct nat_spec *spec = &host->nat;

	return !spec->ports && spec->n_external == 1 && host->uplink_v4.forwards &&
	       strcmp(spec->external[0], host->uplink_v4.link) == 0;
}

/**
 * masquerade_ensure_by - have the rules, and the external links forward
 * @nat: the session
 * @host: borrowed; looked at
 * @e: filled on failure
 *
 * What has not been changed since it was found right is not looked at again; see rules-mark.c.
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
int masquerade_ensure_by(struct nat *nat, struct host *host, struct error *e)
{
	char record[PATH_MAX];
	struct nat_mark mark;
	int rules, r = 0;
	bool known;

	host->nat.opened_known = false;
	if (host->unresolved)
		r = masquerade_keep_external(nat, host, e);
	if (r < 0)
		return r;
	known = rules_known(host->paths, nat, &host->nat, &mark);
	host->rules = known ? mark : (struct nat_mark){ .table = 0 };
	if (known && (host->ports_only || switches_known(host)))
		return 0;
	r = switches_find_out(host, record, e);
	if (r < 0)
		return r;
	known = known && rules_known(host->paths, nat, &host->nat, &mark);
	host->rules = known ? mark : (struct nat_mark){ .table = 0 };
	rules = known ? 0 : table_ensure(nat, host, e);
	if (rules < 0)
		return rules;
	if (!known && coexist_restore(host->paths, nat))
		rules = 1;
	r = switches_ensure(nat, host, record, false, e);
	if (r >= 0 && rules == 0 && !known && rules_note(host->paths, nat, &host->nat, &mark))
		host->rules = mark;
	return r < 0 ? r : rules || r;
}

/**
 * masquerade_ensure - masquerade_ensure_by() in a session of its own
 * @host, @e: as there
 *
 * Returns as masquerade_ensure_by().
 */
int masquerade_ensure(struct host *host, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	int r = rules_session_open(host->paths, &nat, e);

	return r < 0 ? r : masquerade_ensure_by(nat, host, e);
}

/**
 * masquerade_publish - have forwards in the table, which is made anew when it has no room for them
 * @nat: the session
 * @host: looked at; its nat says what the table should be
 * @forwards: recorded, borrowed
 * @e: names the port and its holder
 *
 * Returns 1, 0 when all were there, or -errno.
 */
int masquerade_publish(struct nat *nat, struct host *host, const struct nat_forwards *forwards,
		       struct error *e)
{
	int r = nat_forwards_add(nat, forwards, e);

	if (r != -ENFILE)
		return r;
	r = host->unresolved ? masquerade_keep_external(nat, host, e) : 0;
	host->nat.crowded = true;
	if (r == 0)
		r = table_ensure(nat, host, e);
	host->nat.crowded = false;
	host->rules.table = 0;
	if (r >= 0)
		r = nat_forwards_add(nat, forwards, e);
	return r < 0 ? r : 1;
}

/**
 * masquerade_switch - have the links forward that have to, and no others
 * @host: looked at
 * @e: filled on failure
 *
 * Returns 1 when something was done, 0 when all was so, or -errno.
 */
int masquerade_switch(struct host *host, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	char record[PATH_MAX];
	int r = rules_session_open(host->paths, &nat, e);

	if (r == 0 && host->unresolved)
		r = masquerade_keep_external(nat, host, e);
	host->nat.callers_known = true;
	if (r >= 0)
		r = switches_find_out(host, record, e);
	return r < 0 ? r : switches_ensure(nat, host, record, true, e);
}

/**
 * container_is_attached - whether the namespace of a container is pinned
 * @paths: borrowed
 * @name: a checked name
 *
 * Errors count as "attached": whoever asks would otherwise take something away.
 */
bool container_is_attached(const struct paths *paths, const char *name)
{
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];

	return paths_namespace(paths, name, path, NULL) < 0 || netns_open(path, &ns, NULL) != 0;
}

/**
 * cable_apply - set forwarding of one attached cable as NAT wants it
 * @host: looked at; learns whether the container has IPv6
 * @name: of the container
 * @e: filled on failure
 *
 * A container whose definition cannot be read keeps what it has, and so does a link that is not ours;
 * the log says so.
 *
 * Returns 0 or -errno.
 */
static int cable_apply(struct host *host, const char *name, struct error *e)
{
	struct definition definition;
	struct veth_spec spec;
	struct error left;
	int r = definition_read(host->paths, name, &definition, &left);

	if (r > 0) {
		host->nat.ipv6 |= addr_is_set(&definition.v6.local.addr);
		r = host_describe(host, &definition, &spec, e);
		if (r < 0)
			return r;
		r = veth_set_forwarding(host->veth, &spec, &left);
		if (r < 0 && r != -EEXIST) {
			if (e)
				*e = left;
			return r;
		}
	}
	if (r < 0)
		log_warning("left as it is: %s", left.text);
	return 0;
}

/**
 * cables_apply - set forwarding of every attached cable as NAT and published ports want it
 * @host: looked at; learns whether any container has IPv6
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int cables_apply(struct host *host, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count;
	int r = definition_names(host->paths, &names, &count, e);

	for (size_t i = 0; r >= 0 && i < count; i++)
		if (container_is_attached(host->paths, names[i]))
			r = cable_apply(host, names[i], e);
	return r < 0 ? r : 0;
}

/**
 * any_attached - whether the namespace of any container is pinned
 * @paths: borrowed
 * @e: names the directory
 *
 * Asks the directory of namespaces and not the definitions, most of which may not be attached.
 *
 * Returns 1, 0 or -errno.
 */
static int any_attached(const struct paths *paths, struct error *e)
{
	DIR *directory = opendir(paths->namespaces);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return errno == ENOENT ? 0
				       : error_errno(e, errno, "cannot read %s", paths->namespaces);
	while (r == 0 && (entry = readdir(directory)))
		r = strncmp(entry->d_name, NAT_PREFIX, strlen(NAT_PREFIX)) == 0 &&
		    container_is_attached(paths, entry->d_name + strlen(NAT_PREFIX));
	closedir(directory);
	return r;
}

/**
 * masquerade_is_needed - whether there have to be rules
 * @paths: borrowed
 * @settings: as read, borrowed
 * @e: filled on failure
 *
 * They are needed while NAT is enabled or a container is attached.
 *
 * Returns 1, 0 or -errno.
 */
int masquerade_is_needed(const struct paths *paths, const struct settings *settings,
			 struct error *e)
{
	return settings->nat ? 1 : any_attached(paths, e);
}

/**
 * rules_collect - take the rules away when nothing needs them, under the exclusive lock
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 1 when there are no rules any more, 0 when they are needed, or -errno.
 */
static int rules_collect(const struct paths *paths, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct settings settings;
	int r;

	r = settings_read(paths, &settings, e);
	if (r == 0)
		r = masquerade_is_needed(paths, &settings, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = rules_session_open(paths, &nat, e);
	if (r == 0)
		r = nat_remove(nat, e);
	return r < 0 ? r : 1;
}

/**
 * masquerade_apply - make the kernel do what the settings say
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int masquerade_apply(const struct paths *paths, struct error *e)
{
	_cleanup_(host_close) struct host host = { 0 };
	int r = host_open(paths, &host, e);

	if (r >= 0)
		r = host_look(&host, e);
	host.nat.ports = r >= 0 && forwards_any(paths);
	host.nat.callers_known = true;
	if (r >= 0)
		r = masquerade_ensure(&host, e);
	if (r >= 0)
		r = cables_apply(&host, e);
	if (r >= 0 && host.nat.ipv6)
		r = masquerade_ensure(&host, e);
	if (r >= 0)
		r = rules_collect(paths, e);
	return r < 0 ? r : 0;
}

/**
 * masquerade_change - write a setting and make it so, under the exclusive lock
 * @paths: borrowed
 * @settings: the new ones, borrowed
 * @e: filled on failure
 *
 * When the kernel refuses, the old setting is put back, and made so as far as it lets us.
 *
 * Returns 1, 0 when it was set so before, or -errno.
 */
static int masquerade_change(const struct paths *paths, const struct settings *settings,
			     struct error *e)
{
	struct settings old;
	bool same;
	int r;

	r = settings_read(paths, &old, e);
	if (r < 0)
		return r;
	same = settings_equal(&old, settings);
	if (!same) {
		r = settings_write_nat(paths, settings, e);
		if (r < 0)
			return r;
	}
	r = masquerade_apply(paths, e);
	if (r < 0 && !same) {
		/* The failure to report is the first one. */
		settings_write_nat(paths, &old, NULL);
		masquerade_apply(paths, NULL);
	}
	return r < 0 ? r : !same;
}

/**
 * warn_of_addresses - tell of addresses all should leave with that the host does not have
 * @settings: borrowed
 *
 * They may come, and whoever cannot look is told so elsewhere.
 */
static void warn_of_addresses(const struct settings *settings)
{
	struct nat_drift drift = { .count = 0 };

	if (nat_address_compare(&settings->wanted, &drift, NULL) < 0)
		return;
	for (size_t i = 0; i < drift.count; i++)
		log_warning("%s", drift.line[i]);
}

/**
 * warn_of_ownership - tell that the tables should be owned and the kernel cannot do it
 * @paths: borrowed
 */
static void warn_of_ownership(const struct paths *paths)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;

	if (rules_session_open(paths, &nat, NULL) == 0 && nat_ownable(nat, NULL) == 0)
		log_warning(UNOWNABLE);
}

/**
 * masquerade_enable - let containers reach what is behind external links
 * @paths: borrowed
 * @request: what was asked for, borrowed; what it does not name is not set any more
 * @e: names the word that is wrong
 *
 * Returns 1, 0 when it was set so before, or -errno.
 */
int masquerade_enable(const struct paths *paths, const struct masquerade_request *request,
		      struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct settings settings, old = { .own_table = false };
	int r = masquerade_request_take(request, &settings, e);

	if (r == 0)
		r = rules_lock(paths, LOCK_EXCLUSIVE, &lock, e);
	if (r == 0)
		r = settings_read(paths, &old, e);
	if (r == 0) {
		settings.open = old.open;
		r = masquerade_change(paths, &settings, e);
	}
	if (r >= 0)
		warn_of_addresses(&settings);
	if (r >= 0 && old.own_table)
		warn_of_ownership(paths);
	return r;
}

/**
 * masquerade_disable - isolate containers again; the external links stay written down
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not enabled, or -errno.
 */
int masquerade_disable(const struct paths *paths, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct settings settings;
	int r;

	r = rules_lock(paths, LOCK_EXCLUSIVE, &lock, e);
	if (r == 0)
		r = settings_read(paths, &settings, e);
	if (r < 0)
		return r;
	settings.nat = false;
	return masquerade_change(paths, &settings, e);
}

/**
 * masquerade_isolate - let containers reach each other, or only those that are linked
 * @paths: borrowed
 * @isolate: which
 * @e: filled on failure
 *
 * Returns 1, 0 when it was set so before, or -errno.
 */
int masquerade_isolate(const struct paths *paths, bool isolate, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct settings settings;
	int r;

	r = rules_lock(paths, LOCK_EXCLUSIVE, &lock, e);
	if (r == 0)
		r = settings_read(paths, &settings, e);
	if (r < 0)
		return r;
	settings.open = !isolate;
	return masquerade_change(paths, &settings, e);
}

/**
 * masquerade_collect - take the rules away when nothing needs them
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 1 when there are no rules any more, 0 when they are needed, or -errno.
 */
int masquerade_collect(const struct paths *paths, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	int r = rules_lock(paths, LOCK_EXCLUSIVE, &lock, e);

	return r < 0 ? r : rules_collect(paths, e);
}
