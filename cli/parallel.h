/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/each-action.h"
#include "cli/outcome.h"
#include "cli/progress.h"

int parallel_run(const struct each_action *action, const char *const *names, size_t count,
		 struct outcome *outcome, struct progress *progress, struct error *e);
