/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"

/*
 * systemd-nspawn lets the host's journalctl find the journal of a container by a link in
 * /var/log/journal, which nobody takes away again. @root: the root directory that it leads to.
 *
 * Returns 1, 0 when there was none, or -errno naming the link.
 */
int journal_link_remove(const struct paths *paths, const char *root, struct error *e);
