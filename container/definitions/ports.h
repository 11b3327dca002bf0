/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/port-spec.h"

/* Published ports of a container, as HOST_PORT has them: words of port-spec.h with commas. */

#define PORTS_TEXT (PORTS_MAX * (PORT_TEXT + 1))

int ports_parse(struct ports *ports, const char *text, struct error *e);
const char *ports_format(const struct ports *ports, char text[PORTS_TEXT]);

/* Returns 1, 0 when it was there, or -errno (ERROR_USAGE). */
int ports_add(struct ports *ports, const struct port *port, struct error *e);
/* Returns 1, 0 when none of them was there, or -errno. */
int ports_remove(struct ports *ports, const struct port *port, enum port_form form,
		 struct error *e);

bool port_overlaps(const struct port *one, const struct port *other);
/* The first two that are asked for by both. Returns whether there are any. */
bool ports_overlap(const struct ports *ports, const struct ports *others,
		   const struct port **ret_one, const struct port **ret_other);

/* Refuses ports by an address of a family that the container has none of. Returns 0 or -EINVAL. */
int ports_check_families(const struct ports *ports, bool v4, bool v6, struct error *e);
