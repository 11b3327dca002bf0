/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listing.h"

#include "world.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/** mask_counters - make all values in a listing 0 */
static void mask_counters(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		bool value = isdigit((unsigned char)*from) && from - text >= 8 &&
			     (strncmp(from - 8, "packets ", 8) == 0 ||
			      strncmp(from - 6, "bytes ", 6) == 0);

		*to++ = value ? '0' : *from;
		from += value ? strspn(from, "0123456789") : 1;
	}
	*to = '\0';
}

/** assert_listing_of - nft shows the table of a family as documented */
void assert_listing_of(const char *family, const char *golden_path)
{
	_cleanup_(freep) char *listing = NULL;
	_cleanup_(freep) char *golden = NULL;
	char command[64];
	size_t length;

	(void)snprintf(command, sizeof(command), "nft list table %s nixctr-net", family);
	listing = output_of(command);
	mask_counters(listing);
	assert_int_equal(file_read(golden_path, 65536, &golden, &length, NULL), 0);
	assert_string_equal(listing, golden);
}

/** assert_listing - nft shows the table as documented */
void assert_listing(const char *golden_path)
{
	assert_listing_of("inet", golden_path);
}

/**
 * rule_find_in - the handle of a rule by its place in the listing of a family's table, as nft tells
 * it, and in which chain it is; -1 when there are no so many
 */
long long rule_find_in(const char *family, int place, char chain[64])
{
	_cleanup_(freep) char *text = NULL;
	json_t *root, *entry;
	char command[64];
	size_t index;
	long long handle = -1;

	(void)snprintf(command, sizeof(command), "nft -j -a list table %s nixctr-net", family);
	text = output_of(command);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	json_array_foreach(json_object_get(root, "nftables"), index, entry)
	{
		json_t *rule = json_object_get(entry, "rule");

		if (!rule || place-- != 0)
			continue;
		handle = json_integer_value(json_object_get(rule, "handle"));
		(void)snprintf(chain, 64, "%s", json_string_value(json_object_get(rule, "chain")));
	}
	json_decref(root);
	return handle;
}

/** rule_find - the same of the table that every host has */
long long rule_find(int place, char chain[64])
{
	return rule_find_in("inet", place, chain);
}
