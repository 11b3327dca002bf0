/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "container/definitions/definitions.h"
#include "container/definitions/environment-file.h"
#include "container/settings/settings.h"

/* Definition files, as the rest of container/ changes them. */

#define DEFINITION_SUFFIX     ".conf"
#define DEFINITION_SIZE_MAX   ((size_t)256 * 1024)
#define DEFINITION_PEERS      "LINKED_TO"
#define DEFINITION_KEEPS_ROOT "old-root" /* of INCOMPLETE */

int definition_path(const struct paths *paths, const char *name, char path[PATH_MAX],
		    struct error *e);
int definition_load(const struct paths *paths, const char *name, struct environment_file *ret_file,
		    struct error *e);
int definition_take(const struct environment_file *file, struct definition *definition,
		    struct error *e);
int definition_parse(const struct paths *paths, const char *name,
		     const struct environment_file *file, struct definition *ret_definition,
		     struct error *e);
int definition_wrong(const struct paths *paths, const char *name, int r, struct error *e);
int definition_write(const struct paths *paths, const struct definition *definition,
		     struct error *e);
int definition_change(const struct paths *paths, const char *name, const char *key,
		      const char *value, struct error *e);
int definition_complete(const struct paths *paths, const char *name, struct error *e);
bool definition_is_declarative(const char *path);
