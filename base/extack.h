/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The kernel's extended acknowledgement (struct nlmsgerr and the attributes behind it, see
 * linux/netlink.h and Documentation/userspace-api/netlink/intro.rst), decoded from the raw message,
 * so that rtnetlink over libnl and nf_tables over libmnl say the same things the same way.
 */

/* What is needed to name the attribute an error points at. */
struct extack_request {
	const struct nlmsghdr *message; /* the request, whole */
	size_t header;                  /* bytes of the family's header in it */
	const char *const *names;       /* of top-level attributes, by type */
	size_t n_names;
};

int extack_errno(const struct nlmsghdr *reply);

/* Where in the request the error is, in bytes from its start; 0: the kernel does not say. */
uint32_t extack_offset(const struct nlmsghdr *reply);
void extack_decode(const struct nlmsghdr *reply, const struct extack_request *request,
		   struct error *e);
