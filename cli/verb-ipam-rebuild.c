/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

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
 * refusals_json - what is not in the new book as an array
 * @list, @count: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *refusals_json(const struct audit_refusal *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		if (json_array_append_new(array, json_pack("{s:o, s:o}", "container",
							   json_text(list[i].container), "what",
							   json_text(list[i].what))) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/* What could not be read of the old book. */
struct loss {
	bool lost;
	const char *word, *what;
};

#define LOSSES 4

/**
 * losses_list - what could not be read of the old book
 * @rebuilt: borrowed
 * @losses: filled
 */
static void losses_list(const struct audit_rebuilt *rebuilt, struct loss losses[LOSSES])
{
	losses[0] = (struct loss){ rebuilt->pools_lost, "pools",
				   "its pools: add those that were added to it again" };
	losses[1] = (struct loss){ rebuilt->leases_lost, "reservations", "what was reserved" };
	losses[2] = (struct loss){ rebuilt->salvaged.cooling_lost, "cooldowns", "what cools down" };
	losses[3] = (struct loss){ rebuilt->salvaged.history_lost, "history",
				   rebuilt->salvaged.events ? "the newer part of its history"
							    : "its history" };
}

/**
 * losses_json - what could not be read of the old book as an array of words
 * @rebuilt: borrowed
 *
 * Returns a new array, or NULL without memory.
 */
static json_t *losses_json(const struct audit_rebuilt *rebuilt)
{
	struct loss losses[LOSSES];
	json_t *array = json_array();

	losses_list(rebuilt, losses);
	for (size_t i = 0; array && i < LOSSES; i++)
		if (losses[i].lost && json_array_append_new(array, json_text(losses[i].word)) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/**
 * rebuilt_warn - say what is not in the new book, for people
 * @rebuilt: borrowed
 */
static void rebuilt_warn(const struct audit_rebuilt *rebuilt)
{
	struct loss losses[LOSSES];

	losses_list(rebuilt, losses);
	for (size_t i = 0; i < LOSSES; i++)
		if (losses[i].lost)
			log_warning("of the old address book cannot be read: %s", losses[i].what);
	for (size_t i = 0; i < rebuilt->n_dropped; i++)
		log_warning("given up: %s of container '%s', which has no definition and is not "
			    "attached",
			    rebuilt->dropped[i].what, rebuilt->dropped[i].container);
	for (size_t i = 0; i < rebuilt->n_refused; i++)
		log_warning("not in the address book: container '%s': %s",
			    rebuilt->refused[i].container,
			    name_strip(rebuilt->refused[i].container, rebuilt->refused[i].what));
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
		return json_print(
			json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "leases",
				  (json_int_t)rebuilt->leases, "reserved",
				  (json_int_t)rebuilt->reserved, "pools",
				  (json_int_t)rebuilt->pools, "events",
				  (json_int_t)rebuilt->salvaged.events, "kept",
				  json_text(rebuilt->kept), "lost", losses_json(rebuilt), "dropped",
				  refusals_json(rebuilt->dropped, rebuilt->n_dropped), "refused",
				  refusals_json(rebuilt->refused, rebuilt->n_refused)),
			e);
	rebuilt_warn(rebuilt);
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
	audit_rebuilt_deinit(&rebuilt);
	return r;
}
