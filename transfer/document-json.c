/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "transfer/document.h"
#include "transfer/field.h"

/**
 * value_freep - json_decref() for _cleanup_
 * @value: the variable
 */
static void value_freep(json_t **value)
{
	json_decref(*value);
}

/**
 * value_is_of - whether a value has the type of its field
 * @field: borrowed
 * @value: borrowed
 */
static bool value_is_of(const struct field *field, const json_t *value)
{
	if (field->kind == FIELD_FLAG)
		return json_is_boolean(value);
	if (field->kind == FIELD_TIME)
		return json_is_integer(value) && json_integer_value(value) >= 0;
	return json_is_string(value) || json_is_null(value);
}

/**
 * value_type - what a field has to be, in words
 * @field: borrowed
 */
static const char *value_type(const struct field *field)
{
	if (field->kind == FIELD_FLAG)
		return "true or false";
	return field->kind == FIELD_TIME ? "a number of seconds" : "a text or null";
}

/**
 * value_take - read one field of a lease
 * @field: borrowed
 * @value: borrowed
 * @lease: changed
 * @e: names the field
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int value_take(const struct field *field, const json_t *value, struct ipam_lease *lease,
		      struct error *e)
{
	char number[32];

	if (!value_is_of(field, value))
		return error_set(e, ERROR_USAGE, EINVAL, "%s: it has to be %s", field->name,
				 value_type(field));
	if (field->kind == FIELD_FLAG)
		return field_take(field, json_is_true(value) ? "true" : "false", lease, e);
	if (field->kind == FIELD_TIME) {
		(void)snprintf(number, sizeof(number), "%lld",
			       (long long)json_integer_value(value));
		return field_take(field, number, lease, e);
	}
	return field_take(field, json_is_null(value) ? "" : json_string_value(value), lease, e);
}

/**
 * lease_take - read one lease
 * @object: borrowed
 * @lease: filled
 * @e: names the field
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int lease_take(json_t *object, struct ipam_lease *lease, struct error *e)
{
	const char *key;
	json_t *value;
	int r = 0;

	if (!json_is_object(object))
		return error_set(e, ERROR_USAGE, EINVAL, "it has to be an object");
	*lease = (struct ipam_lease){ .state = IPAM_RESERVED };
	json_object_foreach(object, key, value)
	{
		const struct field *field = field_find(key);

		if (!field)
			return error_set(e, ERROR_USAGE, EINVAL, "there is no field '%.40s'", key);
		r = value_take(field, value, lease, e);
		if (r < 0)
			return r;
	}
	return fields_check(lease, e);
}

/**
 * leases_take - read all leases
 * @document: changed
 * @array: borrowed
 * @e: names the lease and the field
 *
 * Returns 0 or -errno.
 */
static int leases_take(struct document *document, json_t *array, struct error *e)
{
	struct ipam_lease lease;
	int r = 0;

	if (!json_is_array(array))
		return error_set(e, ERROR_USAGE, EINVAL, "%s: \"leases\" has to be an array",
				 document->source);
	for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
		r = lease_take(json_array_get(array, i), &lease, e);
		if (r == 0)
			r = document_append(document, &lease, i, e);
		if (r < 0)
			r = document_wrong(document, i, r, e);
	}
	return r;
}

/**
 * pools_take - read which pools there were, by name and network
 * @document: changed
 * @array: borrowed; NULL: it does not say
 * @e: names the pool
 *
 * Returns 0 or -errno.
 */
static int pools_take(struct document *document, json_t *array, struct error *e)
{
	size_t count = json_array_size(array);

	if (array && !json_is_array(array))
		return error_set(e, ERROR_USAGE, EINVAL, "%s: \"pools\" has to be an array",
				 document->source);
	document->pools = calloc(count + 1, sizeof(*document->pools));
	if (!document->pools)
		return error_errno(e, ENOMEM, "cannot read %s", document->source);
	for (size_t i = 0; i < count; i++) {
		struct ipam_usage *pool = &document->pools[i];
		const char *name, *prefix;
		int r = 0;

		if (json_unpack(json_array_get(array, i), "{s:s, s:s}", "name", &name, "prefix",
				&prefix) < 0)
			r = error_set(e, ERROR_USAGE, EINVAL, "it needs \"name\" and \"prefix\"");
		if (r == 0)
			r = prefix_parse(prefix, &pool->prefix, e);
		if (r < 0)
			return error_wrap(e, r, "%s: pools[%zu]", document->source, i);
		(void)snprintf(pool->pool, sizeof(pool->pool), "%s", name);
	}
	document->n_pools = count;
	return 0;
}

/**
 * head_check - refuse what is no document that we know
 * @document: borrowed
 * @top: borrowed
 * @e: says what is wrong
 *
 * Returns 0, -EPROTO for another version, or -EINVAL; both ERROR_USAGE.
 */
static int head_check(const struct document *document, json_t *top, struct error *e)
{
	static const char *const known[] = {
		"version", "program", "host", "time", "pools", "leases"
	};
	const json_t *version = json_object_get(top, "version");
	const char *key;
	json_t *value;
	int r;

	if (!json_is_integer(version)) {
		r = error_set(e, ERROR_USAGE, EINVAL, "%s: there is no \"version\"",
			      document->source);
		return error_remedy(e, r, "give a file that 'nixctr-net ipam export' has written");
	}
	if (json_integer_value(version) != DOCUMENT_VERSION) {
		r = error_set(e, ERROR_USAGE, EPROTO,
			      "%s: it has version %lld, this program knows version %d",
			      document->source, (long long)json_integer_value(version),
			      DOCUMENT_VERSION);
		return error_remedy(e, r, "install a newer nixctr-net");
	}
	json_object_foreach(top, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= strcmp(known[i], key) == 0;
		if (!found)
			return error_set(e, ERROR_USAGE, EINVAL, "%s: there is no field '%.40s'",
					 document->source, key);
	}
	return 0;
}

/**
 * syntax_wrong - say what is wrong with the JSON itself
 * @document: borrowed
 * @said: what the parser says, borrowed
 * @e: filled
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
static int syntax_wrong(const struct document *document, const json_error_t *said, struct error *e)
{
	bool cut = json_error_code(said) == json_error_premature_end_of_input;
	int r = error_set(e, ERROR_USAGE, EINVAL, "%s: line %d: %s", document->source, said->line,
			  cut ? "the file ends in the middle" : said->text);

	return cut ? error_remedy(e, r, "get the whole file, and try again") : r;
}

/**
 * json_document_read - read a document in JSON
 * @document: changed
 * @text, @length: borrowed
 * @e: names the place and the field
 *
 * Returns 0 or -errno, see document_read().
 */
int json_document_read(struct document *document, const char *text, size_t length, struct error *e)
{
	json_error_t said;
	_cleanup_(value_freep) json_t *top =
		json_loadb(text, length, JSON_REJECT_DUPLICATES, &said);
	const char *host;
	int r;

	if (!top)
		return syntax_wrong(document, &said, e);
	r = head_check(document, top, e);
	if (r < 0)
		return r;
	host = json_string_value(json_object_get(top, "host"));
	(void)snprintf(document->host, sizeof(document->host), "%s", host ? host : "");
	r = pools_take(document, json_object_get(top, "pools"), e);
	return r < 0 ? r : leases_take(document, json_object_get(top, "leases"), e);
}

/**
 * value_make - the value of a field
 * @field: borrowed
 * @lease: borrowed
 *
 * A text that is no UTF-8 cannot be had in JSON, and is left out.
 *
 * Returns a new value, or NULL without memory.
 */
static json_t *value_make(const struct field *field, const struct ipam_lease *lease)
{
	char text[FIELD_ROOM];
	json_t *value = NULL;

	(void)field_put(field, lease, text);
	if (field->kind == FIELD_FLAG)
		return json_boolean(text[0] == 't');
	if (field->kind == FIELD_TIME)
		return json_integer(lease->since);
	if (text[0])
		value = json_string(text);
	return value ? value : json_null();
}

/**
 * lease_make - a lease as an object
 * @lease: borrowed
 *
 * Returns a new value, or NULL without memory.
 */
static json_t *lease_make(const struct ipam_lease *lease)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < n_fields; i++) {
		if (json_object_set_new(object, fields[i].name, value_make(&fields[i], lease)) == 0)
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

/**
 * pool_make - a pool as an object
 * @usage: borrowed
 *
 * Returns a new value, or NULL without memory.
 */
static json_t *pool_make(const struct ipam_usage *usage)
{
	char prefix[PREFIX_TEXT], gateway[ADDR_TEXT];
	bool routed = addr_is_set(&usage->gateway);

	return json_pack(
		"{s:s, s:s, s:s, s:s*, s:s*, s:b}", "name", usage->pool, "kind",
		ipam_kind_name(usage->kind), "prefix", prefix_format(&usage->prefix, prefix),
		"bridge", usage->bridge[0] ? usage->bridge : NULL, "gateway",
		routed ? addr_format(&usage->gateway, gateway) : NULL, "draining", usage->draining);
}

/**
 * row_write - write one element of an array on a line of its own
 * @stream: borrowed
 * @value: taken; NULL: there was no memory for it
 * @first: whether none is before it
 *
 * Returns 0 or -errno.
 */
static int row_write(FILE *stream, json_t *value, bool first)
{
	int r = value ? fputs(first ? "\n    " : ",\n    ", stream) : -1;

	if (r >= 0)
		r = json_dumpf(value, stream, JSON_ENSURE_ASCII);
	json_decref(value);
	return r >= 0 ? 0 : value ? -EIO : -ENOMEM;
}

/**
 * json_document_write - write a document in JSON, each lease on a line
 * @document: borrowed
 * @stream: borrowed
 *
 * Row by row, for all of them together would take a hundred times as much memory.
 *
 * Returns 0 or -errno.
 */
int json_document_write(const struct document *document, FILE *stream)
{
	_cleanup_(value_freep) json_t *host =
		document->host[0] ? json_string(document->host) : NULL;
	int r = fprintf(stream, "{\n  \"version\": %d,\n  \"program\": \"nixctr-net %s\",\n",
			DOCUMENT_VERSION, NIXCTR_NET_VERSION);

	if (r >= 0 && host && fputs("  \"host\": ", stream) >= 0 &&
	    json_dumpf(host, stream, JSON_ENSURE_ASCII | JSON_ENCODE_ANY) == 0)
		r = fputs(",\n", stream);
	if (r >= 0)
		r = fprintf(stream, "  \"time\": %lld,\n  \"pools\": [", (long long)document->time);
	for (size_t i = 0; r >= 0 && i < document->n_pools; i++)
		r = row_write(stream, pool_make(&document->pools[i]), i == 0);
	if (r >= 0)
		r = fputs("\n  ],\n  \"leases\": [", stream);
	for (size_t i = 0; r >= 0 && i < document->count; i++)
		r = row_write(stream, lease_make(&document->leases[i]), i == 0);
	if (r >= 0)
		r = fputs("\n  ]\n}\n", stream);
	return r < 0 ? r == -ENOMEM ? r : -EIO : 0;
}
