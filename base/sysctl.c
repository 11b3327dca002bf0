/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/**
 * sysctl_open - open one switch of one link
 * @family: "ipv4" or "ipv6"
 * @link: name of the link, or "all" or "default"
 * @key: name of the switch
 * @flags: O_RDONLY or O_WRONLY
 * @e: names the switch
 *
 * Returns a descriptor, -ENOENT when there is no such link or switch, or another -errno.
 */
static int sysctl_open(const char *family, const char *link, const char *key, int flags,
		       struct error *e)
{
	char path[160];
	int fd, r;

	r = path_format(path, sizeof(path), e, "/proc/sys/net/%s/conf/%s/%s", family, link, key);
	if (r < 0)
		return r;
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	return fd;
}

/**
 * sysctl_read - read one switch of one link
 * @family, @link, @key: as for sysctl_open()
 * @ret_value: its value
 * @e: names the switch
 *
 * Returns 0 or -errno.
 */
int sysctl_read(const char *family, const char *link, const char *key, int *ret_value,
		struct error *e)
{
	_cleanup_(fd_closep) int fd = sysctl_open(family, link, key, O_RDONLY, e);
	char text[16] = "";
	char *end;
	long value;

	if (fd < 0)
		return fd;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return error_errno(e, errno, "cannot read %s/%s of %s", family, key, link);
	value = strtol(text, &end, 10);
	if (end == text)
		return error_set(e, ERROR_FAILED, EINVAL, "%s/%s of %s is not a number", family,
				 key, link);
	*ret_value = (int)value;
	return 0;
}

/**
 * sysctl_write - set one switch of one link
 * @family, @link, @key: as for sysctl_open()
 * @value: its new value
 * @e: names the switch
 *
 * Returns 0 or -errno.
 */
int sysctl_write(const char *family, const char *link, const char *key, int value, struct error *e)
{
	_cleanup_(fd_closep) int fd = sysctl_open(family, link, key, O_WRONLY, e);
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", value);

	if (fd < 0)
		return fd;
	log_debug("sysctl: net.%s.conf.%s.%s = %d", family, link, key, value);
	if (write(fd, text, (size_t)length) != length)
		return error_errno(e, errno, "cannot set %s/%s of %s to %d", family, key, link,
				   value);
	return 0;
}

/**
 * link_order - compare the names of two links, for qsort()
 * @a, @b: the names
 */
static int link_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/**
 * entry_is_link - whether an entry of the directory of all switches is a link
 * @name: of the entry
 */
static bool entry_is_link(const char *name)
{
	static const char *const others[] = { ".", "..", "all", "default" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	return strlen(name) < IFNAMSIZ;
}

/* Names of links, as they are found. */
struct names {
	char (*list)[IFNAMSIZ];
	size_t count, room;
};

/**
 * names_add - add a name behind the others
 * @names: changed
 * @name: of a link
 *
 * Returns whether there was memory.
 */
static bool names_add(struct names *names, const char *name)
{
	if (names->count == names->room) {
		size_t room = names->room + 64;
		void *grown = reallocarray(names->list, room, sizeof(*names->list));

		if (!grown)
			return false;
		names->list = grown;
		names->room = room;
	}
	memset(names->list[names->count], 0, IFNAMSIZ);
	memcpy(names->list[names->count++], name, strlen(name));
	return true;
}

/**
 * sysctl_links - the links that have switches
 * @ret_names: in their order; the caller frees them
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int sysctl_links(char (**ret_names)[IFNAMSIZ], size_t *ret_count, struct error *e)
{
	static const char path[] = "/proc/sys/net/ipv4/conf";
	DIR *directory = opendir(path);
	struct names names = { 0 };
	struct dirent *entry;
	bool memory = true;

	if (!directory)
		return error_errno(e, errno, "cannot read %s", path);
	while (memory && (entry = readdir(directory)))
		memory = !entry_is_link(entry->d_name) || names_add(&names, entry->d_name);
	closedir(directory);
	if (!memory) {
		free(names.list);
		return error_errno(e, ENOMEM, "cannot list the links of the host");
	}
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), link_order);
	*ret_names = names.list;
	*ret_count = names.count;
	return 0;
}
