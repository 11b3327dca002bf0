/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/json.h"
#include "cli/verb.h"
#include "transfer/transfer.h"

struct ipam_backup_options {
	bool if_changed;
};

static const struct option_spec specs[] = {
	{ "if-changed", 0, OPTION_FLAG, offsetof(struct ipam_backup_options, if_changed), NULL,
	  "do nothing where there is one of the book as it is" },
};

const struct option_table ipam_backup_options = OPTION_TABLE(specs, struct ipam_backup_options);

/**
 * verb_ipam_backup - copy the address book while it is used
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_ipam_backup(const struct invocation *in, struct error *e)
{
	const struct ipam_backup_options *options = in->options;
	char path[PATH_MAX];
	int r = book_backup(&in->session->paths, in->n_arguments ? in->arguments[0] : NULL,
			    options->if_changed ? BACKUP_IF_CHANGED : BACKUP_ANYHOW, path, e);

	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(
			json_pack("{s:o, s:b}", "file", json_text(path), "changed", r > 0), e);
	if (r > 0)
		puts(path);
	return 0;
}
