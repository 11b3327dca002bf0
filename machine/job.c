/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/systemd.h"

/*
 * A job may take as long as its unit allows, so there is no limit here. But systemd has to be there
 * all the while: after some silence it is asked whether it still has the job, and a connection that
 * it dropped, as it does when it executes itself anew, is made again.
 */

#define JOB_PATH     SYSTEMD_PATH "/job/"
#define SILENCE_USEC (2 * 1000000ULL)
#define REMIND_USEC  500000ULL

/**
 * job_removed - a job has ended
 * @message: JobRemoved, borrowed
 * @userdata: the job we wait for
 * @unused: we have no answer to give
 *
 * Returns 0: others may want the message as well.
 */
static int job_removed(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	const char *path, *unit, *result;
	struct job *job = userdata;
	uint32_t id;

	(void)unused;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (strcmp(path, job->path) == 0) {
		log_debug("systemd: %s: job %u: %s", unit, id, result);
		(void)snprintf(job->result, sizeof(job->result), "%s", result);
	}
	return 0;
}

/**
 * job_listen - be told of the ends of jobs
 * @systemd: borrowed
 * @job: changed; must not move while it listens
 *
 * Returns 0 or -errno.
 */
static int job_listen(struct systemd *systemd, struct job *job)
{
	int r;

	job->slot = sd_bus_slot_unref(job->slot);
	r = sd_bus_match_signal(systemd->bus, &job->slot, NULL, SYSTEMD_PATH, SYSTEMD_MANAGER,
				"JobRemoved", job_removed, job);
	return r < 0 ? r : 0;
}

/**
 * job_deinit - stop listening
 * @job: JOB_INIT or filled
 */
void job_deinit(struct job *job)
{
	job->slot = sd_bus_slot_unref(job->slot);
}

/**
 * job_call - put the question of job_begin()
 * @systemd: borrowed
 * @unit: borrowed
 * @method: of systemd's manager
 * @ret_reply: the answer, owned by the caller
 * @answer: the error, owned by the caller
 *
 * With a person before the terminal an ordinary user may be asked for a password meanwhile.
 *
 * Returns 0 or -errno.
 */
static int job_call(struct systemd *systemd, const struct unit *unit, const char *method,
		    sd_bus_message **ret_reply, sd_bus_error *answer)
{
	_cleanup_(bus_message_unrefp) sd_bus_message *call = NULL;
	bool asks = geteuid() != 0 && isatty(STDIN_FILENO);
	int r;

	r = sd_bus_message_new_method_call(systemd->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH,
					   SYSTEMD_MANAGER, method);
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(call, asks);
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", unit->name, "replace");
	if (r >= 0)
		r = sd_bus_call(systemd->bus, call, asks ? UINT64_MAX : BUS_ANSWER_USEC, answer,
				ret_reply);
	return r < 0 ? r : 0;
}

/**
 * job_number - the number at the end of the path of a job
 * @path: borrowed
 *
 * Returns 0, which no job has, when it is no such path.
 */
static uint32_t job_number(const char *path)
{
	const size_t length = strlen(JOB_PATH);

	return strncmp(path, JOB_PATH, length) == 0 ? (uint32_t)strtoul(path + length, NULL, 10)
						    : 0;
}

/**
 * job_begin - have systemd start, stop or reload a unit
 * @systemd: borrowed
 * @unit: borrowed
 * @method: StartUnit, StopUnit or ReloadUnit; replaces what else is queued for the unit, so that a
 *          container that is still booting can be stopped
 * @job: JOB_INIT; filled, must not move until job_deinit()
 * @e: filled on failure
 *
 * Returns 1, 0 when systemd does not know the unit, or -errno.
 */
int job_begin(struct systemd *systemd, const struct unit *unit, const char *method, struct job *job,
	      struct error *e)
{
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	const char *path;
	int r;

	log_debug("systemd: %s %s", method, unit->name);
	r = job_listen(systemd, job);
	if (r == 0)
		r = job_call(systemd, unit, method, &reply, &answer);
	if (sd_bus_error_has_name(&answer, SYSTEMD_NAME ".NoSuchUnit"))
		return 0;
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return bus_failed(e, r, &answer, unit->name);
	(void)snprintf(job->path, sizeof(job->path), "%s", path);
	job->id = job_number(path);
	return 1;
}

/**
 * job_look - see whether systemd still has a job of which nothing was heard for a while
 * @systemd: borrowed
 * @job: its result becomes "unknown" when it has not
 * @e: filled when systemd does not answer
 *
 * Returns 0 or -errno.
 */
static int job_look(struct systemd *systemd, struct job *job, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(freep) char *state = NULL;
	int r = sd_bus_get_property_string(systemd->bus, SYSTEMD_NAME, job->path,
					   SYSTEMD_NAME ".Job", "State", &answer, &state);

	if (r >= 0 || job->result[0])
		return 0;
	if (!sd_bus_error_has_name(&answer, SD_BUS_ERROR_UNKNOWN_OBJECT) &&
	    !sd_bus_error_has_name(&answer, SD_BUS_ERROR_UNKNOWN_METHOD) &&
	    !sd_bus_error_has_name(&answer, SD_BUS_ERROR_UNKNOWN_INTERFACE))
		return bus_failed(e, r, &answer, "systemd does not tell how it goes on");
	(void)snprintf(job->result, sizeof(job->result), "unknown");
	return 0;
}

/**
 * job_resume - go on waiting over a new connection
 * @systemd: its connection is replaced
 * @job: changed
 * @e: filled when there is nobody to connect to
 *
 * Returns 0 or -errno.
 */
static int job_resume(struct systemd *systemd, struct job *job, struct error *e)
{
	sd_bus *bus;
	int r;

	log_debug("systemd: the connection is gone; connecting again");
	r = bus_open_systemd(&bus, e);
	if (r < 0)
		return r;
	job->slot = sd_bus_slot_unref(job->slot);
	bus_closep(&systemd->bus);
	systemd->bus = bus;
	r = job_listen(systemd, job);
	if (r < 0)
		return error_errno(e, -r, "cannot follow what systemd does");
	return job_look(systemd, job, e);
}

/**
 * clock_usec - a clock that only goes forward, in microseconds
 */
static uint64_t clock_usec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/**
 * job_remind - tell a container that is booting once more to shut down, every now and then
 * @systemd: borrowed
 * @job: a stop, or another
 * @last: when that was done, or the wait began; changed
 *
 * By the clock: on a busy host systemd is never silent.
 */
static void job_remind(struct systemd *systemd, const struct job *job, uint64_t *last)
{
	uint64_t now = clock_usec();

	if (!job->booting || job->result[0] || now - *last < REMIND_USEC)
		return;
	*last = now;
	unit_remind(systemd, job->booting);
}

/**
 * job_wait - wait until a job has ended, well or not
 * @systemd: borrowed
 * @job: its result is set
 * @e: filled when systemd is gone
 *
 * Returns 0 or -errno.
 */
int job_wait(struct systemd *systemd, struct job *job, struct error *e)
{
	const uint64_t patience = job->booting ? REMIND_USEC : SILENCE_USEC;
	uint64_t reminded = clock_usec();
	int r = 0;

	while (!job->result[0]) {
		int waited = 1;

		r = sd_bus_process(systemd->bus, NULL);
		if (r == 0)
			r = waited = sd_bus_wait(systemd->bus, patience);
		if (r == -EINTR)
			continue;
		if (r < 0)
			r = job_resume(systemd, job, e);
		else if (waited == 0)
			r = job_look(systemd, job, e);
		if (r < 0)
			return r;
		job_remind(systemd, job, &reminded);
	}
	return 0;
}
