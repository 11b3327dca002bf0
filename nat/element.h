/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>

#include "nat/nat.h"
#include "nat/nft.h"

/*
 * Elements of the maps that published ports are in. Each forward is one to three of them: where it
 * leads to, where a call may turn round, and what it is bound to.
 */

enum forward_element {
	ELEMENT_TARGET,  /* in forwards4, forwards6, or the map of what it is bound to */
	ELEMENT_HAIRPIN, /* in hairpin, one for all forwards of a container */
	ELEMENT_BINDING, /* in bindings, one for all that are bound alike */
	ELEMENT_TRAFFIC, /* in traffic4 or traffic6, where the kernel puts it with the first packet */
	FORWARD_ELEMENTS,
};

#define ELEMENT_KEY_MAX  40
#define ELEMENT_DATA_MAX 20

/* An element, as bytes of the kernel's. */
struct element {
	const char *set;
	uint8_t key[ELEMENT_KEY_MAX];
	size_t key_size;
	uint8_t data[ELEMENT_DATA_MAX];
	size_t data_size; /* 0 in a set */
	char container[NAT_CONTAINER_MAX];
	struct nat_counter counter; /* of one that counts, as it was read */
};

/* The maps that elements of the kind ELEMENT_TARGET are in. */
#define TARGET_MAPS 8
extern const char *const target_maps[TARGET_MAPS];

unsigned forward_map(const struct nat_forward *forward);
bool element_make(const struct nat_forward *forward, enum forward_element kind,
		  struct element *ret_element);
bool element_same(const struct element *a, const struct element *b);
bool element_repeats(const struct nat_forwards *forwards, size_t index, enum forward_element kind);
void entry_put(struct nlmsghdr *message, const struct element *element, bool whole);
bool element_take(const struct nlattr *attribute, const char *set, struct element *ret_element);
bool element_traffic(const struct element *element, struct nat_forward *ret_forward);
bool element_forward(const struct element *element, struct nat_forward *ret_forward);
int elements_take(const struct nlmsghdr *answer, const char *set,
		  int (*take)(void *data, const struct element *element, struct error *e),
		  void *data, struct error *e);
const struct nlattr *message_elements(const struct nlmsghdr *message);

void batch_add_element(struct nft_request *batch, enum nft_action action,
		       const struct element *element);
void batch_add_forwards(struct nft_request *batch, const struct nat_forwards *forwards);
unsigned forwards_parts(const struct nat_forwards *forwards);
