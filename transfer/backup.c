/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfer/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"

#define KEPT ".1" /* behind the name of a backup: the one before it */

/**
 * backup_path - where a backup is, or is to be
 * @paths: borrowed
 * @file: borrowed; NULL: beside the book
 * @path: filled
 * @e: names one that is too long
 *
 * Returns 0 or -errno.
 */
int backup_path(const struct paths *paths, const char *file, char path[PATH_MAX], struct error *e)
{
	return file ? path_format(path, PATH_MAX, e, "%s", file)
		    : path_format(path, PATH_MAX, e, "%s.backup", paths->book);
}

/**
 * backup_is_current - whether a backup is one of the book as it is
 * @book: how it is, borrowed
 * @path: of the backup, borrowed
 *
 * A backup has the time of modification that the book had.
 */
static bool backup_is_current(const struct stat *book, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_mtim.tv_sec == book->st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == book->st_mtim.tv_nsec;
}

/**
 * backup_stamp - note down of which state of the book a backup is
 * @book: how it was before, borrowed
 * @path: of the backup, borrowed
 *
 * A book that was changed within the last second may be changed again within the same tick of the clock,
 * which nobody would see: such a backup is taken for older. Failures are ignored, for the same is true of
 * a backup without that time.
 */
static void backup_stamp(const struct stat *book, const char *path)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, book->st_mtim };
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - book->st_mtim.tv_sec > 1)
		(void)utimensat(AT_FDCWD, path, times, 0);
}

/**
 * backup_keep - keep the backup that is there under another name
 * @path: of the backup, borrowed
 * @e: names it
 *
 * It stays where it is as well, so that there is one at each moment. Some file systems have no second
 * names; there it is moved.
 *
 * Returns 0 or -errno.
 */
static int backup_keep(const char *path, struct error *e)
{
	char kept[PATH_MAX];
	int r = path_format(kept, sizeof(kept), e, "%s" KEPT, path);

	if (r < 0)
		return r;
	if (unlink(kept) < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot replace %s", kept);
	if (link(path, kept) < 0 && errno != ENOENT && rename(path, kept) < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot keep %s as %s", path, kept);
	return 0;
}

/**
 * backup_write - write a backup, and put it in its place when it is whole
 * @paths: borrowed
 * @path: of the backup, borrowed
 * @e: names what could not be done
 *
 * Returns 0 or -errno.
 */
static int backup_write(const struct paths *paths, const char *path, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	char written[PATH_MAX];
	int r = path_format(written, sizeof(written), e, "%s.new", path);

	if (r == 0)
		r = book_open(paths, IPAM_READ, &ipam, e);
	if (r == 0)
		r = ipam_backup(ipam, written, e);
	if (r < 0)
		return r;
	r = backup_keep(path, e);
	if (r == 0 && rename(written, path) < 0)
		r = error_errno(e, errno, "cannot write %s", path);
	if (r < 0) {
		unlink(written);
		return r;
	}
	return directory_sync(path, e);
}

/**
 * book_backup - make a backup of the book, while others use it
 * @paths: borrowed
 * @file: where, borrowed; NULL: beside the book
 * @need: whether one that is as good will do
 * @ret_path: where it is
 * @e: names what could not be done
 *
 * Returns 1, 0 when there is one of the book as it is, or -errno.
 */
int book_backup(const struct paths *paths, const char *file, enum backup_need need,
		char ret_path[PATH_MAX], struct error *e)
{
	char lock_path[PATH_MAX];
	struct stat book;
	int lock = -1, r = backup_path(paths, file, ret_path, e);

	if (r == 0)
		r = path_format(lock_path, sizeof(lock_path), e, "%s.backup.lock", paths->book);
	if (r < 0)
		return r;
	if (stat(paths->book, &book) < 0)
		return error_errno(e, errno, "there is nothing to back up: %s", paths->book);
	if (need == BACKUP_IF_CHANGED && backup_is_current(&book, ret_path))
		return 0;
	r = lock_acquire(lock_path, LOCK_EXCLUSIVE, &lock, e);
	if (r == 0)
		r = backup_write(paths, ret_path, e);
	if (r == 0)
		backup_stamp(&book, ret_path);
	if (lock >= 0)
		lock_remove(lock_path, lock);
	return r < 0 ? r : 1;
}
