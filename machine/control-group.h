/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Control groups where no systemd makes them: below nixctr-net/ in every hierarchy that lets us.
 * Without any, containers run all the same, and are ended by their PID namespace.
 */

#define HIERARCHY_MAX 24

struct hierarchy {
	char path[192]; /* where it is mounted */
	char home[256]; /* the group we were in when it was read, below path; "" when unknown */
};

struct hierarchies {
	struct hierarchy list[HIERARCHY_MAX];
	size_t count;
};

int hierarchies_read(struct hierarchies *ret_hierarchies, struct error *e);

/* @group: relative to nixctr-net/, such as "NAME/machine". What is not allowed is left out. */
void group_make(const struct hierarchies *hierarchies, const char *group);
void group_join(const struct hierarchies *hierarchies, const char *group);
/* Into a group below the one that we are in. */
void group_step_aside(const char *group);
/* Back to where we were when the hierarchies were read. */
void group_leave(const struct hierarchies *hierarchies);
/* Kills all in it, but ourselves, and waits until they are gone. Returns 0 or -errno. */
int group_kill(const struct hierarchies *hierarchies, const char *group, struct error *e);
/* Removes it and all below it. */
void group_remove(const struct hierarchies *hierarchies, const char *group);
