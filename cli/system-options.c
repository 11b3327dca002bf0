/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/system-options.h"

#include "cli/verb.h"

#define FIELD(name) offsetof(struct system_options, request.name)
#define NIX         offsetof(struct system_options, nix)

static const struct option_spec specs[] = {
	{ "system-path", 0, OPTION_TEXT, FIELD(path), "PATH",
	  "boot this system, which is built already" },
	{ "config", 0, OPTION_DATA, FIELD(config), "TEXT",
	  "build a NixOS configuration with TEXT in it" },
	{ "config-file", 0, OPTION_TEXT, FIELD(config_file), "FILE",
	  "build a NixOS configuration that imports FILE" },
	{ "flake", 0, OPTION_TEXT, FIELD(flake), "REF[#ATTR]",
	  "build a NixOS configuration of a flake" },
	{ "nixos-path", 0, OPTION_TEXT, FIELD(nixos), "PATH",
	  "where NixOS is, instead of <nixpkgs/nixos>" },
	{ "option", 0, OPTION_PASS_PAIR, NIX, "NAME VALUE", "for Nix: a setting of nix.conf(5)" },
	{ "log-format", 0, OPTION_PASS, NIX, "FORMAT", "for Nix: how it reports" },
	{ "impure", 0, OPTION_PASS, NIX, NULL, "for Nix: let a flake see the host" },
	{ "update-input", 0, OPTION_PASS, NIX, "INPUT", "for Nix: update an input of the flake" },
	{ "override-input", 0, OPTION_PASS_PAIR, NIX, "INPUT REF",
	  "for Nix: take another input for the flake" },
	{ "commit-lock-file", 0, OPTION_PASS, NIX, NULL, "for Nix: commit the flake's lock file" },
	{ "no-registries", 0, OPTION_PASS, NIX, NULL, "for Nix: use no flake registries" },
	{ "no-update-lock-file", 0, OPTION_PASS, NIX, NULL, "for Nix: leave the lock file alone" },
	{ "no-write-lock-file", 0, OPTION_PASS, NIX, NULL, "for Nix: do not write the lock file" },
	{ "no-allow-dirty", 0, OPTION_PASS, NIX, NULL, "for Nix: refuse a dirty Git tree" },
	{ "recreate-lock-file", 0, OPTION_PASS, NIX, NULL, "for Nix: make the lock file anew" },
};

const struct option_table system_options = OPTION_TABLE(specs, struct system_options);

/**
 * system_options_pass - what was asked for, with the options for Nix as words
 * @options: borrowed, also by @ret_request
 * @words: empty; the caller frees them, after a failure too
 * @request: what others than these options say stays; borrows @words afterwards
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int system_options_pass(const struct system_options *options, struct words *words,
			struct system_request *request, struct error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->nix.count; i++) {
		const char *const *values = options->nix.list[i].values;

		r = words_add(words, e, "--%s", options->nix.list[i].name);
		for (size_t v = 0; r == 0 && v < 2 && values[v]; v++)
			r = words_add(words, e, "%s", values[v]);
	}
	if (r < 0)
		return r;
	request->path = options->request.path;
	request->config = options->request.config;
	request->config_file = options->request.config_file;
	request->flake = options->request.flake;
	request->nixos = options->request.nixos;
	request->nix = words;
	return 0;
}
