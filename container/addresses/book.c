/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/addresses/addresses.h"
#include "container/addresses/choice.h"
#include "container/addresses/session.h"
#include "container/definitions/definition.h"
#include "container/definitions/definitions.h"
#include "container/definitions/pair-words.h"
#include "container/settings/settings.h"

/**
 * reason_parse - take what somebody says about a lease
 * @text: as typed, borrowed; NULL: nothing
 * @reason: filled
 * @e: says what is wrong with it
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int reason_parse(const char *text, char reason[IPAM_REASON_MAX], struct error *e)
{
	size_t length = text ? strlen(text) : 0;

	if (length >= IPAM_REASON_MAX)
		return error_set(e, ERROR_USAGE, EINVAL, "a reason has at most %d bytes",
				 IPAM_REASON_MAX - 1);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return error_set(e, ERROR_USAGE, EINVAL,
					 "a reason is one line without control characters");
	(void)snprintf(reason, IPAM_REASON_MAX, "%s", text ? text : "");
	return 0;
}

/**
 * reserve_parse - from what was typed to what the container will have
 * @request: borrowed
 * @ret_definition: its name, bridge and addresses
 * @reason: filled: what for
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int reserve_parse(const struct reserve_request *request, struct definition *ret_definition,
			 char reason[IPAM_REASON_MAX], struct error *e)
{
	struct definition definition = { .private_network = true, .cable = true };
	bool bridged = request->bridge;
	int r = name_check(request->name, e);

	if (r == 0)
		r = reason_parse(request->reason, reason, e);
	if (r == 0 && bridged)
		r = bridge_parse(request->bridge, definition.bridge, e);
	if (r == 0 && bridged && (request->host_address || request->host_address6))
		return error_set(
			e, ERROR_USAGE, EINVAL,
			"the gateway of bridge %s belongs to nobody and cannot be reserved",
			definition.bridge);
	if (r == 0)
		r = pair_parse(request->host_address, request->local_address, AF_INET, bridged,
			       &definition.v4, e);
	if (r == 0)
		r = pair_parse(request->host_address6, request->local_address6, AF_INET6, bridged,
			       &definition.v6, e);
	if (r < 0)
		return r;
	memcpy(definition.name, request->name, strlen(request->name) + 1);
	*ret_definition = definition;
	return 0;
}

/**
 * addresses_reserve - reserve addresses for a container that is created later
 * @paths: borrowed
 * @request: borrowed
 * @ret_lease: what is reserved
 * @e: says what is wrong or in the way
 *
 * Without addresses the next ones of the pools are taken, but not where some of a family are given. They are
 * held against the host as those of a container that is created: that takes what is reserved as it is.
 *
 * Returns 1, 0 when it is so already, or -errno.
 */
int addresses_reserve(const struct paths *paths, const struct reserve_request *request,
		      struct ipam_lease *ret_lease, struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	struct definition definition;
	struct probed probed = { .force = request->force };
	char reason[IPAM_REASON_MAX];
	int r = reserve_parse(request, &definition, reason, e);

	if (r == 0 && !request->force)
		r = addresses_probe(paths, &definition, &probed, e);
	if (r == 0)
		r = address_session_begin(paths, IPAM_WRITE, &session, e);
	if (r == 0)
		r = adopt_definitions(paths, session.ipam, e);
	if (r < 0)
		return r;
	return addresses_keep(paths, session.ipam, &definition, reason, &probed, ret_lease, e);
}

/**
 * holder_find - the lease of a container, or the one an address belongs to
 * @ipam: borrowed
 * @what: an address or a name, borrowed; what can be read as an address is one
 * @ret_addr: the address, or none
 * @ret_lease: the lease
 * @e: filled on failure
 *
 * Returns 1, 0 when there is none, or -errno.
 */
static int holder_find(struct ipam *ipam, const char *what, struct addr *ret_addr,
		       struct ipam_lease *ret_lease, struct error *e)
{
	int r;

	*ret_addr = (struct addr){ 0 };
	if (addr_parse(what, ret_addr, NULL) == 0)
		return ipam_holder(ipam, ret_addr, ret_lease, e);
	r = name_check(what, e);
	return r < 0 ? r : ipam_lookup(ipam, what, ret_lease, e);
}

/**
 * refuse_container - refuse to take the addresses of a container that is there
 * @paths: borrowed
 * @name: of it, borrowed
 * @e: says what to do instead
 *
 * A definition that cannot be read is one.
 *
 * Returns 0 when there is no definition, or -errno.
 */
static int refuse_container(const struct paths *paths, const char *name, struct error *e)
{
	struct defined defined = { .elsewhere = false };
	int r = defined_find(paths, name, &defined, NULL);

	if (r == 0)
		return 0;
	r = error_set(e, ERROR_CONFLICT, EEXIST,
		      "container '%s' has its addresses: %s%s/%s.conf is there", name,
		      defined.elsewhere ? paths->root : "",
		      defined.elsewhere ? DEFINITIONS_ELSEWHERE : paths->definitions, name);
	if (defined.elsewhere)
		return error_remedy(e, r, "take that file away to give them up");
	return error_remedy(e, r, "run 'nixctr-net destroy %s' to give them up", name);
}

/**
 * addresses_release - give up what is reserved, or held by what is gone, or cooling
 * @paths: borrowed
 * @what: a name or an address, borrowed
 * @reason: why, borrowed; NULL: nobody says
 * @e: says what is in the way
 *
 * Returns 1, 0 when it is free, or -errno.
 */
int addresses_release(const struct paths *paths, const char *what, const char *reason,
		      struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	struct ipam_lease lease;
	struct addr addr;
	char why[IPAM_REASON_MAX];
	int r = reason_parse(reason ? reason : "released", why, e);

	if (r == 0)
		r = address_session_begin(paths, IPAM_WRITE, &session, e);
	if (r == 0)
		r = holder_find(session.ipam, what, &addr, &lease, e);
	if (r < 0)
		return r;
	if (r == 0)
		return addr_is_set(&addr) ? ipam_cool(session.ipam, &addr, why, e) : 0;
	r = refuse_container(paths, lease.container, e);
	return r < 0 ? r : ipam_release(session.ipam, lease.container, why, e);
}

/**
 * addresses_describe - note down what a lease is for
 * @paths: borrowed
 * @what: a name or an address, borrowed
 * @reason: what for, borrowed
 * @e: says that nobody holds it
 *
 * Returns 1, 0 when it says so already, or -errno.
 */
int addresses_describe(const struct paths *paths, const char *what, const char *reason,
		       struct error *e)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	struct ipam_lease lease;
	struct addr addr;
	char why[IPAM_REASON_MAX];
	int r = reason_parse(reason, why, e);

	if (r == 0)
		r = book_open(paths, IPAM_WRITE, &ipam, e);
	if (r == 0)
		r = holder_find(ipam, what, &addr, &lease, e);
	if (r < 0)
		return r;
	if (r == 0 && !addr_is_set(&addr))
		return ipam_nobody(ipam, what, e);
	if (r == 0)
		return error_set(e, ERROR_NO_CONTAINER, ENOENT, "nobody holds %s", what);
	return ipam_describe(ipam, lease.container, why, e);
}
