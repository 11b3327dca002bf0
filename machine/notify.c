/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define DESCRIPTORS_MAX 253 /* that one message may carry: SCM_MAX_FD of the kernel */

/**
 * notify_open - a socket for notifications
 * @ret_fd: the socket; the caller closes it
 * @address: filled with what $NOTIFY_SOCKET is to be
 * @e: filled on failure
 *
 * The kernel chooses an abstract address, unix(7): there is no file that a killed run could leave and
 * no path that could be too long. Who has sent a message is told by the kernel.
 *
 * Returns 0 or -errno.
 */
int notify_open(int *ret_fd, char address[NOTIFY_ADDRESS_MAX], struct error *e)
{
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(name);
	const int on = 1;
	size_t letters;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&name, sizeof(sa_family_t)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &length) < 0)
		return error_errno(e, errno, "cannot make a socket for notifications");
	letters = length - offsetof(struct sockaddr_un, sun_path) - 1;
	if (letters == 0 || letters + 2 > NOTIFY_ADDRESS_MAX)
		return error_errno(e, ENAMETOOLONG, "cannot make a socket for notifications");
	address[0] = '@';
	memcpy(address + 1, name.sun_path + 1, letters);
	address[1 + letters] = '\0';
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/**
 * control_read - who has sent a message; descriptors that came with it are closed
 * @message: as received, borrowed
 *
 * Returns its PID, or 0 when that is not told.
 */
static pid_t control_read(struct msghdr *message)
{
	struct cmsghdr *control;
	pid_t pid = 0;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		size_t length = control->cmsg_len - CMSG_LEN(0);

		if (control->cmsg_level != SOL_SOCKET)
			continue;
		if (control->cmsg_type == SCM_CREDENTIALS) {
			struct ucred credentials;

			memcpy(&credentials, CMSG_DATA(control), sizeof(credentials));
			pid = credentials.pid;
		}
		for (size_t i = 0; control->cmsg_type == SCM_RIGHTS && i < length / sizeof(int);
		     i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(control) + i * sizeof(fd), sizeof(fd));
			close(fd);
		}
	}
	return pid;
}

/**
 * number_of - the value of an assignment
 * @line: borrowed
 * @name: with its "=", borrowed
 *
 * Returns the number, or 0 when the line is another one or has none.
 */
static uint64_t number_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(line, name, length) != 0 || line[length] < '0' || line[length] > '9')
		return 0;
	return strtoull(line + length, NULL, 10);
}

/**
 * notify_parse - understand a message
 * @text: changed
 *
 * Returns what it says; what we do not know is skipped.
 */
static struct notice notify_parse(char *text)
{
	struct notice notice = { .ready = false };
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strcmp(line, "READY=1") == 0)
			notice.ready = true;
		if (number_of(line, "X_NSPAWN_LEADER_PID="))
			notice.leader = (pid_t)number_of(line, "X_NSPAWN_LEADER_PID=");
		if (number_of(line, "EXTEND_TIMEOUT_USEC="))
			notice.extend_usec = number_of(line, "EXTEND_TIMEOUT_USEC=");
	}
	return notice;
}

/**
 * notify_read - receive one notification
 * @fd: from notify_open(), borrowed
 * @from: the process it has to come from: anybody may write to the socket
 * @ret_notice: what it says
 * @e: filled on failure
 *
 * Returns 1, 0 when none is there, or it came from somebody else, or -errno.
 */
int notify_read(int fd, pid_t from, struct notice *ret_notice, struct error *e)
{
	char text[4096];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred)) +
			  CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
	} control;
	struct iovec data = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	pid_t sender;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return error_errno(e, errno, "cannot receive a notification");
	sender = control_read(&message);
	if (sender != from || from <= 0) {
		log_debug("notification of process %d, not of %d: left alone", sender, from);
		return 0;
	}
	text[n] = '\0';
	*ret_notice = notify_parse(text);
	return 1;
}
