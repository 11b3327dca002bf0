/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Everything is asked for by name, in one go, and the rules of our table are listed; what its sets
 * hold is asked for behind that (contents.c), for the kernel makes one list at a time. A part of the table is
 * there when one of its objects is. What should not be there is found without listing the chains of
 * all tables of the host: the table counts what is in it.
 *
 * The generation of the ruleset is asked for before and after. When it is another one, somebody has
 * committed in between, and reading starts over.
 *
 * Whoever commits without a pause would have it start over without end. A session that is told of all
 * changes (watch.c) takes what it has got after a few tries: each object of the table was as it was
 * read at some moment behind the beginning, and of what has changed since it will be told. In the list
 * of rules nothing is missed when other tables change, for only rules of ours are counted in it.
 *
 * What was read is compared with inet-ruleset.c or bridge-ruleset.c at once, see match.h.
 */
#include "nat/read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/keeper.h"
#include "nat/match.h"

static const char *const object_nouns[] = {
	[NFT_TABLE] = "table",
	[NFT_COUNTER] = "counter",
	[NFT_SET] = "set",
	[NFT_CHAIN] = "chain",
};

/**
 * snapshot_differs - note that the table is not what it should be
 * @snapshot: changed; only the first difference is kept
 * @format: what differs
 */
void snapshot_differs(struct snapshot *snapshot, const char *format, ...)
{
	va_list args;

	if (!snapshot->state.intact)
		return;
	snapshot->state.intact = false;
	va_start(args, format);
	(void)vsnprintf(snapshot->state.difference, sizeof(snapshot->state.difference), format,
			args);
	va_end(args);
}

/**
 * take_table - take what the table says of itself
 * @snapshot: changed
 * @answer: borrowed
 */
static void take_table(struct snapshot *snapshot, const struct nlmsghdr *answer)
{
	const struct nlattr *use = message_attribute(answer, NFTA_TABLE_USE);
	const struct nlattr *owner = message_attribute(answer, NFTA_TABLE_OWNER);
	const struct nlattr *flags = message_attribute(answer, NFTA_TABLE_FLAGS);

	snapshot->present = true;
	snapshot->foreign = table_is_foreign(&snapshot->ruleset->objects[0], answer);
	if (snapshot->foreign)
		snapshot_differs(snapshot, "somebody else has made it");
	snapshot->state.owned = owner;
	snapshot->state.persistent = flags && ntohl(mnl_attr_get_u32(flags)) & NFT_TABLE_F_PERSIST;
	snapshot->use = use ? ntohl(mnl_attr_get_u32(use)) : 0;
	if (owner)
		snapshot->owner = ntohl(mnl_attr_get_u32(owner));
}

/**
 * take_object - take one of the table's objects, or the table itself
 * @snapshot: changed
 * @object: which
 * @answer: borrowed
 */
static void take_object(struct snapshot *snapshot, const struct object *object,
			const struct nlmsghdr *answer)
{
	snapshot->objects[object - snapshot->ruleset->objects] = true;
	snapshot->parts |= object->part;
	if (object->kind == NFT_TABLE)
		take_table(snapshot, answer);
	else if (object->kind == NFT_COUNTER)
		counter_take(message_attribute(answer, NFTA_OBJ_DATA),
			     (void *)((char *)&snapshot->state + object->counter));
	if (!object_is_right(object, answer))
		snapshot_differs(snapshot, "%s %s has been changed", object_nouns[object->kind],
				 object->name);
}

/**
 * take_rule - take the next rule of the table
 * @snapshot: changed
 * @answer: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int take_rule(struct snapshot *snapshot, const struct nlmsghdr *answer, struct error *e)
{
	const struct nlattr *name = message_attribute(answer, NFTA_RULE_CHAIN);
	const struct ruleset *ruleset = snapshot->ruleset;
	size_t chain = 0;

	while (name && chain < ruleset->n_objects &&
	       (ruleset->objects[chain].kind != NFT_CHAIN ||
		strcmp(ruleset->objects[chain].name, mnl_attr_get_str(name)) != 0))
		chain++;
	if (name && chain < ruleset->n_objects) {
		size_t index = snapshot->rules[chain]++;
		const struct rule *rule =
			chain_rule(ruleset, ruleset->objects[chain].name, index, snapshot->parts);
		int r = rule ? rule_is_right(rule, answer, e) : 0;

		if (r == 0)
			snapshot_differs(snapshot, "rule %zu of chain %s is another one", index + 1,
					 ruleset->objects[chain].name);
		return r < 0 ? r : 0;
	}
	snapshot_differs(snapshot, "there is a rule in a chain that is not ours");
	return 0;
}

/**
 * take_generation - take the generation of the ruleset; for struct nft_taker
 * @data: a uint32_t, where it goes
 * @index: not used
 * @answer: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -EPROTO.
 */
int take_generation(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	const struct nlattr *id = answer ? message_attribute(answer, NFTA_GEN_ID) : NULL;

	(void)index;
	if (!id)
		return error_errno(e, EPROTO, "nf_tables does not tell its generation");
	*(uint32_t *)data = ntohl(mnl_attr_get_u32(id));
	return 0;
}

/**
 * snapshot_count - find what of the parts that are there is missing, and what is there beside them
 * @snapshot: changed
 */
static void snapshot_count(struct snapshot *snapshot)
{
	size_t right = 0;

	for (size_t i = 0; i < snapshot->ruleset->n_objects; i++) {
		const struct object *object = &snapshot->ruleset->objects[i];

		if (!(object->part & snapshot->parts))
			continue;
		right += object->kind != NFT_TABLE;
		if (!snapshot->objects[i])
			snapshot_differs(snapshot, "%s %s is missing", object_nouns[object->kind],
					 object->name);
	}
	if (snapshot->use > right)
		snapshot_differs(snapshot, "there are chains, sets or counters too many");
}

/**
 * take_first - take an answer to the first question: generation, objects in their order, rules
 * @data: the snapshot
 * @index: which part of the question it answers
 * @answer: borrowed; NULL: there is no such thing
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int take_first(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct snapshot *snapshot = data;
	size_t last = snapshot->ruleset->n_objects;

	if (index == 0)
		return take_generation(&snapshot->generation, 0, answer, e);
	if (answer && index > last)
		return take_rule(snapshot, answer, e);
	if (answer)
		take_object(snapshot, &snapshot->ruleset->objects[index - 1], answer);
	if (index == last)
		snapshot_count(snapshot);
	return 0;
}

/**
 * ask_first - ask for the generation, each object, and the rules
 * @request: begun here
 * @ruleset: the table
 */
static void ask_first(struct nft_request *request, const struct ruleset *ruleset)
{
	struct nlmsghdr *message;

	nft_request_init(request);
	request->family = ruleset->family;
	nft_request_add(request, NFT_READ, NFT_GENERATION, "");
	for (size_t i = 0; i < ruleset->n_objects; i++)
		object_put_name(nft_request_add(request, NFT_READ, ruleset->objects[i].kind,
						ruleset->objects[i].name),
				&ruleset->objects[i]);
	message = nft_request_add(request, NFT_LIST, NFT_RULE, "s");
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, NAT_TABLE);
}

/**
 * snapshot_finish - draw the conclusions that take the whole table
 * @snapshot: changed
 */
static void snapshot_finish(struct snapshot *snapshot)
{
	const struct ruleset *ruleset = snapshot->ruleset;
	struct nat_state *state = &snapshot->state;

	for (size_t i = 0; i < ruleset->n_objects; i++)
		if (snapshot->objects[i] && ruleset->objects[i].kind == NFT_CHAIN &&
		    chain_rule(ruleset, ruleset->objects[i].name, snapshot->rules[i],
			       snapshot->parts))
			snapshot_differs(snapshot, "chain %s lacks a rule",
					 ruleset->objects[i].name);
	state->ports = snapshot->parts & PART_PORTS;
	state->peers = snapshot->parts & PART_PEERS;
	state->unjudged = ruleset->parts & ~snapshot->parts & PART_MACS;
	state->open = snapshot->parts & PART_OPEN;
}

/**
 * snapshot_try - read the table once
 * @nat: the session
 * @ruleset: which
 * @snapshot: filled
 * @e: filled on failure
 *
 * Returns 0, -ERESTART when the ruleset was changed meanwhile, or another -errno.
 */
static int snapshot_try(struct nat *nat, const struct ruleset *ruleset, struct snapshot *snapshot,
			struct error *e)
{
	uint32_t generation = 0;
	const struct nft_taker first = { take_first, snapshot };
	const struct nft_taker last = { take_generation, &generation };
	_cleanup_(nft_request_deinit) struct nft_request request;
	bool torn;
	int r;

	*snapshot = (struct snapshot){ .ruleset = ruleset, .state.intact = true };
	ask_first(&request, ruleset);
	r = nft_query(nat, &request, &first, e);
	torn = r == -ERESTART;
	if ((r < 0 && !torn) || !snapshot->present)
		return r;
	r = ruleset == &inet_ruleset ? snapshot_read_contents(nat, snapshot, e) : 0;
	torn |= r == -ERESTART;
	if (r < 0 && r != -ERESTART)
		return r;
	nft_request_deinit(&request);
	nft_request_init(&request);
	nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	r = nft_query(nat, &request, &last, e);
	if (r < 0)
		return r;
	snapshot_finish(snapshot);
	nat->owned = snapshot->owner;
	return generation == snapshot->generation && !torn ? 0 : -ERESTART;
}

/**
 * snapshot_tries - how often to begin again when others change the ruleset
 * @nat: the session, borrowed
 */
unsigned snapshot_tries(const struct nat *nat)
{
	return nat->watched ? WATCHED_TRIES : SNAPSHOT_TRIES;
}

/**
 * snapshot_read - read a table
 * @nat: the session
 * @ruleset: which
 * @ret_snapshot: the table at one moment; without a generation when others change the ruleset over
 *                and over, and this session is told of it
 * @e: filled on failure
 *
 * Returns 0, -EAGAIN (ERROR_BUSY) when it is changed over and over, or another -errno.
 */
int snapshot_read(struct nat *nat, const struct ruleset *ruleset, struct snapshot *ret_snapshot,
		  struct error *e)
{
	struct snapshot snapshot;

	for (unsigned tries = 0; tries < snapshot_tries(nat); tries++) {
		int r = snapshot_try(nat, ruleset, &snapshot, e);

		if (r == 0)
			*ret_snapshot = snapshot;
		if (r != -ERESTART)
			return r;
	}
	if (nat->watched) {
		snapshot.generation = 0;
		*ret_snapshot = snapshot;
		return 0;
	}
	return error_set(e, ERROR_BUSY, EAGAIN,
			 "cannot read table %s: it is changed faster than that", ruleset->label);
}

/**
 * table_read - read a table back
 * @nat: the session
 * @ruleset: which
 * @ret_state: what the kernel has
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no table, or -errno.
 */
static int table_read(struct nat *nat, const struct ruleset *ruleset, struct nat_state *ret_state,
		      struct error *e)
{
	struct snapshot snapshot;
	int r = snapshot_read(nat, ruleset, &snapshot, e);

	if (r < 0)
		return r;
	if (!snapshot.present)
		return 0;
	*ret_state = snapshot.state;
	return 1;
}

/**
 * nat_read - read the table back
 * @nat: the session
 * @ret_state: what the kernel has
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no table, or -errno.
 */
int nat_read(struct nat *nat, struct nat_state *ret_state, struct error *e)
{
	return table_read(nat, &inet_ruleset, ret_state, e);
}

/**
 * nat_bridge_read - read the table for containers on bridges back
 * @nat: the session
 * @ret_state: what the kernel has
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no table, or -errno.
 */
int nat_bridge_read(struct nat *nat, struct nat_state *ret_state, struct error *e)
{
	return table_read(nat, &bridge_ruleset, ret_state, e);
}
