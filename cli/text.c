/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/text.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

/**
 * phrase_add - add one more thing to a line
 * @phrase: changed
 * @format: the thing
 */
void phrase_add(struct phrase *phrase, const char *format, ...)
{
	size_t left = sizeof(phrase->text) - phrase->length;
	va_list args;

	if (phrase->length && left > 2) {
		memcpy(phrase->text + phrase->length, ", ", 3);
		phrase->length += 2;
		left -= 2;
	}
	va_start(args, format);
	(void)vsnprintf(phrase->text + phrase->length, left, format, args);
	va_end(args);
	phrase->length += strlen(phrase->text + phrase->length);
}

/**
 * text_locale - let characters be what the locale says they are; all else is the same everywhere
 *
 * For those who print something that depends on it: to find out takes a twentieth of what a short
 * command costs.
 */
void text_locale(void)
{
	static bool known;

	if (!known)
		setlocale(LC_CTYPE, "");
	known = true;
}

/**
 * is_ascii - whether a text means the same in every locale
 * @text: borrowed
 */
static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/**
 * is_harmless - whether a character may reach a terminal as it is
 * @c: the character
 *
 * The invisible ones that turn the direction of writing or have no width count as printable, but
 * can make a line look like another (Unicode, general category Cf).
 */
static bool is_harmless(wchar_t c)
{
	wint_t code = (wint_t)c;

	if ((code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2060 && code <= 0x206f) || code == 0xfeff)
		return false;
	return iswprint(code) != 0;
}

/**
 * character_show - one character, or one byte of a harmful one, as it may be printed
 * @text: at the character, borrowed
 * @left: bytes left there, at least one
 * @state: of the decoder
 * @shown: the result
 * @size: room there
 *
 * Returns how many bytes of @text that was.
 */
static size_t character_show(const char *text, size_t left, mbstate_t *state, char *shown,
			     size_t size)
{
	wchar_t c;
	size_t length = mbrtowc(&c, text, left, state);

	if (length > left) {
		*state = (mbstate_t){ 0 };
		c = L'\0';
	}
	if (is_harmless(c)) {
		(void)snprintf(shown, size, "%.*s", (int)length, text);
		return length;
	}
	if (c == L'\n' || c == L'\t')
		(void)snprintf(shown, size, "\\%c", c == L'\n' ? 'n' : 't');
	else
		(void)snprintf(shown, size, "\\x%02x", (unsigned char)*text);
	return 1;
}

/**
 * text_escape - make text from elsewhere fit to be printed
 * @text: borrowed
 * @buffer: where the result goes
 * @size: room there; what does not fit is cut off between characters
 *
 * Control characters and bytes that are no character of the locale become \n, \t or \xNN: a name
 * must neither fake a second line nor reach the terminal as a command.
 *
 * Returns @buffer.
 */
const char *text_escape(const char *text, char *buffer, size_t size)
{
	mbstate_t state = { 0 };
	size_t left = strlen(text), used = 0;

	buffer[0] = '\0';
	if (!is_ascii(text))
		text_locale();
	while (left > 0) {
		char shown[MB_LEN_MAX + 1];
		size_t length = character_show(text, left, &state, shown, sizeof(shown));
		size_t width = strlen(shown);

		if (used + width >= size)
			break;
		memcpy(buffer + used, shown, width + 1);
		used += width;
		text += length;
		left -= length;
	}
	return buffer;
}

/**
 * text_width - how many characters a text has
 * @text: borrowed
 */
size_t text_width(const char *text)
{
	size_t width = mbstowcs(NULL, text, 0);

	return width == (size_t)-1 ? strlen(text) : width;
}

/**
 * text_bytes - a number of bytes in three digits and a unit
 * @bytes: the number
 * @buffer: the caller's
 *
 * Returns @buffer: "512B", "1.5K", "23M", units being powers of 1024.
 */
const char *text_bytes(uint64_t bytes, char buffer[TEXT_BYTES])
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(buffer, TEXT_BYTES, unit && value < 9.95 ? "%.1f%c" : "%.0f%c", value,
		       units[unit]);
	return buffer;
}

/**
 * text_time - a time as RFC 3339 has it, in UTC
 * @seconds: since the epoch
 * @buffer: the caller's
 *
 * Returns @buffer; "" for a year that four digits cannot hold.
 */
const char *text_time(int64_t seconds, char buffer[TEXT_TIME])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || strftime(buffer, TEXT_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buffer[0] = '\0';
	return buffer;
}

/**
 * text_arrow - what stands between the two ends of a cable, as far as the locale has it
 */
const char *text_arrow(void)
{
	text_locale();
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "→" : "->";
}
