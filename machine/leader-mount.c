/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/machine.h"

/*
 * Theory of operation
 *
 * A mount of our file is made here, where the container cannot see it. A child takes it into the mount
 * namespace of the container and puts it in place there. It stays in our PID namespace and
 * runs no program, so nobody inside can see it. The container may have mounted what it likes over
 * the place: then our file is there, in the container, and nowhere else.
 */

/**
 * is_same - whether two descriptors are of one file
 * @one, @other: borrowed
 */
static bool is_same(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/**
 * place_mount - put a mount in place, in the child
 * @leader: borrowed
 * @root: the root directory of the container, borrowed
 * @mount: not yet anywhere, borrowed
 * @inside: where it belongs
 *
 * Returns 1, 0 when it is there, or -errno.
 */
static int place_mount(const struct leader *leader, int root, int mount, const char *inside)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_(fd_closep) int place = -1;

	if (setns(leader->pidfd, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0)
		return -errno;
	place = (int)syscall(SYS_openat2, AT_FDCWD, inside, &how, sizeof(how));
	if (place < 0)
		return -errno;
	if (is_same(place, mount))
		return 0;
	if (move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 1;
}

/**
 * child_result - what a child came to
 * @child: its number
 *
 * Returns 1, 0 or -errno.
 */
static int child_result(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) > 1 ? 1 - WEXITSTATUS(status) : WEXITSTATUS(status);
}

/**
 * leader_mount - have a running container see a file of ours in the place of one of its own
 * @leader: its first process, borrowed
 * @host: our file, borrowed
 * @inside: its file, absolute, without links; borrowed
 * @e: names the two
 *
 * Source: open_tree(2), move_mount(2), setns(2).
 *
 * Returns 1, 0 when it does, or -errno.
 */
int leader_mount(const struct leader *leader, const char *host, const char *inside, struct error *e)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						     MOUNT_ATTR_NODEV };
	_cleanup_(fd_closep) int mount = open_tree(AT_FDCWD, host, OPEN_TREE_CLONE | O_CLOEXEC);
	_cleanup_(fd_closep) int root = -1;
	char path[PATH_MAX];
	pid_t child;
	int r = path_format(path, sizeof(path), e, "/proc/%d/root", leader->pid);

	if (r < 0)
		return r;
	if (mount < 0 ||
	    mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return error_errno(e, errno, "cannot mount %s", host);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(e, errno, "cannot open the root directory inside");
	r = leader_check(leader, e);
	if (r < 0)
		return r;
	child = fork();
	if (child < 0)
		return error_errno(e, errno, "cannot mount %s", host);
	if (child == 0) {
		r = place_mount(leader, root, mount, inside);
		_exit(r < 0 ? 1 - r : r);
	}
	r = child_result(child);
	return r < 0 ? error_errno(e, -r, "cannot mount %s at %s inside", host, inside) : r;
}
