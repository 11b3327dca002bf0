/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfer/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/container.h"

#define AT(name) offsetof(struct ipam_lease, name)

const struct field fields[] = {
	{ "container", FIELD_NAME, AT(container), 0 },
	{ "state", FIELD_STATE, AT(state), 0 },
	{ "bridge", FIELD_BRIDGE, AT(bridge), 0 },
	{ "mac", FIELD_MAC, AT(mac), 0 },
	{ "host_address", FIELD_ADDR, AT(v4.host), AF_INET },
	{ "local_address", FIELD_PREFIX, AT(v4.local), AF_INET },
	{ "automatic", FIELD_FLAG, AT(v4.automatic), 0 },
	{ "host_address6", FIELD_ADDR, AT(v6.host), AF_INET6 },
	{ "local_address6", FIELD_PREFIX, AT(v6.local), AF_INET6 },
	{ "automatic6", FIELD_FLAG, AT(v6.automatic), 0 },
	{ "since", FIELD_TIME, AT(since), 0 },
	{ "reason", FIELD_REASON, AT(reason), 0 },
};

const size_t n_fields = ARRAY_SIZE(fields);

_Static_assert(ARRAY_SIZE(fields) <= FIELDS_MAX, "there is room for each field");

/**
 * field_find - find a field by its name
 * @name: borrowed
 *
 * Returns its row, or NULL.
 */
const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < n_fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/**
 * prefix_put - an address with its length as text; without it where it is the whole address
 * @prefix: borrowed
 * @text: filled
 */
static void prefix_put(const struct prefix *prefix, char text[FIELD_ROOM])
{
	if (addr_is_set(&prefix->addr))
		(void)prefix_format(prefix, text);
}

/**
 * field_put - what a lease says in a field
 * @field: borrowed
 * @lease: borrowed
 * @text: the caller's buffer
 *
 * Returns @text; "" for nothing.
 */
const char *field_put(const struct field *field, const struct ipam_lease *lease,
		      char text[FIELD_ROOM])
{
	const void *value = (const char *)lease + field->offset;

	text[0] = '\0';
	switch (field->kind) {
	case FIELD_NAME:
	case FIELD_BRIDGE:
	case FIELD_REASON:
		(void)snprintf(text, FIELD_ROOM, "%s", (const char *)value);
		break;
	case FIELD_STATE:
		(void)snprintf(text, FIELD_ROOM, "%s", ipam_state_name(lease->state));
		break;
	case FIELD_MAC:
		if (mac_is_set(value))
			(void)mac_format(value, text);
		break;
	case FIELD_ADDR:
		if (addr_is_set(value))
			(void)addr_format(value, text);
		break;
	case FIELD_PREFIX:
		prefix_put(value, text);
		break;
	case FIELD_FLAG:
		(void)snprintf(text, FIELD_ROOM, "%s", *(const bool *)value ? "true" : "false");
		break;
	case FIELD_TIME:
		(void)snprintf(text, FIELD_ROOM, "%" PRId64, *(const int64_t *)value);
		break;
	}
	return text;
}

/**
 * state_take - read a state that a lease may be in
 * @text: borrowed
 * @ret_state: the state
 * @e: says which there are
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int state_take(const char *text, enum ipam_state *ret_state, struct error *e)
{
	if (strcmp(text, "bound") != 0 && strcmp(text, "reserved") != 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is neither bound nor reserved",
				 text);
	*ret_state = text[0] == 'b' ? IPAM_BOUND : IPAM_RESERVED;
	return 0;
}

/**
 * flag_take - read whether something is so
 * @text: borrowed
 * @ret_flag: whether it is
 * @e: names what is written there
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int flag_take(const char *text, bool *ret_flag, struct error *e)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return error_set(e, ERROR_USAGE, EINVAL, "'%.40s' is neither true nor false", text);
	*ret_flag = text[0] == 't';
	return 0;
}

/**
 * time_take - read a point in time
 * @text: borrowed
 * @ret_time: seconds since the epoch
 * @e: names what is written there
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int time_take(const char *text, int64_t *ret_time, struct error *e)
{
	intmax_t value;
	char *end;

	errno = 0;
	value = strtoimax(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "'%.40s' is no number of seconds since the epoch", text);
	*ret_time = value;
	return 0;
}

/**
 * address_take - read an address of the family of its field
 * @field: borrowed
 * @text: borrowed
 * @value: a struct addr or, with a length, a struct prefix; changed
 * @e: says what is wrong with it
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
static int address_take(const struct field *field, const char *text, void *value, struct error *e)
{
	struct prefix prefix = { 0 };
	bool whole = field->kind == FIELD_ADDR;
	int r = whole ? addr_parse(text, &prefix.addr, e) : prefix_parse(text, &prefix, e);

	if (r == 0 && prefix.addr.family != field->family)
		return error_set(e, ERROR_USAGE, EINVAL, "%.80s is no IPv%d address", text,
				 field->family == AF_INET ? 4 : 6);
	if (r == 0 && whole)
		*(struct addr *)value = prefix.addr;
	else if (r == 0)
		*(struct prefix *)value = prefix;
	return r;
}

/**
 * field_take - read what stands in a field
 * @field: borrowed
 * @text: borrowed; "" is nothing, and leaves the lease as it is
 * @lease: changed
 * @e: names the field and says what is wrong in it
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int field_take(const struct field *field, const char *text, struct ipam_lease *lease,
	       struct error *e)
{
	void *value = (char *)lease + field->offset;
	int r = 0;

	if (!text[0])
		return 0;
	switch (field->kind) {
	case FIELD_NAME:
		r = name_check(text, e);
		if (r == 0)
			memcpy(value, text, strlen(text) + 1);
		break;
	case FIELD_STATE:
		r = state_take(text, value, e);
		break;
	case FIELD_BRIDGE:
		r = bridge_parse(text, value, e);
		break;
	case FIELD_MAC:
		r = mac_parse(text, value, e);
		break;
	case FIELD_ADDR:
	case FIELD_PREFIX:
		r = address_take(field, text, value, e);
		break;
	case FIELD_FLAG:
		r = flag_take(text, value, e);
		break;
	case FIELD_TIME:
		r = time_take(text, value, e);
		break;
	case FIELD_REASON:
		r = reason_parse(text, value, e);
		break;
	}
	return r < 0 ? error_wrap(e, r, "%s", field->name) : 0;
}

/**
 * fields_check - refuse a lease whose fields do not go together
 * @lease: borrowed
 * @e: names the field
 *
 * What else a pair of addresses must be, the book says.
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int fields_check(const struct ipam_lease *lease, struct error *e)
{
	const char *host = addr_is_set(&lease->v4.host)   ? "host_address"
			   : addr_is_set(&lease->v6.host) ? "host_address6"
							  : NULL;

	if (!lease->container[0])
		return error_set(e, ERROR_USAGE, EINVAL, "container: it is not given");
	if (lease->bridge[0] && host)
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s: on bridge %s the gateway belongs to nobody", host,
				 lease->bridge);
	return 0;
}
