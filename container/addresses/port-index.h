/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/ports.h"

/* Which ports all definitions ask for, remembered. All under definitions_lock(). */

/* The first of @ports that overlaps with another container's. */
struct port_clash {
	struct port port, other;
	char holder[CONTAINER_NAME_MAX];
};

/* Returns 1, 0 when all are free, or -errno. */
int port_index_find(const struct paths *paths, const char *name, const struct ports *ports,
		    struct port_clash *ret_clash, struct error *e);

/* What was remembered of the definitions before one of them was changed. */
struct remembered {
	bool book;  /* the book had all of them: adopt_is_current() */
	bool index; /* it was known which ports they ask for */
};

/*
 * Whoever changes a definition asks for the one before, and calls the other behind the change, so that
 * nothing has to be read again. @ports: what it asks for now; NULL: nothing, or it is gone.
 */
struct remembered definitions_remembered(const struct paths *paths);
void definitions_remember(const struct paths *paths, struct remembered before, const char *name,
			  const struct ports *ports);
