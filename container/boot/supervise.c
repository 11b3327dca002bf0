/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/supervise.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/boot/boot.h"
#include "container/boot/resolver.h"
#include "container/definitions/definition.h"

/* The supervisor of a container, told what it has to know of us. */

#define LONGEST_S 1000000ULL /* eleven days, for those who want no limit */

/* Source: systemd.time(7). */
static const struct {
	const char *word;
	unsigned long long ms;
} units[] = {
	{ "", 1000 },        { "ms", 1 },          { "msec", 1 },        { "s", 1000 },
	{ "sec", 1000 },     { "second", 1000 },   { "seconds", 1000 },  { "m", 60000 },
	{ "min", 60000 },    { "minute", 60000 },  { "minutes", 60000 }, { "h", 3600000 },
	{ "hr", 3600000 },   { "hour", 3600000 },  { "hours", 3600000 }, { "d", 86400000 },
	{ "day", 86400000 }, { "days", 86400000 },
};

/**
 * unit_ms - how long a unit of time is
 * @word: borrowed
 * @length: of it
 *
 * Returns milliseconds, or 0 when it is none.
 */
static unsigned long long unit_ms(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].word) == length && strncmp(units[i].word, word, length) == 0)
			return units[i].ms;
	return 0;
}

/**
 * span_parse - understand a span of time as systemd does
 * @text: "90", "1min 30s", "infinity"; borrowed
 *
 * None at all is no limit, as for TimeoutStartSec= of systemd.service(5).
 *
 * Returns seconds, or 0 when it is not understood.
 */
static unsigned span_parse(const char *text)
{
	unsigned long long total = 0;

	if (strcmp(text, "infinity") == 0)
		return (unsigned)LONGEST_S;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		char *end;
		unsigned long long number = strtoull(text, &end, 10), ms;
		size_t length;

		if (!isdigit((unsigned char)*text))
			return 0;
		end += strspn(end, " ");
		length = strspn(end, "abcdefghijklmnopqrstuvwxyz");
		ms = unit_ms(end, length);
		if (ms == 0)
			return 0;
		if (number > LONGEST_S || (total += number * ms) > LONGEST_S * 1000)
			return (unsigned)LONGEST_S;
		text = end + length;
	}
	return total ? (unsigned)((total + 999) / 1000) : (unsigned)LONGEST_S;
}

/**
 * start_seconds - how long a container may take until it is ready
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * What is wrong with a definition, the steps say.
 *
 * Returns seconds, or 0 for the usual.
 */
static unsigned start_seconds(const struct paths *paths, const char *name)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	const char *text = definition_load(paths, name, &file, NULL) > 0
				   ? environment_get(&file, "TIMEOUT_START")
				   : NULL;
	unsigned seconds = text && text[0] ? span_parse(text) : 0;

	if (text && text[0] && seconds == 0)
		log_warning("%s: TIMEOUT_START is no span of time, and is passed over", name);
	return seconds;
}

/**
 * program_path - where our own program is
 * @ret_path: the same for the whole life of the process
 * @e: filled on failure
 *
 * A program that was replaced since we began is at the same place: the steps are its affair.
 * Source: proc(5), /proc/PID/exe.
 *
 * Returns 0 or -errno.
 */
static int program_path(const char **ret_path, struct error *e)
{
	static const char deleted[] = " (deleted)";
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;

	if (n < 0)
		return error_errno(e, errno, "cannot find out where this program is");
	path[n] = '\0';
	end = path + n - (sizeof(deleted) - 1);
	if (end > path && strcmp(end, deleted) == 0)
		*end = '\0';
	*ret_path = path;
	return 0;
}

/**
 * supervise_settings - what a supervisor, and whoever asks one, has to know of us
 * @paths: borrowed as long as the settings are used
 * @ret_settings: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervise_settings(const struct paths *paths, struct supervisor_settings *ret_settings,
		       struct error *e)
{
	struct supervisor_settings settings = {
		.root = paths->root[0] ? paths->root : NULL,
		.runtime = paths->runtime,
		.log = paths->logs,
		.watched = resolver_sources,
	};
	int r = program_path(&settings.program, e);

	if (r == 0)
		*ret_settings = settings;
	return r;
}

/**
 * container_supervise - look after a container from its start until it has stopped
 * @paths: borrowed
 * @name: checked here, borrowed
 * @e: filled on failure
 *
 * What the program becomes for itself where systemd is not PID 1.
 *
 * Returns 0 or -errno.
 */
int container_supervise(const struct paths *paths, const char *name, struct error *e)
{
	struct supervisor_settings settings;
	int r = name_check(name, e);

	if (r == 0)
		r = supervise_settings(paths, &settings, e);
	if (r < 0)
		return r;
	settings.start_timeout = start_seconds(paths, name);
	return supervisor_run(&settings, name, e);
}
