/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Makes a host that can be thrown away out of the namespaces it is started in, and becomes COMMAND
 * on it:
 *
 *	unshare --net --mount --propagation private throwaway-host [COMMAND [ARGUMENT...]]
 *
 * Without COMMAND it prints its PID, and lives as long as its standard input.
 *
 * Files: the directories the product writes to are empty tmpfs, so its real default paths are used
 * and the machine's own are out of reach. /etc holds a machine-id and the loader's cache.
 *
 * Network: a cable eth0 - eth0, see cable.h, leads to a namespace "outside", which plays the rest of
 * the world, with a server on port 7777. /run/outside/pid is the server's process, /run/outside/log
 * its log. All of it goes when COMMAND ends: nothing is pinned outside these namespaces.
 *
 * It is a program of its own, which starts no other, because thousands of hosts are made for the tests.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/netns/throwaway/cable.h"
#include "tests/netns/throwaway/server.h"

#define PORT         7777
#define LOADER_CACHE "/etc/ld.so.cache"

/**
 * namespace_of - what tells a namespace from others
 * @pid: a process
 * @kind: "net" or "mnt"
 * @ret_stat: filled
 *
 * Returns whether we are told.
 */
static bool namespace_of(pid_t pid, const char *kind, struct stat *ret_stat)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	return stat(path, ret_stat) == 0;
}

/**
 * refuse_the_machine - end where something would be changed in the namespaces of the machine
 *
 * PID 1 and whoever called us live there. PID 1 may be out of our sight in a container, so either of
 * them will do.
 */
static void refuse_the_machine(void)
{
	static const char *const kinds[] = { "net", "mnt" };
	const pid_t others[] = { 1, getppid() };
	bool seen = false;

	for (size_t i = 0; i < 4; i++) {
		const char *kind = kinds[i / 2];
		struct stat own, other;

		if (!namespace_of(others[i % 2], kind, &other))
			continue;
		seen = true;
		if (!namespace_of(getpid(), kind, &own) ||
		    (own.st_dev == other.st_dev && own.st_ino == other.st_ino))
			errx(1, "refusing to run in the machine's own %s namespace", kind);
	}
	if (!seen)
		errx(1, "refusing to run where nothing tells the machine's namespaces");
}

/**
 * file_write - make a file
 * @path: where there is none
 * @text: its content
 */
static void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		err(1, "cannot write %s", path);
}

/**
 * directory_empty - hide what is in a directory
 * @path: of the directory
 */
static void directory_empty(const char *path)
{
	if (mount("tmpfs", path, "tmpfs", 0, "mode=0755") < 0)
		err(1, "cannot mount a tmpfs on %s", path);
}

/**
 * nix_is_installed - whether there is a nix-store to be run
 */
static bool nix_is_installed(void)
{
	const char *rest = getenv("PATH");

	while (rest && *rest) {
		int length = (int)strcspn(rest, ":");
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%.*s/nix-store", length, rest);
		if (access(path, X_OK) == 0)
			return true;
		rest += length + (rest[length] == ':');
	}
	return false;
}

/**
 * loader_cache_put - keep the machine's cache of libraries
 * @machine: the file, closed
 *
 * Where libraries are is told to programs here too, or each looks for them in thirty places.
 */
static void loader_cache_put(int machine)
{
	int fd = open(LOADER_CACHE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ssize_t n;

	if (machine < 0 || fd < 0)
		err(1, "cannot copy " LOADER_CACHE);
	while ((n = sendfile(fd, machine, NULL, INT_MAX)) > 0)
		;
	if (n < 0 || close(fd) < 0 || close(machine) < 0)
		err(1, "cannot copy " LOADER_CACHE);
}

/**
 * hide_the_machine - put empty directories in the place of those that are written to
 *
 * Where there is Nix: a store of the host's own. Nix makes the directory when it is first used.
 */
static void hide_the_machine(void)
{
	int machine = open(LOADER_CACHE, O_RDONLY | O_CLOEXEC);

	directory_empty("/etc");
	directory_empty("/run");
	directory_empty("/var/lib");
	directory_empty("/var/log");
	if (nix_is_installed() && mkdir("/nix", 0755) < 0 && errno != EEXIST)
		err(1, "cannot make /nix");
	if (access("/nix", F_OK) == 0)
		directory_empty("/nix");
	loader_cache_put(machine);
	file_write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	if (mkdir("/run/lock", 0755) < 0 || mkdir("/run/outside", 0755) < 0)
		err(1, "cannot make the directories of the host");
}

/**
 * outside_run - be the process outside
 * @host: our parent, which becomes COMMAND; we end with it
 * @told: where to say that we listen
 *
 * What it says before it listens is for whoever starts the host. Then it has none of its descriptors.
 */
static _Noreturn void outside_run(pid_t host, int told)
{
	struct server server;
	int null;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != host || unshare(CLONE_NEWNET) < 0)
		err(1, "cannot go outside");
	server = server_open(PORT, "/run/outside/log");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0 || write(told, "", 1) != 1)
		exit(1);
	close(told);
	server_serve(&server);
}

/**
 * outside_start - start the server, and wait until it listens
 *
 * Returns its PID.
 */
static pid_t outside_start(void)
{
	pid_t host = getpid(), pid;
	char text[32];
	int told[2];

	if (pipe2(told, O_CLOEXEC) < 0)
		err(1, "cannot make a pipe");
	pid = fork();
	if (pid < 0)
		err(1, "cannot fork");
	if (pid == 0)
		outside_run(host, told[1]);
	close(told[1]);
	if (read(told[0], text, 1) != 1)
		errx(1, "no server outside");
	close(told[0]);
	(void)snprintf(text, sizeof(text), "%d\n", pid);
	file_write("/run/outside/pid", text);
	return pid;
}

/**
 * live - be the host's process, for there is no COMMAND
 *
 * Returns our exit status.
 */
static int live(void)
{
	char byte;

	if (dprintf(STDOUT_FILENO, "%d\n", getpid()) < 0)
		err(1, "cannot say that the host is there");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

/**
 * main - see the head of this file
 * @argc, @argv: throwaway-host [COMMAND [ARGUMENT...]]
 */
int main(int argc, char **argv)
{
	refuse_the_machine();
	hide_the_machine();
	cable_plug(outside_start());
	if (argc < 2)
		return live();
	execvp(argv[1], argv + 1);
	err(127, "cannot run %s", argv[1]);
}
