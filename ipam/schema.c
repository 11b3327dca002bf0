/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

/*
 * Theory of operation
 *
 * lease has one row for each container or name that holds something: its addresses, of which
 * pool4 and pool6 say whether they were taken from a pool or chosen by somebody. address has one row
 * for each of these addresses, at whichever end; its key forbids that one is leased twice. Triggers
 * write it, so that nobody can have an address that is not entered there. No foreign key says the
 * same: for that sqlite would want an index more, which each lease would have to pay for.
 *
 * A slot is a pair of addresses of a pool, numbered in the order they are given out; of a pool of
 * single addresses it is one. ranges has the offsets in the network that slots are made of
 * (ranges.c), and is empty for the order of nixos-container. Slots below rover have been given out or
 * passed over, those behind it wait for their first time unless they are somebody's or vacant. A slot
 * that was in use and is not any more stands in vacant, where turn says in which order they come, and
 * clock, since when it is cooling: seconds of CLOCK_BOOTTIME in that boot, null when it does not.
 * A slot one of whose addresses somebody chose is blocked. leased and blocked are counted in the row
 * of the pool, which every change writes anyway.
 *
 * history only grows at its end and is cut at its beginning, so that a row more costs one page,
 * mostly the same. For want of an index a question about it reads all of it.
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

	/*
	 * States, and room for pools of other kinds. What a container holds is one row, whose addresses
	 * triggers enter in address.
	 */
	"ALTER TABLE lease RENAME TO lease1;"
	"ALTER TABLE address RENAME TO address1;"
	"ALTER TABLE pool ADD COLUMN kind TEXT NOT NULL DEFAULT 'pair'"
	"	CHECK (kind IN ('pair', 'subnet'));"
	"ALTER TABLE pool ADD COLUMN bridge TEXT NOT NULL DEFAULT '' CHECK (length(bridge) < 16);"
	"ALTER TABLE pool ADD COLUMN gateway BLOB CHECK (length(gateway) = length(network));"
	"ALTER TABLE pool ADD COLUMN ranges TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE pool ADD COLUMN draining INTEGER NOT NULL DEFAULT 0 CHECK (draining IN (0, "
	"1));"
	"CREATE TABLE lease ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	state TEXT NOT NULL CHECK (state IN ('reserved', 'bound')),"
	"	reason TEXT NOT NULL CHECK (length(reason) < 128),"
	"	since INTEGER NOT NULL,"
	"	boot BLOB CHECK (length(boot) = 16),"
	"	bridge TEXT NOT NULL DEFAULT '' CHECK (length(bridge) < 16),"
	"	mac BLOB UNIQUE CHECK (length(mac) = 6),"
	"	pool4 INTEGER REFERENCES pool,"
	"	host4 BLOB CHECK (length(host4) = 4),"
	"	local4 BLOB CHECK (length(local4) = 4),"
	"	length4 INTEGER CHECK (length4 BETWEEN 0 AND 32),"
	"	pool6 INTEGER REFERENCES pool,"
	"	host6 BLOB CHECK (length(host6) = 16),"
	"	local6 BLOB CHECK (length(local6) = 16),"
	"	length6 INTEGER CHECK (length6 BETWEEN 0 AND 128),"
	"	CHECK ((local4 IS NULL) = (length4 IS NULL)),"
	"	CHECK ((local6 IS NULL) = (length6 IS NULL)),"
	"	CHECK (local4 IS NOT NULL OR (host4 IS NULL AND pool4 IS NULL)),"
	"	CHECK (local6 IS NOT NULL OR (host6 IS NULL AND pool6 IS NULL))"
	") STRICT;"
	"CREATE TABLE address ("
	"	addr BLOB NOT NULL PRIMARY KEY CHECK (length(addr) IN (4, 16)),"
	"	lease INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER lease_enter AFTER INSERT ON lease BEGIN"
	"	INSERT INTO address SELECT new.host4, new.id WHERE new.host4 IS NOT NULL;"
	"	INSERT INTO address SELECT new.local4, new.id WHERE new.local4 IS NOT NULL;"
	"	INSERT INTO address SELECT new.host6, new.id WHERE new.host6 IS NOT NULL;"
	"	INSERT INTO address SELECT new.local6, new.id WHERE new.local6 IS NOT NULL;"
	"END;"
	"CREATE TRIGGER lease_change AFTER UPDATE OF id, host4, local4, host6, local6 ON lease"
	"	WHEN old.host4 IS NOT new.host4 OR old.local4 IS NOT new.local4 OR"
	"		old.host6 IS NOT new.host6 OR old.local6 IS NOT new.local6 OR old.id <> "
	"new.id"
	" BEGIN"
	"	DELETE FROM address WHERE addr = old.host4;"
	"	DELETE FROM address WHERE addr = old.local4;"
	"	DELETE FROM address WHERE addr = old.host6;"
	"	DELETE FROM address WHERE addr = old.local6;"
	"	INSERT INTO address SELECT new.host4, new.id WHERE new.host4 IS NOT NULL;"
	"	INSERT INTO address SELECT new.local4, new.id WHERE new.local4 IS NOT NULL;"
	"	INSERT INTO address SELECT new.host6, new.id WHERE new.host6 IS NOT NULL;"
	"	INSERT INTO address SELECT new.local6, new.id WHERE new.local6 IS NOT NULL;"
	"END;"
	"CREATE TRIGGER lease_leave AFTER DELETE ON lease BEGIN"
	"	DELETE FROM address WHERE addr = old.host4;"
	"	DELETE FROM address WHERE addr = old.local4;"
	"	DELETE FROM address WHERE addr = old.host6;"
	"	DELETE FROM address WHERE addr = old.local6;"
	"END;"
	"INSERT INTO lease (id, name, state, reason, since, mac,"
	"	pool4, host4, local4, length4, pool6, host6, local6, length6)"
	" SELECT c.id, c.name, 'bound', '', c.since, c.mac,"
	"	l4.pool, h4.addr, a4.addr, a4.length, l6.pool, h6.addr, a6.addr, a6.length"
	" FROM container c"
	" LEFT JOIN lease1 l4 ON l4.container = c.id AND l4.family = 4"
	" LEFT JOIN lease1 l6 ON l6.container = c.id AND l6.family = 6"
	" LEFT JOIN address1 h4 ON h4.container = c.id AND h4.family = 4 AND h4.end = 'host'"
	" LEFT JOIN address1 a4 ON a4.container = c.id AND a4.family = 4 AND a4.end = 'local'"
	" LEFT JOIN address1 h6 ON h6.container = c.id AND h6.family = 6 AND h6.end = 'host'"
	" LEFT JOIN address1 a6 ON a6.container = c.id AND a6.family = 6 AND a6.end = 'local';"
	"DROP TABLE address1;"
	"DROP TABLE lease1;"
	"DROP TABLE container;"
	"ALTER TABLE vacant ADD COLUMN clock INTEGER;"
	"ALTER TABLE vacant ADD COLUMN boot BLOB CHECK (length(boot) = 16);"
	"ALTER TABLE vacant ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE vacant ADD COLUMN name TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE vacant ADD COLUMN reason TEXT NOT NULL DEFAULT '';",

	"CREATE TABLE history ("
	"	id INTEGER PRIMARY KEY,"
	"	time INTEGER NOT NULL,"
	"	boot BLOB CHECK (length(boot) = 16),"
	"	act TEXT NOT NULL,"
	"	name TEXT NOT NULL,"
	"	pool TEXT NOT NULL,"
	"	host4 BLOB, local4 BLOB, host6 BLOB, local6 BLOB,"
	"	uid INTEGER NOT NULL,"
	"	command TEXT NOT NULL,"
	"	unit TEXT NOT NULL,"
	"	reason TEXT NOT NULL"
	") STRICT;",
};

/**
 * schema_current - which version the tables have that this program knows
 */
int schema_current(void)
{
	return (int)ARRAY_SIZE(steps);
}

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
