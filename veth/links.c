/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/* Where links of a dump go. */
struct links_wanted {
	enum veth_links_wanted wanted;
	struct veth_links *links;
};

/* How a dump goes on; zeroed when it starts over. */
struct links_progress {
	bool begun;
	bool full; /* no memory */
};

/**
 * links_take - take one link of a dump; for struct answer
 * @reply: RTM_NEWLINK, borrowed; anything else is ignored
 * @wanted: a struct links_wanted
 * @found: a struct links_progress
 */
static void links_take(const struct nlmsghdr *reply, const void *wanted, void *found)
{
	const struct links_wanted *want = wanted;
	struct veth_links *links = want->links;
	struct links_progress *progress = found;
	struct link link = { 0 };
	struct veth_link *row;
	char container[VETH_NAME_MAX];

	if (!progress->begun)
		links->count = 0;
	progress->begun = true;
	link_take(reply, NULL, &link);
	if (link.ifindex == 0 ||
	    (!link_owner(&link, container) && want->wanted == VETH_LINKS_CABLES))
		return;
	if (links->count == links->room) {
		size_t room = links->room ? links->room * 2 : 64;
		struct veth_link *list = reallocarray(links->list, room, sizeof(*list));

		progress->full |= !list;
		if (!list)
			return;
		links->list = list;
		links->room = room;
	}
	row = &links->list[links->count++];
	*row = (struct veth_link){ .ifindex = link.ifindex,
				   .up = link.up,
				   .rx_bytes = link.rx_bytes,
				   .tx_bytes = link.tx_bytes,
				   .rx_packets = link.rx_packets,
				   .tx_packets = link.tx_packets,
				   .rx_dropped = link.rx_dropped,
				   .tx_dropped = link.tx_dropped,
				   .rx_errors = link.rx_errors,
				   .tx_errors = link.tx_errors };
	memcpy(row->name, link.name, sizeof(row->name));
	memcpy(row->container, container, sizeof(row->container));
}

/**
 * link_order - the order of links; the comparison of qsort()
 * @a, @b: struct veth_link
 */
static int link_order(const void *a, const void *b)
{
	const struct veth_link *left = a, *right = b;

	return (left->ifindex > right->ifindex) - (left->ifindex < right->ifindex);
}

/**
 * veth_links_read - read links of the host in one dump
 * @veth: the session
 * @wanted: which
 * @ret_links: by their numbers; the caller frees its list
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int veth_links_read(struct veth *veth, enum veth_links_wanted wanted, struct veth_links *ret_links,
		    struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct veth_links links = { .count = 0 };
	const struct links_wanted want = { wanted, &links };
	struct links_progress progress;
	const struct answer answer = { links_take, &want, &progress, sizeof(progress) };
	int r;

	message_link_dump(&batch, wanted == VETH_LINKS_CABLES ? "veth" : NULL, &answer);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	if (r == 0 && progress.full)
		r = error_errno(e, ENOMEM, "cannot list the links");
	if (r < 0) {
		free(links.list);
		return r;
	}
	if (links.count)
		qsort(links.list, links.count, sizeof(*links.list), link_order);
	*ret_links = links;
	return 0;
}

/**
 * veth_links_at - a link by its number
 * @links: borrowed
 * @ifindex: its number
 *
 * Returns it, within @links, or NULL.
 */
const struct veth_link *veth_links_at(const struct veth_links *links, int ifindex)
{
	const struct veth_link wanted = { .ifindex = ifindex };

	if (links->count == 0)
		return NULL;
	return bsearch(&wanted, links->list, links->count, sizeof(wanted), link_order);
}
