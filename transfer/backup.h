/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "transfer/transfer.h"

/*
 * Going back to a copy: what that is to have is made of what definitions say, of what is reserved in it, and of
 * the book as it is, NULL when it cannot be read. What has no place is among what the report has refused.
 * Returns 0 or -errno.
 */
int copy_merge(const struct paths *paths, struct ipam *copy, struct ipam *book,
	       struct restore_report *report, struct error *e);

int backup_path(const struct paths *paths, const char *file, char path[PATH_MAX], struct error *e);
