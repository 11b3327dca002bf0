/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* By what it is known that nobody has touched the definitions; all under definitions_lock(). */

#define HINT_TEXT 96

bool adopt_hint(const struct paths *paths, char text[HINT_TEXT]);
bool adopt_is_current(const struct paths *paths);
