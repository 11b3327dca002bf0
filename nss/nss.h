/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The names of containers, from which programs of the host have their addresses. Each is a symbolic
 * link whose text is the answer and leads nowhere:
 *
 *	/run/nixctr-net/names/by-name/foo             -> "10.233.1.2 fd00::2"
 *	/run/nixctr-net/names/by-address/10.233.1.2   -> "foo"
 *
 * The kernel replaces such a link as a whole and reads it in one call: nobody finds half of one, waits
 * for one or has to open anything, and what a look-up costs does not grow with the containers.
 */

#define NSS_BELOW_RUNTIME "names" /* of /run/nixctr-net */
#define NSS_BY_NAME       "by-name"
#define NSS_BY_ADDRESS    "by-address"
#define NSS_DOMAIN        ".containers"

#define NSS_NAME_MAX      64  /* with its NUL */
#define NSS_ADDRESSES_MAX 4   /* of one container */
#define NSS_TEXT_MAX      256 /* of a link, with its NUL */

struct nss_address {
	int family;              /* AF_INET or AF_INET6 */
	unsigned char bytes[16]; /* in network order; IPv4 has the first four */
};

struct nss_entry {
	char name[NSS_NAME_MAX]; /* without the domain */
	size_t count;            /* at least one */
	struct nss_address addresses[NSS_ADDRESSES_MAX];
};

/* Where the links are, and whose they have to be. */
struct nss_place {
	const char *runtime; /* "/run/nixctr-net", borrowed */
	uid_t owner;
};

size_t nss_address_size(int family);
bool nss_entry_parse(const char *text, struct nss_entry *ret_entry);

/* Return 1, or 0 when there is none that can be trusted. */
int nss_find_name(const struct nss_place *place, const char *name, struct nss_entry *ret_entry);
int nss_find_address(const struct nss_place *place, const struct nss_address *address,
		     struct nss_entry *ret_entry);
