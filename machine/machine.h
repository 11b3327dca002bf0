/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/words.h"

/*
 * The processes of containers: what systemd-nspawn is told, who runs it, and how to get inside. Knows
 * no address and no definition; libsystemd has its home here.
 */

#define MACHINE_NAME_MAX    64  /* with its NUL */
#define MACHINE_EXIT_REBOOT 133 /* of systemd-nspawn: the container wants to be started again */

/* ------------------------------------------------------------- who runs containers */

/*
 * The manager of this host: systemd, in container@NAME.service, or, where systemd is not PID 1, a
 * supervisor of ours for each container, which takes the same steps.
 */
struct manager;

enum manager_kind {
	MANAGER_SYSTEMD,
	MANAGER_SUPERVISOR,
};

/* What the supervisor runs; systemd has it from the unit. All borrowed while the manager is open. */
struct supervisor_settings {
	const char *program;        /* ours, absolute: PROGRAM --root ROOT hook STEP NAME */
	const char *root;           /* --root, or NULL */
	const char *runtime;        /* directory of its state files */
	const char *log;            /* directory of the logs of containers */
	const char *const *watched; /* files; the step "resolver" is taken when one changes */
	unsigned start_timeout;     /* seconds until a container must be ready; 0: the usual */
	unsigned stop_timeout; /* seconds until one that does not stop is killed; 0: the usual */
};

enum machine_state {
	MACHINE_DOWN,
	MACHINE_STARTING,
	MACHINE_UP, /* has reported that it is ready; also while it is reloaded */
	MACHINE_STOPPING,
	MACHINE_FAILED, /* down, and not because somebody asked for it */
};

struct machine_status {
	enum machine_state state;
	pid_t main_pid;  /* of systemd-nspawn; 0: none */
	char result[32]; /* why the last run ended: $SERVICE_RESULT of systemd.exec(5), or "" */
};

int manager_open(const struct supervisor_settings *settings, struct manager **ret_manager,
		 struct error *e);
void manager_close(struct manager *manager);
void manager_closep(struct manager **manager);
enum manager_kind manager_kind(const struct manager *manager);

/*
 * Each waits until it is so. Return 1 when that had to be brought about, 0 when it was so, or -errno:
 * the error has the result and the last lines that the container or its unit logged.
 */
int manager_start(struct manager *manager, const char *name, struct error *e);
int manager_stop(struct manager *manager, const char *name, struct error *e);
/* Kills all of it at once, without telling the container. */
int manager_terminate(struct manager *manager, const char *name, struct error *e);
/* Runs the unit's reload step. */
int manager_reload(struct manager *manager, const char *name, struct error *e);
/* Returns 0 or -errno; a container that nobody knows is MACHINE_DOWN. */
int manager_status(struct manager *manager, const char *name, struct machine_status *ret_status,
		   struct error *e);
/* Has systemd read what generators make of the definitions. Nothing to do for a supervisor. */
int manager_refresh(struct manager *manager, struct error *e);
/* A login prompt of the container on our terminal, until it ends. Returns the exit status. */
int manager_login(struct manager *manager, const char *name, struct error *e);

/* The supervisor itself: runs until the container has stopped. Logs to standard error. */
int supervisor_run(const struct supervisor_settings *settings, const char *name, struct error *e);

/* Ends what machined still keeps of a machine whose systemd-nspawn is gone. Returns 1, 0, -errno. */
int machine_forget(const char *name, struct error *e);

/* What a service tells its manager: "READY=1"; and after how many µs without a word it counts as dead. */
void machine_announce(const char *state);
uint64_t machine_watchdog(void);

/* ------------------------------------------------------------- inside */

/* The first process of a container, held so that its number cannot become another's. */
struct leader {
	pid_t pid;
	int pidfd; /* owned; -1: none */
};

#define LEADER_INIT ((struct leader){ .pidfd = -1 })

/* @main_pid: of systemd-nspawn. Returns 1, 0 when it has no container, or -errno. */
int leader_find(pid_t main_pid, struct leader *ret_leader, struct error *e);
/* Whether it is still there: what was read by its number before was its own, then. 0 or -ESRCH. */
int leader_check(const struct leader *leader, struct error *e);
void leader_close(struct leader *leader);

/*
 * Runs a command as root of a container: in all its namespaces and its control group, with no more
 * capabilities than it has, with a login shell's environment, no descriptors but the three, and a
 * terminal of the container where ours is one.
 *
 * @argv: ends with NULL; NULL: a login shell.
 *
 * Returns the exit status (128 + N for signal N), or -errno with class ERROR_CANNOT_RUN,
 * ERROR_NO_PROGRAM or ERROR_FAILED.
 */
int leader_run(const struct leader *leader, const char *name, char *const argv[], struct error *e);

/*
 * Has a running container see the file @host of ours in the place of its own file @inside, to read. No
 * component of @inside may be a link. Returns 1, 0 when it does, or -errno.
 */
int leader_mount(const struct leader *leader, const char *host, const char *inside,
		 struct error *e);

/* ------------------------------------------------------------- what systemd-nspawn is told */

/* Something of the host that appears in the container; see --bind= of systemd-nspawn(1). */
struct nspawn_bind {
	const char *host;
	const char *inside;
	enum nspawn_access {
		NSPAWN_WRITABLE,
		NSPAWN_READ_ONLY,
		NSPAWN_FOR_ALL, /* read-only, and for everybody to read, whoever owns it inside */
	} access;
};

#define NSPAWN_BINDS_MAX 8

/* A container as systemd-nspawn sees it. All borrowed. */
struct nspawn_spec {
	const char *name;
	const char *root;        /* its root directory */
	const char *namespace;   /* of the network, prepared; NULL: the host's */
	bool own_network;        /* that namespace, and it may administer it */
	const char *init;        /* the first program; NULL: what the tree boots with */
	const char *waits;       /* nixctr-net-init, which runs before; NULL: nothing waits */
	const char *fifo;        /* of attendant_start(), where .waits is set */
	const char *users;       /* of --private-users=; NULL: the host's */
	const char *personality; /* of --personality=; NULL: the host's */
	bool ephemeral;          /* what it writes is forgotten */
	bool registered;         /* machined shall know it */
	bool resolver;           /* systemd-nspawn sees to /etc/resolv.conf */
	struct nspawn_bind binds[NSPAWN_BINDS_MAX];
	size_t n_binds;
	const struct words *flags;       /* further options, passed as they are */
	const struct words *environment; /* KEY=VALUE for the first program */
};

/* Appends the program and all its options to @argv. */
int nspawn_words(const struct nspawn_spec *spec, struct words *argv, struct error *e);
bool machine_name(const char *name, char machine[MACHINE_NAME_MAX], char host[MACHINE_NAME_MAX]);
/* Becomes it. Returns only on failure. */
int nspawn_exec(const struct words *argv, struct error *e);

/* Whether machined can be told of a machine: it runs, or can be started. */
bool machine_can_register(void);

/* ------------------------------------------------------------- while the first program waits */

/* What is to be done when a container has its namespaces and its init has not begun. Borrowed. */
struct attendant_work {
	const char *name; /* of the container */
	int (*run)(const struct leader *leader, void *data, struct error *e);
	void *data;
};

/*
 * Has it done by a process of its own when the container's first program, nixctr-net-init, waits. Called
 * by the process that is about to become systemd-nspawn. The start fails when the work does.
 */
int attendant_start(const char *fifo, const struct attendant_work *work, struct error *e);
/* Where nixctr-net-init is on this host. */
int attendant_program(char path[PATH_MAX], struct error *e);
