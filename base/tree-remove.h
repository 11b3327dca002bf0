/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"

/*
 * Removes a directory with all that is below it. What is mounted there is unmounted first, and never
 * removed. Can be killed anywhere and run again. A symbolic link is removed, not what it leads to.
 *
 * Returns 1, 0 when it was not there, or -errno naming what could not be removed.
 */
int tree_remove(const char *path, struct error *e);
