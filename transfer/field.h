/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "ipam/ipam.h"

/*
 * What documents say of a lease: one table for all formats. The names are those of the columns of
 * "ipam list --json".
 */

#define FIELD_ROOM 256 /* room for a value as text */
#define FIELDS_MAX 16

enum field_kind {
	FIELD_NAME,
	FIELD_STATE,
	FIELD_BRIDGE,
	FIELD_MAC,
	FIELD_ADDR,
	FIELD_PREFIX,
	FIELD_FLAG, /* true or false */
	FIELD_TIME, /* seconds since the epoch */
	FIELD_REASON,
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;      /* in struct ipam_lease */
	sa_family_t family; /* of an address */
};

extern const struct field fields[];
extern const size_t n_fields;

const struct field *field_find(const char *name);
const char *field_put(const struct field *field, const struct ipam_lease *lease,
		      char text[FIELD_ROOM]);
int field_take(const struct field *field, const char *text, struct ipam_lease *lease,
	       struct error *e);
int fields_check(const struct ipam_lease *lease, struct error *e);
