/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/addresses/addresses.h"
#include "container/boot/boot.h"
#include "container/definitions/definitions.h"

/* The life of a container, from "create" to "destroy". */

struct words;

/* What "create" was asked for; addresses as they were typed, NULL where not given. */
struct create_request {
	const char *name;
	const char *host_address, *local_address;
	const char *host_address6, *local_address6;
	const char *bridge;
	const char *const *ports; /* each as port-spec.c reads it, or several with commas */
	size_t n_ports;
	bool auto_start;
	bool force;  /* take addresses that are in use on the host */
	bool unique; /* when the name is taken, NAME-0, NAME-1, ... */
	struct system_request boots;
};

int container_create(const struct paths *paths, const struct create_request *request,
		     struct definition *ret_definition, struct error *e);

/* Builds what the container boots next; what it had stays when that fails. Returns 1 or -errno. */
int container_update(const struct paths *paths, const char *name,
		     const struct system_request *request, struct error *e);

/* Switches a running container to the system that it would boot now. Returns 0 or -errno. */
int container_switch(const struct paths *paths, const char *name, struct error *e);

/*
 * Becomes the systemd-nspawn of a container whose network is there; what a unit starts. Returns only
 * on failure.
 */
int container_exec(const struct paths *paths, const char *name, struct error *e);

/* Removes what an ephemeral container has written; what a unit does when it has stopped. 1, 0, -errno. */
int container_forget(const struct paths *paths, const char *name, struct error *e);

/*
 * Tells systemd in @directory, that of a generator, which containers start with the host and what their
 * units have to know; @units is where the units of packages are.
 */
int container_generate(const struct paths *paths, const char *units, const char *directory,
		       struct error *e);

/* Returns 1, or 0 when there was nothing of that name. */
enum destroy_flags {
	DESTROY_KEEP_ADDRESS =
		1 << 0,          /* its addresses stay reserved for the next one of its name */
	DESTROY_UNUSED = 1 << 1, /* it never ran */
};

int container_destroy(const struct paths *paths, const char *name, unsigned flags, struct error *e);

/* @argv: ends with NULL; NULL: a login shell of its root. Returns the exit status or -errno. */
int container_run(const struct paths *paths, const char *name, char *const argv[], struct error *e);

enum container_status {
	CONTAINER_GONE, /* no definition */
	CONTAINER_DOWN,
	CONTAINER_UP, /* it runs and has reported that it is ready */
};

struct machine_status;

const char *container_status_name(enum container_status status);
/* @ret_machine: what its manager says of it, meaningless when it is gone; NULL: of no interest. */
int container_status(const struct paths *paths, const char *name, enum container_status *ret_status,
		     struct machine_status *ret_machine, struct error *e);

/* ------------------------------------------------------------- settings of one container */

/* When a change counts: now, or from the next start on. */
enum setting_effect { SETTING_LIVE, SETTING_LATER };

/* @assignments: KEY, VALUE alternately, "": without the key. Returns 1, 0 when it was so, or -errno. */
int container_set(const struct paths *paths, const char *name, const struct words *assignments,
		  enum address_care care, enum setting_effect *ret_effect, struct error *e);
