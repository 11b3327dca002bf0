/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/boot/nix.h"
#include "container/settings/settings.h"

/* What Nix is shown of a container while it builds its configuration: a copy of etc/nixos. */

/*
 * @text: what configuration.nix is to say; NULL: what it says.
 * @ret_view: ended by the caller with nix_view_end(), after a failure of others too.
 */
int configuration_view(const struct paths *paths, const char *name, const char *text,
		       struct nix_view *ret_view, struct error *e);
