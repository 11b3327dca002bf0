/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "nat/contents.h"
#include "nat/element.h"
#include "nat/keeper.h"
#include "nat/nat.h"
#include "nat/pin.h"
#include "nat/read.h"
#include "nat/room.h"
#include "nat/ruleset.h"

/**
 * parts_wanted - which parts of a table there have to be
 * @nat: the session: whether the kernel is known to lack something
 * @ruleset: the table
 * @spec: borrowed
 *
 * Returns them as bits.
 */
static unsigned parts_wanted(const struct nat *nat, const struct ruleset *ruleset,
			     const struct nat_spec *spec)
{
	bool address = addr_is_set(&spec->address4) || addr_is_set(&spec->address6);

	return (PART_TABLE | (spec->n_internal ? PART_INTERNAL : 0) | (address ? PART_ADDRESS : 0) |
		(spec->ports ? PART_PORTS : 0) | (spec->bound ? PART_BOUND : 0) |
		(spec->peers ? PART_PEERS : 0) | (spec->open ? PART_OPEN | PART_BRIDGED : 0) |
		(spec->bridges ? PART_BRIDGED : 0) |
		(nat->hashable == HASHABLE_NO ? 0 : PART_MACS) |
		(spec->opened.n_v4 || spec->opened.n_v6 ? PART_OPENED : 0)) &
	       ruleset->parts;
}

/**
 * parts_right - whether the parts of a table are those that there have to be
 * @nat: the session
 * @snapshot: what is there
 * @spec: borrowed
 * @e: filled on failure
 *
 * A part that nobody needs any more stays until the table goes, but for what lets packets pass. Where
 * nothing else is missing than what takes hashes, the kernel is asked whether it has any.
 *
 * Returns 1, 0 or -errno.
 */
static int parts_right(struct nat *nat, const struct snapshot *snapshot,
		       const struct nat_spec *spec, struct error *e)
{
	unsigned wanted = parts_wanted(nat, snapshot->ruleset, spec);

	if (snapshot->parts & ~wanted & PART_OPEN)
		return 0;
	if ((wanted & ~snapshot->parts) == PART_MACS) {
		int r = nat_hashable(nat, e);

		return r < 0 ? r : r == 0;
	}
	return !(wanted & ~snapshot->parts);
}

/* How a table is made so that it can belong to somebody. */
#define OWNED_FLAGS (NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST)

/**
 * table_put - add to a batch that there is a table, or that it gets an owner
 * @batch: changed
 * @snapshot: of the table
 * @flags: NFT_TABLE_F_..., 0: just that there is one
 */
static void table_put(struct nft_request *batch, const struct snapshot *snapshot, uint32_t flags)
{
	struct nlmsghdr *message = nft_request_add(batch, NFT_ADD, NFT_TABLE, NAT_TABLE);

	message->nlmsg_flags &= (uint16_t)~NLM_F_EXCL;
	object_put_name(message, &snapshot->ruleset->objects[0]);
	if (flags)
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags));
}

/**
 * batch_add_removal - add to a batch that a table is taken away
 * @batch: changed
 * @snapshot: what is there; when that is of no one generation, it may have come or gone since
 */
static void batch_add_removal(struct nft_request *batch, const struct snapshot *snapshot)
{
	const struct object *table = &snapshot->ruleset->objects[0];

	if (!snapshot->generation)
		table_put(batch, snapshot, 0);
	if (!snapshot->generation || snapshot->present)
		object_put_name(nft_request_add(batch, NFT_DELETE, NFT_TABLE, NAT_TABLE), table);
}

/**
 * batch_add_table - add to a batch that a table is made anew, in place of what is there
 * @batch: changed
 * @snapshot: what is there; its counters go on
 * @parts: of the table, as bits
 * @flags: how it is owned, NFT_TABLE_F_...
 * @forwards: that will be in it, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int batch_add_table(struct nft_request *batch, const struct snapshot *snapshot,
			   unsigned parts, uint32_t flags, const struct nat_forwards *forwards,
			   struct error *e)
{
	const struct ruleset *ruleset = snapshot->ruleset;
	const struct rooms rooms = rooms_of_forwards(forwards);
	int r = 0;

	batch_add_removal(batch, snapshot);
	for (size_t i = 0; i < ruleset->n_objects; i++) {
		const struct object *object = &ruleset->objects[i];
		struct nlmsghdr *message;

		if (!(object->part & parts))
			continue;
		message = nft_request_add(batch, NFT_ADD, object->kind, object->name);
		object_put(message, object, i, flags, &snapshot->state);
		if (object->kind == NFT_SET)
			rooms_put(&rooms, object->name, message);
	}
	for (size_t i = 0; i < ruleset->n_rules && r == 0; i++)
		if (ruleset->rules[i].part & parts)
			r = rule_put(nft_request_add(batch, NFT_ADD, NFT_RULE,
						     ruleset->rules[i].comment),
				     &ruleset->rules[i], e);
	return r;
}

/* What containers have in the tables. */
struct holdings {
	struct nat_forwards forwards;
	struct nat_pins pins;
};

/**
 * holdings_free - free them, for _cleanup_()
 * @holdings: changed
 */
static void holdings_free(struct holdings *holdings)
{
	free(holdings->forwards.list);
	nat_pins_free(&holdings->pins);
}

/**
 * ownership_prepare - find out how a table that is made now is to be owned
 * @nat: the session; the socket of the keeper is borrowed where there is one
 * @snapshot: what is there
 * @spec: says whether it is to be owned
 * @e: names somebody else who owns it
 *
 * Returns NFT_TABLE_F_... or -errno.
 */
static int ownership_prepare(struct nat *nat, const struct snapshot *snapshot,
			     const struct nat_spec *spec, struct error *e)
{
	int r = keeper_check(nat, snapshot->ruleset->label, snapshot->owner, e);

	if (r == 0 && spec->owned)
		r = snapshot->state.persistent ? 1 : nat_ownable(nat, e);
	if (r <= 0)
		return r;
	r = keeper_borrow(nat, e);
	return r > 0 ? OWNED_FLAGS : r < 0 ? r : NFT_TABLE_F_PERSIST;
}

/**
 * ownership_is_right - whether a table is of the kind that there has to be
 * @nat: the session
 * @snapshot: what is there
 * @spec: says whether it is to be owned
 * @e: filled on failure
 *
 * Of a kernel that cannot have such tables none is asked for.
 *
 * Returns 1, 0 or -errno.
 */
static int ownership_is_right(struct nat *nat, const struct snapshot *snapshot,
			      const struct nat_spec *spec, struct error *e)
{
	int r;

	if (snapshot->state.persistent || !spec->owned)
		return snapshot->state.persistent == spec->owned;
	r = nat_ownable(nat, e);
	return r < 0 ? r : r == 0;
}

/**
 * table_put_anew - make a table anew, in place of what is there, with all that containers have in it
 * @nat: the session
 * @snapshot: what is there; its counters go on
 * @spec: which links are external
 * @e: names the object that was refused
 *
 * Returns 1, -ERESTART when @snapshot is out of date, or another -errno.
 */
static int table_put_anew(struct nat *nat, const struct snapshot *snapshot,
			  const struct nat_spec *spec, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	_cleanup_(holdings_free) struct holdings holdings = { .forwards.count = 0 };
	static const struct nat_state nothing;
	struct contents is = contents_of_state(&nothing), wanted = contents_of_spec(spec);
	unsigned parts = parts_wanted(nat, snapshot->ruleset, spec);
	bool inet = snapshot->ruleset == &inet_ruleset;
	int flags = ownership_prepare(nat, snapshot, spec, e), r = flags;

	nft_batch_init(&batch, snapshot->generation);
	batch.family = snapshot->ruleset->family;
	if (r >= 0 && inet && spec->source.forwards)
		r = spec->source.forwards(spec->source.data, &holdings.forwards, e);
	if (r >= 0 && spec->source.pins)
		r = spec->source.pins(spec->source.data, &holdings.pins, e);
	parts |= forwards_parts(&holdings.forwards);
	parts |= !inet && holdings.pins.n_calls ? PART_PORTS : 0;
	parts |= inet && pins_have_peers(&holdings.pins, inet_ruleset.family) ? PART_PEERS : 0;
	parts |= inet && holdings.pins.n_pins ? PART_BRIDGED : 0;
	if (r >= 0)
		r = batch_add_table(&batch, snapshot, parts, (uint32_t)flags, &holdings.forwards,
				    e);
	if (r < 0)
		return r;
	if (inet)
		contents_change(&batch, &is, &wanted);
	batch_add_forwards(&batch, &holdings.forwards);
	r = batch_add_pins(&batch, &holdings.pins, e);
	if (r >= 0)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * table_make - make a table anew, without what takes hashes where the kernel has none
 * @nat, @snapshot, @spec, @e: as for table_put_anew()
 *
 * It is asked for them only once something was refused: nearly every kernel has them.
 *
 * Returns as table_put_anew().
 */
static int table_make(struct nat *nat, const struct snapshot *snapshot, const struct nat_spec *spec,
		      struct error *e)
{
	int r = table_put_anew(nat, snapshot, spec, e);

	if ((r != -ENOENT && r != -EOPNOTSUPP) || nat->hashable != HASHABLE_UNKNOWN ||
	    nat_hashable(nat, NULL) != 0)
		return r;
	log_notice("table %s tells no MACs: the kernel cannot hash in rules (CONFIG_NFT_HASH)",
		   snapshot->ruleset->label);
	return table_put_anew(nat, snapshot, spec, e);
}

/**
 * nat_make - make the table that somebody has just deleted
 * @nat: the session
 * @spec: what it should be, borrowed
 * @generation: of the ruleset without it
 * @e: names the object that was refused
 *
 * Nothing is read before: whoever has deleted it will keep all others waiting as soon as he closes his
 * socket, for which the kernel takes 10 to 200 ms.
 *
 * Returns 1, -ERESTART when somebody has changed the ruleset since, or another -errno.
 */
int nat_make(struct nat *nat, const struct nat_spec *spec, uint32_t generation, struct error *e)
{
	const struct snapshot gone = { .ruleset = &inet_ruleset, .generation = generation };

	return table_make(nat, &gone, spec, e);
}

/**
 * table_fill - change what the sets of the table hold, and nothing else
 * @nat: the session
 * @snapshot: what is there, intact; when it is of no one generation, the table is made anew instead
 * @spec: what should be
 * @e: names what was refused
 *
 * Returns 1, 0 when all was so, -ERESTART when @snapshot is out of date, or another -errno.
 */
static int table_fill(struct nat *nat, const struct snapshot *snapshot, const struct nat_spec *spec,
		      struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	struct contents is = contents_of_state(&snapshot->state), wanted = contents_of_spec(spec);
	int r;

	nft_batch_init(&batch, snapshot->generation);
	if (contents_change(&batch, &is, &wanted) == 0)
		return 0;
	if (!snapshot->generation)
		return table_make(nat, snapshot, spec, e);
	r = keeper_check(nat, snapshot->ruleset->label, snapshot->owner, e);
	if (r == 0)
		r = nft_commit(nat, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * table_adopt - have a table that belongs to nobody belong to the keeper, where there is one
 * @nat: the session
 * @snapshot: what is there, all right
 * @spec: says whether it is to be owned
 * @e: names somebody else who owns it
 *
 * The kernel does not tell when somebody lets go of a table. So whoever watches keeps trying when a
 * keeper who has been killed lives on in a socket that somebody has borrowed.
 *
 * Returns 0, -ERESTART when @snapshot is out of date, or another -errno.
 */
static int table_adopt(struct nat *nat, const struct snapshot *snapshot,
		       const struct nat_spec *spec, struct error *e)
{
	struct nft_request batch;
	int r = 0;

	if (!spec->owned || !snapshot->state.persistent)
		return 0;
	if (snapshot->owner && nat->watched)
		r = keeper_check(nat, snapshot->ruleset->label, snapshot->owner, e);
	if (snapshot->owner) {
		keeper_return(nat);
		return r;
	}
	r = keeper_borrow(nat, e);
	if (r <= 0)
		return r;
	nft_batch_init(&batch, snapshot->generation);
	batch.family = snapshot->ruleset->family;
	table_put(&batch, snapshot, OWNED_FLAGS);
	return nft_commit(nat, &batch, e);
}

/**
 * foreign_refuse - refuse to work on a table that somebody else has made
 * @ruleset: whose name it has
 * @e: names the table
 *
 * Returns -EBUSY (ERROR_CONFLICT).
 */
static int foreign_refuse(const struct ruleset *ruleset, struct error *e)
{
	error_set(e, ERROR_CONFLICT, EBUSY, "table %s was made by somebody else", ruleset->label);
	return error_remedy(
		e, -EBUSY,
		"give that table another name, or if nobody needs it: nft delete table %s",
		ruleset->label);
}

/**
 * table_mend - make a table what it should be, if nobody has changed it since it was read
 * @nat: the session
 * @snapshot: what is there
 * @spec: what should be
 * @e: filled on failure
 *
 * Returns 1, 0 when all was right, -ERESTART when @snapshot is out of date, or another -errno.
 */
static int table_mend(struct nat *nat, const struct snapshot *snapshot, const struct nat_spec *spec,
		      struct error *e)
{
	const struct ruleset *ruleset = snapshot->ruleset;
	int r = snapshot->present && snapshot->state.intact && !spec->crowded;

	if (snapshot->foreign)
		return foreign_refuse(ruleset, e);
	if (r > 0)
		r = parts_right(nat, snapshot, spec, e);
	if (r > 0)
		r = ownership_is_right(nat, snapshot, spec, e);
	if (r > 0) {
		r = ruleset == &inet_ruleset ? table_fill(nat, snapshot, spec, e) : 0;
		return r ? r : table_adopt(nat, snapshot, spec, e);
	}
	if (r < 0)
		return r;
	if (snapshot->present && !snapshot->state.intact)
		log_notice("table %s is made anew: %s", ruleset->label, snapshot->state.difference);
	return table_make(nat, snapshot, spec, e);
}

/**
 * table_ensure - make a table what it should be
 * @nat: the session
 * @ruleset: which
 * @spec: what it should be, borrowed
 * @e: names what could not be done
 *
 * Whoever commits between our looking and our changing makes us look again. In a session that is told
 * of all changes the table is made anew without regard to that: what it then has is right whatever was
 * there before, and whoever commits without a pause cannot keep us from it.
 *
 * Returns 1 when something was done, 0 when all was right, -EAGAIN (ERROR_BUSY) when others change
 * the ruleset without a pause, or another -errno.
 */
static int table_ensure(struct nat *nat, const struct ruleset *ruleset, const struct nat_spec *spec,
			struct error *e)
{
	struct snapshot snapshot;

	for (unsigned tries = 0; tries < SNAPSHOT_TRIES; tries++) {
		int r = snapshot_read(nat, ruleset, &snapshot, e);

		if (r < 0)
			return r;
		r = table_mend(nat, &snapshot, spec, e);
		if (r == -ERESTART && nat->watched) {
			snapshot.generation = 0;
			r = table_mend(nat, &snapshot, spec, e);
		}
		if (r != -ERESTART)
			return r;
	}
	return error_set(e, ERROR_BUSY, EAGAIN,
			 "cannot change table %s: the ruleset is changed faster than that",
			 ruleset->label);
}

/**
 * nat_ensure - make the table what it should be
 * @nat: the session
 * @spec: what it should be, borrowed
 * @e: names what could not be done
 *
 * Returns as table_ensure().
 */
int nat_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e)
{
	return table_ensure(nat, &inet_ruleset, spec, e);
}

/**
 * nat_bridge_ensure - make the table for containers on bridges what it should be
 * @nat: the session
 * @spec: what it should be, borrowed
 * @e: names what could not be done
 *
 * Returns as table_ensure().
 */
int nat_bridge_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e)
{
	return table_ensure(nat, &bridge_ruleset, spec, e);
}
