/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* The section [ipam] of the settings. */

struct settings settings_default(void);
void settings_unknown(const char *path, const char *section, const char *key);
int settings_take_book(struct settings *settings, const char *path, const char *key,
		       const char *value, struct error *e);
