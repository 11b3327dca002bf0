/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/listings.h"

#define EVENT(name) offsetof(struct event_row, name)

static const struct column event_columns[] = {
	{ "TIME", COLUMN_TIME, EVENT(time), COLUMN_KEPT, "when, UTC" },
	{ "ACT", COLUMN_WORD, EVENT(act), COLUMN_KEPT,
	  "what became of addresses, as reserved, or of a pool, as drained" },
	{ "CONTAINER", COLUMN_TEXT, EVENT(container), COLUMN_KEPT, "whose addresses" },
	{ "LOCAL-ADDRESS", COLUMN_ADDR, EVENT(local_address), COLUMN_USUAL, "IPv4 address inside" },
	{ "HOST-ADDRESS", COLUMN_ADDR, EVENT(host_address), COLUMN_EXTRA,
	  "IPv4 address of the host end" },
	{ "LOCAL-ADDRESS6", COLUMN_ADDR, EVENT(local_address6), COLUMN_EXTRA,
	  "IPv6 address inside" },
	{ "HOST-ADDRESS6", COLUMN_ADDR, EVENT(host_address6), COLUMN_EXTRA,
	  "IPv6 address of the host end" },
	{ "POOL", COLUMN_TEXT, EVENT(pool), COLUMN_USUAL, "pool it is about" },
	{ "UID", COLUMN_COUNT, EVENT(uid), COLUMN_USUAL, "who had logged in and did it" },
	{ "COMMAND", COLUMN_PROSE, EVENT(command), COLUMN_USUAL, "by which command" },
	{ "UNIT", COLUMN_PROSE, EVENT(unit), COLUMN_EXTRA, "in which unit of systemd" },
	{ "BOOT", COLUMN_TEXT, EVENT(boot), COLUMN_EXTRA, "in which boot of the host" },
	{ "REASON", COLUMN_PROSE, EVENT(reason), COLUMN_USUAL, "why it was done" },
};

const struct listing event_listing = {
	.key = "history",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct event_row),
};

/**
 * boot_format - a boot id as the kernel writes it
 * @boot: borrowed; all zero is none
 * @text: filled; "" for none
 */
static void boot_format(const uint8_t boot[IPAM_BOOT_SIZE], char text[UUID_TEXT])
{
	static const uint8_t none[IPAM_BOOT_SIZE];
	size_t used = 0;

	text[0] = '\0';
	if (memcmp(boot, none, sizeof(none)) == 0)
		return;
	for (size_t i = 0; i < IPAM_BOOT_SIZE; i++)
		used += (size_t)snprintf(text + used, UUID_TEXT - used, "%s%02x",
					 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", boot[i]);
}

/**
 * event_row_fill - make the row of an event
 * @event: borrowed
 * @row: filled
 */
static void event_row_fill(const struct ipam_event *event, struct event_row *row)
{
	*row = (struct event_row){ .time = event->time,
				   .host_address = event->host4,
				   .local_address = event->local4,
				   .host_address6 = event->host6,
				   .local_address6 = event->local6,
				   .uid = event->actor.uid };
	(void)snprintf(row->act, sizeof(row->act), "%s", ipam_act_name(event->act));
	memcpy(row->container, event->container, sizeof(row->container));
	memcpy(row->pool, event->pool, sizeof(row->pool));
	memcpy(row->command, event->actor.command, sizeof(row->command));
	memcpy(row->unit, event->actor.unit, sizeof(row->unit));
	memcpy(row->reason, event->reason, sizeof(row->reason));
	boot_format(event->boot, row->boot);
}

/**
 * event_rows_read - the rows of a part of the history, oldest first
 * @ipam: borrowed
 * @period: which part, borrowed
 * @ret_rows: the caller frees it
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int event_rows_read(struct ipam *ipam, const struct ipam_period *period,
		    struct event_row **ret_rows, size_t *ret_count, struct error *e)
{
	_cleanup_(freep) struct ipam_event *events = NULL;
	struct event_row *rows;
	size_t count;
	int r = ipam_history(ipam, period, &events, &count, e);

	if (r < 0)
		return r;
	rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return error_errno(e, ENOMEM, "cannot list the history");
	for (size_t i = 0; i < count; i++)
		event_row_fill(&events[i], &rows[i]);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}
