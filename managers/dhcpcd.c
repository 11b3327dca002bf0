/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * dhcpcd takes each link that appears, unless its configuration says otherwise, and reads no other file
 * than that one: nothing can be installed beside it. So we look whether it runs for all links, and
 * whether what stands there keeps it off. Its patterns are those of fnmatch(3).
 */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "managers/managers.h"

#define CONFIGURATION_MAX ((size_t)256 * 1024)

/* Where a dhcpcd for all links says that it runs: since version 9, and before. */
static const char *const pid_files[] = { "/run/dhcpcd/pid", "/run/dhcpcd.pid" };

/**
 * dhcpcd_running - whether one runs that takes every link
 * @e: filled on failure
 *
 * Its number is believed when the process is called so.
 *
 * Returns 1, 0 or -errno.
 */
static int dhcpcd_running(struct error *e)
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
		r = path_format(path, sizeof(path), e, "/proc/%ld/comm", strtol(text, NULL, 10));
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
	char path[PATH_MAX];
	size_t length;
	int r = dhcpcd_running(e);

	if (r <= 0)
		return r;
	r = path_format(path, sizeof(path), e, "%s/etc/dhcpcd.conf", root);
	if (r == 0)
		r = file_read(path, CONFIGURATION_MAX, &text, &length, e);
	if (r == -ENOENT)
		return 1;
	for (size_t i = 0; text && i < count; i++)
		if (!configuration_denies(text, links[i]))
			return 1;
	return r < 0 ? r : 0;
}
