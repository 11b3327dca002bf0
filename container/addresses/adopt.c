/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/addresses/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "container/addresses/addresses.h"
#include "container/addresses/claims.h"
#include "container/addresses/session.h"
#include "container/definitions/definitions.h"

/*
 * Theory of operation
 *
 * nixos-container and NixOS write definitions of their own. Before an address is given away, those
 * the book does not know, or knows otherwise, are entered in it. To look at every file each time
 * would make the thousandth container dearer than the first, so the modification time of the
 * directory is remembered after each change of ours, and as long as it is still the same nobody has
 * added, replaced or removed a file. The time is set to the nanosecond by us: the kernel's own stamps
 * are coarser, and a change within the same tick of the clock would go unseen. The files of NixOS
 * are links through /etc/static, which it exchanges as a whole, so that is remembered as well, and so is
 * the directory of older versions, to which we never write. And so is the book itself: one that was lost, or put back from a copy, has not seen what was entered.
 *
 * What is remembered is a hint: without it, or with a wrong one, all files are looked at.
 */

/* What is remembered: how the definitions were, and which book has all of them. */
struct seen {
	char hint[HINT_TEXT]; /* as hint_format() writes it; the rest is zero */
	struct ipam_mark book;
};

/* What tells that nobody has been there. */
struct hint {
	struct timespec directory;
	struct timespec collection; /* of /etc/static; zero where there is none */
	struct timespec elsewhere;  /* of the older directory; the same */
};

/**
 * hint_path - the file in which the hint is remembered
 * @paths: borrowed
 * @path: filled
 *
 * Returns 0 or -errno.
 */
static int hint_path(const struct paths *paths, char path[PATH_MAX])
{
	return path_format(path, PATH_MAX, NULL, "%s/definitions-seen", paths->runtime);
}

/**
 * hint_take - how it is now
 * @paths: borrowed
 * @ret_hint: filled
 *
 * Returns 0 or -errno.
 */
static int hint_take(const struct paths *paths, struct hint *ret_hint)
{
	struct hint hint = { .directory = { 0 } };
	char path[PATH_MAX];
	struct stat st;

	if (stat(paths->definitions, &st) < 0)
		return -errno;
	hint.directory = st.st_mtim;
	if (path_format(path, sizeof(path), NULL, "%s/etc/static", paths->root) == 0 &&
	    lstat(path, &st) == 0)
		hint.collection = st.st_ctim;
	if (path_format(path, sizeof(path), NULL, "%s" DEFINITIONS_ELSEWHERE, paths->root) == 0 &&
	    stat(path, &st) == 0)
		hint.elsewhere = st.st_mtim;
	*ret_hint = hint;
	return 0;
}

/**
 * hint_format - a hint as it is remembered
 * @hint: borrowed
 * @text: filled
 */
static void hint_format(const struct hint *hint, char text[HINT_TEXT])
{
	(void)snprintf(text, HINT_TEXT, "%lld.%09ld %lld.%09ld %lld.%09ld\n",
		       (long long)hint->directory.tv_sec, hint->directory.tv_nsec,
		       (long long)hint->collection.tv_sec, hint->collection.tv_nsec,
		       (long long)hint->elsewhere.tv_sec, hint->elsewhere.tv_nsec);
}

/**
 * adopt_hint - by what it is known how the definitions are
 * @paths: borrowed
 * @text: filled
 *
 * Returns whether that is to be had.
 */
bool adopt_hint(const struct paths *paths, char text[HINT_TEXT])
{
	struct hint hint;

	if (hint_take(paths, &hint) < 0)
		return false;
	hint_format(&hint, text);
	return true;
}

/**
 * seen_read - read how definitions and book were when all were in it
 * @paths: borrowed
 * @ret_seen: filled
 *
 * Returns whether that is remembered.
 */
static bool seen_read(const struct paths *paths, struct seen *ret_seen)
{
	_cleanup_(freep) char *bytes = NULL;
	char path[PATH_MAX];
	size_t length;

	if (hint_path(paths, path) < 0 ||
	    file_read(path, sizeof(*ret_seen), &bytes, &length, NULL) < 0 ||
	    length != sizeof(*ret_seen))
		return false;
	memcpy(ret_seen, bytes, sizeof(*ret_seen));
	return true;
}

/**
 * adopt_is_current - whether nobody has touched definitions or book since our last change
 * @paths: borrowed
 */
bool adopt_is_current(const struct paths *paths)
{
	char now[HINT_TEXT] = "";
	struct ipam_mark book;
	struct seen seen;

	return seen_read(paths, &seen) && adopt_hint(paths, now) &&
	       strncmp(seen.hint, now, sizeof(now)) == 0 && ipam_mark_read(paths->book, &book) &&
	       ipam_mark_follows(&book, &seen.book);
}

/**
 * adopt_remember - remember that all definitions there are now are in the book
 * @paths: borrowed
 *
 * Failures are ignored: the next run then looks at every file.
 */
void adopt_remember(const struct paths *paths)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	_cleanup_(fd_closep) int fd = -1;
	struct seen seen = { .hint = "" };
	char path[PATH_MAX];
	struct hint hint;

	if (hint_path(paths, path) < 0 || directory_make(paths->runtime, 0755, NULL) < 0 ||
	    !ipam_mark_read(paths->book, &seen.book))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || clock_gettime(CLOCK_REALTIME, &times[1]) < 0 ||
	    utimensat(AT_FDCWD, paths->definitions, times, 0) < 0 || hint_take(paths, &hint) < 0)
		return;
	hint_format(&hint, seen.hint);
	if (write(fd, &seen, sizeof(seen)) < 0)
		log_debug("%s cannot be written: %s", path, strerror(errno));
}

/**
 * adopt_forget - have the next command look at all definitions
 * @paths: borrowed
 *
 * Failures are ignored but for the log: what is remembered is then thought to be right.
 */
void adopt_forget(const struct paths *paths)
{
	struct error e = ERROR_INIT;
	char path[PATH_MAX];

	if (hint_path(paths, path) == 0 && file_remove(path, &e) < 0)
		log_warning("what is remembered of the definitions stays: %s", e.text);
}

/**
 * adopt_lease - have the book say what a definition is to say
 * @ipam: the book, open for writing
 * @definition: borrowed; its addresses were chosen for it
 * @e: names the holder of an address
 *
 * Returns 1, 0 when the book had it so, or -errno. Without an address there is nothing to say.
 */
int adopt_lease(struct ipam *ipam, const struct definition *definition, struct error *e)
{
	struct ipam_lease lease = definition_lease(definition);

	if (!addr_is_set(&lease.v4.local.addr) && !addr_is_set(&lease.v6.local.addr))
		return 1;
	(void)snprintf(lease.reason, sizeof(lease.reason), "defined anew");
	return claim_enter(ipam, &lease, false, e);
}

/**
 * adopt_defined - have the book say what a definition does that is there
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @defined: borrowed
 * @e: names the holder of an address
 *
 * Whoever has an address only in the book gives it up.
 *
 * Returns 1, 0 when the book had it so, or -errno. Without an address there is nothing to say.
 */
int adopt_defined(const struct paths *paths, struct ipam *ipam, const struct defined *defined,
		  struct error *e)
{
	struct ipam_lease claim = defined->claim, old;
	int r;

	if (!addr_is_set(&claim.v4.local.addr) && !addr_is_set(&claim.v6.local.addr))
		return 1;
	if (defined->elsewhere)
		(void)snprintf(claim.reason, sizeof(claim.reason),
			       "defined in " DEFINITIONS_ELSEWHERE);
	r = ipam_lookup(ipam, claim.container, &old, e);
	if (r >= 0) {
		claim_as_it_was(&claim, r > 0 ? &old : NULL);
		r = claim_make_way(paths, ipam, &claim, e);
	}
	return r < 0 ? r : claim_enter(ipam, &claim, defined->elsewhere, e);
}

/* What enters definitions in the book. */
struct adoption {
	const struct paths *paths; /* borrowed */
	struct ipam *ipam;         /* borrowed */
	bool refused;              /* some */
};

/**
 * adopt_visited - have one definition in the book as it is; a defined_visit
 * @data: struct adoption
 * @visited: borrowed
 * @e: says why the book cannot be used
 *
 * A definition that cannot be read, or whose address somebody else has, does not keep others from
 * being created; the log names it. A book that cannot be written to does: it would give away what the
 * definition has.
 *
 * Returns 0 or -errno.
 */
static int adopt_visited(void *data, const struct visited *visited, struct error *e)
{
	struct adoption *adoption = data;
	struct error refused = ERROR_INIT;
	int r = visited->r;

	if (!visited->named)
		return 0;
	if (r < 0)
		refused = *visited->unread;
	else
		r = adopt_defined(adoption->paths, adoption->ipam, &visited->defined, &refused);
	if (r < 0 && visited->r >= 0 && refused.class != ERROR_CONFLICT &&
	    refused.class != ERROR_USAGE) {
		if (e)
			*e = refused;
		return error_wrap(e, r, "container '%s' cannot be entered", visited->name);
	}
	if (r < 0)
		log_warning("not in the address book: container '%s': %s", visited->name,
			    name_strip(visited->name, refused.text));
	adoption->refused |= r < 0;
	return 0;
}

/**
 * adopt_all - have the definitions that others have written in the book, touched or not
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @e: names the directory
 *
 * Returns 1 when all are in it, 0 when some are refused, or -errno.
 */
int adopt_all(const struct paths *paths, struct ipam *ipam, struct error *e)
{
	struct adoption adoption = { .paths = paths, .ipam = ipam };
	int r = definitions_each(paths, adopt_visited, &adoption, e);

	return r < 0 ? r : !adoption.refused;
}

/**
 * adopt_definitions - have the definitions that others have written in the book
 * @paths: borrowed
 * @ipam: the book, open for writing
 * @e: names the directory
 *
 * Returns 1 when all are in it, 0 when some are refused, or -errno.
 */
int adopt_definitions(const struct paths *paths, struct ipam *ipam, struct error *e)
{
	return adopt_is_current(paths) ? 1 : adopt_all(paths, ipam, e);
}
