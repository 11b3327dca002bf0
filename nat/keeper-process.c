/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "nat/keeper-socket.h"
#include "nat/nat.h"
#include "nat/nft.h"

/**
 * descriptors_keep - close all descriptors but two
 * @a, @b: the two
 *
 * Locks of the parent must not be held any longer than it lives.
 */
static void descriptors_keep(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 0)
		(void)close_range(0, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, UINT_MAX, 0);
}

/**
 * keeper_run - be the keeper
 * @parent: with whom it ends
 * @listener: where it lends
 * @socket: what it lends
 *
 * It is the keeper who binds the socket, so that its netlink port is the keeper's process id: by that
 * nft(8) finds at once whom a table belongs to, and does not search all processes.
 */
static _Noreturn void keeper_run(pid_t parent, int listener, struct mnl_socket *socket)
{
	const int fd = mnl_socket_get_fd(socket);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    nft_socket_prepare(socket) < 0)
		_exit(EXIT_FAILURE);
	descriptors_keep(listener, fd);
	while (keeper_socket_lend(listener, fd) == 0)
		;
	_exit(EXIT_FAILURE);
}

/**
 * nat_keeper_start - have a process that our tables can belong to
 * @directory: where it is found, borrowed
 * @ret_keeper: the process; it ends with our thread, or with process_kill()
 * @e: filled on failure
 *
 * There must be no other one for the directory. It owns nothing until somebody makes or adopts a table
 * through its socket.
 *
 * Returns 0 or -errno.
 */
int nat_keeper_start(const char *directory, struct process *ret_keeper, struct error *e)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	_cleanup_(fd_closep) int listener = -1;
	struct process keeper = PROCESS_INIT;
	const pid_t parent = getpid();
	int r = 0;

	if (!socket)
		r = error_errno(e, errno, "cannot make a socket that owns our tables");
	if (r == 0)
		r = keeper_socket_listen(directory, &listener, e);
	if (r == 0) {
		keeper.pid = fork();
		if (keeper.pid == 0)
			keeper_run(parent, listener, socket);
		if (keeper.pid > 0)
			keeper.pidfd = pidfd_open(keeper.pid, 0);
		if (keeper.pidfd < 0)
			r = error_errno(e, errno, "cannot start who owns our tables");
	}
	if (socket)
		mnl_socket_close(socket);
	if (r < 0)
		process_kill(&keeper);
	else
		*ret_keeper = keeper;
	return r;
}
