/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/store-hosts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree-remove.h"
#include "base/tree.h"
#include "container/boot/hosts.h"

/*
 * Theory of operation
 *
 * In a system of NixOS /etc/hosts is a link that leads to a file of the store, which is the same for
 * all who have that system. So the container gets a copy with our lines at its end, mounted in the
 * place of that very file. Where the link leads is asked of the system in the host's store, never of
 * the container's root directory; what does not end in a regular file of the store is passed over: all
 * that is copied the container could read there.
 *
 * The copy is /run/nixctr-net/hosts/NAME/FILE, where FILE is the place in the store with '!' for '/'.
 * What is mounted is that file and not its name, so it is written in place, in one go: a reader may see
 * the lines of before at the end of the new ones, but never a piece of a line.
 */

#define STORE_PATH     "/nix/store"
#define HOSTS_SIZE_MAX ((size_t)64 * 1024)

/**
 * copies_path - where the copies of a container are
 * @paths: borrowed
 * @name: a checked name
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -ENAMETOOLONG.
 */
static int copies_path(const struct paths *paths, const char *name, char path[PATH_MAX],
		       struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/hosts/%s", paths->runtime, name);
}

/**
 * translate - put one character in the place of another
 * @text: changed
 * @from, @to: the characters
 */
static void translate(char *text, char from, char to)
{
	for (char *p = strchr(text, from); p; p = strchr(p, from))
		*p = to;
}

/**
 * place_find - where in the store the hosts file of a system is
 * @paths: borrowed
 * @host: the root directory of the host, borrowed
 * @toplevel: the system, a path on the host
 * @place: filled with the path below the store
 *
 * Returns whether there is one that can be copied.
 */
static bool place_find(const struct paths *paths, int host, const char *toplevel,
		       char place[NAME_MAX + 1])
{
	char path[PATH_MAX], store[PATH_MAX], file[PATH_MAX];
	size_t length;
	mode_t mode;

	if (tree_real_path(host, STORE_PATH, store, NULL) <= 0 ||
	    path_format(path, sizeof(path), NULL, "%s/etc/hosts", toplevel + strlen(paths->root)) <
		    0 ||
	    tree_real_path(host, path, file, NULL) <= 0)
		return false;
	length = strlen(store);
	return strncmp(file, store, length) == 0 && file[length] == '/' &&
	       !strchr(file + length, '!') && tree_find(host, file, &mode, NULL) > 0 &&
	       S_ISREG(mode) &&
	       path_format(place, NAME_MAX + 1, NULL, "%s", file + length + 1) == 0;
}

/**
 * copy_put - write a copy in the place of what it says
 * @fd: of the file, borrowed
 * @text: what it shall say, borrowed
 *
 * Where it gets shorter, empty lines stand at its end for a moment.
 *
 * Returns 1, 0 when it says so, or -errno.
 */
static int copy_put(int fd, const char *text)
{
	_cleanup_(freep) char *is = NULL, *padded = NULL;
	size_t length = strlen(text), room;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	room = length > (size_t)st.st_size ? length : (size_t)st.st_size;
	is = calloc(1, room + 1);
	padded = malloc(room + 1);
	if (!is || !padded)
		return -ENOMEM;
	n = pread(fd, is, room, 0);
	if (n == (ssize_t)length && st.st_size == n && memcmp(is, text, length) == 0)
		return 0;
	memset(padded, '\n', room);
	memcpy(padded, text, length);
	n = pwrite(fd, padded, room, 0);
	if (n != (ssize_t)room)
		return n < 0 ? -errno : -ENOSPC;
	return ftruncate(fd, (off_t)length) < 0 ? -errno : 1;
}

/**
 * copy_write - bring one copy up to date
 * @paths: borrowed
 * @definition: borrowed
 * @host: the root directory of the host, borrowed
 * @place: of the original below the store
 * @ret_copy: where the copy is
 * @e: names the file
 *
 * The links are read under a lock: of two who write, the last one has read the latest. It is that of the
 * directory, which the container does not see: whoever can read a file can lock it, for ever. Nor is a
 * lease waited for that somebody there has taken on it; the file is brought up to date the next time.
 *
 * Returns 1, 0 when it was, or -errno.
 */
static int copy_write(const struct paths *paths, const struct definition *definition, int host,
		      const char *place, char ret_copy[PATH_MAX], struct error *e)
{
	_cleanup_(freep) char *own = NULL, *text = NULL;
	_cleanup_(fd_closep) int fd = -1, lock = -1;
	char path[PATH_MAX], name[NAME_MAX + 1];
	size_t length;
	int r = path_format(path, sizeof(path), e, STORE_PATH "/%s", place);

	if (r == 0)
		r = tree_read(host, path, HOSTS_SIZE_MAX, &own, &length, e);
	if (r == 0)
		r = copies_path(paths, definition->name, path, e);
	if (r < 0)
		return r;
	memcpy(name, place, strlen(place) + 1);
	translate(name, '/', '!');
	r = path_format(ret_copy, PATH_MAX, e, "%s/%s", path, name);
	if (r < 0)
		return r;
	lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return error_errno(e, errno, "cannot lock %s", path);
	fd = open(ret_copy, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return error_errno(e, errno, "cannot write %s", ret_copy);
	r = hosts_text(paths, definition, own, &text, e);
	if (r < 0)
		return r;
	r = copy_put(fd, text);
	return r < 0 ? error_errno(e, -r, "cannot write %s", ret_copy) : r;
}

/**
 * copies_make - have the directory of the copies be there
 * @paths: borrowed
 * @name: a checked name
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int copies_make(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = directory_make(paths->runtime, 0755, e);

	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/hosts", paths->runtime);
	if (r >= 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = copies_path(paths, name, path, e);
	if (r >= 0)
		r = directory_make(path, 0755, e);
	return r < 0 ? r : 0;
}

/**
 * store_hosts_give - make the hosts file that a container shall see in the place of its system's
 * @paths: borrowed
 * @definition: borrowed
 * @toplevel: the system, a path on the host
 * @ret_hosts: where the two are
 * @e: names the file
 *
 * Returns 1, 0 when there is none to make, or -errno.
 */
int store_hosts_give(const struct paths *paths, const struct definition *definition,
		     const char *toplevel, struct store_hosts *ret_hosts, struct error *e)
{
	_cleanup_(fd_closep) int host = -1;
	char place[NAME_MAX + 1];
	int r;

	if (!definition->private_network || !definition->cable)
		return 0;
	r = tree_open(paths->root[0] ? paths->root : "/", &host, e);
	if (r < 0)
		return r;
	if (!place_find(paths, host, toplevel, place))
		return 0;
	r = copies_make(paths, definition->name, e);
	if (r == 0)
		r = copy_write(paths, definition, host, place, ret_hosts->copy, e);
	if (r == -EFBIG)
		return 0; /* nobody has so many names, and the container shall start */
	if (r >= 0)
		r = path_format(ret_hosts->inside, PATH_MAX, e, STORE_PATH "/%s", place);
	return r < 0 ? r : 1;
}

/**
 * store_hosts_refresh - bring all copies that a container sees up to date
 * @paths: borrowed
 * @definition: borrowed
 * @e: names the file
 *
 * Returns 1, 0 when all were or there are none, or -errno.
 */
int store_hosts_refresh(const struct paths *paths, const struct definition *definition,
			struct error *e)
{
	_cleanup_(fd_closep) int host = -1;
	char path[PATH_MAX], copy[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int done = 0, r = copies_path(paths, definition->name, path, e);

	if (r < 0)
		return r;
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : error_errno(e, errno, "cannot read %s", path);
	r = tree_open(paths->root[0] ? paths->root : "/", &host, e);
	while (r >= 0 && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		translate(entry->d_name, '!', '/');
		r = copy_write(paths, definition, host, entry->d_name, copy, e);
		if (r == -ENOENT)
			r = 0; /* of a system that it had before, and that is gone from the store */
		done |= r > 0;
	}
	closedir(directory);
	return r < 0 ? r : done;
}

/**
 * store_hosts_tell_of - whether a hosts file that a container sees has the name of one of some others
 * @paths: borrowed
 * @name: a checked name
 * @names: of the others, borrowed
 */
bool store_hosts_tell_of(const struct paths *paths, const char *name, const struct words *names)
{
	char path[PATH_MAX], copy[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	if (copies_path(paths, name, path, NULL) < 0)
		return false;
	directory = opendir(path);
	if (!directory)
		return false;
	while (!found && (entry = readdir(directory))) {
		_cleanup_(freep) char *text = NULL;
		size_t length;

		if (entry->d_name[0] != '.' &&
		    path_format(copy, sizeof(copy), NULL, "%s/%s", path, entry->d_name) == 0 &&
		    file_read(copy, 2 * HOSTS_SIZE_MAX, &text, &length, NULL) == 0)
			found = hosts_mention(text, names);
	}
	closedir(directory);
	return found;
}

/**
 * store_hosts_drop - forget what a container saw, once it has stopped
 * @paths: borrowed
 * @name: a checked name
 * @e: names what could not be removed
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int store_hosts_drop(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = copies_path(paths, name, path, e);

	if (r < 0 || (access(path, F_OK) < 0 && errno == ENOENT))
		return r;
	return tree_remove(path, e);
}
