/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/attach/attach.h"
#include "container/rules/masquerade.h"
#include "container/rules/recorded.h"
#include "container/settings/locks.h"
#include "container/watch/watcher.h"

#define CABLES_AT_ONCE 32                /* before rules may have their turn again */
#define CABLE_AGAIN    (50 * PACE_MS)    /* before one that somebody else is at has its turn */
#define FAILURE_AGAIN  (60000 * PACE_MS) /* before the same failure is told again */

/**
 * queue_is_empty - whether no cable is to be looked at
 * @queue: borrowed
 */
bool queue_is_empty(const struct queue *queue)
{
	return queue->next == queue->count;
}

/**
 * queue_add - have the cable of a container looked at
 * @queue: changed
 * @name: a checked name, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int queue_add(struct queue *queue, const char *name, struct error *e)
{
	if (queue_is_empty(queue))
		queue->next = queue->count = 0;
	if (queue->count == queue->room) {
		size_t room = queue->room ? 2 * queue->room : 64;
		char(*names)[CONTAINER_NAME_MAX] = reallocarray(queue->names, room, sizeof(*names));

		if (!names)
			return error_errno(e, ENOMEM, "cannot list the containers");
		queue->names = names;
		queue->room = room;
	}
	(void)snprintf(queue->names[queue->count++], CONTAINER_NAME_MAX, "%s", name);
	return 0;
}

/**
 * watch_failed - say that something could not be put back
 * @w: the watcher
 * @what: was to be done, "put the rules back"
 * @e: why not, borrowed
 *
 * It is tried again and again; the log is told once in a while.
 */
void watch_failed(struct watcher *w, const char *what, const struct error *e)
{
	int64_t now = pace_now();

	if (strncmp(w->failure, e->text, sizeof(w->failure) - 1) == 0 &&
	    now - w->failure_told < FAILURE_AGAIN)
		return;
	(void)snprintf(w->failure, sizeof(w->failure), "%.*s", (int)sizeof(w->failure) - 1,
		       e->text);
	w->failure_told = now;
	log_error("cannot %s: %s%s%s", what, e->text, e->kernel[0] ? ": " : "", e->kernel);
	if (e->remedy[0])
		log_error("  try: %s", e->remedy);
}

/**
 * session_begin - begin to work on the network of the host
 * @w: the watcher
 * @ret_network: the session, which has looked at the host
 * @ret_forwards: the lock of the forwards, shared
 * @e: filled on failure
 *
 * Waits for nobody: who changes the settings or publishes a port leaves the rules right.
 *
 * Returns 1, -EAGAIN (ERROR_BUSY) when somebody does that now, or another -errno.
 */
static int session_begin(struct watcher *w, struct network **ret_network, int *ret_forwards,
			 struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	int r = network_open(w->paths, &network, e);

	if (r == 0)
		r = rules_lock_try(w->paths, LOCK_SHARED, &network->rules_fd, e);
	if (r > 0)
		r = forwards_lock_try(w->paths, LOCK_SHARED, ret_forwards, e);
	if (r == 0)
		r = error_set(e, ERROR_BUSY, EAGAIN, "somebody else is changing the rules");
	if (r > 0)
		r = host_look(&network->host, e);
	if (r < 0)
		return r;
	network->host.nat.quiet = true; /* see outlook_follow() */
	*ret_network = TAKE_PTR(network);
	return 1;
}

/**
 * rules_tell - log that the rules were put back, by whose fault, and how long they were not there
 * @w: the watcher; the changes have been answered
 * @now: when
 */
static void rules_tell(struct watcher *w, int64_t now)
{
	const struct nat_changes *changes = &w->rules;
	double ms = (double)(now - w->rules_since) / (double)PACE_MS;
	unsigned times;

	if (changes->lost)
		log_notice("rules put back in %.1f ms; too much happened at once to tell who had "
			   "changed them",
			   ms);
	else if (changes->touched)
		log_notice("rules put back in %.1f ms: %s (pid %u) had %s", ms, changes->process,
			   changes->pid, changes->what);
	else
		log_notice("rules and switches put right in %.1f ms", ms);
	if (!changes->touched)
		return;
	times = quarrel_add(&w->quarrel, changes->process, now);
	if (times)
		log_warning("%s has changed the rules of containers %u times in %.1f s: they are "
			    "put back at most twice a second while that goes on; stop it",
			    changes->process[0] ? changes->process : "somebody", times,
			    (double)(now - w->quarrel.begun) / (1000.0 * (double)PACE_MS));
}

/**
 * rules_make - make the table at once when it was deleted as a whole
 * @w: the watcher
 *
 * As it was when it was last put right, without a look at anything; that comes next, and is what is
 * told of failures.
 *
 * Returns whether it was made.
 */
static bool rules_make(struct watcher *w)
{
	struct records_reader reader = { .paths = w->paths, .fd = -1 };
	const struct nat_changes *changes = &w->rules;
	int r = -1;

	if (!changes->gone || changes->own || changes->lost || !w->spec_known)
		return false;
	if ((!forwards_any(w->paths) && !pins_any(w->paths)) ||
	    forwards_lock_try(w->paths, LOCK_SHARED, &reader.fd, NULL) > 0) {
		w->spec.source = (struct nat_source){ .forwards = forwards_load,
						      .pins = pins_load,
						      .data = &reader };
		r = nat_make(w->nat, &w->spec, changes->generation, NULL);
		w->spec.source = (struct nat_source){ .forwards = NULL };
	}
	fd_closep(&reader.fd);
	return r > 0;
}

/**
 * keeper_follow - have somebody whom the tables can belong to, or not, as it is set
 * @w: the watcher
 * @wanted: whether it is
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int keeper_follow(struct watcher *w, bool wanted, struct error *e)
{
	int r;

	if (!wanted)
		process_kill(&w->keeper);
	if (!wanted || w->keeper.pid)
		return 0;
	r = nat_ownable(w->nat, e);
	if (r == 0 && !w->unownable_told)
		log_warning(UNOWNABLE);
	w->unownable_told |= r == 0;
	return r <= 0 ? r : nat_keeper_start(w->paths->runtime, &w->keeper, e);
}

/**
 * rules_answer - have the rules as they should be
 * @w: the watcher
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int rules_answer(struct watcher *w, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(fd_closep) int forwards = -1;
	enum mend_elements each =
		w->every_port || w->rules.elements ? MEND_EACH_ELEMENT : MEND_WITH_TABLE;
	bool made = rules_make(w);
	uint32_t generation;
	int r;

	if (made)
		rules_tell(w, pace_now());
	r = nat_generation_read(w->nat, &generation, e);
	if (r >= 0)
		r = session_begin(w, &network, &forwards, e);
	if (r >= 0 && network->host.settings.own_table)
		r = keeper_follow(w, true, e);
	if (r >= 0)
		r = rules_mend(network, w->nat, each, e);
	if (r >= 0 && !network->host.settings.own_table)
		keeper_follow(w, false, NULL);
	if (r < 0)
		return r;
	if (r > 0 && !made)
		rules_tell(w, pace_now());
	if (network->rules_ensured)
		r = masquerade_complete(&network->host, e);
	if (r < 0)
		return r;
	w->spec_known = network->rules_ensured; /* else nobody needs any */
	w->spec = network->host.nat;
	nat_watch_cover(w->rules_watch, generation);
	return outlook_follow(w, network, e);
}

/**
 * watch_rules_due - whether rules are to be looked at
 * @w: borrowed
 */
bool watch_rules_due(const struct watcher *w)
{
	return w->rules.touched || w->links.host || w->every_port;
}

/**
 * watch_answer_rules - look at the rules and put them back
 * @w: the watcher; when it fails they stay due
 */
void watch_answer_rules(struct watcher *w)
{
	struct error e = ERROR_INIT;
	int r;

	pace_take(&w->rules_pace, pace_now());
	r = rules_answer(w, &e);
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		watch_failed(w, "put the rules back", &e);
		return;
	}
	w->rules = (struct nat_changes){ .touched = false };
	w->links.host = w->links.mtu = w->every_port = false;
	w->links.n_renamed = 0;
}

/**
 * cable_tell - log that a cable was put back
 * @w: the watcher
 * @name: of the container, borrowed
 * @drift: what had changed, borrowed
 */
static void cable_tell(const struct watcher *w, const char *name, const struct veth_drift *drift)
{
	double ms = (double)(pace_now() - w->links_since) / (double)PACE_MS;
	char more[32] = "";

	if (drift->count > 1)
		(void)snprintf(more, sizeof(more), ", and %zu more", drift->count - 1);
	log_notice("network of container '%s' put back in %.1f ms%s%s%s", name, ms,
		   drift->count ? ": " : "", drift->count ? drift->line[0] : "", more);
}

/**
 * watch_answer_cables - look at some of the cables that are due, and put them back
 * @w: the watcher
 *
 * One that somebody else is at comes again at the end, after a while: he may leave it wrong.
 */
void watch_answer_cables(struct watcher *w)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(fd_closep) int forwards = -1;
	struct queue *queue = &w->queue;
	struct error e = ERROR_INIT;
	int r = session_begin(w, &network, &forwards, &e);

	queue->after = pace_now() + (r < 0 ? CABLE_AGAIN : 0);
	if (r < 0 && r != -EAGAIN)
		watch_failed(w, "look at the cables", &e);
	if (r < 0)
		return;
	fd_closep(&forwards);          /* to publish ports takes it alone */
	network->rules_ensured = true; /* they have their own turn */
	for (size_t i = 0; i < CABLES_AT_ONCE && r != -EAGAIN && !queue_is_empty(queue); i++) {
		char name[CONTAINER_NAME_MAX];
		struct veth_drift drift;

		memcpy(name, queue->names[queue->next++], sizeof(name));
		r = network_mend(network, name, NETWORK_GIVES_UP, &drift, &e);
		if (r > 0)
			cable_tell(w, name, &drift);
		if (r < 0 && r != -EAGAIN)
			watch_failed(w, "put the network of a container back", &e);
		if (r == -EAGAIN && queue_add(queue, name, NULL) == 0)
			queue->after = pace_now() + CABLE_AGAIN;
	}
}
