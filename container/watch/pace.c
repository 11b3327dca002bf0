/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/watch/pace.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * The first look is at once, whatever it is about. Each further one waits twice as long as the one
 * before, up to PACE_SLOWEST, until there was nothing to do for PACE_CALM: one change, or the handful
 * that a firewall makes when it is reloaded, is answered without delay, and ten thousand in a second
 * cost eight looks.
 */
#define PACE_FIRST   (5 * PACE_MS)
#define PACE_SLOWEST (500 * PACE_MS)
#define PACE_CALM    (1000 * PACE_MS)

/* Who undoes what we did so often within so long is told of, but not more often than that. */
#define QUARREL_COUNT  10
#define QUARREL_WITHIN (10000 * PACE_MS)
#define QUARREL_AGAIN  (60000 * PACE_MS)

/**
 * pace_now - the time
 *
 * Goes on while the machine sleeps, so that what came before is long ago.
 */
int64_t pace_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 * PACE_MS + now.tv_nsec;
}

/**
 * pace_next - when it may be done next
 * @pace: borrowed
 */
int64_t pace_next(const struct pace *pace)
{
	return pace->last + pace->delay;
}

/**
 * pace_take - note that it is done
 * @pace: changed
 * @now: when
 */
void pace_take(struct pace *pace, int64_t now)
{
	if (pace->delay == 0 || now - pace->last >= PACE_CALM)
		pace->delay = PACE_FIRST;
	else if (pace->delay < PACE_SLOWEST / 2)
		pace->delay *= 2;
	else
		pace->delay = PACE_SLOWEST;
	pace->last = now;
}

/**
 * quarrel_add - note that somebody has undone what we did
 * @quarrel: changed
 * @process: its name, or "", borrowed
 * @now: when
 *
 * Returns how often it did so lately when that is to be told now, else 0.
 */
unsigned quarrel_add(struct quarrel *quarrel, const char *process, int64_t now)
{
	if (strcmp(quarrel->process, process) != 0 || quarrel->count == 0 ||
	    now - quarrel->begun > QUARREL_WITHIN) {
		(void)snprintf(quarrel->process, sizeof(quarrel->process), "%s", process);
		quarrel->begun = now;
		quarrel->count = 0;
	}
	quarrel->count++;
	if (quarrel->count < QUARREL_COUNT ||
	    (quarrel->told && now - quarrel->told < QUARREL_AGAIN))
		return 0;
	quarrel->told = now;
	return quarrel->count;
}
