/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * Requests that go to the kernel with one system call. They are built one after the other; a failure
 * to build is remembered in the batch and comes out when it is sent, so that builders return nothing.
 */

struct nl_msg;

/* Which refusals of a request are answers too. */
enum refusal {
	REFUSAL_FAILS,    /* none */
	REFUSAL_NO_LINK,  /* "there is no such link" */
	REFUSAL_NO_ROUTE, /* "there is no route there" */
	REFUSAL_EXISTS,   /* "there is one already" */
};

/* Where the data goes that the kernel sends in answer to a request. */
struct answer {
	/* Called for each message; what it finds goes to @ret_found, zeroed before the first. */
	void (*take)(const struct nlmsghdr *reply, const void *wanted, void *ret_found);
	const void *wanted; /* handed to @take, borrowed */
	void *found;        /* borrowed */
	size_t size;        /* bytes there */
};

struct request {
	struct nl_msg *message;
	const char *what; /* what it does, for "cannot ...", a literal */
	enum refusal accepted;
	struct answer answer;
	int number; /* the errno the kernel answered with, 0 for success */
};

#define BATCH_MAX 11 /* the container's end with both families, wrong addresses taken off */

struct batch {
	size_t count;
	int number; /* positive errno of the first failure to build, or 0 */
	struct request requests[BATCH_MAX];
};

void batch_deinit(struct batch *batch);
void batch_begin(struct batch *batch, const char *what, uint16_t type, uint16_t flags,
		 const void *header, size_t size);
void batch_expect(struct batch *batch, enum refusal accepted, const struct answer *answer);
void batch_put(struct batch *batch, int type, const void *value, size_t size);
void batch_put_u32(struct batch *batch, int type, uint32_t value);
void batch_put_text(struct batch *batch, int type, const char *value);
void batch_put_addr(struct batch *batch, int type, const struct addr *addr);
struct nlattr *batch_nest(struct batch *batch, int type);
struct nlattr *batch_nest_header(struct batch *batch, int type, const void *header, size_t size);
void batch_nest_end(struct batch *batch, struct nlattr *nest);
