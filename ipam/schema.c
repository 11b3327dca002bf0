/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

/*
 * Theory of operation
 *
 * address says who has which address, at which end; its key forbids that one is leased twice. The
 * addresses of one family that a container holds are a lease; it names the slot of the pool it
 * was taken from, or none when somebody chose the addresses.
 *
 * A slot is a pair of addresses of a pool, numbered in the order they are given out. From rover on
 * slots have not been given out. A slot that was in use and is not any more stands in vacant, where
 * turn says since when. A slot one of whose addresses somebody chose is blocked. leased and blocked
 * are counted in the row of the pool, which every change writes anyway.
 */

#define APPLICATION_ID 0x6e786970 /* "nxip", in the header of the file */

/*
 * Step n leads from version n to n + 1. Steps are never changed or taken away once released: a new
 * one is put at the end.
 */
static const char *const steps[] = {
	"CREATE TABLE pool ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	network BLOB NOT NULL CHECK (length(network) IN (4, 16)),"
	"	length INTEGER NOT NULL CHECK (length BETWEEN 0 AND 8 * length(network)),"
	"	capacity INTEGER NOT NULL,"
	"	rover INTEGER NOT NULL DEFAULT 0,"
	"	leased INTEGER NOT NULL DEFAULT 0,"
	"	blocked INTEGER NOT NULL DEFAULT 0,"
	"	CHECK (rover BETWEEN 0 AND capacity),"
	"	CHECK (leased >= 0 AND blocked >= 0 AND leased + blocked <= capacity)"
	") STRICT;"
	"CREATE TABLE container ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	mac BLOB UNIQUE CHECK (length(mac) = 6),"
	"	since INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE lease ("
	"	container INTEGER NOT NULL REFERENCES container,"
	"	family INTEGER NOT NULL CHECK (family IN (4, 6)),"
	"	pool INTEGER REFERENCES pool,"
	"	slot INTEGER,"
	"	PRIMARY KEY (container, family),"
	"	UNIQUE (pool, slot),"
	"	CHECK ((pool IS NULL) = (slot IS NULL))"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE address ("
	"	addr BLOB NOT NULL PRIMARY KEY,"
	"	container INTEGER NOT NULL,"
	"	family INTEGER NOT NULL,"
	"	end TEXT NOT NULL CHECK (end IN ('host', 'local')),"
	"	length INTEGER NOT NULL CHECK (length BETWEEN 0 AND 8 * length(addr)),"
	"	UNIQUE (container, family, end),"
	"	FOREIGN KEY (container, family) REFERENCES lease,"
	"	CHECK (length(addr) = CASE family WHEN 4 THEN 4 ELSE 16 END)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE vacant ("
	"	pool INTEGER NOT NULL REFERENCES pool,"
	"	turn INTEGER NOT NULL,"
	"	slot INTEGER NOT NULL,"
	"	PRIMARY KEY (pool, turn),"
	"	UNIQUE (pool, slot)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO pool (name, network, length, capacity)"
	"	VALUES ('default', x'0ae90000', 16, 254 * 127);",
};

/**
 * schema_version - which version the tables of a database have
 * @database: borrowed
 * @e: says that the file is not ours, or newer than this program
 *
 * Returns the version, 0 when there are no tables, -EUCLEAN, -EPROTO for a newer one, or another
 * -errno.
 */
int schema_version(struct database *database, struct error *e)
{
	static const char sql[] =
		"SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
		" FROM pragma_application_id, pragma_user_version";
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	int64_t application, version, objects;
	int r = query_step(&query, e);

	if (r < 0)
		return r;
	application = query_int(&query, 0);
	version = query_int(&query, 1);
	objects = query_int(&query, 2);
	if (application == 0 && version == 0 && objects == 0)
		return 0;
	if (application != APPLICATION_ID || version <= 0)
		return database_error(database, SQLITE_NOTADB, e);
	if (version > (int64_t)ARRAY_SIZE(steps)) {
		r = error_set(e, ERROR_FAILED, EPROTO,
			      "address book %s has version %lld, this program knows up to %zu",
			      database->path, (long long)version, ARRAY_SIZE(steps));
		return error_remedy(e, r, "install a newer nixctr-net");
	}
	return (int)version;
}

/**
 * schema_upgrade - bring the tables of a database to the version of this program
 * @database: borrowed
 * @e: filled on failure
 *
 * The usual case, where they have it, changes nothing and takes no lock.
 *
 * Returns 0 when they had it, 1 when steps were done, or -errno.
 */
int schema_upgrade(struct database *database, struct error *e)
{
	_cleanup_(transaction_end) struct transaction transaction = { 0 };
	char stamp[96];
	int r = schema_version(database, e);

	if (r < 0 || r == (int)ARRAY_SIZE(steps))
		return r < 0 ? r : 0;
	r = transaction_begin(&transaction, database, e);
	if (r < 0)
		return r;
	/* Somebody may have done it while we waited. */
	r = schema_version(database, e);
	if (r < 0 || r == (int)ARRAY_SIZE(steps))
		return r < 0 ? r : 0;
	for (size_t i = (size_t)r; i < ARRAY_SIZE(steps); i++) {
		r = database_run(database, steps[i], e);
		if (r < 0)
			return r;
	}
	(void)snprintf(stamp, sizeof(stamp),
		       "PRAGMA application_id = %d; PRAGMA user_version = %zu;", APPLICATION_ID,
		       ARRAY_SIZE(steps));
	r = database_run(database, stamp, e);
	if (r < 0)
		return r;
	r = transaction_commit(&transaction, e);
	return r < 0 ? r : 1;
}
