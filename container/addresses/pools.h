/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/settings/settings.h"

/* The pools that addresses are given out of, as people change them. */

/* A pool that is to be, as it was typed; NULL where nothing was. */
struct pool_request {
	const char *name;
	const char *prefix; /* or "ula": a network of unique local addresses is drawn */
	const char *kind;   /* "pair" or "subnet"; NULL: a subnet if it has a bridge */
	const char *bridge, *gateway;
	const char *const *ranges, *const *excluded;
	size_t n_ranges, n_excluded;
	bool force; /* whatever else on this host has the network */
};

/*
 * Change the pools that addresses are given out of, see ipam/ipam.h. What else on this host has a
 * network is in the way of adding and of resizing: -EADDRINUSE (ERROR_CONFLICT). Return 1, 0 when it
 * is so already, or -errno.
 */
int address_pool_add(const struct paths *paths, const struct pool_request *request,
		     struct error *e);
int address_pool_resize(const struct paths *paths, const struct pool_request *request,
			struct error *e);
int address_pool_drain(const struct paths *paths, const char *name, struct error *e);
int address_pool_fill(const struct paths *paths, const char *name, struct error *e);
int address_pool_remove(const struct paths *paths, const char *name, struct error *e);
