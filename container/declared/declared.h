/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/addresses/addresses.h"
#include "container/definitions/definitions.h"

/* Containers that a file declares. */

struct words;

/* A system that is there, one that Nix builds from the declaration or a flake, or a tree as it is. */
enum declared_system { DECLARED_PATH, DECLARED_CONFIG, DECLARED_FLAKE, DECLARED_TREE };

/* A container as a file declares it. */
struct declared {
	char name[CONTAINER_NAME_MAX];
	const char *place;  /* FILE:LINE:COLUMN, borrowed; NULL: not known */
	struct words *keys; /* KEY, VALUE alternately, of its definition; borrowed */
	enum declared_system kind;
	const char *path;       /* DECLARED_PATH, borrowed */
	const char *flake;      /* DECLARED_FLAKE, borrowed */
	const char *flake_attr; /* the same; NULL: "container" */
	bool untouched;         /* restartIfChanged = false: neither restarted nor reloaded */
	bool stored;            /* its options mention something in the store of Nix */
};

/*
 * An update is in place, or nothing runs; a start is what a run before has not come to; what is removed
 * is stopped and disabled, and what it is made of stays.
 */
enum declared_step {
	STEP_LEAVE,
	STEP_CREATE,
	STEP_UPDATE,
	STEP_START,
	STEP_RELOAD,
	STEP_RESTART,
	STEP_REMOVE
};

/* What is to be done about one container. */
struct declared_plan {
	char name[CONTAINER_NAME_MAX];
	enum declared_step step;
	bool later;              /* what changes counts from its next start on */
	char why[256];           /* the keys that change, "system"; or "" */
	char toplevel[PATH_MAX]; /* that it is to boot, or "" */
	unsigned differences;
	bool attach; /* its network was taken away for the change, and has to come back */
};

const char *declared_step_name(enum declared_step step);
/* Has Nix read the file @source, absolute. The caller frees *ret_json. Returns 0 or -errno. */
int declared_evaluate(const char *source, char **ret_json, struct error *e);
/* Whether all can be, and no two want the same thing. Returns 0 or -errno naming the place. */
int declared_check(const struct declared *list, size_t count, struct error *e);
/* Whether all are there that they are to be linked with. Returns 0 or -errno naming the place. */
int declared_check_links(const struct paths *paths, const struct declared *list, size_t count,
			 struct error *e);
/* Has Nix build what a container is to boot. @link keeps it, until the caller removes that. */
int declared_build(const char *source, const struct declared *declared, const char *link,
		   char ret_toplevel[PATH_MAX], struct error *e);
/* The same of what its options mention. Returns 1, 0 when that is nothing, or -errno. */
int declared_build_mentioned(const char *source, const struct declared *declared, const char *link,
			     struct error *e);
/* Keeps that, beside what it had before, and lets go of the latter. */
int declared_keep(const struct paths *paths, const struct declared *declared, const char *link,
		  struct error *e);
int declared_kept(const struct paths *paths, const struct declared *declared, struct error *e);

/* One run of "apply" at a time. Returns 0 or -EBUSY (ERROR_BUSY). */
int declared_lock(const struct paths *paths, int *ret_fd, struct error *e);

/* @toplevel: what was built; "" for none. Changes nothing. Returns 0 or -errno. */
int declared_plan_make(const struct paths *paths, const char *source,
		       const struct declared *declared, const char *toplevel,
		       enum address_care care, struct declared_plan *ret_plan, struct error *e);

/* Plans for those that @source declared once and does not any more. The caller frees *ret_plans. */
int declared_plan_absent(const struct paths *paths, const char *source, const struct declared *list,
			 size_t count, struct declared_plan **ret_plans, size_t *ret_count,
			 struct error *e);

/*
 * Has a container started anew that would get other links while it runs, when others of @list wait for
 * those it has. Returns 1, 0 when nobody does, or -errno.
 */
int declared_settle(const struct paths *paths, const char *source, const struct declared *declared,
		    const struct declared *list, size_t count, struct declared_plan *plan,
		    struct error *e);

/*
 * Has a container give up what it will not have any more and others of @list are to get, which may wait
 * for each other. @plan: of it, changed. Returns 1, 0 when nobody waits for anything, or -errno.
 */
int declared_release(const struct paths *paths, const char *source, const struct declared *declared,
		     const struct declared *list, size_t count, struct declared_plan *plan,
		     struct error *e);

/* Does what a plan says. @declared: NULL for STEP_REMOVE. Returns 1, 0 for nothing, or -errno. */
int declared_change(const struct paths *paths, const char *source, const struct declared *declared,
		    const struct declared_plan *plan, struct error *e);
