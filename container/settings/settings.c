/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/settings/settings.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/settings/settings-book.h"

/*
 * Theory of operation
 *
 * nixctr-net.conf is read first, then conf.d/ in the order of its names; what is read later wins.
 * Lists add up within one file, and the first line of one in a file replaces what earlier files said.
 * The commands that change settings write conf.d/50-nat.conf and nothing else.
 */

/* What the handler of libinih works on. */
struct settings_reader {
	struct settings *settings;
	const char *path;
	unsigned seen; /* which lists, in this file */
	struct error *e;
	int r;
};

/**
 * boolean_parse - read a truth value as systemd's files spell it
 * @text: borrowed
 * @ret_value: the value
 *
 * Returns 0 or -EINVAL.
 */
static int boolean_parse(const char *text, bool *ret_value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*ret_value = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * external_add - add an external link; for struct list
 * @settings: changed
 * @word: "auto" or the name of a link
 * @e: names what is wrong
 *
 * Returns 0, 1 or -errno.
 */
static int external_add(struct settings *settings, const char *word, struct error *e)
{
	if (strcmp(word, "auto") != 0)
		return nat_spec_add(&settings->wanted, word, e);
	settings->external_auto = true;
	return 1;
}

/**
 * external_clear - forget all external links; for struct list
 * @settings: changed
 */
static void external_clear(struct settings *settings)
{
	settings->external_auto = false;
	settings->wanted.n_external = 0;
}

/**
 * internal_add - add an internal network; for struct list
 * @settings: changed
 * @word: the network
 * @e: names what is wrong
 *
 * Returns 0, 1 or -errno.
 */
static int internal_add(struct settings *settings, const char *word, struct error *e)
{
	return nat_spec_add_internal(&settings->wanted, word, e);
}

/**
 * internal_clear - forget all internal networks; for struct list
 * @settings: changed
 */
static void internal_clear(struct settings *settings)
{
	settings->wanted.n_internal = 0;
}

/**
 * source_add - set the address that all leave with; for struct list
 * @settings: changed
 * @word: the address
 * @e: names what is wrong
 *
 * Returns 0, 1 or -errno.
 */
static int source_add(struct settings *settings, const char *word, struct error *e)
{
	return nat_spec_set_address(&settings->wanted, word, AF_INET, e);
}

/**
 * source_clear - forget it; for struct list
 * @settings: changed
 */
static void source_clear(struct settings *settings)
{
	settings->wanted.address4 = (struct addr){ .family = AF_UNSPEC };
}

/**
 * source6_add - set the IPv6 address that all leave with; for struct list
 * @settings: changed
 * @word: the address
 * @e: names what is wrong
 *
 * Returns 0, 1 or -errno.
 */
static int source6_add(struct settings *settings, const char *word, struct error *e)
{
	return nat_spec_set_address(&settings->wanted, word, AF_INET6, e);
}

/**
 * source6_clear - forget it; for struct list
 * @settings: changed
 */
static void source6_clear(struct settings *settings)
{
	settings->wanted.address6 = (struct addr){ .family = AF_UNSPEC };
}

/* The settings of [nat] that are lists of words, separated by commas or blanks. */
static const struct list {
	const char *key;
	int (*add)(struct settings *settings, const char *word, struct error *e);
	void (*clear)(struct settings *settings);
} lists[] = {
	{ "external", external_add, external_clear },
	{ "internal", internal_add, internal_clear },
	{ "source", source_add, source_clear },
	{ "source6", source6_add, source6_clear },
};

/**
 * list_add - take one line of a list
 * @list: which
 * @settings: changed
 * @text: the words, borrowed; there may be none
 * @e: names what is wrong
 *
 * Returns 0 or -errno.
 */
static int list_add(const struct list *list, struct settings *settings, const char *text,
		    struct error *e)
{
	static const char separators[] = ", \t";

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);
		char word[64];
		int r;

		if (*text == '#')
			return error_set(e, ERROR_FAILED, EINVAL,
					 "a comment begins its own line, and '%s' does not", text);
		r = path_format(word, sizeof(word), e, "%.*s", (int)length, text);
		if (r == 0)
			r = list->add(settings, word, e);
		if (r < 0)
			return r;
		text += length;
	}
	return 0;
}

/**
 * list_handle - take one line of [nat], when it is of a list
 * @reader: its settings are changed
 * @key, @value: the line, borrowed
 *
 * Returns whether it is.
 */
static bool list_handle(struct settings_reader *reader, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strcmp(lists[i].key, key) != 0)
			continue;
		if (!(reader->seen & 1u << i))
			lists[i].clear(reader->settings);
		reader->seen |= 1u << i;
		reader->r = list_add(&lists[i], reader->settings, value, reader->e);
		return true;
	}
	return false;
}

/**
 * boolean_handle - take one line of [nat] that is yes or no
 * @reader: borrowed
 * @key, @value: the line, borrowed
 * @setting: changed
 */
static void boolean_handle(struct settings_reader *reader, const char *key, const char *value,
			   bool *setting)
{
	if (boolean_parse(value, setting) < 0)
		reader->r = error_set(reader->e, ERROR_FAILED, EINVAL,
				      "[nat] %s is '%s', not yes or no", key, value);
}

/**
 * settings_handle - take one line of a file; the handler of libinih
 * @user: the struct settings_reader
 * @section, @key, @value: the line, borrowed
 *
 * An unknown line is reported and passed over, so that an older program reads a newer file.
 *
 * Returns 1 to go on, 0 to stop.
 */
static int settings_handle(void *user, const char *section, const char *key, const char *value)
{
	struct settings_reader *reader = user;
	struct settings *settings = reader->settings;

	bool isolate = !settings->open;

	if (strcmp(section, "nat") == 0 && strcmp(key, "enable") == 0) {
		boolean_handle(reader, key, value, &settings->nat);
	} else if (strcmp(section, "nat") == 0 && strcmp(key, "own_table") == 0) {
		boolean_handle(reader, key, value, &settings->own_table);
	} else if (strcmp(section, "nat") == 0 && strcmp(key, "isolate") == 0) {
		boolean_handle(reader, key, value, &isolate);
		settings->open = !isolate;
	} else if (strcmp(section, "ipam") == 0) {
		reader->r = settings_take_book(settings, reader->path, key, value, reader->e);
	} else if (strcmp(section, "nat") != 0 || !list_handle(reader, key, value)) {
		settings_unknown(reader->path, section, key);
	}
	return reader->r == 0;
}

/**
 * settings_read_file - read one file
 * @path: borrowed
 * @settings: changed
 * @e: names the file and the line
 *
 * Returns 1, 0 when there is no such file, or -errno.
 */
static int settings_read_file(const char *path, struct settings *settings, struct error *e)
{
	struct settings_reader reader = { .settings = settings, .path = path, .e = e };
	_cleanup_(freep) char *text = NULL;
	size_t length;
	int line, r;

	r = file_read(path, SETTINGS_SIZE_MAX, &text, &length, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (strlen(text) != length)
		return error_set(e, ERROR_FAILED, EINVAL, "%s contains a NUL byte", path);
	line = ini_parse_string(text, settings_handle, &reader);
	if (reader.r < 0)
		return error_classify(e, error_wrap(e, reader.r, "%s line %d", path, line),
				      ERROR_FAILED);
	if (line != 0)
		return error_set(e, ERROR_FAILED, EINVAL,
				 "%s line %d: neither [section] nor key = value", path, line);
	return 1;
}

/**
 * drop_in_is_read - whether an entry of conf.d is a settings file; the filter of scandir()
 * @entry: borrowed
 */
static int drop_in_is_read(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/**
 * settings_read_drop_ins - read conf.d/ in the order of its names
 * @directory: its path, borrowed
 * @settings: changed
 * @e: names the file and the line
 *
 * Returns 0 or -errno.
 */
static int settings_read_drop_ins(const char *directory, struct settings *settings, struct error *e)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, drop_in_is_read, alphasort);
	int r = 0;

	if (count < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (count < 0)
		return error_errno(e, errno, "cannot read %s", directory);
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (r >= 0)
			r = path_format(path, sizeof(path), e, "%s/%s", directory,
					entries[i]->d_name);
		if (r >= 0)
			r = settings_read_file(path, settings, e);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : 0;
}

/**
 * settings_read - read what is set on this host
 * @paths: borrowed
 * @ret_settings: the settings; without any file NAT is not enabled
 * @e: names the file and the line
 *
 * Returns 0 or -errno.
 */
int settings_read(const struct paths *paths, struct settings *ret_settings, struct error *e)
{
	struct settings settings = settings_default();
	char path[PATH_MAX];
	int r;

	r = path_format(path, sizeof(path), e, "%s/nixctr-net.conf", paths->settings);
	if (r == 0)
		r = settings_read_file(path, &settings, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/conf.d", paths->settings);
	if (r >= 0)
		r = settings_read_drop_ins(path, &settings, e);
	if (r < 0)
		return error_remedy(e, r, "correct the file; nixctr-net.conf(5) has the settings");
	*ret_settings = settings;
	return 0;
}

/**
 * settings_equal - whether two settings say the same
 * @a, @b: borrowed
 */
bool settings_equal(const struct settings *a, const struct settings *b)
{
	return a->nat == b->nat && a->open == b->open && a->external_auto == b->external_auto &&
	       nat_spec_same(&a->wanted, &b->wanted);
}
