/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/late.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "base/log.h"

/**
 * late_find - a function of a library, which is loaded if it has not been
 * @library: NULL at first; remembers it
 * @file: its name, borrowed
 * @trouble: what cannot be done without it, for the log, borrowed
 * @name: of the function, borrowed
 *
 * It is never unloaded: what it has made may be in use until the process ends.
 *
 * Returns its address, or 0 when there is no such library or function in it, which is logged; errno is
 * ELIBACC then.
 */
uintptr_t late_find(void **library, const char *file, const char *trouble, const char *name)
{
	void *function = NULL;

	if (!*library)
		*library = dlopen(file, RTLD_NOW);
	if (*library)
		function = dlsym(*library, name);
	if (!function) {
		log_warning("%s: %s", trouble, dlerror());
		errno = ELIBACC;
	}
	return (uintptr_t)function;
}
