/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/each-action.h"
#include "cli/outcome.h"
#include "cli/progress.h"

size_t shares_wanted(const struct each_action *action, size_t count);
int shares_run(const struct each_action *action, const char *const *names, size_t count,
	       size_t shares, struct outcome *outcome, struct progress *progress, struct error *e);
