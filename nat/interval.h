/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "nat/nft.h"

/*
 * Intervals of keys, of which sets of names and networks consist: the kernel keeps two elements for
 * each, and the end is the first key that is not in it any more.
 */

#define INTERVAL_KEY_MAX 16

struct interval {
	size_t size; /* bytes of a key */
	uint8_t begin[INTERVAL_KEY_MAX], end[INTERVAL_KEY_MAX];
};

/* Of a link's name, or of all that begin as one that ends in "*". */
struct interval interval_of_link(const char name[IFNAMSIZ]);
struct interval interval_of_prefix(const struct prefix *prefix);

/* The reverse. Return whether an interval is one of these. */
bool interval_link(const struct interval *interval, char ret_name[IFNAMSIZ]);
bool interval_prefix(const struct interval *interval, struct prefix *ret_prefix);

/* Adds to a batch that a set has an interval, or no longer has it. */
void batch_add_interval(struct nft_request *batch, enum nft_action action, const char *set,
			const struct interval *interval);

/* The ends of intervals as a listing brings them, in any order. */
#define INTERVALS_MAX 128

struct interval_ends {
	size_t size; /* bytes of a key */
	bool odd;    /* there is something that is no end of an interval, or too many */
	size_t n_begins, n_ends;
	uint8_t begins[INTERVALS_MAX][INTERVAL_KEY_MAX], ends[INTERVALS_MAX][INTERVAL_KEY_MAX];
};

void interval_ends_take(struct interval_ends *ends, const struct nlattr *element);

/* Puts them together. Returns whether they are whole intervals; those are @ret, in their order. */
bool interval_ends_join(struct interval_ends *ends, struct interval ret[INTERVALS_MAX]);
