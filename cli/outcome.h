/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "cli/json.h"
#include "cli/session.h"

/* How it went with several containers so far. */
struct outcome {
	const struct session *session;
	json_t *results; /* with --json */
	int status;      /* the class of the first failure, 0 while there is none */
};

void outcome_add(struct outcome *outcome, const char *name, int r, const struct error *e);
int outcome_end(struct outcome *outcome, struct error *e);
