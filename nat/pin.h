/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nat.h"
#include "nat/nft.h"

/* Elements of the sets that tell who is who on bridges, and who may talk to whom. */

bool pins_have_peers(const struct nat_pins *pins, uint8_t family);

/* Adds those of the table that the batch is about. Returns 0 or -ENOMEM. */
int batch_add_pins(struct nft_request *batch, const struct nat_pins *pins, struct error *e);
