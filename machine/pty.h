/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Pseudo-terminals, and what only ioctl(2) can do to a terminal. All return 0 or -errno. */

/* A new one of the /dev/pts that this process sees; both ends are closed by the caller. */
int pty_open(int *ret_master, int *ret_slave);

/* Lets @slave behave like our terminal @like, which keeps @translates line ends or is made raw. */
enum pty_translation {
	PTY_TRANSLATES,      /* our terminal will be raw */
	PTY_LEAVES_IT_TO_US, /* our terminal will stay as it is */
};

int pty_imitate(int slave, int like, enum pty_translation translation);

/* The window of @to becomes as large as that of @from. */
int pty_resize(int to, int from);

/* Makes it the controlling terminal of our session, which has none yet. */
int pty_control(int slave);
