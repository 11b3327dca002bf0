/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/option.h"
#include "cli/session.h"

struct listing;
struct invocation;

/* What a person wants to do; the headings of --help, in this order. */
enum verb_group {
	GROUP_CONTAINERS,
	GROUP_RUNNING,
	GROUP_LOOKING,
	GROUP_DECLARING,
	GROUP_NETWORKS,
	GROUP_OUTSIDE,
	GROUP_CARE,
	GROUP_ADDRESSES,
	GROUP_POOLS,
	GROUP_BOOK,
	GROUP_UNITS,
	GROUP_HELP,
	GROUP_HIDDEN, /* for programs; not in --help */
};

#define VERB_GROUPS   GROUP_HIDDEN
#define ARGUMENTS_ANY UINT_MAX

/* One command. Dispatch, --help, "did you mean", completions and the lint tests read these rows. */
struct verb {
	const char *noun; /* the word before it, or two, or NULL */
	const char *name;
	const char *elsewhere; /* what other programs call it: "ls ps", or NULL */
	const char *arguments; /* as --help shows them, or "" */
	const char *summary;   /* lower case, no full stop, fits the line */
	enum verb_group group;
	unsigned min, max;                  /* number of arguments */
	bool wraps_command;                 /* the arguments end in somebody else's command line */
	bool explains;                      /* the arguments are one of these commands */
	const char *(*choices)(size_t i);   /* what OPTION in the arguments may be, then NULL */
	const struct option_table *options; /* its own, or NULL */
	const struct option_table *shared;  /* those it has in common with others, or NULL */
	const struct listing *listing;      /* the columns its -o chooses from, or NULL */
	const struct listing *also;         /* what it shows without -o besides, or NULL */
	/* Returns the exit status, or -errno with *e filled. */
	int (*run)(const struct invocation *in, struct error *e);
};

/* One call of a verb. */
struct invocation {
	const struct session *session;
	const struct verb *verb;
	const void *options; /* the struct its option table fills */
	const void *shared;  /* the same for those it shares */
	char **arguments;
	size_t n_arguments;
};

extern const struct verb verbs[];
extern const size_t n_verbs;

const char *verb_group_title(enum verb_group group);
bool verb_has_noun(const struct verb *verb, const char *noun);
const struct verb *verb_find(const char *noun, const char *name);
bool verb_is_noun(const char *word);
const char *verb_noun_next(const char *noun, const char *word);
int verb_unknown(const char *noun, const char *word, struct error *e);
int verb_usage_error(const struct verb *verb, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int verb_usage_remedy(const struct verb *verb, struct error *e, int r);
const char *verb_title(const struct verb *verb, char *buffer, size_t size);

/* The handlers, one file each: cli/verb-*.c. */
int verb_create(const struct invocation *in, struct error *e);
int verb_destroy(const struct invocation *in, struct error *e);
int verb_update(const struct invocation *in, struct error *e);
int verb_apply(const struct invocation *in, struct error *e);
int verb_set(const struct invocation *in, struct error *e);
int verb_list(const struct invocation *in, struct error *e);
int verb_start(const struct invocation *in, struct error *e);
int verb_stop(const struct invocation *in, struct error *e);
int verb_restart(const struct invocation *in, struct error *e);
int verb_terminate(const struct invocation *in, struct error *e);
int verb_login(const struct invocation *in, struct error *e);
int verb_root_login(const struct invocation *in, struct error *e);
int verb_run(const struct invocation *in, struct error *e);
int verb_show_host_key(const struct invocation *in, struct error *e);
int verb_status(const struct invocation *in, struct error *e);
int verb_show_ip(const struct invocation *in, struct error *e);
int verb_net_up(const struct invocation *in, struct error *e);
int verb_net_down(const struct invocation *in, struct error *e);
int verb_net_show(const struct invocation *in, struct error *e);
int verb_net_graph(const struct invocation *in, struct error *e);
int verb_net_exec(const struct invocation *in, struct error *e);
int verb_net_link(const struct invocation *in, struct error *e);
int verb_net_unlink(const struct invocation *in, struct error *e);
int verb_nat_isolate(const struct invocation *in, struct error *e);
int verb_nat_enable(const struct invocation *in, struct error *e);
int verb_nat_disable(const struct invocation *in, struct error *e);
int verb_nat_apply(const struct invocation *in, struct error *e);
int verb_migrate(const struct invocation *in, struct error *e);
int verb_metrics(const struct invocation *in, struct error *e);
int verb_watch(const struct invocation *in, struct error *e);
int verb_nat_show(const struct invocation *in, struct error *e);
int verb_nat_forward_add(const struct invocation *in, struct error *e);
int verb_nat_forward_remove(const struct invocation *in, struct error *e);
int verb_nat_forward_list(const struct invocation *in, struct error *e);
int verb_nat_check(const struct invocation *in, struct error *e);
int verb_nat_coexist(const struct invocation *in, struct error *e);
int verb_ipam_conflicts(const struct invocation *in, struct error *e);
int verb_ipam_check(const struct invocation *in, struct error *e);
int verb_ipam_repair(const struct invocation *in, struct error *e);
int verb_ipam_rebuild(const struct invocation *in, struct error *e);
int verb_ipam_list(const struct invocation *in, struct error *e);
int verb_ipam_show(const struct invocation *in, struct error *e);
int verb_ipam_describe(const struct invocation *in, struct error *e);
int verb_ipam_history(const struct invocation *in, struct error *e);
int verb_ipam_pool_add(const struct invocation *in, struct error *e);
int verb_ipam_pool_list(const struct invocation *in, struct error *e);
int verb_ipam_pool_show(const struct invocation *in, struct error *e);
int verb_ipam_pool_resize(const struct invocation *in, struct error *e);
int verb_ipam_pool_drain(const struct invocation *in, struct error *e);
int verb_ipam_pool_remove(const struct invocation *in, struct error *e);
int verb_ipam_reserve(const struct invocation *in, struct error *e);
int verb_ipam_release(const struct invocation *in, struct error *e);
int verb_ipam_export(const struct invocation *in, struct error *e);
int verb_ipam_import(const struct invocation *in, struct error *e);
int verb_ipam_backup(const struct invocation *in, struct error *e);
int verb_ipam_restore(const struct invocation *in, struct error *e);
int verb_hook_pre_start(const struct invocation *in, struct error *e);
int verb_hook_start(const struct invocation *in, struct error *e);
int verb_hook_supervise(const struct invocation *in, struct error *e);
int verb_hook_post_start(const struct invocation *in, struct error *e);
int verb_hook_reload(const struct invocation *in, struct error *e);
int verb_hook_post_stop(const struct invocation *in, struct error *e);
int verb_hook_resolver(const struct invocation *in, struct error *e);
int verb_hook_dhcpcd(const struct invocation *in, struct error *e);
int verb_hook_names(const struct invocation *in, struct error *e);
int verb_help(const struct invocation *in, struct error *e);
int verb_complete(const struct invocation *in, struct error *e);

/* Their options, beside them. */
extern const struct option_table create_options;
extern const struct option_table destroy_options;
extern const struct option_table system_options;
extern const struct option_table apply_options;
extern const struct option_table set_options;
extern const struct option_table list_options;
extern const struct option_table show_ip_options;
extern const struct option_table each_options;
extern const struct option_table net_show_options;
extern const struct option_table net_graph_options;
extern const struct option_table nat_enable_options;
extern const struct option_table forward_list_options;
extern const struct option_table nat_coexist_options;
extern const struct option_table metrics_options;
extern const struct option_table ipam_conflicts_options;
extern const struct option_table ipam_check_options;
extern const struct option_table ipam_repair_options;
extern const struct option_table ipam_rebuild_options;
extern const struct option_table ipam_list_options;
extern const struct option_table ipam_history_options;
extern const struct option_table ipam_pool_add_options;
extern const struct option_table ipam_pool_list_options;
extern const struct option_table ipam_pool_resize_options;
extern const struct option_table ipam_pool_drain_options;
extern const struct option_table ipam_reserve_options;
extern const struct option_table ipam_release_options;
extern const struct option_table ipam_export_options;
extern const struct option_table ipam_import_options;
extern const struct option_table ipam_backup_options;
extern const struct option_table ipam_restore_options;
extern const struct option_table migrate_options;
