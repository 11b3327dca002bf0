/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "base/error.h"

/*
 * The switches of one link under /proc/sys/net/FAMILY/conf/LINK, in the network namespace of the
 * calling thread. A link name is never split at its dots.
 */

int sysctl_read(const char *family, const char *link, const char *key, int *ret_value,
		struct error *e);
int sysctl_write(const char *family, const char *link, const char *key, int value, struct error *e);

/* The names of the links there are, sorted. The caller frees *ret_names, one block. */
int sysctl_links(char (**ret_names)[IFNAMSIZ], size_t *ret_count, struct error *e);
