/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/declared/declared.h"
#include "container/definitions/definitions.h"
#include "container/definitions/environment-file.h"
#include "container/settings/settings.h"

/* Declared containers, as the files of container/ that plan and make them see each other. */

/* The definition a declared container is to have. Ended by the caller with environment_deinit(). */
int declared_definition(const char *source, const struct declared *declared,
			const struct environment_file *is, struct environment_file *ret_file,
			struct error *e);

/* Whether "apply" may change what is there. Returns 0 or -errno (ERROR_CONFLICT). */
int declared_check_owner(const char *name, const char *source, const struct environment_file *is,
			 struct error *e);

/* One container that is being changed. */
struct change {
	const struct paths *paths;
	const char *source;
	const struct declared *declared;
	const struct declared_plan *plan;
};

/* Writes down what is going to be done; NULL: nothing any more. Returns 0 or -errno. */
int change_pending_write(const struct change *change, const char *pending, struct error *e);
/* What stands there, before and after it has its new definition. */
const char *change_pending(const struct change *change, bool replugged, bool after);
/* Whether a network without a container in it has to be made anew. */
bool change_is_replugged(const struct change *change);
/* Ends what a new definition would not fit any more. Returns 1, 0 or -errno. */
int change_make_way(const struct change *change, bool replugged, struct error *e);

/* Whether two containers would have the same address, link, root tree, MAC or port. @what: which. */
#define CLASH_TEXT (PORT_TEXT + ADDR_TEXT + MAC_TEXT + 112)
bool declared_clash(const struct definition *one, const struct definition *other,
		    char what[CLASH_TEXT]);
