/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfer/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char byte_order_mark[] = "\xef\xbb\xbf"; /* some programs begin a file with it */

/**
 * document_deinit - let go of what was read
 * @document: zero or filled
 */
void document_deinit(struct document *document)
{
	free(document->pools);
	free(document->leases);
	free(document->places);
	*document = (struct document){ 0 };
}

/**
 * document_append - add a lease at the end
 * @document: changed
 * @lease: borrowed
 * @place: where it stands in the file
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int document_append(struct document *document, const struct ipam_lease *lease, size_t place,
		    struct error *e)
{
	if (document->count == document->room) {
		size_t room = document->room ? document->room * 2 : 64;
		struct ipam_lease *leases =
			reallocarray(document->leases, room, sizeof(*document->leases));
		size_t *places;

		if (leases)
			document->leases = leases;
		places = reallocarray(document->places, room, sizeof(*document->places));
		if (places)
			document->places = places;
		if (!leases || !places)
			return error_errno(e, ENOMEM, "cannot read %s", document->source);
		document->room = room;
	}
	document->leases[document->count] = *lease;
	document->places[document->count++] = place;
	return 0;
}

/**
 * document_wrong - say where in a file something is wrong
 * @document: borrowed
 * @place: as for document_append()
 * @r: -errno, already in @e
 * @e: gets file and place
 *
 * Returns @r.
 */
int document_wrong(const struct document *document, size_t place, int r, struct error *e)
{
	if (document->format == DOCUMENT_CSV)
		return error_wrap(e, r, "%s: line %zu", document->source, place);
	return error_wrap(e, r, "%s: leases[%zu]", document->source, place);
}

/**
 * format_guess - which format a file has
 * @text, @length: borrowed
 *
 * A document in JSON is an object.
 */
static enum document_format format_guess(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r\n", text[i]))
			return text[i] == '{' ? DOCUMENT_JSON : DOCUMENT_CSV;
	return DOCUMENT_CSV;
}

/**
 * document_read - read a file with leases
 * @document: its source and format are set; ended by the caller with document_deinit(), after a failure
 *            too
 * @text, @length: borrowed
 * @e: names the file, the place and the field
 *
 * Returns 0 or -errno: -EINVAL (ERROR_USAGE) for what is wrong in it, -EPROTO for another version.
 */
int document_read(struct document *document, const char *text, size_t length, struct error *e)
{
	const size_t mark = sizeof(byte_order_mark) - 1;
	int r;

	if (length >= mark && memcmp(text, byte_order_mark, mark) == 0) {
		text += mark;
		length -= mark;
	}
	if (document->format == DOCUMENT_GUESSED)
		document->format = format_guess(text, length);
	r = document->format == DOCUMENT_CSV ? csv_document_read(document, text, length, e)
					     : json_document_read(document, text, length, e);
	return r < 0 ? r : document_check_doubles(document, e);
}

/**
 * document_write - write leases
 * @document: borrowed
 * @stream: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int document_write(const struct document *document, FILE *stream, struct error *e)
{
	int r = document->format == DOCUMENT_CSV ? csv_document_write(document, stream)
						 : json_document_write(document, stream);

	if (r < 0 || fflush(stream) != 0)
		return error_errno(e, r == -ENOMEM ? ENOMEM : EIO, "cannot write the leases");
	return 0;
}
