/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define PROC_SIZE_MAX ((size_t)64 * 1024)

/* Of open files, for programs that use select(2) or close all there could be, as systemd has it. */
#define OPEN_FILES_SOFT 1024

/**
 * status_number - a number of /proc/PID/status
 * @status: its text, borrowed
 * @key: with the line end before it and the colon behind it
 * @base: of the number
 * @ret_number: the number
 * @e: names the key
 *
 * Returns 0 or -ENOTSUP.
 */
static int status_number(const char *status, const char *key, int base, uint64_t *ret_number,
			 struct error *e)
{
	const char *at = strstr(status, key);

	if (!at)
		return error_set(e, ERROR_FAILED, ENOTSUP, "/proc/PID/status has no %s", key + 1);
	*ret_number = strtoull(at + strlen(key), NULL, base);
	return 0;
}

/**
 * take_filters - the filters of system calls that the first process has
 * @pid: of that process
 * @status: its /proc/PID/status, borrowed
 * @filters: filled
 *
 * Not every kernel tells them, and none tells them to a process that has a filter itself, which goes
 * in with us: then a command in the container is kept by all else that keeps it.
 */
static void take_filters(pid_t pid, const char *status, struct filters *filters)
{
	uint64_t mode;
	int r = status_number(status, "\nSeccomp:", 10, &mode, NULL);

	if (r < 0 || mode != SECCOMP_MODE_FILTER)
		return;
	r = filters_read(pid, filters);
	if (r < 0)
		log_debug("the system calls of a command are not filtered: %s", strerror(-r));
}

/**
 * confinement_deinit - free what was read
 * @confinement: not to be used any more
 */
void confinement_deinit(struct confinement *confinement)
{
	filters_deinit(&confinement->filters);
}

/**
 * confinement_read - what the first process of a container may do
 * @leader: that process
 * @ret_confinement: filled
 * @e: filled on failure
 *
 * Source: proc(5), CapBnd, NoNewPrivs and Seccomp of /proc/PID/status.
 *
 * Returns 0 or -errno.
 */
int confinement_read(const struct leader *leader, struct confinement *ret_confinement,
		     struct error *e)
{
	_cleanup_(freep) char *status = NULL;
	_cleanup_(freep) char *score = NULL;
	uint64_t no_new_privileges = 0;
	char path[64];
	size_t length;
	int r;

	r = path_format(path, sizeof(path), e, "/proc/%d/status", leader->pid);
	if (r == 0)
		r = file_read(path, PROC_SIZE_MAX, &status, &length, e);
	if (r == 0)
		r = status_number(status, "\nCapBnd:", 16, &ret_confinement->capabilities, e);
	if (r == 0)
		r = status_number(status, "\nNoNewPrivs:", 10, &no_new_privileges, e);
	if (r == 0)
		r = path_format(path, sizeof(path), e, "/proc/%d/oom_score_adj", leader->pid);
	if (r == 0)
		r = file_read(path, PROC_SIZE_MAX, &score, &length, e);
	if (r < 0 || !score)
		return r;
	take_filters(leader->pid, status, &ret_confinement->filters);
	ret_confinement->no_new_privileges = no_new_privileges;
	ret_confinement->oom_score = (int)strtol(score, NULL, 10);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (prlimit(leader->pid, (enum __rlimit_resource)i, NULL,
			    &ret_confinement->limits[i]) < 0)
			return error_errno(e, errno, "cannot read the limits of process %d",
					   leader->pid);
	return 0;
}

/**
 * confinement_limit - take over what the first process has of resources
 * @confinement: borrowed
 *
 * To have more than we have takes CAP_SYS_RESOURCE; without it the process keeps what we have.
 *
 * Returns 0 or -errno.
 */
int confinement_limit(const struct confinement *confinement)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%d", confinement->oom_score) < 0 && errno != EACCES)
		return -errno;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = confinement->limits[i];

		if (i == RLIMIT_NOFILE && limit.rlim_cur > OPEN_FILES_SOFT)
			limit.rlim_cur = OPEN_FILES_SOFT;
		if (setrlimit((enum __rlimit_resource)i, &limit) < 0 && errno != EPERM)
			return -errno;
	}
	return 0;
}

/**
 * capabilities_drop - keep only these capabilities
 * @kept: as a set of bits
 *
 * Source: capabilities(7), capset(2).
 *
 * Returns 0 or -errno.
 */
static int capabilities_drop(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if ((i >= 64 || !(kept >> i & 1)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(kept >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/**
 * filters_after_drop - whether filters can still be installed by who has dropped capabilities
 * @confinement: borrowed
 *
 * A filter may have a say in how capabilities are dropped, so that comes first where it can.
 */
static bool filters_after_drop(const struct confinement *confinement)
{
	return confinement->no_new_privileges ||
	       (confinement->capabilities >> CAP_SYS_ADMIN & 1) != 0;
}

/**
 * confinement_apply - give up what the first process may not
 * @confinement: borrowed
 *
 * And the keys of our session: where the kernel has none, or no room for another, there is nothing to
 * give up or it fails.
 *
 * Returns 0 or -errno.
 */
int confinement_apply(const struct confinement *confinement)
{
	int r;

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 &&
	    errno != ENOSYS && errno != EPERM)
		return -errno;
	if (confinement->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (filters_after_drop(confinement)) {
		r = capabilities_drop(confinement->capabilities);
		return r < 0 ? r : filters_install(&confinement->filters);
	}
	r = filters_install(&confinement->filters);
	return r < 0 ? r : capabilities_drop(confinement->capabilities);
}
