/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded, it makes the kernel lack a feature: what NFT_LACKS names of nf_tables is asked for by a name,
 * or with a flag, that no kernel knows, so that the refusal is the kernel's own; a switch is not there.
 *
 *	expression:masq      an expression
 *	chain:bridge:filter  a type of chains, in a family
 *	persist              tables that persist
 *	switch:forwarding    a file of that name below /proc/sys
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#define FLAG_UNKNOWN 0x80
#define FLAG_PERSIST 0x04

/** spoil_name - have each attribute of a type with a name in a stretch of bytes name something else */
static void spoil_name(uint8_t *bytes, size_t size, uint16_t type, const char *name)
{
	size_t length = sizeof(struct nlattr) + strlen(name) + 1;
	const struct nlattr wanted = { .nla_len = (uint16_t)length, .nla_type = type };

	for (size_t i = 0; i + length <= size; i += NLA_ALIGNTO)
		if (memcmp(bytes + i, &wanted, sizeof(wanted)) == 0 &&
		    memcmp(bytes + i + sizeof(wanted), name, strlen(name) + 1) == 0)
			bytes[i + sizeof(wanted)] = '~';
}

/** spoil_flags - have a table that is to persist have a flag nobody knows */
static void spoil_flags(uint8_t *bytes, size_t size)
{
	const struct nlattr wanted = { .nla_len = 8, .nla_type = NFTA_TABLE_FLAGS };

	for (size_t i = 0; i + wanted.nla_len <= size; i += NLA_ALIGNTO)
		if (memcmp(bytes + i, &wanted, sizeof(wanted)) == 0 && bytes[i + 7] & FLAG_PERSIST)
			bytes[i + 7] |= FLAG_UNKNOWN;
}

/** spoil - have one message of a request ask for what the kernel lacks */
static void spoil(uint8_t *bytes, const struct nlmsghdr *header, const char *lacks)
{
	uint16_t type = header->nlmsg_type;
	uint8_t family = bytes[NLMSG_HDRLEN];
	size_t skip = NLMSG_HDRLEN + sizeof(struct nfgenmsg);

	if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES || header->nlmsg_len < skip)
		return;
	if (strncmp(lacks, "expression:", 11) == 0 && NFNL_MSG_TYPE(type) == NFT_MSG_NEWRULE)
		spoil_name(bytes + skip, header->nlmsg_len - skip, NFTA_EXPR_NAME, lacks + 11);
	if (strncmp(lacks, "chain:bridge:", 13) == 0 && NFNL_MSG_TYPE(type) == NFT_MSG_NEWCHAIN &&
	    family == NFPROTO_BRIDGE)
		spoil_name(bytes + skip, header->nlmsg_len - skip, NFTA_CHAIN_TYPE, lacks + 13);
	if (strncmp(lacks, "chain:inet:", 11) == 0 && NFNL_MSG_TYPE(type) == NFT_MSG_NEWCHAIN &&
	    family == NFPROTO_INET)
		spoil_name(bytes + skip, header->nlmsg_len - skip, NFTA_CHAIN_TYPE, lacks + 11);
	if (strcmp(lacks, "persist") == 0 && NFNL_MSG_TYPE(type) == NFT_MSG_NEWTABLE)
		spoil_flags(bytes + skip, header->nlmsg_len - skip);
}

/** sendto - that of the C library, for requests to nf_tables that have been spoilt */
ssize_t sendto(int fd, const void *buf, size_t n, int flags, __CONST_SOCKADDR_ARG addr,
	       socklen_t addr_len)
{
	const char *lacks = getenv("NFT_LACKS");
	ssize_t (*next)(int, const void *, size_t, int, __CONST_SOCKADDR_ARG, socklen_t);
	int domain = AF_UNSPEC;
	socklen_t size = sizeof(domain);
	uint8_t *copy = malloc(n);
	ssize_t sent;

	*(void **)&next = dlsym(RTLD_NEXT, "sendto");
	if (!copy || !next) {
		free(copy);
		errno = ENOMEM;
		return -1;
	}
	memcpy(copy, buf, n);
	if (lacks && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	    domain == AF_NETLINK)
		for (size_t at = 0; at + NLMSG_HDRLEN <= n;) {
			struct nlmsghdr header;

			memcpy(&header, copy + at, sizeof(header));
			if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > n - at)
				break;
			spoil(copy + at, &header, lacks);
			at += NLMSG_ALIGN(header.nlmsg_len);
		}
	sent = next(fd, copy, n, flags, addr, addr_len);
	free(copy);
	return sent;
}

/** path_lacks - whether a path is that of the switch that is not there */
static bool path_lacks(const char *path)
{
	const char *lacks = getenv("NFT_LACKS"), *name = strrchr(path, '/');

	return lacks && name && strncmp(lacks, "switch:", 7) == 0 &&
	       strncmp(path, "/proc/sys/", 10) == 0 && strcmp(name + 1, lacks + 7) == 0;
}

/** open64 - that of the C library, which does not find that switch; it is what open() is called in here */
int open(const char *file, int oflag, ...)
{
	int (*next)(const char *, int, ...);
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, oflag);
	if (oflag & (O_CREAT | O_TMPFILE))
		mode = (mode_t)va_arg(arguments, int);
	va_end(arguments);
	*(void **)&next = dlsym(RTLD_NEXT, "open64");
	if (!next || path_lacks(file)) {
		errno = ENOENT;
		return -1;
	}
	return next(file, oflag, mode);
}
