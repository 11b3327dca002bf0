/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/session.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_spec specs[] = {
	{ "root", 0, OPTION_TEXT, offsetof(struct session, root), "DIR",
	  "work on the files below DIR instead of /" },
	{ "json", 0, OPTION_FLAG, offsetof(struct session, json), NULL, "answer in JSON" },
	{ "debug", 0, OPTION_FLAG, offsetof(struct session, debug), NULL,
	  "show every request, and where an error comes from" },
	{ "color", 0, OPTION_TEXT, offsetof(struct session, color), "WHEN",
	  "auto, always or never (NO_COLOR is honoured)" },
	{ "help", 'h', OPTION_FLAG, offsetof(struct session, help), NULL,
	  "show help, behind a command its own" },
	{ "version", 0, OPTION_FLAG, offsetof(struct session, version), NULL, "show the version" },
};

const struct option_table session_options = OPTION_TABLE(specs, struct session);

/**
 * session_program - the name the program goes by in its messages
 * @path: argv[0], borrowed; NULL when the caller of exec gave none
 *
 * Returns the last component, so that a link named nixos-container speaks as that command.
 */
const char *session_program(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!path || !path[0])
		return "nixctr-net";
	return slash ? slash + 1 : path;
}

/**
 * session_begin - check the global options and act on them
 * @session: the options as parsed; its paths are set
 * @e: says which option is wrong
 *
 * Returns 0 or -errno.
 */
int session_begin(struct session *session, struct error *e)
{
	const char *color = session->color;

	session_log(session, LOG_LEVEL_NOTICE);
	if (color && strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 &&
	    strcmp(color, "never") != 0)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "--color takes auto, always or never, not '%s'", color);
	return paths_init(&session->paths, session->root ? session->root : "", e);
}

/**
 * stderr_is_journal - whether standard error goes straight to the journal
 *
 * JOURNAL_STREAM alone does not tell: it is inherited by programs whose standard error was sent
 * elsewhere. It holds the device and inode to compare with (systemd.exec(5)).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

/**
 * session_log - start the log
 * @session: --debug shows everything
 * @max: the least urgent level shown otherwise
 */
void session_log(const struct session *session, enum log_level max)
{
	log_init(stderr_is_journal() ? LOG_STYLE_JOURNAL : LOG_STYLE_TERMINAL,
		 session->debug ? LOG_LEVEL_DEBUG : max);
}

/**
 * session_colored - whether what is written to a stream may have colours
 * @session: --color decides where it is given
 * @fd: the stream
 *
 * Otherwise colours are for terminals that can show them, unless NO_COLOR is set to anything
 * (no-color.org).
 */
bool session_colored(const struct session *session, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (session->color && strcmp(session->color, "auto") != 0)
		return strcmp(session->color, "always") == 0;
	if (no_color && no_color[0])
		return false;
	return terminal && strcmp(terminal, "dumb") != 0 && isatty(fd);
}
