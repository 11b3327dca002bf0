/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/system-options.h"

/**
 * system_options_pass - what was asked for, with the options for Nix as words
 * @options: borrowed, also by @ret_request
 * @words: empty; the caller frees them, after a failure too
 * @ret_request: filled; borrows @words
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int system_options_pass(const struct system_options *options, struct words *words,
			struct system_request *ret_request, struct error *e)
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
	*ret_request = options->request;
	ret_request->nix = words;
	return 0;
}
