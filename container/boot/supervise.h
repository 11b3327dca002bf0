/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/settings/settings.h"
#include "machine/machine.h"

/* What a supervisor, and whoever asks one, has to know of us; borrowed from @paths. 0 or -errno. */
int supervise_settings(const struct paths *paths, struct supervisor_settings *ret_settings,
		       struct error *e);
