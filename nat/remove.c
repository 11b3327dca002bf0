/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How tables of ours are taken away, and none of our name that somebody else has made. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#include "nat/match.h"
#include "nat/nat.h"
#include "nat/nft.h"
#include "nat/ruleset.h"

/* What is asked about a table. */
struct presence {
	const struct object *table;
	bool ours; /* it is there, and was not made by somebody else */
};

/**
 * take_presence - take the answer to whether there is a table of ours
 * @data: struct presence
 * @index: 0
 * @answer: borrowed; NULL: there is none
 * @e: unused
 *
 * Returns 0.
 */
static int take_presence(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	struct presence *presence = data;

	(void)index;
	(void)e;
	presence->ours = answer && !table_is_foreign(presence->table, answer);
	return 0;
}

/**
 * table_is_there - whether there is a table of ours
 * @nat: the session
 * @ruleset: which
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int table_is_there(struct nat *nat, const struct ruleset *ruleset, struct error *e)
{
	struct presence presence = { .table = &ruleset->objects[0] };
	const struct nft_taker taker = { take_presence, &presence };
	struct nft_request request;
	int r;

	nft_request_init(&request);
	request.family = ruleset->family;
	object_put_name(nft_request_add(&request, NFT_READ, NFT_TABLE, NAT_TABLE), presence.table);
	r = nft_query(nat, &request, &taker, e);
	nft_request_deinit(&request);
	return r < 0 ? r : presence.ours;
}

/**
 * table_remove - remove a table
 * @nat: the session
 * @ruleset: which
 * @e: filled on failure
 *
 * The kernel undoes a refused request by waiting for all processors, so it is asked before whether
 * there is anything to remove.
 *
 * Returns 1, 0 when there was none of ours, or -errno.
 */
static int table_remove(struct nat *nat, const struct ruleset *ruleset, struct error *e)
{
	struct nft_request batch;
	int r = table_is_there(nat, ruleset, e);

	if (r <= 0)
		return r;
	nft_batch_init(&batch, 0);
	batch.family = ruleset->family;
	object_put_name(nft_request_add(&batch, NFT_DELETE, NFT_TABLE, NAT_TABLE),
			&ruleset->objects[0]);
	r = nft_commit(nat, &batch, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

/**
 * nat_remove - remove the tables
 * @nat: the session
 * @e: filled on failure
 *
 * Returns 1, 0 when they were gone, or -errno.
 */
int nat_remove(struct nat *nat, struct error *e)
{
	int bridge = table_remove(nat, &bridge_ruleset, e);
	int inet = bridge < 0 ? bridge : table_remove(nat, &inet_ruleset, e);

	return inet < 0 ? inet : bridge || inet;
}
