/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "ipam/book.h"
#include "ipam/image.h"

/* What must hold beyond what the tables themselves forbid: each counts what does not. */
static const struct {
	const char *sql;
	const char *what;
} rules[] = {
	{ "SELECT count(*) FROM address a LEFT JOIN lease l ON l.id = a.lease WHERE l.id IS NULL OR"
	  " NOT (a.addr IS l.host4 OR a.addr IS l.local4 OR a.addr IS l.host6 OR"
	  " a.addr IS l.local6)",
	  "an address is entered that its lease does not have" },
	{ "SELECT (SELECT count(host4) + count(local4) + count(host6) + count(local6) FROM lease)"
	  " - (SELECT count(*) FROM address)",
	  "a lease has an address that is not entered" },
	{ "SELECT count(*) FROM pool p WHERE leased <>"
	  " (SELECT count(*) FROM lease WHERE pool4 = p.id OR pool6 = p.id)",
	  "a pool has counted its leases wrongly" },
};

/**
 * ipam_verify - look whether the whole book can be trusted
 * @ipam: borrowed
 * @e: says what is wrong, and what mends it
 *
 * Reads all of it, where other calls notice only what they come across.
 *
 * Returns 0, -EUCLEAN or another -errno.
 */
int ipam_verify(struct ipam *ipam, struct error *e)
{
	struct database *database = &ipam->database;
	int r = image_check(database, e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++) {
		_cleanup_(query_end) struct query query = query_begin(database, rules[i].sql);

		r = query_step(&query, e);
		if (r > 0)
			r = query_int(&query, 0) == 0
				    ? 0
				    : database_damaged(database, rules[i].what, e);
	}
	return r;
}
