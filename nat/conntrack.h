/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nat.h"

/* Ends the connections that came through forwards. Returns 0 or -errno. */
int conntrack_end(struct nat *nat, const struct nat_forwards *forwards, struct error *e);
