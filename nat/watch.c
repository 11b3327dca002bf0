/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * nf_tables tells all that was changed, object by object, once a commit is done, and closes with the
 * new generation of the ruleset and who has committed. So what a commit did to our table is gathered
 * from its objects and judged when its generation comes.
 *
 * A commit up to a generation of which the ruleset has been looked at since is passed over: whoever
 * has made it, what it did has been seen. So are those of the session in which the table is put back,
 * known by its netlink port.
 *
 * The kernel drops events rather than to wait for us. It says so once, and then nobody knows what was
 * changed: the caller looks at everything.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "nat/match.h"
#include "nat/nft.h"
#include "nat/read.h"

/*
 * Room for events that wait for us; the kernel takes it only when they do, and counts what they cost
 * it, with half of this. Tens of thousands of elements that go at once fit.
 */
#define EVENT_ROOM (4 << 20)

#define EVENTS_AT_ONCE  4096       /* messages taken in before the caller gets its turn */
#define EVENTS_TO_EMPTY (1U << 20) /* ... once some were dropped: more than there is room for */

/* What is known of the commit whose generation has not come yet. */
struct commit {
	bool touched, elements;
	bool table; /* a table of ours came or went: that says it all */
	bool gone;  /* table "inet" is not there any more */
	char what[sizeof(((struct nat_changes *)NULL)->what)];
};

struct nat_watch {
	struct mnl_socket *socket;
	uint32_t port;    /* of the session whose commits are no news */
	uint32_t covered; /* nor are commits up to this generation */
	struct commit commit;
	_Alignas(NLMSG_ALIGNTO) uint8_t events[NFT_ANSWER_SIZE];
};

/* How a kind of event is told; the attribute with the name of what it is about. */
struct event_kind {
	uint16_t added, deleted;
	const char *noun;
	uint16_t name;
};

static const struct event_kind event_kinds[] = {
	{ NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, "table", 0 },
	{ NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN, "chain", NFTA_CHAIN_NAME },
	{ NFT_MSG_NEWRULE, NFT_MSG_DELRULE, "a rule of chain", NFTA_RULE_CHAIN },
	{ NFT_MSG_NEWSET, NFT_MSG_DELSET, "set", NFTA_SET_NAME },
	{ NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, "elements of", NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_NEWOBJ, NFT_MSG_DELOBJ, "counter", NFTA_OBJ_NAME },
};

/**
 * event_text - a name that comes with an event
 * @event: borrowed
 * @type: of its attribute
 *
 * Returns it, borrowed, or "".
 */
static const char *event_text(const struct nlmsghdr *event, uint16_t type)
{
	const struct nlattr *text = message_attribute(event, type);

	return text && mnl_attr_validate(text, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(text)
									 : "";
}

/**
 * event_number - a number that comes with an event
 * @event: borrowed
 * @type: of its attribute
 *
 * Returns it, or 0.
 */
static uint32_t event_number(const struct nlmsghdr *event, uint16_t type)
{
	const struct nlattr *number = message_attribute(event, type);

	return number && mnl_attr_validate(number, MNL_TYPE_U32) >= 0
		       ? ntohl(mnl_attr_get_u32(number))
		       : 0;
}

/**
 * event_kind - what kind of object an event is about
 * @type: of the message, without the subsystem
 *
 * Returns it, or NULL for one we have nothing of.
 */
static const struct event_kind *event_kind(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_kinds); i++)
		if (event_kinds[i].added == type || event_kinds[i].deleted == type)
			return &event_kinds[i];
	return NULL;
}

/**
 * event_is_ours - whether an event is about a table of ours
 * @event: about any object
 *
 * Each kind of object names its table with the first of its attributes. Ours has the same name in
 * every family.
 */
static bool event_is_ours(const struct nlmsghdr *event)
{
	return strcmp(event_text(event, NFTA_TABLE_NAME), NAT_TABLE) == 0;
}

/**
 * event_family - the family of the table that an event is about
 * @event: about any object
 */
static uint8_t event_family(const struct nlmsghdr *event)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(event);

	return header->nfgen_family;
}

/**
 * event_describe - put into words what has happened
 * @event: about an object of a table of ours
 * @kind: of object
 * @commit: its words are set
 */
static void event_describe(const struct nlmsghdr *event, const struct event_kind *kind,
			   struct commit *commit)
{
	bool added = NFNL_MSG_TYPE(event->nlmsg_type) == kind->added;
	const char *verb = added ? "added" : "deleted";
	const char *family = event_family(event) == NFPROTO_BRIDGE ? "bridge" : "inet";

	if (kind->name)
		(void)snprintf(commit->what, sizeof(commit->what), "%s %s %s", verb, kind->noun,
			       event_text(event, kind->name));
	else
		(void)snprintf(commit->what, sizeof(commit->what), "%s table %s " NAT_TABLE, verb,
			       family);
}

/**
 * commit_add - take in what a commit did to one object
 * @commit: changed
 * @event: borrowed
 */
static void commit_add(struct commit *commit, const struct nlmsghdr *event)
{
	const struct event_kind *kind = event_kind(NFNL_MSG_TYPE(event->nlmsg_type));
	bool table;

	if (!kind || !event_is_ours(event))
		return;
	table = kind->added == NFT_MSG_NEWTABLE;
	if (!commit->touched || (table && !commit->table))
		event_describe(event, kind, commit);
	commit->touched = true;
	commit->table |= table;
	if (table && event_family(event) == NFPROTO_INET)
		commit->gone = NFNL_MSG_TYPE(event->nlmsg_type) == kind->deleted;
	commit->elements |= kind->added == NFT_MSG_NEWSETELEM;
}

/**
 * process_is_ours - whether a process runs a command of ours
 * @process: its name
 *
 * What such a one does with published ports it does under their lock and with a record. Whoever takes
 * such a name to get around the watch is root, and could end it as well.
 */
static bool process_is_ours(const char *process)
{
	return strncmp(process, NAT_TABLE, strlen(NAT_TABLE)) == 0 ||
	       strcmp(process, "nixos-container") == 0;
}

/**
 * changes_blame - note who was the first to touch our table
 * @changes: changed
 * @commit: what it did
 * @event: its generation, borrowed
 */
static void changes_blame(struct nat_changes *changes, const struct commit *commit,
			  const struct nlmsghdr *event)
{
	memcpy(changes->what, commit->what, sizeof(changes->what));
	changes->pid = event_number(event, NFTA_GEN_PROC_PID);
	(void)snprintf(changes->process, sizeof(changes->process), "%s",
		       event_text(event, NFTA_GEN_PROC_NAME));
	changes->own = process_is_ours(changes->process);
}

/**
 * watch_take_commit - judge a commit, now that its generation is known
 * @watch: its commit is over
 * @changes: changed
 * @event: the generation, borrowed
 */
static void watch_take_commit(struct nat_watch *watch, struct nat_changes *changes,
			      const struct nlmsghdr *event)
{
	bool own = process_is_ours(event_text(event, NFTA_GEN_PROC_NAME));
	uint32_t generation = event_number(event, NFTA_GEN_ID);
	struct commit commit = watch->commit;

	watch->commit = (struct commit){ .touched = false };
	changes->commits++;
	/* The kernel's count goes round. */
	if (!commit.touched || event->nlmsg_pid == watch->port ||
	    (int32_t)(generation - watch->covered) <= 0)
		return;
	if (!changes->touched || (changes->own && !own))
		changes_blame(changes, &commit, event);
	changes->gone = commit.gone && !changes->touched;
	changes->generation = generation;
	changes->touched = true;
	changes->elements |= commit.elements && !own;
}

/**
 * watch_take - take in all events of one message
 * @watch: they are in its buffer
 * @length: bytes there
 * @changes: changed
 */
static void watch_take(struct nat_watch *watch, int length, struct nat_changes *changes)
{
	const struct nlmsghdr *event = (const void *)watch->events;

	for (; mnl_nlmsg_ok(event, length); event = mnl_nlmsg_next(event, &length)) {
		if (NFNL_SUBSYS_ID(event->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
			continue;
		if (NFNL_MSG_TYPE(event->nlmsg_type) == NFT_MSG_NEWGEN)
			watch_take_commit(watch, changes, event);
		else
			commit_add(&watch->commit, event);
	}
}

/**
 * nat_watch_read - take in what has been told since the last time
 * @watch: the watch
 * @ret_changes: what it comes to
 * @e: filled on failure
 *
 * Once an event was dropped, the kernel drops all others without a further word until there are none
 * left to be read (netlink_overrun(), netlink_rcv_wake()): so all are taken in then.
 *
 * Returns 1 when our table was touched or events were lost, 0 when not, or -errno.
 */
int nat_watch_read(struct nat_watch *watch, struct nat_changes *ret_changes, struct error *e)
{
	struct nat_changes changes = { .commits = 0 };
	int fd = mnl_socket_get_fd(watch->socket);

	for (unsigned i = 0; i < (changes.lost ? EVENTS_TO_EMPTY : EVENTS_AT_ONCE); i++) {
		ssize_t n =
			recv(fd, watch->events, sizeof(watch->events), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			return error_errno(e, errno, "cannot hear what others do to nf_tables");
		if (n > (ssize_t)sizeof(watch->events) || (n < 0 && errno == ENOBUFS))
			changes.lost = true;
		else if (n >= 0)
			watch_take(watch, (int)n, &changes);
	}
	if (changes.lost) {
		watch->commit = (struct commit){ .touched = false };
		changes.touched = changes.elements = true;
	}
	*ret_changes = changes;
	return changes.touched;
}

/**
 * nat_watch_cover - say up to which generation the ruleset has been looked at
 * @watch: changed
 * @generation: from nat_generation_read(), before the look
 */
void nat_watch_cover(struct nat_watch *watch, uint32_t generation)
{
	watch->covered = generation;
}

/**
 * nat_watch_fd - what to poll(2) for events
 * @watch: borrowed
 */
int nat_watch_fd(const struct nat_watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

/**
 * watch_subscribe - ask for the events of nf_tables
 * @watch: its socket is open
 *
 * Returns 0, or -1 with errno.
 */
static int watch_subscribe(struct nat_watch *watch)
{
	const int room = EVENT_ROOM;

	if (mnl_socket_bind(watch->socket, 1U << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0)
		return -1;
	return setsockopt(mnl_socket_get_fd(watch->socket), SOL_SOCKET, SO_RCVBUFFORCE, &room,
			  sizeof(room));
}

/**
 * nat_watch_open - be told of changes to the ruleset, in the namespace of the calling thread
 * @nat: the session whose changes are not told, borrowed: it stays open as long as the watch
 * @ret_watch: the watch; the caller ends with nat_watch_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_watch_open(struct nat *nat, struct nat_watch **ret_watch, struct error *e)
{
	_cleanup_(nat_watch_closep) struct nat_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return error_errno(e, ENOMEM, "cannot watch nf_tables");
	watch->port = mnl_socket_get_portid(nat->socket);
	nat->watched = true;
	watch->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!watch->socket || watch_subscribe(watch) < 0) {
		int r = error_errno(e, errno, "cannot watch nf_tables");

		return error_remedy(e, r, "%s",
				    r == -EPERM ? "run it as root (it takes CAP_NET_ADMIN)"
						: NFT_LOAD);
	}
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

/**
 * nat_watch_close - end a watch
 * @watch: taken; NULL is fine
 */
void nat_watch_close(struct nat_watch *watch)
{
	if (!watch)
		return;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}

/**
 * nat_watch_closep - nat_watch_close() for _cleanup_()
 * @watch: its address
 */
void nat_watch_closep(struct nat_watch **watch)
{
	nat_watch_close(*watch);
}

/**
 * nat_generation_read - the kernel's count of commits to the ruleset, of anybody
 * @nat: the session
 * @ret_generation: the count
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int nat_generation_read(struct nat *nat, uint32_t *ret_generation, struct error *e)
{
	const struct nft_taker taker = { take_generation, ret_generation };
	struct nft_request request;

	nft_request_init(&request);
	nft_request_add(&request, NFT_READ, NFT_GENERATION, "");
	return nft_query(nat, &request, &taker, e);
}
