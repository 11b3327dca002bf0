/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"

/* Connections to systemd and to the system bus, which never wait for ever. */

#define BUS_ANSWER_USEC (25 * 1000000ULL) /* for anything that is answered at once */

int bus_open_systemd(sd_bus **ret_bus, struct error *e);
int bus_open_system(sd_bus **ret_bus, struct error *e);
int bus_failed(struct error *e, int r, const sd_bus_error *answer, const char *what);
/* The same without a remedy for whoever is not permitted to. Returns @r, or -EACCES for that. */
int bus_refused(struct error *e, int r, const sd_bus_error *answer, const char *what);
void bus_closep(sd_bus **bus);
void bus_error_free(sd_bus_error *error);
void bus_message_unrefp(sd_bus_message **message);
