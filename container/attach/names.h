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

/*
 * What others have done to the definition of one container: the first for one that is attached, the second
 * for one that is detached. Those linked with it know first, so that a run that is killed is finished by the
 * next.
 */
void names_follow(const struct paths *paths, const struct definition *definition);
void names_forget_undefined(const struct paths *paths, const char *name);
