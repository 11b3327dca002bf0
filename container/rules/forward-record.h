/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/*
 * What a container publishes, as it is recorded in /run: one file for each, one line for each port or
 * for several in a row,
 *
 *	tcp 8080 10.233.1.2 80 10.233.1.1 ve-foo
 *	tcp 9000-9010 10.233.1.2 9000 10.233.1.1 ve-foo 192.0.2.1%eth0
 *
 * protocol, ports of the host, address and first port of the container, as whom the loopback calls it
 * ("-": as nobody), the link through which it is reached, and what the ports are bound to.
 */

int forward_record_directory(const struct paths *paths, char path[PATH_MAX], struct error *e);
int forward_record_write(const struct paths *paths, const char *name,
			 const struct nat_forwards *forwards, struct error *e);
int forward_record_remove(const struct paths *paths, const char *name, struct error *e);

/* Adds to @forwards, whose list the caller frees. Returns 1, 0 when there is no record, or -errno. */
int forward_record_read(const struct paths *paths, const char *name, struct nat_forwards *forwards,
			struct error *e);

/* All records. Returns 0 or -errno. */
int forward_records_read(const struct paths *paths, struct nat_forwards *ret_forwards,
			 struct error *e);
/* Whether another container than @name has a record. Returns 1, 0 or -errno. */
int forward_records_others(const struct paths *paths, const char *name, struct error *e);
