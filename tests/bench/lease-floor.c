/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sqlite charges for a lease, in a process of its own: the address book's promises without the
 * address book. The database, not C, forbids that a name, a slot or an address is given twice, the
 * lease is on the disk when the process ends, and nothing else is done: no definition is read or
 * written, nobody waits for anybody.
 *
 *	lease-floor make PATH	an empty book in a file that is not there
 *	lease-floor lease PATH	the next pair of addresses for one more container
 *	lease-floor loop PATH	5,000 of them in this process; the median of the last 1,000, in us
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOP   5000
#define SAMPLE 1000
#define STEPS  16 /* more than there are in a change */

/* The tables of the address book that a lease is written to, with what they forbid. */
static const char tables[] =
	"CREATE TABLE pool (id INTEGER PRIMARY KEY, rover INTEGER NOT NULL) STRICT;"
	"CREATE TABLE container (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	"	since INTEGER NOT NULL) STRICT;"
	"CREATE TABLE lease (container INTEGER NOT NULL REFERENCES container,"
	"	family INTEGER NOT NULL, pool INTEGER REFERENCES pool, slot INTEGER,"
	"	PRIMARY KEY (container, family), UNIQUE (pool, slot)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE address (addr BLOB NOT NULL PRIMARY KEY, container INTEGER NOT NULL,"
	"	family INTEGER NOT NULL, end TEXT NOT NULL, UNIQUE (container, family, end),"
	"	FOREIGN KEY (container, family) REFERENCES lease) STRICT, WITHOUT ROWID;"
	"INSERT INTO pool VALUES (1, 0);";

/* Which mode is durable is told in ipam/database.c. */
static const char modes[] = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
			    "PRAGMA journal_mode = PERSIST;";

/* One lease; the slot stands for the number of the container too. */
static const char change[] =
	"BEGIN IMMEDIATE;"
	"UPDATE pool SET rover = rover + 1 WHERE id = 1;"
	"INSERT INTO container SELECT rover, 'c' || rover, unixepoch() FROM pool WHERE id = 1;"
	"INSERT INTO lease SELECT rover, 4, 1, rover FROM pool WHERE id = 1;"
	"INSERT INTO address SELECT CAST('h' || rover AS BLOB), rover, 4, 'host' FROM pool"
	"	WHERE id = 1;"
	"INSERT INTO address SELECT CAST('l' || rover AS BLOB), rover, 4, 'local' FROM pool"
	"	WHERE id = 1;"
	"COMMIT;";

/**
 * double_compare - order for qsort()
 * @a, @b: addresses of numbers
 */
static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * change_prepare - prepare the statements of a change
 * @sqlite: borrowed
 * @steps: filled, then NULL
 *
 * Returns sqlite's code.
 */
static int change_prepare(sqlite3 *sqlite, sqlite3_stmt *steps[STEPS])
{
	const char *sql = change;
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && *sql && i + 1 < STEPS; i++)
		code = sqlite3_prepare_v2(sqlite, sql, -1, &steps[i], &sql);
	return code;
}

/**
 * change_run - one lease, with prepared statements
 * @steps: of change_prepare()
 * @us: what it took
 *
 * Returns sqlite's code.
 */
static int change_run(sqlite3_stmt *const steps[STEPS], double *us)
{
	struct timespec start, end;
	int code = SQLITE_OK;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; code == SQLITE_OK && steps[i]; i++) {
		(void)sqlite3_step(steps[i]);
		code = sqlite3_reset(steps[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	*us = (double)(end.tv_sec - start.tv_sec) * 1e6 +
	      (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	return code;
}

/**
 * change_loop - many leases in one process, each in a transaction of its own; print what one takes
 * @sqlite: borrowed
 *
 * Returns sqlite's code.
 */
static int change_loop(sqlite3 *sqlite)
{
	static double samples[LOOP];
	sqlite3_stmt *steps[STEPS] = { NULL };
	int code = change_prepare(sqlite, steps);

	for (size_t i = 0; code == SQLITE_OK && i < LOOP; i++)
		code = change_run(steps, &samples[i]);
	for (size_t i = 0; i < STEPS; i++)
		sqlite3_finalize(steps[i]);
	qsort(samples + LOOP - SAMPLE, SAMPLE, sizeof(samples[0]), double_compare);
	if (code == SQLITE_OK)
		printf("%.1f\n", samples[LOOP - SAMPLE / 2]);
	return code;
}

/**
 * main - see the head of this file
 * @argc, @argv: words
 */
int main(int argc, char **argv)
{
	const char *verb = argc == 3 ? argv[1] : "";
	sqlite3 *sqlite = NULL;
	int code = SQLITE_MISUSE;

	if (argc == 3)
		code = sqlite3_open(argv[2], &sqlite);
	if (code == SQLITE_OK)
		code = sqlite3_exec(sqlite, modes, NULL, NULL, NULL);
	if (code == SQLITE_OK && strcmp(verb, "make") == 0)
		code = sqlite3_exec(sqlite, tables, NULL, NULL, NULL);
	else if (code == SQLITE_OK && strcmp(verb, "lease") == 0)
		code = sqlite3_exec(sqlite, change, NULL, NULL, NULL);
	else if (code == SQLITE_OK && strcmp(verb, "loop") == 0)
		code = change_loop(sqlite);
	else if (code == SQLITE_OK)
		code = SQLITE_MISUSE;
	if (code != SQLITE_OK)
		fprintf(stderr, "lease-floor make|lease|loop PATH: %s\n", sqlite3_errstr(code));
	if (sqlite3_close(sqlite) != SQLITE_OK)
		code = SQLITE_BUSY;
	return code == SQLITE_OK ? 0 : 1;
}
