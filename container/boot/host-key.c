/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tree.h"
#include "container/boot/boot.h"
#include "container/boot/launch.h"
#include "container/boot/root.h"

#define KEY_SIZE_MAX ((size_t)16 * 1024)

/* The keys that are looked for, the best one first. */
static const struct {
	const char *path;
	const char *kind; /* what the line begins with */
} keys[] = {
	{ "/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 " },
	{ "/etc/ssh/ssh_host_ecdsa_key.pub", "ecdsa-sha2-nistp" },
};

/**
 * key_is_sane - whether a text is one line of a public key and nothing else
 * @text: borrowed; its last line end is taken off
 * @length: of it
 * @kind: what it begins with
 *
 * What is printed on a terminal must not be able to control it.
 *
 * Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT: KIND BASE64 [COMMENT].
 */
static bool key_is_sane(char *text, size_t length, const char *kind)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/=";
	const char *key;
	size_t n;

	if (length && text[length - 1] == '\n')
		text[--length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	key = strchr(text, ' ');
	if (strncmp(text, kind, strlen(kind)) != 0 || !key)
		return false;
	n = strspn(++key, base64);
	return n > 0 && (key[n] == '\0' || key[n] == ' ');
}

/**
 * key_find - look for a key below a root directory
 * @tree: borrowed
 * @name: of the container, for messages
 * @ret_key: one line without its end; the caller frees it
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int key_find(int tree, const char *name, char **ret_key, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		_cleanup_(freep) char *text = NULL;
		size_t length;
		int r = tree_read(tree, keys[i].path, KEY_SIZE_MAX, &text, &length, e);

		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return error_wrap(e, r, "host key of container '%s'", name);
		if (!key_is_sane(text, length, keys[i].kind))
			return error_set(e, ERROR_FAILED, EINVAL,
					 "%s of container '%s' is not one line of a public key",
					 keys[i].path, name);
		*ret_key = TAKE_PTR(text);
		return 1;
	}
	return 0;
}

/**
 * container_host_key - the public key by which the SSH server of a container is known
 * @paths: borrowed
 * @name: checked here, borrowed
 * @ret_key: one line without its end; the caller frees it
 * @e: filled on failure
 *
 * Returns 1, 0 when it has none (yet), or -errno.
 */
int container_host_key(const struct paths *paths, const char *name, char **ret_key, struct error *e)
{
	_cleanup_(launch_deinit) struct launch launch = { 0 };
	_cleanup_(fd_closep) int tree = -1;
	char path[PATH_MAX];
	int r = name_check(name, e);

	if (r < 0)
		return r;
	r = launch_read(paths, name, &launch, e);
	if (r == 0)
		return name_unknown(paths, name, e);
	if (r > 0)
		r = root_path(paths, name, &launch, path, e);
	if (r < 0)
		return r;
	r = tree_open(path, &tree, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : key_find(tree, name, ret_key, e);
}
