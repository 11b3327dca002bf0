/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/option.h"

/*
 * A column is data: what it is called, what it means, and where in a row its value lies. The table,
 * the JSON, -o and the help are all made from one array of them.
 */

/* The type of the field a column shows. */
enum column_kind {
	COLUMN_TEXT,    /* char[] */
	COLUMN_PROSE,   /* the same, and may be cut where there is no room */
	COLUMN_WORD,    /* the same, one word for how it is: it has a tone */
	COLUMN_ADDR,    /* struct addr */
	COLUMN_PREFIX,  /* struct prefix */
	COLUMN_MAC,     /* struct mac */
	COLUMN_FLAG,    /* bool */
	COLUMN_COUNT,   /* uint32_t */
	COLUMN_FAULTS,  /* the same, of what should be none */
	COLUMN_PERCENT, /* uint32_t */
	COLUMN_PACKETS, /* uint64_t */
	COLUMN_BYTES,   /* uint64_t */
	COLUMN_TIME,    /* int64_t, seconds since the epoch */
	COLUMN_STATE,   /* enum ipam_state */
};

/* Whether a column is shown when nobody chose columns. */
enum column_rank {
	COLUMN_EXTRA, /* no */
	COLUMN_USUAL, /* where the terminal is wide enough */
	COLUMN_KEPT,  /* always */
};

struct column {
	const char *name; /* the heading; as a JSON key in lower case with _ for - */
	enum column_kind kind;
	size_t offset; /* of the field in a row */
	enum column_rank rank;
	const char *help; /* lower case, no full stop */
};

/* A kind of table. */
struct listing {
	const char *key; /* of the array in JSON */
	const struct column *columns;
	size_t n_columns;
	size_t row_size;
};

#define COLUMNS_MAX 24
#define COLUMN_CELL 512 /* room for a value as text */

/* Columns in the order they are shown in. */
struct selection {
	const struct column *columns[COLUMNS_MAX];
	size_t count;
	bool chosen; /* by whoever called: none of them is left away */
};

enum selection_default {
	SELECT_STANDARD, /* what fits a screen */
	SELECT_ALL,
};

/* How something is meant; colours, where there are any. */
enum tone {
	TONE_PLAIN,
	TONE_GOOD, /* works */
	TONE_WARN, /* on its way, or soon to be looked after */
	TONE_BAD,  /* does not work */
};

int selection_make(const struct listing *listing, const struct option_list *names,
		   enum selection_default fallback, struct selection *ret_selection,
		   struct error *e);
const char *column_text(const struct column *column, const void *row, char cell[COLUMN_CELL]);
const char *column_key(const struct column *column, char key[32]);
bool column_is_number(const struct column *column);
enum tone column_tone(const struct column *column, const void *row);
