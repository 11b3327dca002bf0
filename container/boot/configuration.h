/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/boot/boot.h"

/* The NixOS configuration of a container, etc/nixos/configuration.nix in its root directory. */

#define CONFIGURATION_NAME "configuration.nix"
#define CONFIGURATION_NEXT ".configuration.nix.new" /* what it will be when it could be built */

/*
 * Of a configuration that has "options" among its arguments: that it is one of systemd-nspawn, for which
 * newer versions of nixpkgs have an option beside boot.isContainer.
 */
#define BOOT_NSPAWN                                                                            \
	"boot.${if (options.boot or { }) ? isNspawnContainer then \"isNspawnContainer\" else " \
	"null} = true;"

/* The caller frees *ret_text. */
int configuration_text(const char *name, const struct system_request *request, char **ret_text,
		       struct error *e);

/* @directory: from root_directory_nixos(), or its copy; borrowed. */
int configuration_write(int directory, const char *name, const char *text, struct error *e);
int configuration_install(int directory, struct error *e);
void configuration_discard(int directory);
int configuration_check(int directory, const char *name, struct error *e);
