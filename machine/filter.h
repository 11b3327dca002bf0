/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

/* The filters of system calls that the kernel has for a process, as seccomp(2) takes them. */

#define FILTERS_MAX 16

struct filters {
	struct sock_fprog list[FILTERS_MAX]; /* the oldest first; their instructions are owned */
	size_t count;
};

/*
 * @pid: a process that has some; it is stopped for a moment. Returns 0 or -errno: this takes
 * CAP_SYS_ADMIN, a kernel with CONFIG_CHECKPOINT_RESTORE, and that we have no filter ourselves.
 */
int filters_read(pid_t pid, struct filters *ret_filters);
void filters_deinit(struct filters *filters);

/* For the calling process, for good. Returns 0 or -errno. */
int filters_install(const struct filters *filters);
