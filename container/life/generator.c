/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/words.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"

/*
 * What systemd has to know of the definitions before it starts a container: which start with the
 * host, and what a unit cannot read from a file by itself. See systemd.generator(7).
 *
 * Runs before anything else does, at each boot and each daemon-reload: it reads files and writes
 * files, and a definition that is wrong costs that container only. Values end in unit files, where a
 * line end or a percent sign would mean something: what has more than it needs is passed over.
 */

#define UNIT_DIRECTORY "/etc/systemd/system"
#define DROPIN         "50-nixctr-net.conf"

/* What is said about one container. */
struct dropin {
	const char *name;     /* of the container, borrowed */
	struct words mounts;  /* paths of the host */
	struct words links;   /* network devices */
	struct words devices; /* lines of DeviceAllow= */
	const char *timeout;  /* borrowed, or NULL */
	bool auto_start;
};

/**
 * dropin_deinit - free what was collected
 * @dropin: empty afterwards
 */
static void dropin_deinit(struct dropin *dropin)
{
	words_deinit(&dropin->mounts);
	words_deinit(&dropin->links);
	words_deinit(&dropin->devices);
}

/**
 * pass_over - say which value does not reach the unit
 * @dropin: borrowed
 * @key: where it stands
 * @value: borrowed
 */
static void pass_over(const struct dropin *dropin, const char *key, const char *value)
{
	size_t length = 0;

	while (length < 100 && value[length] && !iscntrl((unsigned char)value[length]))
		length++;
	log_warning("container '%s': %s: '%.*s' is passed over", dropin->name, key, (int)length,
		    value);
}

/**
 * is_made_of - whether a text has only letters, digits and some more
 * @text: borrowed
 * @more: the others that it may have
 */
static bool is_made_of(const char *text, const char *more)
{
	for (const char *p = text; *p; p++)
		if (!isascii(*p) || (!isalnum((unsigned char)*p) && !strchr(more, *p)))
			return false;
	return text[0] != '\0';
}

/**
 * mount_take - note a path of the host that is bound into the container
 * @dropin: changed
 * @key: where it stands
 * @bind: PATH[:INSIDE[:OPTIONS]]; a backslash before a colon makes it part of the path
 *        (systemd-nspawn(1))
 * @e: filled without memory
 *
 * Returns 0 or -ENOMEM.
 */
static int mount_take(struct dropin *dropin, const char *key, const char *bind, struct error *e)
{
	char path[PATH_MAX];
	size_t length = 0;

	for (const char *p = bind; *p && *p != ':'; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (iscntrl((unsigned char)*p) || length + 1 >= sizeof(path)) {
			pass_over(dropin, key, bind);
			return 0;
		}
		path[length++] = *p;
	}
	path[length] = '\0';
	/* Without a path it is a new directory, with a plus sign one inside the container. */
	if (path[0] == '\0' || path[0] == '+')
		return 0;
	if (path[0] != '/' || strstr(path, "/../")) {
		pass_over(dropin, key, bind);
		return 0;
	}
	return words_add(&dropin->mounts, e, "%s", path);
}

/**
 * link_take - note a link of the host that goes into the container
 * @dropin: changed
 * @key: where it stands
 * @link: NAME[:INSIDE]
 * @e: filled without memory
 *
 * Returns 0 or -ENOMEM.
 */
static int link_take(struct dropin *dropin, const char *key, const char *link, struct error *e)
{
	char name[IFNAMSIZ];

	if (path_format(name, sizeof(name), NULL, "%.*s", (int)strcspn(link, ":"), link) < 0 ||
	    !is_made_of(name, "-_.@+")) {
		pass_over(dropin, key, link);
		return 0;
	}
	return words_add(&dropin->links, e, "%s", name);
}

/**
 * device_take - note a device that the container may use
 * @dropin: changed
 * @key: where it stands
 * @device: NODE[:MODE], a path below /dev or a class (systemd.resource-control(5)); r, w and m are
 *          what may be done with it, all without
 * @e: filled without memory
 *
 * Returns 0 or -ENOMEM.
 */
static int device_take(struct dropin *dropin, const char *key, const char *device, struct error *e)
{
	const char *colon = strrchr(device, ':');
	size_t mode = colon ? strspn(colon + 1, "rwm") : 0;
	char node[256];

	if (!colon || !mode || colon[1 + mode])
		colon = device + strlen(device);
	if (path_format(node, sizeof(node), NULL, "%.*s", (int)(colon - device), device) < 0 ||
	    !is_made_of(node, "/-_.:@+*,") || strstr(node, "/../") ||
	    (strncmp(node, "/dev/", 5) != 0 && strncmp(node, "char-", 5) != 0 &&
	     strncmp(node, "block-", 6) != 0)) {
		pass_over(dropin, key, device);
		return 0;
	}
	return words_add(&dropin->devices, e, "%s %s", node, *colon ? colon + 1 : "rwm");
}

/* Keys that are lists of words, and what becomes of each word. */
static const struct {
	const char *key;
	int (*take)(struct dropin *dropin, const char *key, const char *word, struct error *e);
} lists[] = {
	{ "BIND", mount_take },    { "BIND_RO", mount_take },          { "INTERFACES", link_take },
	{ "MACVLANS", link_take }, { "ALLOWED_DEVICES", device_take },
};

/**
 * list_take - note each word of a key
 * @dropin: changed
 * @file: the definition, borrowed
 * @index: of the key in lists[]
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int list_take(struct dropin *dropin, const struct environment_file *file, size_t index,
		     struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *key = lists[index].key;
	const char *value = environment_get(file, key);
	int r = value ? words_split(&words, value, e) : 0;

	for (size_t i = 0; r == 0 && i < words.count; i++)
		r = lists[index].take(dropin, key, words.list[i], e);
	return r < 0 ? error_wrap(e, r, "%s", key) : 0;
}

/**
 * flags_take - note what is bound by options of systemd-nspawn
 * @dropin: changed
 * @file: the definition, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int flags_take(struct dropin *dropin, const struct environment_file *file, struct error *e)
{
	static const char *const options[] = { "--bind", "--bind-ro" };
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *flags = environment_get(file, "EXTRA_NSPAWN_FLAGS");
	int r = flags ? words_split(&words, flags, e) : 0;

	for (char *const *at = words.list; r == 0 && at && *at; at++) {
		const char *word = at[0], *next = at[1];

		for (size_t o = 0; r == 0 && o < ARRAY_SIZE(options); o++) {
			size_t length = strlen(options[o]);

			if (strncmp(word, options[o], length) != 0)
				continue;
			if (word[length] == '=')
				r = mount_take(dropin, options[o], word + length + 1, e);
			else if (word[length] == '\0' && next)
				r = mount_take(dropin, options[o], next, e);
		}
	}
	return r < 0 ? error_wrap(e, r, "EXTRA_NSPAWN_FLAGS") : 0;
}

/**
 * dropin_take - collect what systemd has to know of a definition
 * @dropin: its name is set
 * @file: the definition, borrowed as long as @dropin is
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int dropin_take(struct dropin *dropin, const struct environment_file *file, struct error *e)
{
	const char *auto_start = environment_get(file, "AUTO_START");
	const char *timeout = environment_get(file, "TIMEOUT_START");
	int r = 0;

	dropin->auto_start = auto_start && strcmp(auto_start, "1") == 0;
	if (timeout && timeout[0] && is_made_of(timeout, " ."))
		dropin->timeout = timeout;
	else if (timeout && timeout[0])
		pass_over(dropin, "TIMEOUT_START", timeout);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		r = list_take(dropin, file, i, e);
	return r < 0 ? r : flags_take(dropin, file, e);
}

/**
 * mount_write - a path as a word of RequiresMountsFor=
 * @stream: written to
 * @path: borrowed
 */
static void mount_write(FILE *stream, const char *path)
{
	(void)fputs("RequiresMountsFor=\"", stream);
	for (const char *p = path; *p; p++) {
		if (*p == '%')
			(void)fputc('%', stream);
		if (*p == '"' || *p == '\\')
			(void)fputc('\\', stream);
		(void)fputc(*p, stream);
	}
	(void)fputs("\"\n", stream);
}

/**
 * link_write - a link as the device unit that systemd has for it
 * @stream: written to
 * @name: borrowed
 *
 * Escaped as systemd-escape(1) does. It is waited for, but a container without it may still start.
 */
static void link_write(FILE *stream, const char *name)
{
	static const char *const keys[] = { "Wants", "After" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		(void)fprintf(stream, "%s=sys-subsystem-net-devices-", keys[i]);
		for (const char *p = name; *p; p++) {
			if (isalnum((unsigned char)*p) || *p == '_' || (*p == '.' && p != name))
				(void)fputc(*p, stream);
			else
				(void)fprintf(stream, "\\x%02x", (unsigned char)*p);
		}
		(void)fputs(".device\n", stream);
	}
}

/**
 * dropin_format - what has been collected as the text of a drop-in
 * @dropin: borrowed
 * @stream: written to
 */
static void dropin_format(const struct dropin *dropin, FILE *stream)
{
	(void)fprintf(stream, "# Made by nixctr-net-generator of the definition of '%s'.\n[Unit]\n",
		      dropin->name);
	for (size_t i = 0; i < dropin->mounts.count; i++)
		mount_write(stream, dropin->mounts.list[i]);
	for (size_t i = 0; i < dropin->links.count; i++)
		link_write(stream, dropin->links.list[i]);
	(void)fputs("\n[Service]\n", stream);
	for (size_t i = 0; i < dropin->devices.count; i++)
		(void)fprintf(stream, "DeviceAllow=%s\n", dropin->devices.list[i]);
	if (dropin->timeout)
		(void)fprintf(stream, "TimeoutStartSec=%s\n", dropin->timeout);
}

/**
 * dropin_write - put the drop-in of a container where systemd finds it
 * @dropin: borrowed
 * @directory: that of the generator
 * @e: names the file
 *
 * Returns 1, 0 when there is nothing to say, or -errno.
 */
static int dropin_write(const struct dropin *dropin, const char *directory, struct error *e)
{
	_cleanup_(file_closep) FILE *stream = NULL;
	char path[PATH_MAX];
	int r;

	if (!dropin->mounts.count && !dropin->links.count && !dropin->devices.count &&
	    !dropin->timeout)
		return 0;
	r = path_format(path, sizeof(path), e, "%s/container@%s.service.d", directory,
			dropin->name);
	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/container@%s.service.d/" DROPIN,
				directory, dropin->name);
	if (r < 0)
		return r;
	stream = fopen(path, "we");
	if (!stream)
		return error_errno(e, errno, "cannot write %s", path);
	dropin_format(dropin, stream);
	if (fclose(TAKE_PTR(stream)) != 0)
		return error_errno(e, errno, "cannot write %s", path);
	return 1;
}

/**
 * wants_link - have a target want a unit
 * @directory: that of the generator
 * @target: borrowed
 * @unit: borrowed
 * @file: the file of the unit, absolute
 * @e: names the link
 *
 * Returns 0 or -errno.
 */
static int wants_link(const char *directory, const char *target, const char *unit, const char *file,
		      struct error *e)
{
	char path[PATH_MAX];
	int r = path_format(path, sizeof(path), e, "%s/%s.wants", directory, target);

	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/%s.wants/%s", directory, target, unit);
	if (r < 0)
		return r;
	if (symlink(file, path) < 0 && errno != EEXIST)
		return error_errno(e, errno, "cannot link %s", path);
	return 0;
}

/**
 * has_own_unit - whether somebody made a unit for one container
 * @paths: borrowed
 * @name: a checked name
 *
 * NixOS does for what its configuration declares, and says all there is to say in it.
 */
static bool has_own_unit(const struct paths *paths, const char *name)
{
	char path[PATH_MAX];

	return path_format(path, sizeof(path), NULL, "%s" UNIT_DIRECTORY "/container@%s.service",
			   paths->root, name) == 0 &&
	       access(path, F_OK) == 0;
}

/**
 * generate_one - tell systemd about one container
 * @paths: borrowed
 * @name: a checked name
 * @units: where the units of packages are
 * @directory: that of the generator
 * @e: filled on failure
 *
 * Returns 1 when it starts with the host, 0 when it does not, or -errno.
 */
static int generate_one(const struct paths *paths, const char *name, const char *units,
			const char *directory, struct error *e)
{
	_cleanup_(dropin_deinit) struct dropin dropin = { .name = name };
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	char unit[CONTAINER_NAME_MAX + 32], template[PATH_MAX];
	int r = definition_load(paths, name, &file, e);

	if (r <= 0)
		return r;
	r = dropin_take(&dropin, &file, e);
	if (r < 0)
		r = definition_wrong(paths, name, r, e);
	if (r == 0)
		r = dropin_write(&dropin, directory, e);
	if (r < 0 || !dropin.auto_start)
		return r < 0 ? r : 0;
	r = path_format(unit, sizeof(unit), e, "container@%s.service", name);
	if (r == 0)
		r = path_format(template, sizeof(template), e, "%s/container@.service", units);
	if (r == 0)
		r = wants_link(directory, "machines.target", unit, template, e);
	return r < 0 ? r : 1;
}

/**
 * container_generate - tell systemd about all containers
 * @paths: borrowed
 * @units: where the units of packages are
 * @directory: the first argument of a generator
 * @e: filled when nothing can be said at all
 *
 * Returns 0 or -errno.
 */
int container_generate(const struct paths *paths, const char *units, const char *directory,
		       struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	char target[PATH_MAX];
	size_t count, started = 0;
	int r = definition_names(paths, &names, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct error unreadable = ERROR_INIT;
		int one;

		if (has_own_unit(paths, names[i]))
			continue;
		one = generate_one(paths, names[i], units, directory, &unreadable);
		if (one < 0)
			log_warning("%s", unreadable.text);
		started += one > 0;
	}
	if (r < 0 || started == 0)
		return r;
	r = path_format(target, sizeof(target), e, "%s/machines.target", units);
	return r < 0 ? r : wants_link(directory, "multi-user.target", "machines.target", target, e);
}
