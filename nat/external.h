/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether a link can have a name. Returns 0 or -EINVAL (ERROR_USAGE). */
int link_check(const char *link, struct error *e);

/* Whether it is a container's; or, for one that ends in "*", whether that stands for such. */
bool link_leads_to_container(const char *link);

/* Whether a name of an external link, as it is in a spec, ends in "*". */
bool external_is_wildcard(const char *external);
