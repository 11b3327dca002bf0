/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Numbers for programs that collect them: as OpenMetrics text (its specification is version 1.0), or as
 * JSON. Samples follow the family they belong to; a family is begun once.
 */

enum metric_type {
	METRIC_GAUGE,   /* how many there are now */
	METRIC_COUNTER, /* how many there have been */
	METRIC_INFO,    /* always 1; the labels tell */
};

struct metric_label {
	const char *name, *value; /* borrowed; the end of a list has no name */
};

/* Where they go. */
struct metric_writer {
	FILE *text;   /* borrowed, or NULL */
	json_t *json; /* an array, borrowed, or NULL */
	const char *name;
	enum metric_type type;
	bool failed; /* no memory */
};

/* @unit: "bytes", which the name ends with, or NULL. */
void metric_family(struct metric_writer *writer, const char *name, enum metric_type type,
		   const char *unit, const char *help);
void metric_sample(struct metric_writer *writer, const struct metric_label *labels, uint64_t value);
void metric_end(struct metric_writer *writer);
