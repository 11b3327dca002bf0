/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* What systemd-nspawn tells whoever has started it (sd_notify(3)). */

#define NOTIFY_ADDRESS_MAX 32

struct notice {
	bool ready;           /* READY=1 */
	pid_t leader;         /* X_NSPAWN_LEADER_PID=; 0: not told */
	uint64_t extend_usec; /* EXTEND_TIMEOUT_USEC=; 0: not asked for */
};

int notify_open(int *ret_fd, char address[NOTIFY_ADDRESS_MAX], struct error *e);
int notify_read(int fd, pid_t from, struct notice *ret_notice, struct error *e);
