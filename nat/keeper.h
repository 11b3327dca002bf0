/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nat/nft.h"

#ifndef NFT_TABLE_F_PERSIST
#define NFT_TABLE_F_PERSIST 0x4 /* kernel 6.9 */
#endif

/* What a session has to do with whoever owns our tables. */

/* Borrows the socket for one batch. Returns 1, 0 when nobody keeps our tables, or -errno. */
int keeper_borrow(struct nat *nat, struct error *e);
void keeper_return(struct nat *nat);

/* nft_commit() through the socket that was borrowed, which is returned. */
int keeper_commit(struct nat *nat, struct nft_request *request, struct error *e);

/* Waits a moment for an owner who may be ending. Returns whether it is worth to look again. */
bool owner_may_end(struct nat *nat);

/*
 * Whether the table may be changed by us. Returns 0, -ERESTART when its owner may be somebody else by now,
 * -EBUSY (ERROR_CONFLICT), or another -errno.
 */
int keeper_check(struct nat *nat, const char *label, uint32_t owner, struct error *e);
