/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/process.h"
#include "container/attach/mend.h"
#include "container/definitions/definitions.h"
#include "container/settings/settings.h"
#include "container/watch/pace.h"

/*
 * The watcher, in parts:
 *
 *	watcher.c  hears what happens, and decides what is due
 *	answer.c   looks, puts back, and says so
 *	links.c    says what became of external links
 *	pace.c     how often, and who is to blame
 */

/* Containers whose cables are to be looked at. */
struct queue {
	char (*names)[CONTAINER_NAME_MAX]; /* owned */
	size_t count, room;
	size_t next;   /* all before it have been */
	int64_t after; /* not before that */
};

/* What was last said of the way outside. */
struct outlook {
	bool known;   /* the rest is */
	bool routed;  /* there is a default route for "auto" to follow, or it follows none */
	uint32_t mtu; /* of the uplink; 0: there is none */
	size_t n_external;
	char external[NAT_EXTERNAL_MAX][IFNAMSIZ];
	bool there[NAT_EXTERNAL_MAX];
};

struct watcher {
	const struct paths *paths; /* borrowed */
	int lock;                  /* of the one watcher there is */
	int signals;
	struct nat *nat;       /* what is put back is put back in this session */
	struct process keeper; /* whom the tables belong to, if that is set */
	bool unownable_told;
	struct nat_watch *rules_watch;
	struct veth_watch *links_watch;
	struct nat_changes rules; /* not answered yet */
	struct veth_changes links;
	bool every_port; /* each published port is to be looked for */
	int64_t rules_since, links_since;
	struct pace rules_pace, cables_pace;
	bool spec_known;
	struct nat_spec spec; /* what the table was when it was last put right */
	struct quarrel quarrel;
	struct queue queue;
	struct outlook outlook;
	bool ready;
	char failure[256]; /* the last one told */
	int64_t failure_told;
};

bool watch_rules_due(const struct watcher *w);
void watch_answer_rules(struct watcher *w);
void watch_answer_cables(struct watcher *w);
int queue_add(struct queue *queue, const char *name, struct error *e);
bool queue_is_empty(const struct queue *queue);
void watch_failed(struct watcher *w, const char *what, const struct error *e);

/* Says what has changed about the way outside, and queues the cables that have to follow. */
int outlook_follow(struct watcher *w, struct network *network, struct error *e);
