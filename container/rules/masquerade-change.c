/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/rules/rules-session.h"
#include "container/settings/locks.h"

/* The setting of NAT: written, made so, and put back where the kernel refuses it. */

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
