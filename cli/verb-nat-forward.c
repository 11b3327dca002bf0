/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct forward_list_options {
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "output", 'o', OPTION_LIST, offsetof(struct forward_list_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table forward_list_options = OPTION_TABLE(specs, struct forward_list_options);

/**
 * change_tell - say what was done
 * @in: the call, borrowed
 * @changed: whether the definition was changed
 * @live: whether the container is attached
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int change_tell(const struct invocation *in, bool changed, bool live, struct error *e)
{
	if (in->session->json)
		return json_print(json_pack("{s:o, s:b, s:b}", "container",
					    json_text(in->arguments[0]), "changed", changed,
					    "applied", live),
				  e);
	if (!changed)
		log_notice("container '%s': nothing to change", in->arguments[0]);
	else if (!live)
		log_notice("container '%s' is not attached: it counts from its next start on",
			   in->arguments[0]);
	return 0;
}

/**
 * verb_nat_forward_add - publish ports of the host that lead to a container
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_forward_add(const struct invocation *in, struct error *e)
{
	bool live = false;
	int r = container_forward_add(&in->session->paths, in->arguments[0],
				      (const char *const *)in->arguments + 1, in->n_arguments - 1,
				      &live, e);

	return r < 0 ? r : change_tell(in, r > 0, live, e);
}

/**
 * verb_nat_forward_remove - withdraw published ports from a container
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_forward_remove(const struct invocation *in, struct error *e)
{
	bool live = false;
	int r = container_forward_remove(&in->session->paths, in->arguments[0],
					 (const char *const *)in->arguments + 1,
					 in->n_arguments - 1, &live, e);

	return r < 0 ? r : change_tell(in, r > 0, live, e);
}

/**
 * verb_nat_forward_list - list published ports, and who reaches them
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_nat_forward_list(const struct invocation *in, struct error *e)
{
	const struct forward_list_options *options = in->options;
	_cleanup_(freep) struct forward_row *rows = NULL;
	struct selection columns;
	size_t count;
	int r = selection_make(&forward_listing, &options->columns,
			       in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);

	if (r == 0)
		r = forward_rows_read(&in->session->paths,
				      in->n_arguments ? in->arguments[0] : NULL, &rows, &count, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o}", forward_listing.key,
					    json_rows(&forward_listing, &columns, rows, count)),
				  e);
	return table_print(in->session, &forward_listing, &columns, rows, count, e);
}
