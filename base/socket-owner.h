/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_MAX 16 /* of the kernel, with its NUL */

/* Who has a socket open. Returns 1, or 0 when that cannot be found. */
int socket_owner(uint32_t inode, pid_t *ret_pid, char ret_name[PROCESS_NAME_MAX]);
