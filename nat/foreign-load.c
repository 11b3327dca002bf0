/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign-machine.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/**
 * register_place - where a register begins
 * @number: as the kernel numbers them, old and new ones
 */
size_t register_place(uint32_t number)
{
	size_t place = (size_t)number * REGISTER_OLD;

	if (number >= NFT_REG32_00)
		place = REGISTERS_BEGIN + (size_t)(number - NFT_REG32_00) * REGISTER_NEW;
	return place < REGISTERS_SIZE ? place : 0;
}

/**
 * machine_load - put something into a register, padded as the kernel does
 * @machine: changed
 * @number: of the register
 * @value, @size: borrowed; NULL: not known
 * @certainty: of a value that is not known
 */
void machine_load(struct machine *machine, uint32_t number, const void *value, size_t size,
		  enum certainty certainty)
{
	size_t place = register_place(number);
	size_t padded = (size + REGISTER_NEW - 1) / REGISTER_NEW * REGISTER_NEW;

	if (padded > REGISTERS_SIZE - place)
		padded = REGISTERS_SIZE - place;
	memset(machine->bytes + place, 0, padded);
	memset(machine->known + place, (int)(value ? CERTAIN_ALL : certainty), padded);
	if (value)
		memcpy(machine->bytes + place, value, size < padded ? size : padded);
}

/**
 * do_meta - load something known about the packet
 * @machine: changed
 * @expression: borrowed
 */
void do_meta(struct machine *machine, const struct nftnl_expr *expression)
{
	const struct packet *packet = machine->packet;
	uint32_t number = nftnl_expr_get_u32(expression, NFTNL_EXPR_META_DREG);
	const uint32_t unicast = PACKET_HOST;
	const uint16_t ether = ARPHRD_ETHER;
	const uint8_t tcp = IPPROTO_TCP;
	const uint16_t protocol = htons(packet->family == NFPROTO_IPV4 ? ETH_P_IP : ETH_P_IPV6);
	const struct {
		uint32_t key;
		const void *value;
		size_t size;
	} values[] = {
		{ NFT_META_IIFNAME, packet->iif, IFNAMSIZ },
		{ NFT_META_OIFNAME, packet->oif, IFNAMSIZ },
		{ NFT_META_IIF, &packet->iif_index, sizeof(packet->iif_index) },
		{ NFT_META_OIF, &packet->oif_index, sizeof(packet->oif_index) },
		{ NFT_META_NFPROTO, &packet->family, sizeof(packet->family) },
		{ NFT_META_L4PROTO, &tcp, sizeof(tcp) },
		{ NFT_META_PROTOCOL, &protocol, sizeof(protocol) },
		{ NFT_META_IIFTYPE, &ether, sizeof(ether) },
		{ NFT_META_OIFTYPE, &ether, sizeof(ether) },
		{ NFT_META_PKTTYPE, &unicast, sizeof(unicast) },
	};
	uint32_t key = nftnl_expr_get_u32(expression, NFTNL_EXPR_META_KEY);

	if (!nftnl_expr_is_set(expression, NFTNL_EXPR_META_DREG))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (values[i].key == key) {
			machine_load(machine, number, values[i].value, values[i].size, CERTAIN_ALL);
			if ((key == NFT_META_OIFNAME || key == NFT_META_OIF) && !packet->oif_known)
				machine->judgement->certainty = CERTAIN_NONE;
			return;
		}
	}
	machine_load(machine, number, NULL, IFNAMSIZ, CERTAIN_SOME);
}

/**
 * do_ct - load something known about the connection
 * @machine: changed
 * @expression: borrowed
 */
void do_ct(struct machine *machine, const struct nftnl_expr *expression)
{
	const struct packet *packet = machine->packet;
	uint32_t number = nftnl_expr_get_u32(expression, NFTNL_EXPR_CT_DREG);

	if (!nftnl_expr_is_set(expression, NFTNL_EXPR_CT_DREG))
		return;
	switch (nftnl_expr_get_u32(expression, NFTNL_EXPR_CT_KEY)) {
	case NFT_CT_STATE:
		machine_load(machine, number, &packet->ct_state, sizeof(packet->ct_state),
			     CERTAIN_ALL);
		break;
	case NFT_CT_STATUS:
		machine_load(machine, number, &packet->ct_status, sizeof(packet->ct_status),
			     CERTAIN_ALL);
		break;
	case NFT_CT_DIRECTION:
		machine_load(machine, number, &packet->ct_direction, sizeof(packet->ct_direction),
			     CERTAIN_ALL);
		break;
	default:
		machine_load(machine, number, NULL, REGISTER_OLD, CERTAIN_SOME);
	}
}

/**
 * do_payload - load bytes of the packet
 * @machine: changed
 * @expression: borrowed
 */
void do_payload(struct machine *machine, const struct nftnl_expr *expression)
{
	const struct packet *packet = machine->packet;
	bool v4 = packet->family == NFPROTO_IPV4;
	const uint8_t tcp = IPPROTO_TCP;
	const struct {
		size_t begin, size;
		const uint8_t *value;
		bool known;
	} fields[] = {
		{ v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ipv6hdr, saddr), v4 ? 4 : 16,
		  packet->saddr, packet->saddr_known },
		{ v4 ? offsetof(struct iphdr, daddr) : offsetof(struct ipv6hdr, daddr), v4 ? 4 : 16,
		  packet->daddr, packet->daddr_known },
		{ v4 ? offsetof(struct iphdr, protocol) : offsetof(struct ipv6hdr, nexthdr), 1,
		  &tcp, true },
	};
	uint32_t number = nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_DREG);
	uint32_t offset = nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t size = nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_LEN);

	if (!nftnl_expr_is_set(expression, NFTNL_EXPR_PAYLOAD_DREG))
		return;
	machine_load(machine, number, NULL, size, CERTAIN_SOME);
	if (nftnl_expr_get_u32(expression, NFTNL_EXPR_PAYLOAD_BASE) != NFT_PAYLOAD_NETWORK_HEADER)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].known && offset >= fields[i].begin &&
		    offset + size <= fields[i].begin + fields[i].size)
			machine_load(machine, number, fields[i].value + offset - fields[i].begin,
				     size, CERTAIN_ALL);
}

/**
 * do_fib - load what the routing table says of a packet of a container, or to one
 * @machine: changed
 * @expression: borrowed
 *
 * Its sender is routed back to where it came from, and its receiver is another host.
 */
void do_fib(struct machine *machine, const struct nftnl_expr *expression)
{
	uint32_t number = nftnl_expr_get_u32(expression, NFTNL_EXPR_FIB_DREG);
	uint32_t flags = nftnl_expr_get_u32(expression, NFTNL_EXPR_FIB_FLAGS);
	const uint8_t present = 1;
	const uint32_t unicast = RTN_UNICAST, index = machine->packet->iif_index;

	switch (nftnl_expr_get_u32(expression, NFTNL_EXPR_FIB_RESULT)) {
	case NFT_FIB_RESULT_OIF:
		if (flags & NFTA_FIB_F_PRESENT)
			machine_load(machine, number, &present, sizeof(present), CERTAIN_ALL);
		else if (flags & NFTA_FIB_F_SADDR && index)
			machine_load(machine, number, &index, sizeof(index), CERTAIN_ALL);
		else
			machine_load(machine, number, NULL, sizeof(index), CERTAIN_UNSURE);
		break;
	case NFT_FIB_RESULT_ADDRTYPE:
		machine_load(machine, number, &unicast, sizeof(unicast), CERTAIN_ALL);
		break;
	default:
		machine_load(machine, number, NULL, IFNAMSIZ, CERTAIN_UNSURE);
	}
}
