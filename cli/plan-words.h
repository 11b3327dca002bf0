/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/container.h"

#define PLAN_WORDS 256 /* room for what differs, in words */

/* What differs, for people: "addresses, ports". @why: of a plan, borrowed. Returns @words. */
const char *plan_words(const char *why, char words[PLAN_WORDS]);
