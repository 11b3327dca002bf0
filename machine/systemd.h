/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "base/bus.h"
#include "machine/manager.h"
#include "machine/unit.h"

/* What the files about systemd share. */

#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT    "org.freedesktop.systemd1.Unit"
#define SYSTEMD_SERVICE "org.freedesktop.systemd1.Service"

#define INVOCATION_BYTES 16

/* A connection to systemd. */
struct systemd {
	struct manager manager;
	sd_bus *bus; /* owned */
};

/* The unit of one container. */
struct unit {
	const char *container; /* borrowed */
	char name[UNIT_NAME_MAX];
	char *path; /* of its object; owned */
};

#define UNIT_INIT ((struct unit){ .path = NULL })

int unit_init(struct unit *unit, const char *container, struct error *e);
void unit_deinit(struct unit *unit);
int unit_get_text(struct systemd *systemd, const struct unit *unit, const char *interface,
		  const char *property, char *text, size_t size, struct error *e);
int unit_get_number(struct systemd *systemd, const struct unit *unit, const char *property,
		    char type, void *ret_number, struct error *e);
int unit_read(struct systemd *systemd, const struct unit *unit, enum machine_state *ret_state,
	      char sub[32], struct error *e);
int unit_call(struct systemd *systemd, const struct unit *unit, const char *method,
	      struct error *e);

/* What systemd was asked to do with a unit, until it has told how that ended. */
struct job {
	sd_bus_slot *slot; /* owned: what listens for the end */
	char path[64];
	uint32_t id;
	const struct unit *booting; /* stops one that may not have heard of it; borrowed, or NULL */
	char result[32]; /* of JobRemoved, "" while it is under way, "unknown" if nobody told */
};

#define JOB_INIT ((struct job){ .slot = NULL })

int job_begin(struct systemd *systemd, const struct unit *unit, const char *method, struct job *job,
	      struct error *e);
int job_wait(struct systemd *systemd, struct job *job, struct error *e);
void job_deinit(struct job *job);

void unit_remind(struct systemd *systemd, const struct unit *unit);

int failure_tell(struct systemd *systemd, const struct unit *unit, const struct job *job,
		 const char *what, struct error *e);

int machined_login(const char *name, struct error *e);
