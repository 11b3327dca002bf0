/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/host.h"

/* Rules and the forwarding switches of external links together. Returns 1, 0 or -errno. */
int masquerade_ensure(struct host *host, struct error *e);

/* Takes the rules away when nothing needs them any more. Returns 1, 0 or -errno. */
int masquerade_collect(const struct paths *paths, struct error *e);
