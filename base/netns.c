/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/**
 * netns_current - the namespace this thread is in
 * @ret_fd: its descriptor; the caller closes it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int netns_current(int *ret_fd, struct error *e)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(e, errno, "cannot open the network namespace we are in");
	*ret_fd = fd;
	return 0;
}

/**
 * netns_denied - say what somebody needs who may not do something
 * @r: -errno, already in @e
 * @e: gets the remedy where it is for want of rights
 *
 * Returns @r.
 */
static int netns_denied(int r, struct error *e)
{
	if (r != -EPERM && r != -EACCES)
		return r;
	return error_remedy(e, r, "run it as root (it takes CAP_SYS_ADMIN)");
}

/**
 * netns_enter - move this thread into a namespace
 * @fd: the namespace, borrowed
 * @e: says which capability is missing
 *
 * Returns 0 or -errno.
 */
int netns_enter(int fd, struct error *e)
{
	if (setns(fd, CLONE_NEWNET) == 0)
		return 0;
	return netns_denied(error_errno(e, errno, "cannot enter the network namespace"), e);
}

/**
 * netns_leave - go back to the namespace this thread came from
 * @home_fd: that namespace, borrowed
 *
 * There is no going on in a namespace that is not the one we believe to be in: a failure, which the
 * kernel has no reason for, ends the process.
 */
void netns_leave(int home_fd)
{
	if (setns(home_fd, CLONE_NEWNET) < 0) {
		log_error("cannot return to the network namespace of the host: errno %d", errno);
		abort();
	}
}

/**
 * netns_open - open a pinned namespace by its name
 * @path: where it is pinned, borrowed
 * @ret_fd: its descriptor; the caller closes it
 * @e: names the path
 *
 * A file on which nothing is pinned, which a killed run or a reboot leaves, counts as absent.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int netns_open(const char *path, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return error_errno(e, errno, "cannot open network namespace %s", path);
	if (fs.f_type != NSFS_MAGIC)
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/**
 * is_mount_point - whether something is mounted on a directory
 * @directory: borrowed
 */
static bool is_mount_point(const char *directory)
{
	struct statx st;

	return statx(AT_FDCWD, directory, 0, 0, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/**
 * netns_directory_prepare - make the directory namespaces are pinned in
 * @directory: borrowed
 * @e: names the directory
 *
 * It becomes a shared mount point of its own, so that a namespace pinned or removed in one mount
 * namespace is so in all of them (ip-netns(8) does the same). Once it is one it is left alone: to
 * share it again would cost more with each namespace pinned in it.
 *
 * Returns 0 or -errno.
 */
static int netns_directory_prepare(const char *directory, struct error *e)
{
	int r;

	if (is_mount_point(directory))
		return 0;
	r = directory_make(directory, 0755, e);
	if (r < 0)
		return r;
	if (mount("", directory, "", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return error_errno(e, errno, "cannot share the mount point %s", directory);
	if (mount(directory, directory, "", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", directory, "", MS_SHARED | MS_REC, NULL) < 0)
		return error_errno(e, errno, "cannot make %s a mount point", directory);
	return 0;
}

/**
 * netns_pin - bind the namespace of this thread to a file
 * @path: the file, which is there; borrowed
 * @ret_fd: the namespace's descriptor
 * @e: names the path
 *
 * Returns 0 or -errno.
 */
static int netns_pin(const char *path, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = netns_current(&fd, e);

	if (r < 0)
		return r;
	if (mount("/proc/thread-self/ns/net", path, "", MS_BIND, NULL) < 0)
		return error_errno(e, errno, "cannot pin network namespace %s", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/**
 * netns_create - make a network namespace and pin it
 * @directory: where namespaces are pinned, borrowed; made and shared if need be
 * @path: the name of this one, directly in @directory, borrowed; nothing is pinned there yet
 * @ret_fd: its descriptor; the caller closes it
 * @e: names the path
 *
 * Returns 1, or -errno with nothing left behind.
 */
int netns_create(const char *directory, const char *path, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int home = -1;
	_cleanup_(fd_closep) int file = -1;
	int r;

	r = netns_current(&home, e);
	if (r < 0)
		return r;
	r = netns_directory_prepare(directory, e);
	if (r < 0)
		return netns_denied(r, e);
	file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (file < 0)
		return netns_denied(error_errno(e, errno, "cannot make %s", path), e);
	if (unshare(CLONE_NEWNET) < 0) {
		r = error_errno(e, errno, "cannot make a network namespace for %s", path);
		netns_denied(r, e);
	} else {
		r = netns_pin(path, ret_fd, e);
		netns_leave(home);
	}
	if (r < 0) {
		unlink(path);
		return r;
	}
	return 1;
}

/**
 * netns_adopt - pin a namespace that somebody else has made
 * @directory: where namespaces are pinned, borrowed; made and shared if need be
 * @path: the name it gets, directly in @directory, borrowed; nothing is pinned there yet
 * @fd: the namespace, borrowed
 * @e: names the path
 *
 * Returns 1, or -errno with nothing left behind.
 */
int netns_adopt(const char *directory, const char *path, int fd, struct error *e)
{
	_cleanup_(fd_closep) int file = -1;
	char source[64];
	int r = netns_directory_prepare(directory, e);

	if (r == 0)
		r = path_format(source, sizeof(source), e, "/proc/thread-self/fd/%d", fd);
	if (r < 0)
		return r;
	file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (file < 0)
		return error_errno(e, errno, "cannot make %s", path);
	if (mount(source, path, "", MS_BIND, NULL) == 0)
		return 1;
	r = error_errno(e, errno, "cannot pin network namespace %s", path);
	unlink(path);
	return r;
}

/**
 * netns_unpin - unpin a namespace; its file stays
 * @path: borrowed
 * @e: names the path
 *
 * The kernel takes the namespace and its links apart once nobody is in it, without making us wait.
 *
 * Returns 0, also when nothing is pinned there, or -errno.
 */
int netns_unpin(const char *path, struct error *e)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno == EINVAL || errno == ENOENT)
		return 0;
	return netns_denied(error_errno(e, errno, "cannot unpin network namespace %s", path), e);
}

/**
 * netns_remove - unpin a namespace and forget its name
 * @path: borrowed
 * @e: names the path
 *
 * Returns 1, 0 when there was none, or -errno.
 */
int netns_remove(const char *path, struct error *e)
{
	int r = netns_unpin(path, e);

	if (r < 0)
		return r;
	if (unlink(path) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	return error_errno(e, errno, "cannot remove %s", path);
}
