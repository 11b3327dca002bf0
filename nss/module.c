/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the C library calls: see "Adding another Service to NSS" in its manual. All results go into the
 * caller's buffer; one that is too small brings ERANGE, and the caller comes back with a larger one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nss/nss.h"

#define EXPORTED __attribute__((visibility("default")))

static const struct nss_place host = { .runtime = "/run/nixctr-net", .owner = 0 };

enum nss_status _nss_nixctr_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat,
					     char *buffer, size_t size, int *errnop, int *h_errnop,
					     int32_t *ttlp);
enum nss_status _nss_nixctr_gethostbyname3_r(const char *name, int family, struct hostent *result,
					     char *buffer, size_t size, int *errnop, int *h_errnop,
					     int32_t *ttlp, char **canonp);
enum nss_status _nss_nixctr_gethostbyname2_r(const char *name, int family, struct hostent *result,
					     char *buffer, size_t size, int *errnop, int *h_errnop);
enum nss_status _nss_nixctr_gethostbyname_r(const char *name, struct hostent *result, char *buffer,
					    size_t size, int *errnop, int *h_errnop);
enum nss_status _nss_nixctr_gethostbyaddr2_r(const void *address, socklen_t length, int family,
					     struct hostent *result, char *buffer, size_t size,
					     int *errnop, int *h_errnop, int32_t *ttlp);
enum nss_status _nss_nixctr_gethostbyaddr_r(const void *address, socklen_t length, int family,
					    struct hostent *result, char *buffer, size_t size,
					    int *errnop, int *h_errnop);

/* Where the C library wants to be told what went wrong. */
struct outcome {
	int *error, *h_error;
};

/* The caller's buffer, given away from its beginning. */
struct room {
	char *next;
	size_t left;
};

/**
 * room_take - take a piece of the caller's buffer
 * @room: changed
 * @size: in bytes
 *
 * Returns it, aligned for pointers, or NULL when there is not as much left.
 */
static void *room_take(struct room *room, size_t size)
{
	size_t gap = -(uintptr_t)room->next % _Alignof(max_align_t);
	char *piece = room->next + gap;

	if (gap > room->left || size > room->left - gap)
		return NULL;
	room->next = piece + size;
	room->left -= gap + size;
	return piece;
}

/**
 * room_text - put a name into the caller's buffer
 * @room: changed
 * @name: borrowed
 * @domain: what stands behind it, borrowed; may be ""
 *
 * Returns it, or NULL when there is not as much left.
 */
static char *room_text(struct room *room, const char *name, const char *domain)
{
	size_t size = strlen(name) + strlen(domain) + 1;
	char *text = room_take(room, size);

	if (text)
		(void)snprintf(text, size, "%s%s", name, domain);
	return text;
}

/**
 * too_small - have the caller come back with a larger buffer
 * @outcome: filled
 */
static enum nss_status too_small(const struct outcome *outcome)
{
	*outcome->error = ERANGE;
	*outcome->h_error = NETDB_INTERNAL;
	return NSS_STATUS_TRYAGAIN;
}

/**
 * unknown - have the next service be asked
 * @outcome: filled
 * @h_error: HOST_NOT_FOUND, or NO_DATA: it has no address of this family
 */
static enum nss_status unknown(const struct outcome *outcome, int h_error)
{
	*outcome->error = ENOENT;
	*outcome->h_error = h_error;
	return NSS_STATUS_NOTFOUND;
}

/**
 * known - say that all is well
 * @outcome: filled
 */
static enum nss_status known(const struct outcome *outcome)
{
	*outcome->error = 0;
	*outcome->h_error = NETDB_SUCCESS;
	return NSS_STATUS_SUCCESS;
}

/**
 * hostent_fill - answer in the form of gethostbyname(3)
 * @entry: borrowed
 * @family: which of its addresses
 * @room: the caller's buffer
 * @ret_host: filled
 *
 * As in a line of hosts(5), the name with its domain is the first, the bare one an alias.
 *
 * Returns 1, 0 when it has no such address, or -ERANGE.
 */
static int hostent_fill(const struct nss_entry *entry, int family, struct room *room,
			struct hostent *ret_host)
{
	size_t size = nss_address_size(family), count = 0;
	char *name = room_text(room, entry->name, NSS_DOMAIN);
	char *alias = room_text(room, entry->name, "");
	char **aliases = room_take(room, 2 * sizeof(char *));
	char **list = room_take(room, (entry->count + 1) * sizeof(char *));
	char *bytes = room_take(room, entry->count * size);

	if (!name || !alias || !aliases || !list || !bytes)
		return -ERANGE;
	for (size_t i = 0; i < entry->count; i++) {
		if (entry->addresses[i].family != family)
			continue;
		list[count] = memcpy(bytes + count * size, entry->addresses[i].bytes, size);
		count++;
	}
	list[count] = NULL;
	aliases[0] = alias;
	aliases[1] = NULL;
	*ret_host = (struct hostent){ .h_name = name,
				      .h_aliases = aliases,
				      .h_addrtype = family,
				      .h_length = (int)size,
				      .h_addr_list = list };
	return count > 0;
}

/**
 * answer - answer with an entry that was found
 * @entry: borrowed
 * @family: which of its addresses
 * @room: the caller's buffer
 * @ret_host: filled
 * @outcome: filled
 */
static enum nss_status answer(const struct nss_entry *entry, int family, struct room *room,
			      struct hostent *ret_host, const struct outcome *outcome)
{
	int r = hostent_fill(entry, family, room, ret_host);

	if (r < 0)
		return too_small(outcome);
	return r ? known(outcome) : unknown(outcome, NO_DATA);
}

/**
 * tuples_fill - answer in the form that getaddrinfo(3) asks for
 * @entry: borrowed
 * @room: the caller's buffer
 * @pat: *pat is the first tuple to fill, or NULL: none is there yet
 *
 * Returns whether there was enough room.
 */
static bool tuples_fill(const struct nss_entry *entry, struct room *room,
			struct gaih_addrtuple **pat)
{
	char *name = room_text(room, entry->name, NSS_DOMAIN);

	for (size_t i = 0; name && i < entry->count; i++) {
		const struct nss_address *address = &entry->addresses[i];
		struct gaih_addrtuple *tuple = *pat;

		if (!tuple)
			tuple = room_take(room, sizeof(*tuple));
		if (!tuple)
			return false;
		*tuple = (struct gaih_addrtuple){ .name = name, .family = address->family };
		memcpy(tuple->addr, address->bytes, nss_address_size(address->family));
		*pat = tuple;
		pat = &tuple->next;
	}
	return name;
}

/**
 * _nss_nixctr_gethostbyname4_r - all addresses of a name
 * @name: borrowed
 * @pat: the list of answers
 * @buffer, @size: where they go
 * @errnop, @h_errnop: filled
 * @ttlp: for how long it is so, in seconds; NULL: of no interest
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat,
						      char *buffer, size_t size, int *errnop,
						      int *h_errnop, int32_t *ttlp)
{
	const struct outcome outcome = { errnop, h_errnop };
	struct room room = { buffer, size };
	struct nss_entry entry;

	if (!nss_find_name(&host, name, &entry))
		return unknown(&outcome, HOST_NOT_FOUND);
	if (!tuples_fill(&entry, &room, pat))
		return too_small(&outcome);
	if (ttlp)
		*ttlp = 0;
	return known(&outcome);
}

/**
 * _nss_nixctr_gethostbyname3_r - the addresses of a name in one family, and its first name
 * @name: borrowed
 * @family: AF_INET or AF_INET6
 * @result: filled
 * @buffer, @size: where the rest goes
 * @errnop, @h_errnop: filled
 * @ttlp: for how long it is so, in seconds; NULL: of no interest
 * @canonp: the first name; NULL: of no interest
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyname3_r(const char *name, int family,
						      struct hostent *result, char *buffer,
						      size_t size, int *errnop, int *h_errnop,
						      int32_t *ttlp, char **canonp)
{
	const struct outcome outcome = { errnop, h_errnop };
	struct room room = { buffer, size };
	struct nss_entry entry;
	enum nss_status status;

	if (family == AF_UNSPEC)
		family = AF_INET;
	if ((family != AF_INET && family != AF_INET6) || !nss_find_name(&host, name, &entry))
		return unknown(&outcome, HOST_NOT_FOUND);
	status = answer(&entry, family, &room, result, &outcome);
	if (status == NSS_STATUS_SUCCESS && ttlp)
		*ttlp = 0;
	if (status == NSS_STATUS_SUCCESS && canonp)
		*canonp = result->h_name;
	return status;
}

/**
 * _nss_nixctr_gethostbyname2_r - the addresses of a name in one family
 * @name, @family, @result, @buffer, @size, @errnop, @h_errnop: as above
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyname2_r(const char *name, int family,
						      struct hostent *result, char *buffer,
						      size_t size, int *errnop, int *h_errnop)
{
	return _nss_nixctr_gethostbyname3_r(name, family, result, buffer, size, errnop, h_errnop,
					    NULL, NULL);
}

/**
 * _nss_nixctr_gethostbyname_r - the IPv4 addresses of a name
 * @name, @result, @buffer, @size, @errnop, @h_errnop: as above
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyname_r(const char *name, struct hostent *result,
						     char *buffer, size_t size, int *errnop,
						     int *h_errnop)
{
	return _nss_nixctr_gethostbyname2_r(name, AF_INET, result, buffer, size, errnop, h_errnop);
}

/**
 * _nss_nixctr_gethostbyaddr2_r - the name that an address belongs to
 * @address, @length: in network order, borrowed
 * @family: AF_INET or AF_INET6
 * @result: filled
 * @buffer, @size: where the rest goes
 * @errnop, @h_errnop: filled
 * @ttlp: for how long it is so, in seconds; NULL: of no interest
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyaddr2_r(const void *address, socklen_t length,
						      int family, struct hostent *result,
						      char *buffer, size_t size, int *errnop,
						      int *h_errnop, int32_t *ttlp)
{
	const struct outcome outcome = { errnop, h_errnop };
	struct nss_address wanted = { .family = family };
	struct room room = { buffer, size };
	struct nss_entry entry;

	if ((family != AF_INET && family != AF_INET6) || length != nss_address_size(family))
		return unknown(&outcome, HOST_NOT_FOUND);
	memcpy(wanted.bytes, address, length);
	if (!nss_find_address(&host, &wanted, &entry))
		return unknown(&outcome, HOST_NOT_FOUND);
	if (ttlp)
		*ttlp = 0;
	return answer(&entry, family, &room, result, &outcome);
}

/**
 * _nss_nixctr_gethostbyaddr_r - the name that an address belongs to
 * @address, @length, @family, @result, @buffer, @size, @errnop, @h_errnop: as above
 */
EXPORTED enum nss_status _nss_nixctr_gethostbyaddr_r(const void *address, socklen_t length,
						     int family, struct hostent *result,
						     char *buffer, size_t size, int *errnop,
						     int *h_errnop)
{
	return _nss_nixctr_gethostbyaddr2_r(address, length, family, result, buffer, size, errnop,
					    h_errnop, NULL);
}
