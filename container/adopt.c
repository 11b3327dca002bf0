/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/*
 * Theory of operation
 *
 * nixos-container and NixOS write definitions of their own. Before an address is given away, those
 * the book does not know are entered in it. To look at every file each time would make the
 * thousandth container dearer than the first, so the modification time of the directory is
 * remembered after each change of ours, and as long as it is still the same nobody else has been
 * there. The time is set to the nanosecond by us: the kernel's own stamps are coarser, and a change
 * within the same tick of the clock would go unseen.
 *
 * What is remembered is a hint: without it, or with a wrong one, all files are looked at.
 */

/**
 * hint_path - the file in which the time is remembered
 * @paths: borrowed
 * @path: filled
 *
 * Returns 0 or -errno.
 */
static int hint_path(const struct paths *paths, char path[PATH_MAX])
{
	return path_format(path, PATH_MAX, NULL, "%s/definitions-seen", paths->runtime);
}

/**
 * hint_format - a modification time as it is remembered
 * @time: borrowed
 * @text: filled
 * @size: room there
 */
static void hint_format(const struct timespec *time, char *text, size_t size)
{
	(void)snprintf(text, size, "%lld.%09ld\n", (long long)time->tv_sec, time->tv_nsec);
}

/**
 * adopt_is_current - whether nobody has touched the definitions since our last change
 * @paths: borrowed
 */
bool adopt_is_current(const struct paths *paths)
{
	_cleanup_(freep) char *seen = NULL;
	char path[PATH_MAX], now[64];
	struct stat st;
	size_t length;

	if (hint_path(paths, path) < 0 || file_read(path, sizeof(now), &seen, &length, NULL) < 0 ||
	    stat(paths->definitions, &st) < 0)
		return false;
	hint_format(&st.st_mtim, now, sizeof(now));
	return strcmp(seen, now) == 0;
}

/**
 * adopt_remember - remember that all definitions there are now are in the book
 * @paths: borrowed
 *
 * Failures are ignored: the next run then looks at every file.
 */
void adopt_remember(const struct paths *paths)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	_cleanup_(fd_closep) int fd = -1;
	char path[PATH_MAX], text[64];

	if (hint_path(paths, path) < 0 || directory_make(paths->runtime, 0755, NULL) < 0)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || clock_gettime(CLOCK_REALTIME, &times[1]) < 0 ||
	    utimensat(AT_FDCWD, paths->definitions, times, 0) < 0)
		return;
	hint_format(&times[1], text, sizeof(text));
	if (write(fd, text, strlen(text)) < 0)
		log_debug("%s cannot be written: %s", path, strerror(errno));
}

/**
 * adopt_definition - enter one definition that the book does not know
 * @paths: borrowed
 * @ipam: the book
 * @name: of the container
 * @e: filled on failure of the book
 *
 * A definition that cannot be read, or whose address somebody else holds, does not keep others from
 * being created; the log names it.
 *
 * Returns 1 when it was entered, 0 when not, or -errno.
 */
static int adopt_definition(const struct paths *paths, struct ipam *ipam, const char *name,
			    struct error *e)
{
	struct ipam_lease known, lease = { 0 };
	struct definition definition;
	struct error refused;
	bool bridged;
	int r;

	r = ipam_lookup(ipam, name, &known, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = definition_read(paths, name, &definition, &refused);
	if (r == 0)
		return 0;
	if (r > 0) {
		bridged = definition.bridge[0];
		memcpy(lease.container, definition.name, sizeof(lease.container));
		lease.mac = definition.mac;
		lease.v4.local = definition.v4.local;
		lease.v6.local = definition.v6.local;
		if (!bridged) {
			lease.v4.host = definition.v4.host;
			lease.v6.host = definition.v6.host;
		}
		if (!definition.private_network ||
		    (!addr_is_set(&lease.v4.local.addr) && !addr_is_set(&lease.v6.local.addr)))
			return 0;
		r = ipam_lease(ipam, &lease, 0, &known, &refused);
	}
	if (r < 0)
		log_warning("not in the address book: container '%s': %s", name, refused.text);
	return r > 0;
}

/**
 * adopt_definitions - enter the definitions that others have written
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @e: filled on failure of the book
 *
 * Returns 0 or -errno.
 */
int adopt_definitions(const struct paths *paths, struct ipam *ipam, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count;
	int r;

	if (adopt_is_current(paths))
		return 0;
	r = definition_names(paths, &names, &count, e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = adopt_definition(paths, ipam, names[i], e);
	return r < 0 ? r : 0;
}
