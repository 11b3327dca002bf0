/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Small files: read whole, replaced whole. */

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct error *e);
int file_replace(const char *path, const char *text, size_t length, mode_t mode, struct error *e);
int file_remove(const char *path, struct error *e);
/* Of the directory that a file lies in: what was renamed or made there stays. */
int directory_sync(const char *path, struct error *e);
int directory_make(const char *path, mode_t mode, struct error *e);

/* Until the end of the file or of the room there is. Returns the number of bytes or -errno. */
ssize_t file_read_all(int fd, char *text, size_t size);
/* @fd: taken. Returns 0 or -errno. */
int file_write(int fd, const char *text, size_t length);

/* sprintf() for paths: the result fits or is an error. */
int path_format(char *path, size_t size, struct error *e, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
