/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/words.h"
#include "cli/option.h"
#include "container/container.h"

/* The options about what a container boots, which "create" and "update" share. */

/* What they fill. */
struct system_options {
	struct system_request request;
	struct option_passed nix; /* options for the programs of Nix */
};

int system_options_pass(const struct system_options *options, struct words *words,
			struct system_request *request, struct error *e);
