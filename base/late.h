/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/*
 * Libraries that are loaded when they are needed. Each costs about 0.1 ms, or more, whenever a program
 * that is linked with it starts. So a file of ours defines functions of such a library under their
 * own names, and the first one that is called loads it. Whatever else of it is used one day is
 * missed by the linker, and gets a line there.
 *
 * That file defines LATE_FIND: a function from a name to an address, or 0.
 */

/* Finds out where a function of the library is, the first time. */
#define LATE_REAL(function)            \
	static typeof(function) *real; \
                                       \
	if (!real)                     \
	real = (typeof(function) *)LATE_FIND(#function)

/* A function that does what the library's does, or returns @failure. */
#define FORWARD(type, function, failure, parameters, arguments) \
	type function parameters                                \
	{                                                       \
		LATE_REAL(function);                            \
		return real ? real arguments : (failure);       \
	}

/* The same for one that returns nothing. */
#define FORWARD_VOID(function, parameters, arguments) \
	void function parameters                      \
	{                                             \
		LATE_REAL(function);                  \
		if (real)                             \
			real arguments;               \
	}

uintptr_t late_find(void **library, const char *file, const char *trouble, const char *name);
