/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "cli/session.h"

/* From a command line to the handler of its verb. */

int command_run(struct session *session, int argc, char **argv, struct error *e);
