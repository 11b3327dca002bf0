/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "cli/session.h"

/* How failures reach people: the log, standard error. (cli/json.h tells programs.) */

void fail_log(const struct session *session, const struct error *e);
const char *fail_origin(const struct error *e);
