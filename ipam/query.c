/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "ipam/database.h"
#include "ipam/ipam.h"

/**
 * query_begin - take the statement of an SQL text, preparing it if it is the first time
 * @database: borrowed until the end
 * @sql: one statement, static
 *
 * Returns a query whose parameters are all null; it is not in use elsewhere.
 */
struct query query_begin(struct database *database, const char *sql)
{
	struct query query = { .database = database };
	size_t i = 0;

	while (i < database->n_statements && database->statements[i].sql != sql)
		i++;
	if (i < database->n_statements) {
		query.statement = database->statements[i].statement;
		return query;
	}
	if (i == DATABASE_STATEMENTS) {
		query.code = SQLITE_TOOBIG;
		return query;
	}
	query.code = sqlite3_prepare_v3(database->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT,
					&query.statement, NULL);
	if (query.code == SQLITE_OK) {
		database->statements[i].sql = sql;
		database->statements[i].statement = query.statement;
		database->n_statements++;
	}
	return query;
}

/**
 * query_end - let the statement go, ready for its next use
 * @query: from query_begin(), or all zero
 */
void query_end(struct query *query)
{
	if (query->statement) {
		(void)sqlite3_reset(query->statement);
		(void)sqlite3_clear_bindings(query->statement);
	}
	*query = (struct query){ 0 };
}

/**
 * query_note - remember the first failure of a query
 * @query: changed
 * @code: sqlite's result
 */
static void query_note(struct query *query, int code)
{
	if (query->code == SQLITE_OK)
		query->code = code;
}

/**
 * query_bind_int - the next parameter is a number
 * @query: changed
 * @value: the number
 */
void query_bind_int(struct query *query, int64_t value)
{
	query_note(query, sqlite3_bind_int64(query->statement, ++query->bound, value));
}

/**
 * query_bind_text - the next parameter is a text
 * @query: changed
 * @text: borrowed until query_end()
 */
void query_bind_text(struct query *query, const char *text)
{
	query_note(query,
		   sqlite3_bind_text(query->statement, ++query->bound, text, -1, SQLITE_STATIC));
}

/**
 * query_bind_blob - the next parameter is a string of bytes
 * @query: changed
 * @bytes, @size: borrowed until query_end()
 */
void query_bind_blob(struct query *query, const void *bytes, size_t size)
{
	query_note(query, sqlite3_bind_blob64(query->statement, ++query->bound, bytes, size,
					      SQLITE_STATIC));
}

/**
 * query_bind_null - the next parameter is null, as all are to begin with
 * @query: changed
 */
void query_bind_null(struct query *query)
{
	query->bound++;
}

/**
 * query_bind_addr - the next parameter is an address: its 4 or 16 bytes, or null when there is none
 * @query: changed
 * @addr: borrowed until query_end()
 */
void query_bind_addr(struct query *query, const struct addr *addr)
{
	if (addr_is_set(addr))
		query_bind_blob(query, addr->bytes, addr_size(addr));
	else
		query_bind_null(query);
}

/**
 * query_bind_boot - the next parameter is a boot id, or null when it is not known
 * @query: changed
 * @boot: of IPAM_BOOT_SIZE bytes, borrowed until query_end()
 */
void query_bind_boot(struct query *query, const uint8_t *boot)
{
	static const uint8_t unknown[IPAM_BOOT_SIZE];

	if (memcmp(boot, unknown, sizeof(unknown)) != 0)
		query_bind_blob(query, boot, IPAM_BOOT_SIZE);
	else
		query_bind_null(query);
}

/**
 * query_bind_column - the next parameter is a column of another query
 * @query: changed
 * @row: at a row, borrowed until then only
 * @column: from 0
 */
void query_bind_column(struct query *query, const struct query *row, int column)
{
	query_note(query, sqlite3_bind_value(query->statement, ++query->bound,
					     sqlite3_column_value(row->statement, column)));
}

/**
 * query_step - go on to the next row of the result
 * @query: changed
 * @e: filled on failure, also of what came before
 *
 * Returns 1 when there is a row, 0 when there is none, or -errno.
 */
int query_step(struct query *query, struct error *e)
{
	if (query->code == SQLITE_OK || query->code == SQLITE_ROW)
		query->code = sqlite3_step(query->statement);
	if (query->code == SQLITE_ROW)
		return 1;
	return query->code == SQLITE_DONE ? 0 : database_error(query->database, query->code, e);
}

/**
 * query_run - run a statement for its effect
 * @query: changed
 * @e: filled on failure, also of what came before
 *
 * Returns 0, -EEXIST when something unique is there already, or another -errno.
 */
int query_run(struct query *query, struct error *e)
{
	int r = query_step(query, e);

	return r < 0 ? r : 0;
}

/**
 * query_int - a number of the row
 * @query: at a row
 * @column: from 0
 */
int64_t query_int(const struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

/**
 * query_is_null - whether there is nothing in a column of the row
 * @query: at a row
 * @column: from 0
 */
bool query_is_null(const struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

/**
 * query_text - a text of the row
 * @query: at a row
 * @column: from 0
 * @text: the caller's buffer
 * @size: its size; a longer text means that the file is damaged
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
int query_text(const struct query *query, int column, char *text, size_t size, struct error *e)
{
	const unsigned char *value = sqlite3_column_text(query->statement, column);
	size_t length = (size_t)sqlite3_column_bytes(query->statement, column);

	if (!value || length >= size)
		return database_damaged(query->database, "a name does not fit", e);
	memcpy(text, value, length);
	text[length] = '\0';
	return 0;
}

/**
 * query_blob - bytes of the row
 * @query: at a row
 * @column: from 0
 * @bytes: the caller's buffer
 * @size: how many there must be
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
int query_blob(const struct query *query, int column, void *bytes, size_t size, struct error *e)
{
	const void *value = sqlite3_column_blob(query->statement, column);

	if (!value || (size_t)sqlite3_column_bytes(query->statement, column) != size)
		return database_damaged(query->database, "a value has the wrong length", e);
	memcpy(bytes, value, size);
	return 0;
}

/**
 * query_addr - an address of the row
 * @query: at a row
 * @column: from 0
 * @ret_addr: its family is that of its length; none where there is nothing
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
int query_addr(const struct query *query, int column, struct addr *ret_addr, struct error *e)
{
	int size = sqlite3_column_bytes(query->statement, column);
	struct addr addr = { .family = size == 4 ? AF_INET : AF_INET6 };
	int r;

	if (query_is_null(query, column)) {
		*ret_addr = (struct addr){ 0 };
		return 0;
	}
	r = query_blob(query, column, addr.bytes, addr_size(&addr), e);
	if (r == 0)
		*ret_addr = addr;
	return r;
}

/**
 * query_boot - a boot id of the row
 * @query: at a row
 * @column: from 0
 * @boot: filled; all zero where it is not known
 * @e: filled on failure
 *
 * Returns 0 or -EUCLEAN.
 */
int query_boot(const struct query *query, int column, uint8_t *boot, struct error *e)
{
	memset(boot, 0, IPAM_BOOT_SIZE);
	return query_is_null(query, column) ? 0
					    : query_blob(query, column, boot, IPAM_BOOT_SIZE, e);
}
