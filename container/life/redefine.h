/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/words.h"
#include "container/definitions/definitions.h"
#include "container/definitions/environment-file.h"
#include "container/settings/settings.h"

/* A definition takes the place of another one, or of none. */

/* When what differs between two definitions counts. */
enum definition_difference {
	DIFFERS_LIVE = 1 << 0,    /* the kernel can be told at once */
	DIFFERS_MANAGER = 1 << 1, /* whoever runs containers has to know */
	DIFFERS_START = 1 << 2,   /* only a start brings it about */
	DIFFERS_CABLE = 1 << 3,   /* of its links, and live: beside DIFFERS_LIVE */
};

/* @ret_keys: those that differ are put at its end. Returns enum definition_difference or -errno. */
int definition_compare(const struct environment_file *is, const struct environment_file *wanted,
		       struct words *ret_keys, struct error *e);

/* Whether the links of a container that runs can be made what it is to have. */
bool cable_can_change(const struct environment_file *is, const struct environment_file *wanted);

/* Keys about the container and not of what it is: "apply" and "create" write them. */
#define KEY_APPLIED   "APPLIED"     /* the file that declares it */
#define KEY_WITHDRAWN "WAS_APPLIED" /* the file that declared it and does not any more */
#define KEY_PENDING   "PENDING" /* what is still to be done about a definition that was changed */
#define KEY_AUTOMATIC "AUTO_ADDRESS" /* its IPv4 addresses were chosen for it */

bool definition_key_is_ours(const char *key);

/* Whether a container that is attached is to be without what it is not to have any more. */
enum definition_effect {
	EFFECT_LATER, /* it keeps all of that until it is started, or is made right in another way */
	EFFECT_LIVE,  /* definition_make_live() follows */
};

/* What definition_compare() says, as that. */
enum definition_effect definition_effect(unsigned difference);

/*
 * Writes a definition, after it was looked at and its addresses are its own in the book. Under
 * definitions_lock(). @file: gets automatic addresses when AUTO_ADDRESS=1 is in it and none are.
 * Returns 0 or -errno with all as it was.
 */
int definition_replace(const struct paths *paths, const char *name, struct environment_file *file,
		       enum definition_effect effect, struct definition *ret_definition,
		       struct error *e);

/* Tells the kernel, when the container is attached. Returns 1, 0 when it is not, or -errno. */
int definition_make_live(const struct paths *paths, const char *name, struct error *e);
