/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/machine.h"

/*
 * The supervisor with the least there can be around it:
 *
 *	driver start|stop|terminate|reload|status|login NAME      asks it
 *	driver [--root DIR] hook STEP NAME                         is what it runs
 *
 * The steps are written down in /run/steps. START_TIMEOUT and STOP_TIMEOUT are seconds, SLOW_STEP names
 * a step that does not end by itself, BAD_STEP one that fails.
 */

/* The second one's directory is not there. */
static const char *const watched[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
				       NULL };

static struct supervisor_settings settings = { .watched = watched,
					       .runtime = "/run/nixctr-net",
					       .log = "/var/log/nixctr-net" };

/* A number of the environment, 0 without. */
static unsigned number(const char *name)
{
	const char *value = getenv(name);

	return value ? (unsigned)strtoul(value, NULL, 10) : 0;
}

/* Whether the environment says so of a step. */
static int is(const char *name, const char *step)
{
	const char *value = getenv(name);

	return value && strcmp(value, step) == 0;
}

/* Writes down that a step was run. */
static void note(const char *step, const char *name)
{
	int fd = open("/run/steps", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	dprintf(fd, "%s %s\n", step, name);
	close(fd);
}

/* Becomes systemd-nspawn. */
static int start(const char *name, struct error *e)
{
	_cleanup_(words_deinit) struct words argv = { 0 };
	static const struct words none;
	char root[PATH_MAX];
	struct nspawn_spec spec = {
		.name = name, .root = root, .init = "/init", .flags = &none, .environment = &none
	};

	(void)snprintf(root, sizeof(root), "/var/lib/nixos-containers/%s", name);
	return nspawn_words(&spec, &argv, e) < 0 ? -1 : nspawn_exec(&argv, e);
}

/* Does one step. */
static int step(const char *which, const char *name, struct error *e)
{
	if (strcmp(which, "supervise") == 0)
		return supervisor_run(&settings, name, e);
	note(which, name);
	while (is("SLOW_STEP", which))
		pause();
	if (is("BAD_STEP", which))
		return error_set(e, ERROR_FAILED, EIO, "step %s is a bad one", which);
	return strcmp(which, "start") == 0 ? start(name, e) : 0;
}

/* Asks the supervisor. */
static int ask(const char *what, const char *name, struct error *e)
{
	static const char *const states[] = { "down", "starting", "up", "stopping", "failed" };
	_cleanup_(manager_closep) struct manager *manager = NULL;
	struct machine_status status;
	int r = manager_open(&settings, &manager, e);

	if (r < 0)
		return r;
	if (strcmp(what, "start") == 0)
		return manager_start(manager, name, e);
	if (strcmp(what, "stop") == 0)
		return manager_stop(manager, name, e);
	if (strcmp(what, "terminate") == 0)
		return manager_terminate(manager, name, e);
	if (strcmp(what, "reload") == 0)
		return manager_reload(manager, name, e);
	if (strcmp(what, "login") == 0)
		return manager_login(manager, name, e);
	r = manager_status(manager, name, &status, e);
	if (r == 0)
		printf("%s %d %s\n", states[status.state], status.main_pid, status.result);
	return r;
}

int main(int argc, char **argv)
{
	struct error e = ERROR_INIT;
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int r;

	if (argc < 3 || n < 0)
		return 2;
	program[n] = '\0';
	settings.program = program;
	settings.start_timeout = number("START_TIMEOUT");
	settings.stop_timeout = number("STOP_TIMEOUT");
	log_init(LOG_STYLE_TERMINAL, LOG_LEVEL_INFO);
	if (strcmp(argv[1], "hook") == 0 && argc == 4)
		r = step(argv[2], argv[3], &e);
	else
		r = ask(argv[1], argv[2], &e);
	if (r >= 0 && strcmp(argv[1], "hook") != 0)
		printf("%d\n", r);
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s\n%s%s\n", e.text, e.detail, e.remedy);
	return (int)e.class;
}
