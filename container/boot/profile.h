/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/boot/boot.h"
#include "container/boot/nix.h"
#include "container/settings/settings.h"

/* The profile of a container, /nix/var/nix/profiles/per-container/NAME/system: what it boots. */

int profile_check_target(const char *target, struct error *e);
int profile_target(const char *path, char target[PATH_MAX], struct error *e);
int profile_flake_words(const char *link, const char *flake, const char *attr,
			const struct system_request *request, struct words *argv, struct error *e);
int profile_make(const struct paths *paths, const char *name, struct error *e);
int profile_set(const struct paths *paths, const char *name, const char *target, struct error *e);
int profile_build(const struct paths *paths, const char *name, const char *configuration,
		  const struct nix_view *view, const struct system_request *request,
		  struct error *e);
int profile_build_flake(const struct paths *paths, const char *name, const char *flake,
			const char *attr, const struct system_request *request, struct error *e);
