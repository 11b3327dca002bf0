/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nat.h"

/* Forwards of other containers that would be called by the same packets. */

/* Says that somebody else has a port. Returns -EADDRINUSE (ERROR_CONFLICT). */
int conflict_refuse(const struct nat_forward *forward, const char *holder, struct error *e);

/* What is under the very key of a forward is not looked for. Returns 0 or -EADDRINUSE. */
int conflicts_check(struct nat *nat, const struct nat_forwards *forwards, struct error *e);
