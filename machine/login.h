/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/words.h"

/* How root of a container logs in, as its own /etc/passwd has it. */

#define LOGIN_FIELD_MAX 256

struct login {
	char home[LOGIN_FIELD_MAX];
	char shell[LOGIN_FIELD_MAX];
};

/* @tree: of the container's root (base/tree.h). What it does not say properly has a default. */
void login_read(int tree, struct login *ret_login);
/* @terminal: the kind of our terminal, $TERM; NULL: none. */
int login_environment(const struct login *login, const char *terminal, struct words *environment,
		      struct error *e);

/*
 * What to run for a command, or a login shell for NULL: @ret_program is its path, borrowed from @login
 * or @argv; without a shell it is to be looked up in PATH.
 */
int login_words(const struct login *login, char *const argv[], const char **ret_program,
		struct words *words, struct error *e);
