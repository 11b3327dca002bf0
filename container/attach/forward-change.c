/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/netns.h"
#include "container/addresses/port-holders.h"
#include "container/addresses/port-index.h"
#include "container/attach/attach.h"
#include "container/attach/forwards.h"
#include "container/attach/pins.h"
#include "container/definitions/definition.h"
#include "container/settings/locks.h"

/*
 * Theory of operation
 *
 * What a container publishes is changed in its definition, and then in the kernel if it is attached:
 * what "net up" would do for its ports, and nothing of what it does for its cable. All of it is done
 * under the lock of the definitions. When the kernel's part is refused, the definition is put back.
 * Whoever is killed in between leaves a definition that the same command, or the next "net up", makes
 * so.
 */

enum change {
	CHANGE_ADD,
	CHANGE_REMOVE,
};

/* A definition that is being changed. */
struct edit {
	const struct paths *paths;
	const char *name;
	struct environment_file file;
	struct definition definition;
	struct ports ports; /* those of HOST_PORT */
	struct ports were;  /* all of them, before the change */
	char *before;       /* the text of the file, as it was; owned */
	size_t length;      /* of that */
};

/**
 * edit_deinit - free what an edit holds, for _cleanup_()
 * @edit: not usable afterwards
 */
static void edit_deinit(struct edit *edit)
{
	environment_deinit(&edit->file);
	free(edit->before);
}

/**
 * refuse_unfit - refuse a container whose ports are not ours to publish
 * @edit: read
 * @e: says what to do instead
 *
 * Returns 0 or -errno.
 */
static int refuse_unfit(const struct edit *edit, struct error *e)
{
	int r;

	if (edit->definition.declarative) {
		r = error_set(e, ERROR_FAILED, EROFS,
			      "it is declarative: %s/%s" DEFINITION_SUFFIX
			      " comes from a configuration",
			      edit->paths->definitions, edit->name);
		return error_remedy(e, r,
				    "set containers.%s.forwardPorts in the configuration of the "
				    "host",
				    edit->name);
	}
	if (!edit->definition.private_network) {
		r = error_set(e, ERROR_FAILED, EINVAL,
			      "it shares the network of the host: its ports are the host's");
		return error_remedy(e, r, "give it a network of its own (PRIVATE_NETWORK=1)");
	}
	return definition_check_complete(&edit->definition, e);
}

/**
 * edit_begin - read a definition that is to be changed
 * @edit: its paths and name are set; the definitions are locked
 * @e: says what is in the way
 *
 * Returns 0 or -errno.
 */
static int edit_begin(struct edit *edit, struct error *e)
{
	const char *ports;
	int r = definition_load(edit->paths, edit->name, &edit->file, e);

	if (r == 0)
		return name_unknown(edit->paths, edit->name, e);
	if (r > 0)
		r = definition_parse(edit->paths, edit->name, &edit->file, &edit->definition, e);
	if (r == 0)
		r = refuse_unfit(edit, e);
	if (r == 0)
		r = environment_format(&edit->file, &edit->before, &edit->length, e);
	if (r < 0)
		return r;
	edit->were = edit->definition.ports;
	ports = environment_get(&edit->file, "HOST_PORT");
	return ports ? ports_parse(&edit->ports, ports, e) : 0;
}

/**
 * change_word - add or remove what one word says
 * @ports: changed
 * @change: which
 * @word: borrowed
 * @e: names the word and what is wrong with it
 *
 * Returns 1, 0 when it is so, or -errno.
 */
static int change_word(struct ports *ports, enum change change, const char *word, struct error *e)
{
	enum port_form form;
	struct port port;
	int r = port_parse(word, &port, &form, e);

	if (r < 0)
		return r;
	return change == CHANGE_ADD ? ports_add(ports, &port, e)
				    : ports_remove(ports, &port, form, e);
}

/**
 * change_words - add or remove what some words say
 * @ports: changed
 * @change: which
 * @specs: words with commas, borrowed
 * @count: how many
 * @e: names the word and what is wrong with it
 *
 * Returns 1, 0 when all is so, or -errno.
 */
static int change_words(struct ports *ports, enum change change, const char *const *specs,
			size_t count, struct error *e)
{
	bool changed = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		_cleanup_(freep) char *copy = strdup(specs[i]);
		char *rest = copy;

		if (!copy)
			return error_errno(e, ENOMEM, "cannot read ports");
		while (r >= 0 && rest) {
			r = change_word(ports, change, strsep(&rest, ","), e);
			changed |= r > 0;
		}
	}
	return r < 0 ? r : changed;
}

/**
 * edit_check - refuse ports that the container cannot have
 * @edit: with its new ports
 * @e: names the port and what is in the way
 *
 * Returns 0 or -errno.
 */
static int edit_check(const struct edit *edit, struct error *e)
{
	int r = ports_check_families(&edit->ports, addr_is_set(&edit->definition.v4.local.addr),
				     addr_is_set(&edit->definition.v6.local.addr), e);

	return r < 0 ? r : ports_check_others(edit->paths, edit->name, &edit->ports, e);
}

/**
 * text_write - replace the text of a definition
 * @edit: borrowed
 * @text, @length: the new one, borrowed
 * @ports: that it asks for, borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int text_write(const struct edit *edit, const char *text, size_t length,
		      const struct ports *ports, struct error *e)
{
	struct remembered before = definitions_remembered(edit->paths);
	char path[PATH_MAX];
	int r = definition_path(edit->paths, edit->name, path, e);

	if (r == 0)
		r = file_replace(path, text, length, 0644, e);
	if (r >= 0)
		definitions_remember(edit->paths, before, edit->name, ports);
	return r < 0 ? r : 0;
}

/**
 * edit_write - write the new ports into the definition
 * @edit: its file and definition are changed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
static int edit_write(struct edit *edit, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	char ports[PORTS_TEXT];
	size_t length = 0;
	int r = environment_set(&edit->file, "HOST_PORT", ports_format(&edit->ports, ports), e);

	if (r >= 0)
		r = definition_parse(edit->paths, edit->name, &edit->file, &edit->definition, e);
	if (r == 0)
		r = environment_format(&edit->file, &text, &length, e);
	return r < 0 ? r : text_write(edit, text, length, &edit->definition.ports, e);
}

/**
 * apply_attached - have published what the definition says, if the container is attached
 * @edit: borrowed
 * @e: names the port and its holder
 *
 * Returns 1 when it is attached, 0 when it is not, or -errno.
 */
static int apply_attached(const struct edit *edit, struct error *e)
{
	_cleanup_(network_closep) struct network *network = NULL;
	_cleanup_(network_unlock) struct network_lock lock = NETWORK_LOCK_INIT;
	_cleanup_(fd_closep) int ns = -1;
	char path[PATH_MAX];
	struct veth_spec spec;
	int r = network_open(edit->paths, &network, e);

	if (r == 0)
		r = rules_lock(edit->paths, LOCK_SHARED, &network->rules_fd, e);
	if (r == 0)
		r = network_lock(edit->paths, edit->name, &lock, e);
	if (r == 0)
		r = paths_namespace(edit->paths, edit->name, path, e);
	if (r == 0)
		r = netns_open(path, &ns, e);
	if (r == 0)
		network_lock_remove(&lock);
	if (r <= 0)
		return r;
	network->host.ports_only = !pins_wanted(&edit->definition);
	r = host_look(&network->host, e);
	if (r == 0)
		r = host_identify(&network->host, &edit->definition, &spec, e);
	if (r == 0 && pins_wanted(&edit->definition))
		r = pins_ensure(network, &edit->definition, &spec, e);
	network->host.ports_only = true;
	if (r >= 0)
		r = forwards_ensure(network, &edit->definition, &spec, e);
	return r < 0 ? r : 1;
}

/**
 * ports_change - change what a container publishes
 * @edit: its paths and name are set; the definitions are locked
 * @change: how
 * @specs, @count: what, borrowed
 * @ret_live: whether the container is attached, and publishes them now
 * @e: filled on failure
 *
 * Returns 1, 0 when all is so, or -errno with all as it was.
 */
static int ports_change(struct edit *edit, enum change change, const char *const *specs,
			size_t count, bool *ret_live, struct error *e)
{
	int changed, live, r = edit_begin(edit, e);

	if (r < 0)
		return r;
	changed = change_words(&edit->ports, change, specs, count, e);
	if (changed > 0 && change == CHANGE_ADD)
		r = edit_check(edit, e);
	if (changed > 0 && r == 0)
		r = edit_write(edit, e);
	if (changed < 0 || r < 0)
		return changed < 0 ? changed : r;
	live = apply_attached(edit, e);
	if (live < 0 && changed > 0)
		text_write(edit, edit->before, edit->length, &edit->were, NULL); /* *e says more */
	if (live < 0)
		return live;
	if (changed > 0 && !live && change == CHANGE_ADD)
		ports_warn(edit->name, &edit->ports);
	*ret_live = live;
	return changed;
}

/**
 * change_locked - ports_change() under the lock of the definitions
 * @paths: borrowed
 * @name: of the container, borrowed
 * @change, @specs, @count, @ret_live, @e: as there
 *
 * Returns as ports_change().
 */
static int change_locked(const struct paths *paths, const char *name, enum change change,
			 const char *const *specs, size_t count, bool *ret_live, struct error *e)
{
	_cleanup_(edit_deinit) struct edit edit = { .paths = paths, .name = name };
	_cleanup_(fd_closep) int lock = -1;
	int r = name_check(name, e);

	if (r == 0)
		r = definitions_lock(paths, &lock, e);
	if (r == 0)
		r = ports_change(&edit, change, specs, count, ret_live, e);
	return r < 0 ? error_wrap(e, r, "ports of container '%s'", name) : r;
}

/**
 * container_forward_add - publish ports of the host that lead to a container
 * @paths: borrowed
 * @name: of the container, checked here, borrowed
 * @specs: what to publish, borrowed
 * @count: how many
 * @ret_live: whether the container is attached, and publishes them now
 * @e: names the port, and its holder
 *
 * Returns 1, 0 when all were published, or -errno.
 */
int container_forward_add(const struct paths *paths, const char *name, const char *const *specs,
			  size_t count, bool *ret_live, struct error *e)
{
	return change_locked(paths, name, CHANGE_ADD, specs, count, ret_live, e);
}

/**
 * container_forward_remove - withdraw ports of the host from a container
 * @paths, @name, @specs, @count, @ret_live, @e: as for container_forward_add()
 *
 * Without the port inside, a port of the host is enough. Of ports published as a range the others stay.
 *
 * Returns 1, 0 when none of them was published, or -errno.
 */
int container_forward_remove(const struct paths *paths, const char *name, const char *const *specs,
			     size_t count, bool *ret_live, struct error *e)
{
	return change_locked(paths, name, CHANGE_REMOVE, specs, count, ret_live, e);
}
