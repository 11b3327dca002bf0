/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach/private-users.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/attach/attach.h"
#include "container/attach/network.h"
#include "machine/machine.h"

/*
 * Theory of operation
 *
 * A container with users of its own (PRIVATE_USERS) cannot be given a prepared network: systemd-nspawn
 * has no right to join it from the container's user namespace. What pre-start has made is taken
 * away again, and made in the namespace that systemd-nspawn makes, while the first program of the
 * container waits: its init sees no difference. machine/attendant.c has the mechanism.
 */

/* What the attendant works with; it is a copy of the process that made it. */
struct late_network {
	const struct paths *paths;
	const char *name;
};

/**
 * late_attach - make the network of a container in the namespace it has
 * @leader: its first process, which waits
 * @data: the struct late_network
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int late_attach(const struct leader *leader, void *data, struct error *e)
{
	const struct late_network *late = (const struct late_network *)data;
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(fd_closep) int ns = -1;
	char path[64];
	int r = path_format(path, sizeof(path), e, "/proc/%d/ns/net", leader->pid);

	if (r < 0)
		return r;
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return error_errno(e, errno,
				   "cannot open the network namespace of its first "
				   "process");
	r = leader_check(leader, e);
	if (r == 0)
		r = network_open(late->paths, &network, e);
	if (r == 0)
		r = network_attach_to(network, late->name, ns, e);
	if (r < 0)
		return error_wrap(e, r, "the container has users of its own");
	log_notice("%s: has users of its own: its network was made while its first program waited",
		   late->name);
	return 1;
}

/**
 * users_attach_later - have the network made when the first program of the container waits
 * @paths: borrowed
 * @name: a checked name, borrowed
 * @later: filled with what systemd-nspawn has to be told
 * @e: filled on failure
 *
 * Called by the process that is about to become systemd-nspawn.
 *
 * Returns 0 or -errno.
 */
int users_attach_later(const struct paths *paths, const char *name, struct users_later *later,
		       struct error *e)
{
	struct late_network late = { .paths = paths, .name = name };
	const struct attendant_work work = { .name = name, .run = late_attach, .data = &late };
	char directory[PATH_MAX];
	int r = attendant_program(later->program, e);

	if (r == 0)
		r = path_format(directory, sizeof(directory), e, "%s/waiting", paths->runtime);
	if (r == 0)
		r = path_format(later->fifo, sizeof(later->fifo), e, "%s/%s", directory, name);
	if (r == 0)
		r = directory_make(directory, 0700, e);
	return r < 0 ? r : attendant_start(later->fifo, &work, e);
}
