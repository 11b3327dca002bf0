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

/* The rows of the table, for a struct with a struct system_options at that offset. */
#define SYSTEM_FIELD(base, name) ((base) + offsetof(struct system_options, request.name))
#define SYSTEM_NIX(base)         ((base) + offsetof(struct system_options, nix))
#define SYSTEM_OPTION_ROWS(base)                                                                  \
	{ "system-path", 0, OPTION_TEXT, SYSTEM_FIELD(base, path), "PATH",                        \
	  "boot this system, which is built already" },                                           \
		{ "config", 0, OPTION_DATA, SYSTEM_FIELD(base, config), "TEXT",                   \
		  "build a NixOS configuration with TEXT in it" },                                \
		{ "config-file", 0, OPTION_TEXT, SYSTEM_FIELD(base, config_file), "FILE",         \
		  "build a NixOS configuration that imports FILE" },                              \
		{ "flake", 0, OPTION_TEXT, SYSTEM_FIELD(base, flake), "REF[#ATTR]",               \
		  "build a NixOS configuration of a flake" },                                     \
		{ "nixos-path", 0, OPTION_TEXT, SYSTEM_FIELD(base, nixos), "PATH",                \
		  "where NixOS is, instead of <nixpkgs/nixos>" },                                 \
		{ "option", 0, OPTION_PASS_PAIR, SYSTEM_NIX(base), "NAME VALUE",                  \
		  "for Nix: a setting of nix.conf(5)" },                                          \
		{ "log-format", 0, OPTION_PASS, SYSTEM_NIX(base), "FORMAT",                       \
		  "for Nix: how it reports" },                                                    \
		{ "impure", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                               \
		  "for Nix: let a flake see the host" },                                          \
		{ "update-input", 0, OPTION_PASS, SYSTEM_NIX(base), "INPUT",                      \
		  "for Nix: update an input of the flake" },                                      \
		{ "override-input", 0, OPTION_PASS_PAIR, SYSTEM_NIX(base), "INPUT REF",           \
		  "for Nix: take another input for the flake" },                                  \
		{ "commit-lock-file", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                     \
		  "for Nix: commit the flake's lock file" },                                      \
		{ "no-registries", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                        \
		  "for Nix: use no flake registries" },                                           \
		{ "no-update-lock-file", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                  \
		  "for Nix: leave the flake's lock file" },                                       \
		{ "no-write-lock-file", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                   \
		  "for Nix: do not write the lock file" },                                        \
		{ "no-allow-dirty", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                       \
		  "for Nix: refuse a dirty Git tree" },                                           \
	{                                                                                         \
		"recreate-lock-file", 0, OPTION_PASS, SYSTEM_NIX(base), NULL,                     \
			"for Nix: make the lock file anew"                                        \
	}

int system_options_pass(const struct system_options *options, struct words *words,
			struct system_request *ret_request, struct error *e);
