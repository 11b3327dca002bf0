/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ipam/database.h"

/* A whole database as the bytes of its file. */
struct image {
	unsigned char *bytes; /* owned, of sqlite's memory */
	size_t size;
};

int image_take(const struct database *database, struct image *ret_image, struct error *e);
int image_open(const char *path, struct database *database, struct error *e);
int image_check(struct database *database, struct error *e);
void image_free(struct image *image);
