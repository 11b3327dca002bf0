/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ipam/ipam.h"

/* A book in a directory of its own, of which nothing is left after the test. */
struct fixture {
	char directory[64];
	char path[96];
	struct ipam *ipam;
	struct error e;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_reopen(struct fixture *fixture, enum ipam_access access);
void fixture_terms(struct fixture *fixture, uint32_t cooldown, uint32_t rows);
void fixture_sql(const struct fixture *fixture, const char *sql);
int64_t fixture_sql_int(const struct fixture *fixture, const char *sql);

/* Addresses as they would be typed; NULL is none. */
struct ipam_lease request_make(const char *container, const char *host, const char *local);
int fixture_automatic(struct fixture *fixture, const char *container, struct ipam_lease *ret_lease);
int fixture_explicit(struct fixture *fixture, const char *container, const char *host,
		     const char *local);

/* Pools in words. */
struct ipam_range range_read(const char *text);
struct ipam_pool pool_of_words(const char *text);
int fixture_pool(struct fixture *fixture, const char *text);

void assert_pair(const struct ipam_pair *pair, const char *host, const char *local);
void assert_lease_equal(const struct ipam_lease *a, const struct ipam_lease *b);
void assert_error(const struct fixture *fixture, enum error_class class, const char *text,
		  const char *remedy);
void assert_usage(struct fixture *fixture, uint32_t leased, uint32_t blocked);
void assert_pool(struct fixture *fixture, const char *name, uint32_t capacity, uint32_t leased,
		 uint32_t blocked);
void assert_sound(const struct fixture *fixture);
