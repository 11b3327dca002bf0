/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/login.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tree.h"

#define PASSWD_SIZE_MAX ((size_t)1024 * 1024)
#define DEFAULT_HOME    "/root"
#define DEFAULT_SHELL   "/bin/sh"

/* Where programs are before a profile has told: on NixOS, and everywhere else. */
#define DEFAULT_PATH                                                                      \
	"/run/wrappers/bin:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:" \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Fields of passwd(5), counted from 0. */
enum {
	PASSWD_HOME = 5,
	PASSWD_SHELL = 6,
};

/* Shells that read a profile and then POSIX. What else root may have is no use for a command. */
static const char *const posix_shells[] = { "sh",  "bash", "dash",  "ash",
					    "ksh", "mksh", "ksh93", "zsh" };

/**
 * field_take - take a path out of a line of passwd
 * @field: borrowed; NULL: there is none
 * @value: LOGIN_FIELD_MAX bytes; left alone when it is no sane path
 */
static void field_take(const char *field, char *value)
{
	size_t length = field ? strlen(field) : 0;

	if (!field || field[0] != '/' || length >= LOGIN_FIELD_MAX)
		return;
	for (const char *c = field; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return;
	memcpy(value, field, length + 1);
}

/**
 * login_read - how root logs in
 * @tree: the root directory of the container, borrowed
 * @ret_login: filled
 *
 * A container without users, or with a passwd that is no file or a huge one, can be entered all the
 * same: failures are not reported on purpose.
 */
void login_read(int tree, struct login *ret_login)
{
	struct login login = { .home = DEFAULT_HOME, .shell = DEFAULT_SHELL };
	_cleanup_(freep) char *text = NULL;
	char *cursor, *line, *field;
	size_t length;

	if (tree_read(tree, "/etc/passwd", PASSWD_SIZE_MAX, &text, &length, NULL) < 0)
		text = NULL;
	cursor = text;
	while ((line = strsep(&cursor, "\n"))) {
		if (strncmp(line, "root:", strlen("root:")) != 0)
			continue;
		for (int i = 0; (field = strsep(&line, ":")); i++) {
			if (i == PASSWD_HOME)
				field_take(field, login.home);
			else if (i == PASSWD_SHELL)
				field_take(field, login.shell);
		}
		break;
	}
	*ret_login = login;
}

/**
 * terminal_is_sane - whether the kind of a terminal is nothing but a name
 * @terminal: borrowed
 */
static bool terminal_is_sane(const char *terminal)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789+-._";

	return terminal[0] && terminal[strspn(terminal, allowed)] == '\0' &&
	       strlen(terminal) < LOGIN_FIELD_MAX;
}

/**
 * login_environment - the environment of a login, before a profile is read
 * @login: borrowed
 * @terminal: the kind of our terminal, or NULL
 * @environment: added to
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int login_environment(const struct login *login, const char *terminal, struct words *environment,
		      struct error *e)
{
	int r = words_add(environment, e, "HOME=%s", login->home);

	if (r == 0)
		r = words_add(environment, e, "SHELL=%s", login->shell);
	if (r == 0)
		r = words_add(environment, e, "USER=root");
	if (r == 0)
		r = words_add(environment, e, "LOGNAME=root");
	if (r == 0)
		r = words_add(environment, e, "PATH=" DEFAULT_PATH);
	if (r == 0 && terminal && terminal_is_sane(terminal))
		r = words_add(environment, e, "TERM=%s", terminal);
	return r;
}

/**
 * path_base - the last component of a path
 * @path: borrowed
 */
static const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/**
 * shell_choose - the shell that is to read the profile and run a command
 * @login: borrowed
 *
 * Returns a path, borrowed, or NULL when there is none.
 */
static const char *shell_choose(const struct login *login)
{
	const char *base = path_base(login->shell);

	for (size_t i = 0; i < ARRAY_SIZE(posix_shells); i++)
		if (strcmp(base, posix_shells[i]) == 0 && access(login->shell, X_OK) == 0)
			return login->shell;
	return access(DEFAULT_SHELL, X_OK) == 0 ? DEFAULT_SHELL : NULL;
}

/**
 * command_words - what runs a command
 * @shell: that does it, or NULL
 * @argv: the command
 * @words: added to
 * @e: filled on failure
 *
 * The shell gets the command as arguments, so that it is what was typed, whatever is in it. "exec" of
 * some shells takes options, and of some no "--": that is used where it cannot be done without.
 *
 * Returns 0 or -ENOMEM.
 */
static int command_words(const char *shell, char *const argv[], struct words *words,
			 struct error *e)
{
	int r = 0;

	if (shell) {
		r = words_add(words, e, "%s", shell);
		if (r == 0)
			r = words_add(words, e, "-l");
		if (r == 0)
			r = words_add(words, e, "-c");
		if (r == 0)
			r = words_add(words, e,
				      argv[0][0] == '-' ? "exec -- \"$@\"" : "exec \"$@\"");
		if (r == 0)
			r = words_add(words, e, "%s", path_base(shell));
	}
	for (size_t i = 0; r == 0 && argv[i]; i++)
		r = words_add(words, e, "%s", argv[i]);
	return r;
}

/**
 * login_words - what to run
 * @login: borrowed while @ret_program is used
 * @argv: the command, not empty; NULL: a login shell
 * @ret_program: the program
 * @words: its argument vector; added to
 * @e: filled on failure
 *
 * Must be called where the container's files are.
 *
 * Returns 0 or -ENOMEM.
 */
int login_words(const struct login *login, char *const argv[], const char **ret_program,
		struct words *words, struct error *e)
{
	const char *shell;

	if (argv) {
		shell = shell_choose(login);
		*ret_program = shell ? shell : argv[0];
		return command_words(shell, argv, words, e);
	}
	shell = access(login->shell, X_OK) == 0 ? login->shell : DEFAULT_SHELL;
	*ret_program = shell;
	return words_add(words, e, "-%s", path_base(shell));
}
