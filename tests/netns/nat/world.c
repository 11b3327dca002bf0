/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"

#define DEADLINE_MS 5000
#define WORDS_MAX   40

/** same_file - whether two stat results are of one file */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/**
 * namespace_is_ours - whether we have left the network we came from, and are not in that of PID 1,
 * as far as that may be looked at
 */
static bool namespace_is_ours(const struct stat *before)
{
	struct stat now, init;

	if (stat("/proc/self/ns/net", &now) < 0 || same_file(&now, before))
		return false;
	return stat("/proc/1/ns/net", &init) < 0 || !same_file(&now, &init);
}

/**
 * world_isolate - leave the machine
 *
 * Returns 0, or -1 when that cannot be done; then no test may run.
 */
int world_isolate(void)
{
	struct stat before;

	if (stat("/proc/self/ns/net", &before) < 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    !namespace_is_ours(&before)) {
		print_error("cannot leave the network namespace of the machine: run it as root\n");
		return -1;
	}
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/netns", 0755) < 0)
		return -1;
	return run("ip link set lo up") == 0 ? 0 : -1;
}

/** command_exec - become a command, its output going to @out, or where errors go: not into the TAP */
static void command_exec(const char *command, int out)
{
	char *words[WORDS_MAX + 1] = { NULL };
	char *rest = strdup(command);

	for (size_t count = 0; rest && count < WORDS_MAX; count++)
		words[count] = strsep(&rest, " ");
	if (!words[0])
		_exit(127);
	dup2(out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
	execvp(words[0], words);
	_exit(127);
}

/** child_status - wait for a child and tell its exit status */
static int child_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/** run - run a command, its words separated by single blanks; returns its exit status */
int run(const char *command)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		command_exec(command, -1);
	return child_status(pid);
}

/** must_run - run a command that has to succeed */
void must_run(const char *command)
{
	if (run(command) != 0)
		fail_msg("failed: %s", command);
}

/** output_of - what a command that has to succeed prints; the caller frees it */
char *output_of(const char *command)
{
	_cleanup_(fd_closep) int out = memfd_create("output", MFD_CLOEXEC);
	struct stat st;
	char *text;
	pid_t pid;

	assert_true(out >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		command_exec(command, out);
	if (child_status(pid) != 0)
		fail_msg("failed: %s", command);
	assert_int_equal(fstat(out, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(out, text, (size_t)st.st_size, 0), st.st_size);
	return text;
}

/** container_connect - a container with addresses of both families, on a link that forwards */
static void container_connect(const char *name, int number)
{
	static const char *const commands[] = {
		"ip netns add %1$s",
		"ip link add ve-%1$s type veth peer name eth0 netns %1$s",
		"ip link set ve-%1$s up",
		"ip addr add 10.233.%2$d.1 peer 10.233.%2$d.2 dev ve-%1$s",
		"ip addr add fd00:%2$d::1 peer fd00:%2$d::2 dev ve-%1$s nodad",
		"ip -n %1$s link set lo up",
		"ip -n %1$s link set eth0 up",
		"ip -n %1$s addr add 10.233.%2$d.2 peer 10.233.%2$d.1 dev eth0",
		"ip -n %1$s addr add fd00:%2$d::2 peer fd00:%2$d::1 dev eth0 nodad",
		"ip -n %1$s route add default via 10.233.%2$d.1",
		"ip -n %1$s route add default via fd00:%2$d::1",
		"sysctl -q net.ipv4.conf.ve-%1$s.forwarding=1",
		"sysctl -q net.ipv6.conf.ve-%1$s.force_forwarding=1",
	};
	char command[160];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(command, sizeof(command), commands[i], name, number);
#pragma GCC diagnostic pop
		must_run(command);
	}
}

/** world_connect - the outside behind eth0, and two containers a and b */
void world_connect(void)
{
	must_run("ip netns add outside");
	must_run("ip link add eth0 type veth peer name eth0 netns outside");
	must_run("ip link set eth0 up");
	must_run("ip addr add 198.51.100.1/24 dev eth0");
	must_run("ip addr add 2001:db8::1/64 dev eth0 nodad");
	must_run("ip -n outside link set lo up");
	must_run("ip -n outside link set eth0 up");
	must_run("ip -n outside addr add 198.51.100.2/24 dev eth0");
	must_run("ip -n outside addr add 2001:db8::2/64 dev eth0 nodad");
	must_run("ip -n outside route add 10.233.0.0/16 via 198.51.100.1");
	must_run("ip -n outside route add fd00::/16 via 2001:db8::1");
	container_connect("a", 1);
	container_connect("b", 2);
}

/** socket_in - a socket that belongs to a namespace; "" is the host */
int socket_in(const char *namespace, int family, int type, int protocol)
{
	_cleanup_(fd_closep) int home = -1, other = -1;
	char path[64];
	int fd;

	if (!namespace[0])
		return socket(family, type | SOCK_CLOEXEC, protocol);
	(void)snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	assert_int_equal(netns_current(&home, NULL), 0);
	assert_int_equal(netns_open(path, &other, NULL), 1);
	assert_int_equal(netns_enter(other, NULL), 0);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	netns_leave(home);
	assert_true(fd >= 0);
	return fd;
}

/** address_of - an address and port as the kernel wants them */
struct sockaddr_storage address_of(int family, const char *text, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_storage storage = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *v4 = (void *)&storage;
	struct sockaddr_in6 *v6 = (void *)&storage;

	if (family == AF_INET) {
		assert_int_equal(inet_pton(family, text, &v4->sin_addr), 1);
		v4->sin_port = htons(port);
		*ret_size = sizeof(*v4);
	} else {
		assert_int_equal(inet_pton(family, text, &v6->sin6_addr), 1);
		v6->sin6_port = htons(port);
		*ret_size = sizeof(*v6);
	}
	return storage;
}

/** server_in - a socket bound in a namespace; a stream listens */
int server_in(const char *namespace, int family, int type, const char *address, uint16_t port)
{
	int fd = socket_in(namespace, family, type, 0);
	socklen_t size;
	struct sockaddr_storage local = address_of(family, address, port, &size);
	const int on = 1;

	if (type == SOCK_STREAM)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (void *)&local, size), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/** readable - wait until there is something to read, or an error to fetch, or the deadline */
int readable(int fd)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };

	return poll(&event, 1, DEADLINE_MS) > 0;
}
