/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"
#include "nat/nat.h"

/*
 * A session in which our tables can be changed, also while the watcher owns them. The caller ends with
 * nat_close(). Returns 0 or -errno.
 */
int rules_session_open(const struct paths *paths, struct nat **ret_nat, struct error *e);
