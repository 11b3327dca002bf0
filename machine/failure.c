/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/systemd.h"

/* What a unit that failed, and the container in it, wrote last. */

#define LINES 10
#define LINE  512

/* How long the journal may lag behind. */
#define JOURNAL_USEC 1000000ULL

/**
 * journal_closep - close the journal at the end of a scope
 * @journal: what it points to may be NULL
 */
static void journal_closep(sd_journal **journal)
{
	sd_journal_close(*journal);
	*journal = NULL;
}

/**
 * journal_match - add one condition
 * @journal: changed
 * @field, @value: what an entry must have
 *
 * Returns 0 or -errno.
 */
static int journal_match(sd_journal *journal, const char *field, const char *value)
{
	char match[256];

	(void)snprintf(match, sizeof(match), "%s=%s", field, value);
	return sd_journal_add_match(journal, match, 0);
}

/**
 * journal_line - one field of the entry the journal is at
 * @journal: borrowed
 * @field: its name with the equals sign
 * @line, @size: where it goes
 *
 * Returns 0 or -errno.
 */
static int journal_line(sd_journal *journal, const char *field, char *line, size_t size)
{
	size_t length, skip = strlen(field) + 1;
	const void *data;
	int r = sd_journal_get_data(journal, field, &data, &length);

	if (r < 0 || length < skip)
		return r < 0 ? r : -ENODATA;
	(void)snprintf(line, size, "%.*s", (int)(length - skip), (const char *)data + skip);
	return 0;
}

/**
 * journal_await_job - wait until the journal has what systemd wrote about the end of a job
 * @journal: borrowed; without matches
 * @unit: borrowed
 * @job: borrowed
 * @invocation: the run of the unit that the job was about; unchanged when nothing was found
 *
 * All that the unit wrote before is in the journal then.
 */
static void journal_await_job(sd_journal *journal, const struct unit *unit, const struct job *job,
			      char invocation[SD_ID128_STRING_MAX])
{
	struct timespec start, now;
	char id[16];

	(void)snprintf(id, sizeof(id), "%u", job->id);
	if (journal_match(journal, "_PID", "1") < 0 || journal_match(journal, "JOB_ID", id) < 0 ||
	    journal_match(journal, "UNIT", unit->name) < 0)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	now = start;
	while (now.tv_sec - start.tv_sec < 2) {
		if (sd_journal_seek_tail(journal) >= 0 && sd_journal_previous(journal) > 0 &&
		    journal_line(journal, "JOB_RESULT", (char[32]){ 0 }, 32) == 0) {
			(void)journal_line(journal, "INVOCATION_ID", invocation,
					   SD_ID128_STRING_MAX);
			break;
		}
		if (sd_journal_wait(journal, JOURNAL_USEC) < 0)
			break;
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	}
	sd_journal_flush_matches(journal);
}

/**
 * journal_select - choose what one run of a unit wrote, and what systemd wrote about it
 * @journal: changed
 * @invocation: which run, borrowed
 *
 * Returns 0 or -errno.
 */
static int journal_select(sd_journal *journal, const char *invocation)
{
	int r = journal_match(journal, "_SYSTEMD_INVOCATION_ID", invocation);

	if (r >= 0)
		r = sd_journal_add_disjunction(journal);
	if (r >= 0)
		r = journal_match(journal, "INVOCATION_ID", invocation);
	return r >= 0 ? journal_match(journal, "_PID", "1") : r;
}

/**
 * journal_tell - add the last lines of one run of a unit to an error
 * @unit: borrowed
 * @job: how it failed
 * @invocation: which run, "" if unknown; changed when the journal knows better
 * @failed: the return value that belongs to the error
 * @e: changed
 *
 * Returns 0 or -errno, when the journal cannot be read: that is no failure of its own.
 */
static int journal_tell(const struct unit *unit, const struct job *job,
			char invocation[SD_ID128_STRING_MAX], int failed, struct error *e)
{
	_cleanup_(journal_closep) sd_journal *journal = NULL;
	char line[LINE];
	int r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);

	if (r < 0)
		return r;
	journal_await_job(journal, unit, job, invocation);
	if (!invocation[0])
		return -ENODATA;
	r = journal_select(journal, invocation);
	if (r >= 0)
		r = sd_journal_seek_tail(journal);
	if (r >= 0)
		r = sd_journal_previous_skip(journal, LINES);
	for (; r > 0; r = sd_journal_next(journal)) {
		if (journal_line(journal, "MESSAGE", line, sizeof(line)) == 0 &&
		    unit_line_plain(line)[0])
			(void)error_detail(e, failed, "%s", line);
	}
	return r;
}

/**
 * invocation_read - which run of the unit systemd is at
 * @systemd: borrowed
 * @unit: borrowed
 * @invocation: the result; "" when it has none
 */
static void invocation_read(struct systemd *systemd, const struct unit *unit,
			    char invocation[SD_ID128_STRING_MAX])
{
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	sd_id128_t id = SD_ID128_NULL;
	const void *bytes;
	size_t length;

	invocation[0] = '\0';
	if (sd_bus_get_property(systemd->bus, SYSTEMD_NAME, unit->path, SYSTEMD_UNIT,
				"InvocationID", NULL, &reply, "ay") < 0 ||
	    sd_bus_message_read_array(reply, 'y', &bytes, &length) < 0 || length != sizeof(id))
		return;
	memcpy(&id, bytes, sizeof(id));
	sd_id128_to_string(id, invocation);
}

/**
 * end_read - why the last run of a unit ended
 * @systemd: borrowed
 * @unit: borrowed
 * @ret_end: the answer
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int end_read(struct systemd *systemd, const struct unit *unit, struct unit_end *ret_end,
		    struct error *e)
{
	struct unit_end end = { .code = 0 };
	uint64_t timeout = 0;
	int32_t code, status;
	int r = unit_get_text(systemd, unit, SYSTEMD_SERVICE, "Result", end.result,
			      sizeof(end.result), e);

	if (r == 0)
		r = unit_get_number(systemd, unit, "ExecMainCode", 'i', &code, e);
	if (r == 0)
		r = unit_get_number(systemd, unit, "ExecMainStatus", 'i', &status, e);
	if (r == 0)
		r = unit_get_number(systemd, unit, "TimeoutStartUSec", 't', &timeout, e);
	if (r < 0)
		return r;
	end.code = code;
	end.status = status;
	end.timeout = timeout;
	*ret_end = end;
	return 0;
}

/**
 * failure_tell - say why a job did not do what it was for
 * @systemd: borrowed
 * @unit: borrowed
 * @job: has ended
 * @what: why, if the caller knows it; otherwise NULL
 * @e: filled: the unit's result, and the last lines of its log
 *
 * Returns -EIO, or another -errno when systemd does not tell.
 */
int failure_tell(struct systemd *systemd, const struct unit *unit, const struct job *job,
		 const char *what, struct error *e)
{
	const char *phrase = unit_job_phrase(job->result);
	char invocation[SD_ID128_STRING_MAX];
	struct unit_end end;
	char words[192];
	int r, logged;

	invocation_read(systemd, unit, invocation);
	r = end_read(systemd, unit, &end, e);
	if (r < 0)
		return r;
	if (what || (phrase && strcmp(end.result, "success") == 0))
		r = error_set(e, ERROR_FAILED, EIO, "%s", what ? what : phrase);
	else
		r = error_set(e, ERROR_FAILED, EIO, "%s",
			      unit_end_phrase(&end, words, sizeof(words)));
	logged = journal_tell(unit, job, invocation, r, e);
	if (logged < 0)
		log_debug("no lines from the journal: %s", strerror(-logged));
	return error_remedy(e, r, "journalctl -u %s", unit->name);
}
