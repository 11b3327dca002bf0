/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/time-words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/**
 * ago_parse - read how long ago: "90s", "5m", "2h", "7d", "3w"
 * @text: borrowed
 * @ret_seconds: how long
 *
 * Returns whether it is that.
 */
static bool ago_parse(const char *text, int64_t *ret_seconds)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	size_t digits = strspn(text, "0123456789");
	const char *unit = digits ? strchr(units, text[digits]) : NULL;

	if (digits == 0 || digits > 9 || !text[digits] || !unit || text[digits + 1])
		return false;
	*ret_seconds = strtol(text, NULL, 10) * seconds[unit - units];
	return true;
}

/**
 * time_parse - read a point in time
 * @text: "7d" is that long ago; else "2026-01-31", "2026-01-31T12:00", "2026-01-31T12:00:00Z", all of
 *        them UTC, a blank being as good as the T; or "@" and seconds since the epoch; borrowed
 * @now: seconds since the epoch
 * @ret_time: seconds since the epoch
 * @e: says how it is written
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int time_parse(const char *text, int64_t now, int64_t *ret_time, struct error *e)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
					     "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S" };
	int64_t ago;
	int r;

	if (ago_parse(text, &ago)) {
		*ret_time = now - ago;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = { .tm_isdst = 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		*ret_time = timegm(&tm);
		return 0;
	}
	if (text[0] == '@' && text[1] && !text[1 + strspn(text + 1, "0123456789")] &&
	    strlen(text) < 14) {
		*ret_time = strtoll(text + 1, NULL, 10);
		return 0;
	}
	r = error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is no point in time", text);
	return error_remedy(e, r, "write 7d, 12h, 30m, 2026-01-31 or 2026-01-31T12:00:00Z");
}
