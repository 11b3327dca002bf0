/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>

#include "base/error.h"
#include "base/words.h"

/* A file system that a program of Nix sees in the place of a directory. Nobody else does. */
struct nix_view {
	int mount;            /* mounted nowhere; owned; -1: none */
	char place[PATH_MAX]; /* the directory, which nobody can replace */
};

void nix_view_end(struct nix_view *view);

/* The programs of Nix, run as the user would run them. @view: NULL: they see what we see. */
int nix_run_into(const struct words *argv, const struct nix_view *view, int output,
		 struct error *e);
int nix_run(const struct words *argv, const struct nix_view *view, struct error *e);
