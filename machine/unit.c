/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * unit_name - the unit that runs a container
 * @name: a checked name, borrowed: it has no character that systemd would escape
 * @unit: the result
 * @e: filled on failure
 *
 * Returns 0 or -ENAMETOOLONG.
 */
int unit_name(const char *name, char unit[UNIT_NAME_MAX], struct error *e)
{
	int length = snprintf(unit, UNIT_NAME_MAX, "container@%s.service", name);

	if (length < 0 || length >= UNIT_NAME_MAX)
		return error_set(e, ERROR_USAGE, ENAMETOOLONG, "'%s' is too long for a unit", name);
	return 0;
}

/**
 * unit_state - what the states of a unit mean for the container
 * @active: ActiveState (org.freedesktop.systemd1(5)), borrowed
 * @sub: SubState, borrowed
 *
 * A unit that waits to be started again counts as starting, for nobody has to start it.
 */
enum machine_state unit_state(const char *active, const char *sub)
{
	static const struct {
		const char *active;
		enum machine_state state;
	} states[] = {
		{ "active", MACHINE_UP },
		{ "reloading", MACHINE_UP },
		{ "refreshing", MACHINE_UP },
		{ "activating", MACHINE_STARTING },
		{ "deactivating", MACHINE_STOPPING },
		{ "failed", MACHINE_FAILED },
	};

	if (strncmp(sub, "auto-restart", strlen("auto-restart")) == 0)
		return MACHINE_STARTING;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].active, active) == 0)
			return states[i].state;
	return MACHINE_DOWN;
}

/**
 * unit_is_cleaning_up - whether what still runs in a unit is not the container but its clean-up
 * @sub: SubState, borrowed
 */
bool unit_is_cleaning_up(const char *sub)
{
	return strcmp(sub, "stop-post") == 0 || strncmp(sub, "final-", strlen("final-")) == 0;
}

/**
 * main_end_phrase - how the main process ended, in words
 * @end: borrowed
 * @buffer, @size: where it goes
 */
static void main_end_phrase(const struct unit_end *end, char *buffer, size_t size)
{
	const char *signal = sigabbrev_np(end->status);

	if (end->code == CLD_EXITED && end->status)
		(void)snprintf(buffer, size, "systemd-nspawn ended with exit status %d",
			       end->status);
	else if (end->code == CLD_KILLED || end->code == CLD_DUMPED)
		(void)snprintf(buffer, size, "systemd-nspawn was killed by SIG%s",
			       signal ? signal : "?");
	else
		(void)snprintf(buffer, size, "a step before it failed");
}

/**
 * unit_end_phrase - why the last run of a unit ended, in words
 * @end: borrowed
 * @buffer, @size: where it goes
 *
 * Returns @buffer: one line, with systemd's word for it at the end.
 */
const char *unit_end_phrase(const struct unit_end *end, char *buffer, size_t size)
{
	char words[128] = "";

	if (strcmp(end->result, "timeout") == 0)
		(void)snprintf(words, sizeof(words), "it was not ready within %llu s",
			       end->timeout / 1000000);
	else if (strcmp(end->result, "start-limit-hit") == 0)
		(void)snprintf(words, sizeof(words), "it was started too often in a short time");
	else if (strcmp(end->result, "oom-kill") == 0)
		(void)snprintf(words, sizeof(words), "it ran out of memory");
	else if (strcmp(end->result, "resources") == 0)
		(void)snprintf(words, sizeof(words), "systemd could not set it up");
	else if (strcmp(end->result, "protocol") == 0)
		(void)snprintf(words, sizeof(words), "it ended before it was ready");
	else
		main_end_phrase(end, words, sizeof(words));
	(void)snprintf(buffer, size, "%s (%s)", words, end->result[0] ? end->result : "no result");
	return buffer;
}

/**
 * unit_job_phrase - why a job did nothing to its unit
 * @result: of JobRemoved, borrowed
 *
 * Returns words, or NULL when the unit itself knows better.
 */
const char *unit_job_phrase(const char *result)
{
	static const struct {
		const char *result, *phrase;
	} phrases[] = {
		{ "canceled", "somebody else decided otherwise meanwhile" },
		{ "timeout", "systemd waited too long for its turn" },
		{ "dependency", "a unit it needs could not be started" },
		{ "skipped", "a condition of its unit does not hold" },
		{ "assert", "an assertion of its unit does not hold" },
		{ "unsupported", "systemd cannot do that here" },
		{ "invalid", "its unit cannot do that now" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (strcmp(phrases[i].result, result) == 0)
			return phrases[i].phrase;
	return NULL;
}

/**
 * sequence_end - the end of a terminal's control sequence
 * @at: behind the escape character, borrowed
 *
 * Returns the character behind it (ECMA-48: parameters, then one of @ to ~).
 */
static const char *sequence_end(const char *at)
{
	if (*at != '[')
		return *at ? at + 1 : at;
	at++;
	while (*at && (*at < '@' || *at > '~'))
		at++;
	return *at ? at + 1 : at;
}

/**
 * unit_line_plain - take colours and carriage returns out of a line that was meant for a console
 * @line: changed; its end is cut off at a line end
 *
 * What else is in it is made harmless where it is printed.
 *
 * Returns @line.
 */
char *unit_line_plain(char *line)
{
	const char *from = line;
	char *to = line;

	while (*from && *from != '\n') {
		if (*from == '\033')
			from = sequence_end(from + 1);
		else if (*from == '\r')
			from++;
		else
			*to++ = *from++;
	}
	*to = '\0';
	return line;
}
