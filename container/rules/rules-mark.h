/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* Whether somebody has found the rules to be right, and nothing was changed since. */

bool rules_known(const struct paths *paths, struct nat *nat, struct nat_spec *spec,
		 struct nat_mark *ret_mark);
bool rules_note(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		const struct nat_mark *before);
/* Goes on knowing them, after one change of our own to what is not looked at, such as elements. */
void rules_follow(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		  struct nat_mark *mark);
