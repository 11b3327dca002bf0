/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "base/lock.h"
#include "container/settings/settings.h"

/*
 * Who waits for whom. Whoever needs several takes them in this order; the book of ipam/ has a lock of
 * its own, taken last.
 *
 *	claim		one container is being made, updated or destroyed, which may take long
 *	definitions	containers are added and removed; nixos-container takes the same one
 *	rules		shared: what the settings say is being made so for some container
 *			exclusive: the settings change, or the rules are taken away
 *	network		the network of one container, or whether it may have one, changes
 *	forwards	shared: the tables are made with all published ports and pins
 *			exclusive: those of a container change
 *
 * "create" alone takes a claim while it holds the definitions, and so never waits for it.
 *
 * A descriptor is the lock; close it to let go.
 */

int rules_lock(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e);
int forwards_lock(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e);

/* For who must not wait. Return 1, 0 when others are at it, or -errno. */
int rules_lock_try(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e);
int forwards_lock_try(const struct paths *paths, enum lock_mode mode, int *ret_fd, struct error *e);

struct claim {
	char path[PATH_MAX];
	int fd;
};

#define CLAIM_INIT ((struct claim){ .fd = -1 })

int claim_try(const struct paths *paths, const char *name, struct claim *ret_claim,
	      struct error *e);
int claim_wait(const struct paths *paths, const char *name, struct claim *ret_claim,
	       struct error *e);
void claim_drop(struct claim *claim);

struct network_lock {
	char path[PATH_MAX];
	int fd;
};

#define NETWORK_LOCK_INIT ((struct network_lock){ .fd = -1 })

int network_lock(const struct paths *paths, const char *name, struct network_lock *ret_lock,
		 struct error *e);
/* Returns 1, 0 when somebody else is at it, or -errno. */
int network_lock_try(const struct paths *paths, const char *name, struct network_lock *ret_lock,
		     struct error *e);
void network_unlock(struct network_lock *lock);
void network_lock_remove(struct network_lock *lock);
