/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/cleanup.h"

/* linux/Documentation/admin-guide/devices.txt */
#define PTMX_MAJOR 5
#define PTMX_MINOR 2

/**
 * is_multiplexer - whether a descriptor is what makes pseudo-terminals, and no trap
 * @fd: borrowed
 */
static int is_multiplexer(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(PTMX_MAJOR, PTMX_MINOR) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == DEVPTS_SUPER_MAGIC;
}

/**
 * pty_open - make a pseudo-terminal
 * @ret_master: our end, which never blocks
 * @ret_slave: the end of whoever is to have it for a terminal
 *
 * The slave is got from the master and not by its name, which may be that of something else.
 *
 * Source: ioctl_tty(2), TIOCGPTPEER.
 *
 * Returns 0 or -errno.
 */
int pty_open(int *ret_master, int *ret_slave)
{
	_cleanup_(fd_closep) int master =
		open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	int unlocked = 0, slave;

	if (master < 0)
		return -errno;
	if (!is_multiplexer(master))
		return -ENODEV;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	*ret_slave = slave;
	*ret_master = TAKE_FD(master);
	return 0;
}

/**
 * pty_imitate - let a new terminal behave like ours
 * @slave: borrowed
 * @like: ours, borrowed
 * @translation: who makes a carriage return and a line feed of each line feed
 *
 * Returns 0 or -errno.
 */
int pty_imitate(int slave, int like, enum pty_translation translation)
{
	struct termios settings;

	if (tcgetattr(like, &settings) < 0)
		return -errno;
	if (translation == PTY_LEAVES_IT_TO_US)
		settings.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(slave, TCSANOW, &settings) < 0)
		return -errno;
	return pty_resize(slave, like);
}

/**
 * pty_resize - pass the size of a window on
 * @to: borrowed
 * @from: borrowed
 *
 * Returns 0 or -errno.
 */
int pty_resize(int to, int from)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) < 0 || ioctl(to, TIOCSWINSZ, &size) < 0)
		return -errno;
	return 0;
}

/**
 * pty_control - make a terminal the controlling one of our session
 * @slave: borrowed
 *
 * Returns 0 or -errno.
 */
int pty_control(int slave)
{
	return ioctl(slave, TIOCSCTTY, 0) < 0 ? -errno : 0;
}
