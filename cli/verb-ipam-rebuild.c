/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/verb.h"

struct ipam_rebuild_options {
	bool force;
};

static const struct option_spec specs[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct ipam_rebuild_options, force), NULL,
	  "also in the place of a book that is not damaged" },
};

const struct option_table ipam_rebuild_options = OPTION_TABLE(specs, struct ipam_rebuild_options);

/**
 * refused_json - what could not be entered as an array
 * @rebuilt: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *refused_json(const struct audit_rebuilt *rebuilt)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < rebuilt->n_refused; i++) {
		const struct audit_refusal *refusal = &rebuilt->refused[i];

		if (json_array_append_new(array, json_pack("{s:o, s:o}", "container",
							   json_text(refusal->container), "what",
							   json_text(refusal->what))) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/**
 * rebuilt_tell - say what is in the new book, and what is not
 * @in: the call, borrowed
 * @rebuilt: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int rebuilt_tell(const struct invocation *in, const struct audit_rebuilt *rebuilt,
			struct error *e)
{
	if (in->session->json)
		return json_print(json_pack("{s:I, s:I, s:I, s:o, s:o}", "leases",
					    (json_int_t)rebuilt->leases, "reserved",
					    (json_int_t)rebuilt->reserved, "pools",
					    (json_int_t)rebuilt->pools, "kept",
					    json_text(rebuilt->kept), "refused",
					    refused_json(rebuilt)),
				  e);
	for (size_t i = 0; i < rebuilt->n_refused; i++)
		log_warning("not in the address book: container '%s': %s",
			    rebuilt->refused[i].container, rebuilt->refused[i].what);
	printf("%zu leases are in the new address book, %zu of them reserved\n", rebuilt->leases,
	       rebuilt->reserved);
	if (rebuilt->kept[0])
		printf("the old one is kept as %s\n", rebuilt->kept);
	return 0;
}

/**
 * verb_ipam_rebuild - make the address book anew from definitions and kernel
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_ipam_rebuild(const struct invocation *in, struct error *e)
{
	const struct ipam_rebuild_options *options = in->options;
	struct audit_rebuilt rebuilt = { .refused = NULL };
	int r = audit_rebuild(&in->session->paths, options->force ? AUDIT_FORCE : 0, &rebuilt, e);

	if (r > 0)
		r = rebuilt_tell(in, &rebuilt, e);
	if (r == 0 && rebuilt.n_refused)
		r = ERROR_FAILED;
	free(rebuilt.refused);
	return r;
}
