/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/error.h"
#include "base/words.h"
#include "container/container.h"

/*
 * Containers as files declare them, with the names that the options of NixOS's containers.NAME have, and
 * what they are in a definition.
 */

struct declarations {
	char source[PATH_MAX]; /* the file, absolute and without links */
	struct declared *list; /* in the order of their names; owned, and so is what it borrows */
	size_t count;
	struct words *keys; /* of each */
	void *document;     /* what Nix made of the file, in which texts are borrowed */
};

/* Has Nix read a file. Returns 0, or -errno naming the option that is wrong, and its place. */
int declarations_read(const char *path, struct declarations *ret_declarations, struct error *e);
/* The same of what Nix made of it. @source: set in *ret_declarations by the caller. */
int declarations_parse(const char *json, struct declarations *declarations, struct error *e);
void declarations_deinit(struct declarations *declarations);

/*
 * Reads OPTION=VALUE as a command has it; OPTION is one of NixOS's or a key of a definition. KEY and
 * VALUE are put at the end of @assignments. Returns 0 or -EINVAL (ERROR_USAGE).
 */
int declared_setting(const char *text, struct words *assignments, struct error *e);
/* The options that can be set so, by their names of NixOS. Returns NULL behind the last. */
const char *declared_setting_name(size_t index);

/* One container of an application. */
struct application_entry {
	const struct declared *declared; /* borrowed; NULL: it is not declared any more */
	struct declared_plan plan;
	int r; /* < 0: it failed, and how is in @e; > 0: it was changed */
	struct error e;
};

/* A file that is made so. */
struct application {
	const struct paths *paths; /* borrowed */
	struct declarations declarations;
	struct application_entry *entries; /* what is removed comes first */
	size_t count;
};

/*
 * Builds all systems, then plans; of the containers nothing changes. What fails for one container stands
 * in its entry. Returns 0, or -errno when there is nothing that could be done.
 */
int application_prepare(const struct paths *paths, const char *file, enum address_care care,
			struct application *ret_application, struct error *e);
/* Does what is planned. @tell: called before each step; NULL: nobody is told. */
void application_act(struct application *application,
		     void (*tell)(const struct application_entry *entry));
void application_deinit(struct application *application);
