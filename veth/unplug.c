/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * place_clear - have nothing be called as the host end is to be called
 * @veth: the session
 * @now: what the cable is to be, borrowed
 * @e: names the link
 *
 * Returns 0, -EEXIST when it is somebody else's, or another -errno.
 */
static int place_clear(struct veth *veth, const struct veth_spec *now, struct error *e)
{
	struct link link;
	int r = link_find(veth, now->link, 0, now->altname, &link, e);

	if (r <= 0)
		return r;
	return link_is_ours(&link, now) ? link_retire(veth, &link, now, e)
					: link_refuse(&link, now, e);
}

/**
 * host_rename - give the host end the name of a cable of the other kind, and set it down
 * @veth: the session
 * @link: the host end as it was read, ours
 * @was, @now: what the cable is and is to be, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int host_rename(struct veth *veth, const struct link *link, const struct veth_spec *was,
		       const struct veth_spec *now, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };

	message_link_set(&batch, "set the host end down", link->ifindex, 0, IFF_UP);
	if (link->altname)
		message_altname(&batch, RTM_DELLINKPROP, link->ifindex, was->altname);
	message_link_set(&batch, "rename the host end", link->ifindex, 0, 0);
	batch_put_text(&batch, IFLA_IFNAME, now->link);
	if (now->bridge[0])
		batch_put_u32(&batch, IFLA_GROUP, 0);
	return rtnl_exchange(&veth->rtnl, &batch, e);
}

/**
 * veth_unplug - end what a cable is, so that veth_ensure() makes it one of the other kind
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @was: what the cable is, borrowed
 * @now: what it is to be: on a bridge or off it, borrowed
 * @e: names the link and the container
 *
 * All that can be in the way is looked for before anything is changed. Rules go by the name of the host
 * end, so it is down when it gets another: nothing comes through before it is what that says.
 *
 * Returns 1, 0 when there is no cable of ours, -ENODEV without the bridge, -EEXIST when the name is
 * somebody else's, or another -errno.
 */
int veth_unplug(struct veth *veth, int ns_fd, const struct veth_spec *was,
		const struct veth_spec *now, struct error *e)
{
	struct link link;
	int bridge, r = link_find(veth, was->link, 0, was->altname, &link, e);

	if (r <= 0 || !link_is_ours(&link, was))
		return r < 0 ? r : 0;
	r = bridge_find(veth, now, &bridge, e);
	if (r == 0)
		r = place_clear(veth, now, e);
	if (r == 0)
		r = veth_family_exchange(veth, ns_fd, was, now, AF_INET, e);
	if (r >= 0)
		r = veth_family_exchange(veth, ns_fd, was, now, AF_INET6, e);
	if (r >= 0)
		r = host_rename(veth, &link, was, now, e);
	return r < 0 ? error_wrap(e, r, "link %s of container %s", was->link, was->container) : 1;
}
