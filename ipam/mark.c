/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ipam/ipam.h"

#define CHANGES_AT 24 /* where sqlite counts the changes of a file, see its file format */

/**
 * ipam_mark_read - read by what a book is known again
 * @path: of the file, borrowed
 * @ret_mark: filled
 *
 * To close the file is to drop the locks that this process has on it (fcntl(2)), so nobody asks within
 * a change.
 *
 * Returns whether there is one.
 */
bool ipam_mark_read(const char *path, struct ipam_mark *ret_mark)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint32_t changes;
	struct statx status;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) < 0 ||
	    pread(fd, &changes, sizeof(changes), CHANGES_AT) != (ssize_t)sizeof(changes))
		return false;
	*ret_mark =
		(struct ipam_mark){ .device = makedev(status.stx_dev_major, status.stx_dev_minor),
				    .inode = status.stx_ino,
				    .changes = be32toh(changes) };
	if (status.stx_mask & STATX_BTIME) {
		ret_mark->born = status.stx_btime.tv_sec;
		ret_mark->born_ns = status.stx_btime.tv_nsec;
	}
	return true;
}

/**
 * ipam_mark_follows - whether a book is one that was marked before, with or without further changes
 * @now: its mark, borrowed
 * @before: borrowed
 *
 * Another file is another book, and so is this one with the content of earlier.
 */
bool ipam_mark_follows(const struct ipam_mark *now, const struct ipam_mark *before)
{
	return now->device == before->device && now->inode == before->inode &&
	       now->born == before->born && now->born_ns == before->born_ns &&
	       now->changes >= before->changes;
}
