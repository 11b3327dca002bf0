/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/* A tree of an operating system that is a container's root directory where it stands (ROOT_TREE). */

/* Returns 1, 0 when there is nothing to boot in a tree, or -errno. */
int root_tree_boots(int tree, struct error *e);
int root_tree_check(const struct paths *paths, const char *typed, char path[PATH_MAX],
		    struct error *e);
int root_tree_is_free(const struct paths *paths, const struct definition *definition,
		      struct error *e);
