/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/forward-record.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/ports.h"

#define RECORD_SIZE_MAX ((size_t)2 * 1024 * 1024) /* every port by itself, in both families */
#define RECORD_WORDS    6                         /* and one more of what is bound */

/**
 * forward_record_directory - where the records are
 * @paths: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int forward_record_directory(const struct paths *paths, char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/forwards", paths->runtime);
}

/**
 * record_path - where the record of a container is
 * @paths: borrowed
 * @name: a checked name
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int record_path(const struct paths *paths, const char *name, char path[PATH_MAX],
		       struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/forwards/%s", paths->runtime, name);
}

/**
 * forward_follows - whether a forward goes on where another one ends
 * @forward, @before: borrowed
 * @distance: how many ports are between the two
 */
static bool forward_follows(const struct nat_forward *forward, const struct nat_forward *before,
			    size_t distance)
{
	return forward->protocol == before->protocol && forward->port == before->port + distance &&
	       forward->to_port == before->to_port + distance &&
	       addr_equal(&forward->to, &before->to) && addr_equal(&forward->from, &before->from) &&
	       addr_equal(&forward->host, &before->host) &&
	       strcmp(forward->host_link, before->host_link) == 0 &&
	       strcmp(forward->link, before->link) == 0;
}

/**
 * run_length - how many forwards are one line of a record
 * @forwards: of one container and one family, borrowed
 * @begin: the first of them
 */
static uint16_t run_length(const struct nat_forwards *forwards, size_t begin)
{
	size_t end = begin + 1;

	while (end < forwards->count &&
	       forward_follows(&forwards->list[end], &forwards->list[begin], end - begin))
		end++;
	return (uint16_t)(end - begin);
}

/**
 * family_format - the forwards of one family as text
 * @file: where to
 * @forwards: sorted, borrowed
 * @family: AF_INET or AF_INET6
 *
 * Returns 0 or -ENOMEM.
 */
static int family_format(FILE *file, const struct nat_forwards *forwards, sa_family_t family)
{
	struct nat_forwards some = { .list = calloc(forwards->count + 1, sizeof(*some.list)) };
	char to[ADDR_TEXT], from[ADDR_TEXT], ports[RANGE_TEXT], place[PLACE_TEXT];
	uint16_t length;

	if (!some.list)
		return -ENOMEM;
	for (size_t i = 0; i < forwards->count; i++)
		if (forwards->list[i].to.family == family)
			some.list[some.count++] = forwards->list[i];
	for (size_t i = 0; i < some.count; i += length) {
		const struct nat_forward *one = &some.list[i];

		length = run_length(&some, i);
		place_format(&one->host, one->host_link, place);
		fprintf(file, "%s %s %s %u %s %s%s%s\n", protocol_name(one->protocol),
			range_format(one->port, length, ports), addr_format(&one->to, to),
			one->to_port, addr_is_set(&one->from) ? addr_format(&one->from, from) : "-",
			one->link, place[0] ? " " : "", place);
	}
	free(some.list);
	return 0;
}

/**
 * record_format - a record as text
 * @forwards: sorted, borrowed
 * @ret_text: the caller frees it
 * @ret_length: its length
 *
 * Returns 0 or -ENOMEM.
 */
static int record_format(const struct nat_forwards *forwards, char **ret_text, size_t *ret_length)
{
	FILE *file = open_memstream(ret_text, ret_length);
	int r;

	if (!file)
		return -ENOMEM;
	r = family_format(file, forwards, AF_INET);
	if (r == 0)
		r = family_format(file, forwards, AF_INET6);
	if (fclose(file) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return r;
}

/**
 * forward_record_write - record what a container publishes
 * @paths: borrowed
 * @name: a checked name
 * @forwards: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int forward_record_write(const struct paths *paths, const char *name,
			 const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = record_path(paths, name, path, e);

	if (r == 0 && record_format(forwards, &text, &length) < 0)
		r = error_errno(e, ENOMEM, "cannot write %s", path);
	return r < 0 ? r : file_replace(path, text, length, 0644, e);
}

/**
 * forward_record_remove - forget what a container publishes
 * @paths: borrowed
 * @name: a checked name
 * @e: names the file
 *
 * Returns 1, 0 when there was no record, or -errno.
 */
int forward_record_remove(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = record_path(paths, name, path, e);

	return r < 0 ? r : file_remove(path, e);
}

/**
 * ports_take - read ports in a record
 * @text: borrowed
 * @ret_first: the first of them
 * @ret_length: how many
 *
 * Returns whether it is one, or some.
 */
static bool ports_take(const char *text, uint16_t *ret_first, uint16_t *ret_length)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (end != text && *end == '-')
		last = strtoul(end + 1, &end, 10);
	*ret_first = (uint16_t)first;
	*ret_length = (uint16_t)(last - first + 1);
	return end != text && !*end && first > 0 && first <= last && last <= UINT16_MAX;
}

/**
 * place_take - read what the ports of a line are bound to
 * @text: as place_format() writes it; changed; NULL: to nothing
 * @forward: its host and host_link are set
 *
 * Returns whether it could be read.
 */
static bool place_take(char *text, struct nat_forward *forward)
{
	char *address = strsep(&text, "%");
	size_t length = address ? strlen(address) : 0;

	if (text && strlen(text) >= sizeof(forward->host_link))
		return false;
	if (text)
		memcpy(forward->host_link, text, strlen(text));
	if (length == 0)
		return true;
	if (address[0] == '[' && address[length - 1] == ']') {
		address[length - 1] = '\0';
		address++;
	}
	return addr_parse(address, &forward->host, NULL) == 0;
}

/**
 * line_parse - read one line of a record
 * @line: without its end; changed
 * @ret_forward: the first port, filled but for the container
 * @ret_length: how many ports there are
 *
 * Returns whether it is one that we write.
 */
static bool line_parse(char *line, struct nat_forward *ret_forward, uint16_t *ret_length)
{
	struct nat_forward forward = { .protocol = IPPROTO_TCP };
	char *words[RECORD_WORDS];
	uint16_t one;

	for (size_t i = 0; i < RECORD_WORDS; i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return false;
	}
	if (strlen(words[5]) >= sizeof(forward.link) || !place_take(line, &forward))
		return false;
	if (strcmp(words[0], "udp") == 0)
		forward.protocol = IPPROTO_UDP;
	memcpy(forward.link, words[5], strlen(words[5]));
	if (strcmp(words[4], "-") != 0 && addr_parse(words[4], &forward.from, NULL) < 0)
		return false;
	if (!ports_take(words[1], &forward.port, ret_length) ||
	    !ports_take(words[3], &forward.to_port, &one) || one != 1 ||
	    addr_parse(words[2], &forward.to, NULL) < 0)
		return false;
	*ret_forward = forward;
	return true;
}

/**
 * forwards_add - put more behind the others
 * @forwards: changed
 * @forward: the first of them
 * @length: how many
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int forwards_add(struct nat_forwards *forwards, const struct nat_forward *forward,
			uint16_t length, struct error *e)
{
	void *grown =
		reallocarray(forwards->list, forwards->count + length, sizeof(*forwards->list));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot read published ports");
	forwards->list = grown;
	for (uint16_t i = 0; i < length; i++) {
		struct nat_forward *added = &forwards->list[forwards->count++];

		*added = *forward;
		added->port = (uint16_t)(forward->port + i);
		added->to_port = (uint16_t)(forward->to_port + i);
	}
	return 0;
}

/**
 * forward_record_read - read what a container publishes
 * @paths: borrowed
 * @name: a checked name
 * @forwards: added to; the caller frees the list, also after a failure
 * @e: names the file and the line
 *
 * Returns 1, 0 when there is no record, or -errno.
 */
int forward_record_read(const struct paths *paths, const char *name, struct nat_forwards *forwards,
			struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = record_path(paths, name, path, e);

	if (r == 0)
		r = file_read(path, RECORD_SIZE_MAX, &text, &length, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char *rest = text, *line; r >= 0 && (line = strsep(&rest, "\n")) && *line;) {
		struct nat_forward forward;
		uint16_t ports;

		if (!line_parse(line, &forward, &ports)) {
			r = error_set(e, ERROR_FAILED, EINVAL, "%s has a line that is no port: %s",
				      path, line);
			return error_remedy(e, r, "remove %s", path);
		}
		memcpy(forward.container, name, strlen(name) + 1);
		r = forwards_add(forwards, &forward, ports, e);
	}
	return r < 0 ? r : 1;
}

/**
 * entry_is_record - whether an entry of the directory is a record; the filter of scandir()
 * @entry: borrowed
 */
static int entry_is_record(const struct dirent *entry)
{
	return name_check(entry->d_name, NULL) == 0;
}

/**
 * forward_records_read - read what all containers publish
 * @paths: borrowed
 * @ret_forwards: the caller frees the list
 * @e: names the file and the line
 *
 * Returns 0 or -errno.
 */
int forward_records_read(const struct paths *paths, struct nat_forwards *ret_forwards,
			 struct error *e)
{
	struct nat_forwards forwards = { .count = 0 };
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int r = forward_record_directory(paths, path, e), count = 0;

	if (r == 0)
		count = scandir(path, &entries, entry_is_record, alphasort);
	if (count < 0 && errno != ENOENT)
		r = error_errno(e, errno, "cannot read %s", path);
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = forward_record_read(paths, entries[i]->d_name, &forwards, e);
		free(entries[i]);
	}
	free(entries);
	if (r < 0) {
		free(forwards.list);
		return r;
	}
	*ret_forwards = forwards;
	return 0;
}

/**
 * forward_records_others - whether any other container has a record
 * @paths: borrowed
 * @name: the container that does not count
 * @e: names the directory
 *
 * Returns 1, 0 or -errno.
 */
int forward_records_others(const struct paths *paths, const char *name, struct error *e)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *directory;
	int r = forward_record_directory(paths, path, e);

	if (r < 0)
		return r;
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot read %s", path);
	while (r == 0 && (entry = readdir(directory)))
		r = entry_is_record(entry) && strcmp(entry->d_name, name) != 0;
	closedir(directory);
	return r;
}
