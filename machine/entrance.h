/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "machine/confine.h"
#include "machine/membership.h"

/* The way into a container, as it is known before anybody goes: machine/enter.c asks, and goes. */
struct entrance {
	const struct leader *leader; /* borrowed */
	char *const *argv;           /* borrowed; NULL: a login shell */
	char terminal[64];           /* the kind of our terminal, or "" */
	int root;                    /* directory of the leader; owned */
	int namespaces;              /* CLONE_NEW* of those that are not ours */
	struct confinement confinement;
	struct membership membership;
};

/* Where on the way it went wrong; machine/enter.c has words for each. */
enum entrance_step {
	STEP_PREPARE,
	STEP_GROUPS,
	STEP_NAMESPACES,
	STEP_IDENTITY,
	STEP_TERMINAL,
	STEP_CONFINE,
	STEP_FORK,
	STEP_EXEC,
	STEPS,
};

/* What is told on the way, on a SOCK_SEQPACKET socket. */
struct report {
	enum entrance_step step;
	int number; /* positive errno: it failed in this step; 0: it is done */
	pid_t pid;  /* of the process inside, with STEP_FORK */
};

/*
 * With STEP_TERMINAL come the two ends of a pseudo-terminal, when one of the three standard
 * descriptors is a terminal. What is then run inside is a child of our parent.
 */
_Noreturn void entrance_pass(const struct entrance *entrance, int socket);
