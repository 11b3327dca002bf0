/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/*
 * rtnetlink with nothing in between, for the yardstick and for hosts that are thrown away. Every failure ends the process.
 */

/* Requests that are sent with one call. */
struct batch {
	_Alignas(struct nlmsghdr) char bytes[2048];
	size_t length;
	size_t last; /* where the last request begins */
};

/* A link as the kernel reports it. */
struct link {
	int index;
	int peer_index;
};

void *batch_room(struct batch *batch, size_t size);
void batch_begin(struct batch *batch, uint16_t type, unsigned flags, const void *header,
		 size_t size);
struct rtattr *batch_put(struct batch *batch, int type, const void *value, size_t size);
void batch_up(struct batch *batch, int index);
void batch_nest_end(struct batch *batch, struct rtattr *nest);

int rtnl_open(uint32_t groups);
void rtnl_exchange(int fd, struct batch *batch, const char *what, struct link *link);
