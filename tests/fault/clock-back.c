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
int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	long r = syscall(SYS_clock_gettime, clock_id, tp);

	if (r == 0 && clock_id == CLOCK_REALTIME)
		tp->tv_sec -= back();
	return (int)r;
}

/** time - read the clock on the wall, in the place of the library's */
time_t time(time_t *timer)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (timer)
		*timer = now.tv_sec;
	return now.tv_sec;
}
