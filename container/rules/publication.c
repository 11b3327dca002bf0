/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netns.h"
#include "container/rules/forward-list.h"
#include "container/rules/host.h"
#include "container/rules/rules.h"

/* What is gathered. */
struct gathering {
	const struct paths *paths;
	struct nat_forwards present; /* in the kernel, sorted */
	bool *seen;                  /* of those, which a definition asks for */
	struct publication *list;    /* one port each at first */
	size_t count, room;
};

/**
 * gathering_deinit - free what was gathered, for _cleanup_()
 * @gathering: not usable afterwards
 */
static void gathering_deinit(struct gathering *gathering)
{
	free(gathering->present.list);
	free(gathering->seen);
	free(gathering->list);
}

/**
 * gathering_add - put one more port behind the others
 * @gathering: changed
 * @forward: copied
 * @state: of it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int gathering_add(struct gathering *gathering, const struct nat_forward *forward,
			 enum publication_state state, struct error *e)
{
	if (gathering->count == gathering->room) {
		size_t room = gathering->room ? 2 * gathering->room : 64;
		void *grown = reallocarray(gathering->list, room, sizeof(*gathering->list));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot list published ports");
		gathering->list = grown;
		gathering->room = room;
	}
	gathering->list[gathering->count++] = (struct publication){
		.first = *forward, .length = 1, .state = state, .traffic = forward->traffic
	};
	return 0;
}

/**
 * gather_wanted - gather the ports that a definition asks for
 * @gathering: changed
 * @wanted: borrowed
 * @attached: whether the container is
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int gather_wanted(struct gathering *gathering, const struct nat_forwards *wanted,
			 bool attached, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->count; i++) {
		struct nat_forward one = wanted->list[i];
		const struct nat_forward *is = forwards_find(&gathering->present, &one);
		bool live = is && strcmp(is->container, one.container) == 0 &&
			    is->to_port == one.to_port && addr_equal(&is->to, &one.to);

		if (live) {
			gathering->seen[is - gathering->present.list] = true;
			one.traffic = is->traffic;
		}
		r = gathering_add(gathering, &one,
				  live       ? PUBLICATION_LIVE
				  : attached ? PUBLICATION_MISSING
					     : PUBLICATION_DETACHED,
				  e);
	}
	return r;
}

/**
 * gather_container - gather the ports of one container
 * @gathering: changed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when there is no such container, or -errno.
 */
static int gather_container(struct gathering *gathering, const char *name, struct error *e)
{
	const struct host host = { .paths = gathering->paths };
	struct nat_forwards wanted = { .count = 0 };
	_cleanup_(fd_closep) int ns = -1;
	struct definition definition;
	struct veth_spec spec;
	char path[PATH_MAX];
	int r = definition_read(gathering->paths, name, &definition, e);

	if (r <= 0 || !definition.ports.count)
		return r;
	r = host_identify(&host, &definition, &spec, e);
	if (r == 0)
		r = forwards_describe(&definition, &spec, &wanted, e);
	if (r == 0)
		r = paths_namespace(gathering->paths, name, path, e);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r >= 0)
		r = gather_wanted(gathering, &wanted, r > 0, e);
	free(wanted.list);
	return r < 0 ? r : 1;
}

/**
 * gather_all - gather the ports of all containers
 * @gathering: changed
 * @e: filled on failure
 *
 * A definition that cannot be read does not keep the others from being listed; the log names it.
 *
 * Returns 0 or -errno.
 */
static int gather_all(struct gathering *gathering, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count = 0;
	int r = definition_names(gathering->paths, &names, &count, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct error broken = ERROR_INIT;

		if (gather_container(gathering, names[i], &broken) < 0)
			log_warning("not listed: %s", broken.text);
	}
	return r < 0 ? r : 0;
}

/**
 * gather_strays - gather the ports that are in the kernel and nowhere else
 * @gathering: changed
 * @name: of the container they are of; NULL: of any
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int gather_strays(struct gathering *gathering, const char *name, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < gathering->present.count; i++) {
		const struct nat_forward *one = &gathering->present.list[i];

		if (!gathering->seen[i] && (!name || strcmp(one->container, name) == 0))
			r = gathering_add(gathering, one, PUBLICATION_STRAY, e);
	}
	return r;
}

/**
 * publication_order - by container, and so that ports in a row stand behind each other; for qsort()
 * @a, @b: the publications
 */
static int publication_order(const void *a, const void *b)
{
	const struct nat_forward *one = &((const struct publication *)a)->first;
	const struct nat_forward *other = &((const struct publication *)b)->first;
	int order = strcmp(one->container, other->container);

	if (order == 0)
		order = one->protocol - other->protocol;
	if (order == 0)
		order = one->to.family - other->to.family;
	if (order == 0)
		order = one->host.family - other->host.family;
	if (order == 0)
		order = memcmp(one->host.bytes, other->host.bytes, sizeof(one->host.bytes));
	if (order == 0)
		order = strcmp(one->host_link, other->host_link);
	return order == 0 ? one->port - other->port : order;
}

/**
 * publication_goes_on - whether a port is the next one of ports in a row
 * @before: the row, borrowed
 * @next: the port, borrowed
 */
static bool publication_goes_on(const struct publication *before, const struct publication *next)
{
	const struct nat_forward *a = &before->first, *b = &next->first;

	return before->state == next->state && strcmp(a->container, b->container) == 0 &&
	       a->protocol == b->protocol && addr_equal(&a->to, &b->to) &&
	       addr_equal(&a->host, &b->host) && strcmp(a->host_link, b->host_link) == 0 &&
	       b->port == a->port + before->length && b->to_port == a->to_port + before->length;
}

/**
 * gathering_join - put ports in a row together
 * @gathering: changed
 */
static void gathering_join(struct gathering *gathering)
{
	size_t left = 0;

	if (gathering->count)
		qsort(gathering->list, gathering->count, sizeof(*gathering->list),
		      publication_order);
	for (size_t i = 0; i < gathering->count; i++) {
		const struct publication *next = &gathering->list[i];
		struct publication *row = left ? &gathering->list[left - 1] : NULL;

		if (row && publication_goes_on(row, next)) {
			row->length++;
			row->traffic.packets += next->traffic.packets;
			row->traffic.bytes += next->traffic.bytes;
		} else {
			gathering->list[left++] = *next;
		}
	}
	gathering->count = left;
}

/**
 * publications_read - read what is published, and what should be
 * @paths: borrowed
 * @name: of one container; NULL: of all
 * @ret_list: by container and port; the caller frees it; NULL when there is nothing
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0, -ENOENT (ERROR_NO_CONTAINER), or another -errno.
 */
int publications_read(const struct paths *paths, const char *name, struct publication **ret_list,
		      size_t *ret_count, struct error *e)
{
	_cleanup_(gathering_deinit) struct gathering gathering = { .paths = paths };
	_cleanup_(nat_closep) struct nat *nat = NULL;
	int r = nat_open(&nat, e);

	if (r == 0)
		r = nat_forwards_read(nat, &gathering.present, e);
	if (r < 0)
		return r;
	gathering.seen = calloc(gathering.present.count + 1, sizeof(*gathering.seen));
	if (!gathering.seen)
		return error_errno(e, ENOMEM, "cannot list published ports");
	r = name ? gather_container(&gathering, name, e) : gather_all(&gathering, e);
	if (name && r == 0)
		return name_unknown(paths, name, e);
	if (r >= 0)
		r = gather_strays(&gathering, name, e);
	if (r < 0)
		return r;
	gathering_join(&gathering);
	*ret_list = TAKE_PTR(gathering.list);
	*ret_count = gathering.count;
	return 0;
}
