/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "veth/cable.h"
#include "veth/message.h"

/*
 * Theory of operation
 *
 * Links beside the cable are few and rare, so that each is looked at before anything is done, and
 * nothing of this is in the way of a container that has none.
 *
 * A moved link is where it is: found inside, it has been moved. It is taken back before the namespace
 * goes, because the kernel would put it into the first namespace of all under a name of its choice.
 * One that sits on a link of the host is known by its kind, a cable by the tag on its host end.
 */

/* What is there under the two names of a link. */
struct sight {
	struct rtnl inside; /* a socket in the namespace */
	struct link host;   /* ifindex 0: there is none */
	struct link within; /* the same */
};

/**
 * sight_deinit - end what sight_take() began
 * @sight: not usable afterwards
 */
static void sight_deinit(struct sight *sight)
{
	rtnl_deinit(&sight->inside);
}

/**
 * sight_take - look at both sides
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @extra: borrowed
 * @ret_sight: the caller ends with sight_deinit(), also after a failure
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int sight_take(struct veth *veth, int ns_fd, const struct veth_extra *extra,
		      struct sight *ret_sight, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	const struct answer answer = { link_take, NULL, &ret_sight->within,
				       sizeof(ret_sight->within) };
	int r = link_find(veth, extra->link, 0, NULL, &ret_sight->host, e);

	if (r >= 0)
		r = inside_open(veth, ns_fd, &ret_sight->inside, e);
	if (r < 0)
		return r;
	message_link_get(&batch, extra->inside, 0, &answer);
	return rtnl_exchange(&ret_sight->inside, &batch, e);
}

/**
 * refuse - say that a link is in the way
 * @extra: borrowed
 * @name: of the link, borrowed
 * @where: "on the host" or "inside"
 * @e: filled
 *
 * Returns -EEXIST (ERROR_CONFLICT).
 */
static int refuse(const struct veth_extra *extra, const char *name, const char *where,
		  struct error *e)
{
	int r = error_set(e, ERROR_CONFLICT, EEXIST, "there is a link %s %s that is not ours", name,
			  where);

	return error_remedy(e, r, "remove or rename it, or take %s out of the definition",
			    extra->link);
}

/**
 * link_move - move a link into another namespace
 * @rtnl: a socket where it is
 * @ifindex: its number there
 * @ns_fd: where to, borrowed
 * @name: what it is called there, borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int link_move(struct rtnl *rtnl, int ifindex, int ns_fd, const char *name, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	int r;

	message_link_set(&batch, "move the link", ifindex, 0, 0);
	batch_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	batch_put_text(&batch, IFLA_IFNAME, name);
	r = rtnl_exchange(rtnl, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * absent - say that a link of the host is not there
 * @name: borrowed
 * @e: filled
 *
 * Returns -ENODEV.
 */
static int absent(const char *name, struct error *e)
{
	return error_set(e, ERROR_FAILED, ENODEV, "link %s does not exist", name);
}

/**
 * moved_ensure - have a link of the host inside
 * @veth, @ns_fd, @extra, @e: as for veth_extra_ensure()
 * @sight: what there is
 *
 * Returns 1, 0 when it is there, or -errno.
 */
static int moved_ensure(struct veth *veth, int ns_fd, const struct veth_extra *extra,
			const struct sight *sight, struct error *e)
{
	if (sight->within.ifindex && sight->host.ifindex)
		return refuse(extra, extra->inside, "inside", e);
	if (sight->within.ifindex)
		return 0;
	if (!sight->host.ifindex)
		return absent(extra->link, e);
	return link_move(&veth->rtnl, sight->host.ifindex, ns_fd, extra->inside, e);
}

/**
 * stacked_kind - what the kernel calls a link that sits on one of the host
 * @extra: of one of these kinds, borrowed
 */
static const char *stacked_kind(const struct veth_extra *extra)
{
	return extra->kind == VETH_EXTRA_MACVLAN ? "macvlan" : "ipvlan";
}

/**
 * stacked_ensure - have a link inside that sits on one of the host
 * @veth, @ns_fd, @extra, @e: as for veth_extra_ensure()
 * @sight: what there is
 *
 * Returns 1, 0 when it is there, or -errno.
 */
static int stacked_ensure(struct veth *veth, int ns_fd, const struct veth_extra *extra,
			  const struct sight *sight, struct error *e)
{
	static const struct ifinfomsg header;
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	bool macvlan = extra->kind == VETH_EXTRA_MACVLAN;
	const char *kind = stacked_kind(extra);
	const uint16_t flat = IPVLAN_MODE_L2;
	struct nlattr *info, *data;
	int r;

	if (sight->within.ifindex)
		return strcmp(sight->within.kind, kind) == 0
			       ? 0
			       : refuse(extra, extra->inside, "inside", e);
	if (!sight->host.ifindex)
		return absent(extra->link, e);
	batch_begin(&batch, "make the link", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header,
		    sizeof(header));
	batch_put_text(&batch, IFLA_IFNAME, extra->inside);
	batch_put_u32(&batch, IFLA_LINK, (uint32_t)sight->host.ifindex);
	batch_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	if (macvlan && mac_is_set(&extra->mac))
		batch_put(&batch, IFLA_ADDRESS, extra->mac.bytes, sizeof(extra->mac.bytes));
	info = batch_nest(&batch, IFLA_LINKINFO);
	batch_put_text(&batch, IFLA_INFO_KIND, kind);
	data = batch_nest(&batch, IFLA_INFO_DATA);
	if (macvlan)
		batch_put_u32(&batch, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	else
		batch_put(&batch, IFLA_IPVLAN_MODE, &flat, sizeof(flat));
	batch_nest_end(&batch, data);
	batch_nest_end(&batch, info);
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * spec_of - a cable beside the main one as the rest of this folder describes cables
 * @container: its name, borrowed
 * @extra: borrowed
 */
static struct veth_spec spec_of(const char *container, const struct veth_extra *extra)
{
	struct veth_spec spec = { .v4 = extra->v4, .v6 = extra->v6 };

	(void)snprintf(spec.container, sizeof(spec.container), "%s", container);
	memcpy(spec.link, extra->link, sizeof(spec.link));
	memcpy(spec.bridge, extra->bridge, sizeof(spec.bridge));
	return spec;
}

/**
 * cable_make - make the pair
 * @veth, @ns_fd, @extra, @e: as for veth_extra_ensure()
 *
 * Returns 0 or -errno.
 */
static int cable_make(struct veth *veth, int ns_fd, const struct veth_extra *extra, struct error *e)
{
	static const struct ifinfomsg header;
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct nlattr *info, *data, *peer;

	batch_begin(&batch, "make the pair", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header,
		    sizeof(header));
	batch_put_text(&batch, IFLA_IFNAME, extra->link);
	info = batch_nest(&batch, IFLA_LINKINFO);
	batch_put_text(&batch, IFLA_INFO_KIND, "veth");
	data = batch_nest(&batch, IFLA_INFO_DATA);
	peer = batch_nest_header(&batch, VETH_INFO_PEER, &header, sizeof(header));
	batch_put_text(&batch, IFLA_IFNAME, extra->inside);
	batch_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	if (mac_is_set(&extra->mac))
		batch_put(&batch, IFLA_ADDRESS, extra->mac.bytes, sizeof(extra->mac.bytes));
	batch_nest_end(&batch, peer);
	batch_nest_end(&batch, data);
	batch_nest_end(&batch, info);
	return rtnl_exchange(&veth->rtnl, &batch, e);
}

/**
 * add_end - one end's address and route of one family
 * @batch: changed
 * @ifindex: the end
 * @address: of this end, or none
 * @peer: of the other end, or none
 * @length: of the network both are in
 *
 * Two lone addresses are each other's peer, and with one end's address alone the other end still has
 * a route to it, as NixOS makes it.
 */
static void add_end(struct batch *batch, int ifindex, const struct addr *address,
		    const struct addr *peer, uint8_t length)
{
	static const struct addr none;
	uint8_t bits = addr_bits(address);
	bool alone = length == 0 || length == bits; /* 0: the inner end has no address */
	const struct prefix local = { .addr = *address, .length = alone ? bits : length };

	if (addr_is_set(address))
		message_address_add(batch, "set an address", ifindex, &local, alone ? peer : &none);
	else if (addr_is_set(peer))
		message_route_link(batch, ifindex, peer);
}

/**
 * cable_furnish - set all there is to set on both ends
 * @veth, @container, @extra, @e: as for veth_extra_ensure()
 * @sight: both ends
 *
 * Returns 0 or -errno.
 */
static int cable_furnish(struct veth *veth, const char *container, const struct veth_extra *extra,
			 struct sight *sight, struct error *e)
{
	_cleanup_(batch_deinit) struct batch host = { 0 }, inside = { 0 };
	const struct veth_spec spec = spec_of(container, extra);
	int outer = sight->host.ifindex, inner = sight->within.ifindex, bridge = 0, r;
	static const struct addr none;
	char tag[LINK_ALIAS_MAX];

	r = bridge_find(veth, &spec, &bridge, e);
	if (r < 0)
		return r;
	tag_format(&spec, tag);
	message_link_set(&host, "set the host end up", outer, IFF_UP, IFF_UP);
	batch_put_text(&host, IFLA_IFALIAS, tag);
	if (bridge)
		batch_put_u32(&host, IFLA_MASTER, (uint32_t)bridge);
	message_link_set(&inside, "set the inner end up", inner, IFF_UP, IFF_UP);
	if (!bridge) {
		add_end(&host, outer, &extra->v4.host, &extra->v4.local.addr,
			extra->v4.local.length);
		add_end(&host, outer, &extra->v6.host, &extra->v6.local.addr,
			extra->v6.local.length);
	}
	add_end(&inside, inner, &extra->v4.local.addr, bridge ? &none : &extra->v4.host,
		extra->v4.local.length);
	add_end(&inside, inner, &extra->v6.local.addr, bridge ? &none : &extra->v6.host,
		extra->v6.local.length);
	r = rtnl_exchange(&veth->rtnl, &host, e);
	return r < 0 ? r : rtnl_exchange(&sight->inside, &inside, e);
}

/**
 * pair_ensure - have one more cable
 * @veth, @ns_fd, @container, @extra, @e: as for veth_extra_ensure()
 * @sight: what there is
 *
 * What a killed run has made has no tag yet; its other end is inside.
 *
 * Returns 1, 0 when it is there, or -errno.
 */
static int pair_ensure(struct veth *veth, int ns_fd, const char *container,
		       const struct veth_extra *extra, struct sight *sight, struct error *e)
{
	const struct veth_spec spec = spec_of(container, extra);
	const struct link *host = &sight->host;
	bool whole = strcmp(host->kind, "veth") == 0 && sight->within.ifindex &&
		     host->peer == sight->within.ifindex && host->peer_ns >= 0;
	bool done = whole && link_is_ours(host, &spec) && host->up && sight->within.up;
	int r = 0;

	if (host->ifindex && !whole && !link_is_ours(host, &spec))
		return refuse(extra, extra->link, "on the host", e);
	if (host->ifindex && !whole)
		r = link_retire(veth, host, &spec, e);
	if (r >= 0 && !whole && sight->within.ifindex)
		return refuse(extra, extra->inside, "inside", e);
	if (r >= 0 && !whole)
		r = cable_make(veth, ns_fd, extra, e);
	if (r >= 0 && !whole) {
		sight_deinit(sight);
		r = sight_take(veth, ns_fd, extra, sight, e);
	}
	if (r >= 0)
		r = cable_furnish(veth, container, extra, sight, e);
	return r < 0 ? r : !done;
}

/**
 * veth_extra_ensure - have a link beside the cable
 * @veth: the session
 * @ns_fd: the container's namespace, borrowed
 * @container: its name, borrowed
 * @extra: borrowed
 * @e: names the link and the container
 *
 * Returns 1, 0 when it is there, or -errno as veth.h says.
 */
int veth_extra_ensure(struct veth *veth, int ns_fd, const char *container,
		      const struct veth_extra *extra, struct error *e)
{
	_cleanup_(sight_deinit) struct sight sight = { 0 };
	int r = sight_take(veth, ns_fd, extra, &sight, e);

	if (r >= 0) {
		switch (extra->kind) {
		case VETH_EXTRA_MOVED:
			r = moved_ensure(veth, ns_fd, extra, &sight, e);
			break;
		case VETH_EXTRA_MACVLAN:
		case VETH_EXTRA_IPVLAN:
			r = stacked_ensure(veth, ns_fd, extra, &sight, e);
			break;
		case VETH_EXTRA_CABLE:
			r = pair_ensure(veth, ns_fd, container, extra, &sight, e);
			break;
		}
	}
	return r < 0 ? error_wrap(e, r, "link %s for container %s", extra->link, container) : r;
}

/**
 * retire - take a cable away
 * @veth: the session
 * @host: its host end, ours
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int retire(struct veth *veth, const struct link *host, const struct veth_spec *spec,
		  struct error *e)
{
	int r = link_retire(veth, host, spec, e);

	return r < 0 ? r : 1;
}

/**
 * moved_remove - have a moved link back on the host
 * @veth, @extra, @e: as for veth_extra_ensure()
 * @sight: what there is
 *
 * Returns 1, 0 when it is not inside, or -errno.
 */
static int moved_remove(struct veth *veth, const struct veth_extra *extra, struct sight *sight,
			struct error *e)
{
	if (!sight->within.ifindex || sight->host.ifindex)
		return 0;
	return link_move(&sight->inside, sight->within.ifindex, veth->home_fd, extra->link, e);
}

/**
 * veth_extra_remove - be without a link beside the cable
 * @veth, @ns_fd, @container, @extra, @e: as for veth_extra_ensure()
 *
 * What is somebody else's is left alone.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int veth_extra_remove(struct veth *veth, int ns_fd, const char *container,
		      const struct veth_extra *extra, struct error *e)
{
	_cleanup_(sight_deinit) struct sight sight = { 0 };
	const struct veth_spec spec = spec_of(container, extra);
	int r = sight_take(veth, ns_fd, extra, &sight, e);

	if (r >= 0 && extra->kind == VETH_EXTRA_MOVED)
		r = moved_remove(veth, extra, &sight, e);
	else if (r >= 0 && extra->kind == VETH_EXTRA_CABLE && sight.host.ifindex &&
		 link_is_ours(&sight.host, &spec))
		r = retire(veth, &sight.host, &spec, e);
	return r < 0 ? error_wrap(e, r, "link %s of container %s", extra->link, container) : r;
}

/**
 * link_delete - have the kernel delete a link, and wait until it has
 * @rtnl: a socket where it is
 * @ifindex: its number there
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int link_delete(struct rtnl *rtnl, int ifindex, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	int r;

	message_link_delete(&batch, "delete the link", ifindex);
	r = rtnl_exchange(rtnl, &batch, e);
	return r < 0 ? r : 1;
}

/**
 * veth_extra_withdraw - be without a link beside the cable in a namespace that stays
 * @veth, @ns_fd, @container, @extra, @e: as for veth_extra_ensure()
 *
 * What is somebody else's is left alone.
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int veth_extra_withdraw(struct veth *veth, int ns_fd, const char *container,
			const struct veth_extra *extra, struct error *e)
{
	_cleanup_(sight_deinit) struct sight sight = { 0 };
	const struct veth_spec spec = spec_of(container, extra);
	int r = sight_take(veth, ns_fd, extra, &sight, e);

	if (r >= 0) {
		switch (extra->kind) {
		case VETH_EXTRA_MOVED:
			r = moved_remove(veth, extra, &sight, e);
			break;
		case VETH_EXTRA_MACVLAN:
		case VETH_EXTRA_IPVLAN:
			if (sight.within.ifindex &&
			    strcmp(sight.within.kind, stacked_kind(extra)) == 0)
				r = link_delete(&sight.inside, sight.within.ifindex, e);
			break;
		case VETH_EXTRA_CABLE:
			if (sight.host.ifindex && link_is_ours(&sight.host, &spec))
				r = link_delete(&veth->rtnl, sight.host.ifindex, e);
			break;
		}
	}
	return r < 0 ? error_wrap(e, r, "link %s of container %s", extra->link, container) : r;
}

/**
 * veth_loopback_up - set the loopback of a namespace up
 * @veth: the session
 * @ns_fd: the namespace, borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was, or -errno.
 */
int veth_loopback_up(struct veth *veth, int ns_fd, struct error *e)
{
	_cleanup_(rtnl_deinit) struct rtnl rtnl = { 0 };
	_cleanup_(batch_deinit) struct batch batch = { 0 }, get = { 0 };
	struct link loopback;
	const struct answer answer = { link_take, NULL, &loopback, sizeof(loopback) };
	int r = inside_open(veth, ns_fd, &rtnl, e);

	if (r < 0)
		return r;
	message_link_get(&get, NULL, LOOPBACK_IFINDEX, &answer);
	r = rtnl_exchange(&rtnl, &get, e);
	if (r < 0 || loopback.up)
		return r;
	message_link_set(&batch, "set the loopback up", LOOPBACK_IFINDEX, IFF_UP, IFF_UP);
	r = rtnl_exchange(&rtnl, &batch, e);
	return r < 0 ? r : 1;
}
