/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/systemd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Reading all units again, with all generators, takes its time on a large host. */
#define RELOAD_USEC (120 * 1000000ULL)

/* After a SIGKILL only a process in an uninterruptible system call is still there. */
#define KILLED_MSEC 10000

/**
 * systemd_close - the end of systemd_open()
 * @manager: taken
 */
static void systemd_close(struct manager *manager)
{
	struct systemd *systemd = (struct systemd *)manager;

	bus_closep(&systemd->bus);
	free(systemd);
}

/**
 * unit_give_up - have done with a unit whose start has failed
 * @systemd: borrowed
 * @unit: borrowed
 *
 * The job of a start has failed as soon as systemd begins to clean up, and that is waited for. Nor does
 * systemd try again by itself: whoever was told that it failed shall not find it started. What goes wrong
 * here is told elsewhere.
 */
static void unit_give_up(struct systemd *systemd, const struct unit *unit)
{
	_cleanup_(job_deinit) struct job job = JOB_INIT;
	int r = job_begin(systemd, unit, "StopUnit", &job, NULL);

	if (r > 0)
		r = job_wait(systemd, &job, NULL);
	if (r < 0)
		log_debug("%s: cannot wait for its end: %s", unit->container, strerror(-r));
}

/**
 * unit_start - start a unit that is not running and wait until it is ready
 * @systemd: borrowed
 * @unit: borrowed
 * @state: its state
 * @e: says why it did not start
 *
 * systemd counts failed starts, and refuses after some; somebody who asks for one more gets it.
 *
 * Returns 1 or -errno.
 */
static int unit_start(struct systemd *systemd, const struct unit *unit, enum machine_state state,
		      struct error *e)
{
	_cleanup_(job_deinit) struct job job = JOB_INIT;
	enum machine_state now = MACHINE_DOWN;
	char sub[32];
	int r = 0;

	if (state == MACHINE_FAILED)
		r = unit_call(systemd, unit, "ResetFailedUnit", e);
	if (r >= 0)
		r = job_begin(systemd, unit, "StartUnit", &job, e);
	if (r == 0) {
		r = error_set(e, ERROR_FAILED, ENOENT, "systemd has no unit container@.service");
		return error_remedy(e, r, "systemctl daemon-reload");
	}
	if (r > 0)
		r = job_wait(systemd, &job, e);
	if (r == 0 && strcmp(job.result, "unknown") == 0)
		r = unit_read(systemd, unit, &now, sub, e);
	if (r < 0)
		return r;
	if (strcmp(job.result, "done") == 0 || now == MACHINE_UP)
		return 1;
	/* Of a unit that is stopped systemd forgets why it has failed. */
	r = failure_tell(systemd, unit, &job, NULL, e);
	/* Of any other end somebody else sees to the rest: who has stopped it, or started it anew. */
	if (strcmp(job.result, "failed") == 0 || strcmp(job.result, "timeout") == 0)
		unit_give_up(systemd, unit);
	return r;
}

/**
 * systemd_start - manager_start() with systemd
 * @manager: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was running, or -errno.
 */
static int systemd_start(struct manager *manager, const char *name, struct error *e)
{
	_cleanup_(unit_deinit) struct unit unit = UNIT_INIT;
	struct systemd *systemd = (struct systemd *)manager;
	enum machine_state state = MACHINE_DOWN;
	char sub[32];
	int r = unit_init(&unit, name, e);

	if (r == 0)
		r = unit_read(systemd, &unit, &state, sub, e);
	if (r < 0 || state == MACHINE_UP)
		return r;
	return unit_start(systemd, &unit, state, e);
}

/**
 * leader_hold - hold on to the first process of a container, if it has one
 * @systemd: borrowed
 * @unit: borrowed
 * @ret_leader: LEADER_INIT; stays so when there is none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int leader_hold(struct systemd *systemd, const struct unit *unit, struct leader *ret_leader,
		       struct error *e)
{
	uint32_t pid;
	int r = unit_get_number(systemd, unit, "MainPID", 'u', &pid, e);

	if (r < 0 || pid == 0)
		return r;
	if (leader_find((pid_t)pid, ret_leader, NULL) < 0)
		log_debug("%s: its first process is not to be found", unit->container);
	return 0;
}

/**
 * unit_remind - tell a container once more that it shall shut down
 * @systemd: borrowed
 * @unit: is being stopped, borrowed
 *
 * systemd-nspawn hands a request to stop on once, as SIGRTMIN+3. In the first moments of a boot, before
 * the container's systemd listens, the kernel drops it, and all would wait for the time-out. Whom it
 * reaches twice does not mind.
 */
void unit_remind(struct systemd *systemd, const struct unit *unit)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;

	if (leader_hold(systemd, unit, &leader, NULL) < 0 || leader.pidfd < 0)
		return;
	log_debug("%s: process %d is told once more to shut down", unit->container,
		  (int)leader.pid);
	if (pidfd_send_signal(leader.pidfd, SIGRTMIN + 3, NULL, 0) < 0)
		log_debug("%s: %s", unit->container, strerror(errno));
}

/**
 * systemd_stop - manager_stop() with systemd
 * @manager: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
static int systemd_stop(struct manager *manager, const char *name, struct error *e)
{
	_cleanup_(job_deinit) struct job job = JOB_INIT;
	_cleanup_(unit_deinit) struct unit unit = UNIT_INIT;
	struct systemd *systemd = (struct systemd *)manager;
	enum machine_state state = MACHINE_DOWN;
	char sub[32];
	int r = unit_init(&unit, name, e);

	if (r == 0)
		r = unit_read(systemd, &unit, &state, sub, e);
	if (r < 0 || state == MACHINE_DOWN || state == MACHINE_FAILED)
		return r;
	if (state == MACHINE_STARTING)
		job.booting = &unit;
	r = job_begin(systemd, &unit, "StopUnit", &job, e);
	if (r > 0)
		r = job_wait(systemd, &job, e);
	else if (r == 0)
		return 0;
	if (r < 0)
		return r;
	if (strcmp(job.result, "done") != 0 && strcmp(job.result, "unknown") != 0)
		return failure_tell(systemd, &unit, &job, NULL, e);
	return 1;
}

/**
 * leader_await - wait until the first process of a killed container is gone
 * @leader: borrowed; may hold none
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int leader_await(const struct leader *leader, struct error *e)
{
	struct pollfd gone = { .fd = leader->pidfd, .events = POLLIN };
	int r = leader->pidfd < 0 ? 1 : poll(&gone, 1, KILLED_MSEC);

	if (r > 0)
		return 0;
	if (r < 0)
		return error_errno(e, errno, "cannot wait for process %d", (int)leader->pid);
	return error_set(e, ERROR_BUSY, ETIMEDOUT,
			 "process %d survives SIGKILL: it is in the kernel", (int)leader->pid);
}

/**
 * unit_kill - stop a unit by killing all that is in it
 * @systemd: borrowed
 * @unit: borrowed
 * @sub: its SubState; what cleans up behind a container is left to do so
 * @e: filled on failure
 *
 * The stop comes first, so that systemd does not start again what is killed.
 *
 * Returns 0 or -errno.
 */
static int unit_kill(struct systemd *systemd, const struct unit *unit, const char *sub,
		     struct error *e)
{
	_cleanup_(leader_close) struct leader leader = LEADER_INIT;
	_cleanup_(job_deinit) struct job job = JOB_INIT;
	int begun, r = leader_hold(systemd, unit, &leader, e);

	if (r < 0)
		return r;
	begun = job_begin(systemd, unit, "StopUnit", &job, e);
	if (begun < 0)
		return begun;
	if (!unit_is_cleaning_up(sub))
		r = unit_call(systemd, unit, "KillUnit", e);
	if (r >= 0 && begun > 0)
		r = job_wait(systemd, &job, e);
	return r < 0 ? r : leader_await(&leader, e);
}

/**
 * systemd_terminate - manager_terminate() with systemd
 * @manager: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when it was not running, or -errno.
 */
static int systemd_terminate(struct manager *manager, const char *name, struct error *e)
{
	_cleanup_(unit_deinit) struct unit unit = UNIT_INIT;
	struct systemd *systemd = (struct systemd *)manager;
	enum machine_state state = MACHINE_DOWN, now;
	char sub[32];
	int r = unit_init(&unit, name, e);

	if (r == 0)
		r = unit_read(systemd, &unit, &state, sub, e);
	if (r < 0 || state == MACHINE_DOWN)
		return r;
	if (state != MACHINE_FAILED)
		r = unit_kill(systemd, &unit, sub, e);
	if (r == 0)
		r = unit_read(systemd, &unit, &now, sub, e);
	if (r < 0)
		return r;
	if (now == MACHINE_FAILED)
		r = unit_call(systemd, &unit, "ResetFailedUnit", e);
	else if (now != MACHINE_DOWN)
		r = error_set(e, ERROR_BUSY, EBUSY, "somebody started it again meanwhile");
	return r < 0 ? r : state != MACHINE_FAILED;
}

/**
 * systemd_reload - manager_reload() with systemd
 * @manager: borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int systemd_reload(struct manager *manager, const char *name, struct error *e)
{
	_cleanup_(job_deinit) struct job job = JOB_INIT;
	_cleanup_(unit_deinit) struct unit unit = UNIT_INIT;
	struct systemd *systemd = (struct systemd *)manager;
	char sub[32], ended[32] = "";
	enum machine_state state = MACHINE_DOWN;
	int r = unit_init(&unit, name, e);

	if (r == 0)
		r = unit_read(systemd, &unit, &state, sub, e);
	if (r < 0)
		return r;
	if (state != MACHINE_UP) {
		r = error_set(e, ERROR_FAILED, ESRCH, "it is not running");
		return error_remedy(e, r, "nixctr-net start %s", name);
	}
	r = job_begin(systemd, &unit, "ReloadUnit", &job, e);
	if (r > 0)
		r = job_wait(systemd, &job, e);
	if (r == 0)
		r = unit_get_text(systemd, &unit, SYSTEMD_SERVICE, "ReloadResult", ended,
				  sizeof(ended), e);
	if (r < 0)
		return r;
	/* A reload step that fails does not fail the job: the container runs on. */
	if (strcmp(job.result, "done") != 0 || strcmp(ended, "success") != 0)
		return failure_tell(systemd, &unit, &job, "its reload step failed", e);
	return 1;
}

/**
 * systemd_status - manager_status() with systemd
 * @manager: borrowed
 * @name: borrowed
 * @ret_status: the answer
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int systemd_status(struct manager *manager, const char *name,
			  struct machine_status *ret_status, struct error *e)
{
	_cleanup_(unit_deinit) struct unit unit = UNIT_INIT;
	struct systemd *systemd = (struct systemd *)manager;
	struct machine_status status = { .main_pid = 0 };
	char sub[32], load[32];
	uint32_t pid = 0;
	int r = unit_init(&unit, name, e);

	if (r == 0)
		r = unit_read(systemd, &unit, &status.state, sub, e);
	if (r == 0)
		r = unit_get_text(systemd, &unit, SYSTEMD_UNIT, "LoadState", load, sizeof(load), e);
	/* Without a unit file there is no service to ask about. */
	if (r == 0 && strcmp(load, "not-found") != 0) {
		r = unit_get_number(systemd, &unit, "MainPID", 'u', &pid, e);
		if (r == 0)
			r = unit_get_text(systemd, &unit, SYSTEMD_SERVICE, "Result", status.result,
					  sizeof(status.result), e);
	}
	if (r < 0)
		return r;
	status.main_pid = (pid_t)pid;
	*ret_status = status;
	return 0;
}

/**
 * systemd_refresh - manager_refresh() with systemd
 * @manager: borrowed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int systemd_refresh(struct manager *manager, struct error *e)
{
	_cleanup_(bus_message_unrefp) sd_bus_message *call = NULL;
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	struct systemd *systemd = (struct systemd *)manager;
	int r = sd_bus_message_new_method_call(systemd->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH,
					       SYSTEMD_MANAGER, "Reload");

	if (r >= 0)
		r = sd_bus_call(systemd->bus, call, RELOAD_USEC, &answer, NULL);
	return r < 0 ? bus_failed(e, r, &answer, "systemd does not read its units again") : 1;
}

/**
 * systemd_login - manager_login() with systemd
 * @manager: not needed: machined is asked
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
static int systemd_login(struct manager *manager, const char *name, struct error *e)
{
	(void)manager;
	return machined_login(name, e);
}

static const struct manager_ops operations = {
	.kind = MANAGER_SYSTEMD,
	.close = systemd_close,
	.start = systemd_start,
	.stop = systemd_stop,
	.terminate = systemd_terminate,
	.reload = systemd_reload,
	.status = systemd_status,
	.refresh = systemd_refresh,
	.login = systemd_login,
};

/**
 * systemd_open - connect to the systemd of this host
 * @ret_manager: owned by the caller
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int systemd_open(struct manager **ret_manager, struct error *e)
{
	struct systemd *systemd = calloc(1, sizeof(*systemd));
	int r;

	if (!systemd)
		return error_errno(e, ENOMEM, "cannot connect to systemd");
	systemd->manager.ops = &operations;
	r = bus_open_systemd(&systemd->bus, e);
	if (r < 0) {
		systemd_close(&systemd->manager);
		return r;
	}
	*ret_manager = &systemd->manager;
	return 0;
}
