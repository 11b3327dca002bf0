/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * On a bridge an address can be another machine's, of which the host knows nothing. So everybody there
 * is asked who has it, as machines do that are about to take one: by ARP without an address of our own
 * (RFC 5227, 2.1.1), so that nobody learns a wrong one, or by a neighbour solicitation from the
 * unspecified address (RFC 4862, 5.4.2). These give a second or two for an answer; on an Ethernet it is
 * there within a few milliseconds, and somebody waits for us. Two questions make up for one that gets
 * lost.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "veth/veth.h"

#define QUESTIONS  2
#define ANSWER_MS  50  /* for each of them */
#define HOP_LIMIT  255 /* by which a neighbour knows that nobody has forwarded it */
#define ANSWER_MAX 512 /* of an answer with many options */

/* What is sent; each as it stands behind the Ethernet header. */
union question {
	struct ether_arp arp;
	struct {
		struct ip6_hdr ip;
		struct nd_neighbor_solicit solicit;
	} nd;
};

/* Everybody on a link being asked. */
struct probe {
	int fd;                  /* a packet socket for one protocol, without Ethernet headers */
	const struct addr *addr; /* asked about, borrowed */
	struct sockaddr_ll to;
	size_t length;
	union question question;
};

/**
 * probe_open - open a socket on the link
 * @probe: its address is set; its socket and its own MAC, in @to, are set
 * @ifindex: of the link
 *
 * Returns 1, 0 when it is down, gone or no Ethernet, or -errno.
 */
static int probe_open(struct probe *probe, int ifindex)
{
	uint16_t protocol = htons(probe->addr->family == AF_INET ? ETH_P_ARP : ETH_P_IPV6);
	struct sockaddr_ll here = { .sll_family = AF_PACKET,
				    .sll_protocol = protocol,
				    .sll_ifindex = ifindex };
	socklen_t size = sizeof(here);

	probe->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe->fd < 0)
		return -errno;
	if (bind(probe->fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    getsockname(probe->fd, (struct sockaddr *)&here, &size) < 0)
		return errno == ENETDOWN || errno == ENODEV ? 0 : -errno;
	probe->to = here;
	return here.sll_hatype == ARPHRD_ETHER && here.sll_halen == ETH_ALEN;
}

/**
 * ask_arp - write the question of ARP
 * @probe: changed
 */
static void ask_arp(struct probe *probe)
{
	struct ether_arp *arp = &probe->question.arp;

	*arp = (struct ether_arp){ .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
					       .ar_pro = htons(ETH_P_IP),
					       .ar_hln = ETH_ALEN,
					       .ar_pln = sizeof(arp->arp_tpa),
					       .ar_op = htons(ARPOP_REQUEST) } };
	memcpy(arp->arp_sha, probe->to.sll_addr, sizeof(arp->arp_sha));
	memcpy(arp->arp_tpa, probe->addr->bytes, sizeof(arp->arp_tpa));
	memset(probe->to.sll_addr, 0xff, ETH_ALEN);
	probe->length = sizeof(*arp);
}

/**
 * checksum - add up what a checksum of the internet covers
 * @sum: so far
 * @bytes, @size: an even number of bytes
 *
 * Returns the sum, not folded.
 */
static uint32_t checksum(uint32_t sum, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

/**
 * ask_nd - write the question of neighbour discovery
 * @probe: changed
 *
 * It goes to the group of all whose addresses end like this one (RFC 4291, 2.7.1).
 */
static void ask_nd(struct probe *probe)
{
	static const uint8_t group[16] = { 0xff, 0x02, [11] = 1, [12] = 0xff };
	static const uint8_t group_mac[ETH_ALEN] = { 0x33, 0x33, 0xff };
	struct nd_neighbor_solicit *solicit = &probe->question.nd.solicit;
	struct ip6_hdr *ip = &probe->question.nd.ip;
	uint32_t sum = IPPROTO_ICMPV6 + sizeof(*solicit);

	*ip = (struct ip6_hdr){ .ip6_flow = htonl(6U << 28),
				.ip6_plen = htons(sizeof(*solicit)),
				.ip6_nxt = IPPROTO_ICMPV6,
				.ip6_hlim = HOP_LIMIT };
	memcpy(&ip->ip6_dst, group, sizeof(group));
	memcpy(&ip->ip6_dst.s6_addr[13], &probe->addr->bytes[13], 3);
	*solicit = (struct nd_neighbor_solicit){ .nd_ns_type = ND_NEIGHBOR_SOLICIT };
	memcpy(&solicit->nd_ns_target, probe->addr->bytes, sizeof(solicit->nd_ns_target));
	sum = checksum(sum, &ip->ip6_dst, sizeof(ip->ip6_dst));
	sum = checksum(sum, solicit, sizeof(*solicit));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	solicit->nd_ns_cksum = htons((uint16_t)~sum);
	memcpy(probe->to.sll_addr, group_mac, ETH_ALEN);
	memcpy(&probe->to.sll_addr[3], &probe->addr->bytes[13], 3);
	probe->length = sizeof(probe->question.nd);
}

/**
 * is_answer - whether a packet says that its sender has the address
 * @addr: borrowed
 * @packet, @length: borrowed
 */
static bool is_answer(const struct addr *addr, const uint8_t *packet, size_t length)
{
	struct ether_arp arp;
	struct {
		struct ip6_hdr ip;
		struct nd_neighbor_advert advert;
	} nd;

	if (addr->family == AF_INET) {
		if (length < sizeof(arp))
			return false;
		memcpy(&arp, packet, sizeof(arp));
		return arp.ea_hdr.ar_pro == htons(ETH_P_IP) &&
		       memcmp(arp.arp_spa, addr->bytes, sizeof(arp.arp_spa)) == 0;
	}
	if (length < sizeof(nd))
		return false;
	memcpy(&nd, packet, sizeof(nd));
	return nd.ip.ip6_nxt == IPPROTO_ICMPV6 && nd.ip.ip6_hlim == HOP_LIMIT &&
	       nd.advert.nd_na_type == ND_NEIGHBOR_ADVERT &&
	       memcmp(&nd.advert.nd_na_target, addr->bytes, sizeof(nd.advert.nd_na_target)) == 0;
}

/**
 * milliseconds - what a clock that never goes back shows
 */
static int64_t milliseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * probe_listen - wait for an answer
 * @probe: asked
 * @ret_mac: whose it is
 *
 * Returns 1, 0 when there was none in time, or -errno.
 */
static int probe_listen(const struct probe *probe, struct mac *ret_mac)
{
	int64_t end = milliseconds() + ANSWER_MS, left;

	while ((left = end - milliseconds()) > 0) {
		struct pollfd answer = { .fd = probe->fd, .events = POLLIN };
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		uint8_t packet[ANSWER_MAX];
		ssize_t length;

		if (poll(&answer, 1, (int)left) <= 0)
			continue;
		length = recvfrom(probe->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				  &size);
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return errno == ENETDOWN ? 0 : -errno;
		if (length < 0 || from.sll_pkttype == PACKET_OUTGOING ||
		    !is_answer(probe->addr, packet, (size_t)length))
			continue;
		memcpy(ret_mac->bytes, from.sll_addr, sizeof(ret_mac->bytes));
		return 1;
	}
	return 0;
}

/**
 * probe_run - ask, and wait for an answer
 * @probe: zero but for its address; its socket is to be closed
 * @ifindex: of the link
 * @ret_mac: whose address it is
 *
 * Returns 1, 0 when nobody answers or cannot be asked, or -errno.
 */
static int probe_run(struct probe *probe, int ifindex, struct mac *ret_mac)
{
	int r = probe_open(probe, ifindex);

	if (r <= 0)
		return r;
	if (probe->addr->family == AF_INET)
		ask_arp(probe);
	else
		ask_nd(probe);
	for (int i = 0; i < QUESTIONS; i++) {
		if (sendto(probe->fd, &probe->question, probe->length, 0,
			   (struct sockaddr *)&probe->to, sizeof(probe->to)) < 0)
			return errno == ENETDOWN || errno == ENXIO ? 0 : -errno;
		r = probe_listen(probe, ret_mac);
		if (r != 0)
			return r;
	}
	return 0;
}

/**
 * veth_probe - find out whether another machine on the network behind a link has an address
 * @link: its name, borrowed
 * @addr: borrowed
 * @ret_mac: whose it is
 * @e: names the link
 *
 * Returns 1, 0 when nobody answers or cannot be asked, or -errno.
 */
int veth_probe(const char *link, const struct addr *addr, struct mac *ret_mac, struct error *e)
{
	struct probe probe = { .fd = -1, .addr = addr };
	unsigned ifindex = if_nametoindex(link);
	char text[ADDR_TEXT];
	int r = ifindex ? probe_run(&probe, (int)ifindex, ret_mac) : 0;

	fd_closep(&probe.fd);
	if (r < 0)
		return error_errno(e, -r, "cannot ask on link %s who has %s", link,
				   addr_format(addr, text));
	return r;
}
