/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded, it has the clock on the wall go back by CLOCK_BACK seconds, and no other clock: what a host
 * whose time was set does to a program.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** back - by how many seconds */
static time_t back(void)
{
	const char *words = getenv("CLOCK_BACK");

	return words ? (time_t)strtoll(words, NULL, 10) : 0;
}

/** clock_gettime - read a clock, in the place of the library's */
int clock_gettime(clockid_t which, struct timespec *ret_time)
{
	long r = syscall(SYS_clock_gettime, which, ret_time);

	if (r == 0 && which == CLOCK_REALTIME)
		ret_time->tv_sec -= back();
	return (int)r;
}

/** time - read the clock on the wall, in the place of the library's */
time_t time(time_t *ret_time)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret_time)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}
