/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/each.h"

struct destroy_options {
	bool keep;
};

static const struct option_spec specs[] = {
	{ "keep-address", 0, OPTION_FLAG, offsetof(struct destroy_options, keep), NULL,
	  "reserve the addresses for the next of that name" },
};

const struct option_table destroy_options = OPTION_TABLE(specs, struct destroy_options);

/* What the action of verb_destroy() needs. */
struct destruction {
	const struct paths *paths; /* borrowed */
	unsigned flags;
};

/**
 * destroy - the action of verb_destroy()
 * @context: struct destruction, borrowed
 * @name: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when there was nothing of that name, or -errno.
 */
static int destroy(void *context, const char *name, struct error *e)
{
	const struct destruction *destruction = context;

	return container_destroy(destruction->paths, name, destruction->flags, e);
}

/**
 * verb_destroy - remove containers
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns the exit status or -errno.
 */
int verb_destroy(const struct invocation *in, struct error *e)
{
	const struct destroy_options *options = in->options;
	struct destruction destruction = { .paths = &in->session->paths,
					   .flags = options->keep ? DESTROY_KEEP_ADDRESS : 0 };
	const struct each_action action = { .act = destroy,
					    .context = &destruction,
					    .progress = "destroying" };

	return each_container(in, &action, e);
}
