/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/boot/boot.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/* What a container boots, and how it comes by it. */

enum system_kind {
	SYSTEM_NONE,          /* nothing */
	SYSTEM_TREE,          /* the tree that is its root directory */
	SYSTEM_BUILT,         /* a path */
	SYSTEM_FLAKE,         /* built from a flake */
	SYSTEM_CONFIGURATION, /* built from a new configuration */
	SYSTEM_AGAIN,         /* built from the configuration it has */
};

struct system_spec {
	enum system_kind kind;
	const struct system_request *request; /* borrowed */
	char path[PATH_MAX];                  /* SYSTEM_BUILT, SYSTEM_TREE: absolute */
	char flake[FLAKE_MAX];                /* SYSTEM_FLAKE */
	char attr[FLAKE_ATTR_MAX];            /* of it; empty: "container" */
};

int system_parse(const struct paths *paths, const struct system_request *request,
		 struct system_spec *ret_spec, struct error *e);
bool system_is_built(enum system_kind kind);
int system_build(const struct paths *paths, const char *name, const struct system_spec *spec,
		 struct error *e);
