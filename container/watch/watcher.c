/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The kernel tells what anybody changes, of nf_tables who has done it as well. Whatever it tells, the
 * answer is the same: to look, and to have it as it should be, by the functions that made it. So it does
 * not matter what exactly was changed, whether events were lost, or whether it was one of our own
 * commands: then all is found right, and nothing is said.
 *
 * Rules come first and are looked at as a whole, for all containers at once; cables are queued, and looked
 * at one by one, a few at a time. What is not attached is never attached by it. How often it looks, see
 * pace.c. It waits for no lock: who has one is changing something, and it comes back.
 *
 * It keeps nothing that anybody else needs: killed, it leaves everything as it is, and the next one
 * begins with a look at everything. Where the tables are to belong to somebody, that is a child of its,
 * see nat/keeper.c, which ends with it.
 */
#include "container/watch/watcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "container/attach/attach.h"
#include "container/rules/rules-session.h"
#include "container/watch/watch.h"
#include "machine/machine.h"

#define SUCCESSION_SECONDS 1

/**
 * watch_everything - have all looked at
 * @w: the watcher
 */
static void watch_everything(struct watcher *w)
{
	w->every_port = w->links.host = w->links.many = true;
	w->rules_since = w->links_since = pace_now();
}

/**
 * hear_rules - take in what was done to nf_tables
 * @w: the watcher
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int hear_rules(struct watcher *w, struct error *e)
{
	struct nat_changes *known = &w->rules;
	struct nat_changes news;
	int r = nat_watch_read(w->rules_watch, &news, e);

	if (r <= 0)
		return r;
	if (!watch_rules_due(w))
		w->rules_since = pace_now();
	if (!known->touched || (known->own && !news.own)) {
		news.elements |= known->elements;
		news.lost |= known->lost;
		news.gone &= !known->touched;
		*known = news;
	} else {
		known->elements |= news.elements;
		known->lost |= news.lost;
		known->gone = false;
	}
	return 0;
}

/**
 * cables_due - whether any cable has lost something
 * @w: borrowed
 */
static bool cables_due(const struct watcher *w)
{
	return w->links.many || w->links.n_touched > 0;
}

/**
 * hear_links - take in what was done to links, addresses and routes
 * @w: the watcher
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int hear_links(struct watcher *w, struct error *e)
{
	bool rules_due = watch_rules_due(w);
	bool cables_were_due = cables_due(w);
	int r = veth_watch_read(w->links_watch, &w->links, e);

	if (r < 0)
		return r;
	if (w->links.lost)
		log_warning("too much happened at once on the network to be told: looking at "
			    "everything");
	w->links.lost = false;
	if (!rules_due && w->links.host)
		w->rules_since = pace_now();
	if (!cables_were_due && cables_due(w))
		w->links_since = pace_now();
	return 0;
}

/**
 * hear_keeper - take in that whom the tables belonged to is gone
 * @w: the watcher
 */
static void hear_keeper(struct watcher *w)
{
	process_kill(&w->keeper);
	log_warning(
		"the process that owned the tables was ended: they belong to nobody until there "
		"is another one");
	if (!watch_rules_due(w))
		w->rules_since = pace_now();
	w->every_port = true;
}

/**
 * hear_signals - take in what we are told to do
 * @w: the watcher
 *
 * Returns whether to go on.
 */
static bool hear_signals(struct watcher *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	if (info.ssi_signo == SIGHUP)
		watch_everything(w);
	return info.ssi_signo == SIGHUP;
}

/**
 * queue_fill - queue the cables that have lost something
 * @w: the watcher
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int queue_fill(struct watcher *w, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	struct veth_changes *changes = &w->links;
	size_t count = 0;
	int r = 0;

	if (changes->many)
		r = attached_names(w->paths, &names, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = queue_add(&w->queue, names[i], e);
	for (size_t i = 0; r == 0 && !changes->many && i < changes->n_touched; i++)
		if (name_check(changes->touched[i], NULL) == 0)
			r = queue_add(&w->queue, changes->touched[i], e);
	if (r < 0)
		return r;
	changes->many = false;
	changes->n_touched = 0;
	return 0;
}

/**
 * answer - do what is due
 * @w: the watcher
 */
static void answer(struct watcher *w)
{
	struct error e = ERROR_INIT;
	int64_t now = pace_now();

	if (watch_rules_due(w) && now >= pace_next(&w->rules_pace))
		watch_answer_rules(w);
	if (cables_due(w) && now >= pace_next(&w->cables_pace)) {
		pace_take(&w->cables_pace, now);
		if (queue_fill(w, &e) < 0)
			watch_failed(w, "list the cables that have changed", &e);
	}
	if (!queue_is_empty(&w->queue) && now >= w->queue.after)
		watch_answer_cables(w);
}

/**
 * earlier - the earlier of two times
 * @a: one, or -1 for never
 * @b: the other
 */
static int64_t earlier(int64_t a, int64_t b)
{
	return a < 0 || b < a ? b : a;
}

/**
 * watch_wait - wait until something happens or is due
 * @w: the watcher
 * @pollers: what to wait for
 * @count: how many
 * @watchdog: when the manager wants to hear from us, or -1
 *
 * Returns 0 or -errno.
 */
static int watch_wait(const struct watcher *w, struct pollfd *pollers, nfds_t count,
		      int64_t watchdog)
{
	int64_t now = pace_now(), until = watchdog;
	struct timespec timeout;

	if (watch_rules_due(w))
		until = earlier(until, pace_next(&w->rules_pace));
	if (cables_due(w))
		until = earlier(until, pace_next(&w->cables_pace));
	if (!queue_is_empty(&w->queue))
		until = earlier(until, w->queue.after);
	if (until < now && until >= 0)
		until = now;
	timeout = (struct timespec){ .tv_sec = (until - now) / (1000 * PACE_MS),
				     .tv_nsec = (until - now) % (1000 * PACE_MS) };
	if (ppoll(pollers, count, until < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/**
 * watch_tell_manager - tell our manager that we are ready, or still alive
 * @w: the watcher
 * @watchdog: when it wants to hear from us next, or -1; moved on
 *
 * Ready is who has looked at everything once, even if not all could be put right.
 */
static void watch_tell_manager(struct watcher *w, int64_t *watchdog)
{
	int64_t interval = (int64_t)machine_watchdog() * 1000 / 3;
	int64_t now = pace_now();

	if (!w->ready && !cables_due(w) && queue_is_empty(&w->queue) && w->rules_pace.last) {
		log_notice("watching the networks of containers");
		machine_announce("READY=1");
		w->ready = true;
	}
	if (interval > 0 && now >= *watchdog) {
		machine_announce("WATCHDOG=1");
		*watchdog = now + interval;
	}
}

/**
 * watch_run - watch until we are told to stop
 * @w: set up
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int watch_run(struct watcher *w, struct error *e)
{
	struct pollfd pollers[] = {
		{ .fd = nat_watch_fd(w->rules_watch), .events = POLLIN },
		{ .fd = veth_watch_fd(w->links_watch), .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int64_t watchdog = machine_watchdog() ? 0 : -1;
	int r = 0;

	watch_everything(w);
	while (r == 0) {
		answer(w);
		watch_tell_manager(w, &watchdog);
		pollers[3].fd = w->keeper.pidfd;
		r = watch_wait(w, pollers, ARRAY_SIZE(pollers), watchdog);
		if (r < 0)
			return error_errno(e, -r, "cannot wait for events");
		if (pollers[0].revents)
			r = hear_rules(w, e);
		if (r == 0 && pollers[1].revents)
			r = hear_links(w, e);
		if (r == 0 && pollers[2].revents && !hear_signals(w))
			break;
		if (pollers[3].revents)
			hear_keeper(w);
	}
	machine_announce("STOPPING=1");
	return r;
}

/**
 * watch_lock - be the only one who watches
 * @w: its lock is set
 * @e: names the other one
 *
 * One that was just killed may have a child that has it until it has heard of that.
 *
 * Returns 0, -EEXIST (ERROR_CONFLICT), or another -errno.
 */
static int watch_lock(struct watcher *w, struct error *e)
{
	char path[PATH_MAX], holder[LOCK_HOLDER_MAX];
	int r = path_format(path, sizeof(path), e, "%s/watch.lock", w->paths->runtime);

	if (r == 0)
		r = directory_make(w->paths->runtime, 0755, e);
	if (r >= 0)
		r = lock_acquire_within(path, LOCK_EXCLUSIVE, SUCCESSION_SECONDS, &w->lock, e);
	if (r == -EACCES || r == -EPERM)
		return error_remedy(e, r, "run it as root (it takes write access to %s)",
				    w->paths->runtime);
	if (r != -EBUSY)
		return r;
	lock_holder(path, holder);
	return error_set(e, ERROR_CONFLICT, EEXIST, "the networks are watched already: by %s",
			 holder);
}

/**
 * watch_signals - have signals wait until they are asked for
 * @w: its signals are set
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int watch_signals(struct watcher *w, struct error *e)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &ours, NULL) < 0)
		return error_errno(e, errno, "cannot block signals");
	w->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? error_errno(e, errno, "cannot wait for signals") : 0;
}

/**
 * watch_end - stop watching
 * @w: what it has is released
 */
static void watch_end(struct watcher *w)
{
	nat_watch_close(w->rules_watch);
	veth_watch_close(w->links_watch);
	nat_close(w->nat);
	process_kill(&w->keeper);
	free(w->queue.names);
	fd_closep(&w->signals);
	fd_closep(&w->lock);
}

/**
 * network_watch - see what others change and put it back, until we are told to stop
 * @paths: borrowed
 * @e: filled on failure
 *
 * Returns 0, -EEXIST (ERROR_CONFLICT) when somebody watches already, or another -errno.
 */
int network_watch(const struct paths *paths, struct error *e)
{
	struct watcher w = { .paths = paths, .lock = -1, .signals = -1, .keeper = PROCESS_INIT };
	int r = watch_lock(&w, e);

	if (r == 0)
		r = watch_signals(&w, e);
	if (r == 0)
		r = rules_session_open(paths, &w.nat, e);
	if (r == 0)
		r = nat_watch_open(w.nat, &w.rules_watch, e);
	if (r == 0)
		r = veth_watch_open(&w.links_watch, e);
	if (r == 0)
		r = watch_run(&w, e);
	watch_end(&w);
	return r;
}
