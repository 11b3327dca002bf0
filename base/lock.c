/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/**
 * lock_is_current - whether a locked descriptor is still the file of that name
 * @path: borrowed
 * @fd: borrowed
 *
 * The holder before us may have removed the file while we waited for it.
 */
static bool lock_is_current(const char *path, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

/**
 * lock_take - take the lock of a name
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @operation: of flock(2)
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 1, 0 when others hold it and @operation does not wait, or -errno.
 */
static int lock_take(const char *path, int operation, int *ret_fd, struct error *e)
{
	for (;;) {
		_cleanup_(fd_closep) int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		int r;

		if (fd < 0)
			return error_errno(e, errno, "cannot open lock %s", path);
		do
			r = flock(fd, operation);
		while (r < 0 && errno == EINTR);
		if (r < 0 && errno == EWOULDBLOCK)
			return 0;
		if (r < 0)
			return error_errno(e, errno, "cannot lock %s", path);
		if (lock_is_current(path, fd)) {
			*ret_fd = TAKE_FD(fd);
			return 1;
		}
	}
}

/**
 * lock_acquire - wait for the lock of that name and take it
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @mode: whether others may hold it as well
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
int lock_acquire(const char *path, enum lock_mode mode, int *ret_fd, struct error *e)
{
	int r = lock_take(path, mode == LOCK_SHARED ? LOCK_SH : LOCK_EX, ret_fd, e);

	return r < 0 ? r : 0;
}

/**
 * lock_try - take the lock of that name, alone, unless somebody has it
 * @path: borrowed; the file is made if it is missing, its directory must be there
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 1, 0 when somebody else holds it, or -errno.
 */
int lock_try(const char *path, int *ret_fd, struct error *e)
{
	return lock_take(path, LOCK_EX | LOCK_NB, ret_fd, e);
}

/**
 * lock_remove - take the lock file away while holding it
 * @path: borrowed
 * @fd: from lock_acquire(), borrowed: the lock is held until it is closed
 *
 * Whoever waits for the old file notices and takes the lock on a new one. A failure is ignored: an
 * empty file is left behind, which locks as well as a new one.
 */
void lock_remove(const char *path, int fd)
{
	if (fd >= 0)
		unlink(path);
}
