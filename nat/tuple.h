/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <stdint.h>

#include "base/addr.h"

/* Messages to and from connection tracking, and the tuples of addresses and ports in them. */

/* Bits of CTA_FILTER, which no header for programs has (nf_internals.h). */
#define FILTER_SOURCE      (1U << 0) /* CTA_FILTER_F_CTA_IP_SRC */
#define FILTER_TARGET      (1U << 1) /* CTA_FILTER_F_CTA_IP_DST */
#define FILTER_PROTOCOL    (1U << 3) /* CTA_FILTER_F_CTA_PROTO_NUM */
#define FILTER_SOURCE_PORT (1U << 4) /* CTA_FILTER_F_CTA_PROTO_SRC_PORT */
#define FILTER_TARGET_PORT (1U << 5) /* CTA_FILTER_F_CTA_PROTO_DST_PORT */

struct nlmsghdr *tuple_message(uint8_t *buffer, uint8_t type, uint16_t flags, sa_family_t family,
			       uint32_t sequence);
uint16_t tuple_port(const struct nlattr *tuple, unsigned type);
struct addr tuple_address(const struct nlattr *tuple, unsigned v4, unsigned v6);
void tuple_put(struct nlmsghdr *message, uint16_t type, uint16_t address_type,
	       const struct addr *address, uint8_t protocol, uint16_t port_type, uint16_t port);
void tuple_filter(struct nlmsghdr *message, uint32_t original, uint32_t reply);
