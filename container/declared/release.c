/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/declared/change.h"
#include "container/definitions/definition.h"
#include "container/definitions/ports.h"
#include "container/life/life.h"
#include "container/life/redefine.h"
#include "container/settings/locks.h"

/*
 * Theory of operation
 *
 * Two containers may exchange what only one of anything can have: addresses, a MAC, ports of the host. No
 * order of changing one after the other does that. So before the first is changed, each that has what
 * another waits for gives it up: it is stopped, or detached, as its change would do in any case, and gets a
 * definition without that. Published ports alone are withdrawn from a container that runs.
 *
 * That definition has PENDING as one has behind a change, so a run that is killed here is completed by the
 * next.
 */

/* Keys of which all are given up when one of them is another. */
static const char *const bundles[][2] = {
	{ "HOST_ADDRESS", "LOCAL_ADDRESS" },
	{ "HOST_ADDRESS6", "LOCAL_ADDRESS6" },
	{ "LOCAL_MAC_ADDRESS", "LOCAL_MAC_ADDRESS" },
};

/**
 * wanted_take - what a declared container is to be
 * @source: the file that declares it, borrowed
 * @declared: borrowed
 * @is: its definition, borrowed; empty: none, or of no interest
 * @ret_file: ended by the caller with environment_deinit(), after a failure too
 * @ret_definition: the same, read
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int wanted_take(const char *source, const struct declared *declared,
		       const struct environment_file *is, struct environment_file *ret_file,
		       struct definition *ret_definition, struct error *e)
{
	struct definition definition = { .n_peers = 0 };
	int r = declared_definition(source, declared, is, ret_file, e);

	if (r == 0)
		r = definition_take(ret_file, &definition, e);
	memcpy(definition.name, declared->name, sizeof(definition.name));
	*ret_definition = definition;
	return r;
}

/**
 * is_waited_for - whether somebody waits for what a container has
 * @source: the file that declares all, borrowed
 * @is: the container as it is, borrowed
 * @list, @count: all that are declared, borrowed
 * @e: filled on failure
 *
 * What two are declared with was refused before, so it is something that this one will not have.
 *
 * Returns 1, 0 or -errno.
 */
static int is_waited_for(const char *source, const struct definition *is,
			 const struct declared *list, size_t count, struct error *e)
{
	const struct environment_file nothing = { 0 };
	char what[CLASH_TEXT];

	for (size_t i = 0; i < count; i++) {
		_cleanup_(environment_deinit) struct environment_file file = { 0 };
		struct definition wanted;
		int r;

		if (strcmp(list[i].name, is->name) == 0)
			continue;
		r = wanted_take(source, &list[i], &nothing, &file, &wanted, e);
		if (r < 0)
			return r;
		if (declared_clash(is, &wanted, what))
			return 1;
	}
	return 0;
}

/**
 * differs - whether a key of two definitions is another
 * @one, @other: borrowed
 * @key: borrowed
 */
static bool differs(const struct environment_file *one, const struct environment_file *other,
		    const char *key)
{
	const char *a = environment_get(one, key), *b = environment_get(other, key);

	return a && (!b || strcmp(a, b) != 0);
}

/**
 * ports_strip - leave those ports in a definition that it is to have
 * @file: changed
 * @is, @wanted: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int ports_strip(struct environment_file *file, const struct definition *is,
		       const struct definition *wanted, struct error *e)
{
	struct ports kept = { .count = 0 };
	char text[PORTS_TEXT], one[PORT_TEXT], other[PORT_TEXT];

	for (size_t i = 0; i < is->ports.count; i++) {
		port_format(&is->ports.list[i], one);
		for (size_t j = 0; j < wanted->ports.count; j++)
			if (strcmp(one, port_format(&wanted->ports.list[j], other)) == 0)
				kept.list[kept.count++] = is->ports.list[i];
	}
	if (kept.count == 0) {
		environment_unset(file, "HOST_PORT");
		return 0;
	}
	return environment_set(file, "HOST_PORT", ports_format(&kept, text), e) < 0 ? -ENOMEM : 0;
}

/**
 * strip - take out of a definition what is not to be in it any more, and is one's alone
 * @file: as it is; changed
 * @wanted_file: as it is to be, borrowed
 * @is, @wanted: the same, read, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int strip(struct environment_file *file, const struct environment_file *wanted_file,
		 const struct definition *is, const struct definition *wanted, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(bundles); i++) {
		if (!differs(file, wanted_file, bundles[i][0]) &&
		    !differs(file, wanted_file, bundles[i][1]))
			continue;
		environment_unset(file, bundles[i][0]);
		environment_unset(file, bundles[i][1]);
		if (i == 0)
			environment_unset(file, KEY_AUTOMATIC);
	}
	return ports_strip(file, is, wanted, e);
}

/**
 * strip_install - have a definition without what others wait for
 * @change: borrowed, claimed
 * @pending: what is still to be done then
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int strip_install(const struct change *change, const char *pending, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 }, wanted_file = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct definition is, wanted, now;
	int r = definitions_lock(change->paths, &lock, e);

	if (r == 0)
		r = definition_load(change->paths, change->plan->name, &file, e);
	if (r > 0)
		r = definition_parse(change->paths, change->plan->name, &file, &is, e);
	if (r == 0)
		r = wanted_take(change->source, change->declared, &file, &wanted_file, &wanted, e);
	if (r == 0)
		r = strip(&file, &wanted_file, &is, &wanted, e);
	if (r == 0)
		r = environment_set(&file, KEY_PENDING, pending, e);
	return r < 0 ? r
		     : definition_replace(change->paths, change->plan->name, &file, EFFECT_LATER,
					  &now, e);
}

/**
 * declared_settle - have a container started anew whose links others wait for
 * @paths: borrowed
 * @source: the file that declares all, borrowed
 * @declared: the container, borrowed
 * @list, @count: all that are declared, borrowed
 * @plan: what is done about the container, changed
 * @e: filled on failure
 *
 * While it runs it can be given other addresses, but not be without any in between.
 *
 * Returns 1, 0 when nobody waits for anything, or -errno.
 */
int declared_settle(const struct paths *paths, const char *source, const struct declared *declared,
		    const struct declared *list, size_t count, struct declared_plan *plan,
		    struct error *e)
{
	enum container_status status = CONTAINER_DOWN;
	struct definition is;
	int r;

	if (!(plan->differences & DIFFERS_CABLE) || plan->step == STEP_CREATE)
		return 0;
	r = definition_read(paths, plan->name, &is, e);
	if (r > 0)
		r = is_waited_for(source, &is, list, count, e);
	if (r <= 0)
		return r;
	r = container_status(paths, plan->name, &status, NULL, e);
	if (r < 0)
		return r;
	plan->differences |= DIFFERS_START;
	if (status == CONTAINER_UP && declared->untouched)
		plan->later = true;
	else if (status == CONTAINER_UP)
		plan->step = STEP_RESTART;
	return 1;
}

/**
 * release - give up what others wait for
 * @change: borrowed
 * @plan: the same as its own, changed
 * @e: filled on failure
 *
 * Returns 1 or -errno.
 */
static int release(const struct change *change, struct declared_plan *plan, struct error *e)
{
	_cleanup_(claim_drop) struct claim claim = CLAIM_INIT;
	bool replugged = change_is_replugged(change);
	int r = claim_wait(change->paths, plan->name, &claim, e);

	if (r == 0)
		r = change_pending_write(change, change_pending(change, replugged, false), e);
	if (r == 0)
		r = change_make_way(change, replugged, e);
	if (r >= 0)
		r = strip_install(change, change_pending(change, replugged, true), e);
	if (r == 0 && plan->step != STEP_RESTART && !replugged)
		r = definition_make_live(change->paths, plan->name, e);
	if (r < 0)
		return error_wrap(e, r, "cannot %s container '%s'", declared_step_name(plan->step),
				  plan->name);
	plan->attach = replugged;
	return 1;
}

/**
 * declared_release - have a container give up what others wait for
 * @paths: borrowed
 * @source: the file that declares all, borrowed
 * @declared: the container, borrowed
 * @list, @count: all that are declared, borrowed
 * @plan: what is done about the container, changed
 * @e: filled on failure
 *
 * One that runs on until its next start keeps what it has.
 *
 * Returns 1, 0 when nobody waits for anything, or -errno.
 */
int declared_release(const struct paths *paths, const char *source, const struct declared *declared,
		     const struct declared *list, size_t count, struct declared_plan *plan,
		     struct error *e)
{
	const struct change change = {
		.paths = paths, .source = source, .declared = declared, .plan = plan
	};
	struct definition is;
	int r;

	if (plan->step == STEP_LEAVE || plan->step == STEP_CREATE || plan->step == STEP_REMOVE ||
	    plan->later)
		return 0;
	r = definition_read(paths, plan->name, &is, e);
	if (r > 0)
		r = is_waited_for(source, &is, list, count, e);
	return r <= 0 ? r : release(&change, plan, e);
}
