/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A port has one holder among all definitions, attached or not. To read every definition for each port
 * would make the thousandth container dearer than the first, so the ports that they ask for are
 * remembered in one file of entries of one size: it is mapped and looked through, and changed in place.
 *
 * Its head says of which state of the definitions it tells, by what adopt.c knows them by. The head is
 * taken away before a change and written last, so that a killed run leaves a file that nobody believes.
 * Without one, or with a wrong one, all definitions are read.
 */
#include "container/addresses/port-index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/addresses/adopt.h"
#include "container/addresses/session.h"
#include "container/definitions/definition.h"

/* Ports in a row that a definition asks for. */
struct entry {
	char name[CONTAINER_NAME_MAX]; /* of the container; "": nobody asks for these any more */
	struct port port;
};

/* The file, mapped. */
struct index {
	int fd;
	size_t size;
	char *head; /* HINT_TEXT bytes, with the entries behind them */
	struct entry *entries;
	size_t count;
};

#define INDEX_INIT ((struct index){ .fd = -1 })

/**
 * index_close - let go of the file, for _cleanup_()
 * @index: not usable afterwards
 */
static void index_close(struct index *index)
{
	if (index->head)
		(void)munmap(index->head, index->size);
	fd_closep(&index->fd);
}

/**
 * index_path - where the file is
 * @paths: borrowed
 * @path: filled
 *
 * Returns 0 or -errno.
 */
static int index_path(const struct paths *paths, char path[PATH_MAX])
{
	return path_format(path, PATH_MAX, NULL, "%s/ports-seen", paths->runtime);
}

/**
 * index_open - map the file
 * @paths: borrowed
 * @index: filled; the caller ends with index_close(), also after a failure
 *
 * Returns whether there is one, and it tells of the definitions as they are.
 */
static bool index_open(const struct paths *paths, struct index *index)
{
	char path[PATH_MAX], now[HINT_TEXT] = "";
	struct stat st;
	void *map;

	if (index_path(paths, path) < 0 || !adopt_hint(paths, now))
		return false;
	index->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (index->fd < 0 || fstat(index->fd, &st) < 0 || st.st_size < HINT_TEXT)
		return false;
	index->size = (size_t)st.st_size;
	map = mmap(NULL, index->size, PROT_READ | PROT_WRITE, MAP_SHARED, index->fd, 0);
	if (map == MAP_FAILED)
		return false;
	index->head = map;
	index->entries = (void *)(index->head + HINT_TEXT);
	index->count = (index->size - HINT_TEXT) / sizeof(*index->entries);
	return memcmp(index->head, now, HINT_TEXT) == 0;
}

/**
 * entries_find - look for ports that overlap with another container's
 * @entries, @count: borrowed
 * @name: of the container, borrowed
 * @ports: that it wants, borrowed
 * @ret_clash: the first, if there is any
 *
 * Returns whether there is any.
 */
static bool entries_find(const struct entry *entries, size_t count, const char *name,
			 const struct ports *ports, struct port_clash *ret_clash)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];

		if (!entry->name[0] || strcmp(entry->name, name) == 0)
			continue;
		for (size_t j = 0; j < ports->count; j++) {
			if (!port_overlaps(&ports->list[j], &entry->port))
				continue;
			ret_clash->port = ports->list[j];
			ret_clash->other = entry->port;
			memcpy(ret_clash->holder, entry->name, sizeof(entry->name));
			return true;
		}
	}
	return false;
}

/* A new file, in memory. */
struct draft {
	char *bytes; /* HINT_TEXT of them for the head, and entries */
	size_t count, room;
};

/**
 * draft_add - put what a definition asks for behind the others
 * @draft: changed
 * @name: of the container, borrowed
 * @ports: borrowed
 *
 * Returns 0 or -ENOMEM.
 */
static int draft_add(struct draft *draft, const char *name, const struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		struct entry *entries;

		if (draft->count == draft->room) {
			size_t room = draft->room ? 2 * draft->room : 64;
			void *grown = realloc(draft->bytes, HINT_TEXT + room * sizeof(*entries));

			if (!grown)
				return -ENOMEM;
			draft->bytes = grown;
			draft->room = room;
		}
		entries = (void *)(draft->bytes + HINT_TEXT);
		memset(&entries[draft->count], 0, sizeof(*entries));
		memcpy(entries[draft->count].name, name, strlen(name) + 1);
		entries[draft->count++].port = ports->list[i];
	}
	return 0;
}

/**
 * draft_read - read what all definitions ask for
 * @paths: borrowed
 * @draft: filled
 * @e: names the directory
 *
 * A definition that cannot be read asks for nothing that could be told.
 *
 * Returns 0 or -errno.
 */
static int draft_read(const struct paths *paths, struct draft *draft, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct definition definition;
	size_t count = 0;
	int r = definition_names(paths, &names, &count, e);

	draft->bytes = r == 0 ? calloc(1, HINT_TEXT + sizeof(struct entry)) : NULL;
	if (r == 0 && !draft->bytes)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (definition_read(paths, names[i], &definition, NULL) > 0)
			r = draft_add(draft, names[i], &definition.ports);
	return r == -ENOMEM ? error_errno(e, ENOMEM, "cannot look at published ports") : r;
}

/**
 * draft_write - remember what all definitions ask for
 * @paths: borrowed
 * @draft: borrowed; its head is filled
 *
 * Failures are ignored: the next run then reads all definitions.
 */
static void draft_write(const struct paths *paths, struct draft *draft)
{
	size_t size = HINT_TEXT + draft->count * sizeof(struct entry);
	char path[PATH_MAX], now[HINT_TEXT] = "";

	if (!draft->bytes || !adopt_is_current(paths) || !adopt_hint(paths, now) ||
	    index_path(paths, path) < 0)
		return;
	memcpy(draft->bytes, now, HINT_TEXT);
	(void)file_replace(path, draft->bytes, size, 0600, NULL);
}

/**
 * port_index_find - look for ports that overlap with another container's
 * @paths: borrowed
 * @name: of the container, borrowed
 * @ports: that it wants, borrowed
 * @ret_clash: the first, if there is any
 * @e: filled on failure
 *
 * Returns 1, 0 when all are free, or -errno.
 */
int port_index_find(const struct paths *paths, const char *name, const struct ports *ports,
		    struct port_clash *ret_clash, struct error *e)
{
	_cleanup_(index_close) struct index index = INDEX_INIT;
	struct draft draft = { .count = 0 };
	int r;

	if (index_open(paths, &index))
		return entries_find(index.entries, index.count, name, ports, ret_clash);
	r = draft_read(paths, &draft, e);
	if (r == 0) {
		draft_write(paths, &draft);
		r = entries_find((const void *)(draft.bytes + HINT_TEXT), draft.count, name, ports,
				 ret_clash);
	}
	free(draft.bytes);
	return r;
}

/**
 * entries_put - put ports where nobody asks for any, else behind the others
 * @index: changed
 * @name: of the container, borrowed
 * @ports: borrowed
 *
 * Returns whether all could be written.
 */
static bool entries_put(struct index *index, const char *name, const struct ports *ports)
{
	size_t place = 0, end = index->count;

	for (size_t i = 0; i < ports->count; i++) {
		struct entry entry;
		off_t offset;

		memset(&entry, 0, sizeof(entry));
		memcpy(entry.name, name, strlen(name) + 1);
		entry.port = ports->list[i];
		while (place < index->count && index->entries[place].name[0])
			place++;
		if (place < index->count) {
			index->entries[place] = entry;
			continue;
		}
		offset = (off_t)(HINT_TEXT + end++ * sizeof(entry));
		if (pwrite(index->fd, &entry, sizeof(entry), offset) != (ssize_t)sizeof(entry))
			return false;
	}
	return true;
}

/**
 * index_update - remember what a definition asks for now
 * @paths: borrowed
 * @name: of the container, borrowed
 * @ports: borrowed; NULL: nothing
 *
 * The file was current before the change. Failures are ignored: its head is not written then.
 */
static void index_update(const struct paths *paths, const char *name, const struct ports *ports)
{
	_cleanup_(index_close) struct index index = INDEX_INIT;
	char now[HINT_TEXT] = "";

	(void)index_open(paths, &index); /* what its head says is out of date by now */
	if (!index.head)
		return;
	memset(index.head, 0, HINT_TEXT);
	for (size_t i = 0; i < index.count; i++)
		if (strcmp(index.entries[i].name, name) == 0)
			memset(&index.entries[i], 0, sizeof(index.entries[i]));
	if ((!ports || entries_put(&index, name, ports)) && adopt_hint(paths, now))
		memcpy(index.head, now, HINT_TEXT);
}

/**
 * definitions_remembered - what is remembered of the definitions as they are
 * @paths: borrowed
 */
struct remembered definitions_remembered(const struct paths *paths)
{
	_cleanup_(index_close) struct index index = INDEX_INIT;

	return (struct remembered){ .book = adopt_is_current(paths),
				    .index = index_open(paths, &index) };
}

/**
 * definitions_remember - remember the definitions as they are, after one of them was changed
 * @paths: borrowed
 * @before: what was remembered before
 * @name: of the container, borrowed
 * @ports: that it asks for now, borrowed; NULL: none
 */
void definitions_remember(const struct paths *paths, struct remembered before, const char *name,
			  const struct ports *ports)
{
	if (!before.book)
		return;
	adopt_remember(paths);
	if (before.index)
		index_update(paths, name, ports);
}
