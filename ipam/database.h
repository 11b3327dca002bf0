/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/lock.h"

/*
 * A thin typed layer over sqlite: connections and transactions (database.c), statements (query.c).
 * It knows no table.
 */

#define DATABASE_STATEMENTS 64 /* different SQL texts of the library, at most */
#define DATABASE_MEMORY     ":memory:"

struct database {
	sqlite3 *sqlite;
	char path[PATH_MAX];
	char lock[PATH_MAX]; /* the file writers wait at, or "" */
	bool read_only;      /* transactions are refused */
	const char *begun;   /* the function whose transaction is open, the innermost, or NULL */
	bool held;           /* a transaction is open that others are parts of */
	int patience;        /* seconds that one program of others may keep it locked */
	struct stranger {
		pid_t pid; /* 0: not known */
		char words[LOCK_HOLDER_MAX];
		time_t asked, since; /* when we began to wait, and for this one */
		time_t looked;
		bool told;
	} stranger; /* who has kept us waiting */
	size_t n_statements;
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} statements[DATABASE_STATEMENTS];
};

int database_open(struct database *database, const char *path, struct error *e);
int database_copy(const struct database *from, struct database *to, struct error *e);
void database_close(struct database *database);
int database_lock_name(struct database *database, struct error *e);
int database_wait(void *context, int times);
int database_run(struct database *database, const char *sql, struct error *e);
int database_error(const struct database *database, int code, struct error *e);
int database_remedy(const char *path, int r, struct error *e);
int database_damaged(const struct database *database, const char *why, struct error *e);

/*
 * One change of the database: all of it or nothing, and nobody else's in between.
 *
 *	_cleanup_(transaction_end) struct transaction transaction = { 0 };
 *
 *	r = transaction_begin(&transaction, database, e);
 *	...
 *	r = transaction_commit(&transaction, e);
 *
 * A scope that is left without commit undoes what it did. One that begins while the database is held
 * is a part of the transaction that is open: what it does lasts when that is committed.
 */
struct transaction {
	struct database *database; /* NULL: none is open */
	const char *outer;         /* the function whose transaction it is a part of, or NULL */
	int lock;                  /* valid while one is open; -1 without a lock file */
};

int transaction_begin_at(struct transaction *transaction, struct database *database,
			 const char *function, struct error *e);
int transaction_commit(struct transaction *transaction, struct error *e);
void transaction_end(struct transaction *transaction);

#define transaction_begin(transaction, database, e) \
	transaction_begin_at(transaction, database, __func__, e)

/*
 * One use of a statement. Statements are prepared once for each SQL text, which is static: its
 * address is its identity. Parameters are bound in the order of the calls; what goes wrong before
 * query_step() is said there.
 *
 *	_cleanup_(query_end) struct query query = query_begin(database, sql);
 */
struct query {
	struct database *database;
	sqlite3_stmt *statement;
	int bound;
	int code; /* of sqlite, the first failure */
};

struct query query_begin(struct database *database, const char *sql);
void query_end(struct query *query);

void query_bind_int(struct query *query, int64_t value);
void query_bind_text(struct query *query, const char *text);
void query_bind_blob(struct query *query, const void *bytes, size_t size);
void query_bind_null(struct query *query);
void query_bind_addr(struct query *query, const struct addr *addr);
void query_bind_boot(struct query *query, const uint8_t *boot);
void query_bind_column(struct query *query, const struct query *row, int column);

int query_step(struct query *query, struct error *e);
int query_run(struct query *query, struct error *e);

int64_t query_int(const struct query *query, int column);
bool query_is_null(const struct query *query, int column);
int query_text(const struct query *query, int column, char *text, size_t size, struct error *e);
int query_blob(const struct query *query, int column, void *bytes, size_t size, struct error *e);
int query_addr(const struct query *query, int column, struct addr *ret_addr, struct error *e);
int query_boot(const struct query *query, int column, uint8_t *boot, struct error *e);
