/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/error.h"
#include "machine/filter.h"
#include "machine/machine.h"

/* What the first process of a container may do, which is as much as anybody we put in there may. */
struct confinement {
	uint64_t capabilities; /* its bounding set */
	bool no_new_privileges;
	int oom_score;
	struct filters filters; /* of system calls, as far as the kernel tells them; owned */
	struct rlimit limits[RLIM_NLIMITS];
};

/* @ret_confinement: all zero; ended by the caller with confinement_deinit(), after a failure too.
 * Returns 0, also when it is gone meanwhile: whoever asks looks afterwards; or -errno. */
int confinement_read(const struct leader *leader, struct confinement *ret_confinement,
		     struct error *e);

void confinement_deinit(struct confinement *confinement);

/* For the calling process. The first needs our /proc; the second cannot be undone. Both 0 or -errno. */
int confinement_limit(const struct confinement *confinement);
int confinement_apply(const struct confinement *confinement);
