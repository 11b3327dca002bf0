/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "declare/declare.h"

/*
 * Theory of operation
 *
 * All systems are built before anything of any container is changed. What was built is held by a link
 * in /run until it is in a profile, so that no collection of garbage takes it away in between. Then
 * each container is looked at, and what is planned for it is done, one after the other: first those
 * that are removed, for they may have what another is to get; then those that have what another waits for
 * give it up.
 */

/**
 * link_path - where the link to what was built for a container is
 * @application: borrowed
 * @name: of the container
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int link_path(const struct application *application, const char *name, char path[PATH_MAX],
		     struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/apply/%s", application->paths->runtime, name);
}

/**
 * mentioned_path - where the link to what its options mention is; no container's name begins so
 * @application: borrowed
 * @name: of the container
 * @path: filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int mentioned_path(const struct application *application, const char *name,
			  char path[PATH_MAX], struct error *e)
{
	return path_format(path, PATH_MAX, e, "%s/apply/.%s", application->paths->runtime, name);
}

/**
 * entry_build - build the system of a container, and what its options mention
 * @application: borrowed
 * @entry: its container is set
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int entry_build(const struct application *application, struct application_entry *entry,
		       struct error *e)
{
	const struct declared *declared = entry->declared;
	char link[PATH_MAX];
	int r = link_path(application, declared->name, link, e);

	memcpy(entry->plan.name, declared->name, sizeof(entry->plan.name));
	if (r == 0)
		r = declared_build(application->declarations.source, declared, link,
				   entry->plan.toplevel, e);
	if (r == 0)
		r = mentioned_path(application, declared->name, link, e);
	if (r == 0)
		r = declared_build_mentioned(application->declarations.source, declared, link, e);
	return r < 0 ? r : 0;
}

/**
 * entry_plan - plan what is done about a container
 * @application: borrowed
 * @entry: its system is built; its plan is filled
 * @care: whether its addresses are judged
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int entry_plan(const struct application *application, struct application_entry *entry,
		      enum address_care care, struct error *e)
{
	char toplevel[PATH_MAX];
	const struct declarations *declarations = &application->declarations;
	int r;

	memcpy(toplevel, entry->plan.toplevel, sizeof(toplevel));
	r = declared_plan_make(application->paths, declarations->source, entry->declared, toplevel,
			       care, &entry->plan, e);
	return r < 0 ? r
		     : declared_settle(application->paths, declarations->source, entry->declared,
				       declarations->list, declarations->count, &entry->plan, e);
}

/**
 * entries_begin - have an entry for each container, those that are removed first
 * @application: its declarations are read
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int entries_begin(struct application *application, struct error *e)
{
	const struct declarations *declarations = &application->declarations;
	_cleanup_(freep) struct declared_plan *absent = NULL;
	size_t n_absent = 0;
	int r = declared_plan_absent(application->paths, declarations->source, declarations->list,
				     declarations->count, &absent, &n_absent, e);

	if (r < 0)
		return r;
	application->entries =
		calloc(n_absent + declarations->count + 1, sizeof(*application->entries));
	if (!application->entries)
		return error_errno(e, ENOMEM, "cannot plan for %zu containers",
				   declarations->count);
	for (size_t i = 0; i < n_absent; i++)
		application->entries[application->count++].plan = absent[i];
	for (size_t i = 0; i < declarations->count; i++)
		application->entries[application->count++].declared = &declarations->list[i];
	return 0;
}

/**
 * application_prepare - read a file, build what it declares, and plan
 * @paths: borrowed, also by @ret_application
 * @file: as typed, borrowed
 * @care: whether addresses are judged
 * @ret_application: ended by the caller with application_deinit()
 * @e: filled when nothing can be done at all
 *
 * Returns 0 or -errno.
 */
int application_prepare(const struct paths *paths, const char *file, enum address_care care,
			struct application *ret_application, struct error *e)
{
	_cleanup_(application_deinit) struct application application = { .paths = paths };
	char links[PATH_MAX];
	int r = declarations_read(file, &application.declarations, e);

	if (r == 0)
		r = declared_check_links(paths, application.declarations.list,
					 application.declarations.count, e);
	if (r == 0)
		r = entries_begin(&application, e);
	if (r == 0)
		r = link_path(&application, "", links, e);
	if (r == 0)
		r = directory_make(paths->runtime, 0755, e);
	if (r >= 0)
		r = directory_make(links, 0700, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < application.count; i++) {
		struct application_entry *entry = &application.entries[i];

		if (entry->declared)
			entry->r = entry_build(&application, entry, &entry->e);
		if (entry->r == -EINTR)
			return error_wrap(e, -EINTR, "%s", entry->e.text);
	}
	for (size_t i = 0; i < application.count; i++) {
		struct application_entry *entry = &application.entries[i];

		if (entry->declared && entry->r >= 0)
			entry->r = entry_plan(&application, entry, care, &entry->e);
	}
	*ret_application = application;
	application = (struct application){ .count = 0 };
	return 0;
}

/**
 * entry_act - do what is planned for a container, which is kept what it needs meanwhile and afterwards
 * @application: borrowed
 * @entry: changed
 *
 * Returns 1, 0 when there was nothing to do, or -errno with the entry's error filled.
 */
static int entry_act(const struct application *application, struct application_entry *entry)
{
	const struct declared *declared = entry->declared;
	char link[PATH_MAX];
	int changed, r = 0;

	if (declared)
		r = mentioned_path(application, declared->name, link, &entry->e);
	if (declared && r == 0)
		r = declared_keep(application->paths, declared, link, &entry->e);
	if (r < 0)
		return r;
	changed = declared_change(application->paths, application->declarations.source, declared,
				  &entry->plan, &entry->e);
	if (declared && changed >= 0)
		r = declared_kept(application->paths, declared, &entry->e);
	return r < 0 ? r : changed;
}

enum turn {
	FIRST_TURN,
	SECOND_TURN,
};

/**
 * act_once - do what is planned for those of one turn
 * @application: changed
 * @turn: the second is for those that another container was in the way of
 * @tell: as for application_act()
 *
 * Returns how many were changed.
 */
static size_t act_once(struct application *application, enum turn turn,
		       void (*tell)(const struct application_entry *entry))
{
	size_t changed = 0;

	for (size_t i = 0; i < application->count; i++) {
		struct application_entry *entry = &application->entries[i];

		if (turn == FIRST_TURN ? entry->r < 0
				       : entry->r >= 0 || !entry->plan.step ||
						 entry->e.class != ERROR_CONFLICT)
			continue;
		if (tell && entry->plan.step != STEP_LEAVE)
			tell(entry);
		entry->e = ERROR_INIT;
		entry->r = entry_act(application, entry);
		changed += entry->r > 0;
	}
	return changed;
}

/**
 * release - have those give up what others wait for who have it
 * @application: changed
 */
static void release(struct application *application)
{
	const struct declarations *declarations = &application->declarations;

	for (size_t i = 0; i < application->count; i++) {
		struct application_entry *entry = &application->entries[i];

		if (entry->r < 0 || !entry->declared)
			continue;
		entry->r = declared_release(application->paths, declarations->source,
					    entry->declared, declarations->list,
					    declarations->count, &entry->plan, &entry->e);
	}
}

/**
 * application_act - do what is planned
 * @application: changed: each entry says how it went
 * @tell: called before each step; NULL: nobody is told
 *
 * What one container gives up another may be waiting for, so those get a second turn.
 */
void application_act(struct application *application,
		     void (*tell)(const struct application_entry *entry))
{
	release(application);
	if (act_once(application, FIRST_TURN, tell) > 0)
		act_once(application, SECOND_TURN, tell);
}

/**
 * application_deinit - free what was prepared, and let go of what was built
 * @application: empty afterwards
 */
void application_deinit(struct application *application)
{
	char link[PATH_MAX];

	for (size_t i = 0; i < application->count; i++) {
		const struct declared *declared = application->entries[i].declared;

		/* One that stays is replaced by the next run. */
		if (declared && link_path(application, declared->name, link, NULL) == 0)
			(void)unlink(link);
		if (declared && mentioned_path(application, declared->name, link, NULL) == 0)
			(void)unlink(link);
	}
	free(application->entries);
	application->entries = NULL;
	application->count = 0;
	declarations_deinit(&application->declarations);
}
