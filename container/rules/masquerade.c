/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/masquerade.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/rules/coexist-record.h"
#include "container/rules/host.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-mark.h"
#include "container/rules/rules-session.h"

/*
 * NAT of the whole host: the rules, the switches of external links, and the one switch of each attached
 * cable that lets its packets be forwarded at all. The setting is in masquerade-change.c.
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
 * masquerade_complete - find out what the table should be as a whole, where a quick look did without
 * @host: its rules have been ensured; its nat is changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int masquerade_complete(struct host *host, struct error *e)
{
	char record[PATH_MAX];

	return host->nat.opened_known ? 0 : switches_find_out(host, record, e);
}

/**
 * masquerade_publish - have forwards in the table, which is made anew when it has no room for them
 * @nat: the session
 * @host: looked at; its nat says what the table should be
 * @forwards: recorded, borrowed
 * @looks: what is known of them already, borrowed; NULL: nothing
 * @e: names the port and its holder
 *
 * Returns 1, 0 when all were there, or -errno.
 */
int masquerade_publish(struct nat *nat, struct host *host, const struct nat_forwards *forwards,
		       const struct nat_looks *looks, struct error *e)
{
	int r = nat_forwards_add(nat, forwards, looks, e);

	if (r != -ENFILE)
		return r;
	r = host->unresolved ? masquerade_keep_external(nat, host, e) : 0;
	host->nat.crowded = true;
	if (r == 0)
		r = table_ensure(nat, host, e);
	host->nat.crowded = false;
	host->rules.table = 0;
	if (r >= 0)
		r = nat_forwards_add(nat, forwards, NULL, e);
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
