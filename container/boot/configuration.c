/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/boot/configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/definitions/definitions.h"

/*
 * The text is nixos-container's. What is new is written to a file beside the one there was, and takes
 * its place only when it could be built; see configuration-view.c for what is built.
 */

/**
 * string_escape - write a text so that it stands for itself between the quotes of a Nix string
 * @text: borrowed
 * @to: room for twice its length and a NUL
 *
 * A backslash before a character without a meaning of its own is dropped by Nix (manual, "String").
 */
static void string_escape(const char *text, char *to)
{
	static const char *const plain = "\"\\$\n\r\t";
	static const char *const letter = "\"\\$nrt";

	for (; *text; text++) {
		const char *special = strchr(plain, *text);

		if (special)
			*to++ = '\\';
		*to++ = special ? letter[special - plain] : *text;
	}
	*to = '\0';
}

/**
 * import_format - the line that imports a file of the host
 * @path: as typed, borrowed
 * @ret_text: the line; the caller frees it
 * @e: names the file
 *
 * A path with blanks can only be written as a text that is added to the path "/".
 *
 * Returns 0 or -errno.
 */
static int import_format(const char *path, char **ret_text, struct error *e)
{
	_cleanup_(freep) char *absolute = realpath(path, NULL);
	_cleanup_(freep) char *escaped = NULL;

	if (!absolute) {
		int r = error_errno(e, errno, "configuration file '%s'", path);

		return error_classify(e, r, ERROR_USAGE);
	}
	escaped = malloc(strlen(absolute) * 2 + 1);
	if (!escaped)
		return error_errno(e, ENOMEM, "configuration file '%s'", path);
	string_escape(absolute, escaped);
	if (asprintf(ret_text, "imports = [ (/. + \"%s\") ];", escaped) < 0)
		return error_errno(e, ENOMEM, "configuration file '%s'", path);
	return 0;
}

/**
 * configuration_text - the configuration of a container
 * @name: of the container
 * @request: what it is to have beside the usual; its text is put in as it is
 * @ret_text: the caller frees it
 * @e: names the file it imports
 *
 * A dot can stand in a container's name and not in a host's.
 *
 * Returns 0 or -errno.
 */
int configuration_text(const char *name, const struct system_request *request, char **ret_text,
		       struct error *e)
{
	_cleanup_(freep) char *import = NULL;
	char host[CONTAINER_NAME_MAX];
	int r = path_format(host, sizeof(host), e, "%s", name);

	if (r == 0 && request->config_file)
		r = import_format(request->config_file, &import, e);
	if (r < 0)
		return r;
	for (char *dot = strchr(host, '.'); dot; dot = strchr(dot, '.'))
		*dot = '-';
	if (asprintf(ret_text,
		     "{ config, lib, pkgs, options ? { }, ... }:\n\n"
		     "{ boot.isContainer = true;\n"
		     "  " BOOT_NSPAWN "\n"
		     "  networking.hostName = lib.mkDefault \"%s\";\n"
		     "  networking.useDHCP = false;\n"
		     "  %s\n"
		     "}\n",
		     host,
		     import            ? import
		     : request->config ? request->config
				       : "") < 0)
		return error_errno(e, ENOMEM, "cannot write a configuration");
	return 0;
}

/**
 * configuration_write - write a configuration
 * @directory: etc/nixos, borrowed
 * @name: of the file in it; what is there, be it a link, is replaced
 * @text: borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int configuration_write(int directory, const char *name, const char *text, struct error *e)
{
	int fd, r;

	if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
		return error_errno(e, errno, "cannot replace etc/nixos/%s", name);
	fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(e, errno, "cannot write etc/nixos/%s", name);
	r = file_write(fd, text, strlen(text));
	if (r == 0)
		return 0;
	(void)unlinkat(directory, name, 0);
	return error_errno(e, -r, "cannot write etc/nixos/%s", name);
}

/**
 * configuration_install - let what has been built be the configuration
 * @directory: etc/nixos of the container, borrowed
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int configuration_install(int directory, struct error *e)
{
	if (renameat(directory, CONFIGURATION_NEXT, directory, CONFIGURATION_NAME) < 0 ||
	    fsync(directory) < 0)
		return error_errno(e, errno, "cannot write etc/nixos/" CONFIGURATION_NAME);
	return 0;
}

/**
 * configuration_discard - forget what was to be built
 * @directory: etc/nixos of the container, borrowed
 *
 * A failure is ignored: what stays is overwritten or named by the next run.
 */
void configuration_discard(int directory)
{
	(void)unlinkat(directory, CONFIGURATION_NEXT, 0);
}

/**
 * configuration_check - whether there is a configuration that can be built again
 * @directory: the copy of etc/nixos, where no link leads out, borrowed
 * @name: of the container
 * @e: says what can be done instead
 *
 * Returns 0 or -errno.
 */
int configuration_check(int directory, const char *name, struct error *e)
{
	struct stat st;
	int r;

	if (fstatat(directory, CONFIGURATION_NAME, &st, 0) == 0 && S_ISREG(st.st_mode))
		return 0;
	r = error_set(e, ERROR_FAILED, ENOENT,
		      "container '%s' has no etc/nixos/" CONFIGURATION_NAME " to be built", name);
	return error_remedy(e, r, "give it one with --config, --config-file or --flake");
}
