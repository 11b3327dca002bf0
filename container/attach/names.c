/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Whoever creates, attaches or destroys a container puts its name right, or takes it away. What others
 * do to definitions, NixOS first of all, is found by container_refresh_names(), which a path unit calls
 * at boot and whenever the directory of the definitions changes. It takes no lock: what it gets wrong
 * because somebody changes a definition at that moment is a change that it is called for again. Containers
 * that are linked with one that others have changed are told first, so that a run that is killed leaves
 * something to find.
 */
#include "container/attach/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/words.h"
#include "container/attach/attach.h"
#include "container/attach/peers.h"
#include "container/definitions/definition.h"
#include "nss/nss.h"

#define REPLACE_TRIES 16
#define PUT_TRIES     16

/**
 * link_path - where a link is
 * @paths: borrowed
 * @kind: NSS_BY_NAME or NSS_BY_ADDRESS
 * @prefix: of its name: "" or "."
 * @name: borrowed
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int link_path(const struct paths *paths, const char *kind, const char *prefix,
		     const char *name, char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/" NSS_BELOW_RUNTIME "/%s/%s%s", paths->runtime,
			   kind, prefix, name);
}

/**
 * link_text - what a link says
 * @path: borrowed
 * @text: filled; "" when there is none
 */
static void link_text(const char *path, char text[NSS_TEXT_MAX])
{
	ssize_t length = readlink(path, text, NSS_TEXT_MAX - 1);

	text[length > 0 ? length : 0] = '\0';
}

/**
 * directories_make - have the directories of the links be there
 * @paths: borrowed
 * @e: names the directory
 *
 * Returns 0 or -errno.
 */
static int directories_make(const struct paths *paths, struct error *e)
{
	static const char *const below[] = { "", "/" NSS_BELOW_RUNTIME,
					     "/" NSS_BELOW_RUNTIME "/" NSS_BY_NAME,
					     "/" NSS_BELOW_RUNTIME "/" NSS_BY_ADDRESS };
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(below); i++) {
		r = path_format(path, sizeof(path), e, "%s%s", paths->runtime, below[i]);
		if (r == 0)
			r = directory_make(path, 0755, e);
	}
	return r < 0 ? r : 0;
}

/**
 * link_replace - have a link say something
 * @paths: borrowed
 * @kind: NSS_BY_NAME or NSS_BY_ADDRESS
 * @name: of the link, borrowed
 * @text: borrowed
 * @e: names the link
 *
 * Two callers at once take the half-made link away from each other, and try again.
 *
 * Returns 1, 0 when it says so, or -errno.
 */
static int link_replace(const struct paths *paths, const char *kind, const char *name,
			const char *text, struct error *e)
{
	char path[PATH_MAX], half[PATH_MAX], now[NSS_TEXT_MAX];
	int r = link_path(paths, kind, "", name, path, e);

	if (r == 0)
		r = link_path(paths, kind, ".", name, half, e);
	if (r < 0)
		return r;
	link_text(path, now);
	if (strcmp(now, text) == 0)
		return 0;
	for (int i = 0; i < REPLACE_TRIES; i++) {
		if (symlink(text, half) == 0 && rename(half, path) == 0)
			return 1;
		if (errno != EEXIST && errno != ENOENT)
			break;
		if (errno == ENOENT && (r = directories_make(paths, e)) < 0)
			return r;
		(void)unlink(half);
	}
	return error_errno(e, errno, "cannot make the link %s", path);
}

/**
 * owned_remove - take the addresses of a container away, but not those that are another's by now
 * @paths: borrowed
 * @name: of the container, borrowed
 * @text: its addresses, as its link has them, borrowed
 * @kept: those that it keeps, borrowed; "" for none
 */
static void owned_remove(const struct paths *paths, const char *name, const char *text,
			 const char *kept)
{
	struct nss_entry entry, others = { .count = 0 };
	char path[PATH_MAX], now[NSS_TEXT_MAX];

	if (!nss_entry_parse(text, &entry))
		return;
	(void)nss_entry_parse(kept, &others);
	for (size_t i = 0; i < entry.count; i++) {
		const struct nss_address *own = &entry.addresses[i];
		struct addr addr = { .family = (sa_family_t)own->family };
		char address[ADDR_TEXT];
		bool keep = false;

		for (size_t j = 0; j < others.count; j++)
			keep |= memcmp(own, &others.addresses[j], sizeof(*own)) == 0;
		memcpy(addr.bytes, own->bytes, sizeof(addr.bytes));
		if (keep || link_path(paths, NSS_BY_ADDRESS, "", addr_format(&addr, address), path,
				      NULL) < 0)
			continue;
		link_text(path, now);
		if (strcmp(now, name) == 0)
			(void)unlink(path);
	}
}

/**
 * addresses_text - the addresses of a container, as its link has them
 * @definition: borrowed
 * @text: filled; "" when it has none of its own
 */
static void addresses_text(const struct definition *definition, char text[NSS_TEXT_MAX])
{
	const struct addr *addrs[] = { &definition->v4.local.addr, &definition->v6.local.addr };
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		char address[ADDR_TEXT];

		if (definition->private_network && addr_is_set(addrs[i]))
			length +=
				(size_t)snprintf(text + length, NSS_TEXT_MAX - length, "%s%s",
						 length ? " " : "", addr_format(addrs[i], address));
	}
}

/**
 * addresses_put - have the addresses of a container lead to its name
 * @paths: borrowed
 * @definition: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 when they do, or -errno.
 */
static int addresses_put(const struct paths *paths, const struct definition *definition,
			 struct error *e)
{
	const struct addr *addrs[] = { &definition->v4.local.addr, &definition->v6.local.addr };
	int done = 0, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(addrs) && r >= 0; i++) {
		char address[ADDR_TEXT];

		if (!definition->private_network || !addr_is_set(addrs[i]))
			continue;
		r = link_replace(paths, NSS_BY_ADDRESS, addr_format(addrs[i], address),
				 definition->name, e);
		done |= r > 0;
	}
	return r < 0 ? r : done;
}

/**
 * name_text - what the host finds under the name of a container now
 * @paths: borrowed
 * @name: a checked name, borrowed
 * @text: filled; "" for nothing
 */
static void name_text(const struct paths *paths, const char *name, char text[NSS_TEXT_MAX])
{
	char path[PATH_MAX];

	text[0] = '\0';
	if (link_path(paths, NSS_BY_NAME, "", name, path, NULL) == 0)
		link_text(path, text);
}

/**
 * names_put - have the host find a container by its name
 * @paths: borrowed
 * @definition: borrowed
 *
 * One without an address of its own has no name.
 *
 * Returns 1, or 0 when it was so or could not be done.
 */
int names_put(const struct paths *paths, const struct definition *definition)
{
	char text[NSS_TEXT_MAX], before[NSS_TEXT_MAX];
	struct error e;
	int name = 0, r = addresses_put(paths, definition, &e);

	addresses_text(definition, text);
	if (r >= 0 && !text[0])
		return names_drop(paths, definition->name);
	if (r >= 0) {
		name_text(paths, definition->name, before);
		name = link_replace(paths, NSS_BY_NAME, definition->name, text, &e);
		if (name > 0)
			owned_remove(paths, definition->name, before, text);
	}
	if (r < 0 || name < 0) {
		log_warning("the host does not find container '%s' by its name: %s",
			    definition->name, e.text);
		return 0;
	}
	return r || name;
}

/**
 * names_put_defined - the same, as it is defined once that is done
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * Who changes the definition meanwhile makes its links too, maybe before we make those of the old one.
 *
 * Returns 1, or 0 when nothing has changed.
 */
static int names_put_defined(const struct paths *paths, const char *name)
{
	char text[NSS_TEXT_MAX], put[NSS_TEXT_MAX] = "";
	struct definition definition;
	int changed = 0;

	for (int i = 0; i < PUT_TRIES && definition_read(paths, name, &definition, NULL) > 0; i++) {
		addresses_text(&definition, text);
		if (i && strcmp(text, put) == 0)
			break;
		changed |= names_put(paths, &definition) > 0;
		memcpy(put, text, sizeof(put));
	}
	return changed;
}

/**
 * names_drop - have the host not find a container by its name any more
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * Returns 1, or 0 when it had none or that could not be done.
 */
int names_drop(const struct paths *paths, const char *name)
{
	char path[PATH_MAX], text[NSS_TEXT_MAX];
	struct error e;
	int r = link_path(paths, NSS_BY_NAME, "", name, path, &e);

	if (r == 0) {
		link_text(path, text);
		r = file_remove(path, &e);
	}
	if (r > 0)
		owned_remove(paths, name, text, "");
	if (r < 0)
		log_warning("the host still finds container '%s' by its name: %s", name, e.text);
	return r > 0;
}

/**
 * name_is_newer - whether a name was put right after its definition has last been changed
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * Definitions of NixOS are links to files that bear no date.
 */
static bool name_is_newer(const struct paths *paths, const char *name)
{
	struct stat definition, link;
	char path[PATH_MAX];

	if (definition_path(paths, name, path, NULL) < 0 || lstat(path, &definition) < 0 ||
	    !S_ISREG(definition.st_mode) ||
	    link_path(paths, NSS_BY_NAME, "", name, path, NULL) < 0 || lstat(path, &link) < 0)
		return false;
	return link.st_ctim.tv_sec > definition.st_ctim.tv_sec ||
	       (link.st_ctim.tv_sec == definition.st_ctim.tv_sec &&
		link.st_ctim.tv_nsec > definition.st_ctim.tv_nsec);
}

/**
 * names_follow - have all know a container whose definition others may have changed
 * @paths: borrowed
 * @definition: borrowed
 *
 * Where the host knew it by another address, others may do so. One that is new to the host is told to
 * those that it names, for as far as it knows they run, and it does not look at all others.
 */
void names_follow(const struct paths *paths, const struct definition *definition)
{
	const char *name = definition->name;
	char text[NSS_TEXT_MAX], before[NSS_TEXT_MAX];

	addresses_text(definition, text);
	name_text(paths, name, before);
	if (before[0] && strcmp(before, text) != 0)
		peers_follow_one(paths, name);
	else
		peers_meet(paths, definition);
	(void)names_put(paths, definition);
}

/**
 * is_undefined - whether a container has no definition
 * @paths: borrowed
 * @name: a checked name, borrowed
 *
 * A link that leads nowhere is what is left of one.
 */
static bool is_undefined(const struct paths *paths, const char *name)
{
	char path[PATH_MAX];

	return definition_path(paths, name, path, NULL) == 0 && access(path, F_OK) < 0 &&
	       errno == ENOENT;
}

/**
 * names_forget_undefined - have nobody know a container that is not defined any more
 * @paths: borrowed
 * @name: a checked name, borrowed; nothing of it is attached
 */
void names_forget_undefined(const struct paths *paths, const char *name)
{
	if (!is_undefined(paths, name))
		return;
	peers_follow_one(paths, name);
	(void)names_drop(paths, name);
}

/**
 * strays_each - go through the links whose containers are not defined
 * @paths: borrowed
 * @kind: NSS_BY_NAME or NSS_BY_ADDRESS
 * @ret_names: theirs are added, and links of what is no name taken away; NULL: take all away
 *
 * Returns how many were taken away.
 */
static size_t strays_each(const struct paths *paths, const char *kind, struct words *ret_names)
{
	char path[PATH_MAX], text[NSS_TEXT_MAX];
	struct dirent *entry;
	size_t count = 0;
	DIR *directory;

	if (link_path(paths, kind, "", "", path, NULL) < 0)
		return 0;
	directory = opendir(path);
	if (!directory)
		return 0;
	while ((entry = readdir(directory))) {
		const char *name = strcmp(kind, NSS_BY_NAME) == 0 ? entry->d_name : text;

		if (entry->d_name[0] == '.' ||
		    link_path(paths, kind, "", entry->d_name, path, NULL) < 0)
			continue;
		link_text(path, text);
		if (name_check(name, NULL) == 0 && !is_undefined(paths, name))
			continue;
		if (!ret_names || name_check(name, NULL) < 0)
			count += unlink(path) == 0;
		else
			(void)words_add(ret_names, NULL, "%s", name);
	}
	closedir(directory);
	return count;
}

/**
 * names_look - put right what is of no consequence for others, and say what is
 * @paths: borrowed
 * @ret_changed: the names of containers that are to be found by other addresses, or not any more
 * @e: names the directory of the definitions
 *
 * Returns how many links have changed, or -errno.
 */
static int names_look(const struct paths *paths, struct words *ret_changed, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct definition definition;
	struct error unread;
	size_t count;
	int changed = 0, r = definition_names(paths, &names, &count, e);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		char text[NSS_TEXT_MAX], before[NSS_TEXT_MAX];
		int known;

		if (name_is_newer(paths, names[i]))
			continue;
		known = definition_read(paths, names[i], &definition, &unread);
		if (known < 0)
			log_warning("the host does not find container '%s' by its name: %s",
				    names[i], unread.text);
		if (known <= 0)
			continue;
		addresses_text(&definition, text);
		name_text(paths, names[i], before);
		if (strcmp(before, text) != 0)
			r = words_add(ret_changed, e, "%s", names[i]);
		else if (names_put(paths, &definition) > 0)
			changed += 1 + names_put_defined(paths, names[i]);
	}
	if (r >= 0)
		changed += (int)strays_each(paths, NSS_BY_NAME, ret_changed);
	return r < 0 ? r : changed;
}

/**
 * container_refresh_names - have all find containers by their names, and no others
 * @paths: borrowed
 * @ret_count: how many links have changed
 * @e: names the directory of the definitions
 *
 * Returns 0 or -errno.
 */
int container_refresh_names(const struct paths *paths, size_t *ret_count, struct error *e)
{
	_cleanup_(words_deinit) struct words changed = { .count = 0 };
	int r = names_look(paths, &changed, e);

	if (r < 0)
		return r;
	*ret_count = (size_t)r;
	peers_follow(paths, &changed);
	/* Of one that goes only now its peers have not been told, and its link is left for the next time. */
	for (size_t i = 0; i < changed.count; i++) {
		const char *name = changed.list[i];

		if (is_undefined(paths, name))
			*ret_count += names_drop(paths, name) > 0;
		else
			*ret_count += (size_t)names_put_defined(paths, name);
	}
	*ret_count += strays_each(paths, NSS_BY_ADDRESS, NULL);
	return 0;
}
