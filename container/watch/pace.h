/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * How often to look, and when somebody who undoes what we do is to be called by name. All times are
 * nanoseconds of one clock.
 */

#define PACE_MS INT64_C(1000000)

/* Zero is a pace at which nothing was done yet. */
struct pace {
	int64_t last;  /* when it was done */
	int64_t delay; /* before it may be done again */
};

int64_t pace_now(void);
int64_t pace_next(const struct pace *pace);
void pace_take(struct pace *pace, int64_t now);

#define QUARREL_NAME_MAX 16

/* Who has undone what we did lately. */
struct quarrel {
	char process[QUARREL_NAME_MAX];
	int64_t begun, told;
	unsigned count;
};

unsigned quarrel_add(struct quarrel *quarrel, const char *process, int64_t now);
