/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"

/* Containers that a configuration declares are not changed by commands. */

/* Returns 0, or -EROFS with where to change it instead. */
int declarative_refuse(const struct definition *definition, struct error *e);
