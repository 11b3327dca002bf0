/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "container/watch/watcher.h"

/**
 * outlook_index - which of the external links it is
 * @outlook: borrowed
 * @link: its name, borrowed
 *
 * Returns its index, or n_external.
 */
static size_t outlook_index(const struct outlook *outlook, const char *link)
{
	size_t i = 0;

	while (i < outlook->n_external && strcmp(outlook->external[i], link) != 0)
		i++;
	return i;
}

/**
 * external_is_there - whether there is an external link
 * @network: the session
 * @link: its name, or with a "*" behind it the beginning of the names of any number, borrowed
 * @e: filled on failure
 *
 * Returns 1, also for any number of them, 0, or -errno.
 */
static int external_is_there(struct network *network, const char *link, struct error *e)
{
	uint32_t mtu;

	return strchr(link, '*') ? 1 : veth_link_mtu(network->host.veth, link, &mtu, e);
}

/**
 * outlook_read - the way outside as it is now
 * @network: the session, which has looked; its nat_spec has "auto" resolved
 * @ret_outlook: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int outlook_read(struct network *network, struct outlook *ret_outlook, struct error *e)
{
	const struct host *host = &network->host;
	struct outlook now = { .known = true, .routed = !host->unresolved };
	int r = 0;

	now.mtu = host->uplink_v4.ifindex ? host->uplink_v4.mtu : host->uplink_v6.mtu;
	now.n_external = host->nat.n_external;
	for (size_t i = 0; i < now.n_external && r >= 0; i++) {
		memcpy(now.external[i], host->nat.external[i], IFNAMSIZ);
		r = external_is_there(network, now.external[i], e);
		now.there[i] = r > 0;
	}
	if (r < 0)
		return r;
	*ret_outlook = now;
	return 0;
}

/**
 * externals_format - name the external links
 * @outlook: borrowed
 * @text: filled
 * @size: room there; what does not fit is left out
 *
 * Returns @text.
 */
static const char *externals_format(const struct outlook *outlook, char *text, size_t size)
{
	size_t length = 0;

	(void)snprintf(text, size, "%s", outlook->n_external ? "" : "none");
	for (size_t i = 0; i < outlook->n_external && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "",
					   outlook->external[i]);
	return text;
}

/**
 * externals_same - whether the same links are external
 * @a, @b: borrowed
 */
static bool externals_same(const struct outlook *a, const struct outlook *b)
{
	size_t i = 0;

	while (i < a->n_external && outlook_index(b, a->external[i]) < b->n_external)
		i++;
	return i == a->n_external && a->n_external == b->n_external;
}

/**
 * tell_links - say what became of each external link
 * @was, @is: the outlook, borrowed
 * @changes: which links have another name, borrowed
 */
static void tell_links(const struct outlook *was, const struct outlook *is,
		       const struct veth_changes *changes)
{
	for (size_t i = 0; i < is->n_external; i++) {
		size_t before = outlook_index(was, is->external[i]);
		bool there = before == was->n_external || was->there[before];

		if (there && !is->there[i])
			log_warning("external link %s is not there: no container gets out "
				    "through it",
				    is->external[i]);
		if (!there && is->there[i])
			log_notice("external link %s is there again", is->external[i]);
	}
	for (size_t i = 0; i < changes->n_renamed; i++)
		if (outlook_index(was, changes->renamed[i].from) < was->n_external)
			log_warning("external link %s is called %s now", changes->renamed[i].from,
				    changes->renamed[i].to);
}

/**
 * tell_way - say which way leads outside now
 * @was, @is: the outlook, borrowed
 */
static void tell_way(const struct outlook *was, const struct outlook *is)
{
	char before[128], now[128];

	if (was->routed && !is->routed)
		log_warning("there is no default route now: external links stay as they are");
	if (!was->routed && is->routed)
		log_notice("there is a default route again");
	if (!externals_same(was, is))
		log_notice("external links: %s, in place of %s",
			   externals_format(is, now, sizeof(now)),
			   externals_format(was, before, sizeof(before)));
	if (is->mtu && was->mtu && is->mtu != was->mtu)
		log_notice("the uplink has an MTU of %u now, in place of %u: cables follow",
			   is->mtu, was->mtu);
}

/**
 * outlook_follow - say what has changed about the way outside, and have the cables follow
 * @w: the watcher
 * @network: a session that has looked at the host and put the rules back
 * @e: filled on failure
 *
 * While there is no uplink, cables keep the MTU of the last one.
 *
 * Returns 0 or -errno.
 */
int outlook_follow(struct watcher *w, struct network *network, struct error *e)
{
	static const struct outlook nothing;
	const struct outlook *was = w->outlook.known ? &w->outlook : &nothing;
	struct outlook now;
	int r = outlook_read(network, &now, e);

	if (r < 0)
		return r;
	tell_links(was, &now, &w->links);
	if (was->known)
		tell_way(was, &now);
	if (!now.mtu)
		now.mtu = was->mtu;
	if (w->links.mtu || (was->known && now.mtu != was->mtu)) {
		if (!w->links.many && !w->links.n_touched)
			w->links_since = pace_now();
		w->links.many = true;
	}
	w->outlook = now;
	return 0;
}
