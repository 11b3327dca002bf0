/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/match.h"
#include "nat/nft.h"

/* What the kernel says of a set, and of one element. */
struct set_look {
	uint32_t key_size;
	bool present;
	struct judgement *judgement; /* of a map with verdicts; NULL: no such map */
};

/**
 * foreign_verdict - a verdict of the kernel's
 * @number: NF_... or NFT_..., in host order
 */
enum verdict foreign_verdict(uint32_t number)
{
	switch ((int32_t)number) {
	case NF_DROP:
	case NF_STOLEN:
		return VERDICT_DROP;
	case NFT_RETURN:
		return VERDICT_RETURN;
	case NFT_JUMP:
		return VERDICT_JUMP;
	case NFT_GOTO:
		return VERDICT_GOTO;
	case NF_ACCEPT:
		return VERDICT_ACCEPT;
	case NFT_CONTINUE:
		return VERDICT_NONE;
	default:
		/* To a program in user space, which most likely gives it back. */
		return VERDICT_ACCEPT;
	}
}

/**
 * take_key_size - take how large the keys of a set are; for struct nft_taker
 * @data: a struct set_look
 * @index, @e: not used
 * @answer: borrowed; NULL: there is no such set
 *
 * Returns 0.
 */
static int take_key_size(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct set_look *look = data;
	const struct nlattr *size = answer ? message_attribute(answer, NFTA_SET_KEY_LEN) : NULL;

	(void)index;
	(void)e;
	look->key_size = size ? ntohl(mnl_attr_get_u32(size)) : 0;
	return 0;
}

/**
 * take_verdict - take what a map has for a key
 * @judgement: changed
 * @element: borrowed
 */
static void take_verdict(struct judgement *judgement, const struct nlattr *element)
{
	const struct nlattr *data = nested_attribute(element, NFTA_SET_ELEM_DATA);
	const struct nlattr *verdict = nested_attribute(data, NFTA_DATA_VERDICT);
	const struct nlattr *code = nested_attribute(verdict, NFTA_VERDICT_CODE);
	const struct nlattr *chain = nested_attribute(verdict, NFTA_VERDICT_CHAIN);

	if (code)
		judgement->verdict = foreign_verdict(ntohl(mnl_attr_get_u32(code)));
	if (chain)
		(void)snprintf(judgement->chain, sizeof(judgement->chain), "%s",
			       mnl_attr_get_str(chain));
}

/**
 * take_element - take an element; for struct nft_taker
 * @data: a struct set_look
 * @index, @e: not used
 * @answer: borrowed; NULL: there is no such element
 *
 * Returns 0.
 */
static int take_element(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct set_look *look = data;
	const struct nlattr *list = answer ? message_elements(answer) : NULL;

	(void)index;
	(void)e;
	if (!list)
		return 0;
	look->present = true;
	if (look->judgement)
		take_verdict(look->judgement, mnl_attr_get_payload(list));
	return 0;
}

/**
 * ask_set - ask for a set
 * @nat: the session
 * @chain: in whose table it is
 * @set: its name
 * @look: learns the size of its keys, 0: there is none
 *
 * Returns 0 or -errno.
 */
static int ask_set(struct nat *nat, const struct foreign_chain *chain, const char *set,
		   struct set_look *look)
{
	const struct nft_taker taker = { take_key_size, look };
	struct nft_request request;
	struct nlmsghdr *message;

	nft_request_init(&request);
	message = nft_request_add(&request, NFT_READ, NFT_SET, set);
	nft_request_foreign(&request, chain->family, chain->table);
	mnl_attr_put_strz(message, NFTA_SET_TABLE, chain->table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, set);
	return nft_query(nat, &request, &taker, NULL);
}

/**
 * ask_element - ask for the element of a set that has a key
 * @nat: the session
 * @chain: in whose table the set is
 * @set: its name
 * @key: of the size that the set has
 * @look: learns whether there is one
 *
 * Returns 0 or -errno.
 */
static int ask_element(struct nat *nat, const struct foreign_chain *chain, const char *set,
		       const uint8_t *key, struct set_look *look)
{
	const struct nft_taker taker = { take_element, look };
	struct nlattr *list, *element, *value;
	struct nft_request request;
	struct nlmsghdr *message;

	nft_request_init(&request);
	message = nft_request_add(&request, NFT_READ, NFT_ELEMENT, set);
	nft_request_foreign(&request, chain->family, chain->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, chain->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	value = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, look->key_size, key);
	mnl_attr_nest_end(message, value);
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
	return nft_query(nat, &request, &taker, NULL);
}

/**
 * foreign_set_has - whether a key is in a set
 * @nat: the session; NULL: there is nobody to ask
 * @chain: in whose table the set is
 * @set: its name; NULL: there is none
 * @key: the registers from the key on
 * @known: enum certainty of each byte of them
 * @room: how many bytes they are
 * @judgement: gets what a map has for the key; NULL: it is no map with verdicts
 *
 * The kernel is asked for the one element: a set may be large, and only the kernel looks into ranges.
 *
 * Returns for how many packets it is.
 */
enum certainty foreign_set_has(struct nat *nat, const struct foreign_chain *chain, const char *set,
			       const uint8_t *key, const uint8_t *known, size_t room,
			       struct judgement *judgement)
{
	struct set_look look = { .judgement = judgement };
	enum certainty certainty = CERTAIN_ALL;

	if (!nat || !set || ask_set(nat, chain, set, &look) < 0 || look.key_size == 0 ||
	    look.key_size > room)
		return CERTAIN_UNSURE;
	for (size_t i = 0; i < look.key_size; i++)
		if (known[i] < certainty)
			certainty = known[i];
	if (certainty != CERTAIN_ALL)
		return certainty;
	if (ask_element(nat, chain, set, key, &look) < 0)
		return CERTAIN_UNSURE;
	return look.present ? CERTAIN_ALL : CERTAIN_NONE;
}
