/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * Locks between processes: flock(2) on a file. The kernel drops them with their holder, however it
 * dies. Close the descriptor to let go; lock_remove() also takes the file away.
 */

enum lock_mode {
	LOCK_SHARED,    /* with others that share it */
	LOCK_EXCLUSIVE, /* alone */
};

int lock_acquire_within(const char *path, enum lock_mode mode, int seconds, int *ret_fd,
			struct error *e);
int lock_acquire(const char *path, enum lock_mode mode, int *ret_fd, struct error *e);
int lock_try(const char *path, enum lock_mode mode, int *ret_fd, struct error *e);
void lock_remove(const char *path, int fd);

#define LOCK_HOLDER_MAX 64

/* Who holds a lock, in words. */
void lock_holder(const char *path, char words[LOCK_HOLDER_MAX]);
pid_t lock_record_holder(const char *path, char words[LOCK_HOLDER_MAX]);
