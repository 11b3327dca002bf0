/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"

/* Where a keeper listens, and how the socket that owns our tables is handed over there. */

int keeper_socket_listen(const char *directory, int *ret_fd, struct error *e);

/* Hands @fd to whoever has connected to @listener. Returns 0 or -errno. */
int keeper_socket_lend(int listener, int fd);

/*
 * Asks the keeper for its socket, which has to be of the same network namespace as @like. Returns 1,
 * 0 when there is no keeper, or -errno.
 */
int keeper_socket_receive(const char *directory, int like, int *ret_fd, struct error *e);
