/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/error.h"
#include "machine/machine.h"

#define MEMBERSHIP_MAX 24

/* The control groups that a process put into a container is to be in. */
struct membership {
	char groups[MEMBERSHIP_MAX][PATH_MAX]; /* directories, one of each hierarchy */
	size_t count;
	char leaf[PATH_MAX]; /* the one that has been made for it, or "" */
};

/* Makes what is to be made. Returns 0 or -errno. */
int membership_prepare(const struct leader *leader, struct membership *membership, struct error *e);
/* Puts the calling process there. Returns 0 or -errno. */
int membership_join(const struct membership *membership);
/* Removes what was made, unless somebody is still there. */
void membership_release(const struct membership *membership);
