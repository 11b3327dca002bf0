/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/records.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definitions.h"

/**
 * records_directory - where the records of a kind are
 * @kind: borrowed
 * @paths: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int records_directory(const struct records_kind *kind, const struct paths *paths,
		      char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/%s", paths->runtime, kind->directory);
}

/**
 * records_path - where the record of a container is
 * @kind: borrowed
 * @paths: borrowed
 * @name: a checked name
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int records_path(const struct records_kind *kind, const struct paths *paths,
			const char *name, char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/%s/%s", paths->runtime, kind->directory, name);
}

/**
 * text_of - a record as text
 * @kind: borrowed
 * @content: borrowed
 * @ret_text: the caller frees it
 * @ret_length: its length
 *
 * Returns 0 or -ENOMEM.
 */
static int text_of(const struct records_kind *kind, const void *content, char **ret_text,
		   size_t *ret_length)
{
	FILE *file = open_memstream(ret_text, ret_length);
	int r;

	if (!file)
		return -ENOMEM;
	r = kind->format(file, content);
	if (fclose(file) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return r;
}

/**
 * records_write - have something recorded of a container
 * @kind: borrowed
 * @paths: borrowed
 * @name: a checked name
 * @content: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int records_write(const struct records_kind *kind, const struct paths *paths, const char *name,
		  const void *content, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = records_path(kind, paths, name, path, e);

	if (r == 0 && text_of(kind, content, &text, &length) < 0)
		r = error_errno(e, ENOMEM, "cannot write %s", path);
	return r < 0 ? r : file_replace(path, text, length, 0644, e);
}

/**
 * records_remove - forget what is recorded of a container
 * @kind: borrowed
 * @paths: borrowed
 * @name: a checked name
 * @e: names the file
 *
 * Returns 1, 0 when there was no record, or -errno.
 */
int records_remove(const struct records_kind *kind, const struct paths *paths, const char *name,
		   struct error *e)
{
	char path[PATH_MAX];
	int r = records_path(kind, paths, name, path, e);

	return r < 0 ? r : file_remove(path, e);
}

/**
 * records_read - read what is recorded of a container
 * @kind: borrowed
 * @paths: borrowed
 * @name: a checked name
 * @content: added to; the caller frees it, also after a failure
 * @e: names the file and the line
 *
 * Returns 1, 0 when there is no record, or -errno.
 */
int records_read(const struct records_kind *kind, const struct paths *paths, const char *name,
		 void *content, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t length, number = 0;
	int r = records_path(kind, paths, name, path, e);

	if (r == 0)
		r = file_read(path, kind->size_max, &text, &length, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = 1;
	for (char *rest = text, *line; r > 0 && (line = strsep(&rest, "\n")) && *line; number++)
		r = kind->take(line, name, content, e);
	if (r == 0) {
		r = error_set(e, ERROR_FAILED, EINVAL, "line %zu of %s is not ours", number, path);
		return error_remedy(e, r, "remove %s", path);
	}
	return r;
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
 * records_read_all - read what is recorded of all containers
 * @kind: borrowed
 * @paths: borrowed
 * @content: added to; the caller frees it, also after a failure
 * @e: names the file and the line
 *
 * Returns 0 or -errno.
 */
int records_read_all(const struct records_kind *kind, const struct paths *paths, void *content,
		     struct error *e)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int r = records_directory(kind, paths, path, e), count = 0;

	if (r == 0)
		count = scandir(path, &entries, entry_is_record, alphasort);
	if (count < 0 && errno != ENOENT)
		r = error_errno(e, errno, "cannot read %s", path);
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = records_read(kind, paths, entries[i]->d_name, content, e);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : 0;
}

/**
 * records_others - whether any other container has a record
 * @kind: borrowed
 * @paths: borrowed
 * @name: the container that does not count
 * @e: names the directory
 *
 * Returns 1, 0 or -errno.
 */
int records_others(const struct records_kind *kind, const struct paths *paths, const char *name,
		   struct error *e)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *directory;
	int r = records_directory(kind, paths, path, e);

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
