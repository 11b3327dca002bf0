/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/metric.h"

#include <inttypes.h>

#include "cli/json.h"

/* By type: what it is called, and what is put behind the name of each sample. */
static const struct {
	const char *word, *suffix;
} types[] = {
	[METRIC_GAUGE] = { "gauge", "" },
	[METRIC_COUNTER] = { "counter", "_total" },
	[METRIC_INFO] = { "info", "_info" },
};

/**
 * escape - write the value of a label
 * @text: borrowed
 * @file: borrowed
 */
static void escape(const char *text, FILE *file)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			(void)fputc('\\', file);
		(void)fputc(*text == '\n' ? 'n' : *text, file);
	}
}

/**
 * metric_family - begin a family of samples
 * @writer: changed
 * @name: without a suffix, a literal
 * @type: of it
 * @unit: a literal, or NULL
 * @help: a sentence without a backslash, a literal
 */
void metric_family(struct metric_writer *writer, const char *name, enum metric_type type,
		   const char *unit, const char *help)
{
	writer->name = name;
	writer->type = type;
	if (!writer->text)
		return;
	(void)fprintf(writer->text, "# TYPE %s %s\n", name, types[type].word);
	if (unit)
		(void)fprintf(writer->text, "# UNIT %s %s\n", name, unit);
	(void)fprintf(writer->text, "# HELP %s %s\n", name, help);
}

/**
 * sample_json - a sample as an object
 * @writer: borrowed
 * @labels: borrowed
 * @value: of it
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *sample_json(const struct metric_writer *writer, const struct metric_label *labels,
			   uint64_t value)
{
	json_t *named = json_object();

	for (; labels->name && named; labels++)
		if (json_object_set_new(named, labels->name, json_text(labels->value)) != 0) {
			json_decref(named);
			named = NULL;
		}
	return json_pack("{s:s+, s:s, s:o, s:I}", "name", writer->name, types[writer->type].suffix,
			 "type", types[writer->type].word, "labels", named, "value",
			 (json_int_t)value);
}

/**
 * metric_sample - add a sample to the family that was begun last
 * @writer: changed
 * @labels: the last one has no name; borrowed
 * @value: of it
 */
void metric_sample(struct metric_writer *writer, const struct metric_label *labels, uint64_t value)
{
	if (writer->json)
		writer->failed |= json_array_append_new(writer->json,
							sample_json(writer, labels, value)) != 0;
	if (!writer->text)
		return;
	(void)fprintf(writer->text, "%s%s", writer->name, types[writer->type].suffix);
	for (size_t i = 0; labels[i].name; i++) {
		(void)fprintf(writer->text, "%s%s=\"", i ? "," : "{", labels[i].name);
		escape(labels[i].value, writer->text);
		(void)fputs(labels[i + 1].name ? "\"" : "\"}", writer->text);
	}
	(void)fprintf(writer->text, " %" PRIu64 "\n", value);
}

/**
 * metric_end - say that there are no more
 * @writer: changed
 */
void metric_end(struct metric_writer *writer)
{
	if (writer->text)
		(void)fputs("# EOF\n", writer->text);
}
