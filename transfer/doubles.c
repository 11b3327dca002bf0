/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "transfer/document.h"

#define KEYS_MAX 6 /* of one lease */

/* Something that only one lease may have. */
struct key {
	const char *field; /* static */
	const void *bytes; /* borrowed from the lease */
	size_t size;       /* 4 and 16 are addresses, 6 a MAC; names are 64 */
	size_t lease;      /* its index */
};

/**
 * key_order - the order of keys; the comparison of qsort()
 * @a, @b: the keys
 */
static int key_order(const void *a, const void *b)
{
	const struct key *first = a, *second = b;
	int r;

	if (first->size != second->size)
		return first->size < second->size ? -1 : 1;
	r = memcmp(first->bytes, second->bytes, first->size);
	if (r != 0)
		return r;
	return first->lease < second->lease ? -1 : first->lease > second->lease;
}

/**
 * key_add - add an address
 * @keys, @count: changed
 * @field: its name, static
 * @addr: borrowed; may be none
 * @lease: index of the lease it is in
 */
static void key_add(struct key *keys, size_t *count, const char *field, const struct addr *addr,
		    size_t lease)
{
	if (addr_is_set(addr))
		keys[(*count)++] = (struct key){ field, addr->bytes, addr_size(addr), lease };
}

/**
 * keys_collect - all that only one lease may have
 * @document: borrowed
 * @keys: room for KEYS_MAX of each lease
 *
 * Returns how many there are.
 */
static size_t keys_collect(const struct document *document, struct key *keys)
{
	size_t count = 0;

	for (size_t i = 0; i < document->count; i++) {
		const struct ipam_lease *lease = &document->leases[i];

		keys[count++] =
			(struct key){ "container", lease->container, sizeof(lease->container), i };
		if (mac_is_set(&lease->mac))
			keys[count++] = (struct key){ "mac", lease->mac.bytes,
						      sizeof(lease->mac.bytes), i };
		key_add(keys, &count, "host_address", &lease->v4.host, i);
		key_add(keys, &count, "local_address", &lease->v4.local.addr, i);
		key_add(keys, &count, "host_address6", &lease->v6.host, i);
		key_add(keys, &count, "local_address6", &lease->v6.local.addr, i);
	}
	return count;
}

/**
 * key_text - a key as it is written
 * @key: borrowed
 * @text: the caller's buffer
 */
static const char *key_text(const struct key *key, char text[IPAM_NAME_MAX])
{
	struct mac mac;
	struct addr addr;

	if (key->size == IPAM_NAME_MAX)
		return key->bytes;
	if (key->size == sizeof(mac.bytes)) {
		memcpy(mac.bytes, key->bytes, sizeof(mac.bytes));
		return mac_format(&mac, text);
	}
	addr = addr_from_bytes(key->size == 4 ? AF_INET : AF_INET6, key->bytes);
	return addr_format(&addr, text);
}

/**
 * double_wrong - say what is there twice
 * @document: borrowed
 * @first, @second: borrowed
 * @e: names both places, and the containers
 *
 * Returns -EINVAL (ERROR_USAGE).
 */
static int double_wrong(const struct document *document, const struct key *first,
			const struct key *second, struct error *e)
{
	const bool lines = document->format == DOCUMENT_CSV;
	char text[IPAM_NAME_MAX];
	int r = error_set(e, ERROR_USAGE, EINVAL,
			  "%s: %s of container '%s' is also in %s%zu%s, %s of '%s'", second->field,
			  key_text(second, text), document->leases[second->lease].container,
			  lines ? "line " : "leases[", document->places[first->lease],
			  lines ? "" : "]", first->field, document->leases[first->lease].container);

	r = document_wrong(document, document->places[second->lease], r, e);
	return error_remedy(e, r, "take one of the two out of the file");
}

/**
 * document_check_doubles - refuse a document in which something is there twice
 * @document: borrowed
 * @e: names both places
 *
 * Of several that are, the one that comes first in the file is told.
 *
 * Returns 0, -EINVAL (ERROR_USAGE) or -ENOMEM.
 */
int document_check_doubles(const struct document *document, struct error *e)
{
	_cleanup_(freep) struct key *keys = calloc(document->count + 1, KEYS_MAX * sizeof(*keys));
	const struct key *found = NULL;
	size_t count;

	if (!keys)
		return error_errno(e, ENOMEM, "cannot read %s", document->source);
	count = keys_collect(document, keys);
	qsort(keys, count, sizeof(*keys), key_order);
	for (size_t i = 1; i < count; i++)
		if (keys[i].size == keys[i - 1].size &&
		    memcmp(keys[i].bytes, keys[i - 1].bytes, keys[i].size) == 0 &&
		    (!found || keys[i].lease < found->lease))
			found = &keys[i];
	return found ? double_wrong(document, found - 1, found, e) : 0;
}
