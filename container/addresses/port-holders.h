/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/ports.h"

/* Who asks for ports of the host: other definitions, and programs of the host itself. */

/* Refuses ports that another definition asks for. Returns 0 or -EADDRINUSE (ERROR_CONFLICT). */
int ports_check_others(const struct paths *paths, const char *name, const struct ports *ports,
		       struct error *e);

/* Warns of ports that a program of the host listens on: who calls them gets the container. */
void ports_warn(const char *name, const struct ports *ports);
