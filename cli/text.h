/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values as people read them. */

#define TEXT_BYTES 16 /* room for a number of bytes as text */
#define TEXT_TIME  24 /* room for a time as text */

/* Several things on one line, with commas between them; what does not fit is cut off. */
struct phrase {
	char text[512];
	size_t length;
};

void phrase_add(struct phrase *phrase, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void text_locale(void);
const char *text_escape(const char *text, char *buffer, size_t size);
size_t text_width(const char *text);
const char *text_bytes(uint64_t bytes, char buffer[TEXT_BYTES]);
const char *text_time(int64_t seconds, char buffer[TEXT_TIME]);
const char *text_arrow(void);
