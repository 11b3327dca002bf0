/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "cli/session.h"

/* What container units call; in the program and in the small executable alike. */

enum hook_step {
	HOOK_PRE_START, /* before the container's init runs */
	HOOK_POST_STOP, /* after the container has stopped, however it did */
};

int hook_step_find(const char *word, enum hook_step *ret_step);
int hook_run(const struct session *session, enum hook_step step, const char *name, struct error *e);
