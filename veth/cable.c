/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/cable.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/netns.h"
#include "veth/message.h"

/**
 * veth_open - begin a session in the namespace of the calling thread
 * @ret_veth: the session; the caller ends with veth_close()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int veth_open(struct veth **ret_veth, struct error *e)
{
	_cleanup_(veth_closep) struct veth *veth = calloc(1, sizeof(*veth));
	int r;

	if (!veth)
		return error_errno(e, ENOMEM, "cannot open a session with the network");
	veth->home_fd = -1;
	r = rtnl_open(&veth->rtnl, e);
	if (r < 0)
		return r;
	*ret_veth = TAKE_PTR(veth);
	return 0;
}

/**
 * veth_close - end a session
 * @veth: taken; NULL is ignored
 */
void veth_close(struct veth *veth)
{
	if (!veth)
		return;
	rtnl_deinit(&veth->rtnl);
	fd_closep(&veth->home_fd);
	free(veth->removed.ifindexes);
	free(veth);
}

/**
 * veth_closep - veth_close() for _cleanup_()
 * @veth: what it points at is taken
 */
void veth_closep(struct veth **veth)
{
	veth_close(*veth);
	*veth = NULL;
}

/**
 * inside_open - open a rtnetlink socket that belongs to the container's namespace
 * @veth: the session
 * @ns_fd: the namespace, borrowed
 * @ret_rtnl: the socket; the caller ends with rtnl_deinit()
 * @e: filled on failure
 *
 * Returns 0 or -errno, back in the host's namespace either way.
 */
int inside_open(struct veth *veth, int ns_fd, struct rtnl *ret_rtnl, struct error *e)
{
	int r = 0;

	if (veth->home_fd < 0)
		r = netns_current(&veth->home_fd, e);
	if (r == 0)
		r = netns_enter(ns_fd, e);
	if (r < 0)
		return r;
	r = rtnl_open(ret_rtnl, e);
	netns_leave(veth->home_fd);
	return r;
}

/**
 * tag_format - the alias by which a host end is known to be ours
 * @spec: borrowed
 * @tag: the caller's buffer
 */
void tag_format(const struct veth_spec *spec, char tag[LINK_ALIAS_MAX])
{
	(void)snprintf(tag, LINK_ALIAS_MAX, TAG_PREFIX "%s", spec->container);
}

/**
 * link_owner - whose cable a link is, by its tag
 * @link: as it was read, borrowed
 * @container: filled; "" when it is nobody's, as one is that has been retired
 *
 * Returns whether it is somebody's.
 */
bool link_owner(const struct link *link, char container[VETH_NAME_MAX])
{
	const size_t length = strlen(TAG_PREFIX);

	container[0] = '\0';
	if (strcmp(link->kind, "veth") != 0 || strncmp(link->alias, TAG_PREFIX, length) != 0 ||
	    strlen(link->alias) - length >= VETH_NAME_MAX ||
	    strncmp(link->name, RETIRED_PREFIX, strlen(RETIRED_PREFIX)) == 0)
		return false;
	memcpy(container, link->alias + length, strlen(link->alias) - length + 1);
	return true;
}

/**
 * link_is_ours - whether a link is the host end of this container's cable
 * @link: as it was read, borrowed
 * @spec: borrowed
 *
 * The tag says so; the MAC does where a run was killed before it had set the tag.
 */
bool link_is_ours(const struct link *link, const struct veth_spec *spec)
{
	char tag[LINK_ALIAS_MAX];

	tag_format(spec, tag);
	return strcmp(link->kind, "veth") == 0 &&
	       (strcmp(link->alias, tag) == 0 ||
		(mac_is_set(&spec->host_mac) && mac_equal(&link->mac, &spec->host_mac)));
}

/**
 * link_refuse - say that a link is somebody else's
 * @link: as it was read, borrowed
 * @spec: borrowed
 * @e: filled
 *
 * Returns -EEXIST with class ERROR_CONFLICT.
 */
int link_refuse(const struct link *link, const struct veth_spec *spec, struct error *e)
{
	const char *kind = link->kind[0] ? link->kind : "device without a kind";
	int r = error_set(e, ERROR_CONFLICT, EEXIST,
			  "link %s is not that of container %s: it is a %s%s%s%s", spec->link,
			  spec->container, kind, link->alias[0] ? " with the alias '" : "",
			  link->alias, link->alias[0] ? "'" : " without an alias");

	return error_remedy(e, r, "remove or rename it: ip link delete %s", link->name);
}

/**
 * link_find - look at one link of the host
 * @veth: the session
 * @name: its name, borrowed; NULL to ask by number
 * @ifindex: its number
 * @altname: the alternative name to look for on it, borrowed; NULL for none
 * @ret_link: the link, with ifindex 0 when there is none
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
int link_find(struct veth *veth, const char *name, int ifindex, const char *altname,
	      struct link *ret_link, struct error *e)
{
	_cleanup_(batch_deinit) struct batch batch = { 0 };
	struct link link;
	const struct answer answer = { link_take, altname, &link, sizeof(link) };
	int r;

	message_link_get(&batch, name, ifindex, &answer);
	batch_put_u32(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS); /* four fifths of it */
	r = rtnl_exchange(&veth->rtnl, &batch, e);
	if (r < 0)
		return r;
	*ret_link = link;
	return link.ifindex > 0;
}

/**
 * spec_is_paired - whether a pair of addresses makes a point-to-point link
 * @spec: borrowed
 * @pair: one of its pairs
 *
 * On a bridge the host's address is a gateway that sits elsewhere.
 */
bool spec_is_paired(const struct veth_spec *spec, const struct veth_pair *pair)
{
	return !spec->bridge[0] && addr_is_set(&pair->host) && addr_is_set(&pair->local.addr);
}

/**
 * spec_wants_v6 - whether the host end speaks IPv6
 * @spec: borrowed
 *
 * A bridge's port does not: it is the bridge that has the addresses.
 */
bool spec_wants_v6(const struct veth_spec *spec)
{
	return !spec->bridge[0] && addr_is_set(&spec->v6.local.addr);
}

/**
 * spec_is_judged - whether all that comes out of the container has to have the MAC of its end
 * @spec: borrowed
 *
 * On a bridge the rules for bridges see to that.
 */
bool spec_is_judged(const struct veth_spec *spec)
{
	return spec->sealed && !spec->bridge[0] && mac_is_set(&spec->local_mac);
}

/**
 * spec_parts - what there is to set on a pair that has just been made
 * @spec: borrowed
 *
 * MACs, MTU and bridge came with it.
 */
unsigned spec_parts(const struct veth_spec *spec)
{
	unsigned parts = PART_TAG | PART_SWITCHES_V4 | PART_SWITCHES_V6 | PART_HOST_UP |
			 PART_LOOPBACK | PART_LOCAL_UP;

	if (spec->altname[0])
		parts |= PART_ALTNAME;
	if (spec->guarded)
		parts |= PART_GUARD;
	if (spec_is_judged(spec))
		parts |= PART_GROUP;
	if (spec_is_paired(spec, &spec->v4))
		parts |= PART_HOST_V4 | PART_KNOWN_V4;
	if (spec_is_paired(spec, &spec->v6))
		parts |= PART_HOST_V6 | PART_KNOWN_V6;
	if (addr_is_set(&spec->v4.local.addr))
		parts |= PART_LOCAL_V4 | (addr_is_set(&spec->v4.host) ? PART_ROUTE_V4 : 0);
	if (addr_is_set(&spec->v6.local.addr))
		parts |= PART_LOCAL_V6 | (addr_is_set(&spec->v6.host) ? PART_ROUTE_V6 : 0);
	return parts;
}
