/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "managers/managers.h"

/* How engines.c has the files of engines taken apart. */

/* A value of a file, and what it means. */
struct engine_key {
	const char *name;
	enum engine_grant grant;
};

/* Files of one engine in one place. */
struct engine_source {
	const char *engine;
	const char *path;   /* of a file, or of the directory that has them */
	const char *suffix; /* of names in the directory; NULL: it is a file */
	/* Adds what @text says to @networks. Returns 0 or -errno: -EBADMSG when it is not understood. */
	int (*parse)(const struct engine_source *source, const char *file, const char *text,
		     size_t length, struct engine_networks *networks, struct error *e);
	const struct engine_key
		*keys; /* that count, where @parse goes by them; ends without a name */
};

int engine_json(const struct engine_source *source, const char *file, const char *text,
		size_t length, struct engine_networks *networks, struct error *e);
int engine_toml(const struct engine_source *source, const char *file, const char *text,
		size_t length, struct engine_networks *networks, struct error *e);
int engine_xml(const struct engine_source *source, const char *file, const char *text,
	       size_t length, struct engine_networks *networks, struct error *e);

int engine_add(struct engine_networks *networks, const struct engine_source *source,
	       const char *file, const char *name, enum engine_grant grant,
	       const struct prefix *prefix, struct error *e);
int engine_value(struct engine_networks *networks, const struct engine_source *source,
		 const char *file, const char *name, const char *key, const char *value,
		 struct error *e);
