/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"

/*
 * Network namespaces. In the program a namespace is a descriptor; its name is a file under
 * /run/netns on which it is pinned by a bind mount, as ip-netns(8) does it, so that both programs
 * see each other's.
 */

int netns_open(const char *path, int *ret_fd, struct error *e);
int netns_create(const char *directory, const char *path, int *ret_fd, struct error *e);
/* Pins a namespace that somebody else has made. */
int netns_adopt(const char *directory, const char *path, int fd, struct error *e);
int netns_unpin(const char *path, struct error *e);
int netns_remove(const char *path, struct error *e);
int netns_current(int *ret_fd, struct error *e);
int netns_enter(int fd, struct error *e);
void netns_leave(int home_fd);
