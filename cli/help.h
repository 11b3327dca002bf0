/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/session.h"
#include "cli/verb.h"

/* What --help and --version print. All return the exit status, 0. */

int help_all(const struct session *session);
int help_noun(const struct session *session, const char *noun);
int help_verb(const struct session *session, const struct verb *verb);
int help_version(const struct session *session);
