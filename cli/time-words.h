/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Points in time as people type them. */

int time_parse(const char *text, int64_t now, int64_t *ret_time, struct error *e);
