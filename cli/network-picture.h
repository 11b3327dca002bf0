/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "cli/session.h"
#include "container/container.h"

/* Everything there is to see of one container's network. */

int picture_draw(const struct session *session, const struct network_state *state,
		 const struct masquerade_state *outside, struct error *e);
json_t *picture_json(const struct network_state *state, const struct masquerade_state *outside);
