/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/addresses/addresses.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"
#include "container/watch/watch.h"

/**
 * book_count - count what the address book has
 * @paths: borrowed
 * @metrics: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int book_count(const struct paths *paths, struct metrics *metrics, struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) struct ipam_lease *leases = NULL;
	size_t count = 0;
	int r = book_open(paths, IPAM_READ, &ipam, e);

	if (r >= 0)
		r = ipam_usage(ipam, &metrics->pools, &metrics->n_pools, e);
	if (r >= 0)
		r = ipam_list(ipam, &leases, &count, e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		*(leases[i].state == IPAM_RESERVED ? &metrics->reserved : &metrics->bound) += 1;
	return r < 0 ? r : 0;
}

/**
 * containers_count - count definitions
 * @paths: borrowed
 * @metrics: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int containers_count(const struct paths *paths, struct metrics *metrics, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;

	return definition_names(paths, &names, &metrics->containers, e);
}

/**
 * cables_count - read what went through the cables, in one dump
 * @paths: borrowed
 * @metrics: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int cables_count(const struct paths *paths, struct metrics *metrics, struct error *e)
{
	_cleanup_(veth_closep) struct veth *veth = NULL;
	int r;

	if (paths->root[0])
		return 0;
	r = veth_open(&veth, e);
	return r == 0 ? veth_links_read(veth, VETH_LINKS_CABLES, &metrics->cables, e) : r;
}

/**
 * nat_count - read what the rules have counted
 * @paths: borrowed
 * @metrics: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int nat_count(const struct paths *paths, struct metrics *metrics, struct error *e)
{
	_cleanup_(nat_closep) struct nat *nat = NULL;
	struct nat_forwards forwards = { .count = 0 };
	int r;

	if (paths->root[0])
		return 0;
	r = nat_open(&nat, e);
	if (r >= 0)
		r = nat_read(nat, &metrics->table, e);
	metrics->has_table = r > 0;
	if (r >= 0)
		r = nat_bridge_read(nat, &metrics->bridge, e);
	metrics->has_bridge = r > 0;
	if (r >= 0 && metrics->has_table)
		r = nat_forwards_read(nat, &forwards, e);
	for (size_t i = 0; i < forwards.count; i++)
		if (forwards.list[i].protocol == IPPROTO_TCP)
			metrics->tcp_ports++;
		else
			metrics->udp_ports++;
	free(forwards.list);
	return r < 0 ? r : 0;
}

/* What is read, one after the other; what fails does not keep the rest from being told. */
static const struct {
	const char *name;
	int (*count)(const struct paths *paths, struct metrics *metrics, struct error *e);
} parts[METRICS_PARTS] = {
	[METRICS_ADDRESSES] = { "addresses", book_count },
	[METRICS_CONTAINERS] = { "containers", containers_count },
	[METRICS_CABLES] = { "cables", cables_count },
	[METRICS_NAT] = { "nat", nat_count },
};

/**
 * metrics_part_name - what a part is called
 * @part: below METRICS_PARTS
 */
const char *metrics_part_name(size_t part)
{
	return parts[part].name;
}

/**
 * metrics_read - read all that is counted
 * @paths: borrowed
 * @metrics: filled; the caller ends with metrics_free()
 */
void metrics_read(const struct paths *paths, struct metrics *metrics)
{
	*metrics = (struct metrics){ .n_pools = 0 };
	for (size_t i = 0; i < METRICS_PARTS; i++)
		if (parts[i].count(paths, metrics, &metrics->errors[i]) >= 0)
			metrics->errors[i].number = 0;
}

/**
 * metrics_free - let go of what was read
 * @metrics: not used again
 */
void metrics_free(struct metrics *metrics)
{
	free(metrics->pools);
	free(metrics->cables.list);
}
