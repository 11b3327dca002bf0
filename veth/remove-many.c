/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/link-group.h"
#include "veth/cable.h"
#include "veth/message.h"

/*
 * Theory of operation
 *
 * Who takes one cable away does not wait for the kernel to destroy it, and pays for that: to set it
 * down and to rename it are a wait for readers and a round of notifications each. For many at once it
 * is cheaper to wait: the kernel deletes all links of a group with one request, and waits once.
 *
 * The group is a random number that nobody uses and that is never used again, nor chosen for the MAC of a
 * cable (base/link-group.h): what comes through is not judged by it. So it does not matter
 * when a run is killed before it has deleted what it had put there: no other will delete it.
 */

/**
 * removed_grow - have room for one more
 * @removed: changed
 *
 * Returns 0 or -ENOMEM.
 */
static int removed_grow(struct removed *removed)
{
	size_t room = removed->room ? 2 * removed->room : 64;
	int *ifindexes;

	if (removed->count < removed->room)
		return 0;
	ifindexes = reallocarray(removed->ifindexes, room, sizeof(*ifindexes));
	if (!ifindexes)
		return -ENOMEM;
	removed->ifindexes = ifindexes;
	removed->room = room;
	return 0;
}

/**
 * veth_remove_note - remember a cable that is to be taken away
 * @veth: the session, changed
 * @spec: borrowed
 * @e: names the link and the container
 *
 * Returns 1, 0 when there is none, -EEXIST when the link is somebody else's, or another -errno.
 */
int veth_remove_note(struct veth *veth, const struct veth_spec *spec, struct error *e)
{
	struct link link;
	int r = link_find(veth, spec->link, 0, spec->altname, &link, e);

	if (r == 0)
		return 0;
	if (r > 0 && !link_is_ours(&link, spec))
		return link_refuse(&link, spec, e);
	if (r > 0) {
		r = removed_grow(&veth->removed);
		if (r < 0)
			error_errno(e, -r, "cannot remember it");
	}
	if (r < 0)
		return error_wrap(e, r, "cannot remove link %s of container %s", spec->link,
				  spec->container);
	veth->removed.ifindexes[veth->removed.count++] = link.ifindex;
	return 1;
}

/**
 * group_fill - put all links that were remembered into a group
 * @veth: the session
 * @group: its number
 * @e: filled on failure
 *
 * One that is gone meanwhile needs no deleting.
 *
 * Returns 0 or -errno.
 */
static int group_fill(struct veth *veth, uint32_t group, struct error *e)
{
	const struct removed *removed = &veth->removed;
	int r = 0;

	for (size_t i = 0; r == 0 && i < removed->count;) {
		_cleanup_(batch_deinit) struct batch batch = { 0 };

		for (; i < removed->count && batch.count < BATCH_MAX && !batch.number; i++) {
			message_link_set(&batch, "mark a link for deletion", removed->ifindexes[i],
					 0, 0);
			batch_expect(&batch, REFUSAL_NO_LINK, NULL);
			batch_put_u32(&batch, IFLA_GROUP, group);
		}
		r = rtnl_exchange(&veth->rtnl, &batch, e);
	}
	return r;
}

/**
 * veth_remove_noted - take all cables away that were remembered
 * @veth: the session, which remembers none afterwards
 * @e: filled on failure
 *
 * Returns 1, 0 when there were none, or -errno.
 */
int veth_remove_noted(struct veth *veth, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	uint32_t group;
	int r;

	if (veth->removed.count == 0)
		return 0;
	r = link_group_random(&group, e);
	if (r == 0)
		r = group_fill(veth, group, e);
	veth->removed.count = 0;
	if (r < 0)
		return r;
	message_group_delete(&batch, "delete the cables", group);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	return r < 0 ? r : 1;
}
