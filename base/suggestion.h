/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>

/* "Did you mean": the nearest of some words to one that was mistyped. */
struct suggestion {
	const char *word;  /* as typed, borrowed */
	const char *best;  /* the nearest candidate, borrowed; NULL when none is near */
	unsigned distance; /* of best; what a better one must stay below */
};

void suggestion_init(struct suggestion *suggestion, const char *word);
int suggestion_try(struct suggestion *suggestion, const char *candidate);
unsigned suggestion_distance(const char *a, const char *b);
bool suggestion_link(const char *word, char ret_name[IFNAMSIZ]);
