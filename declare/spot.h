/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "base/error.h"

/* Where in a declaration we are, for whoever has made a mistake there. */

#define SPOT_TEXT 512

struct spot {
	char path[SPOT_TEXT]; /* containers.NAME.OPTION */
	const char *at;       /* FILE:LINE:COLUMN, borrowed; NULL: not known */
	json_t *within;       /* the places inside, borrowed; NULL: not known */
};

void spot_enter(const struct spot *spot, const char *name, struct spot *ret_spot);
void spot_enter_index(const struct spot *spot, size_t index, struct spot *ret_spot);
int spot_wrong(const struct spot *spot, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int spot_type(const struct spot *spot, json_t *value, const char *wanted, struct error *e);
int spot_unknown(const struct spot *spot, const char *best, struct error *e);
