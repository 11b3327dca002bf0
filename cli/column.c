/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/column.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/suggestion.h"
#include "cli/text.h"
#include "ipam/ipam.h"

#define NEARLY_FULL 90 /* percent */

/**
 * column_key - the name of a column as a JSON key
 * @column: borrowed
 * @key: the caller's buffer
 *
 * Returns @key: "HOST-ADDRESS" is host_address.
 */
const char *column_key(const struct column *column, char key[32])
{
	size_t i;

	for (i = 0; i < 31 && column->name[i]; i++)
		key[i] = column->name[i] == '-' ? '_'
						: (char)tolower((unsigned char)column->name[i]);
	key[i] = '\0';
	return key;
}

/**
 * column_is_number - whether its values stand at the right
 * @column: borrowed
 */
bool column_is_number(const struct column *column)
{
	switch (column->kind) {
	case COLUMN_COUNT:
	case COLUMN_FAULTS:
	case COLUMN_PERCENT:
	case COLUMN_PACKETS:
	case COLUMN_BYTES:
		return true;
	case COLUMN_TEXT:
	case COLUMN_PROSE:
	case COLUMN_WORD:
	case COLUMN_ADDR:
	case COLUMN_PREFIX:
	case COLUMN_MAC:
	case COLUMN_FLAG:
	case COLUMN_TIME:
	case COLUMN_STATE:
		break;
	}
	return false;
}

/**
 * word_tone - how a word is meant
 * @word: borrowed
 */
static enum tone word_tone(const char *word)
{
	static const struct {
		const char *word;
		enum tone tone;
	} tones[] = {
		{ "up", TONE_GOOD },        { "attached", TONE_GOOD },   { "published", TONE_GOOD },
		{ "starting", TONE_WARN },  { "stopping", TONE_WARN },   { "cooling", TONE_WARN },
		{ "restart", TONE_WARN },   { "remove", TONE_WARN },     { "note", TONE_WARN },
		{ "failed", TONE_BAD },     { "fail", TONE_BAD },        { "broken", TONE_BAD },
		{ "missing", TONE_BAD },    { "not defined", TONE_BAD }, { "conflict", TONE_BAD },
		{ "doubled", TONE_BAD },    { "foreign", TONE_BAD },     { "leaked", TONE_WARN },
		{ "differing", TONE_WARN }, { "mended", TONE_GOOD },     { "left", TONE_WARN },
		{ "refused", TONE_BAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tones); i++)
		if (strcmp(tones[i].word, word) == 0)
			return tones[i].tone;
	return TONE_PLAIN;
}

/**
 * column_tone - how the value of one column of a row is meant
 * @column: borrowed
 * @row: of the listing the column belongs to, borrowed
 */
enum tone column_tone(const struct column *column, const void *row)
{
	const void *field = (const char *)row + column->offset;

	switch (column->kind) {
	case COLUMN_WORD:
		return word_tone(field);
	case COLUMN_STATE:
		return word_tone(ipam_state_name(*(const enum ipam_state *)field));
	case COLUMN_FAULTS:
		return *(const uint32_t *)field ? TONE_BAD : TONE_PLAIN;
	case COLUMN_PERCENT:
		if (*(const uint32_t *)field >= 100)
			return TONE_BAD;
		return *(const uint32_t *)field >= NEARLY_FULL ? TONE_WARN : TONE_PLAIN;
	case COLUMN_TEXT:
	case COLUMN_PROSE:
	case COLUMN_ADDR:
	case COLUMN_PREFIX:
	case COLUMN_MAC:
	case COLUMN_FLAG:
	case COLUMN_COUNT:
	case COLUMN_PACKETS:
	case COLUMN_BYTES:
	case COLUMN_TIME:
		break;
	}
	return TONE_PLAIN;
}

/**
 * column_text - the value of one column of a row, for people
 * @column: borrowed
 * @row: of the listing the column belongs to, borrowed
 * @cell: the caller's buffer
 *
 * Returns @cell; "" where there is no value.
 */
const char *column_text(const struct column *column, const void *row, char cell[COLUMN_CELL])
{
	const void *field = (const char *)row + column->offset;

	cell[0] = '\0';
	switch (column->kind) {
	case COLUMN_TEXT:
	case COLUMN_PROSE:
	case COLUMN_WORD:
		(void)snprintf(cell, COLUMN_CELL, "%s", (const char *)field);
		break;
	case COLUMN_ADDR:
		if (addr_is_set(field))
			addr_format(field, cell);
		break;
	case COLUMN_PREFIX:
		if (addr_is_set(&((const struct prefix *)field)->addr))
			prefix_format(field, cell);
		break;
	case COLUMN_MAC:
		if (mac_is_set(field))
			mac_format(field, cell);
		break;
	case COLUMN_FLAG:
		(void)snprintf(cell, COLUMN_CELL, "%s", *(const bool *)field ? "yes" : "no");
		break;
	case COLUMN_COUNT:
	case COLUMN_FAULTS:
	case COLUMN_PERCENT:
		(void)snprintf(cell, COLUMN_CELL, "%" PRIu32 "%s", *(const uint32_t *)field,
			       column->kind == COLUMN_PERCENT ? "%" : "");
		break;
	case COLUMN_PACKETS:
		(void)snprintf(cell, COLUMN_CELL, "%" PRIu64, *(const uint64_t *)field);
		break;
	case COLUMN_BYTES:
		text_bytes(*(const uint64_t *)field, cell);
		break;
	case COLUMN_TIME:
		if (*(const int64_t *)field)
			text_time(*(const int64_t *)field, cell);
		break;
	case COLUMN_STATE:
		(void)snprintf(cell, COLUMN_CELL, "%s",
			       ipam_state_name(*(const enum ipam_state *)field));
		break;
	}
	return cell;
}

/**
 * column_find - look a column up by its heading or its JSON key
 * @listing: borrowed
 * @name: as typed, in any case, borrowed
 * @e: names it when there is none
 *
 * Returns the column, or NULL.
 */
static const struct column *column_find(const struct listing *listing, const char *name,
					struct error *e)
{
	struct suggestion suggestion;
	char upper[32] = "", key[32];

	for (size_t i = 0; i < sizeof(upper) - 1 && name[i]; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	suggestion_init(&suggestion, upper);
	for (size_t i = 0; i < listing->n_columns; i++) {
		const struct column *column = &listing->columns[i];

		if (strcasecmp(column->name, name) == 0 ||
		    strcasecmp(column_key(column, key), name) == 0)
			return column;
		suggestion_try(&suggestion, column->name);
	}
	if (suggestion.best)
		(void)error_set(e, ERROR_USAGE, EINVAL,
				"there is no column '%s'; did you mean '%s'?", name,
				suggestion.best);
	else
		(void)error_set(e, ERROR_USAGE, EINVAL,
				"there is no column '%s'; --help names them", name);
	return NULL;
}

/**
 * selection_make - choose the columns to show
 * @listing: borrowed
 * @names: what was typed; none: the fallback counts
 * @fallback: which columns then
 * @ret_selection: the columns, borrowed from @listing
 * @e: names a column there is not
 *
 * Returns 0, or -EINVAL with class ERROR_USAGE.
 */
int selection_make(const struct listing *listing, const struct option_list *names,
		   enum selection_default fallback, struct selection *ret_selection,
		   struct error *e)
{
	struct selection selection = { .chosen = names && names->count };

	for (size_t i = 0; names && i < names->count; i++) {
		const struct column *column = column_find(listing, names->values[i], e);

		if (!column)
			return -EINVAL;
		if (selection.count == COLUMNS_MAX)
			return error_set(e, ERROR_USAGE, E2BIG, "more than %d columns",
					 COLUMNS_MAX);
		selection.columns[selection.count++] = column;
	}
	if (selection.count == 0)
		for (size_t i = 0; i < listing->n_columns && i < COLUMNS_MAX; i++)
			if (listing->columns[i].rank != COLUMN_EXTRA || fallback == SELECT_ALL)
				selection.columns[selection.count++] = &listing->columns[i];
	*ret_selection = selection;
	return 0;
}
