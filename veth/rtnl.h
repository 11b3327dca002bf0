/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "veth/batch.h"

/*
 * Transport: a rtnetlink socket, and the exchange of a batch of requests for their answers. The
 * socket belongs to the network namespace it was opened in.
 */

struct rtnl {
	int fd;
	uint32_t sequence; /* of the next request; 0 when the socket is not open */
};

int rtnl_open(struct rtnl *ret_rtnl, struct error *e);
void rtnl_deinit(struct rtnl *rtnl);
int rtnl_exchange(struct rtnl *rtnl, struct batch *batch, struct error *e);
