/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

/*
 * Text from elsewhere, such as names of links, in a file: whatever bytes it has, the file is UTF-8, and
 * well-formed. What cannot be shown is written as \xNN.
 */

#define ESCAPE_ALL ((size_t)-1) /* as many characters as there are */

/* How many columns a text takes in a font of one width. */
size_t escape_width(const char *text);
/* @columns: what is wider ends in an ellipsis. */
void escape_xml(FILE *out, const char *text, size_t columns);
/* Inside of a quoted string of Graphviz. */
void escape_dot(FILE *out, const char *text);
