/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>

#include "base/log.h"
#include "ipam/database.h"

#define STEP_MS 25 /* between two tries, after the first few */

/**
 * seconds_now - a clock that only goes forward
 */
static time_t seconds_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/**
 * stranger_look - see who has a database, once a second
 * @stranger: changed
 * @path: of the database, borrowed
 * @now: seconds
 */
static void stranger_look(struct stranger *stranger, const char *path, time_t now)
{
	pid_t before = stranger->pid;

	if (stranger->looked == now)
		return;
	stranger->looked = now;
	stranger->pid = lock_record_holder(path, stranger->words);
	if (stranger->pid != before)
		stranger->since = now;
	if (!stranger->told && now - stranger->asked > 1) {
		log_notice("waiting for address book %s, which %s holds", path, stranger->words);
		stranger->told = true;
	}
}

/**
 * database_wait - wait a moment for a database that others have locked; sqlite calls it
 * @context: the database
 * @times: how often it has been called for this lock
 *
 * The rules are those of base/lock.h: after a second the log tells who has it, and when one and the same
 * program has had it for that long, we give up. As long as it goes from hand to hand there will be a
 * moment for us.
 *
 * Returns 1 to have it tried again, 0 to give up.
 */
int database_wait(void *context, int times)
{
	struct database *database = context;
	struct stranger *stranger = &database->stranger;
	time_t now = seconds_now();

	if (times == 0)
		*stranger = (struct stranger){ .asked = now, .since = now };
	stranger_look(stranger, database->path, now);
	if (now - stranger->since >= database->patience)
		return 0;
	(void)poll(NULL, 0, times < 10 ? times + 1 : STEP_MS);
	return 1;
}
