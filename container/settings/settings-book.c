/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/settings/settings-book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "ipam/ipam.h"

/**
 * settings_default - what holds where no file says anything
 */
struct settings settings_default(void)
{
	const struct ipam_terms terms = IPAM_TERMS_DEFAULT;

	return (struct settings){ .cooldown = terms.cooldown,
				  .history_rows = terms.history_rows,
				  .history_days = terms.history_days };
}

/**
 * number_parse - read a number that is not negative
 * @text: borrowed
 * @most: the greatest that makes sense
 * @ret_number: the number
 *
 * Returns 0 or -EINVAL.
 */
static int number_parse(const char *text, uint32_t most, uint32_t *ret_number)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*end || errno || number > most)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

/**
 * settings_take_book - take one line of the section
 * @settings: changed
 * @path: of the file, borrowed
 * @key, @value: the line, borrowed
 * @e: says what the value should be
 *
 * An unknown line is reported and passed over, as in other sections.
 *
 * Returns 0 or -EINVAL.
 */
int settings_take_book(struct settings *settings, const char *path, const char *key,
		       const char *value, struct error *e)
{
	const struct {
		const char *key, *unit;
		uint32_t *field;
		uint32_t most;
	} numbers[] = {
		{ "cooldown", "seconds", &settings->cooldown, 30 * 24 * 60 * 60 },
		{ "history", "rows", &settings->history_rows, 10000000 },
		{ "history-days", "days", &settings->history_days, 36500 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(numbers[i].key, key) != 0)
			continue;
		if (number_parse(value, numbers[i].most, numbers[i].field) == 0)
			return 0;
		return error_set(e, ERROR_FAILED, EINVAL,
				 "[ipam] %s is '%s', not a number of %s from 0 to %u", key, value,
				 numbers[i].unit, numbers[i].most);
	}
	settings_unknown(path, "ipam", key);
	return 0;
}
