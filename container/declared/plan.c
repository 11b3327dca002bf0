/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"
#include "container/addresses/choice.h"
#include "container/boot/root.h"
#include "container/declared/change.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"
#include "container/life/redefine.h"

/*
 * Theory of operation
 *
 * What "apply" made has APPLIED in its definition, with the file that declares it; so nothing else has
 * to remember it. A plan compares the definition there is with the one there should be, key by key, and
 * the system of the profile with the one that was built. What has been written and not acted upon yet,
 * because a run was killed or a step failed, stands in PENDING.
 */

/**
 * declared_step_name - what is done about a container, in a word
 * @step: which
 */
const char *declared_step_name(enum declared_step step)
{
	switch (step) {
	case STEP_LEAVE:
		return "leave";
	case STEP_CREATE:
		return "create";
	case STEP_UPDATE:
		return "update";
	case STEP_START:
		return "start";
	case STEP_RELOAD:
		return "reload";
	case STEP_RESTART:
		return "restart";
	case STEP_REMOVE:
		break;
	}
	return "remove";
}

/**
 * declared_lock - let one run of "apply" be at it
 * @paths: borrowed
 * @ret_fd: the lock; close it to let go
 * @e: names the lock
 *
 * Returns 0, -EBUSY (ERROR_BUSY) or another -errno.
 */
int declared_lock(const struct paths *paths, int *ret_fd, struct error *e)
{
	char path[PATH_MAX], holder[LOCK_HOLDER_MAX];
	int r = directory_make(paths->runtime, 0755, e);

	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/apply.lock", paths->runtime);
	if (r >= 0)
		r = lock_try(path, LOCK_EXCLUSIVE, ret_fd, e);
	if (r != 0)
		return r < 0 ? r : 0;
	lock_holder(path, holder);
	r = error_set(e, ERROR_BUSY, EBUSY, "another \"apply\" is at it: %s", holder);
	return error_remedy(e, r, "give the command again when that has come to its end");
}

/**
 * declared_check_owner - whether a container that is there is "apply"'s to change
 * @name: of the container
 * @source: the file that declares it now, borrowed
 * @is: its definition, borrowed
 * @e: says whose it is
 *
 * A file that is gone declares nothing: its containers may be taken over.
 *
 * Returns 0 or -EEXIST (ERROR_CONFLICT).
 */
int declared_check_owner(const char *name, const char *source, const struct environment_file *is,
			 struct error *e)
{
	const char *owner = environment_get(is, KEY_APPLIED);
	int r;

	if (owner && strcmp(owner, source) != 0 && access(owner, F_OK) == 0) {
		r = error_set(e, ERROR_CONFLICT, EEXIST, "container '%s' is declared by %s", name,
			      owner);
		return error_remedy(e, r, "take it out of one of the two files");
	}
	if (owner || environment_get(is, KEY_WITHDRAWN))
		return 0;
	r = error_set(e, ERROR_CONFLICT, EEXIST,
		      "container '%s' is there already, and %s did not declare it", name, source);
	return error_remedy(
		e, r, "choose another name, or remove it with \"nixctr-net destroy %s\"", name);
}

/**
 * keep_addresses - have the automatic addresses that a container has in its new definition too
 * @is: borrowed
 * @file: changed
 * @e: names the key
 *
 * Returns 0 or -errno.
 */
static int keep_addresses(const struct environment_file *is, struct environment_file *file,
			  struct error *e)
{
	static const char *const keys[] = { "HOST_ADDRESS", "LOCAL_ADDRESS" };
	int r = 0;

	if (!environment_get(is, KEY_AUTOMATIC) || !environment_get(file, KEY_AUTOMATIC))
		return 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(keys); i++) {
		const char *value = environment_get(is, keys[i]);

		if (value)
			r = environment_set(file, keys[i], value, e);
	}
	return r < 0 ? r : 0;
}

/**
 * declared_definition - the definition that a declared container is to have
 * @source: the file that declares it, borrowed
 * @declared: borrowed
 * @is: that it has, borrowed; empty: none
 * @ret_file: ended by the caller with environment_deinit(), after a failure too
 * @e: names the key
 *
 * Returns 0 or -errno.
 */
int declared_definition(const char *source, const struct declared *declared,
			const struct environment_file *is, struct environment_file *ret_file,
			struct error *e)
{
	const struct words *keys = declared->keys;
	int r = 0;

	for (size_t i = 0; r >= 0 && i + 1 < keys->count; i += 2)
		r = environment_set(ret_file, keys->list[i], keys->list[i + 1], e);
	if (r >= 0)
		r = environment_set(ret_file, KEY_APPLIED, source, e);
	return r < 0 ? r : keep_addresses(is, ret_file, e);
}

/**
 * system_differs - whether a container would boot another system than it is to
 * @paths: borrowed
 * @plan: its name and what it is to boot are set
 * @e: names the profile
 *
 * Returns 1, 0 or -errno.
 */
static int system_differs(const struct paths *paths, const struct declared_plan *plan,
			  struct error *e)
{
	char now[PATH_MAX];
	int r;

	if (!plan->toplevel[0])
		return 0;
	r = root_profile(paths, plan->name, now, e);
	return r <= 0 ? (r < 0 ? r : 1) : strcmp(now, plan->toplevel) != 0;
}

/**
 * step_choose - what has to be done about a container that is there
 * @is, @wanted: its definitions, borrowed
 * @running: whether it runs
 * @other: whether it is to boot another system
 * @untouched: whether it is to be let run
 * @plan: its differences are set; changed
 */
static void step_choose(const struct environment_file *is, const struct environment_file *wanted,
			bool running, bool other, bool untouched, struct declared_plan *plan)
{
	const char *pending = environment_get(is, KEY_PENDING);
	const char *was = environment_get(is, "AUTO_START");
	const char *wants = environment_get(wanted, "AUTO_START");
	bool begins = wants && strcmp(wants, "1") == 0 && (!was || strcmp(was, "1") != 0);
	bool restart =
		(plan->differences & DIFFERS_START) || (pending && strcmp(pending, "restart") == 0);
	bool starts = pending && strcmp(pending, "update") != 0 && strcmp(pending, "attach") != 0;
	bool reload = other || (pending && strcmp(pending, "reload") == 0);

	if (running && restart && !untouched)
		plan->step = STEP_RESTART;
	else if (running && reload && !untouched)
		plan->step = STEP_RELOAD;
	else if (starts || (begins && !running))
		plan->step = STEP_START;
	else if (plan->why[0])
		plan->step = STEP_UPDATE;
	plan->later = running && untouched && (restart || reload);
}

/**
 * why_format - what differs, in words
 * @keys: borrowed
 * @other: whether the system does
 * @pending: whether something was not come to
 * @why: filled, cut where it is too long
 */
static void why_format(const struct words *keys, bool other, bool pending, char why[256])
{
	size_t length = 0;

	why[0] = '\0';
	for (size_t i = 0; i < keys->count + 2; i++) {
		const char *word = i < keys->count    ? keys->list[i]
				   : i == keys->count ? (other ? "system" : NULL)
				   : pending          ? "unfinished"
						      : NULL;
		size_t size = word ? strlen(word) : 0;

		if (!word || length + size + 2 >= 256)
			continue;
		if (length)
			why[length++] = ' ';
		memcpy(why + length, word, size + 1);
		length += size;
	}
}

/**
 * plan_existing - plan for a container that is there
 * @paths: borrowed
 * @source, @declared: as for declared_plan_make()
 * @is: its definition, borrowed
 * @plan: its name and what it is to boot are set; completed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int plan_existing(const struct paths *paths, const char *source,
			 const struct declared *declared, const struct environment_file *is,
			 struct declared_plan *plan, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file wanted = { 0 };
	_cleanup_(words_deinit) struct words keys = { 0 };
	const char *owner = environment_get(is, KEY_APPLIED);
	enum container_status status = CONTAINER_DOWN;
	int other = 0, r = declared_definition(source, declared, is, &wanted, e);

	if (r == 0)
		r = definition_compare(is, &wanted, &keys, e);
	if (r < 0)
		return r;
	plan->differences = (unsigned)r;
	if (environment_get(is, "INCOMPLETE")) {
		plan->step = STEP_CREATE;
		return 0;
	}
	r = 0;
	if (!owner || strcmp(owner, source) != 0)
		r = words_add(&keys, e, "%s", KEY_APPLIED);
	if (r == 0)
		r = other = system_differs(paths, plan, e);
	if (r >= 0)
		r = container_status(paths, plan->name, &status, NULL, e);
	if (r < 0)
		return r;
	/* How far a run came that did not come to its end is not known. */
	if (environment_get(is, KEY_PENDING)) {
		plan->differences |= DIFFERS_LIVE | DIFFERS_MANAGER;
		plan->attach = strcmp(environment_get(is, KEY_PENDING), "attach") == 0;
	}
	why_format(&keys, other, environment_get(is, KEY_PENDING), plan->why);
	step_choose(is, &wanted, status == CONTAINER_UP, other, declared->untouched, plan);
	return 0;
}

/**
 * judge - look whether the addresses a container is to get are in the way of anything
 * @paths: borrowed
 * @source, @declared: as for declared_plan_make()
 * @is: its definition, borrowed; empty: none
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
static int judge(const struct paths *paths, const char *source, const struct declared *declared,
		 const struct environment_file *is, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	struct definition was = { .n_peers = 0 }, wanted = { .n_peers = 0 };
	int r = declared_definition(source, declared, is, &file, e);

	if (r == 0)
		r = definition_take(&file, &wanted, e);
	if (r < 0)
		return r;
	memcpy(wanted.name, declared->name, sizeof(wanted.name));
	/* One that cannot be read is going to be replaced. */
	if (is->count && definition_take(is, &was, NULL) < 0)
		was = (struct definition){ .n_peers = 0 };
	r = addresses_judge(paths, &wanted, &was, e);
	return r < 0 ? error_wrap(e, r, "container '%s'", declared->name) : 0;
}

/**
 * declared_plan_make - what has to be done about a declared container
 * @paths: borrowed
 * @source: the file that declares it, borrowed
 * @declared: borrowed
 * @toplevel: that was built for it; "": none is
 * @care: whether its addresses are judged
 * @ret_plan: filled
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
int declared_plan_make(const struct paths *paths, const char *source,
		       const struct declared *declared, const char *toplevel,
		       enum address_care care, struct declared_plan *ret_plan, struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file is = { 0 };
	struct declared_plan plan = { .step = STEP_LEAVE };
	char path[PATH_MAX];
	int r = definition_load(paths, declared->name, &is, e);

	if (r < 0)
		return r;
	memcpy(plan.name, declared->name, sizeof(plan.name));
	memcpy(plan.toplevel, toplevel, strlen(toplevel) + 1);
	if (r == 0) {
		plan.step = STEP_CREATE;
	} else {
		r = definition_path(paths, plan.name, path, e);
		if (r == 0 && definition_is_declarative(path))
			r = error_set(e, ERROR_CONFLICT, EEXIST,
				      "container '%s' is of the configuration of this NixOS",
				      plan.name);
		if (r == 0)
			r = declared_check_owner(plan.name, source, &is, e);
		if (r == 0)
			r = plan_existing(paths, source, declared, &is, &plan, e);
	}
	if (r == 0 && care == ADDRESSES_JUDGED)
		r = judge(paths, source, declared, &is, e);
	if (r < 0)
		return r;
	*ret_plan = plan;
	return 0;
}

/**
 * is_absent - whether a container was declared by a file, and is not any more
 * @paths: borrowed
 * @source: the file
 * @name: of the container
 * @list, @count: what it declares now, borrowed
 *
 * A definition that cannot be read is nobody's.
 */
static bool is_absent(const struct paths *paths, const char *source, const char *name,
		      const struct declared *list, size_t count)
{
	_cleanup_(environment_deinit) struct environment_file is = { 0 };
	const char *owner;

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return false;
	if (definition_load(paths, name, &is, NULL) <= 0)
		return false;
	owner = environment_get(&is, KEY_APPLIED);
	return owner && strcmp(owner, source) == 0;
}

/**
 * declared_plan_absent - which containers a file declared once and does not any more
 * @paths: borrowed
 * @source: the file
 * @list, @count: what it declares now, borrowed
 * @ret_plans: the caller frees it
 * @ret_count: how many
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int declared_plan_absent(const struct paths *paths, const char *source, const struct declared *list,
			 size_t count, struct declared_plan **ret_plans, size_t *ret_count,
			 struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct declared_plan *plans;
	size_t n_names = 0, n_plans = 0;
	int r = definition_names(paths, &names, &n_names, e);

	if (r < 0)
		return r;
	plans = calloc(n_names + 1, sizeof(*plans));
	if (!plans)
		return error_errno(e, ENOMEM, "cannot plan for %zu containers", n_names);
	for (size_t i = 0; i < n_names; i++) {
		if (!is_absent(paths, source, names[i], list, count))
			continue;
		memcpy(plans[n_plans].name, names[i], sizeof(plans[n_plans].name));
		(void)snprintf(plans[n_plans].why, sizeof(plans[n_plans].why), "not declared");
		plans[n_plans++].step = STEP_REMOVE;
	}
	*ret_plans = plans;
	*ret_count = n_plans;
	return 0;
}
