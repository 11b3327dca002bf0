/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/process.h"
#include "machine/control-group.h"
#include "machine/notify.h"
#include "machine/supervisor.h"

/* What the parts of the supervisor itself share. */

#define SUPERVISOR_START_S 60 /* where the settings say nothing */
#define SUPERVISOR_STOP_S  90 /* as TimeoutStopSec= of units */
#define SUPERVISOR_BURST   5  /* starts within a short time (StartLimitBurst=) */

/* What somebody wants of us. */
enum wish {
	WISH_RUN,
	WISH_STOP,
	WISH_KILL,
	WISH_NEVER, /* stronger than any */
};

/* What we were waiting for. */
enum event {
	EVENT_ENDED = 1, /* the process */
	EVENT_READY,
	EVENT_WISH,    /* there is a new one */
	EVENT_CHANGED, /* a file that is watched */
	EVENT_TIMEOUT,
};

struct supervisor {
	const struct supervisor_settings *settings; /* borrowed */
	const char *name;                           /* borrowed */
	struct supervisor_files files;
	struct hierarchies hierarchies;
	char own[MACHINE_NAME_MAX + 16];         /* group of ourselves and of the steps */
	char group[MACHINE_NAME_MAX + 16];       /* group of systemd-nspawn and below */
	int lock, signals, notify, watch, guard; /* owned */
	bool changed;                            /* a watched file has, unknown to the container */
	char address[sizeof("NOTIFY_SOCKET=") + NOTIFY_ADDRESS_MAX];
	struct process main; /* systemd-nspawn */
	bool was_up;         /* ever */
	enum wish wish;
	int64_t deadline; /* of what is under way, milliseconds; systemd-nspawn may move it */
	int64_t starts[SUPERVISOR_BURST];
	size_t start_count;
	struct supervisor_state state;
};

/* How one run of the container has ended. */
enum outcome {
	OUTCOME_DONE,   /* it has stopped, or was asked to */
	OUTCOME_REBOOT, /* it wants to be started again */
	OUTCOME_FAILED,
};

int64_t supervisor_now(void);
void supervisor_enter(struct supervisor *s, enum machine_state state);
void supervisor_fails(struct supervisor *s, const char *result, const char *why);
void supervisor_exit_fails(struct supervisor *s, const char *what, int status);
void supervisor_deadline(struct supervisor *s, unsigned seconds, unsigned otherwise);
enum event supervisor_wait(struct supervisor *s, const struct process *process);

int supervisor_watch(const struct supervisor_settings *settings, int *ret_fd, struct error *e);
bool supervisor_changed(struct supervisor *s);

int supervisor_guard(struct supervisor *s, struct error *e);
void supervisor_dismiss_guard(struct supervisor *s);

int supervisor_step(struct supervisor *s, const char *step, enum wish until);
int supervisor_spawn_main(struct supervisor *s);
void supervisor_kill_main(struct supervisor *s);
void supervisor_stop_main(struct supervisor *s);
