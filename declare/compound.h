/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/suggestion.h"
#include "declare/option.h"

/* Values that have options of their own. */

struct field {
	const char *name;
	json_t *value; /* borrowed; NULL: not given, or null */
};

int fields_read(struct field *fields, size_t count, const struct spot *spot, json_t *value,
		struct error *e);
int field_text(const struct field *field, const struct spot *spot, const char **ret_text,
	       struct error *e);
