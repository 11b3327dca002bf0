/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/attribute.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/**
 * attribute_clear - let a file or directory be removed
 * @directory: that it lies in, borrowed
 * @name: in it; not followed if it is a link
 *
 * Only regular files and directories are opened: nothing else has such attributes, and to open a
 * device can have effects.
 *
 * Source: ioctl_iflags(2); linux/fs.h.
 */
void attribute_clear(int directory, const char *name)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;
	int flags = 0;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	if (!(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}
