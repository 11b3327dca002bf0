/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A backup is made in memory: sqlite copies the pages as they are at one moment, and takes the time of a
 * reader for it, so that writers wait for some milliseconds at the most. What was copied is checked before
 * it takes the place of an older backup, for a damaged book must not spoil what could mend it.
 *
 * To restore is to put a whole new file in the place of the book, by rename: it works with a book that
 * nobody can open any more, and whoever is killed leaves one or the other. It is done under the lock of
 * writers and, where the old book can still be opened, under sqlite's own, so that no transaction is on
 * its way. Sessions that have the old file open see that when they next begin a transaction, and change
 * over (database_follow()).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"
#include "ipam/book.h"
#include "ipam/image.h"
#include "ipam/schema.h"

#define ASIDE_TRIES 100 /* names within one second */

/**
 * ipam_backup - write a copy of the book
 * @ipam: borrowed
 * @path: of the copy, borrowed
 * @e: says that the book is damaged, or names what could not be written
 *
 * Returns 0 or -errno.
 */
int ipam_backup(struct ipam *ipam, const char *path, struct error *e)
{
	_cleanup_(database_close) struct database copy = { 0 };
	_cleanup_(image_free) struct image image = { 0 };
	int r = database_open(&copy, DATABASE_MEMORY, e);

	if (r == 0)
		r = database_copy(&ipam->database, &copy, e);
	if (r == 0)
		r = path_format(copy.path, sizeof(copy.path), e, "%s", ipam->database.path);
	if (r == 0)
		r = image_check(&copy, e);
	if (r == 0)
		r = image_take(&copy, &image, e);
	if (r < 0)
		return r;
	r = file_replace(path, (const char *)image.bytes, image.size, 0600, e);
	return r < 0 ? database_remedy(path, r, e) : 0;
}

/**
 * backup_check - refuse what is no whole address book, and bring it to our version
 * @database: of image_open(), changed
 * @path: of the file, borrowed
 * @e: says what is wrong with it
 *
 * Returns 0 or -errno.
 */
static int backup_check(struct database *database, const char *path, struct error *e)
{
	int r = schema_version(database, e);

	if (r == 0)
		return error_set(e, ERROR_FAILED, EUCLEAN, "%s is empty", path);
	if (r > 0)
		r = image_check(database, e);
	if (r == 0)
		r = schema_upgrade(database, e);
	return r < 0 ? r : 0;
}

/**
 * backup_refused - say that a file is no backup to go back to
 * @r: -errno, already in @e
 * @e: gets what mends it, which is not what mends a book
 *
 * Returns @r.
 */
static int backup_refused(int r, struct error *e)
{
	if (e && r == -EUCLEAN)
		e->remedy[0] = '\0';
	return error_remedy(e, error_wrap(e, r, "no backup to restore"),
			    "name another file behind 'nixctr-net ipam restore'");
}

/**
 * ipam_open_backup - open a copy of the book, if it is one
 * @path: of the copy, borrowed
 * @ret_ipam: a session in memory; the caller ends with ipam_close()
 * @e: says what is wrong with the file
 *
 * Returns 0 or -errno.
 */
int ipam_open_backup(const char *path, struct ipam **ret_ipam, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = calloc(1, sizeof(*ipam));
	int r;

	if (!ipam)
		return error_errno(e, ENOMEM, "cannot open backup %s", path);
	r = image_open(path, &ipam->database, e);
	if (r == 0)
		r = backup_check(&ipam->database, path, e);
	if (r < 0)
		return backup_refused(r, e);
	boot_read(ipam->boot);
	ipam->terms = IPAM_TERMS_DEFAULT;
	*ret_ipam = TAKE_PTR(ipam);
	return 0;
}

/**
 * replace_hold - keep programs that do not know our lock file from the old book, if it can be opened
 * @old: initialised here; the caller ends with database_close()
 * @path: of the book, borrowed
 * @e: says that somebody is at it
 *
 * What a killed writer left is rolled back by that.
 *
 * Returns 0, also when it cannot be opened, or -EBUSY.
 */
static int replace_hold(struct database *old, const char *path, struct error *e)
{
	int r = database_open(old, path, NULL);

	if (r == 0)
		r = database_run(old, "BEGIN EXCLUSIVE", e);
	return r == -EBUSY ? r : 0;
}

/**
 * aside_link - give the old book a name under which it stays
 * @path: of the book, borrowed
 * @aside: filled; "" when there is no book
 * @e: names it
 *
 * Returns 0 or -errno.
 */
static int aside_link(const char *path, char aside[PATH_MAX], struct error *e)
{
	time_t now = time(NULL);
	char stamp[32] = "";
	struct tm utc;
	int r = 0;

	if (gmtime_r(&now, &utc))
		(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (int i = 0; r == 0 && i < ASIDE_TRIES; i++) {
		r = path_format(aside, PATH_MAX, e, i ? "%s.replaced-%s-%d" : "%s.replaced-%s",
				path, stamp, i);
		if (r < 0 || link(path, aside) == 0)
			return r;
		if (errno == ENOENT)
			aside[0] = '\0';
		if (errno != EEXIST)
			break;
	}
	return errno == ENOENT ? 0 : error_errno(e, errno, "cannot keep %s aside", path);
}

/**
 * aside_journal - have the journal of the old book go with it
 * @path: of the book, borrowed
 * @aside: where that is kept, borrowed; "" when there is none
 * @e: names it
 *
 * Beside the new book it would be taken for that one's.
 *
 * Returns 0 or -errno.
 */
static int aside_journal(const char *path, const char *aside, struct error *e)
{
	char from[PATH_MAX], to[PATH_MAX];
	int r = path_format(from, sizeof(from), e, "%s-journal", path);

	if (r == 0 && !aside[0]) {
		r = file_remove(from, e);
		return r < 0 ? r : 0;
	}
	if (r == 0)
		r = path_format(to, sizeof(to), e, "%s-journal", aside);
	if (r == 0 && rename(from, to) < 0 && errno != ENOENT)
		r = error_errno(e, errno, "cannot keep %s aside", from);
	return r;
}

/**
 * aside_undo - let go of the second name of a book that is in its place still
 * @path: of the book, borrowed
 * @aside: borrowed; "" when there is none
 *
 * Failures are ignored: the book has one name more then.
 */
static void aside_undo(const char *path, const char *aside)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct stat kept, here;

	if (!aside[0] || stat(aside, &kept) < 0 || stat(path, &here) < 0 ||
	    kept.st_dev != here.st_dev || kept.st_ino != here.st_ino)
		return;
	if (path_format(from, sizeof(from), NULL, "%s-journal", aside) == 0 &&
	    path_format(to, sizeof(to), NULL, "%s-journal", path) == 0)
		(void)rename(from, to);
	(void)unlink(aside);
}

/**
 * ipam_replace - put another book in the place of the one there is
 * @path: of the book, borrowed
 * @with: what the new one has, borrowed
 * @ret_aside: where the old one is now, or ""
 * @e: names what could not be done
 *
 * Returns 0 or -errno.
 */
int ipam_replace(const char *path, struct ipam *with, char ret_aside[PATH_MAX], struct error *e)
{
	_cleanup_(database_close) struct database old = { 0 };
	_cleanup_(image_free) struct image image = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	char aside[PATH_MAX] = "", name[PATH_MAX];
	int r = path_format(name, sizeof(name), e, "%s.lock", path);

	if (r == 0)
		r = image_take(&with->database, &image, e);
	if (r == 0)
		r = lock_acquire(name, LOCK_EXCLUSIVE, &lock, e);
	if (r == 0)
		r = replace_hold(&old, path, e);
	if (r == 0)
		r = aside_link(path, aside, e);
	if (r == 0)
		r = aside_journal(path, aside, e);
	if (r == 0)
		r = file_replace(path, (const char *)image.bytes, image.size, 0600, e);
	if (r < 0) {
		aside_undo(path, aside);
		return database_remedy(path, r, e);
	}
	memcpy(ret_aside, aside, sizeof(aside));
	return 0;
}
