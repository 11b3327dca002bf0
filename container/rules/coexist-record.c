/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/rules/coexist-record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define RECORD_SIZE_MAX 4096

/* What each party is, and where it takes rules of others, if it has a chain for that. */
static const struct {
	const char *name;
	struct nat_place place;
} parties[COEXIST_PARTIES] = {
	[COEXIST_FIREWALLD] = { "firewalld", { NULL, NULL } },
	[COEXIST_DOCKER] = { "docker", { "filter", "DOCKER-USER" } },
	[COEXIST_UFW] = { "ufw", { NULL, NULL } },
	[COEXIST_IPTABLES] = { "iptables", { "filter", "FORWARD" } },
};

/**
 * coexist_party_name - a party as it is named on the command line
 * @party: which
 */
const char *coexist_party_name(enum coexist_party party)
{
	return parties[party].name;
}

/**
 * coexist_place - the chain of iptables in which a party takes rules of others
 * @party: which
 *
 * Returns it, borrowed, or NULL.
 */
const struct nat_place *coexist_place(enum coexist_party party)
{
	return parties[party].place.chain ? &parties[party].place : NULL;
}

/**
 * record_path - where the record is
 * @paths: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * What was changed outlives a boot with some parties, and is made anew after it with the others.
 *
 * Returns 0 or -errno.
 */
static int record_path(const struct paths *paths, char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/coexist", paths->state);
}

/**
 * coexist_record_read - read with whom we coexist
 * @paths: borrowed
 * @ret_has: of each party
 * @e: names the file
 *
 * A party that a newer program has written down is passed over.
 *
 * Returns 0 or -errno.
 */
int coexist_record_read(const struct paths *paths, bool ret_has[COEXIST_PARTIES], struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX], *rest, *line;
	size_t length;
	int r = record_path(paths, path, e);

	memset(ret_has, 0, COEXIST_PARTIES * sizeof(*ret_has));
	if (r == 0)
		r = file_read(path, RECORD_SIZE_MAX, &text, &length, e);
	if (r == -ENOENT)
		return 0;
	rest = text;
	while (r >= 0 && (line = strsep(&rest, "\n")))
		for (size_t i = 0; i < COEXIST_PARTIES; i++)
			ret_has[i] |= strcmp(line, parties[i].name) == 0;
	return r < 0 ? r : 0;
}

/**
 * coexist_record_write - write down with whom we coexist
 * @paths: borrowed
 * @has: of each party
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int coexist_record_write(const struct paths *paths, const bool has[COEXIST_PARTIES],
			 struct error *e)
{
	char text[COEXIST_PARTIES * 16] = "", path[PATH_MAX];
	size_t length = 0;
	int r = record_path(paths, path, e);

	for (size_t i = 0; i < COEXIST_PARTIES; i++)
		if (has[i])
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n",
						   parties[i].name);
	if (r == 0 && length == 0)
		r = file_remove(path, e);
	else if (r == 0)
		r = directory_make(paths->state, 0700, e);
	if (r >= 0 && length)
		r = file_replace(path, text, length, 0644, e);
	return r < 0 ? r : 0;
}

/**
 * coexist_restore - put our rules into the chains of others again
 * @paths: borrowed
 * @nat: the session
 *
 * Whoever flushes or makes such a chain anew knows nothing of us. Of iptables-legacy the kernel does
 * not tell that, and its command is not for all who attach to run: see coexist_restore_legacy().
 *
 * Returns whether something was done.
 */
bool coexist_restore(const struct paths *paths, struct nat *nat)
{
	bool has[COEXIST_PARTIES], done = false;
	struct error e = ERROR_INIT;
	int r = coexist_record_read(paths, has, &e);

	for (enum coexist_party party = 0; r >= 0 && party < COEXIST_PARTIES; party++) {
		if (!has[party] || !coexist_place(party))
			continue;
		r = nat_place_ensure(nat, coexist_place(party), &e);
		done |= r > 0;
	}
	if (r < 0)
		log_warning("rules in chains of others are left as they are: %s", e.text);
	return done;
}
