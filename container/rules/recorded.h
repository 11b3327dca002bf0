/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/*
 * What is recorded of all attached containers: the ports they publish (forwards.c), who they are on
 * bridges and whom they are linked with (pins.c). Whoever makes a table anew needs all of it.
 */

#define MARK_FORWARDS_OPEN "forwards/.open" /* new cables have to forward */
#define MARK_PEERS_OPEN    "pins/.open"

/* For struct nat_source, of which it is the data. */
struct records_reader {
	const struct paths *paths;
	bool locked; /* by the caller */
	int fd;      /* else the lock, to be closed once what was read is in the kernel */
};

/* All that containers publish. */
int forwards_load(void *data, struct nat_forwards *ret_forwards, struct error *e);
bool forwards_any(const struct paths *paths);

/* The same of all pins and peers. */
int pins_load(void *data, struct nat_pins *ret_pins, struct error *e);
bool pins_any(const struct paths *paths);
bool peers_any(const struct paths *paths);

/* Adds to @drift what is recorded as published and is not. Returns 0 or -errno. */
int forwards_compare(const struct paths *paths, struct nat *nat, struct nat_drift *drift,
		     struct error *e);
/* The same of pins and peers, and of the table for bridges. */
int pins_compare(const struct paths *paths, const struct nat_spec *spec, struct nat *nat,
		 struct nat_drift *drift, struct error *e);
