/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Memory and descriptors are released by the scope that declares them:
 *
 *	_cleanup_(fd_closep) int fd = -1;
 *
 * and handed on with TAKE_FD() or TAKE_PTR(), which leave the variable empty.
 */
#define _cleanup_(function) __attribute__((cleanup(function)))

#define TAKE_PTR(pointer)                               \
	__extension__({                                 \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#define TAKE_FD(fd)                \
	__extension__({            \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Frees what the pointer at @p points to. @p: address of any object pointer; NULL inside is fine. */
static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Closes *@fd if it is a descriptor. The result is ignored: nothing was written through it. */
static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Closes *@file if it is open. The result is ignored: writers call fclose() themselves. */
static inline void file_closep(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}
