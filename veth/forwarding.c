/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * forwarding_set - set forwarding of both families
 * @veth: the session
 * @ifindex: the host end, ours
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int forwarding_set(struct veth *veth, int ifindex, const struct veth_spec *spec,
			  struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	int r;

	message_link_set(&batch, "set forwarding", ifindex, 0, 0);
	message_put_forwarding(&batch, spec);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	return r == 0 && spec_wants_v6(spec) ? forwarding_v6_write(spec, e) : r;
}

/**
 * veth_set_forwarding - let packets from a container be forwarded, or not
 * @veth: the session
 * @spec: says which; borrowed
 * @e: names the link and the container
 *
 * Returns 1, 0 when there is no cable, -EEXIST when the link is somebody else's, or another -errno.
 */
int veth_set_forwarding(struct veth *veth, const struct veth_spec *spec, struct error *e)
{
	struct link link;
	int r = link_find(veth, spec->link, 0, NULL, &link, e);

	if (r == 0)
		return 0;
	if (r > 0 && !link_is_ours(&link, spec))
		return link_refuse(&link, spec, e);
	if (r > 0)
		r = forwarding_set(veth, link.ifindex, spec, e);
	if (r < 0)
		return error_wrap(e, r, "link %s of container %s", spec->link, spec->container);
	return 1;
}
