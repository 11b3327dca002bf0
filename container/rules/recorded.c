/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "container/definitions/ports.h"
#include "container/rules/forward-list.h"
#include "container/rules/forward-record.h"
#include "container/rules/marks.h"
#include "container/rules/pin-record.h"
#include "container/settings/locks.h"

/**
 * forwards_any - whether any container publishes ports
 * @paths: borrowed
 */
bool forwards_any(const struct paths *paths)
{
	return mark_is_set(paths, MARK_FORWARDS_OPEN);
}

/**
 * forwards_load - all that is published; see struct nat_source
 * @data: a struct records_reader
 * @ret_forwards: the caller frees the list, also after a failure
 * @e: names what cannot be read
 *
 * Nobody publishes or withdraws anything until what was read is in the kernel.
 *
 * Returns 0 or -errno.
 */
int forwards_load(void *data, struct nat_forwards *ret_forwards, struct error *e)
{
	struct records_reader *reader = data;
	int r = 0;

	*ret_forwards = (struct nat_forwards){ .count = 0 };
	if (!forwards_any(reader->paths))
		return 0;
	if (!reader->locked && reader->fd < 0)
		r = forwards_lock(reader->paths, LOCK_SHARED, &reader->fd, e);
	return r < 0 ? r : records_read_all(&forward_records, reader->paths, ret_forwards, e);
}

/**
 * forwards_compare - compare what is recorded as published with what is
 * @paths: borrowed
 * @nat: the session
 * @drift: lines are added
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int forwards_compare(const struct paths *paths, struct nat *nat, struct nat_drift *drift,
		     struct error *e)
{
	struct nat_forwards wanted = { .count = 0 }, present = { .count = 0 };
	int r = 0;

	if (forwards_any(paths))
		r = records_read_all(&forward_records, paths, &wanted, e);
	if (r == 0 && wanted.count)
		r = nat_forwards_read(nat, &present, e);
	for (size_t i = 0; r == 0 && i < wanted.count && drift->count < NAT_DRIFT_MAX; i++) {
		const struct nat_forward *one = &wanted.list[i];
		const struct nat_forward *is = forwards_find(&present, one);

		if (!is || is->to_port != one->to_port || !addr_equal(&is->to, &one->to))
			(void)snprintf(drift->line[drift->count++], sizeof(drift->line[0]),
				       "%s port %u does not lead to container %s",
				       protocol_name(one->protocol), one->port, one->container);
	}
	free(wanted.list);
	free(present.list);
	return r;
}

/**
 * pins_any - whether any container has pins or peers
 * @paths: borrowed
 */
bool pins_any(const struct paths *paths)
{
	return mark_is_set(paths, "pins");
}

/**
 * peers_any - whether any containers are linked
 * @paths: borrowed
 */
bool peers_any(const struct paths *paths)
{
	return mark_is_set(paths, MARK_PEERS_OPEN);
}

/**
 * pins_load - all pins and peers; see struct nat_source
 * @data: a struct records_reader
 * @ret_pins: the caller frees it, also after a failure
 * @e: names what cannot be read
 *
 * Nobody changes any until what was read is in the kernel.
 *
 * Returns 0 or -errno.
 */
int pins_load(void *data, struct nat_pins *ret_pins, struct error *e)
{
	struct records_reader *reader = data;
	int r = 0;

	*ret_pins = (struct nat_pins){ .n_pins = 0 };
	if (!pins_any(reader->paths))
		return 0;
	if (!reader->locked && reader->fd < 0)
		r = forwards_lock(reader->paths, LOCK_SHARED, &reader->fd, e);
	return r < 0 ? r : records_read_all(&pin_records, reader->paths, ret_pins, e);
}

/**
 * pins_compare - compare pins and peers, and the table for bridges, with what should be
 * @paths: borrowed
 * @spec: what the table for bridges should be, borrowed
 * @nat: the session
 * @drift: lines are added
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int pins_compare(const struct paths *paths, const struct nat_spec *spec, struct nat *nat,
		 struct nat_drift *drift, struct error *e)
{
	struct nat_pins pins = { .n_pins = 0 };
	struct nat_state state;
	int r = 0;

	if (!pins_any(paths))
		return 0;
	r = records_read_all(&pin_records, paths, &pins, e);
	if (r == 0)
		r = nat_bridge_read(nat, &state, e);
	if (r >= 0)
		nat_bridge_compare(spec, r ? &state : NULL, drift);
	if (r >= 0)
		r = nat_pins_compare(nat, &pins, drift, e);
	nat_pins_free(&pins);
	return r < 0 ? r : 0;
}
