/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mathematics of sqlite: it has functions for questions that are never asked here, and refers to
 * those of libm for them. They are loaded should one be called; see base/late.h. They stand in the
 * program itself, not in an archive, for the linker takes what it finds first.
 */
#include <math.h>

#include "base/late.h"

#define LATE_FIND function_find

/**
 * function_find - a function of libm, which is loaded if it has not been
 * @name: borrowed
 *
 * Returns its address, or 0 when there is no such library or function in it.
 */
static uintptr_t function_find(const char *name)
{
	static void *library;

	return late_find(&library, "libm.so.6", "nothing can be calculated", name);
}

#define FUNCTION_OF_ONE(function) FORWARD(double, function, (double)NAN, (double x), (x))
#define FUNCTION_OF_TWO(function) \
	FORWARD(double, function, (double)NAN, (double x, double y), (x, y))

FUNCTION_OF_ONE(acos)
FUNCTION_OF_ONE(acosh)
FUNCTION_OF_ONE(asin)
FUNCTION_OF_ONE(asinh)
FUNCTION_OF_ONE(atan)
FUNCTION_OF_TWO(atan2)
FUNCTION_OF_ONE(atanh)
FUNCTION_OF_ONE(ceil)
FUNCTION_OF_ONE(cos)
FUNCTION_OF_ONE(cosh)
FUNCTION_OF_ONE(exp)
FUNCTION_OF_ONE(floor)
FUNCTION_OF_TWO(fmod)
FUNCTION_OF_ONE(log)
FUNCTION_OF_ONE(log10)
FUNCTION_OF_ONE(log2)
FUNCTION_OF_TWO(pow)
FUNCTION_OF_ONE(sin)
FUNCTION_OF_ONE(sinh)
FUNCTION_OF_ONE(sqrt)
FUNCTION_OF_ONE(tan)
FUNCTION_OF_ONE(tanh)
FUNCTION_OF_ONE(trunc)
