/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/fail.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct list_options {
	bool table;
	struct option_list columns;
};

static const struct option_spec specs[] = {
	{ "long", 'l', OPTION_FLAG, offsetof(struct list_options, table), NULL, "show a table" },
	{ "output", 'o', OPTION_LIST, offsetof(struct list_options, columns), "COLUMN,...",
	  "show these columns" },
};

const struct option_table list_options = OPTION_TABLE(specs, struct list_options);

/**
 * rows_read - the rows of all containers
 * @in: the call, borrowed
 * @names, @count: the containers, borrowed
 * @ret_rows: the caller frees it
 * @ret_count: how many; a container that has just been destroyed has none
 * @e: filled on failure
 *
 * A definition that cannot be read makes a row that says so, and a warning.
 *
 * Returns 0 or -errno.
 */
static int rows_read(const struct invocation *in, char (*names)[CONTAINER_NAME_MAX], size_t count,
		     struct container_row **ret_rows, size_t *ret_count, struct error *e)
{
	struct container_row *rows = calloc(count ? count : 1, sizeof(*rows));
	size_t used = 0;

	if (!rows)
		return error_errno(e, ENOMEM, "cannot list %zu containers", count);
	for (size_t i = 0; i < count; i++) {
		struct container_row *row = &rows[used];
		struct error broken = ERROR_INIT;
		int r = container_row_read(&in->session->paths, names[i], row, &broken);

		if (r == 0)
			continue;
		used++;
		if (r > 0)
			continue;
		fail_log(in->session, &broken);
		(void)snprintf(row->definition.name, sizeof(row->definition.name), "%s", names[i]);
		(void)snprintf(row->status, sizeof(row->status), "broken");
	}
	*ret_rows = rows;
	*ret_count = used;
	return 0;
}

/**
 * verb_list - name the containers, or show them as a table or in JSON
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * The plain list is one name a line, for scripts; no definition is read for it.
 *
 * Returns 0 or -errno.
 */
int verb_list(const struct invocation *in, struct error *e)
{
	const struct list_options *options = in->options;
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	_cleanup_(freep) struct container_row *rows = NULL;
	struct selection columns;
	size_t count;
	int r;

	r = selection_make(&container_listing, &options->columns,
			   in->session->json ? SELECT_ALL : SELECT_STANDARD, &columns, e);
	if (r == 0)
		r = definition_names(&in->session->paths, &names, &count, e);
	if (r < 0)
		return r;
	if (!in->session->json && !options->table && options->columns.count == 0) {
		for (size_t i = 0; i < count; i++)
			puts(names[i]);
		return 0;
	}
	r = rows_read(in, names, count, &rows, &count, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(json_pack("{s:o}", container_listing.key,
					    json_rows(&container_listing, &columns, rows, count)),
				  e);
	return table_print(in->session, &container_listing, &columns, rows, count, e);
}
