/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/builder.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"

/**
 * expression_add - put an expression behind the others of a rule; use EXPRESSION()
 * @builder: changed
 * @name: the kind of expression, a name of the kernel's
 * @fields, @count: its attributes, borrowed
 */
void expression_add(struct builder *builder, const char *name, const struct field *fields,
		    size_t count)
{
	struct nftnl_expr *expression;

	if (builder->r < 0)
		return;
	expression = nftnl_expr_alloc(name);
	if (!expression) {
		builder->r = -ENOMEM;
		return;
	}
	nftnl_rule_add_expr(builder->rule, expression);
	for (size_t i = 0; i < count; i++)
		if (nftnl_expr_set(expression, fields[i].type, fields[i].value, fields[i].size) < 0)
			builder->r = -ENOMEM;
}

/**
 * put_meta - load something known about the packet into the register
 * @builder: changed
 * @key: enum nft_meta_keys
 */
void put_meta(struct builder *builder, uint32_t key)
{
	EXPRESSION(builder, "meta", FIELD_U32(NFTNL_EXPR_META_KEY, key),
		   FIELD_U32(NFTNL_EXPR_META_DREG, NFT_REG_1));
}

/**
 * put_compare - go on only when the register compares
 * @builder: changed
 * @operator: enum nft_cmp_ops
 * @value, @size: with what; the start of the register
 */
void put_compare(struct builder *builder, uint32_t operator, const void * value, uint32_t size)
{
	EXPRESSION(builder, "cmp", FIELD_U32(NFTNL_EXPR_CMP_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_CMP_OP, operator),
		   FIELD_BYTES(NFTNL_EXPR_CMP_DATA, value, size));
}

/**
 * put_lookup - go on only when the register is in a set, or is not
 * @builder: changed
 * @set: its name
 * @flags: 0, or NFT_LOOKUP_F_INV when it should not be
 */
void put_lookup(struct builder *builder, const char *set, uint32_t flags)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each word of this kind has a name */
	EXPRESSION(builder, "lookup", FIELD_U32(NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1),
		   FIELD_STRING(NFTNL_EXPR_LOOKUP_SET, set),
		   FIELD_U32(NFTNL_EXPR_LOOKUP_FLAGS, flags));
}

/**
 * put_update - have what is in the register in a set, from now on or for a while
 * @builder: changed
 * @set: its name
 * @timeout: seconds until it is forgotten; 0: it is not
 */
void put_update(struct builder *builder, const char *set, unsigned timeout)
{
	const uint64_t ms = UINT64_C(1000) * timeout;

	const struct field fields[] = {
		FIELD_STRING(NFTNL_EXPR_DYNSET_SET_NAME, set),
		FIELD_U32(NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE),
		FIELD_U32(NFTNL_EXPR_DYNSET_FLAGS, 0),
		FIELD_U32(NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1),
		FIELD_BYTES(NFTNL_EXPR_DYNSET_TIMEOUT, &ms, sizeof(ms)),
	};
	/* The kernel takes no timeout for a set without any, and tells one of 0. */
	bool timed = timeout || builder->form == RULE_READ;

	expression_add(builder, "dynset", fields, ARRAY_SIZE(fields) - !timed);
}

/**
 * put_ct_bits - go on only when one of some bits of the connection is set
 * @builder: changed
 * @key: which bits: NFT_CT_STATE or NFT_CT_STATUS
 * @bits: NF_CT_STATE_BIT() or IPS_... of each
 */
void put_ct_bits(struct builder *builder, uint32_t key, uint32_t bits)
{
	const uint32_t zero = 0;

	EXPRESSION(builder, "ct", FIELD_U32(NFTNL_EXPR_CT_KEY, key),
		   FIELD_U32(NFTNL_EXPR_CT_DREG, NFT_REG_1));
	EXPRESSION(builder, "bitwise", FIELD_U32(NFTNL_EXPR_BITWISE_SREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_DREG, NFT_REG_1),
		   FIELD_U32(NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL),
		   FIELD_U32(NFTNL_EXPR_BITWISE_LEN, sizeof(bits)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_MASK, &bits, sizeof(bits)),
		   FIELD_BYTES(NFTNL_EXPR_BITWISE_XOR, &zero, sizeof(zero)));
	put_compare(builder, NFT_CMP_NEQ, &zero, sizeof(zero));
}
