/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Programs are run with an argument vector, never by a shell. */

int process_exec(char *const argv[], struct error *e);

enum process_input {
	PROCESS_SHARES_OURS,
	PROCESS_READS_NOTHING,
};

/* How a child is to be run; all zero but .argv is fine: it shares our standard descriptors. */
struct process_spec {
	char *const *argv;        /* ends with NULL; its name is looked up in PATH */
	char *const *environment; /* KEY=VALUE, set beside ours; ends with NULL; NULL: none */
	enum process_input input;
	int output, error; /* descriptors for the two, borrowed; 0: ours */
	bool dies_with_us; /* is killed when our thread ends */

	/* What the child does before it becomes the program; returns 0 or -errno. NULL: nothing. */
	int (*prepare)(const void *context);
	const void *context; /* borrowed */
};

/* A child, held so that its number cannot become another's. */
struct process {
	pid_t pid; /* 0: none */
	int pidfd; /* owned */
};

#define PROCESS_INIT ((struct process){ .pidfd = -1 })

int process_spawn(const struct process_spec *spec, struct process *ret_process, struct error *e);
int process_wait(struct process *process, struct error *e);
int process_run(const struct process_spec *spec, struct error *e);
void process_kill(struct process *process);
