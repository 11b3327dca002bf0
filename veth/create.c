/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "veth/cable.h"
#include "veth/message.h"

/**
 * bridge_find - the bridge the host end is to be a port of
 * @veth: the session
 * @spec: borrowed
 * @ret_ifindex: the bridge, 0 when none is asked for
 * @e: names the bridge
 *
 * Returns 0, -ENODEV when there is none, -ENOTSUP when it is something else, or another -errno.
 */
int bridge_find(struct veth *veth, const struct veth_spec *spec, int *ret_ifindex, struct error *e)
{
	char near[IFNAMSIZ];
	struct link bridge;
	int r;

	if (!spec->bridge[0]) {
		*ret_ifindex = 0;
		return 0;
	}
	r = link_find(veth, spec->bridge, 0, NULL, &bridge, e);
	if (r < 0)
		return error_wrap(e, r, "bridge %s", spec->bridge);
	if (r == 0) {
		if (suggestion_link(spec->bridge, near))
			return error_set(e, ERROR_FAILED, ENODEV,
					 "bridge %s does not exist; did you mean '%s'?",
					 spec->bridge, near);
		r = error_set(e, ERROR_FAILED, ENODEV, "bridge %s does not exist", spec->bridge);
		return error_remedy(e, r, "create it: ip link add %s type bridge", spec->bridge);
	}
	if (strcmp(bridge.kind, "bridge") != 0)
		return error_set(e, ERROR_FAILED, ENOTSUP,
				 "%s, the bridge of container %s, is not a bridge but a %s",
				 spec->bridge, spec->container,
				 bridge.kind[0] ? bridge.kind : "device without a kind");
	*ret_ifindex = bridge.ifindex;
	return 0;
}

/**
 * cable_create - make a pair, unless something is in its place
 * @veth: the session
 * @ns_fd: where the container's end is born, borrowed
 * @spec: borrowed
 * @ret_state: the new cable, of which only the ifindexes are known
 * @e: names the container and the bridge
 *
 * Nobody looks before: in the usual case the place is free. Kernels before 6.2 do not echo what
 * they have made and are asked for it.
 *
 * Returns 1, 0 when a link of that name or an eth0 inside exists, or -errno.
 */
int cable_create(struct veth *veth, int ns_fd, const struct veth_spec *spec,
		 struct veth_state *ret_state, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct link link;
	const struct answer echo = { link_take, NULL, &link, sizeof(link) };
	int master, r;

	r = bridge_find(veth, spec, &master, e);
	if (r < 0)
		return r;
	message_pair_create(&batch, spec, ns_fd, master, &echo);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	if (r < 0)
		return r;
	if (batch.requests[0].number == EEXIST)
		return 0;
	if (link.ifindex == 0)
		r = link_find(veth, spec->link, 0, NULL, &link, e);
	if (r < 0)
		return r;
	if (link.ifindex == 0)
		return error_set(e, ERROR_FAILED, ENODEV, "it vanished as soon as it was made");
	*ret_state =
		(struct veth_state){ .host.ifindex = link.ifindex, .local.ifindex = link.peer };
	return 1;
}
