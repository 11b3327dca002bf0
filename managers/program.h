/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"

/* Programs that have no interface but their command. */

#define PROGRAM_ANSWER_MAX 16384

int program_ask(char *const argv[], char answer[PROGRAM_ANSWER_MAX], struct error *e);
int program_failed(char *const argv[], int status, const char *answer, struct error *e);
