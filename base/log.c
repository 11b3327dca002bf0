/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum log_style log_style = LOG_STYLE_TERMINAL;
static enum log_level log_max = LOG_LEVEL_NOTICE;
static bool log_is_over; /* something that is not log stands on the last line of the terminal */

/**
 * log_init - choose how lines look and which are shown
 * @style: for a terminal or for the journal
 * @max: the least urgent level that is still shown
 */
void log_init(enum log_style style, enum log_level max)
{
	log_style = style;
	log_max = max;
}

/**
 * log_over - whether each line takes the place of what stands on the last line of the terminal
 * @over: it does
 */
void log_over(bool over)
{
	log_is_over = over;
}

/**
 * log_enabled - whether lines of @level are shown
 * @level: the level asked about
 *
 * Returns 1 or 0. Lets a caller skip the work of describing something nobody reads.
 */
int log_enabled(enum log_level level)
{
	return level <= log_max;
}

/**
 * log_line - write one line to the log
 * @level: its urgency
 * @format: the text, without a line end; written with one system call, so that lines of
 *          parallel processes do not mix
 */
void log_line(enum log_level level, const char *format, ...)
{
	char text[1024];
	size_t length = 0;
	va_list args;

	if (!log_enabled(level))
		return;
	if (log_style == LOG_STYLE_JOURNAL)
		length = (size_t)snprintf(text, sizeof(text), "<%d>", (int)level);
	else if (log_is_over)
		length = (size_t)snprintf(text, sizeof(text), "\r\033[K");
	va_start(args, format);
	(void)vsnprintf(text + length, sizeof(text) - 1 - length, format, args);
	va_end(args);
	length = strlen(text);
	text[length] = '\n';
	(void)fwrite(text, 1, length + 1, stderr);
}
