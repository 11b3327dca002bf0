/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/forward-record.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/ports.h"

#define RECORD_SIZE_MAX ((size_t)64 * 1024)
#define RECORD_WORDS    6

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
 * record_format - a record as text
 * @forwards: borrowed
 * @ret_text: the caller frees it
 * @ret_length: its length
 *
 * Returns 0 or -ENOMEM.
 */
static int record_format(const struct nat_forwards *forwards, char **ret_text, size_t *ret_length)
{
	FILE *file = open_memstream(ret_text, ret_length);
	char to[ADDR_TEXT], from[ADDR_TEXT];

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < forwards->count; i++) {
		const struct nat_forward *one = &forwards->list[i];

		fprintf(file, "%s %u %s %u %s %s\n", protocol_name(one->protocol), one->port,
			addr_format(&one->to, to), one->to_port,
			addr_is_set(&one->from) ? addr_format(&one->from, from) : "-", one->link);
	}
	if (fclose(file) != 0) {
		free(*ret_text);
		return -ENOMEM;
	}
	return 0;
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
 * port_parse - read a port in a record
 * @text: borrowed
 * @ret_port: the port
 *
 * Returns whether it is one.
 */
static bool port_parse(const char *text, uint16_t *ret_port)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*ret_port = (uint16_t)number;
	return end != text && !*end && number > 0 && number <= UINT16_MAX;
}

/**
 * line_parse - read one line of a record
 * @line: without its end; changed
 * @ret_forward: filled but for the container
 *
 * Returns whether it is one that we write.
 */
static bool line_parse(char *line, struct nat_forward *ret_forward)
{
	struct nat_forward forward = { .protocol = IPPROTO_TCP };
	char *words[RECORD_WORDS];

	for (size_t i = 0; i < RECORD_WORDS; i++) {
		words[i] = strsep(&line, " ");
		if (!words[i])
			return false;
	}
	if (line || strlen(words[5]) >= sizeof(forward.link))
		return false;
	if (strcmp(words[0], "udp") == 0)
		forward.protocol = IPPROTO_UDP;
	memcpy(forward.link, words[5], strlen(words[5]));
	if (strcmp(words[4], "-") != 0 && addr_parse(words[4], &forward.from, NULL) < 0)
		return false;
	if (!port_parse(words[1], &forward.port) || !port_parse(words[3], &forward.to_port) ||
	    addr_parse(words[2], &forward.to, NULL) < 0)
		return false;
	*ret_forward = forward;
	return true;
}

/**
 * forwards_add - put one more behind the others
 * @forwards: changed
 * @forward: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int forwards_add(struct nat_forwards *forwards, const struct nat_forward *forward,
			struct error *e)
{
	void *grown = reallocarray(forwards->list, forwards->count + 1, sizeof(*forwards->list));

	if (!grown)
		return error_errno(e, ENOMEM, "cannot read published ports");
	forwards->list = grown;
	forwards->list[forwards->count++] = *forward;
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

		if (!line_parse(line, &forward)) {
			r = error_set(e, ERROR_FAILED, EINVAL, "%s has a line that is no port: %s",
				      path, line);
			return error_remedy(e, r, "remove %s", path);
		}
		memcpy(forward.container, name, strlen(name) + 1);
		r = forwards_add(forwards, &forward, e);
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
