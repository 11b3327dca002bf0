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
 * outside_networks - the internal networks, and the links they are behind
 * @spec: borrowed
 * @phrase: added to: "192.168.7.0/24, fd00:7::/64 behind eth1"
 */
void outside_networks(const struct nat_spec *spec, struct phrase *phrase)
{
	char text[PREFIX_TEXT];
	struct phrase links = { .length = 0 };

	for (size_t i = 0; i < spec->n_inside; i++)
		phrase_add(&links, "%s", spec->inside[i].link);
	for (size_t i = 0; i < spec->n_internal; i++) {
		bool last = i == spec->n_internal - 1 && links.length;

		phrase_add(phrase, "%s%s%s", prefix_format(&spec->internal[i], text),
			   last ? " behind " : "", last ? links.text : "");
	}
}

/**
 * outside_addresses - the addresses all leave with, where they are not those of the links
 * @spec: borrowed
 * @phrase: added to
 */
void outside_addresses(const struct nat_spec *spec, struct phrase *phrase)
{
	char text[ADDR_TEXT];

	if (addr_is_set(&spec->address4))
		phrase_add(phrase, "%s", addr_format(&spec->address4, text));
	if (addr_is_set(&spec->address6))
		phrase_add(phrase, "%s", addr_format(&spec->address6, text));
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
	struct phrase addresses = { .length = 0 };
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
	outside_addresses(&state->spec, &addresses);
	phrase_add(phrase, "masqueraded behind %s%s%s",
		   outside_links(&state->spec, links, sizeof(links)),
		   addresses.length ? " as " : "", addresses.text);
	if (!state->present)
		phrase_add(phrase, "but the table inet %s is not there", NAT_TABLE);
	else if (state->drift.count)
		phrase_add(phrase, "but not all is as it should be; see nixctr-net nat show");
	return state->present && state->drift.count == 0 ? TONE_GOOD : TONE_BAD;
}
