/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <stdio.h>
#include <string.h>

/* A name that no container can have: what holds for it holds for every container. */
#define NOBODY NAT_PREFIX "~"

/* What is special about each way. */
static const struct {
	enum nat_passage passage;
	uint32_t state, status;
	uint8_t direction;
} passages[] = {
	{ NAT_PASSAGE_OUT, NF_CT_STATE_BIT(IP_CT_NEW), 0, IP_CT_DIR_ORIGINAL },
	{ NAT_PASSAGE_BACK, NF_CT_STATE_BIT(IP_CT_ESTABLISHED),
	  IPS_SEEN_REPLY | IPS_CONFIRMED | IPS_SRC_NAT | IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE,
	  IP_CT_DIR_REPLY },
	{ NAT_PASSAGE_PUBLISHED, NF_CT_STATE_BIT(IP_CT_NEW), IPS_DST_NAT | IPS_DST_NAT_DONE,
	  IP_CT_DIR_ORIGINAL },
};

/**
 * packet_make - one sample, as it is forwarded
 * @traffic: borrowed
 * @link: to the outside
 * @family: NFPROTO_...
 * @way: index into passages
 */
static struct packet packet_make(const struct nat_traffic *traffic, const char *link,
				 uint8_t family, size_t way)
{
	struct packet packet = { .passage = passages[way].passage,
				 .family = family,
				 .ct_state = passages[way].state,
				 .ct_status = passages[way].status,
				 .ct_direction = passages[way].direction,
				 .oif_known = true };
	bool out = packet.passage == NAT_PASSAGE_OUT;
	bool known = family == NFPROTO_IPV4 && traffic->sender.family == AF_INET;

	(void)snprintf(packet.iif, sizeof(packet.iif), "%s", out ? NOBODY : link);
	(void)snprintf(packet.oif, sizeof(packet.oif), "%s", out ? link : NOBODY);
	*(out ? &packet.oif_index : &packet.iif_index) = if_nametoindex(link);
	memcpy(out ? packet.saddr : packet.daddr, traffic->sender.bytes, 16);
	packet.saddr_known = known && out;
	packet.daddr_known = known && !out;
	return packet;
}

/**
 * network_packet_make - one sample of an internal network, as it is forwarded
 * @network: borrowed
 * @link: to the outside
 * @way: index into passages
 *
 * It is of the last host there, whom most likely nobody mentions.
 */
static struct packet network_packet_make(const struct nat_network *network, const char *link,
					 size_t way)
{
	const struct nat_traffic traffic = { .sender = prefix_last(&network->prefix) };
	bool v4 = traffic.sender.family == AF_INET, out = passages[way].passage == NAT_PASSAGE_OUT;
	struct packet packet = packet_make(&traffic, link, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, way);
	uint8_t *address = out ? packet.saddr : packet.daddr;
	size_t size = addr_size(&traffic.sender);

	if (network->prefix.length < 8 * size)
		address[size - 1] ^= 1; /* not the one that all there hear */
	*(out ? &packet.saddr_known : &packet.daddr_known) = true;
	(void)snprintf(out ? packet.iif : packet.oif, IFNAMSIZ, "%s", network->link);
	*(out ? &packet.iif_index : &packet.oif_index) = if_nametoindex(network->link);
	packet.network = &network->prefix;
	return packet;
}

/**
 * packets_make - samples of all that should pass between those inside and one link
 * @traffic: borrowed
 * @link: to the outside
 * @packets: filled
 * @room: PACKETS_MAX are enough
 *
 * Returns how many there are.
 */
size_t packets_make(const struct nat_traffic *traffic, const char *link, struct packet *packets,
		    size_t room)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	size_t count = 0;

	for (size_t family = 0; family < (traffic->ipv6 ? 2 : 1); family++)
		for (size_t way = 0; way < 3 && count < room; way++)
			if (passages[way].passage != NAT_PASSAGE_PUBLISHED || traffic->ports)
				packets[count++] =
					packet_make(traffic, link, families[family], way);
	for (size_t i = 0; i < traffic->n_networks; i++)
		for (size_t way = 0; way < 3 && count < room; way++)
			if (passages[way].passage != NAT_PASSAGE_PUBLISHED)
				packets[count++] =
					network_packet_make(&traffic->networks[i], link, way);
	return count;
}

/**
 * packet_at - a sample as it is seen at a hook
 * @packet: as it is forwarded
 * @hook: NF_INET_...
 *
 * Before it is routed nobody knows where it leaves, and before and behind that its addresses may be
 * those that it is known by outside.
 */
struct packet packet_at(const struct packet *packet, unsigned hook)
{
	struct packet seen = *packet;

	if (hook == NF_INET_PRE_ROUTING) {
		seen.oif_known = seen.daddr_known = false;
		memset(seen.oif, 0, sizeof(seen.oif));
		if (packet->passage == NAT_PASSAGE_PUBLISHED)
			seen.ct_status = 0;
	}
	if (hook == NF_INET_POST_ROUTING)
		seen.saddr_known = false;
	return seen;
}
