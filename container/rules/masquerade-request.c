/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "container/rules/masquerade.h"

/**
 * masquerade_request_take - what "nat enable" was asked for, as settings
 * @request: borrowed
 * @ret_settings: filled; changed also on failure
 * @e: names the word that is wrong
 *
 * Returns 0 or -errno.
 */
int masquerade_request_take(const struct masquerade_request *request, struct settings *ret_settings,
			    struct error *e)
{
	struct nat_spec *wanted = &ret_settings->wanted;
	int r = 0;

	*ret_settings = (struct settings){ .nat = true };
	for (size_t i = 0; i < request->n_externals && r >= 0; i++)
		if (strcmp(request->externals[i], "auto") == 0)
			ret_settings->external_auto = true;
		else
			r = nat_spec_add(wanted, request->externals[i], e);
	for (size_t i = 0; i < request->n_internals && r >= 0; i++)
		r = nat_spec_add_internal(wanted, request->internals[i], e);
	for (size_t i = 0; i < request->n_sources && r >= 0; i++)
		r = nat_spec_set_address(wanted, request->sources[i], AF_UNSPEC, e);
	return r < 0 ? r : 0;
}
