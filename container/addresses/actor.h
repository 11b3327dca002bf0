/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/ipam.h"

/* Who we are, for what is written down about it. */
void actor_read(struct ipam_actor *ret_actor);
