/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Copies what is below a directory of a container's root into a directory of ours: so that somebody
 * can use it who would follow links, and is to find nothing but files of the container.
 *
 * @tree, @path: as in base/tree.h. @to: an empty directory. @limit: the largest file accepted, in
 * bytes; how much there may be in all is for the file system of @to to say.
 *
 * Links stay links where they lead down only, and all others become what they lead to inside. What
 * leads nowhere, FIFOs, sockets and devices are left out.
 */
int tree_copy(int tree, const char *path, int to, size_t limit, struct error *e);
