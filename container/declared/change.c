/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/addresses/port-index.h"
#include "container/attach/attach.h"
#include "container/boot/system.h"
#include "container/declared/change.h"
#include "container/definitions/definition.h"
#include "container/life/life.h"
#include "container/life/redefine.h"
#include "container/settings/locks.h"

/*
 * Theory of operation
 *
 * Before anything else, what is going to be done is written into the definition there is (PENDING), and
 * taken out when it is done. A run that is killed anywhere, or a container that does not start, leaves
 * a definition from which the next run knows what is missing.
 *
 * A container that has to be started anew is stopped while it still has its old definition: that says
 * what has to be given back to the host.
 */

/**
 * change_pending_write - write down what is going to be done
 * @change: borrowed
 * @pending: what; NULL: nothing any more
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int change_pending_write(const struct change *change, const char *pending, struct error *e)
{
	const struct paths *paths = change->paths;
	const char *name = change->plan->name;
	_cleanup_(fd_closep) int lock = -1;
	struct definition definition;
	struct remembered before;
	int r = definitions_lock(paths, &lock, e);

	if (r < 0)
		return r;
	before = definitions_remembered(paths);
	r = definition_change(paths, name, KEY_PENDING, pending, e);
	if (r > 0 && definition_read(paths, name, &definition, NULL) > 0)
		definitions_remember(paths, before, name, &definition.ports);
	return r < 0 ? r : 0;
}

/**
 * definition_install - have the definition that is declared
 * @change: borrowed
 * @pending: what is still to be done then; NULL: nothing
 * @incomplete: value of INCOMPLETE; NULL: it is complete
 * @effect: whether a container that is attached loses at once what is not declared any more
 * @e: says what is wrong or in the way
 *
 * Returns 0 or -errno.
 */
static int definition_install(const struct change *change, const char *pending,
			      const char *incomplete, enum definition_effect effect,
			      struct error *e)
{
	_cleanup_(environment_deinit) struct environment_file is = { 0 }, wanted = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	const char *name = change->plan->name;
	struct definition definition;
	int r = definitions_lock(change->paths, &lock, e);

	if (r == 0)
		r = definition_load(change->paths, name, &is, e);
	if (r > 0)
		r = declared_check_owner(name, change->source, &is, e);
	if (r == 0)
		r = declared_definition(change->source, change->declared, &is, &wanted, e);
	if (r == 0 && pending)
		r = environment_set(&wanted, KEY_PENDING, pending, e);
	if (r >= 0 && incomplete)
		r = environment_set(&wanted, "INCOMPLETE", incomplete, e);
	return r < 0 ? r : definition_replace(change->paths, name, &wanted, effect, &definition, e);
}

/**
 * system_install - have a container boot what was built
 * @change: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int system_install(const struct change *change, struct error *e)
{
	struct system_spec spec = { .kind = SYSTEM_BUILT };

	if (!change->plan->toplevel[0])
		return 0;
	memcpy(spec.path, change->plan->toplevel, sizeof(spec.path));
	return system_build(change->paths, change->plan->name, &spec, e);
}

/**
 * starts_with_host - whether a container is declared to start with the host
 * @declared: borrowed
 */
static bool starts_with_host(const struct declared *declared)
{
	for (size_t i = 0; i + 1 < declared->keys->count; i += 2)
		if (strcmp(declared->keys->list[i], "AUTO_START") == 0)
			return strcmp(declared->keys->list[i + 1], "1") == 0;
	return false;
}

/**
 * finish - do what stands in PENDING, and take it out
 * @change: borrowed
 * @pending: what; NULL: nothing
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int finish(const struct change *change, const char *pending, struct error *e)
{
	int r = 0;

	if (!pending)
		return 0;
	if (strcmp(pending, "reload") == 0)
		r = container_reload(change->paths, change->plan->name, e);
	else if (strcmp(pending, "start") == 0)
		r = container_start(change->paths, change->plan->name, e);
	return r < 0 ? r : change_pending_write(change, NULL, e);
}

/**
 * create - make a declared container, or what is missing of it
 * @change: borrowed, claimed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int create(const struct change *change, struct error *e)
{
	const char *name = change->plan->name;
	const char *pending = starts_with_host(change->declared) ? "start" : NULL;
	char root[PATH_MAX];
	struct stat st;
	bool keeps;
	int r = path_format(root, sizeof(root), e, "%s/%s", change->paths->containers, name);

	if (r < 0)
		return r;
	keeps = lstat(root, &st) == 0;
	r = definition_install(change, pending, keeps ? "old-root" : "1", EFFECT_LATER, e);
	if (r == 0)
		r = system_install(change, e);
	if (r == 0)
		r = definition_install(change, pending, NULL, EFFECT_LATER, e);
	if (r == 0 && pending)
		r = container_refresh(change->paths, e);
	return r < 0 ? r : finish(change, pending, e);
}

/**
 * change_is_replugged - whether a network without a container in it has to be made anew
 * @change: borrowed
 *
 * One that "net up" made is not changed while the definition is another; what it was made from says
 * what has to be given back.
 */
bool change_is_replugged(const struct change *change)
{
	const struct declared_plan *plan = change->plan;

	return plan->attach ||
	       (plan->step != STEP_RESTART && !plan->later && plan->differences & DIFFERS_START &&
		container_is_attached(change->paths, plan->name));
}

/**
 * change_make_way - end what a new definition would not fit any more
 * @change: borrowed, claimed
 * @replugged: of change_is_replugged()
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int change_make_way(const struct change *change, bool replugged, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	const char *name = change->plan->name;
	int r;

	if (change->plan->step == STEP_RESTART)
		return container_stop(change->paths, name, e);
	if (!replugged)
		return 0;
	r = network_open(change->paths, &network, e);
	return r < 0 ? r : network_detach(network, name, e);
}

/**
 * tell_others - have the kernel and the manager know of a new definition
 * @change: borrowed, claimed
 * @replugged: of change_is_replugged()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int tell_others(const struct change *change, bool replugged, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	const struct declared_plan *plan = change->plan;
	struct definition definition;
	int r = 0;

	if (replugged) {
		r = network_open(change->paths, &network, e);
		if (r >= 0)
			r = network_attach(network, plan->name, &definition, e);
	} else if (plan->differences & DIFFERS_LIVE && !plan->later) {
		r = definition_make_live(change->paths, plan->name, e);
	}
	if (r >= 0 && plan->differences & DIFFERS_MANAGER)
		r = container_refresh(change->paths, e);
	return r < 0 ? r : 0;
}

/**
 * change_pending - what stands in PENDING while a container is brought to what is declared
 * @change: borrowed
 * @replugged: of change_is_replugged()
 * @after: whether it has its new definition
 */
const char *change_pending(const struct change *change, bool replugged, bool after)
{
	enum declared_step step = change->plan->step;

	if (step == STEP_RESTART && !after)
		return "restart";
	if (step == STEP_RELOAD)
		return "reload";
	if (step == STEP_UPDATE)
		return replugged ? "attach" : "update";
	return "start";
}

/**
 * update - bring a container that is there to what is declared
 * @change: borrowed, claimed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int update(const struct change *change, struct error *e)
{
	bool replugged = change_is_replugged(change);
	enum definition_effect effect = replugged || change->plan->later
						? EFFECT_LATER
						: definition_effect(change->plan->differences);
	int r = change_pending_write(change, change_pending(change, replugged, false), e);

	if (r == 0)
		r = change_make_way(change, replugged, e);
	if (r >= 0)
		r = definition_install(change, change_pending(change, replugged, true), NULL,
				       effect, e);
	if (r == 0)
		r = system_install(change, e);
	if (r == 0)
		r = tell_others(change, replugged, e);
	return r < 0 ? r : finish(change, change_pending(change, replugged, true), e);
}

/**
 * withdraw - give up what a container has that another may want
 * @change: borrowed, claimed
 * @e: filled on failure
 *
 * Its ports, and addresses that were declared; those that were chosen for it stay its own. It is not
 * declared any more then, and a command may destroy it.
 *
 * Returns 0 or -errno.
 */
static int withdraw(const struct change *change, struct error *e)
{
	static const char *const addresses[] = { "HOST_ADDRESS", "LOCAL_ADDRESS", "HOST_ADDRESS6",
						 "LOCAL_ADDRESS6" };
	_cleanup_(environment_deinit) struct environment_file file = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct definition definition;
	bool automatic;
	int r = definitions_lock(change->paths, &lock, e);

	if (r == 0)
		r = definition_load(change->paths, change->plan->name, &file, e);
	if (r <= 0)
		return r;
	automatic = environment_get(&file, KEY_AUTOMATIC);
	for (size_t i = automatic ? 2 : 0; i < ARRAY_SIZE(addresses); i++)
		environment_unset(&file, addresses[i]);
	environment_unset(&file, "HOST_PORT");
	environment_unset(&file, KEY_APPLIED);
	environment_unset(&file, KEY_PENDING);
	r = environment_set(&file, KEY_WITHDRAWN, change->source, e);
	return r < 0 ? r
		     : definition_replace(change->paths, change->plan->name, &file, EFFECT_LATER,
					  &definition, e);
}

/**
 * disable - have a container not start with the host
 * @change: borrowed, claimed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int disable(const struct change *change, struct error *e)
{
	_cleanup_(fd_closep) int lock = -1;
	int r = definitions_lock(change->paths, &lock, e);

	if (r == 0)
		r = definition_change(change->paths, change->plan->name, "AUTO_START", "0", e);
	fd_closep(&lock);
	return r < 0 ? r : container_refresh(change->paths, e);
}

/**
 * retire - stop and disable a container that is not declared any more
 * @change: borrowed, claimed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int retire(const struct change *change, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	const char *name = change->plan->name;
	int r = disable(change, e);

	if (r >= 0)
		r = container_stop(change->paths, name, e);
	if (r >= 0)
		r = network_open(change->paths, &network, e);
	if (r >= 0)
		r = network_detach(network, name, e);
	return r < 0 ? r : withdraw(change, e);
}

/**
 * declared_change - do what a plan says about one container
 * @paths: borrowed
 * @source: the file that declares it, borrowed
 * @declared: borrowed; NULL when it does not any more
 * @plan: borrowed
 * @e: says what is wrong or in the way
 *
 * Returns 1, 0 when there is nothing to do, or -errno.
 */
int declared_change(const struct paths *paths, const char *source, const struct declared *declared,
		    const struct declared_plan *plan, struct error *e)
{
	const struct change change = {
		.paths = paths, .source = source, .declared = declared, .plan = plan
	};
	_cleanup_(claim_drop) struct claim claim = CLAIM_INIT;
	int r;

	if (plan->step == STEP_LEAVE)
		return 0;
	r = claim_wait(paths, plan->name, &claim, e);
	if (r < 0)
		return r;
	(void)umask(022);
	if (plan->step == STEP_CREATE)
		r = create(&change, e);
	else if (plan->step == STEP_REMOVE)
		r = retire(&change, e);
	else
		r = update(&change, e);
	return r < 0 ? error_wrap(e, r, "cannot %s container '%s'", declared_step_name(plan->step),
				  plan->name)
		     : 1;
}
