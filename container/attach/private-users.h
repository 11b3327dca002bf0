/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/settings/settings.h"

/* What is bound into a container whose first program waits for its network. */
struct users_later {
	char program[PATH_MAX]; /* nixctr-net-init on the host; inside: ATTENDANT_PROGRAM */
	char fifo[PATH_MAX];    /* on the host; inside: ATTENDANT_INSIDE */
};

int users_attach_later(const struct paths *paths, const char *name, struct users_later *later,
		       struct error *e);
