/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/pool.h"

/* Which addresses of its network a pool gives out. They are counted from that of the network. */

#define POOL_RANGES_TEXT (IPAM_RANGES_MAX * sizeof("4294967295-4294967295"))

int ranges_parse(const char *text, struct pool *pool);
void ranges_format(const struct pool *pool, char text[POOL_RANGES_TEXT]);
void ranges_classic(struct pool *pool);
bool ranges_add(struct pool *pool, int64_t first, int64_t last);
bool ranges_cut(struct pool *pool, uint32_t first, uint32_t last);
bool ranges_move(struct pool *pool, const struct prefix *network);
struct range network_usable(const struct prefix *prefix);
