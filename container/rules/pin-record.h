/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/rules/records.h"

/*
 * Under which addresses a container on a bridge may send, and with whom it is linked, as it is recorded
 * in /run: one file for each container, with a line for each,
 *
 *	pin vb-foo 02:00:00:00:00:01 10.7.0.2 fd00::2
 *	behind br0
 *	peer ve ve-foo ve-bar
 *	call tcp 10.7.0.2 80
 *
 * port, MAC and addresses ("-": none), "trusted" instead of "pin" for one that is not pinned; the bridge
 * by which alone it is reached, no line for one that the host routes to; the kind of both links, and the
 * links; where a published port leads.
 */

extern const struct records_kind pin_records; /* of struct nat_pins */

bool call_same(const struct nat_call *a, const struct nat_call *b);
bool pin_same(const struct nat_pin *a, const struct nat_pin *b);
bool peer_same(const struct nat_peer *a, const struct nat_peer *b);
int pins_add_pin(struct nat_pins *pins, const struct nat_pin *pin, struct error *e);
int pins_add_call(struct nat_pins *pins, const struct nat_call *call, struct error *e);
int pins_add_peer(struct nat_pins *pins, const struct nat_peer *peer, struct error *e);
