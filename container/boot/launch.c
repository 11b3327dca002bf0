/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/launch.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definition.h"
#include "container/definitions/links.h"

/**
 * value_is_plain - whether a value may be passed on: no control characters
 * @value: borrowed
 */
static bool value_is_plain(const char *value)
{
	for (const char *p = value; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return true;
}

/**
 * take_text - read a value that fits
 * @file: borrowed
 * @key: the key
 * @text: filled; "" without the key
 * @size: of @text
 * @e: names the key
 *
 * Returns 0 or -EINVAL.
 */
static int take_text(const struct environment_file *file, const char *key, char *text, size_t size,
		     struct error *e)
{
	const char *value = environment_get(file, key);

	text[0] = '\0';
	if (!value)
		return 0;
	if (!value_is_plain(value) || path_format(text, size, NULL, "%s", value) < 0)
		return error_set(e, ERROR_FAILED, EINVAL, "%s '%.40s' is not usable", key, value);
	return 0;
}

/**
 * take_path - read an absolute path
 * @file: borrowed
 * @key: the key
 * @path: filled; "" without the key
 * @e: names the key
 *
 * Returns 0 or -EINVAL.
 */
static int take_path(const struct environment_file *file, const char *key, char path[PATH_MAX],
		     struct error *e)
{
	int r = take_text(file, key, path, PATH_MAX, e);

	if (r == 0 && path[0] && path[0] != '/')
		return error_set(e, ERROR_FAILED, EINVAL, "%s '%.200s' is no absolute path", key,
				 path);
	return r;
}

/**
 * is_set - whether a key has the value 1
 * @file: borrowed
 * @key: the key
 */
static bool is_set(const struct environment_file *file, const char *key)
{
	const char *value = environment_get(file, key);

	return value && strcmp(value, "1") == 0;
}

/**
 * take_users - read PRIVATE_USERS
 * @file: borrowed
 * @launch: changed
 * @e: names the key and the value
 *
 * Returns 0 or -EINVAL.
 */
static int take_users(const struct environment_file *file, struct launch *launch, struct error *e)
{
	static const char *const words[] = { "yes", "pick", "identity" };
	int r = take_text(file, "PRIVATE_USERS", launch->users, sizeof(launch->users), e);

	if (r < 0 || !launch->users[0])
		return r;
	if (strcmp(launch->users, "no") == 0) {
		launch->users[0] = '\0';
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(launch->users, words[i]) == 0)
			return 0;
	if (strspn(launch->users, "0123456789:") == strlen(launch->users))
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL,
			 "PRIVATE_USERS '%s' is none of no, yes, pick, identity and a number",
			 launch->users);
}

/* A key whose value is a list of words, each of which is the value of an option. */
struct option_key {
	const char *key;
	const char *option;
	const char *begins; /* each word does so */
};

static const struct option_key option_keys[] = {
	{ "BIND", "bind", "/" },
	{ "BIND_RO", "bind-ro", "/" },
	{ "TMPFS", "tmpfs", "/" },
	{ "ADDITIONAL_CAPABILITIES", "capability", "CAP_" },
};

/**
 * take_options - read one key that is a list
 * @file: borrowed
 * @row: which one
 * @flags: changed
 * @e: names the key and the word
 *
 * Returns 0 or -errno.
 */
static int take_options(const struct environment_file *file, const struct option_key *row,
			struct words *flags, struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *value = environment_get(file, row->key);
	int r = value ? words_split(&words, value, e) : 0;

	for (size_t i = 0; r == 0 && i < words.count; i++) {
		const char *word = words.list[i];

		if (!value_is_plain(word) || strncmp(word, row->begins, strlen(row->begins)) != 0)
			r = error_set(e, ERROR_FAILED, EINVAL, "'%.200s' does not begin with %s",
				      word, row->begins);
		else
			r = words_add(flags, e, "--%s=%s", row->option, word);
	}
	return r < 0 ? error_wrap(e, r, "%s", row->key) : 0;
}

/**
 * take_flags - read all that becomes options of systemd-nspawn
 * @file: borrowed
 * @flags: changed
 * @e: names the key
 *
 * EXTRA_NSPAWN_FLAGS is what the administrator says, so that no word of it is judged here. What is
 * about the network the definition has taken already.
 *
 * Returns 0 or -errno.
 */
static int take_flags(const struct environment_file *file, struct words *flags, struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	const char *extra = environment_get(file, "EXTRA_NSPAWN_FLAGS");
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(option_keys); i++)
		r = take_options(file, &option_keys[i], flags, e);
	if (r == 0 && extra)
		r = words_split(&words, extra, e);
	for (size_t i = 0; r >= 0 && i < words.count; i++) {
		struct definition taken = { 0 };

		r = definition_take_network_flag(&taken, words.list[i], e);
		if (r == 0)
			r = words_add(flags, e, "%s", words.list[i]);
	}
	return r < 0 ? error_wrap(e, r, "EXTRA_NSPAWN_FLAGS") : 0;
}

/**
 * take_environment - what the first program of the container is told
 * @file: borrowed
 * @environment: changed
 * @e: filled on failure
 *
 * Source: nixos/modules/virtualisation/nixos-containers.nix of nixpkgs passes the same.
 *
 * Returns 0 or -errno.
 */
static int take_environment(const struct environment_file *file, struct words *environment,
			    struct error *e)
{
	static const char *const keys[] = {
		"PRIVATE_NETWORK", "PRIVATE_USERS",     "HOST_BRIDGE",
		"HOST_ADDRESS",    "LOCAL_ADDRESS",     "HOST_ADDRESS6",
		"LOCAL_ADDRESS6",  "LOCAL_MAC_ADDRESS", "HOST_PORT",
	};
	/* Of a cable that it does not have it is told nothing: it would look for it on the host's links. */
	size_t count = definition_is_shared(file) ? 2 : ARRAY_SIZE(keys);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *value = environment_get(file, keys[i]);

		if (value && value_is_plain(value))
			r = words_add(environment, e, "%s=%s", keys[i], value);
	}
	return r;
}

/**
 * launch_take - read the keys out of a file
 * @file: borrowed
 * @launch: changed
 * @e: names the key and the value
 *
 * Returns 0 or -errno.
 */
static int launch_take(const struct environment_file *file, struct launch *launch, struct error *e)
{
	const char *resolver = environment_get(file, "COPY_RESOLV_CONF");
	int r;

	launch->ephemeral = is_set(file, "EPHEMERAL");
	if (resolver && resolver[0])
		launch->resolver = strcmp(resolver, "1") == 0 ? RESOLVER_OURS : RESOLVER_ITS_OWN;
	r = take_path(file, "SYSTEM_PATH", launch->system_path, e);
	if (r == 0)
		r = take_path(file, "NETWORK_NAMESPACE_PATH", launch->namespace, e);
	if (r == 0)
		r = take_users(file, launch, e);
	if (r == 0)
		r = take_flags(file, &launch->flags, e);
	return r < 0 ? r : take_environment(file, &launch->environment, e);
}

/**
 * launch_check - whether a definition says how its container is to be run
 * @file: borrowed
 * @e: says what is wrong in it
 *
 * Returns 0 or -errno.
 */
int launch_check(const struct environment_file *file, struct error *e)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };

	return launch_take(file, &launch, e);
}

/**
 * launch_read - read how a container is to be run
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_launch: ended by the caller with launch_deinit()
 * @e: names the file and what is wrong in it
 *
 * Returns 1, 0 when there is no such container, or -errno.
 */
int launch_read(const struct paths *paths, const char *name, struct launch *ret_launch,
		struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	int r = definition_load(paths, name, &file, e);

	if (r <= 0)
		return r;
	r = definition_parse(paths, name, &file, &launch.definition, e);
	if (r < 0)
		return r;
	r = launch_take(&file, &launch, e);
	if (r < 0)
		return definition_wrong(paths, name, r, e);
	*ret_launch = launch;
	launch = (struct launch){ 0 };
	return 1;
}

/**
 * launch_deinit - free what was read
 * @launch: empty afterwards
 */
void launch_deinit(struct launch *launch)
{
	words_deinit(&launch->flags);
	words_deinit(&launch->environment);
	*launch = (struct launch){ 0 };
}
