/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "machine/machine.h"

/*
 * What the supervisor and those who ask it have in common: the files of one container.
 *
 * RUNTIME/machines/NAME holds the state. RUNTIME/machines/.NAME.lock is locked by the supervisor as long
 * as it lives, so that a state whose supervisor was killed is told from one that is true.
 */

struct supervisor_files {
	char directory[PATH_MAX];
	char state[PATH_MAX];
	char lock[PATH_MAX];
	char log[PATH_MAX];
};

int supervisor_files_init(struct supervisor_files *files,
			  const struct supervisor_settings *settings, const char *name,
			  struct error *e);

/* ------------------------------------------------------------- state */

#define SUPERVISOR_LOST "supervisor-lost" /* a result: the supervisor was killed */

struct supervisor_state {
	enum machine_state state;
	pid_t main_pid; /* of systemd-nspawn; 0: none */
	pid_t leader;   /* as systemd-nspawn tells it; 0: not told */
	time_t since;   /* of the state */
	char result[32];
	char error[512]; /* of a failure, one line */
};

/* Returns 1, 0 when nothing is known of the container, or -errno. */
int supervisor_state_read(const struct supervisor_files *files, struct supervisor_state *ret_state,
			  struct error *e);
int supervisor_state_write(const struct supervisor_files *files,
			   const struct supervisor_state *state, struct error *e);

/* ------------------------------------------------------------- lock */

/* What a supervisor holds; both go with its process. */
enum supervisor_lock {
	SUPERVISOR_LIVES,  /* from its beginning to its end */
	SUPERVISOR_STARTS, /* until the container is up, or will not be */
};

/* Takes both. Returns 1, 0 when somebody else has it, or -errno. */
int supervisor_lock(const struct supervisor_files *files, int *ret_fd, struct error *e);
int supervisor_lock_starting(int fd, struct error *e);
void supervisor_unlock_starting(int fd);
/* Removes the file while the lock is held. */
void supervisor_lock_remove(const struct supervisor_files *files, int fd);

/* Who holds SUPERVISOR_LIVES: its PID, 0: nobody, or -errno. */
pid_t supervisor_pid(const struct supervisor_files *files, struct error *e);
/* The same, held. Returns 1, 0 when there is none, or -errno. */
int supervisor_hold(const struct supervisor_files *files, int *ret_pidfd, struct error *e);
/* Waits while somebody holds SUPERVISOR_STARTS. Returns 0 or -errno. */
int supervisor_await_start(const struct supervisor_files *files, struct error *e);

/* ------------------------------------------------------------- log */

/* Opens the log for appending; one that has grown large is put aside first. */
int supervisor_log_open(const struct supervisor_files *files,
			const struct supervisor_settings *settings, int *ret_fd, off_t *ret_end,
			struct error *e);
/* Adds the last lines behind @from to an error. Returns @r. */
int supervisor_log_quote(const struct supervisor_files *files, off_t from, int r, struct error *e);

/* ------------------------------------------------------------- steps */

/* PROGRAM [--root ROOT] hook STEP NAME */
int supervisor_words(const struct supervisor_settings *settings, const char *step, const char *name,
		     struct words *ret_argv, struct error *e);

/* Ends and forgets what a killed supervisor has left, holding its lock. */
int supervisor_clean(const struct supervisor_settings *settings, const char *name, struct error *e);

enum after_failure {
	REMEMBER_FAILURE,
	FORGET_FAILURE,
};

/* The same, if there is no supervisor. Returns 1, 0 when there was nothing, or -errno. */
int supervisor_clean_stale(const struct supervisor_settings *settings, const char *name,
			   enum after_failure after, struct error *e);
