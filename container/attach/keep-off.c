/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "base/file.h"
#include "container/attach/attach.h"
#include "container/settings/settings.h"
#include "managers/managers.h"

#define PATTERNS NAT_PREFIX "* " NAT_PREFIX_BRIDGED "*"

/**
 * keep_off_dhcpcd - make what keeps dhcpcd off links of containers, before it starts
 * @paths: borrowed
 * @e: names the file
 *
 * Returns 1, 0 when it has no configuration that could be copied, or -errno.
 */
int keep_off_dhcpcd(const struct paths *paths, struct error *e)
{
	char copy[PATH_MAX];
	int r = directory_make(paths->runtime, 0755, e);

	if (r >= 0)
		r = path_format(copy, sizeof(copy), e, "%s/dhcpcd.conf", paths->runtime);
	return r < 0 ? r : dhcpcd_copy(paths->root, PATTERNS, copy, e);
}
