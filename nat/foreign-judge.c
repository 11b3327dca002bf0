/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The expressions of a rule are carried out as the kernel would, on registers of which each byte is
 * known or not. What is loaded from the sample packet is known where the sample says it; a port, a
 * mark or the like differs between packets. An expression that we have not heard of leaves open
 * whether its rule holds.
 */
#include "nat/foreign-machine.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * machine_doubt - note that we do not know whether the rule holds
 * @machine: changed
 * @what: we do not know
 */
static void machine_doubt(struct machine *machine, const char *what)
{
	struct judgement *judgement = machine->judgement;

	if (judgement->certainty > CERTAIN_UNSURE)
		judgement->certainty = CERTAIN_UNSURE;
	if (!judgement->unknown[0])
		(void)snprintf(judgement->unknown, sizeof(judgement->unknown), "%s", what);
}

/**
 * machine_hold - take in for how many packets an expression lets the rule go on
 * @machine: changed
 * @certainty: for how many
 * @what: that was asked for
 */
static void machine_hold(struct machine *machine, enum certainty certainty, const char *what)
{
	if (certainty == CERTAIN_UNSURE)
		machine_doubt(machine, what);
	else if (certainty < machine->judgement->certainty)
		machine->judgement->certainty = certainty;
}

/**
 * do_bitwise - mask bits of a register
 * @machine: changed
 * @expression: borrowed
 */
static void do_bitwise(struct machine *machine, const struct nftnl_expr *expression)
{
	uint32_t size = nftnl_expr_get_u32(expression, NFTNL_EXPR_BITWISE_LEN);
	uint32_t mask_size = 0, xor_size = 0;
	const uint8_t *mask = nftnl_expr_get(expression, NFTNL_EXPR_BITWISE_MASK, &mask_size);
	const uint8_t * xor = nftnl_expr_get(expression, NFTNL_EXPR_BITWISE_XOR, &xor_size);
	size_t from = register_place(nftnl_expr_get_u32(expression, NFTNL_EXPR_BITWISE_SREG));
	size_t to = register_place(nftnl_expr_get_u32(expression, NFTNL_EXPR_BITWISE_DREG));

	for (size_t i = 0; i < size && from + i < REGISTERS_SIZE && to + i < REGISTERS_SIZE; i++) {
		if (!mask || i >= mask_size || !xor || i >= xor_size) {
			machine->known[to + i] = CERTAIN_UNSURE;
			continue;
		}
		machine->known[to + i] = mask[i] ? machine->known[from + i] : (uint8_t)CERTAIN_ALL;
		machine->bytes[to + i] = (machine->bytes[from + i] & mask[i]) ^ xor[i];
	}
}

/**
 * compare_ordered - compare bytes as a number in network order
 * @comparison: enum nft_cmp_ops
 * @order: of memcmp()
 */
static bool compare_ordered(uint32_t comparison, int order)
{
	switch (comparison) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_NEQ:
		return order != 0;
	case NFT_CMP_LT:
		return order < 0;
	case NFT_CMP_LTE:
		return order <= 0;
	case NFT_CMP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

/**
 * machine_compare - compare a register
 * @machine: borrowed
 * @number: of the register
 * @comparison: enum nft_cmp_ops
 * @value, @size: with what
 *
 * One byte that is known and another one tells two values apart, whatever the others are.
 *
 * Returns for how many packets it compares.
 */
static enum certainty machine_compare(const struct machine *machine, uint32_t number,
				      uint32_t comparison, const void *value, size_t size)
{
	size_t place = register_place(number);
	enum certainty certainty = CERTAIN_ALL;
	const uint8_t *wanted = value;

	if (!value || size > REGISTERS_SIZE - place)
		return CERTAIN_UNSURE;
	for (size_t i = 0; i < size; i++) {
		if (machine->known[place + i] < certainty)
			certainty = machine->known[place + i];
		if (machine->known[place + i] == CERTAIN_ALL &&
		    machine->bytes[place + i] != wanted[i] && comparison <= NFT_CMP_NEQ)
			return comparison == NFT_CMP_NEQ ? CERTAIN_ALL : CERTAIN_NONE;
	}
	if (certainty != CERTAIN_ALL)
		return certainty;
	return compare_ordered(comparison, memcmp(machine->bytes + place, value, size))
		       ? CERTAIN_ALL
		       : CERTAIN_NONE;
}

/**
 * do_cmp - go on only when a register compares
 * @machine: changed
 * @expression: borrowed
 */
static void do_cmp(struct machine *machine, const struct nftnl_expr *expression)
{
	uint32_t size = 0;
	const void *value = nftnl_expr_get(expression, NFTNL_EXPR_CMP_DATA, &size);

	machine_hold(machine,
		     machine_compare(machine, nftnl_expr_get_u32(expression, NFTNL_EXPR_CMP_SREG),
				     nftnl_expr_get_u32(expression, NFTNL_EXPR_CMP_OP), value,
				     size),
		     "a comparison");
}

/**
 * do_range - go on only when a register is between two values, or is not
 * @machine: changed
 * @expression: borrowed
 */
static void do_range(struct machine *machine, const struct nftnl_expr *expression)
{
	uint32_t number = nftnl_expr_get_u32(expression, NFTNL_EXPR_RANGE_SREG);
	uint32_t from_size = 0, to_size = 0;
	const void *from = nftnl_expr_get(expression, NFTNL_EXPR_RANGE_FROM_DATA, &from_size);
	const void *to = nftnl_expr_get(expression, NFTNL_EXPR_RANGE_TO_DATA, &to_size);
	enum certainty low = machine_compare(machine, number, NFT_CMP_GTE, from, from_size);
	enum certainty high = machine_compare(machine, number, NFT_CMP_LTE, to, to_size);
	enum certainty both = low < high ? low : high;

	if (nftnl_expr_get_u32(expression, NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ)
		both = both == CERTAIN_ALL    ? CERTAIN_NONE
		       : both == CERTAIN_NONE ? CERTAIN_ALL
					      : both;
	machine_hold(machine, both, "a range");
}

/**
 * do_lookup - go on only when a register is in a set, or not; do what a map has for it
 * @machine: changed
 * @expression: borrowed
 */
static void do_lookup(struct machine *machine, const struct nftnl_expr *expression)
{
	size_t place = register_place(nftnl_expr_get_u32(expression, NFTNL_EXPR_LOOKUP_SREG));
	bool map = nftnl_expr_is_set(expression, NFTNL_EXPR_LOOKUP_DREG);
	uint32_t to = map ? nftnl_expr_get_u32(expression, NFTNL_EXPR_LOOKUP_DREG) : 0;
	const char *set = nftnl_expr_get_str(expression, NFTNL_EXPR_LOOKUP_SET);
	enum certainty certainty =
		foreign_set_has(machine->ruleset->nat, machine->chain, set, machine->bytes + place,
				machine->known + place, REGISTERS_SIZE - place,
				map && to == NFT_REG_VERDICT ? machine->judgement : NULL);

	if (map && to != NFT_REG_VERDICT)
		machine_load(machine, to, NULL, REGISTER_OLD, CERTAIN_SOME);
	if (!map && nftnl_expr_get_u32(expression, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV)
		certainty = certainty == CERTAIN_ALL    ? CERTAIN_NONE
			    : certainty == CERTAIN_NONE ? CERTAIN_ALL
							: certainty;
	machine_hold(machine, certainty, set ? set : "a set");
}

/**
 * do_immediate - take a verdict, or load a value
 * @machine: changed
 * @expression: borrowed
 */
static void do_immediate(struct machine *machine, const struct nftnl_expr *expression)
{
	struct judgement *judgement = machine->judgement;
	uint32_t size = 0;
	const void *value;

	if (!nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_VERDICT)) {
		value = nftnl_expr_get(expression, NFTNL_EXPR_IMM_DATA, &size);
		machine_load(machine, nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_DREG), value,
			     size, CERTAIN_UNSURE);
		return;
	}
	judgement->verdict =
		foreign_verdict(nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_VERDICT));
	if (nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_CHAIN))
		(void)snprintf(judgement->chain, sizeof(judgement->chain), "%s",
			       nftnl_expr_get_str(expression, NFTNL_EXPR_IMM_CHAIN));
}

/**
 * do_match - go on only when a match of iptables holds
 * @machine: changed
 * @expression: borrowed
 */
static void do_match(struct machine *machine, const struct nftnl_expr *expression)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_MT_NAME);
	uint32_t size = 0;
	const void *data = nftnl_expr_get(expression, NFTNL_EXPR_MT_INFO, &size);
	char what[48];

	(void)snprintf(what, sizeof(what), "match %s", name ? name : "?");
	machine_hold(machine,
		     extension_match(name ? name : "",
				     nftnl_expr_get_u32(expression, NFTNL_EXPR_MT_REV), data, size,
				     machine->packet),
		     what);
}

/**
 * do_target - do what a target of iptables does
 * @machine: changed
 * @expression: borrowed
 */
static void do_target(struct machine *machine, const struct nftnl_expr *expression)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_TG_NAME);

	extension_target(name ? name : "", machine->judgement);
}

/**
 * do_nothing - pass over what neither chooses packets nor decides
 * @machine, @expression: not used
 */
static void do_nothing(struct machine *machine, const struct nftnl_expr *expression)
{
	(void)machine;
	(void)expression;
}

/**
 * do_some - go on for some packets
 * @machine: changed
 * @expression: not used
 */
static void do_some(struct machine *machine, const struct nftnl_expr *expression)
{
	(void)expression;
	machine_hold(machine, CERTAIN_SOME, "");
}

/**
 * do_reject - reject
 * @machine: changed
 * @expression: not used
 */
static void do_reject(struct machine *machine, const struct nftnl_expr *expression)
{
	(void)expression;
	machine->judgement->verdict = VERDICT_REJECT;
}

/**
 * do_accept - what changes addresses lets packets go on
 * @machine: changed
 * @expression: not used
 */
static void do_accept(struct machine *machine, const struct nftnl_expr *expression)
{
	(void)expression;
	machine->judgement->verdict = VERDICT_ACCEPT;
}

/**
 * do_load_some - load what differs between packets
 * @machine: changed
 * @expression: not used; whatever register it loads, the next one asks for
 */
static void do_load_some(struct machine *machine, const struct nftnl_expr *expression)
{
	(void)expression;
	memset(machine->known, CERTAIN_SOME, sizeof(machine->known));
}

/* What we know how to do. */
static const struct {
	const char *name;
	void (*run)(struct machine *machine, const struct nftnl_expr *expression);
} expressions[] = {
	{ "meta", do_meta },
	{ "ct", do_ct },
	{ "payload", do_payload },
	{ "fib", do_fib },
	{ "bitwise", do_bitwise },
	{ "cmp", do_cmp },
	{ "range", do_range },
	{ "lookup", do_lookup },
	{ "immediate", do_immediate },
	{ "match", do_match },
	{ "target", do_target },
	{ "reject", do_reject },
	{ "counter", do_nothing },
	{ "log", do_nothing },
	{ "objref", do_nothing },
	{ "notrack", do_nothing },
	{ "dynset", do_some },
	{ "last", do_nothing },
	{ "flow_offload", do_nothing },
	{ "dup", do_nothing },
	{ "limit", do_some },
	{ "quota", do_some },
	{ "connlimit", do_some },
	{ "byteorder", do_load_some },
	{ "exthdr", do_load_some },
	{ "rt", do_load_some },
	{ "socket", do_load_some },
	{ "osf", do_load_some },
	{ "hash", do_load_some },
	{ "numgen", do_load_some },
	{ "tunnel", do_load_some },
	{ "xfrm", do_load_some },
	{ "nat", do_accept },
	{ "masq", do_accept },
	{ "redir", do_accept },
	{ "tproxy", do_some },
	{ "synproxy", do_some },
};

/**
 * machine_step - carry one expression out
 * @machine: changed
 * @expression: borrowed
 */
static void machine_step(struct machine *machine, const struct nftnl_expr *expression)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
	char what[48];

	for (size_t i = 0; name && i < ARRAY_SIZE(expressions); i++) {
		if (strcmp(expressions[i].name, name) == 0) {
			expressions[i].run(machine, expression);
			return;
		}
	}
	(void)snprintf(what, sizeof(what), "expression %s", name ? name : "?");
	machine_doubt(machine, what);
}

/**
 * foreign_judge - what a rule of nf_tables does with a packet
 * @ruleset: borrowed
 * @chain: where the rule is, borrowed
 * @rule: which
 * @packet: a sample, borrowed
 * @ret_judgement: filled
 */
void foreign_judge(const struct foreign_ruleset *ruleset, const struct foreign_chain *chain,
		   size_t rule, const struct packet *packet, struct judgement *ret_judgement)
{
	struct judgement judgement = { .certainty = CERTAIN_ALL };
	struct machine machine = {
		.ruleset = ruleset, .chain = chain, .packet = packet, .judgement = &judgement
	};
	struct nftnl_expr_iter *iterator = NULL;
	struct nftnl_expr *expression;

	if (ruleset->rules[rule])
		iterator = nftnl_expr_iter_create(ruleset->rules[rule]);
	if (!iterator) {
		machine_doubt(&machine, "a rule of a newer kind");
		judgement.verdict = VERDICT_ACCEPT;
	}
	while (iterator && judgement.certainty != CERTAIN_NONE &&
	       (expression = nftnl_expr_iter_next(iterator)))
		machine_step(&machine, expression);
	if (iterator)
		nftnl_expr_iter_destroy(iterator);
	*ret_judgement = judgement;
}
