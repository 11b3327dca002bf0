/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "container/definitions/definition.h"
#include "container/life/redefine.h"

/*
 * Theory of operation
 *
 * What is attached is made what a definition says by the function that attaches: it looks, and changes
 * what differs. That is all there is to do while a container runs, where the change is one that it can
 * see: another address, MAC or bridge, one more link. What a definition does not ask for it does not
 * look at, so nothing is ever taken away by it; that, and a cable of another kind, need a start.
 */

/**
 * has_word - whether a list has a word
 * @words: borrowed
 * @word: borrowed
 */
static bool has_word(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->list[i], word) == 0)
			return true;
	return false;
}

/**
 * list_grows - whether all that a list has is in another too
 * @is, @wanted: borrowed; NULL: empty
 */
static bool list_grows(const char *is, const char *wanted)
{
	_cleanup_(words_deinit) struct words before = { 0 }, after = { 0 };

	if (!is || words_split(&before, is, NULL) < 0)
		return !is;
	if (words_split(&after, wanted ? wanted : "", NULL) < 0)
		return false;
	for (size_t i = 0; i < before.count; i++)
		if (!has_word(&after, before.list[i]))
			return false;
	return true;
}

/**
 * family_stays - whether a cable that has addresses of a family has some afterwards
 * @is, @wanted: borrowed
 */
static bool family_stays(const struct veth_pair *is, const struct veth_pair *wanted)
{
	return (!addr_is_set(&is->local.addr) || addr_is_set(&wanted->local.addr)) &&
	       (!addr_is_set(&is->host) || addr_is_set(&wanted->host));
}

/**
 * has_macvlan - whether a link has a MAC that is derived from the cable's
 * @definition: borrowed
 */
static bool has_macvlan(const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_extras; i++)
		if (definition->extras[i].kind == VETH_EXTRA_MACVLAN)
			return true;
	return false;
}

/**
 * cable_can_change - whether the network of a container that runs can be made what it is to be
 * @is_file, @wanted_file: its definitions, borrowed
 *
 * One that cannot be read has no network that could be changed.
 */
bool cable_can_change(const struct environment_file *is_file,
		      const struct environment_file *wanted_file)
{
	static const char *const lists[] = { "INTERFACES", "MACVLANS", "EXTRA_VETHS" };
	struct definition is = { .n_peers = 0 }, wanted = { .n_peers = 0 };

	if (definition_take(is_file, &is, NULL) < 0 ||
	    definition_take(wanted_file, &wanted, NULL) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!list_grows(environment_get(is_file, lists[i]),
				environment_get(wanted_file, lists[i])))
			return false;
	return is.private_network && wanted.private_network && is.cable == wanted.cable &&
	       (is.bridge[0] != '\0') == (wanted.bridge[0] != '\0') &&
	       family_stays(&is.v4, &wanted.v4) && family_stays(&is.v6, &wanted.v6) &&
	       (!has_macvlan(&is) || mac_equal(&is.mac, &wanted.mac));
}
