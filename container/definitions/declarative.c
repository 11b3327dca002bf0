/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/declarative.h"

#include <errno.h>

/**
 * declarative_refuse - refuse to change what a configuration declares
 * @definition: borrowed
 * @e: says where to change it instead
 *
 * Returns 0 or -EROFS.
 */
int declarative_refuse(const struct definition *definition, struct error *e)
{
	int r;

	if (!definition->declarative)
		return 0;
	r = error_set(e, ERROR_FAILED, EROFS,
		      "it is declarative: container '%s' comes from a configuration",
		      definition->name);
	if (definition->applied)
		return error_remedy(
			e, r,
			"change the file that APPLIED in its definition names, and give "
			"\"nixctr-net apply\"");
	return error_remedy(e, r, "change the configuration of the host, and switch to it");
}
