/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/root-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * root_directory_make - have a root directory for a container
 * @paths: borrowed
 * @name: a checked name
 * @e: names the directory
 *
 * Returns 1, 0 when it was there, or -errno.
 */
int root_directory_make(const struct paths *paths, const char *name, struct error *e)
{
	char path[PATH_MAX];
	int r = directory_make(paths->containers, 0700, e);

	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/%s", paths->containers, name);
	return r < 0 ? r : directory_make(path, 0755, e);
}

/**
 * step_into - go on to a directory, and to no link
 * @fd: of the directory above it; that of the other afterwards
 * @name: of the directory, one component
 * @use: whether it is made when it is missing
 *
 * Returns 0 or -errno: -ENOTDIR for a link too.
 */
static int step_into(int *fd, const char *name, enum root_directory_use use)
{
	int next;

	if (use == ROOT_MAKE && mkdirat(*fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return -errno;
	fd_closep(fd);
	*fd = next;
	return 0;
}

/**
 * root_directory_nixos - open the directory of a container's NixOS configuration
 * @paths: borrowed
 * @name: a checked name
 * @use: whether etc and etc/nixos are made when they are missing
 * @ret_fd: the directory; the caller closes it
 * @e: names it
 *
 * Nix follows a path on the host, where a link of the container would lead it out of the container;
 * so there must be none.
 *
 * Returns 0 or -errno.
 */
int root_directory_nixos(const struct paths *paths, const char *name, enum root_directory_use use,
			 int *ret_fd, struct error *e)
{
	static const char *const below[] = { "etc", "nixos" };
	_cleanup_(fd_closep) int fd = -1;
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/%s", paths->containers, name);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(below); i++)
		r = step_into(&fd, below[i], use);
	if (r == -ENOTDIR || r == -ELOOP) {
		r = error_set(e, ERROR_FAILED, ENOTDIR,
			      "%s/etc/nixos, or one of the last three it is in, is no directory",
			      path);
		return error_remedy(e, r, "put a directory there instead of a link or a file");
	}
	if (r < 0)
		return error_errno(e, -r, "cannot open %s/etc/nixos", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
