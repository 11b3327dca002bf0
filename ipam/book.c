/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ipam/schema.h"

/**
 * book_directory - the directory a book lies in
 * @path: of the book, borrowed
 * @directory: the caller's buffer of PATH_MAX bytes
 * @e: names a path that is too long
 *
 * Returns 0 or -errno.
 */
static int book_directory(const char *path, char *directory, struct error *e)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return path_format(directory, PATH_MAX, e, ".");
	if (slash == path)
		return path_format(directory, PATH_MAX, e, "/");
	return path_format(directory, PATH_MAX, e, "%.*s", (int)(slash - path), path);
}

/**
 * book_trust - refuse what somebody else could have put there or can change
 * @path: the book or its directory, borrowed
 * @status: of it
 * @e: names it
 *
 * Returns 0 or -EPERM.
 */
static int book_trust(const char *path, const struct stat *status, struct error *e)
{
	int r;

	if (status->st_uid != geteuid()) {
		r = error_set(e, ERROR_DENIED, EPERM, "%s belongs to user %u, not to us (%u)", path,
			      status->st_uid, geteuid());
		if (geteuid() != 0)
			return error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE)");
		return error_remedy(e, r, "see who made it, then 'chown %u %s'", geteuid(), path);
	}
	if (status->st_mode & (S_IWGRP | S_IWOTH)) {
		r = error_set(e, ERROR_DENIED, EPERM,
			      "%s can be changed by other users (mode %04o)", path,
			      status->st_mode & 07777u);
		return error_remedy(e, r, "chmod go-w %s", path);
	}
	return 0;
}

/**
 * book_check - look at a book before it is opened
 * @path: borrowed
 * @directory: it lies in, borrowed
 * @e: says why it is refused
 *
 * The file is not opened for that: closing it again would drop the locks that another session of
 * this process has on it (fcntl(2)). Once the directory is ours alone, nobody can exchange it.
 *
 * Returns 1, 0 when there is none, or -errno: -ELOOP for a link, -EPERM.
 */
static int book_check(const char *path, const char *directory, struct error *e)
{
	struct stat status;
	int r;

	if (stat(directory, &status) < 0) {
		if (errno == ENOENT)
			return 0;
		return database_remedy(
			path, error_errno(e, errno, "cannot look at address book %s", path), e);
	}
	r = book_trust(directory, &status, e);
	if (r < 0)
		return r;
	if (lstat(path, &status) < 0) {
		if (errno == ENOENT)
			return 0;
		return database_remedy(
			path, error_errno(e, errno, "cannot look at address book %s", path), e);
	}
	if (S_ISLNK(status.st_mode)) {
		r = error_set(e, ERROR_DENIED, ELOOP, "address book %s is a symbolic link", path);
		return error_remedy(e, r, "put the file itself there");
	}
	if (!S_ISREG(status.st_mode))
		return error_set(e, ERROR_FAILED, EINVAL, "address book %s is not a file", path);
	r = book_trust(path, &status, e);
	return r < 0 ? r : 1;
}

/**
 * book_make - make an empty file for a book, and its directory
 * @path, @directory: borrowed
 * @e: names what could not be made
 *
 * Left to sqlite it would be readable by all. Another process may be doing the same.
 *
 * Returns 0 or -errno.
 */
static int book_make(const char *path, const char *directory, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = directory_make(directory, 0700, e);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EEXIST)
		return database_remedy(
			path, error_errno(e, errno, "cannot make address book %s", path), e);
	return 0;
}

/**
 * book_open_write - open a book that will be changed
 * @database: closed by the caller, after a failure too
 * @path: a file that is there, borrowed
 * @e: names it
 *
 * Returns 0 or -errno.
 */
static int book_open_write(struct database *database, const char *path, struct error *e)
{
	int r = database_open(database, path, e);

	if (r == 0 && sqlite3_db_readonly(database->sqlite, NULL))
		r = database_error(database, SQLITE_READONLY, e);
	if (r == 0)
		r = database_lock_name(database, e);
	if (r == 0)
		r = schema_upgrade(database, e);
	return r < 0 ? r : 0;
}

/**
 * book_open_memory - have a book in memory that answers like any other
 * @database: a file that is not of the present version, or none; replaced
 * @copied: whether there is such a file, whose content is brought to the present version
 * @e: names it
 *
 * Returns 0 or -errno.
 */
static int book_open_memory(struct database *database, bool copied, struct error *e)
{
	struct database memory;
	int r = database_open(&memory, DATABASE_MEMORY, e);

	if (r == 0 && copied)
		r = database_copy(database, &memory, e);
	if (r == 0)
		r = schema_upgrade(&memory, e);
	database_close(database);
	*database = memory;
	return r < 0 ? r : 0;
}

/**
 * book_open_read - open a book that will not be changed
 * @database: closed by the caller, after a failure too
 * @path: borrowed
 * @present: whether there is such a file
 * @e: names it
 *
 * One without tables, which a killed first writer leaves, is as empty as none. One of an older
 * version is brought to ours by the next writer; until then readers do that with a copy.
 *
 * Returns 0 or -errno.
 */
static int book_open_read(struct database *database, const char *path, bool present,
			  struct error *e)
{
	int r = 0;

	if (present) {
		r = database_open(database, path, e);
		if (r == 0)
			r = schema_version(database, e);
		if (r < 0)
			return r;
	}
	if (r < schema_current())
		r = book_open_memory(database, r > 0, e);
	if (r < 0)
		return r;
	database->read_only = true;
	return 0;
}

/**
 * book_open_copy - have a copy of a book, to be changed and thrown away
 * @database: closed by the caller, after a failure too
 * @path: borrowed
 * @present: whether there is such a file
 * @e: names it
 *
 * Returns 0 or -errno.
 */
static int book_open_copy(struct database *database, const char *path, bool present,
			  struct error *e)
{
	int r = present ? database_open(database, path, e) : 0;

	if (r == 0 && present)
		r = schema_version(database, e);
	return r < 0 ? r : book_open_memory(database, r > 0, e);
}

/**
 * ipam_open - open the address book
 * @path: of the file, borrowed
 * @access: whether it may be made and changed
 * @ret_ipam: the session; ended with ipam_close()
 * @e: names the file, the cause and what mends it
 *
 * Returns 0 or -errno.
 */
int ipam_open(const char *path, enum ipam_access access, struct ipam **ret_ipam, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = calloc(1, sizeof(*ipam));
	char directory[PATH_MAX];
	int r;

	if (!ipam)
		return error_errno(e, ENOMEM, "cannot open address book %s", path);
	r = book_directory(path, directory, e);
	if (r < 0)
		return r;
	r = book_check(path, directory, e);
	if (r < 0)
		return r;
	if (access == IPAM_TRY) {
		r = book_open_copy(&ipam->database, path, r > 0, e);
	} else if (access == IPAM_READ) {
		r = book_open_read(&ipam->database, path, r > 0, e);
	} else {
		if (r == 0)
			r = book_make(path, directory, e);
		if (r >= 0)
			r = book_open_write(&ipam->database, path, e);
	}
	if (r < 0)
		return r;
	boot_read(ipam->boot);
	ipam->terms = IPAM_TERMS_DEFAULT;
	*ret_ipam = TAKE_PTR(ipam);
	return 0;
}

/**
 * ipam_set_terms - say what the host's settings are, and who asks
 * @ipam: changed
 * @terms: borrowed
 */
void ipam_set_terms(struct ipam *ipam, const struct ipam_terms *terms)
{
	ipam->terms = *terms;
}

/**
 * ipam_begin - start a change that is made of several
 * @ipam: changed; open for writing, not begun
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int ipam_begin(struct ipam *ipam, struct error *e)
{
	int r = transaction_begin(&ipam->held, &ipam->database, e);

	ipam->database.held = r == 0;
	return r;
}

/**
 * ipam_commit - make all that was changed since ipam_begin() last
 * @ipam: changed
 * @e: filled on failure; then the caller ends with ipam_rollback()
 *
 * Returns 0 or -errno.
 */
int ipam_commit(struct ipam *ipam, struct error *e)
{
	int r = transaction_commit(&ipam->held, e);

	ipam->database.held = r < 0;
	return r;
}

/**
 * ipam_rollback - undo all that was changed since ipam_begin()
 * @ipam: changed; nothing is done unless it is begun
 */
void ipam_rollback(struct ipam *ipam)
{
	transaction_end(&ipam->held);
	ipam->database.held = false;
}

/**
 * frame_make - start a question or a change
 * @ipam: borrowed for as long as what is returned is used
 */
struct frame frame_make(struct ipam *ipam)
{
	return (struct frame){ .database = &ipam->database,
			       .terms = &ipam->terms,
			       .now = moment_now(ipam->boot) };
}

/**
 * ipam_close - end a session
 * @ipam: taken; NULL is fine
 */
void ipam_close(struct ipam *ipam)
{
	if (!ipam)
		return;
	ipam_rollback(ipam);
	database_close(&ipam->database);
	free(ipam);
}

/**
 * ipam_closep - ipam_close() for _cleanup_
 * @ipam: the variable
 */
void ipam_closep(struct ipam **ipam)
{
	ipam_close(*ipam);
	*ipam = NULL;
}
