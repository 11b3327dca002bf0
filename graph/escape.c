/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "graph/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* One character, or one byte that is part of none. */
struct glyph {
	const char *text;
	size_t bytes, columns;
	bool shown; /* else it is written as \xNN */
};

/**
 * is_shown - whether a character may be in a file as it is
 * @code: Unicode's number
 *
 * XML has no control characters and no U+FFFE and U+FFFF; those without width, or that turn the
 * direction of writing, make one line look like another.
 */
static bool is_shown(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if ((code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2060 && code <= 0x206f) || code == 0xfeff)
		return false;
	return (code < 0xd800 || code > 0xdfff) && (code & 0xfffe) != 0xfffe && code <= 0x10ffff;
}

/**
 * glyph_next - the character that a text begins with (RFC 3629)
 * @text: not empty, borrowed
 */
static struct glyph glyph_next(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *byte = (const uint8_t *)text;
	size_t bytes = byte[0] < 0x80 ? 1 : byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	uint32_t code = bytes == 1 ? byte[0] : byte[0] & (0x7fU >> bytes);
	struct glyph bad = { .text = text, .bytes = 1, .columns = strlen("\\xNN") };

	if ((byte[0] >= 0x80 && byte[0] < 0xc0) || byte[0] >= 0xf8)
		return bad;
	for (size_t i = 1; i < bytes; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return bad;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (!is_shown(code) || code < least[bytes])
		return bad;
	return (struct glyph){
		.text = text, .bytes = bytes, .columns = code >= 0x1100 ? 2 : 1, .shown = true
	};
}

/**
 * escape_width - how many columns a text takes in a font of one width
 * @text: borrowed
 *
 * Those that may be wide count as wide: better too much room than too little.
 */
size_t escape_width(const char *text)
{
	size_t columns = 0;

	while (*text) {
		struct glyph glyph = glyph_next(text);

		columns += glyph.columns;
		text += glyph.bytes;
	}
	return columns;
}

/**
 * glyph_xml - write a character into XML
 * @out: changed
 * @glyph: borrowed
 */
static void glyph_xml(FILE *out, const struct glyph *glyph)
{
	if (!glyph->shown)
		(void)fprintf(out, "\\x%02x", (uint8_t)*glyph->text);
	else if (strchr("&<>\"'", *glyph->text))
		(void)fprintf(out, "&#%d;", *glyph->text);
	else
		(void)fwrite(glyph->text, 1, glyph->bytes, out);
}

/**
 * escape_xml - write a text into XML, as content or as a value
 * @out: changed
 * @text: borrowed
 * @columns: room there; what is wider ends in an ellipsis
 */
void escape_xml(FILE *out, const char *text, size_t columns)
{
	size_t width = escape_width(text), used = 0;

	while (*text) {
		struct glyph glyph = glyph_next(text);

		used += glyph.columns;
		if (width > columns && used >= columns) {
			(void)fputs("…", out);
			return;
		}
		glyph_xml(out, &glyph);
		text += glyph.bytes;
	}
}

/**
 * escape_dot - write a text inside of a quoted string of Graphviz
 * @out: changed
 * @text: borrowed
 */
void escape_dot(FILE *out, const char *text)
{
	while (*text) {
		struct glyph glyph = glyph_next(text);

		if (!glyph.shown)
			(void)fprintf(out, "\\\\x%02x", (uint8_t)*text);
		else if (*text == '"' || *text == '\\')
			(void)fprintf(out, "\\%c", *text);
		else
			(void)fwrite(text, 1, glyph.bytes, out);
		text += glyph.bytes;
	}
}
