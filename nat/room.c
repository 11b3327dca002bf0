/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/room.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nat/ruleset.h"

#define ROOM_MIN 256 /* fewer forwards are no trouble for a map that grows */

/**
 * room_of - how many elements a map should have room for
 * @count: how many it will have at first
 *
 * Twice as many, so that it is not full with the next one.
 *
 * Returns a power of two; 0: without a bound.
 */
static uint32_t room_of(uint32_t count)
{
	uint32_t room = 2 * ROOM_MIN;

	if (count < ROOM_MIN)
		return 0;
	while (room < 2 * count)
		room *= 2;
	return room;
}

/**
 * rooms_of_forwards - the room that maps should have for forwards and as many more
 * @forwards: borrowed
 */
struct rooms rooms_of_forwards(const struct nat_forwards *forwards)
{
	struct rooms rooms = { .of_target = { 0 } };

	for (size_t i = 0; i < forwards->count; i++)
		rooms.of_target[forward_map(&forwards->list[i])]++;
	for (unsigned map = 0; map < TARGET_MAPS; map++)
		rooms.of_target[map] = room_of(rooms.of_target[map]);
	return rooms;
}

/**
 * rooms_put - put how many elements a map has room for into the message that adds it
 * @rooms: borrowed
 * @map: its name, borrowed; that of another set is fine, which has no bound
 * @message: changed
 */
void rooms_put(const struct rooms *rooms, const char *map, struct nlmsghdr *message)
{
	for (unsigned i = 0; i < TARGET_MAPS; i++) {
		struct nlattr *nest;

		if (!rooms->of_target[i] || strcmp(map, target_maps[i]) != 0)
			continue;
		nest = mnl_attr_nest_start(message, NFTA_SET_DESC);
		mnl_attr_put_u32(message, NFTA_SET_DESC_SIZE, htonl(rooms->of_target[i]));
		mnl_attr_nest_end(message, nest);
	}
}
