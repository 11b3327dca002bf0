/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The table as nft lists it. */

void assert_listing_of(const char *family, const char *golden_path);
void assert_listing(const char *golden_path);
long long rule_find_in(const char *family, int place, char chain[64]);
long long rule_find(int place, char chain[64]);
