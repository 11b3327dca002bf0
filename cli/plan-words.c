/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plan-words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* What the keys of a definition are about. One that is not here speaks for itself. */
static const struct {
	const char *key;
	const char *words;
} meanings[] = {
	{ "PRIVATE_NETWORK", "network of its own" },
	{ "HOST_ADDRESS", "addresses" },
	{ "LOCAL_ADDRESS", "addresses" },
	{ "HOST_ADDRESS6", "addresses" },
	{ "LOCAL_ADDRESS6", "addresses" },
	{ "LOCAL_MAC_ADDRESS", "MAC" },
	{ "HOST_BRIDGE", "bridge" },
	{ "HOST_PORT", "ports" },
	{ "LINKED_TO", "whom it is linked to" },
	{ "PINNED", "pinned or not" },
	{ "ROUTED", "routed or not" },
	{ "INTERFACES", "further links" },
	{ "MACVLANS", "further links" },
	{ "EXTRA_VETHS", "further links" },
	{ "NETWORK_NAMESPACE_PATH", "network namespace" },
	{ "AUTO_START", "start with the host" },
	{ "TIMEOUT_START", "time to start" },
	{ "EPHEMERAL", "ephemeral or not" },
	{ "COPY_RESOLV_CONF", "resolvers" },
	{ "PRIVATE_USERS", "users of its own" },
	{ "BIND", "mounts" },
	{ "BIND_RO", "mounts" },
	{ "TMPFS", "mounts" },
	{ "ADDITIONAL_CAPABILITIES", "capabilities" },
	{ "ALLOWED_DEVICES", "devices" },
	{ "EXTRA_NSPAWN_FLAGS", "flags of systemd-nspawn" },
	{ "SYSTEM_PATH", "system" },
	{ "ROOT_TREE", "root tree" },
	{ "FLAKE", "flake" },
	{ "FLAKE_ATTR", "flake" },
	{ "APPLIED", "file that declares it" },
	{ "unfinished", "unfinished change" },
};

/**
 * meaning_of - what a key is about
 * @key: borrowed
 */
static const char *meaning_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (strcmp(meanings[i].key, key) == 0)
			return meanings[i].words;
	return key;
}

/**
 * is_said - whether something is among what has been said
 * @words: with ", " in between, borrowed
 * @one: borrowed
 */
static bool is_said(const char *words, const char *one)
{
	size_t length = strlen(one);

	for (const char *p = words; *p; p += strspn(p, ", ")) {
		size_t size = strcspn(p, ",");

		if (size == length && strncmp(p, one, length) == 0)
			return true;
		p += size;
	}
	return false;
}

/**
 * plan_words - what differs, for people
 * @why: keys with blanks in between, borrowed
 * @words: filled, each thing once; what there is no room for is left out
 *
 * Returns @words.
 */
const char *plan_words(const char *why, char words[PLAN_WORDS])
{
	char key[PLAN_WORDS];
	size_t length = 0;

	words[0] = '\0';
	for (size_t size; *(why += strspn(why, " ")); why += size) {
		const char *one;

		size = strcspn(why, " ");
		(void)snprintf(key, sizeof(key), "%.*s", (int)size, why);
		one = meaning_of(key);
		if (is_said(words, one) || length + strlen(one) + 3 > PLAN_WORDS)
			continue;
		length += (size_t)snprintf(words + length, PLAN_WORDS - length, "%s%s",
					   length ? ", " : "", one);
	}
	return words;
}
