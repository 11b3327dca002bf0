/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Small files: read whole, replaced whole. */

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *e);
int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *e);
int file_remove(const char *path, struct error *e);
int directory_make(const char *path, mode_t mode, struct error *e);

/* The halves of the first two, for files that were opened in another way. */
ssize_t file_read_all(int fd, char *text, size_t size);
int file_write_all(int fd, const char *text, size_t length);

/* sprintf() for paths: the result fits or is an error. */
int path_format(char *path, size_t size, struct error *e, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
