/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "container/addresses/choice.h"
#include "container/attach/peers.h"
#include "container/definitions/declarative.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"
#include "container/life/redefine.h"
#include "container/settings/locks.h"

/**
 * settings_give - put what was asked for into a definition
 * @file: changed
 * @assignments: KEY, VALUE alternately, borrowed
 * @e: names the key
 *
 * Returns 0 or -errno.
 */
static int settings_give(struct environment_file *file, const struct words *assignments,
			 struct error *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i + 1 < assignments->count; i += 2) {
		const char *key = assignments->list[i], *value = assignments->list[i + 1];

		if (value[0])
			r = environment_set(file, key, value, e);
		else
			environment_unset(file, key);
	}
	return r < 0 ? r : 0;
}

/**
 * half_refuse - refuse to leave a cable one address of a family, and none for its other end
 * @was, @wanted: the definition before and after, borrowed
 * @e: names the address that would be left
 *
 * A definition that somebody else wrote so may be changed in other respects.
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int half_refuse(const struct definition *was, const struct definition *wanted,
		       struct error *e)
{
	const struct veth_pair *const before[] = { &was->v4, &was->v6 };
	const struct veth_pair *const after[] = { &wanted->v4, &wanted->v6 };
	static const char *const suffixes[] = { "", "6" };

	for (size_t i = 0; i < ARRAY_SIZE(after); i++) {
		bool host = addr_is_set(&after[i]->host),
		     local = addr_is_set(&after[i]->local.addr);
		int r;

		if (host == local || (local && wanted->bridge[0]) ||
		    (addr_is_set(&before[i]->host) == host &&
		     addr_is_set(&before[i]->local.addr) == local))
			continue;
		r = error_set(
			e, ERROR_USAGE, EINVAL, "%sAddress%s would be left without %sAddress%s",
			host ? "host" : "local", suffixes[i], host ? "local" : "host", suffixes[i]);
		return error_remedy(e, r,
				    "set both of them, or take both away: hostAddress%s= "
				    "localAddress%s=",
				    suffixes[i], suffixes[i]);
	}
	return 0;
}

/**
 * wanted_check - look at what a definition has to do with others
 * @paths: borrowed
 * @name: of the container
 * @file: as it is to be, borrowed
 * @care: whether its addresses are judged
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
static int wanted_check(const struct paths *paths, const char *name,
			const struct environment_file *file, enum address_care care,
			struct error *e)
{
	struct definition wanted = { .n_peers = 0 }, was;
	int r = definition_take(file, &wanted, e);

	memcpy(wanted.name, name, strlen(name) + 1);
	if (r == 0)
		r = definition_read(paths, name, &was, e);
	if (r > 0 && half_refuse(&was, &wanted, e) < 0)
		r = -EINVAL;
	/* One that is linked with a container that has gone may be changed in other respects. */
	if (r > 0)
		r = memcmp(wanted.peers, was.peers, sizeof(was.peers)) == 0
			    ? 0
			    : peers_check(paths, &wanted, NULL, 0, e);
	if (r == 0 && care == ADDRESSES_JUDGED)
		r = addresses_judge(paths, &wanted, &was, e);
	return r;
}

/**
 * set_locked - change keys of a definition
 * @paths: borrowed; the definitions are locked
 * @name: checked here
 * @assignments: KEY, VALUE alternately, borrowed
 * @care: whether addresses are judged
 * @e: says what is wrong or in the way
 *
 * Returns what differs, as enum definition_difference, with 1 << 8 when anything does; or -errno.
 */
static int set_locked(const struct paths *paths, const char *name, const struct words *assignments,
		      enum address_care care, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file is = { 0 }, wanted = { 0 };
	_cleanup_(words_deinit) struct words keys = { 0 };
	struct definition definition;
	int difference, r = definition_load(paths, name, &is, e);

	if (r == 0)
		return name_unknown(paths, name, e);
	if (r > 0)
		r = definition_parse(paths, name, &is, &definition, e);
	if (r == 0)
		r = declarative_refuse(&definition, e);
	if (r == 0)
		r = definition_check_complete(&definition, e);
	if (r == 0)
		r = definition_load(paths, name, &wanted, e);
	if (r >= 0)
		r = settings_give(&wanted, assignments, e);
	if (r == 0)
		r = difference = definition_compare(&is, &wanted, &keys, e);
	if (r < 0 || keys.count == 0)
		return r;
	r = wanted_check(paths, name, &wanted, care, e);
	if (r == 0)
		r = definition_replace(paths, name, &wanted,
				       definition_effect((unsigned)difference), &definition, e);
	return r < 0 ? r : difference | 1 << 8;
}

/**
 * container_set - change keys of a definition, and make true what can be at once
 * @paths: borrowed
 * @name: checked here, borrowed
 * @assignments: KEY, VALUE alternately, borrowed; an empty value takes the key away
 * @care: whether addresses are judged
 * @ret_effect: when it counts
 * @e: says what is wrong or in the way
 *
 * Returns 1, 0 when all was so, or -errno.
 */
int container_set(const struct paths *paths, const char *name, const struct words *assignments,
		  enum address_care care, enum setting_effect *ret_effect, struct error *e)
{
	enum container_status status = CONTAINER_DOWN;
	_cleanup_(fd_closep) int lock = -1;
	int difference = 0, r = definitions_lock(paths, &lock, e);

	if (r == 0)
		r = difference = set_locked(paths, name, assignments, care, e);
	fd_closep(&lock);
	*ret_effect = SETTING_LIVE;
	if (r < 0)
		return error_wrap(e, r, "cannot set container '%s'", name);
	if (r == 0) {
		/* A run that was killed may have written it, and no more. */
		r = definition_make_live(paths, name, e);
		return r < 0 ? error_wrap(e, r, "container '%s' is set, but", name) : 0;
	}
	r = container_status(paths, name, &status, NULL, e);
	if (r >= 0 && difference & DIFFERS_MANAGER)
		r = container_refresh(paths, e);
	if (r >= 0 && difference & DIFFERS_LIVE && !(difference & DIFFERS_START))
		r = definition_make_live(paths, name, e);
	if (r < 0)
		return error_wrap(e, r, "container '%s' is set, but", name);
	if (difference & DIFFERS_START &&
	    (status != CONTAINER_DOWN || container_is_attached(paths, name)))
		*ret_effect = SETTING_LATER;
	else
		*ret_effect = SETTING_LIVE;
	return 1;
}
