/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_state.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * name_among - whether a name is among others
 * @name: borrowed
 * @names, @count: the others
 */
static bool name_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/**
 * packet_states - the states of a packet's connection, in the bits of xt_conntrack
 * @packet: borrowed
 */
static uint32_t packet_states(const struct packet *packet)
{
	uint32_t bits = packet->ct_state; /* those of nf_tables are the same up to here */

	if (packet->ct_status & IPS_SRC_NAT)
		bits |= XT_CONNTRACK_STATE_SNAT;
	if (packet->ct_status & IPS_DST_NAT)
		bits |= XT_CONNTRACK_STATE_DNAT;
	return bits;
}

/**
 * conntrack_match - whether -m conntrack holds
 * @revision, @data, @size: of the match
 * @packet: borrowed
 *
 * What it may ask for beside the state differs between packets.
 */
static enum certainty conntrack_match(unsigned revision, const void *data, size_t size,
				      const struct packet *packet)
{
	struct xt_conntrack_mtinfo3 info = { .match_flags = 0 };
	const struct xt_conntrack_mtinfo1 *old = data;
	bool holds = true;

	if (revision >= 2 && size >= sizeof(struct xt_conntrack_mtinfo2)) {
		memcpy(&info, data, size < sizeof(info) ? size : sizeof(info));
	} else if (revision == 1 && size >= sizeof(*old)) {
		info.match_flags = old->match_flags;
		info.invert_flags = old->invert_flags;
		info.state_mask = old->state_mask;
	} else {
		return CERTAIN_UNSURE;
	}
	if (info.match_flags & XT_CONNTRACK_STATE)
		holds = !!(info.state_mask & packet_states(packet)) !=
			!!(info.invert_flags & XT_CONNTRACK_STATE);
	if (!holds)
		return CERTAIN_NONE;
	return info.match_flags & ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS) ? CERTAIN_SOME
										   : CERTAIN_ALL;
}

/**
 * addrtype_match - whether -m addrtype holds: both ends of what is forwarded are other hosts
 * @info: borrowed
 */
static enum certainty addrtype_match(const struct xt_addrtype_info_v1 *info)
{
	const unsigned other = XT_ADDRTYPE_UNICAST;
	bool source = !info->source ||
		      !!(info->source & other) != !!(info->flags & XT_ADDRTYPE_INVERT_SOURCE);
	bool dest =
		!info->dest || !!(info->dest & other) != !!(info->flags & XT_ADDRTYPE_INVERT_DEST);

	return source && dest ? CERTAIN_ALL : CERTAIN_NONE;
}

/**
 * extension_match - for how many packets a match of iptables holds
 * @name, @revision: of the match
 * @data, @size: what it asks for
 * @packet: a sample, borrowed
 */
enum certainty extension_match(const char *name, unsigned revision, const void *data, size_t size,
			       const struct packet *packet)
{
	/* All that ask for what differs between packets, or for what only a few have. */
	static const char *const some[] = {
		"tcp",        "udp",       "udplite",   "sctp",      "dccp",      "icmp",
		"icmp6",      "ah",        "esp",       "multiport", "mark",      "connmark",
		"limit",      "hashlimit", "mac",       "owner",     "length",    "tos",
		"dscp",       "ttl",       "hl",        "time",      "statistic", "string",
		"recent",     "set",       "connbytes", "connlimit", "helper",    "quota",
		"physdev",    "iprange",   "rt",        "frag",      "hbh",       "dst",
		"mh",         "cluster",   "cpu",       "devgroup",  "ecn",       "eui64",
		"ipv6header", "ipvs",      "nfacct",    "osf",       "realm",     "socket",
		"tcpmss",     "connlabel", "geoip",
	};
	const struct xt_rpfilter_info *path = data;
	const struct xt_state_info *state = data;

	if (strcmp(name, "addrtype") == 0 && revision == 1 &&
	    size >= sizeof(struct xt_addrtype_info_v1))
		return addrtype_match(data);
	if (strcmp(name, "comment") == 0)
		return CERTAIN_ALL;
	if (strcmp(name, "conntrack") == 0)
		return conntrack_match(revision, data, size, packet);
	if (strcmp(name, "state") == 0 && size >= sizeof(*state))
		return state->statemask & packet_states(packet) ? CERTAIN_ALL : CERTAIN_NONE;
	/* The way back of a sample is the way it came. */
	if (strcmp(name, "rpfilter") == 0 && size >= sizeof(*path))
		return path->flags & XT_RPFILTER_INVERT ? CERTAIN_NONE : CERTAIN_ALL;
	return name_among(name, some, ARRAY_SIZE(some)) ? CERTAIN_SOME : CERTAIN_UNSURE;
}

/**
 * extension_target - what a target of iptables decides
 * @name: of the target
 * @judgement: changed
 */
void extension_target(const char *name, struct judgement *judgement)
{
	static const char *const accept[] = { "ACCEPT", "MASQUERADE", "SNAT",
					      "DNAT",   "REDIRECT",   "NETMAP" };
	static const char *const nothing[] = {
		"LOG",         "NFLOG",  "ULOG",        "MARK",    "CONNMARK", "CT",
		"NOTRACK",     "TCPMSS", "SET",         "AUDIT",   "TRACE",    "CLASSIFY",
		"CHECKSUM",    "TOS",    "DSCP",        "TTL",     "HL",       "SECMARK",
		"CONNSECMARK", "TEE",    "TCPOPTSTRIP", "RATEEST", "LED",      "ECN",
	};

	if (strcmp(name, "DROP") == 0) {
		judgement->verdict = VERDICT_DROP;
	} else if (strcmp(name, "REJECT") == 0) {
		judgement->verdict = VERDICT_REJECT;
	} else if (name_among(name, accept, ARRAY_SIZE(accept))) {
		judgement->verdict = VERDICT_ACCEPT;
	} else if (!name_among(name, nothing, ARRAY_SIZE(nothing))) {
		judgement->verdict = VERDICT_ACCEPT;
		if (judgement->certainty > CERTAIN_UNSURE)
			judgement->certainty = CERTAIN_UNSURE;
		(void)snprintf(judgement->unknown, sizeof(judgement->unknown), "target %.30s",
			       name);
	}
}
