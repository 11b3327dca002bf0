/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/keeper-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define KEEPER_SOCKET  "owner.sock"
#define KEEPER_SECONDS 5  /* it answers at once, or never */
#define KEEPER_BACKLOG 64 /* commands that come at once; others wait */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* kernel 5.14 */
#endif

/**
 * address_make - the address of the socket in a directory
 * @directory: a descriptor of it; the address is good as long as it is open
 * @ret_address: filled
 *
 * Addresses of sockets are short, and paths of test trees are not.
 */
static void address_make(int directory, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		       KEEPER_SOCKET);
	*ret_address = address;
}

/**
 * keeper_socket_listen - listen where a keeper is looked for
 * @directory: borrowed
 * @ret_fd: the socket; the caller closes it
 * @e: filled on failure
 *
 * What a killed keeper has left there is replaced. Nobody but root may connect: the mode is set before
 * anybody is listened to.
 *
 * Returns 0 or -errno.
 */
int keeper_socket_listen(const char *directory, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(fd_closep) int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un address;

	if (fd < 0 || at < 0)
		return error_errno(e, errno, "cannot listen in %s", directory);
	address_make(at, &address);
	if ((unlinkat(at, KEEPER_SOCKET, 0) < 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(at, KEEPER_SOCKET, 0600, 0) < 0 || listen(fd, KEEPER_BACKLOG) < 0)
		return error_errno(e, errno, "cannot listen at %s/" KEEPER_SOCKET, directory);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A message of one byte with a descriptor beside it. */
struct parcel {
	char byte;
	struct iovec part;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message;
};

/**
 * parcel_init - make one, with nothing in it
 * @parcel: filled
 */
static void parcel_init(struct parcel *parcel)
{
	*parcel = (struct parcel){ .byte = 0 };
	parcel->part = (struct iovec){ .iov_base = &parcel->byte, .iov_len = 1 };
	parcel->message = (struct msghdr){ .msg_iov = &parcel->part,
					   .msg_iovlen = 1,
					   .msg_control = parcel->control,
					   .msg_controllen = sizeof(parcel->control) };
}

/**
 * keeper_socket_lend - hand a descriptor to whoever has connected
 * @listener: from keeper_socket_listen()
 * @fd: borrowed
 *
 * Waits for somebody to connect. Whoever has gone again gets nothing, and that is all.
 *
 * Returns 0, or -errno when nobody can connect any more.
 */
int keeper_socket_lend(int listener, int fd)
{
	_cleanup_(fd_closep) int borrower = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct parcel parcel;
	struct cmsghdr *header;

	if (borrower < 0)
		return errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	parcel_init(&parcel);
	header = CMSG_FIRSTHDR(&parcel.message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	(void)sendmsg(borrower, &parcel.message, MSG_NOSIGNAL | MSG_DONTWAIT);
	return 0;
}

/**
 * socket_is_like - whether a socket is of nf_tables, in the namespace of another one
 * @fd: the socket
 * @like: the other one
 */
static bool socket_is_like(int fd, int like)
{
	uint64_t ours = 0, theirs = 1;
	int protocol = -1;
	socklen_t size = sizeof(protocol), cookie = sizeof(ours);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == NETLINK_NETFILTER &&
	       getsockopt(like, SOL_SOCKET, SO_NETNS_COOKIE, &ours, &cookie) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &theirs, &cookie) == 0 && ours == theirs;
}

/**
 * parcel_open - take the descriptor out of a message that has arrived
 * @parcel: received
 *
 * Returns it, or -1 when there is none.
 */
static int parcel_open(struct parcel *parcel)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(&parcel->message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/**
 * keeper_connect - connect to a keeper
 * @directory: where it is found, borrowed
 * @ret_fd: the connection; the caller closes it
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int keeper_connect(const char *directory, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = KEEPER_SECONDS };
	struct sockaddr_un address;

	if (at < 0 && errno == ENOENT)
		return 0;
	if (at < 0 || fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return error_errno(e, errno, "cannot look for who owns our tables");
	address_make(at, &address);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ENOENT || errno == ECONNREFUSED
			       ? 0
			       : error_errno(e, errno, "cannot reach who owns our tables");
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/**
 * keeper_socket_receive - ask the keeper for the socket that owns our tables
 * @directory: where it is found, borrowed
 * @like: a socket of nf_tables
 * @ret_fd: the socket; the caller closes it
 * @e: filled on failure
 *
 * A keeper that ends meanwhile is none.
 *
 * Returns 1, 0 when there is no keeper, or one of another namespace, or -errno.
 */
int keeper_socket_receive(const char *directory, int like, int *ret_fd, struct error *e)
{
	_cleanup_(fd_closep) int keeper = -1;
	_cleanup_(fd_closep) int fd = -1;
	struct parcel parcel;
	ssize_t n;
	int r = keeper_connect(directory, &keeper, e);

	if (r <= 0)
		return r;
	parcel_init(&parcel);
	do
		n = recvmsg(keeper, &parcel.message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0) {
		r = error_errno(e, errno == EAGAIN ? ETIMEDOUT : errno,
				"who owns our tables does not answer");
		return error_remedy(e, r, "restart it: systemctl restart nixctr-net-watch");
	}
	fd = parcel_open(&parcel);
	if (fd < 0 || !socket_is_like(fd, like))
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}
