/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/boot/launch.h"
#include "container/settings/settings.h"

/* The file system a container starts with. */
struct root {
	char path[PATH_MAX];     /* its root directory */
	char toplevel[PATH_MAX]; /* of NixOS in the host's store; "" for a tree of its own */
	char init[PATH_MAX];     /* the first program, as seen from inside; "" likewise */
};

/* Its root directory. */
int root_path(const struct paths *paths, const char *name, const struct launch *launch,
	      char path[PATH_MAX], struct error *e);
/* Whether its profile is at a system. Returns 1, 0 or -errno. */
int root_profile(const struct paths *paths, const char *name, char ret_toplevel[PATH_MAX],
		 struct error *e);
int root_has_profile(const struct paths *paths, const char *name, struct error *e);
/* Where they are, and that what has to be there is there. Changes nothing. */
int root_find(const struct paths *paths, const char *name, const struct launch *launch,
	      struct root *ret_root, struct error *e);
/* Makes the directories and files that a first start needs, without ever leaving the root. */
int root_prepare(const struct paths *paths, const struct launch *launch, const struct root *root,
		 struct error *e);
