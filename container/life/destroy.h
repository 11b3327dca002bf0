/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/* The end of a container, and of what could not become one. With the definitions locked. */

/* @flags: of enum destroy_flags */
int destroy_definition(const struct paths *paths, const char *name, unsigned flags,
		       struct error *e);
