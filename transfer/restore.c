/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The backup is read into memory, and what definitions say and what came since is entered there (merge.c),
 * before it takes the place of the book in one step: a container that was created since keeps its addresses, and at no moment can
 * they be given to another one. Containers are neither added nor removed meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "transfer/backup.h"

/* What a book has. */
struct contents {
	struct ipam_lease *list; /* by the names of containers; owned */
	size_t count;
	struct ipam_usage *pools; /* owned */
	size_t n_pools;
};

/**
 * contents_free - let go of what was read
 * @contents: not used again
 */
static void contents_free(struct contents *contents)
{
	free(contents->list);
	free(contents->pools);
}

/**
 * contents_read - read leases and pools of a book
 * @ipam: borrowed
 * @contents: filled; the caller ends with contents_free(), after a failure too
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int contents_read(struct ipam *ipam, struct contents *contents, struct error *e)
{
	int r = ipam_list(ipam, &contents->list, &contents->count, e);

	return r < 0 ? r : ipam_usage(ipam, &contents->pools, &contents->n_pools, e);
}

/**
 * restore_report_deinit - let go of a report
 * @report: as book_restore() left it
 */
void restore_report_deinit(struct restore_report *report)
{
	free(report->rows);
	free(report->pools);
	free(report->refused);
	report->rows = NULL;
	report->pools = NULL;
	report->refused = NULL;
}

/**
 * before_read - read the book as it is, if that can be done
 * @paths: borrowed
 * @report: learns that it cannot
 * @ret_ipam: the book, NULL when it cannot be read; the caller ends with ipam_close()
 * @contents: filled
 * @e: filled on failure
 *
 * That it is damaged is no failure, but what a backup is for.
 *
 * Returns 0, or -errno when somebody has to do something else first.
 */
static int before_read(const struct paths *paths, struct restore_report *report,
		       struct ipam **ret_ipam, struct contents *contents, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct error unread = ERROR_INIT;
	int r = book_open(paths, IPAM_READ, &ipam, &unread);

	if (r == 0)
		r = ipam_verify(ipam, &unread);
	if (r == 0)
		r = contents_read(ipam, contents, &unread);
	if (r == 0) {
		*ret_ipam = TAKE_PTR(ipam);
		return 0;
	}
	if (r == -EBUSY || r == -EPERM || r == -EACCES || r == -ELOOP) {
		if (e)
			*e = unread;
		return r;
	}
	report->unreadable = true;
	(void)snprintf(report->why, sizeof(report->why), "%.*s", (int)sizeof(report->why) - 1,
		       unread.text);
	return 0;
}

/**
 * lease_same - whether a container holds the same in two books
 * @a, @b: borrowed
 *
 * Whether somebody had chosen the addresses is of no consequence; what is noted down of them is.
 */
bool lease_same(const struct ipam_lease *a, const struct ipam_lease *b)
{
	return a->state == b->state && strcmp(a->bridge, b->bridge) == 0 &&
	       strcmp(a->reason, b->reason) == 0 && mac_equal(&a->mac, &b->mac) &&
	       addr_equal(&a->v4.host, &b->v4.host) &&
	       addr_equal(&a->v4.local.addr, &b->v4.local.addr) &&
	       addr_equal(&a->v6.host, &b->v6.host) &&
	       addr_equal(&a->v6.local.addr, &b->v6.local.addr);
}

/**
 * pool_find - the pool of a name
 * @contents: borrowed
 * @name: borrowed
 *
 * Returns it, or NULL.
 */
static const struct ipam_usage *pool_find(const struct contents *contents, const char *name)
{
	for (size_t i = 0; i < contents->n_pools; i++)
		if (strcmp(contents->pools[i].pool, name) == 0)
			return &contents->pools[i];
	return NULL;
}

/**
 * report_pools - say in which pools two books differ
 * @report: changed
 * @before, @after: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int report_pools(struct restore_report *report, const struct contents *before,
			const struct contents *after, struct error *e)
{
	report->pools = calloc(before->n_pools + after->n_pools + 1, sizeof(*report->pools));
	if (!report->pools)
		return error_errno(e, ENOMEM, "cannot compare the books");
	for (size_t i = 0; i < before->n_pools; i++) {
		const struct ipam_usage *was = &before->pools[i];
		const struct ipam_usage *is = pool_find(after, was->pool);

		if (is && addr_equal(&is->prefix.addr, &was->prefix.addr) &&
		    is->prefix.length == was->prefix.length && is->draining == was->draining)
			continue;
		report->pools[report->n_pools++] = (struct restore_pool){
			.before = true, .after = is, .was = *was, .is = is ? *is : *was
		};
	}
	for (size_t i = 0; i < after->n_pools; i++)
		if (!pool_find(before, after->pools[i].pool))
			report->pools[report->n_pools++] = (struct restore_pool){
				.after = true, .was = after->pools[i], .is = after->pools[i]
			};
	return 0;
}

/**
 * report_leases - say in which leases two books differ
 * @report: changed
 * @before, @after: borrowed, in the order of names
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int report_leases(struct restore_report *report, const struct contents *before,
			 const struct contents *after, struct error *e)
{
	size_t i = 0, k = 0;

	report->leases = after->count;
	report->rows = calloc(before->count + after->count + 1, sizeof(*report->rows));
	if (!report->rows)
		return error_errno(e, ENOMEM, "cannot compare the books");
	while (i < before->count || k < after->count) {
		struct restore_row *row = &report->rows[report->count];
		const struct ipam_lease *was = i < before->count ? &before->list[i] : NULL;
		const struct ipam_lease *is = k < after->count ? &after->list[k] : NULL;
		int order = !was ? 1 : !is ? -1 : strcmp(was->container, is->container);

		*row = (struct restore_row){ .before = order <= 0, .after = order >= 0 };
		if (row->before)
			row->lease = row->was = before->list[i++];
		if (row->after)
			row->lease = after->list[k++];
		if (order != 0 || !lease_same(&row->was, &row->lease))
			report->count++;
	}
	return 0;
}

/**
 * restore_locked - go back to a backup
 * @paths: borrowed
 * @dry: only say what would come of it
 * @report: its file is set; filled
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int restore_locked(const struct paths *paths, bool dry, struct restore_report *report,
			  struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *backup = NULL, *book = NULL;
	_cleanup_(contents_free) struct contents before = { 0 }, after = { 0 };
	int r = ipam_open_backup(report->file, &backup, e);

	if (r < 0)
		return r;
	book_set_terms(paths, backup, IPAM_WRITE);
	r = before_read(paths, report, &book, &before, e);
	if (r == 0)
		r = copy_merge(paths, backup, book, report, e);
	ipam_closep(&book);
	if (r == 0)
		r = contents_read(backup, &after, e);
	if (r == 0)
		r = report_leases(report, &before, &after, e);
	if (r == 0 && !report->unreadable)
		r = report_pools(report, &before, &after, e);
	if (r < 0 || dry)
		return r;
	/* What is remembered of the definitions is about the other book. */
	adopt_forget(paths);
	r = directory_make(paths->state, 0700, e);
	return r < 0 ? r : ipam_replace(paths->book, backup, report->aside, e);
}

/**
 * book_restore - go back to a backup of the book
 * @paths: borrowed
 * @file: the backup, borrowed; NULL: the one beside the book
 * @dry: only say what would come of it
 * @report: what differs; the caller ends with restore_report_deinit(), after a failure too
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
int book_restore(const struct paths *paths, const char *file, bool dry,
		 struct restore_report *report, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	int r;

	*report = (struct restore_report){ .count = 0 };
	r = backup_path(paths, file, report->file, e);
	if (r == 0)
		r = definitions_lock_for(paths, dry ? IPAM_TRY : IPAM_WRITE, &lock, e);
	return r < 0 ? r : restore_locked(paths, dry, report, e);
}
