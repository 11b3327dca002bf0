/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggestion.h"
#include "declare/option.h"

/**
 * option_find - the option that a command names
 * @name: that of NixOS, or the key of a definition; borrowed
 * @e: suggests another one
 *
 * Returns it, or NULL when there is none that a command can set.
 */
static const struct declare_option *option_find(const char *name, struct error *e)
{
	struct suggestion suggestion;
	int r;

	suggestion_init(&suggestion, name);
	for (size_t i = 0; i < n_declare_options; i++) {
		const struct declare_option *option = &declare_options[i];

		if (!option->set)
			continue;
		if (strcmp(option->name, name) == 0 || strcmp(option->key, name) == 0)
			return option;
		suggestion_try(&suggestion, option->name);
		suggestion_try(&suggestion, option->key);
	}
	r = error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is nothing that can be set", name);
	if (suggestion.best)
		error_remedy(e, r, "write %s", suggestion.best);
	return NULL;
}

/**
 * declared_setting_name - the name of an option that a command can set
 * @index: from 0
 *
 * Returns it, or NULL behind the last.
 */
const char *declared_setting_name(size_t index)
{
	for (size_t i = 0; i < n_declare_options; i++)
		if (declare_options[i].set && index-- == 0)
			return declare_options[i].name;
	return NULL;
}

/**
 * declared_setting - read OPTION=VALUE as a command has it
 * @text: as typed, borrowed
 * @assignments: KEY and VALUE are put at its end; an empty value takes the key away
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int declared_setting(const char *text, struct words *assignments, struct error *e)
{
	_cleanup_(freep) char *name = NULL;
	_cleanup_(freep) char *value = NULL;
	const char *equals = strchr(text, '=');
	const struct declare_option *option;
	int r;

	if (!equals || equals == text)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is not OPTION=VALUE", text);
	name = strndup(text, (size_t)(equals - text));
	if (!name)
		return error_errno(e, ENOMEM, "cannot read settings");
	option = option_find(name, e);
	if (!option)
		return -EINVAL;
	r = option->set(option, equals + 1, &value, e);
	if (r == 0)
		r = words_add(assignments, e, "%s", option->key);
	return r < 0 ? r : words_add(assignments, e, "%s", value);
}
