/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/**
 * hex_value - the value of a hexadecimal digit
 * @digit: as the kernel writes it, in lower case
 *
 * Returns -1 for another character.
 */
static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

/**
 * boot_read - which boot of the host this is
 * @boot: filled; all zero when the kernel does not tell, which is a boot like others
 *
 * Source: random(4).
 */
void boot_read(uint8_t boot[IPAM_BOOT_SIZE])
{
	_cleanup_(fd_closep) int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text));
	size_t digits = 0;

	memset(boot, 0, IPAM_BOOT_SIZE);
	for (ssize_t i = 0; i < length && digits < 2UL * IPAM_BOOT_SIZE; i++) {
		int value = hex_value(text[i]);

		if (value < 0)
			continue;
		boot[digits / 2] = (uint8_t)(boot[digits / 2] << 4 | value);
		digits++;
	}
}

/**
 * moment_now - what time it is
 * @boot: of boot_read(), borrowed
 */
struct moment moment_now(const uint8_t boot[IPAM_BOOT_SIZE])
{
	struct moment now = { .wall = time(NULL) };
	struct timespec clock = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &clock);
	now.clock = clock.tv_sec;
	memcpy(now.boot, boot, sizeof(now.boot));
	return now;
}

/**
 * moment_elapsed - how long ago something was, at least
 * @now: borrowed
 * @boot: in which boot it was, borrowed
 * @clock: when in that boot
 *
 * The clock on the wall may be set back and forth, and is wrong on many hosts until the network is
 * there. So it is not asked: of what was before this boot it is only known that it is not younger than
 * the boot.
 *
 * Returns seconds.
 */
int64_t moment_elapsed(const struct moment *now, const uint8_t boot[IPAM_BOOT_SIZE], int64_t clock)
{
	if (memcmp(now->boot, boot, IPAM_BOOT_SIZE) != 0 || clock > now->clock)
		return now->clock;
	return now->clock - clock;
}
