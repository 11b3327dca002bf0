/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "container/settings/settings.h"

/* What is recorded in /run of containers: one file of lines for each of them, in a directory of its kind. */
struct records_kind {
	const char *directory; /* below the runtime directory */
	size_t size_max;       /* of one file, bytes */

	/* Writes @content as lines. Returns 0 or -ENOMEM. */
	int (*format)(FILE *file, const void *content);
	/*
	 * Adds one line, without its end, of the record of container @name to @content; it may change the
	 * line. Returns 1, 0 when it is no line that we write, or -errno.
	 */
	int (*take)(char *line, const char *name, void *content, struct error *e);
};

/* Where the records are. Returns 0 or -errno. */
int records_directory(const struct records_kind *kind, const struct paths *paths,
		      char path[PATH_MAX], struct error *e);
/* Has @content recorded of a container, in a directory that is there. Returns 0 or -errno. */
int records_write(const struct records_kind *kind, const struct paths *paths, const char *name,
		  const void *content, struct error *e);
/* Forgets what is recorded of a container. Returns 1, 0 when there was no record, or -errno. */
int records_remove(const struct records_kind *kind, const struct paths *paths, const char *name,
		   struct error *e);
/*
 * Adds what is recorded of a container to @content, which the caller frees, also after a failure.
 * Returns 1, 0 when there is no record, or -errno.
 */
int records_read(const struct records_kind *kind, const struct paths *paths, const char *name,
		 void *content, struct error *e);
/* The same of all containers, in the order of their names. Returns 0 or -errno. */
int records_read_all(const struct records_kind *kind, const struct paths *paths, void *content,
		     struct error *e);
/* Whether another container than @name has a record. Returns 1, 0 or -errno. */
int records_others(const struct records_kind *kind, const struct paths *paths, const char *name,
		   struct error *e);
