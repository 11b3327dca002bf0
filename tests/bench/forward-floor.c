/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel charges for one published port, in a process of its own: the definition and the
 * record on disk, and the element in a map of our table, in one batch. Nothing is looked at:
 * neither who has the port, nor what the table is like, nor who listens on it.
 *
 *	forward-floor add|remove
 *	forward-floor many NUMBER	so many forwards in one batch, in a map of a table "floor", made
 *					with room for them, and a rule that takes connection
 *					tracking, which looks at all connections there are when
 *					the first one comes
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define REQUEST_MAX  (8U << 20)
#define ELEMENTS_MAX 65000 /* bytes in one message */
#define LEAVE_MS     100

/* Protocol and port of the host, each padded, and where they lead. */
struct key {
	uint32_t protocol;
	uint16_t port, padding;
};

struct target {
	uint8_t address[4];
	uint16_t port, padding;
};

static char *request;
static size_t length;

#define DIRECTORY "/run/bench" /* the program keeps an eye on its own */

/**
 * file_put - replace a file, durably
 * @name: of the file
 */
static void file_put(const char *name)
{
	static const char text[] = "HOST_PORT=tcp:53:53,tcp:8081:80\n";
	int there = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file;

	file = openat(there, ".floor.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0 || write(file, text, sizeof(text)) != sizeof(text) || fsync(file) < 0 ||
	    close(file) < 0 || renameat(there, ".floor.new", there, name) < 0 || fsync(there) < 0)
		err(1, "cannot replace " DIRECTORY "/%s", name);
	close(there);
}

/**
 * message_begin - put a message behind the others
 * @type: whole
 * @family: of the table
 * @resource: only of what begins and ends a batch
 *
 * Returns it; it ends with message_end().
 */
static struct nlmsghdr *message_begin(uint16_t type, uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(request + length);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = htons(resource);
	return message;
}

/**
 * message_end - finish the last message
 * @message: that
 */
static void message_end(const struct nlmsghdr *message)
{
	length += NLMSG_ALIGN(message->nlmsg_len);
}

/**
 * change - begin a message about something in a table
 * @type: NFT_MSG_...
 */
static struct nlmsghdr *change(uint16_t type)
{
	return message_begin((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NFPROTO_INET, 0);
}

/**
 * element_put - put an element into a list
 * @message: changed
 * @port: of the host
 * @data, @size: where it leads; none: it is taken away
 */
static void element_put(struct nlmsghdr *message, uint16_t port, const void *data, size_t size)
{
	const struct key key = { .protocol = IPPROTO_TCP, .port = htons(port) };
	struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM), *nest;

	nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
	mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(key), &key);
	mnl_attr_nest_end(message, nest);
	if (size) {
		nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
		mnl_attr_put(message, NFTA_DATA_VALUE, size, data);
		mnl_attr_nest_end(message, nest);
	}
	mnl_attr_nest_end(message, element);
}

/**
 * elements_put - have elements in a map, or be without them
 * @type: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM
 * @table, @map: where
 * @first, @count: the ports
 * @size: of the data; 0 to take away
 */
static void elements_put(uint16_t type, const char *table, const char *map, unsigned first,
			 unsigned count, size_t size)
{
	const struct target target = { { 10, 233, 1, 2 }, htons(80), 0 };

	while (count) {
		struct nlmsghdr *message = change(type);
		struct nlattr *list;

		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, map);
		list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; count && message->nlmsg_len < ELEMENTS_MAX; count--)
			element_put(message, (uint16_t)first++, &target, size);
		mnl_attr_nest_end(message, list);
		message_end(message);
	}
}

/**
 * map_put - add a map with room for its elements
 * @count: how many there will be
 */
static void map_put(uint32_t count)
{
	struct nlmsghdr *message = change(NFT_MSG_NEWSET);
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_SET_TABLE, "floor");
	mnl_attr_put_strz(message, NFTA_SET_NAME, "forwards");
	mnl_attr_put_u32(message, NFTA_SET_ID, htonl(1));
	mnl_attr_put_u32(message, NFTA_SET_FLAGS, htonl(NFT_SET_MAP));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, htonl(sizeof(struct key)));
	mnl_attr_put_u32(message, NFTA_SET_DATA_TYPE, htonl(7 << 6 | 13)); /* of nft(8) */
	mnl_attr_put_u32(message, NFTA_SET_DATA_LEN, htonl(sizeof(struct target)));
	nest = mnl_attr_nest_start(message, NFTA_SET_DESC);
	mnl_attr_put_u32(message, NFTA_SET_DESC_SIZE, htonl(2 * count));
	mnl_attr_nest_end(message, nest);
	message_end(message);
}

/**
 * rule_put - add a chain and a rule in it that knows connections
 */
static void rule_put(void)
{
	struct nlmsghdr *message = change(NFT_MSG_NEWCHAIN);
	struct nlattr *list, *expression, *data;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, "floor");
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, "floor");
	message_end(message);
	message = change(NFT_MSG_NEWRULE);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, "floor");
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, "floor");
	list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	expression = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "ct");
	data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_u32(message, NFTA_CT_KEY, htonl(NFT_CT_STATE));
	mnl_attr_put_u32(message, NFTA_CT_DREG, htonl(NFT_REG_1));
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, expression);
	mnl_attr_nest_end(message, list);
	message_end(message);
}

/**
 * table_put - add the table "floor", and take the one that is there away
 * @count: how many forwards it has
 */
static void table_put(uint32_t count)
{
	static const uint16_t types[] = { NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWTABLE };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct nlmsghdr *message = change(types[i]);

		mnl_attr_put_strz(message, NFTA_TABLE_NAME, "floor");
		message_end(message);
	}
	map_put(count);
	rule_put();
	elements_put(NFT_MSG_NEWSETELEM, "floor", "forwards", 10000, count, sizeof(struct target));
}

/**
 * commit - have the batch done
 * @socket: to nf_tables
 */
static void commit(struct mnl_socket *socket)
{
	static char answer[8192];
	const struct nlmsghdr *first = (const void *)answer;
	const int size = REQUEST_MAX;
	struct nlmsghdr *end;

	end = message_begin(NFNL_MSG_BATCH_END, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end->nlmsg_flags |= NLM_F_ACK;
	message_end(end);
	if (length > 65536)
		(void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &size,
				 sizeof(size));
	if (mnl_socket_sendto(socket, request, length) < 0 ||
	    mnl_socket_recvfrom(socket, answer, sizeof(answer)) < 0)
		err(1, "nf_tables does not answer");
	if (first->nlmsg_type != NLMSG_ERROR ||
	    ((const struct nlmsgerr *)mnl_nlmsg_get_payload(first))->error)
		errx(1, "nf_tables refuses it: error %d",
		     ((const struct nlmsgerr *)mnl_nlmsg_get_payload(first))->error);
}

/**
 * leave - close a socket through which something was deleted, as nat/nft.c does
 * @socket: taken
 */
static void leave(struct mnl_socket *socket)
{
	if (fork() == 0) {
		(void)poll(NULL, 0, LEAVE_MS);
		_exit(0);
	}
	mnl_socket_close(socket);
}

/**
 * main - see the head of this file
 */
int main(int argc, char *argv[])
{
	bool many = argc == 3 && strcmp(argv[1], "many") == 0;
	bool add = argc == 2 && strcmp(argv[1], "add") == 0;
	uint16_t type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);

	if (!many && !add && (argc != 2 || strcmp(argv[1], "remove") != 0))
		errx(2, "forward-floor add|remove|many NUMBER");
	request = calloc(1, many ? REQUEST_MAX : 4096);
	if (!request || !socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		err(1, "cannot open nf_tables");
	if (!many) {
		file_put("definition");
		file_put("record");
	}
	message_end(message_begin(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (many) {
		table_put((uint32_t)strtoul(argv[2], NULL, 10));
	} else {
		elements_put(type, "nixctr-net", "forwards4", 8081, 1,
			     add ? sizeof(struct target) : 0);
	}
	commit(socket);
	if (add)
		mnl_socket_close(socket);
	else
		leave(socket);
	return 0;
}
