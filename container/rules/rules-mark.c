/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/rules-mark.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

/*
 * Theory of operation
 *
 * To read the whole table before each start of a container is a tenth of what the start costs, and it
 * is almost always as the last one left it. So whoever has found it right writes down what it should
 * be, and by what the kernel says that it is still the same. While both agree, it is not read. The
 * file is a hint: whatever is wrong with it, the table is read.
 */

#define MARK_SIZE_MAX 16384

/* What there may be in a table, or not. */
struct parts {
	bool ports, bound;
};

/**
 * mark_format - what the table should be, and by what it is known
 * @spec: the one, borrowed
 * @parts: of the table, instead of those that @spec asks for
 * @mark: the other, borrowed
 * @text: filled
 *
 * Returns the length.
 */
static size_t mark_format(const struct nat_spec *spec, struct parts parts,
			  const struct nat_mark *mark, char text[MARK_SIZE_MAX])
{
	char address[PREFIX_TEXT];
	int length = snprintf(text, MARK_SIZE_MAX,
			      "version %s\nnetns %llu\ntable %llu\ngeneration %u\nports %d\n"
			      "bound %d\nopen %d\nowned %d\npeers %d\nbridges %d\n",
			      NIXCTR_NET_VERSION, (unsigned long long)mark->netns,
			      (unsigned long long)mark->table, mark->generation, parts.ports,
			      parts.bound, spec->open, spec->owned, spec->peers, spec->bridges);

	for (size_t i = 0; i < spec->n_external; i++)
		length += snprintf(text + length, MARK_SIZE_MAX - (size_t)length, "external %s\n",
				   spec->external[i]);
	for (size_t i = 0; i < spec->n_internal; i++)
		length += snprintf(text + length, MARK_SIZE_MAX - (size_t)length, "internal %s\n",
				   prefix_format(&spec->internal[i], address));
	length += snprintf(text + length, MARK_SIZE_MAX - (size_t)length, "source %s",
			   addr_format(&spec->address4, address));
	length += snprintf(text + length, MARK_SIZE_MAX - (size_t)length, " %s\n",
			   addr_format(&spec->address6, address));
	return (size_t)length;
}

/**
 * mark_add_opened - add which links forward only because of us
 * @spec: what the table should be, borrowed
 * @text: changed
 * @length: of it
 *
 * It stands at the end, for not everybody who asks has found that out.
 *
 * Returns the new length.
 */
static size_t mark_add_opened(const struct nat_spec *spec, char text[MARK_SIZE_MAX], size_t length)
{
	length += (size_t)snprintf(text + length, MARK_SIZE_MAX - length, "opened %s\n",
				   spec->opened_known ? "known" : "unknown");
	for (size_t i = 0; i < spec->opened.n_v4; i++)
		length += (size_t)snprintf(text + length, MARK_SIZE_MAX - length, "opened4 %s\n",
					   spec->opened.v4[i]);
	for (size_t i = 0; i < spec->opened.n_v6; i++)
		length += (size_t)snprintf(text + length, MARK_SIZE_MAX - length, "opened6 %s\n",
					   spec->opened.v6[i]);
	return length;
}

/**
 * mark_matches - whether what is written down is about the table as it should be
 * @written, @length: the one, borrowed
 * @spec, @parts, @mark: the other, as for mark_format()
 * @text: room for it as text
 */
static bool mark_matches(const char *written, size_t length, const struct nat_spec *spec,
			 struct parts parts, const struct nat_mark *mark, char text[MARK_SIZE_MAX])
{
	size_t size = mark_format(spec, parts, mark, text);

	if (spec->opened_known)
		size = mark_add_opened(spec, text, size);
	return (spec->opened_known ? length == size : length > size) &&
	       memcmp(written, text, size) == 0;
}

/**
 * mark_path - where it is written down
 * @paths: borrowed
 * @path: filled
 *
 * Returns 0 or -errno.
 */
static int mark_path(const struct paths *paths, char path[PATH_MAX])
{
	return path_format(path, PATH_MAX, NULL, "%s/rules", paths->runtime);
}

/**
 * rules_known - whether the table is as it was when it was found to be right
 * @paths: borrowed
 * @nat: the session
 * @spec: what it should be; it learns whether what bound ports take is there
 * @ret_mark: by what the table is known now; all zero when that is not to be had
 */
bool rules_known(const struct paths *paths, struct nat *nat, struct nat_spec *spec,
		 struct nat_mark *ret_mark)
{
	_cleanup_(freep) char *written = NULL,
			      *text = NULL; /* most of them take a part of a page */
	char path[PATH_MAX];
	bool known = false;
	size_t length;

	*ret_mark = (struct nat_mark){ 0 };
	if (nat_mark_read(nat, ret_mark, NULL) <= 0 || mark_path(paths, path) < 0 ||
	    file_read(path, MARK_SIZE_MAX, &written, &length, NULL) < 0)
		return false;
	if (spec->owned && !ret_mark->owned && nat_is_kept(nat))
		return false;
	text = malloc(MARK_SIZE_MAX);
	/* More than is needed does no harm: parts stay until the table goes. */
	for (unsigned more = 0; text && more < 4 && !known; more++) {
		const struct parts parts = { .ports = spec->ports || more & 1,
					     .bound = spec->bound || more & 2 };

		known = mark_matches(written, length, spec, parts, ret_mark, text);
		if (known)
			spec->bound = parts.bound;
	}
	return known;
}

/**
 * note_write - write down that the table is right
 * @paths: borrowed
 * @spec: what it should be, borrowed
 * @mark: by what it is known, borrowed
 *
 * Returns whether that could be done: if not, the next one looks again.
 */
static bool note_write(const struct paths *paths, const struct nat_spec *spec,
		       const struct nat_mark *mark)
{
	const struct parts parts = { spec->ports, spec->bound };
	_cleanup_(freep) char *text = malloc(MARK_SIZE_MAX);
	char path[PATH_MAX];
	size_t length;

	if (!text)
		return false;
	length = mark_add_opened(spec, text, mark_format(spec, parts, mark, text));
	return mark_path(paths, path) == 0 && file_replace(path, text, length, 0600, NULL) >= 0;
}

/**
 * rules_note - write down that the table has been found to be right
 * @paths: borrowed
 * @nat: the session
 * @spec: what it should be, borrowed
 * @before: by what it was known before it was looked at; only when that is still so can it be told
 *          which state has been looked at
 *
 * Where the kernel lacks what the table can do without, the next one looks whether it still does.
 *
 * Returns whether that could be done.
 */
bool rules_note(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		const struct nat_mark *before)
{
	struct nat_mark after;

	return !nat_lacks(nat) && before->table && nat_mark_read(nat, &after, NULL) > 0 &&
	       after.netns == before->netns && after.table == before->table &&
	       after.generation == before->generation && note_write(paths, spec, &after);
}

/**
 * rules_follow - go on knowing the table, after a commit of ours that does not touch what it should be
 * @paths: borrowed
 * @nat: the session
 * @spec: what the table should be, borrowed
 * @mark: by what it was known before, and is now; no table: it is not
 *
 * Nobody else has committed anything when the kernel has counted but one.
 */
void rules_follow(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		  struct nat_mark *mark)
{
	struct nat_mark after = { .table = 0 };
	bool known = mark->table && nat_mark_read(nat, &after, NULL) > 0 &&
		     after.netns == mark->netns && after.table == mark->table &&
		     after.generation == mark->generation + 1 && note_write(paths, spec, &after);

	*mark = known ? after : (struct nat_mark){ .table = 0 };
}
