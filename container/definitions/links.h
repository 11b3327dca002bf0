/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"
#include "container/definitions/environment-file.h"

/*
 * Links of a container beside its cable, as definitions have them: INTERFACES, MACVLANS and EXTRA_VETHS,
 * and options of systemd-nspawn that mean the same.
 */

bool definition_is_shared(const struct environment_file *file);
int links_take(const struct environment_file *file, struct definition *definition, struct error *e);
