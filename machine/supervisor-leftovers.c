/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "machine/control-group.h"
#include "machine/supervisor.h"

/* The steps of a container, and what is left of one whose supervisor was killed. */

#define VANISH_MS     5000 /* until what dies with a killed supervisor is gone */
#define LOOK_AGAIN_MS 5

/**
 * supervisor_words - the words that run one of our steps
 * @settings: borrowed
 * @step: borrowed
 * @name: borrowed
 * @ret_argv: words are added; the caller frees it also after a failure
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int supervisor_words(const struct supervisor_settings *settings, const char *step, const char *name,
		     struct words *ret_argv, struct error *e)
{
	int r = words_add(ret_argv, e, "%s", settings->program);

	if (r == 0 && settings->root && settings->root[0]) {
		r = words_add(ret_argv, e, "--root");
		if (r == 0)
			r = words_add(ret_argv, e, "%s", settings->root);
	}
	if (r == 0)
		r = words_add(ret_argv, e, "hook");
	if (r == 0)
		r = words_add(ret_argv, e, "%s", step);
	if (r == 0)
		r = words_add(ret_argv, e, "%s", name);
	return r;
}

/**
 * vanish_await - wait until the systemd-nspawn of a killed supervisor is gone
 * @main_pid: of it
 *
 * The kernel kills it with the supervisor, and the container with it. The number may have become
 * another's: so it is never killed by it.
 */
static void vanish_await(pid_t main_pid)
{
	const struct timespec moment = { .tv_nsec = LOOK_AGAIN_MS * 1000L * 1000L };
	char path[64];

	if (main_pid <= 0 ||
	    path_format(path, sizeof(path), NULL, "/proc/%d/cmdline", main_pid) < 0)
		return;
	for (int waited = 0; waited < VANISH_MS; waited += LOOK_AGAIN_MS) {
		_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
		char program[32] = "";

		/* It has no words any more when it only waits for its parent to notice. */
		if (fd < 0 || read(fd, program, sizeof(program) - 1) <= 0 ||
		    strcmp(program, "systemd-nspawn") != 0)
			return;
		(void)nanosleep(&moment, NULL);
	}
}

/**
 * supervisor_clean - end and forget what a killed supervisor has left
 * @settings: borrowed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * The caller holds its lock. A container that ended in order, well or not, has left nothing.
 *
 * Returns 1, 0 when there was nothing, or -errno.
 */
int supervisor_clean(const struct supervisor_settings *settings, const char *name, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	struct supervisor_files files;
	struct supervisor_state state;
	struct hierarchies hierarchies;
	struct process_spec spec = { .input = PROCESS_READS_NOTHING };
	int r = supervisor_files_init(&files, settings, name, e);

	if (r == 0)
		r = supervisor_state_read(&files, &state, e);
	if (r <= 0 || state.state == MACHINE_FAILED)
		return r < 0 ? r : 0;
	state.state = MACHINE_STOPPING;
	r = supervisor_state_write(&files, &state, e);
	if (r == 0)
		r = hierarchies_read(&hierarchies, e);
	if (r == 0)
		r = group_kill(&hierarchies, name, e);
	if (r == 0)
		r = supervisor_words(settings, "post-stop", name, &argv, e);
	if (r < 0)
		return r;
	vanish_await(state.main_pid);
	group_remove(&hierarchies, name);
	spec.argv = argv.list;
	r = process_run(&spec, e);
	if (r > 0)
		r = error_set(e, ERROR_FAILED, EIO,
			      "cannot clean up after container '%s': post-stop exited with status "
			      "%d",
			      name, r);
	if (r < 0)
		return r;
	state = (struct supervisor_state){ .state = MACHINE_FAILED, .since = time(NULL) };
	(void)snprintf(state.result, sizeof(state.result), SUPERVISOR_LOST);
	(void)snprintf(state.error, sizeof(state.error), "lost its supervisor, which was killed");
	r = supervisor_state_write(&files, &state, e);
	return r < 0 ? r : 1;
}

/**
 * supervisor_clean_stale - clean up after a supervisor that is not there any more, if so
 * @settings: borrowed
 * @name: borrowed
 * @after: whether the reason of a failure stays
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing or somebody is at work, or -errno.
 */
int supervisor_clean_stale(const struct supervisor_settings *settings, const char *name,
			   enum after_failure after, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	struct supervisor_files files;
	int r = supervisor_files_init(&files, settings, name, e);

	if (r < 0)
		return r;
	if (access(files.state, F_OK) < 0 && access(files.lock, F_OK) < 0)
		return 0;
	r = supervisor_lock(&files, &lock, e);
	if (r <= 0)
		return r;
	r = supervisor_clean(settings, name, e);
	if (r >= 0 && after == FORGET_FAILURE)
		(void)file_remove(files.state, NULL);
	if (r >= 0)
		supervisor_lock_remove(&files, lock);
	return r;
}
