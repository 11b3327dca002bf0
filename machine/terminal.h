/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>

#include "base/error.h"
#include "base/process.h"

/* Our terminal on one side, a pseudo-terminal whose other end is inside a container on the other. */

enum terminal_end {
	/* The other side hangs up, or the process ends where there is one. */
	TERMINAL_UNTIL_HANGUP,
	/*
	 * A login prompt, which comes back after each logout: hang-ups are passed over. It ends with
	 * the process, or with whoever gives it, when our side hangs up, or when Ctrl-] is typed three
	 * times within a second.
	 */
	TERMINAL_UNTIL_ESCAPE,
};

struct terminal_spec {
	int master; /* of the pseudo-terminal, borrowed; -1: none, only the process is waited for */
	int input;  /* what is read here goes inside, borrowed; a terminal becomes raw; -1: none */
	int output; /* what comes from inside goes here, borrowed; -1: it is dropped */
	/*
	 * When it has ended, the last of its output is forwarded. Signals that ask us to end are
	 * passed on to it. NULL: there is none, and such a signal ends the forwarding.
	 */
	const struct process *process;
	int giver; /* pidfd of whoever gives the terminal, borrowed; 0: the process or nobody */
	enum terminal_end end;
};

/*
 * The signals that are handled here, but for those that this program ignores. Whoever starts a process
 * that it will wait for blocks them before: what arrives meanwhile is not lost.
 */
void terminal_signals(sigset_t *ret_signals);

/*
 * Forwards both ways, and the size of the window, until the end. Our terminal is as it was afterwards,
 * whatever happens. The process is not waited for with wait(2).
 *
 * Returns 0 when the process has ended or the other side has hung up, 128 + N when signal N ended it,
 * or -errno.
 */
int terminal_forward(const struct terminal_spec *spec, struct error *e);
