/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/database.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"

/* For programs that do not know our lock file, such as sqlite3(1), and for readers of ours. */
#define PATIENCE 60

/*
 * A rollback journal that stays in place: its blocks are there already, so that syncing it does not
 * move the file system's own metadata, and a commit is durable when the journal's header has been
 * cleared and synced, which synchronous=FULL does in this mode. Not WAL: a process with one
 * transaction would pay the checkpoint too, and readers would need to write. The cache, in KiB and
 * used as far as needed, holds the book of a full pool.
 */
static const char pragmas[] = "PRAGMA trusted_schema = OFF;"
			      "PRAGMA cell_size_check = ON;"
			      "PRAGMA cache_size = -16384;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA journal_mode = PERSIST;";

/**
 * database_damaged - say that the content of the file cannot be trusted
 * @database: borrowed
 * @why: what was found
 * @e: filled
 *
 * Returns -EUCLEAN.
 */
int database_damaged(const struct database *database, const char *why, struct error *e)
{
	int r = error_set(e, ERROR_FAILED, EUCLEAN, "address book %s is damaged: %s",
			  database->path, why);

	return error_remedy(e, r,
			    "run 'nixctr-net ipam restore' to go back to the last backup, or "
			    "'nixctr-net ipam rebuild' to make it anew");
}

/**
 * database_remedy - say what mends a failed system call on the file or one beside it
 * @path: the file, borrowed
 * @r: -errno, already in @e
 * @e: gets the remedy
 *
 * Returns @r.
 */
int database_remedy(const char *path, int r, struct error *e)
{
	switch (-r) {
	case EROFS:
		return error_remedy(e, r, "make the file system of %s writable", path);
	case ENOSPC:
	case EDQUOT:
		return error_remedy(e, r, "free space on the file system of %s", path);
	case EACCES:
	case EPERM:
		return error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE)");
	case ENOENT:
	case ENOTDIR:
		return error_remedy(e, r, "make its directory first, or name another file");
	default:
		return error_remedy(e, r, "look for errors of the disk in the kernel's log");
	}
}

/**
 * journal_failure - find out why the journal cannot be written
 * @database: borrowed
 *
 * Where it cannot be opened for writing, sqlite tries to open it for reading, and what it says is why
 * that failed, or why a file that is open for reading cannot be written.
 *
 * Returns a positive errno.
 */
static int journal_failure(const struct database *database)
{
	char journal[PATH_MAX + sizeof("-journal")];
	_cleanup_(fd_closep) int fd = -1;

	(void)snprintf(journal, sizeof(journal), "%s-journal", database->path);
	fd = open(journal, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? errno : EIO;
}

/**
 * database_error_system - say that a system call failed below sqlite
 * @database: borrowed
 * @number: positive errno; 0 when sqlite kept none
 * @e: filled
 *
 * Returns -errno.
 */
static int database_error_system(const struct database *database, int number, struct error *e)
{
	int r;

	if (number == EBADF || (number == ENOENT && access(database->path, F_OK) == 0))
		number = journal_failure(database);
	r = error_errno(e, number ? number : EIO, "cannot use address book %s", database->path);
	return database_remedy(database->path, r, e);
}

/**
 * database_error_busy - say that somebody else has kept the database locked
 * @database: borrowed
 * @e: names him, if he is known
 *
 * Returns -EBUSY.
 */
static int database_error_busy(const struct database *database, struct error *e)
{
	const struct stranger *stranger = &database->stranger;
	int r;

	if (stranger->pid > 0) {
		r = error_set(e, ERROR_BUSY, EBUSY, "%s has held address book %s for %d seconds",
			      stranger->words, database->path, database->patience);
		return error_remedy(e, r, "see what it does, and end it if it hangs: ps -fp %d",
				    (int)stranger->pid);
	}
	r = error_set(e, ERROR_BUSY, EBUSY, "address book %s is locked by another program",
		      database->path);
	return error_remedy(e, r, "see who has it open with 'fuser -v %s'", database->path);
}

/**
 * database_error - say what sqlite's result means for the address book
 * @database: borrowed
 * @code: sqlite's extended result code
 * @e: names the file, the cause and what mends it
 *
 * Returns -EEXIST when something unique is there already, which the caller should put in its own
 * words; or another -errno.
 */
int database_error(const struct database *database, int code, struct error *e)
{
	const char *words = sqlite3_errstr(code);
	int r;

	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
			return error_set(e, ERROR_CONFLICT, EEXIST, "%s has an entry like this: %s",
					 database->path, sqlite3_errmsg(database->sqlite));
		return database_damaged(database, sqlite3_errmsg(database->sqlite), e);
	case SQLITE_CORRUPT:
		return database_damaged(database, words, e);
	case SQLITE_NOTADB:
		r = error_set(e, ERROR_FAILED, EUCLEAN, "%s is not a nixctr-net address book",
			      database->path);
		return error_remedy(e, r,
				    "run 'nixctr-net ipam restore' to go back to the backup, or "
				    "'nixctr-net ipam rebuild' to make it anew");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return database_error_busy(database, e);
	case SQLITE_FULL:
		return database_error_system(database, ENOSPC, e);
	case SQLITE_READONLY:
		r = access(database->path, W_OK) < 0 ? errno : EROFS;
		return database_error_system(database, r, e);
	case SQLITE_NOMEM:
		return error_errno(e, ENOMEM, "cannot use address book %s", database->path);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return database_error_system(database, sqlite3_system_errno(database->sqlite), e);
	default:
		return error_set(e, ERROR_FAILED, EIO, "cannot use address book %s: %s",
				 database->path, words);
	}
}

/**
 * database_trace - log a statement with its values; sqlite calls it as each one starts
 * @event: SQLITE_TRACE_STMT
 * @context: unused
 * @statement: the statement, borrowed
 * @text: its SQL, or a comment when it is a part of another's work
 *
 * Returns 0, as sqlite asks.
 */
static int database_trace(unsigned event, void *context, void *statement, void *text)
{
	char *expanded;

	(void)event;
	(void)context;
	if (strncmp(text, "--", 2) == 0)
		return 0;
	expanded = sqlite3_expanded_sql(statement);
	log_debug("ipam: %s", expanded ? expanded : (const char *)text);
	sqlite3_free(expanded);
	return 0;
}

/**
 * library_configure - tell sqlite what it need not do for us, before it does anything
 *
 * One thread uses it, and nobody asks how much memory it has. Once it has begun it refuses, and that
 * is all right.
 */
static void library_configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/**
 * database_open - connect to a file that is there
 * @database: initialised here; closed by the caller, after a failure too
 * @path: the file, or DATABASE_MEMORY for an empty one that nobody else sees; borrowed
 * @e: names the file
 *
 * It is opened for writing where that is allowed, even by readers: whoever comes first after a killed
 * writer rolls its journal back.
 *
 * Returns 0 or -errno.
 */
int database_open(struct database *database, const char *path, struct error *e)
{
	int r;

	*database = (struct database){ 0 };
	r = path_format(database->path, sizeof(database->path), e, "%s", path);
	if (r < 0)
		return r;
	library_configure();
	r = sqlite3_open_v2(path, &database->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL);
	if (r != SQLITE_OK)
		return database_error(database, r, e);
	(void)sqlite3_extended_result_codes(database->sqlite, 1);
	database->patience = PATIENCE;
	(void)sqlite3_busy_handler(database->sqlite, database_wait, database);
	if (log_enabled(LOG_LEVEL_DEBUG))
		(void)sqlite3_trace_v2(database->sqlite, SQLITE_TRACE_STMT, database_trace, NULL);
	return database_run(database, pragmas, e);
}

/**
 * database_copy - put all of a database in the place of another
 * @from: borrowed
 * @to: its content is replaced
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int database_copy(const struct database *from, struct database *to, struct error *e)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->sqlite, "main", from->sqlite, "main");
	int code;

	if (!backup)
		return database_error(to, sqlite3_extended_errcode(to->sqlite), e);
	code = sqlite3_backup_step(backup, -1);
	(void)sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? 0 : database_error(from, code, e);
}

/**
 * database_close - let go of statements and file
 * @database: as database_open() left it, or all zero
 */
void database_close(struct database *database)
{
	for (size_t i = 0; i < database->n_statements; i++)
		(void)sqlite3_finalize(database->statements[i].statement);
	(void)sqlite3_close(database->sqlite);
	*database = (struct database){ 0 };
}

/**
 * database_lock_name - let writers of this database wait for each other at a lock file beside it
 * @database: changed
 * @e: names a path that is too long
 *
 * Waiting there is fair and without delay; sqlite's own way is to try again after a while.
 *
 * Returns 0 or -ENAMETOOLONG.
 */
int database_lock_name(struct database *database, struct error *e)
{
	return path_format(database->lock, sizeof(database->lock), e, "%s.lock", database->path);
}

/**
 * database_run - run SQL that has neither parameters nor results
 * @database: borrowed
 * @sql: statements with semicolons, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int database_run(struct database *database, const char *sql, struct error *e)
{
	int code = sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : database_error(database, code, e);
}

/**
 * database_follow - go on with the file that has been put in the place of ours, if one has
 * @database: changed; no statement of it is in use
 * @e: names the file
 *
 * "ipam restore" does that. What we have open then is what was put aside.
 *
 * Returns 0 or -errno.
 */
static int database_follow(struct database *database, struct error *e)
{
	char path[PATH_MAX];
	int moved = 0, r;

	if (sqlite3_file_control(database->sqlite, "main", SQLITE_FCNTL_HAS_MOVED, &moved) !=
		    SQLITE_OK ||
	    !moved)
		return 0;
	memcpy(path, database->path, sizeof(path));
	database_close(database);
	r = database_open(database, path, e);
	return r < 0 ? r : database_lock_name(database, e);
}

/**
 * transaction_begin_inner - start a change that is part of another
 * @transaction: zero; ended by the caller, after a failure too
 * @database: borrowed until the end; in a transaction
 * @function: who starts it, static
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int transaction_begin_inner(struct transaction *transaction, struct database *database,
				   const char *function, struct error *e)
{
	static const char sql[] = "SAVEPOINT part";
	_cleanup_(query_end) struct query query = { 0 };
	int r;

	/* A failure has made sqlite undo all of it, and a part would last by itself. */
	if (sqlite3_get_autocommit(database->sqlite))
		return error_set(e, ERROR_FAILED, ECANCELED,
				 "the change of %s that this is part of has been undone",
				 database->path);
	query = query_begin(database, sql);
	r = query_run(&query, e);
	if (r < 0)
		return r;
	*transaction =
		(struct transaction){ .database = database, .outer = database->begun, .lock = -1 };
	database->begun = function;
	return 0;
}

/**
 * transaction_begin_at - start a change; use the macro transaction_begin()
 * @transaction: zero; ended by the caller, after a failure too
 * @database: borrowed until the end
 * @function: who starts it, static
 * @e: filled on failure
 *
 * The write lock is taken now, so that nothing fails later for want of it. In a database that is held
 * for a change of several parts it is one of them.
 *
 * Returns 0 or -errno.
 */
int transaction_begin_at(struct transaction *transaction, struct database *database,
			 const char *function, struct error *e)
{
	static const char sql[] = "BEGIN IMMEDIATE";
	_cleanup_(query_end) struct query query = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	int r;

	if (database->held)
		return transaction_begin_inner(transaction, database, function, e);
	assert(!database->begun);
	if (database->read_only)
		return error_set(e, ERROR_FAILED, EROFS, "the address book is open for reading");
	if (database->lock[0]) {
		r = lock_acquire(database->lock, LOCK_EXCLUSIVE, &lock, e);
		if (r < 0)
			return database_remedy(database->path, r, e);
		r = database_follow(database, e);
		if (r < 0)
			return r;
	}
	query = query_begin(database, sql);
	r = query_run(&query, e);
	if (r < 0)
		return r;
	database->begun = function;
	*transaction = (struct transaction){ .database = database, .lock = TAKE_FD(lock) };
	return 0;
}

/**
 * transaction_over - it has come to an end: let the next writer in, or go on with the outer one
 * @transaction: open; none afterwards
 */
static void transaction_over(struct transaction *transaction)
{
	transaction->database->begun = transaction->outer;
	if (!transaction->outer)
		fd_closep(&transaction->lock);
	*transaction = (struct transaction){ .lock = -1 };
}

/**
 * transaction_commit - make a change last; it is on the disk when this returns
 * @transaction: open; none afterwards when that worked. Part of another, it lasts when that does
 * @e: filled on failure; then transaction_end() undoes everything
 *
 * Returns 0 or -errno.
 */
int transaction_commit(struct transaction *transaction, struct error *e)
{
	static const char whole[] = "COMMIT", part[] = "RELEASE part";
	_cleanup_(query_end) struct query query =
		query_begin(transaction->database, transaction->outer ? part : whole);
	int r = query_run(&query, e);

	if (r == 0)
		transaction_over(transaction);
	return r;
}

/**
 * transaction_end - undo a change that was not committed
 * @transaction: open or none
 *
 * Some failures, a full disk among them, make sqlite roll back by itself, which undoes the outer
 * transaction too. If it cannot be done here, whoever opens the file next does it from the journal.
 */
void transaction_end(struct transaction *transaction)
{
	static const char whole[] = "ROLLBACK", part[] = "ROLLBACK TO part; RELEASE part";
	struct database *database = transaction->database;

	if (!database)
		return;
	log_debug("ipam: nothing changed by %s()", database->begun);
	if (!sqlite3_get_autocommit(database->sqlite))
		(void)database_run(database, transaction->outer ? part : whole, NULL);
	transaction_over(transaction);
}
