/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "veth/cable.h"
#include "veth/message.h"

/*
 * Theory of operation
 *
 * A pair is made without looking first. If the kernel says that something exists, it is one of
 *
 *	our cable, into this namespace: compared with what it should be, and mended
 *	our cable, into another: retired, as on removal; then once more from the start
 *	an eth0 in the namespace whose other end is ours under another name, retired or made before
 *		the container was put on a bridge or taken off it: deleted; once more
 *	anything else: somebody else's, refused by name
 *
 * So a run may be killed after any request, and the next one takes up where it stopped.
 */

#define ATTEMPTS 4 /* each takes one obstacle away; there are two kinds of them */

/**
 * inside_find - the link named eth0 in the container's namespace
 * @veth: the session
 * @ns_fd: the namespace, borrowed
 * @ret_link: the link, with ifindex 0 when there is none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int inside_find(struct veth *veth, int ns_fd, struct link *ret_link, struct error *e)
{
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct answer answer = { link_take, NULL, ret_link, sizeof(*ret_link) };
	int r = inside_open(veth, ns_fd, &rtnl, e);

	if (r < 0)
		return r;
	message_link_get(&batch, VETH_INSIDE, 0, &answer);
	return rtnl_exchange(&rtnl, &batch, e);
}

/**
 * inside_clear - delete the eth0 of a cable of this container that is called otherwise
 * @veth: the session
 * @ns_fd: the namespace, borrowed
 * @spec: borrowed
 * @e: names the container
 *
 * Returns 0, -EEXIST when there is an eth0 of another origin, or another -errno.
 */
static int inside_clear(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct link inside, outside;
	int r = inside_find(veth, ns_fd, &inside, e);

	if (r < 0 || inside.ifindex == 0)
		return r;
	r = link_find(veth, NULL, inside.peer, NULL, &outside, e);
	if (r < 0)
		return r;
	if (r == 0 || !link_is_ours(&outside, spec) || outside.peer != inside.ifindex) {
		r = error_set(e, ERROR_CONFLICT, EEXIST,
			      "the namespace of container %s has an " VETH_INSIDE
			      " that is not ours: a %s",
			      spec->container, inside.kind[0] ? inside.kind : "device");
		return error_remedy(e, r,
				    "remove or rename it inside: ip link delete " VETH_INSIDE);
	}
	message_link_delete(&batch, "delete the old cable", outside.ifindex);
	return rtnl_exchange(&veth->rtnl, &batch, e);
}

/**
 * cable_adopt - deal with what is in the place of a new cable
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 when it is the right cable, 2 when it is and has been mended, 1 when the place has been
 * cleared, or -errno.
 */
static int cable_adopt(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct error *e)
{
	struct veth_drift drift;
	struct cable cable;
	unsigned parts;
	int r = cable_read(veth, ns_fd, spec, &cable, e);

	if (r < 0)
		return r;
	if (r > 0 && !cable.ours)
		return link_refuse(&cable.host, spec, e);
	if (r == 0 || !cable.inside) {
		r = r == 0 ? inside_clear(veth, ns_fd, spec, e)
			   : link_retire(veth, &cable.host, spec, e);
		return r < 0 ? r : 1;
	}
	parts = cable_compare(spec, &cable.state, &drift);
	if (parts == 0)
		return 0;
	for (size_t i = 0; i < drift.count; i++)
		log_info("container %s: %s", spec->container, drift.line[i]);
	r = cable_mend(veth, ns_fd, spec, &cable.state, parts, e);
	return r < 0 ? r : 2;
}

/**
 * cable_complete - set all there is to set on a new pair, or unmake it
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @spec: borrowed
 * @state: from cable_create()
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int cable_complete(struct veth *veth, int ns_fd, const struct veth_spec *spec,
			  const struct veth_state *state, struct error *e)
{
	_cleanup_(batch_deinit) struct batch undo = { 0 };
	int r = cable_mend(veth, ns_fd, spec, state, spec_parts(spec), e);

	if (r == 0)
		return 1;
	message_link_delete(&undo, "unmake the pair", state->host.ifindex);
	(void)rtnl_exchange(&veth->rtnl, &undo, NULL); /* *e says what counts */
	return r;
}

/**
 * cable_ensure - make a cable, or make it right
 * @veth, @ns_fd, @spec, @e: as for veth_ensure()
 *
 * Returns as veth_ensure().
 */
static int cable_ensure(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct error *e)
{
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct veth_state state;
		int r = cable_create(veth, ns_fd, spec, &state, e);

		if (r > 0)
			return cable_complete(veth, ns_fd, spec, &state, e);
		if (r == 0)
			r = cable_adopt(veth, ns_fd, spec, e);
		if (r != 1)
			return r;
	}
	return error_errno(e, EBUSY, "something else takes its place again and again");
}

/**
 * veth_ensure - make a cable, or make it right
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @spec: what it should be, borrowed
 * @e: names the link and the container
 *
 * Returns 1 when it was made, 2 when it was there and has been mended, 0 when it was right already,
 * or -errno as veth.h says.
 */
int veth_ensure(struct veth *veth, int ns_fd, const struct veth_spec *spec, struct error *e)
{
	int r = cable_ensure(veth, ns_fd, spec, e);

	/* A conflict names the link already. */
	if (r < 0 && r != -EEXIST)
		return error_wrap(e, r, "link %s of container %s", spec->link, spec->container);
	return r;
}
