/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"

/* Other programs, started from an argument vector. There is no shell anywhere. */

int process_exec(char *const argv[], struct error *e);
