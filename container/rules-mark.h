/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"

/* Whether somebody has found the rules to be right, and nothing was changed since. */

bool rules_known(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		 struct nat_mark *ret_mark);
void rules_note(const struct paths *paths, struct nat *nat, const struct nat_spec *spec,
		const struct nat_mark *before);
