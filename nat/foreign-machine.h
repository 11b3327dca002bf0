/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h> /* before it, which forgets that */

#include <libnftnl/expr.h>

#include "nat/foreign.h"

/* Registers as the kernel has them: four of sixteen bytes behind the verdict's, or sixteen of four. */
#define REGISTERS_SIZE  80
#define REGISTERS_BEGIN 16
#define REGISTER_OLD    16
#define REGISTER_NEW    4

/* One rule being judged. */
struct machine {
	const struct foreign_ruleset *ruleset;
	const struct foreign_chain *chain;
	const struct packet *packet;
	struct judgement *judgement;
	uint8_t bytes[REGISTERS_SIZE];
	uint8_t known[REGISTERS_SIZE]; /* enum certainty of each */
};

size_t register_place(uint32_t number);
void machine_load(struct machine *machine, uint32_t number, const void *value, size_t size,
		  enum certainty certainty);

/* What loads registers. */
void do_meta(struct machine *machine, const struct nftnl_expr *expression);
void do_ct(struct machine *machine, const struct nftnl_expr *expression);
void do_payload(struct machine *machine, const struct nftnl_expr *expression);
void do_fib(struct machine *machine, const struct nftnl_expr *expression);
