/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The kernel forwards a packet when the link it arrived on says so. For containers the switch is on
 * their own link and none of this file's business; replies arrive on external links.
 *
 *	IPv4	conf/LINK/forwarding, which works without net.ipv4.ip_forward
 *	IPv6	conf/LINK/force_forwarding (kernel 6.17). Before that conf/all/forwarding is the only
 *		one, which makes a router of the host: it then hears router advertisements only with
 *		accept_ra=2 and would lose its own default route. So it is left alone until a container
 *		has IPv6, and from then on until NAT is disabled
 *
 * Published ports are called through external links and others, so that more links need it while there
 * are any. Which ones is found out when a port is published or withdrawn; in between the record says
 * which switches that took, and they stay.
 *
 * What a switch was is on disk before it is changed, so that whoever is killed leaves nothing that
 * cannot be put back. A switch that somebody has set to another value since is theirs. A link takes its
 * switches along when it is renamed, so it is recorded by its number as well.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/suggestion.h"
#include "base/sysctl.h"
#include "nat/nat.h"
#include "nat/plan.h"
#include "nat/record.h"

/* A record that is being worked on; others wait. */
struct work {
	const char *path;
	char lock_path[PATH_MAX];
	int lock;
	struct switches record;
};

#define WORK_INIT ((struct work){ .lock = -1, .record = SWITCHES_INIT })

/**
 * work_end - let others go on, for _cleanup_()
 * @work: not usable afterwards
 */
static void work_end(struct work *work)
{
	switches_deinit(&work->record);
	lock_remove(work->lock_path, work->lock);
	fd_closep(&work->lock);
}

/**
 * work_begin - lock a record and read it
 * @work: filled; the caller ends with work_end(), also after a failure
 * @path: of the record, borrowed; its directory is made if need be
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no record yet, or -errno.
 */
static int work_begin(struct work *work, const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	int r;

	work->path = path;
	r = path_format(work->lock_path, sizeof(work->lock_path), e, "%s.lock", path);
	if (r < 0)
		return r;
	if (slash && slash != path) {
		(void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
		r = directory_make(directory, 0755, e);
		if (r < 0)
			return r;
	}
	r = lock_acquire(work->lock_path, LOCK_EXCLUSIVE, &work->lock, e);
	if (r < 0)
		return r;
	return record_read(path, &work->record, e);
}

/* What has to be done about a record and the switches. */
struct survey {
	struct switches plan;    /* as they have to be */
	struct switches pending; /* not so yet */
	size_t n_absent;
	const char *absent[SWITCHES_MAX]; /* links that are not there, in the plan */
	bool followed; /* links of the record have been renamed since, or are gone */
	bool stale;    /* it has switches that are not wanted any more */
	bool marked;   /* it says otherwise which of them published ports need */
};

/**
 * survey_deinit - free what was found out, for _cleanup_()
 * @survey: not usable afterwards
 */
static void survey_deinit(struct survey *survey)
{
	switches_deinit(&survey->plan);
	switches_deinit(&survey->pending);
}

/**
 * record_mark - have the record say which switches published ports need
 * @record: changed
 * @plan: says it
 *
 * Returns whether it said otherwise.
 */
static bool record_mark(struct switches *record, struct switches *plan)
{
	bool changed = false;

	for (size_t i = 0; i < record->count; i++) {
		const struct kernel_switch *planned = switches_find(plan, &record->list[i]);

		if (!planned || planned->ports == record->list[i].ports)
			continue;
		record->list[i].ports = planned->ports;
		changed = true;
	}
	return changed;
}

/**
 * record_pending - have it on disk what switches are, before they are changed
 * @work: its record is changed
 * @survey: what is wanted, and the switches that are not so with the values they have
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int record_pending(struct work *work, struct survey *survey, struct error *e)
{
	const struct switches *pending = &survey->pending;
	bool changed = record_mark(&work->record, &survey->plan) || survey->followed;
	size_t before = work->record.count;

	for (size_t i = 0; i < pending->count; i++) {
		struct kernel_switch entry = pending->list[i];
		int r = 0;

		entry.ifindex = if_nametoindex(entry.link);
		if (!switches_find(&work->record, &entry))
			r = switches_add(&work->record, &entry, e);
		if (r < 0)
			return r;
	}
	if (work->record.count == before && !changed)
		return 0;
	return record_write(work->path, &work->record, e);
}

/**
 * switches_set - set switches as wanted
 * @pending: which
 * @e: filled on failure
 *
 * Returns 1, 0 when there are none, or -errno.
 */
static int switches_set(const struct switches *pending, struct error *e)
{
	for (size_t i = 0; i < pending->count; i++) {
		const struct kernel_switch *entry = &pending->list[i];
		int r = sysctl_write(entry->family, entry->link, entry->key, entry->wanted, e);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return pending->count > 0;
}

/**
 * switch_put_back - make a switch what it was before us
 * @entry: from the record
 * @e: filled on failure
 *
 * Returns 0, also when the link is gone or the switch is somebody else's by now, or -errno.
 */
static int switch_put_back(const struct kernel_switch *entry, struct error *e)
{
	int value, r;

	r = sysctl_read(entry->family, entry->link, entry->key, &value, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0 || value == entry->before)
		return r;
	if (value != entry->wanted) {
		log_notice("%s/%s of %s is left alone: somebody has set it to %d", entry->family,
			   entry->key, entry->link, value);
		return 0;
	}
	r = sysctl_write(entry->family, entry->link, entry->key, entry->before, e);
	return r == -ENOENT ? 0 : r;
}

/**
 * work_put_back - put back and forget all switches of a record that are not wanted any more
 * @work: its record is changed
 * @plan: those that are wanted
 * @e: filled on failure
 *
 * Goes backwards, so that what was switched last is put back first.
 *
 * Returns 1 or -errno.
 */
static int work_put_back(struct work *work, struct switches *plan, struct error *e)
{
	int r;

	for (size_t i = work->record.count; i-- > 0;) {
		if (switches_find(plan, &work->record.list[i]))
			continue;
		r = switch_put_back(&work->record.list[i], e);
		if (r < 0)
			return r;
		switches_drop(&work->record, i);
	}
	r = record_write(work->path, &work->record, e);
	return r < 0 ? r : 1;
}

/**
 * survey_pending - find out which switches are not as wanted
 * @survey: its plan is made; the others are filled
 * @e: filled on failure
 *
 * What is not there, a link that is yet to come or a host without IPv6, has nothing to switch.
 *
 * Returns 0 or -errno.
 */
static int survey_pending(struct survey *survey, struct error *e)
{
	survey->pending.count = survey->n_absent = 0;
	for (size_t i = 0; i < survey->plan.count; i++) {
		struct kernel_switch entry = survey->plan.list[i];
		int r = sysctl_read(entry.family, entry.link, entry.key, &entry.before, e);

		if (r == -ENOENT && strcmp(entry.family, "ipv4") == 0 && !entry.ports)
			survey->absent[survey->n_absent++] = survey->plan.list[i].link;
		if (r == 0 && entry.before != entry.wanted)
			r = switches_add(&survey->pending, &entry, e);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

/**
 * survey_make - find out what has to be done
 * @spec: which links are external
 * @record: what we have switched; follows its links
 * @survey: filled
 * @e: filled on failure
 *
 * Returns 1, 0 when there is nothing to do, or -errno.
 */
static int survey_make(const struct nat_spec *spec, struct switches *record, struct survey *survey,
		       struct error *e)
{
	int r;

	survey->followed = record_follow(record);
	r = plan_make(spec, record, &survey->plan, e);
	if (r == 0)
		r = survey_pending(survey, e);
	if (r < 0)
		return r;
	survey->stale = survey->marked = false;
	for (size_t i = 0; i < record->count; i++) {
		const struct kernel_switch *planned =
			switches_find(&survey->plan, &record->list[i]);

		survey->stale |= !planned;
		survey->marked |= planned && planned->ports != record->list[i].ports;
	}
	return survey->pending.count > 0 || survey->followed || survey->stale || survey->marked;
}

/**
 * absent_tell - say that an external link is not there, and which one was perhaps meant
 * @link: its name, borrowed
 */
static void absent_tell(const char *link)
{
	char near[IFNAMSIZ] = "";
	bool meant = suggestion_link(link, near);

	log_notice("external link %s is not there: nothing is forwarded from it%s%s%s", link,
		   meant ? "; did you mean '" : "", near, meant ? "'?" : "");
}

/**
 * nat_forwarding_ensure - let the kernel forward what arrives on external links
 * @spec: which they are; switches that neither they nor published ports need any more are put back
 * @record: path of the file that remembers what was before
 * @e: names the switch or the file
 *
 * Each container that starts asks, and nearly always all is so: only who has something to do waits
 * for the lock, and looks again behind it.
 *
 * Returns 1, 0 when all was so, or -errno.
 */
int nat_forwarding_ensure(const struct nat_spec *spec, const char *record, struct error *e)
{
	_cleanup_(work_end) struct work work = WORK_INIT;
	_cleanup_(survey_deinit) struct survey survey = { .plan = SWITCHES_INIT };
	int r;

	r = record_read(record, &work.record, e);
	if (r == 0 && !spec->n_external && !spec->n_callers)
		return 0;
	if (r >= 0)
		r = survey_make(spec, &work.record, &survey, e);
	for (size_t i = 0; r >= 0 && !spec->quiet && i < survey.n_absent; i++)
		absent_tell(survey.absent[i]);
	if (r <= 0)
		return r;
	r = work_begin(&work, record, e);
	if (r >= 0)
		r = survey_make(spec, &work.record, &survey, e);
	if (r <= 0)
		return r;
	r = record_pending(&work, &survey, e);
	if (r >= 0)
		r = switches_set(&survey.pending, e);
	if (r >= 0 && survey.stale)
		r = work_put_back(&work, &survey.plan, e);
	return r < 0 ? r : 1;
}

/**
 * nat_forwarding_compare - compare the switches with what they should be
 * @spec: which links are external
 * @record: path of the file that remembers what was before
 * @drift: lines are added
 * @e: names the switch or the file
 *
 * Returns 0 or -errno.
 */
int nat_forwarding_compare(const struct nat_spec *spec, const char *record, struct nat_drift *drift,
			   struct error *e)
{
	_cleanup_(switches_deinit) struct switches recorded = SWITCHES_INIT;
	_cleanup_(survey_deinit) struct survey survey = { .plan = SWITCHES_INIT };
	int r = record_read(record, &recorded, e);

	if (r >= 0)
		r = survey_make(spec, &recorded, &survey, e);
	for (size_t i = 0; r >= 0 && i < survey.n_absent && drift->count < NAT_DRIFT_MAX; i++)
		(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
			       "external link %s is not there", survey.absent[i]);
	for (size_t i = 0; r > 0 && i < survey.pending.count && drift->count < NAT_DRIFT_MAX; i++) {
		const struct kernel_switch *entry = &survey.pending.list[i];

		(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
			       "%s/%s of %s is %d, should be %d", entry->family, entry->key,
			       entry->link, entry->before, entry->wanted);
	}
	return r < 0 ? r : 0;
}

/**
 * nat_forwarding_restore - put every switch back
 * @record: path of the file that remembers what was before; it is removed
 * @e: names the switch or the file
 *
 * Returns 1, 0 when there is no record, or -errno.
 */
int nat_forwarding_restore(const char *record, struct error *e)
{
	_cleanup_(work_end) struct work work = WORK_INIT;
	struct switches none = SWITCHES_INIT;
	int r;

	r = record_read(record, &work.record, e);
	if (r <= 0)
		return r;
	r = work_begin(&work, record, e);
	if (r <= 0)
		return r;
	record_follow(&work.record);
	return work_put_back(&work, &none, e);
}
