/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "veth/message.h"

/* Messages that ask about all of the host, and not about one cable. */

/**
 * message_link_dump - ask for all links
 * @batch: changed
 * @kind: only those of this kind, a literal; NULL: all, without what went through them
 * @answer: where they go
 */
void message_link_dump(struct batch *batch, const char *kind, const struct answer *answer)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nlattr *info;

	batch_begin(batch, "read the links", RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	batch_expect(batch, REFUSAL_FAILS, answer);
	if (!kind) {
		batch_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		return;
	}
	info = batch_nest(batch, IFLA_LINKINFO);
	batch_put_text(batch, IFLA_INFO_KIND, kind);
	batch_nest_end(batch, info);
}

/**
 * message_route_match - ask which route of which table is the one for an address
 * @batch: changed
 * @to: the address
 * @answer: where it goes; there being none is an answer too
 *
 * RTM_F_FIB_MATCH: the route as it is in its table, and not what is made of it for one packet.
 */
void message_route_match(struct batch *batch, const struct addr *to, const struct answer *answer)
{
	struct rtmsg header = { .rtm_family = (uint8_t)to->family,
				.rtm_dst_len = addr_bits(to),
				.rtm_flags = RTM_F_FIB_MATCH };

	batch_begin(batch, "look a route up", RTM_GETROUTE, 0, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
	batch_put_addr(batch, RTA_DST, to);
}

/**
 * message_route_dump_all - ask for the routes of all tables
 * @batch: changed
 * @family: AF_INET or AF_INET6
 * @answer: where they go
 */
void message_route_dump_all(struct batch *batch, sa_family_t family, const struct answer *answer)
{
	struct rtmsg header = { .rtm_family = (uint8_t)family, .rtm_table = RT_TABLE_UNSPEC };

	batch_begin(batch, "read the routes", RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
}

/**
 * message_rule_dump - ask for the rules that choose among routing tables
 * @batch: changed
 * @family: AF_INET or AF_INET6
 * @answer: where they go; a kernel without rules is an answer too
 */
void message_rule_dump(struct batch *batch, sa_family_t family, const struct answer *answer)
{
	struct fib_rule_hdr header = { .family = (uint8_t)family };

	batch_begin(batch, "read the routing rules", RTM_GETRULE, NLM_F_DUMP, &header,
		    sizeof(header));
	batch_expect(batch, REFUSAL_NO_ROUTE, answer);
}
