/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "ipam/ipam.h"

/* A point in time that no change of the clock on the wall can move. */
struct moment {
	int64_t wall;  /* seconds since the epoch, to be shown and not to be reckoned with */
	int64_t clock; /* seconds of CLOCK_BOOTTIME: since the host was booted */
	uint8_t boot[IPAM_BOOT_SIZE];
};

void boot_read(uint8_t boot[IPAM_BOOT_SIZE]);
struct moment moment_now(const uint8_t boot[IPAM_BOOT_SIZE]);
int64_t moment_elapsed(const struct moment *now, const uint8_t boot[IPAM_BOOT_SIZE], int64_t clock);
