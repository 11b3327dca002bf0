/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/attach/network.h"

/* Links of a container beside its cable, in the kernel; as definitions have them: definitions/links.h. */

/* Returns 1, 0 when all was so, or -errno. */
int links_ensure(struct network *network, int ns_fd, const struct definition *definition,
		 const struct veth_spec *spec, struct error *e);
/* Takes away what @was has and @now has not, from a container that runs. Returns 1, 0, or -errno. */
int links_withdraw(struct network *network, int ns_fd, const struct definition *was,
		   const struct definition *now, struct error *e);
/* To be done before the namespace goes. Returns 1, 0 when there was nothing to do, or -errno. */
int links_remove(struct network *network, const struct definition *definition, struct error *e);
