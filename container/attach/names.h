/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/*
 * The names under which the host finds containers, see nss/nss.h. What cannot be done is logged and
 * fails nobody: a container works without its name. Return 1 when something was done, else 0.
 */
int names_put(const struct paths *paths, const struct definition *definition);
int names_drop(const struct paths *paths, const char *name);
