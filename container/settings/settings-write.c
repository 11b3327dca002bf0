/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/settings/settings.h"

#define SETTINGS_DROP_IN "conf.d/50-nat.conf"

/**
 * settings_format_lists - write the lists of the drop-in
 * @settings: borrowed
 * @file: written to
 *
 * An empty one as well: it replaces what earlier files said.
 */
static void settings_format_lists(const struct settings *settings, FILE *file)
{
	const struct nat_spec *wanted = &settings->wanted;
	const struct addr *const addresses[] = { &wanted->address4, &wanted->address6 };
	char text[PREFIX_TEXT];

	if (settings->external_auto)
		fprintf(file, "external = auto\n");
	for (size_t i = 0; i < wanted->n_external; i++)
		fprintf(file, "external = %s\n", wanted->external[i]);
	for (size_t i = 0; i < wanted->n_internal; i++)
		fprintf(file, "internal = %s\n", prefix_format(&wanted->internal[i], text));
	if (wanted->n_internal == 0)
		fprintf(file, "internal =\n");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		fprintf(file, "source%s = %s\n", i ? "6" : "",
			addr_is_set(addresses[i]) ? addr_format(addresses[i], text) : "");
}

/**
 * settings_format_nat - the drop-in that says what @settings says
 * @settings: borrowed
 * @ret_text: the text; the caller frees it
 * @ret_length: its length
 *
 * Returns 0 or -ENOMEM.
 */
static int settings_format_nat(const struct settings *settings, char **ret_text, size_t *ret_length)
{
	FILE *file = open_memstream(ret_text, ret_length);

	if (!file)
		return -ENOMEM;
	fprintf(file,
		"# Written by \"nixctr-net nat enable\", \"disable\" and \"isolate\".\n"
		"[nat]\nenable = %s\n",
		settings->nat ? "yes" : "no");
	settings_format_lists(settings, file);
	if (settings->open)
		fprintf(file, "isolate = no\n");
	if (fclose(file) != 0) {
		free(*ret_text);
		return -ENOMEM;
	}
	return 0;
}

/**
 * settings_verify_nat - whether the settings read back are those just written
 * @paths: borrowed
 * @wanted: borrowed
 * @e: says that another file overrides them
 *
 * Returns 0 or -errno.
 */
static int settings_verify_nat(const struct paths *paths, const struct settings *wanted,
			       struct error *e)
{
	struct settings now;
	int r = settings_read(paths, &now, e);

	if (r < 0 || settings_equal(&now, wanted))
		return r;
	r = error_set(e, ERROR_CONFLICT, EEXIST,
		      "a file in %s/conf.d that sorts behind 50-nat.conf sets [nat] otherwise",
		      paths->settings);
	return error_remedy(e, r, "change or remove that file");
}

/**
 * drop_in_exchange - put new text in the place of our drop-in, unless another file overrides it
 * @paths: borrowed
 * @path: of the drop-in, borrowed
 * @settings: what the text says, borrowed
 * @e: names the file
 *
 * What was there before is put back when the new text would not count.
 *
 * Returns 0 or -errno.
 */
static int drop_in_exchange(const struct paths *paths, const char *path,
			    const struct settings *settings, struct error *e)
{
	_cleanup_(freep) char *old = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t old_length, length;
	int r;

	r = file_read(path, SETTINGS_SIZE_MAX, &old, &old_length, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (settings_format_nat(settings, &text, &length) < 0)
		return error_errno(e, ENOMEM, "cannot write %s", path);
	r = file_replace(path, text, length, 0644, e);
	if (r < 0)
		return r;
	r = settings_verify_nat(paths, settings, e);
	if (r < 0 && old)
		file_replace(path, old, old_length, 0644, NULL);
	else if (r < 0)
		file_remove(path, NULL);
	return r;
}

/**
 * settings_write_nat - make what @settings says about NAT permanent
 * @paths: borrowed
 * @settings: borrowed
 * @e: names the file; where /etc is read-only, the NixOS option to set instead
 *
 * Returns 0 or -errno.
 */
int settings_write_nat(const struct paths *paths, const struct settings *settings, struct error *e)
{
	char path[PATH_MAX];
	int r;

	r = path_format(path, sizeof(path), e, "%s/conf.d", paths->settings);
	if (r == 0)
		r = directory_make(path, 0755, e);
	if (r >= 0)
		r = path_format(path, sizeof(path), e, "%s/" SETTINGS_DROP_IN, paths->settings);
	if (r >= 0)
		r = drop_in_exchange(paths, path, settings, e);
	if (r == -EROFS)
		return error_remedy(e, r, "set services.nixctr-net.nat in the NixOS configuration");
	if (r == -EACCES || r == -EPERM)
		return error_remedy(e, r, "run it as root (it takes CAP_DAC_OVERRIDE to write %s)",
				    paths->settings);
	return r < 0 ? r : 0;
}
