/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/table.h"
#include "cli/text.h"
#include "container/container.h"

/* How NAT is spoken of. */

enum tone outside_phrase(const struct masquerade_state *state, struct phrase *phrase);
void outside_networks(const struct nat_spec *spec, struct phrase *phrase);
void outside_addresses(const struct nat_spec *spec, struct phrase *phrase);
const char *outside_links(const struct nat_spec *spec, char *buffer, size_t size);
