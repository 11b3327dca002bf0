/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"

/* Published ports as definitions and the command line write them: [tcp|udp:]PORT[:PORT],... */

#define PORTS_TEXT (PORTS_MAX * sizeof("udp:65535:65535,"))

int ports_parse(struct ports *ports, const char *text, struct error *e);
const char *ports_format(const struct ports *ports, char text[PORTS_TEXT]);

/* Refuses ports that another definition asks for. Returns 0 or -EADDRINUSE (ERROR_CONFLICT). */
int ports_check_others(const struct paths *paths, const struct definition *definition,
		       struct error *e);
