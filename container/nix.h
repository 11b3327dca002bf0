/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "base/words.h"

/* The programs of Nix, run as the user would run them. */

int nix_run(const struct words *argv, struct error *e);
