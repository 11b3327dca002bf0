/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Options are data: a row says how one is written, what it means to a reader and which field of a
 * struct it fills. getopt_long(3), --help and the completions all read the same rows.
 */

enum option_kind {
	OPTION_FLAG,      /* fills a bool */
	OPTION_TEXT,      /* fills a const char *, borrowed from argv; the last one given counts */
	OPTION_DATA,      /* the same, and it may be empty */
	OPTION_LIST,      /* adds to a struct option_list */
	OPTION_PASS,      /* adds to a struct option_passed, as it is, for somebody else */
	OPTION_PASS_PAIR, /* the same, with a second value in the word behind the first */
};

#define OPTION_LIST_MAX 32

/* The values of an option that may be given again, or have several with commas. */
struct option_list {
	const char *values[OPTION_LIST_MAX]; /* borrowed from argv */
	size_t count;
};

#define OPTION_PASSED_MAX 64

/* Options for another program, in the order they were given. Their values may be empty. */
struct option_passed {
	struct {
		const char *name;      /* without the two dashes */
		const char *values[2]; /* borrowed from argv, NULL where there is none */
	} list[OPTION_PASSED_MAX];
	size_t count;
};

struct option_spec {
	const char *name; /* behind the two dashes */
	char letter;      /* behind one dash, or 0 */
	enum option_kind kind;
	size_t offset;        /* of the field it fills */
	const char *argument; /* what its value is called, NULL for a flag */
	const char *help;     /* lower case, no full stop */
};

/* The options of one verb and the struct they fill. */
struct option_table {
	const struct option_spec *specs;
	size_t count;
	size_t size; /* of the struct */
};

#define OPTION_TABLE(rows, type)                                                                 \
	{                                                                                        \
		.specs = (rows), .count = sizeof(rows) / sizeof((rows)[0]), .size = sizeof(type) \
	}

/* A table with the struct to fill, which starts out zero. */
struct option_target {
	const struct option_table *table; /* NULL: no options */
	void *values;
};

enum option_order {
	OPTIONS_ANYWHERE, /* also behind and between the arguments */
	OPTIONS_FIRST,    /* the first argument ends them */
};

#define OPTIONS_MAX 64 /* in all targets together */

int options_parse(int argc, char **argv, const struct option_target *targets, size_t n_targets,
		  enum option_order order, int *ret_index, struct error *e);
