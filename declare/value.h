/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Values that systemd reads. */

bool value_is_time(const char *text);
bool value_is_capability(const char *text);
bool value_is_device(const char *text);
