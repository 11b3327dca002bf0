/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"
#include "container/life/life.h"
#include "container/settings/locks.h"
#include "container/settings/settings.h"

/* The name of a new container. */

int name_choose(const struct paths *paths, const struct create_request *request,
		struct definition *definition, struct claim *claim, struct error *e);
