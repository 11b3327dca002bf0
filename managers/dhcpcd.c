/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * dhcpcd takes each link that appears, unless its configuration says otherwise, and reads no other file
 * than that one: nothing can be installed beside it, and the file is its administrator's. Which options
 * its service starts it with differs between distributions. So a drop-in of that service has a copy made
 * before it starts, with one line more, and mounted in the place of the file, for dhcpcd alone.
 *
 * Whether that keeps it off is found out from the file that the process itself sees. Its patterns are
 * those of fnmatch(3).
 */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "managers/managers.h"

#define CONFIGURATION     "/etc/dhcpcd.conf"
#define CONFIGURATION_MAX ((size_t)256 * 1024)
#define CHILDREN_MAX      4096

/* Where a dhcpcd for all links says that it runs: since version 9, and before. */
static const char *const pid_files[] = { "/run/dhcpcd/pid", "/run/dhcpcd.pid" };

/**
 * dhcpcd_running - whether one runs that takes every link
 * @ret_pid: its process
 * @e: filled on failure
 *
 * Its number is believed when the process is called so.
 *
 * Returns 1, 0 or -errno.
 */
static int dhcpcd_running(long *ret_pid, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(pid_files); i++) {
		_cleanup_(freep) char *text = NULL;
		_cleanup_(freep) char *name = NULL;
		char path[64];
		size_t length;
		int r = file_read(pid_files[i], 64, &text, &length, e);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		*ret_pid = strtol(text, NULL, 10);
		r = path_format(path, sizeof(path), e, "/proc/%ld/comm", *ret_pid);
		if (r == 0 && file_read(path, 64, &name, &length, NULL) >= 0 &&
		    strcmp(name, "dhcpcd\n") == 0)
			return 1;
	}
	return 0;
}

/**
 * line_covers - whether a line of the configuration has a pattern for a link
 * @line, @length: borrowed
 * @key: the option
 * @link: the name of the link
 */
static bool line_covers(const char *line, size_t length, const char *key, const char *link)
{
	char text[1024], *rest = text, *word;

	if (length >= sizeof(text))
		length = sizeof(text) - 1;
	memcpy(text, line, length);
	text[length] = '\0';
	word = strsep(&rest, " \t");
	if (!word || strcmp(word, key) != 0)
		return false;
	while ((word = strsep(&rest, " \t,")))
		if (*word && fnmatch(word, link, 0) == 0)
			return true;
	return false;
}

/**
 * configuration_denies - whether a configuration keeps dhcpcd off a link
 * @text: borrowed
 * @link: the name of the link
 */
static bool configuration_denies(const char *text, const char *link)
{
	bool allows_some = false, allowed = false;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length;

		line += strspn(line, " \t");
		length = strcspn(line, "\n");
		if (line_covers(line, length, "denyinterfaces", link))
			return true;
		allows_some |= strncmp(line, "allowinterfaces", 15) == 0;
		allowed |= line_covers(line, length, "allowinterfaces", link);
	}
	return allows_some && !allowed;
}

/**
 * configuration_read - read the configuration as dhcpcd sees it
 * @root: "" or the directory below which it is for all others
 * @pid: of dhcpcd
 * @ret_text: the caller frees it
 * @e: names the file
 *
 * The process itself has given up all files, by chroot(2); one of its children has not.
 *
 * Returns 0, -ENOENT when there is none, or another -errno.
 */
static int configuration_read(const char *root, long pid, char **ret_text, struct error *e)
{
	_cleanup_(freep) char *children = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = path_format(path, sizeof(path), e, "/proc/%ld/task/%ld/children", pid, pid);

	if (r == 0)
		r = file_read(path, CHILDREN_MAX, &children, &length, NULL);
	for (char *rest = children, *word; r >= 0 && rest && (word = strsep(&rest, " "));) {
		if (path_format(path, sizeof(path), NULL, "/proc/%s/root" CONFIGURATION, word) < 0)
			continue;
		if (*word && file_read(path, CONFIGURATION_MAX, ret_text, &length, NULL) >= 0)
			return 0;
	}
	r = path_format(path, sizeof(path), e, "%s" CONFIGURATION, root);
	if (r == 0)
		r = file_read(path, CONFIGURATION_MAX, ret_text, &length, e);
	return r < 0 ? r : 0;
}

/**
 * dhcpcd_manages - whether a dhcpcd runs that would take links
 * @root: "" or the directory below which its configuration is
 * @links, @count: names of links
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int dhcpcd_manages(const char *root, const char *const *links, size_t count, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	long pid = 0;
	int r = dhcpcd_running(&pid, e);

	if (r <= 0)
		return r;
	r = configuration_read(root, pid, &text, e);
	if (r == -ENOENT)
		return 1;
	for (size_t i = 0; text && i < count; i++)
		if (!configuration_denies(text, links[i]))
			return 1;
	return r < 0 ? r : 0;
}

/**
 * dhcpcd_copy - make a copy of the configuration that keeps dhcpcd off links
 * @root: "" or the directory below which the configuration is
 * @patterns: of links, with blanks between them
 * @copy: the file to make
 * @e: names the file
 *
 * The line comes first: behind "interface" it would go for that one only. Without a configuration there
 * is nothing to copy, and no file in whose place a copy could be.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int dhcpcd_copy(const char *root, const char *patterns, const char *copy, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) char *made = NULL;
	char path[PATH_MAX];
	size_t length;
	int r = path_format(path, sizeof(path), e, "%s" CONFIGURATION, root);

	if (r == 0)
		r = file_read(path, CONFIGURATION_MAX, &text, &length, e);
	if (r == -ENOENT) {
		r = file_remove(copy, e);
		return r < 0 ? r : 0;
	}
	if (r < 0)
		return r;
	r = asprintf(
		&made,
		"# A copy of " CONFIGURATION " with one line more, made whenever dhcpcd is\n"
		"# started, by nixctr-net: links of containers are not dhcpcd's to configure.\n"
		"denyinterfaces %s\n\n%s",
		patterns, text);
	if (r < 0) {
		made = NULL;
		return error_errno(e, ENOMEM, "cannot write %s", copy);
	}
	r = file_replace(copy, made, (size_t)r, 0600, e);
	return r < 0 ? r : 1;
}
