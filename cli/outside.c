/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/outside.h"

#include <stdio.h>

/**
 * outside_links - the external links in one line
 * @spec: borrowed
 * @buffer, @size: where it goes
 *
 * Returns @buffer: "eth0, wlan0", or "no link".
 */
const char *outside_links(const struct nat_spec *spec, char *buffer, size_t size)
{
	size_t length = 0;

	(void)snprintf(buffer, size, "no link");
	for (size_t i = 0; i < spec->n_external && length < size; i++)
		length += (size_t)snprintf(buffer + length, size - length, "%s%s", i ? ", " : "",
					   spec->external[i]);
	return buffer;
}

/**
 * outside_phrase - what containers can reach, in words
 * @state: borrowed
 * @phrase: added to
 *
 * Returns how it is meant.
 */
enum tone outside_phrase(const struct masquerade_state *state, struct phrase *phrase)
{
	char links[COLUMN_CELL];

	if (!state->settings.nat) {
		phrase_add(phrase, "not enabled: reaches the host only; try "
				   "nixctr-net nat enable --external auto");
		return TONE_PLAIN;
	}
	if (state->spec.n_external == 0) {
		phrase_add(phrase, "enabled, but %s leads outside",
			   state->settings.external_auto ? "no default route" : "no link");
		return TONE_BAD;
	}
	phrase_add(phrase, "masqueraded behind %s",
		   outside_links(&state->spec, links, sizeof(links)));
	if (!state->present)
		phrase_add(phrase, "but the table inet %s is not there", NAT_TABLE);
	else if (state->drift.count)
		phrase_add(phrase, "but not all is as it should be; see nixctr-net nat show");
	return state->present && state->drift.count == 0 ? TONE_GOOD : TONE_BAD;
}
