/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/settings/locks.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/**
 * definitions_lock - keep everybody else from adding or removing containers
 * @paths: borrowed
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * It is the lock that nixos-container holds while it chooses an address and writes its file, so
 * that both programs can be used at once.
 *
 * Returns 0 or -errno.
 */
int definitions_lock(const struct paths *paths, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];
	int r;

	r = directory_make(paths->locks, 0755, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/nixos-container", paths->locks);
	if (r >= 0)
		r = lock_acquire(path, LOCK_EXCLUSIVE, ret_fd, e);
	if (r == -EACCES || r == -EPERM)
		return error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE to write %s)",
				    paths->definitions);
	return r < 0 ? r : 0;
}

/**
 * runtime_lock - take a lock whose file is in a directory that does not survive a reboot
 * @directory: borrowed; it is there but for the first time after a boot
 * @path: of the file in it, borrowed
 * @mode: shared or exclusive
 * @ret_fd: the lock
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
static int runtime_lock(const char *directory, const char *path, enum lock_mode mode, int *ret_fd,
			struct error *e)
{
	int r = lock_acquire(path, mode, ret_fd, e);

	if (r == -ENOENT) {
		r = directory_make(directory, 0755, e);
		if (r >= 0)
			r = lock_acquire(path, mode, ret_fd, e);
	}
	if (r == -EACCES || r == -EPERM)
		return error_remedy(e, r,
				    "run it as root (it takes CAP_NET_ADMIN, CAP_SYS_ADMIN and "
				    "write access to %s)",
				    directory);
	return r;
}

/**
 * rules_lock - keep the settings and the rules together
 * @paths: borrowed
 * @mode: LOCK_SHARED to act on them, LOCK_EXCLUSIVE to change them
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
int rules_lock(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/rules.lock", paths->runtime);

	return r < 0 ? r : runtime_lock(paths->runtime, path, mode, ret_fd, e);
}

/**
 * forwards_lock - keep others from publishing ports
 * @paths: borrowed
 * @mode: LOCK_SHARED to read what is published, LOCK_EXCLUSIVE to change it
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
int forwards_lock(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/forwards.lock", paths->runtime);

	return r < 0 ? r : runtime_lock(paths->runtime, path, mode, ret_fd, e);
}

/**
 * runtime_lock_try - runtime_lock() for who must not wait
 * @directory: borrowed
 * @name: of the file in it, borrowed
 * @mode: shared or exclusive
 * @path: filled
 * @ret_fd: the lock
 * @e: names the lock
 *
 * Returns 1, 0 when others hold it, or -errno.
 */
static int runtime_lock_try(const char *directory, const char *name, enum lock_mode mode,
			    char path[PATH_MAX], int *ret_fd, struct error *e)
{
	int r = path_format(path, PATH_MAX, e, "%s/%s.lock", directory, name);

	if (r == 0)
		r = lock_try(path, mode, ret_fd, e);
	if (r == -ENOENT) {
		r = directory_make(directory, 0755, e);
		if (r >= 0)
			r = lock_try(path, mode, ret_fd, e);
	}
	return r;
}

/**
 * rules_lock_try - rules_lock() for who must not wait
 * @paths, @mode, @ret_fd, @e: as there
 *
 * Returns 1, 0 when others hold it, or -errno.
 */
int rules_lock_try(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];

	return runtime_lock_try(paths->runtime, "rules", mode, path, ret_fd, e);
}

/**
 * forwards_lock_try - forwards_lock() for who must not wait
 * @paths, @mode, @ret_fd, @e: as there
 *
 * Returns 1, 0 when others hold it, or -errno.
 */
int forwards_lock_try(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];

	return runtime_lock_try(paths->runtime, "forwards", mode, path, ret_fd, e);
}

/**
 * claim_try - have a container for ourselves, unless somebody else is at it
 * @paths: borrowed
 * @name: a checked name
 * @ret_claim: the claim; the caller ends with claim_drop()
 * @e: names the lock
 *
 * Returns 1, 0 when somebody else is at it, or -errno.
 */
int claim_try(const struct paths *paths, const char *name, struct claim *ret_claim, struct error *e)
{
	int r = runtime_lock_try(paths->claims, name, LOCK_EXCLUSIVE, ret_claim->path,
				 &ret_claim->fd, e);

	if (r == -EACCES || r == -EPERM)
		return error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE to write %s)",
				    paths->claims);
	return r;
}

/**
 * claim_wait - have a container for ourselves, as soon as nobody else is at it
 * @paths: borrowed
 * @name: a checked name
 * @ret_claim: the claim; the caller ends with claim_drop()
 * @e: names the lock
 *
 * Somebody else may be building for minutes, so we say what we wait for.
 *
 * Returns 0 or -errno.
 */
int claim_wait(const struct paths *paths, const char *name, struct claim *ret_claim,
	       struct error *e)
{
	int r = claim_try(paths, name, ret_claim, e);

	if (r != 0)
		return r < 0 ? r : 0;
	log_notice("waiting for another run that is at container '%s'", name);
	return lock_acquire(ret_claim->path, LOCK_EXCLUSIVE, &ret_claim->fd, e);
}

/**
 * claim_drop - let others at it
 * @claim: not held afterwards; one that never was is fine
 */
void claim_drop(struct claim *claim)
{
	lock_remove(claim->path, claim->fd);
	fd_closep(&claim->fd);
}

/**
 * network_lock - keep other runs for the same container away
 * @paths: borrowed
 * @name: a checked name
 * @ret_lock: the lock; the caller ends with network_unlock()
 * @e: names the lock
 *
 * Returns 0 or -errno.
 */
int network_lock(const struct paths *paths, const char *name, struct network_lock *ret_lock,
		 struct error *e)
{
	int r = path_format(ret_lock->path, sizeof(ret_lock->path), e, "%s/%s.lock",
			    paths->networks, name);

	return r < 0 ? r
		     : runtime_lock(paths->networks, ret_lock->path, LOCK_EXCLUSIVE, &ret_lock->fd,
				    e);
}

/**
 * network_lock_try - network_lock() for who must not wait
 * @paths: borrowed
 * @name: a checked name
 * @ret_lock: the lock; the caller ends with network_unlock()
 * @e: names the lock
 *
 * Returns 1, 0 when somebody else is at it, or -errno.
 */
int network_lock_try(const struct paths *paths, const char *name, struct network_lock *ret_lock,
		     struct error *e)
{
	return runtime_lock_try(paths->networks, name, LOCK_EXCLUSIVE, ret_lock->path,
				&ret_lock->fd, e);
}

/**
 * network_unlock - let others at it
 * @lock: not held afterwards; one that never was is fine
 */
void network_unlock(struct network_lock *lock)
{
	fd_closep(&lock->fd);
}

/**
 * network_lock_remove - take the file of a lock away, when nothing is attached any more
 * @lock: held, and still held afterwards
 */
void network_lock_remove(struct network_lock *lock)
{
	lock_remove(lock->path, lock->fd);
}
