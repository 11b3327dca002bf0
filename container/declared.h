/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"
#include "container/environment-file.h"

/* Declared containers, as the files of container/ that plan and make them see each other. */

/* The definition a declared container is to have. Ended by the caller with environment_deinit(). */
int declared_definition(const char *source, const struct declared *declared,
			const struct environment_file *is, struct environment_file *ret_file,
			struct error *e);

/* Whether "apply" may change what is there. Returns 0 or -errno (ERROR_CONFLICT). */
int declared_check_owner(const char *name, const char *source, const struct environment_file *is,
			 struct error *e);
