/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <csv.h>
#include <errno.h>
#include <string.h>

#include "transfer/document.h"
#include "transfer/field.h"

/*
 * RFC 4180, read by libcsv: a line that names the columns, in any order, then one record for each lease.
 * The parser is given one line after the other, so that it is known where something is wrong.
 */

struct reader {
	struct document *document; /* changed */
	struct error *e;
	int r;       /* the first failure, already in .e */
	size_t line; /* from 1 */
	bool headed; /* the columns are known */
	const struct field *columns[FIELDS_MAX];
	size_t n_columns;
	size_t n_values; /* of this record, so far */
	struct ipam_lease lease;
};

/**
 * column_take - read the name of a column
 * @reader: changed
 * @name: borrowed
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int column_take(struct reader *reader, const char *name)
{
	const struct field *field = field_find(name);

	if (!field)
		return error_set(reader->e, ERROR_USAGE, EINVAL, "there is no column '%.40s'",
				 name);
	for (size_t i = 0; i < reader->n_columns; i++)
		if (reader->columns[i] == field)
			return error_set(reader->e, ERROR_USAGE, EINVAL,
					 "column '%s' is there twice", name);
	reader->columns[reader->n_columns++] = field;
	return 0;
}

/**
 * value_arrives - a value has been read; libcsv calls it
 * @bytes: with a NUL behind them, borrowed
 * @length: without that
 * @context: the reader
 */
static void value_arrives(void *bytes, size_t length, void *context)
{
	struct reader *reader = context;

	if (reader->r < 0)
		return;
	if (strlen(bytes) != length)
		reader->r = error_set(reader->e, ERROR_USAGE, EINVAL, "there is a NUL in it");
	else if (!reader->headed)
		reader->r = column_take(reader, bytes);
	else if (reader->n_values < reader->n_columns)
		reader->r = field_take(reader->columns[reader->n_values], bytes, &reader->lease,
				       reader->e);
	reader->n_values++;
}

/**
 * head_end - the line with the names of the columns has been read
 * @reader: changed
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int head_end(struct reader *reader)
{
	bool named = false;

	reader->headed = true;
	for (size_t i = 0; i < reader->n_columns; i++)
		named |= reader->columns[i]->kind == FIELD_NAME;
	if (named)
		return 0;
	return error_set(reader->e, ERROR_USAGE, EINVAL, "there is no column 'container'");
}

/**
 * record_end - a record has been read
 * @reader: changed
 *
 * Returns 0 or -errno.
 */
static int record_end(struct reader *reader)
{
	int r;

	if (reader->n_values != reader->n_columns) {
		r = error_set(reader->e, ERROR_USAGE, EINVAL,
			      "it has %zu values, and there are %zu columns", reader->n_values,
			      reader->n_columns);
		return error_remedy(reader->e, r, "see whether the file is cut off there");
	}
	r = fields_check(&reader->lease, reader->e);
	return r < 0 ? r
		     : document_append(reader->document, &reader->lease, reader->line, reader->e);
}

/**
 * record_arrives - a record is at its end; libcsv calls it
 * @terminator: by which it ended, or -1
 * @context: the reader
 */
static void record_arrives(int terminator, void *context)
{
	struct reader *reader = context;

	(void)terminator;
	if (reader->r == 0)
		reader->r = reader->headed ? record_end(reader) : head_end(reader);
	reader->n_values = 0;
	reader->lease = (struct ipam_lease){ .state = IPAM_RESERVED };
}

/**
 * syntax_wrong - say what libcsv has found
 * @reader: borrowed
 * @parser: borrowed
 *
 * Returns -EINVAL (ERROR_USAGE) or -ENOMEM.
 */
static int syntax_wrong(const struct reader *reader, struct csv_parser *parser)
{
	int r;

	if (csv_error(parser) != CSV_EPARSE)
		return error_errno(reader->e, ENOMEM, "cannot go on");
	r = error_set(reader->e, ERROR_USAGE, EINVAL, "a quote is not where it can be");
	return error_remedy(reader->e, r,
			    "write a quote within a value as two, and see whether the file is cut "
			    "off");
}

/**
 * lines_read - give all lines to the parser
 * @reader: changed
 * @parser: initialised
 * @text, @length: borrowed
 *
 * Returns 0 or -errno.
 */
static int lines_read(struct reader *reader, struct csv_parser *parser, const char *text,
		      size_t length)
{
	while (length && reader->r == 0) {
		const char *end = memchr(text, '\n', length);
		size_t size = end ? (size_t)(end - text) + 1 : length;

		reader->line++;
		if (csv_parse(parser, text, size, value_arrives, record_arrives, reader) != size)
			return syntax_wrong(reader, parser);
		text += size;
		length -= size;
	}
	if (reader->r == 0 && csv_fini(parser, value_arrives, record_arrives, reader) != 0)
		return syntax_wrong(reader, parser);
	return reader->r;
}

/**
 * csv_document_read - read a document in CSV
 * @document: changed
 * @text, @length: borrowed
 * @e: names line and column
 *
 * Returns 0 or -errno, see document_read().
 */
int csv_document_read(struct document *document, const char *text, size_t length, struct error *e)
{
	struct reader reader = { .document = document, .e = e };
	struct csv_parser parser;
	int r;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
		return error_errno(e, ENOMEM, "cannot read %s", document->source);
	r = lines_read(&reader, &parser, text, length);
	csv_free(&parser);
	if (r == 0 && !reader.headed)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s: it is empty, without a line that names the columns",
				 document->source);
	return r < 0 ? document_wrong(document, reader.line, r, e) : 0;
}

/**
 * record_write - write one line
 * @stream: borrowed
 * @lease: borrowed; NULL: the names of the columns
 *
 * Returns 0 or -EIO.
 */
static int record_write(FILE *stream, const struct ipam_lease *lease)
{
	char text[FIELD_ROOM];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n_fields; i++) {
		const char *value = lease ? field_put(&fields[i], lease, text) : fields[i].name;

		r = i ? fputc(',', stream) : 0;
		if (r >= 0 && lease && value[0])
			r = csv_fwrite(stream, value, strlen(value));
		else if (r >= 0)
			r = fputs(value, stream);
	}
	return r < 0 || fputs("\r\n", stream) < 0 ? -EIO : 0;
}

/**
 * csv_document_write - write a document in CSV
 * @document: borrowed
 * @stream: borrowed
 *
 * Returns 0 or -EIO.
 */
int csv_document_write(const struct document *document, FILE *stream)
{
	int r = record_write(stream, NULL);

	for (size_t i = 0; r == 0 && i < document->count; i++)
		r = record_write(stream, &document->leases[i]);
	return r;
}
