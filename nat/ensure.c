/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "nat/contents.h"
#include "nat/element.h"
#include "nat/nat.h"
#include "nat/read.h"
#include "nat/ruleset.h"

/**
 * parts_wanted - which parts of the table there have to be
 * @spec: borrowed
 *
 * Returns them as bits. A part that nobody needs any more stays until the table goes.
 */
static unsigned parts_wanted(const struct nat_spec *spec)
{
	bool address = addr_is_set(&spec->address4) || addr_is_set(&spec->address6);

	return PART_TABLE | (spec->ports ? PART_PORTS : 0) | (spec->bound ? PART_BOUND : 0) |
	       (spec->n_internal ? PART_INTERNAL : 0) | (address ? PART_ADDRESS : 0);
}

/**
 * batch_add_objects - add to a batch the objects of some parts of the table
 * @batch: changed
 * @parts: which, as bits
 * @state: what the counters start with
 */
static void batch_add_objects(struct nft_request *batch, unsigned parts,
			      const struct nat_state *state)
{
	for (size_t i = 0; i < RULESET_OBJECTS; i++)
		if (ruleset_objects[i].part & parts)
			object_put(nft_request_add(batch, NFT_ADD, ruleset_objects[i].kind,
						   ruleset_objects[i].name),
				   &ruleset_objects[i], state);
}

/**
 * batch_add_rules - add to a batch the rules of some parts of the table
 * @batch: changed
 * @parts: which, as bits
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int batch_add_rules(struct nft_request *batch, unsigned parts, struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < RULESET_RULES && r == 0; i++)
		if (ruleset_rules[i].part & parts)
			r = rule_put(
				nft_request_add(batch, NFT_ADD, NFT_RULE, ruleset_rules[i].comment),
				&ruleset_rules[i], e);
	return r;
}

/**
 * table_make - make the table anew, in place of what is there
 * @nat: the session
 * @snapshot: what is there; its counters go on
 * @spec: which links are external
 * @forwards: which ports are published
 * @e: names the object that was refused
 *
 * Returns 1, -ERESTART when @snapshot is out of date, or another -errno.
 */
static int table_make(struct nat *nat, const struct snapshot *snapshot, const struct nat_spec *spec,
		      const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(nft_request_deinit) struct nft_request batch;
	static const struct nat_state nothing;
	struct contents is = contents_of_state(&nothing), wanted = contents_of_spec(spec);
	unsigned parts = parts_wanted(spec) | forwards_parts(forwards);
	int r;

	nft_batch_init(&batch, snapshot->generation);
	if (snapshot->present)
		object_put_name(nft_request_add(&batch, NFT_DELETE, NFT_TABLE, NAT_TABLE),
				&ruleset_objects[0]);
	batch_add_objects(&batch, parts, &snapshot->state);
	r = batch_add_rules(&batch, parts, e);
	if (r < 0)
		return r;
	contents_change(&batch, &is, &wanted);
	batch_add_forwards(&batch, forwards);
	r = nft_commit(nat, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * table_make_from - make the table anew with all published ports there should be
 * @nat, @snapshot, @spec, @e: as for table_make()
 *
 * Returns as table_make().
 */
static int table_make_from(struct nat *nat, const struct snapshot *snapshot,
			   const struct nat_spec *spec, struct error *e)
{
	struct nat_forwards forwards = { .count = 0 };
	int r = 0;

	if (spec->source.forwards)
		r = spec->source.forwards(spec->source.data, &forwards, e);
	if (r >= 0)
		r = table_make(nat, snapshot, spec, &forwards, e);
	free(forwards.list);
	return r;
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
	const struct snapshot gone = { .generation = generation };

	return table_make_from(nat, &gone, spec, e);
}

/**
 * table_fill - change what the sets of the table hold, and nothing else
 * @nat: the session
 * @snapshot: what is there, intact
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
	r = nft_commit(nat, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * table_mend - make the table what it should be, if nobody has changed it since it was read
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
	bool complete = !(parts_wanted(spec) & ~snapshot->parts);

	if (snapshot->present && snapshot->state.intact && complete)
		return table_fill(nat, snapshot, spec, e);
	if (snapshot->owner) {
		error_set(e, ERROR_CONFLICT, EBUSY,
			  "table inet " NAT_TABLE " is owned by the process with netlink port %u",
			  snapshot->owner);
		return error_remedy(e, -EBUSY, "stop that process (its id is most likely %u)",
				    snapshot->owner);
	}
	if (snapshot->present && !snapshot->state.intact)
		log_notice("table inet " NAT_TABLE " is made anew: %s", snapshot->state.difference);
	return table_make_from(nat, snapshot, spec, e);
}

/**
 * nat_ensure - make the table what it should be
 * @nat: the session
 * @spec: what it should be, borrowed
 * @e: names what could not be done
 *
 * Whoever commits between our looking and our changing makes us look again.
 *
 * Returns 1 when something was done, 0 when all was right, -EAGAIN (ERROR_BUSY) when others change
 * the ruleset without a pause, or another -errno.
 */
int nat_ensure(struct nat *nat, const struct nat_spec *spec, struct error *e)
{
	struct snapshot snapshot;

	for (unsigned tries = 0; tries < SNAPSHOT_TRIES; tries++) {
		int r = snapshot_read(nat, &snapshot, e);

		if (r < 0)
			return r;
		r = table_mend(nat, &snapshot, spec, e);
		if (r != -ERESTART)
			return r;
	}
	return error_set(e, ERROR_BUSY, EAGAIN,
			 "cannot change table inet " NAT_TABLE
			 ": the ruleset is changed faster than that");
}

/**
 * nat_remove - remove the table
 * @nat: the session
 * @e: filled on failure
 *
 * Returns 1, 0 when it was gone, or -errno.
 */
int nat_remove(struct nat *nat, struct error *e)
{
	struct nft_request batch;
	int r;

	nft_batch_init(&batch, 0);
	object_put_name(nft_request_add(&batch, NFT_DELETE, NFT_TABLE, NAT_TABLE),
			&ruleset_objects[0]);
	r = nft_commit(nat, &batch, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}
