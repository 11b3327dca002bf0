/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/session.h"

/* Prints what may stand in place of the last word, for the shells; see completion.c. */
void completion_print(const struct session *session, char *const *words, size_t count);
