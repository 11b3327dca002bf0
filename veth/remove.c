/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/*
 * Theory of operation
 *
 * To delete a link is to wait 15 to 50 ms for readers that may still be looking at it. So the host
 * end is retired instead: set down, which ends all traffic, and renamed, which frees its name for
 * the container's next start. When the namespace with the other end goes, the kernel destroys the
 * pair by itself, and nobody waits.
 *
 * When the namespace does not go, because some process has stayed in it, the retired link stays
 * with it: down, with a tag that says whose it was. It does no harm, and if the namespace gets a
 * new cable after all, veth_ensure() deletes it.
 */

/**
 * link_retired_name - what a retired link is called
 * @ifindex: the link
 * @name: the caller's buffer
 *
 * Unique through the number, never that of a container, whose name begins with a letter or a digit,
 * and still among those that network managers are told to leave alone.
 */
void link_retired_name(int ifindex, char name[IFNAMSIZ])
{
	(void)snprintf(name, IFNAMSIZ, RETIRED_PREFIX "%x", (unsigned)ifindex);
}

/**
 * link_retire - end a cable's traffic and free its names
 * @veth: the session
 * @link: its host end as it was read, ours
 * @spec: borrowed
 * @e: filled on failure
 *
 * Two messages, because before 6.2 the kernel renames no link that is up.
 *
 * Returns 0 or -errno.
 */
int link_retire(struct veth *veth, const struct link *link, const struct veth_spec *spec,
		struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	char name[IFNAMSIZ];

	link_retired_name(link->ifindex, name);
	message_link_set(&batch, "set the host end down", link->ifindex, 0, IFF_UP);
	if (link->altname)
		message_altname(&batch, RTM_DELLINKPROP, link->ifindex, spec->altname);
	message_link_set(&batch, "rename the host end", link->ifindex, 0, 0);
	batch_put_text(&batch, IFLA_IFNAME, name);
	return rtnl_exchange(&veth->rtnl, &batch, e);
}

/**
 * veth_remove - take a cable away, without waiting until it is gone
 * @veth: the session
 * @spec: borrowed
 * @e: names the link and the container
 *
 * Returns 1, 0 when there was none, -EEXIST when the link is somebody else's, or another -errno.
 */
int veth_remove(struct veth *veth, const struct veth_spec *spec, struct error *e)
{
	struct link link;
	int r = link_find(veth, spec->link, 0, spec->altname, &link, e);

	if (r == 0)
		return 0;
	if (r > 0 && !link_is_ours(&link, spec))
		return link_refuse(&link, spec, e);
	if (r > 0)
		r = link_retire(veth, &link, spec, e);
	if (r < 0)
		return error_wrap(e, r, "cannot remove link %s of container %s", spec->link,
				  spec->container);
	return 1;
}
