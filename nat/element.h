/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>

#include "nat/nat.h"
#include "nat/nft.h"

/*
 * Elements of the maps that published ports are in. Each forward is two or three of them: where it
 * leads to, as whom the loopback calls it, and where a call may turn round.
 */

enum forward_element {
	ELEMENT_TARGET,   /* in forwards4, forwards6 */
	ELEMENT_LOOPBACK, /* in loopback4, loopback6 */
	ELEMENT_HAIRPIN,  /* in hairpin, one for all forwards of a container */
	FORWARD_ELEMENTS,
};

#define ELEMENT_KEY_MAX  (2 * IFNAMSIZ)
#define ELEMENT_DATA_MAX 20

/* An element, as bytes of the kernel's. */
struct element {
	const char *set;
	uint8_t key[ELEMENT_KEY_MAX];
	size_t key_size;
	uint8_t data[ELEMENT_DATA_MAX];
	size_t data_size; /* 0 in a set */
	char container[NAT_CONTAINER_MAX];
};

bool element_make(const struct nat_forward *forward, enum forward_element kind,
		  struct element *ret_element);
bool element_same(const struct element *a, const struct element *b);
void element_put(struct nlmsghdr *message, const struct element *element, bool whole);
bool element_take(const struct nlattr *attribute, const char *set, struct element *ret_element);
bool element_forward(const struct element *element, struct nat_forward *ret_forward);
const struct nlattr *message_elements(const struct nlmsghdr *message);

void batch_add_element(struct nft_request *batch, enum nft_action action,
		       const struct element *element);
void batch_add_forward(struct nft_request *batch, enum nft_action action,
		       const struct nat_forward *forward);
