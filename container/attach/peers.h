/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/words.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"

/* Whom a definition names as linked with its container. */

/* A container that is being declared; the name is borrowed. */
struct declared_peer {
	const char *name;
	bool shared; /* it shares the network of the host */
};

/*
 * Looks whether all of them are there, or are among @others, those being declared, and have a network of
 * their own. Returns 0, -EINVAL for the container itself and for those without, or -ENOENT, naming the
 * nearest word.
 */
int peers_check(const struct paths *paths, const struct definition *definition,
		const struct declared_peer *others, size_t count, struct error *e);

/*
 * Has those that run know containers whose definitions others have made, changed or removed: all whom
 * these name or who name them, and who know them as they were. @changed: their names, borrowed.
 */
void peers_follow(const struct paths *paths, const struct words *changed);
void peers_follow_one(const struct paths *paths, const char *name);

/* Has those whom a container names, and who run, know it if they do not. */
void peers_meet(const struct paths *paths, const struct definition *definition);

/*
 * Has everybody who is or was linked with a container know its names and addresses as they are now, and
 * itself theirs. @was: its definition before; empty: there was none. @now: empty but for the name: it has
 * gone.
 */
void peers_introduce(const struct paths *paths, const struct definition *was,
		     const struct definition *now);
