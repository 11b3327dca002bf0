/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random sequences of everything that can be asked, against a model too simple to be wrong: it looks
 * at all of a small pool each time.
 */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define STEPS      20000
#define CAPACITY   12
#define CONTAINERS 16
#define OUTSIDE    6 /* addresses beside the pool that are asked for */

/* Addresses by number: two for each slot, then those outside. */
#define ADDRESSES (2 * CAPACITY + OUTSIDE)
#define NONE      (-1)

/* What a container of the model holds. */
struct holder {
	bool present;
	bool automatic;
	int host, local; /* address numbers, or NONE */
};

struct model {
	struct holder holder[CONTAINERS];
	int freed[CAPACITY]; /* when it was given up, 0: nobody ever had it */
	int time;
};

/**
 * address_text - an address by its number
 * @number: below ADDRESSES
 * @text: the caller's buffer
 */
static const char *address_text(int number, char text[32])
{
	if (number < 2 * CAPACITY)
		(void)snprintf(text, 32, "10.233.%d.%d", number / 2 + 1, number % 2 + 1);
	else
		(void)snprintf(text, 32, "192.0.2.%d", number - 2 * CAPACITY + 1);
	return text;
}

/**
 * model_holder - who has an address
 * @model: borrowed
 * @address: its number, or NONE
 *
 * Returns the number of the container, or NONE.
 */
static int model_holder(const struct model *model, int address)
{
	for (int i = 0; address != NONE && i < CONTAINERS; i++) {
		const struct holder *holder = &model->holder[i];

		if (holder->present && (holder->host == address || holder->local == address))
			return i;
	}
	return NONE;
}

/**
 * model_is_free - whether nobody has an address of a slot
 * @model: borrowed
 * @slot: below CAPACITY
 */
static bool model_is_free(const struct model *model, int slot)
{
	return model_holder(model, 2 * slot) == NONE && model_holder(model, 2 * slot + 1) == NONE;
}

/**
 * model_drop - a container gives up what it holds
 * @model: changed
 * @container: its number
 */
static void model_drop(struct model *model, int container)
{
	struct holder *holder = &model->holder[container];
	const int addresses[] = { holder->host, holder->local };

	holder->present = false;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		int slot = addresses[i] / 2;

		if (addresses[i] == NONE || slot >= CAPACITY || !model_is_free(model, slot))
			continue;
		if (i == 0 || addresses[0] == NONE || addresses[0] / 2 != slot)
			model->freed[slot] = ++model->time;
	}
}

/**
 * model_next - the slot that comes next
 * @model: borrowed
 *
 * Returns its number, or NONE.
 */
static int model_next(const struct model *model)
{
	int next = NONE;

	for (int slot = CAPACITY - 1; slot >= 0; slot--)
		if (model_is_free(model, slot) &&
		    (next == NONE || model->freed[slot] <= model->freed[next]))
			next = slot;
	return next;
}

/**
 * model_lease - what ipam_lease() should do
 * @model: changed when it succeeds
 * @container: its number
 * @wanted: with automatic set, its addresses are filled in
 * @replace: IPAM_REPLACE
 *
 * Returns what ipam_lease() should return.
 */
static int model_lease(struct model *model, int container, struct holder *wanted, bool replace)
{
	struct holder *holder = &model->holder[container];
	struct model before = *model;
	int next;

	if (holder->present) {
		if (wanted->automatic
			    ? holder->automatic
			    : holder->host == wanted->host && holder->local == wanted->local) {
			*wanted = *holder;
			return 0;
		}
		if (!replace)
			return -EEXIST;
		model_drop(model, container);
	}
	if (wanted->automatic) {
		next = model_next(model);
		if (next == NONE) {
			*model = before;
			return -ENOSPC;
		}
		wanted->host = 2 * next;
		wanted->local = 2 * next + 1;
	} else if (model_holder(model, wanted->host) != NONE ||
		   model_holder(model, wanted->local) != NONE) {
		*model = before;
		return -EADDRINUSE;
	}
	*holder = *wanted;
	return 1;
}

/**
 * step_lease - one request to both, and compare the answers
 * @fixture, @model: changed
 * @container: its number
 */
static void step_lease(struct fixture *fixture, struct model *model, int container)
{
	struct holder wanted = { .present = true, .automatic = random() % 2 };
	unsigned flags = random() % 3 ? 0 : IPAM_REPLACE;
	struct ipam_lease request, lease;
	char name[16], host[32], local[32];
	int expected, r;

	wanted.local = (int)(random() % ADDRESSES);
	wanted.host = random() % 4 ? (wanted.local + 1) % ADDRESSES : (int)(random() % ADDRESSES);
	if (random() % 4 == 0 || wanted.host == wanted.local)
		wanted.host = NONE;
	(void)snprintf(name, sizeof(name), "c%d", container);
	request = request_make(name, NULL, NULL);
	if (wanted.automatic)
		flags |= IPAM_AUTOMATIC_V4;
	else
		request = request_make(name,
				       wanted.host == NONE ? NULL : address_text(wanted.host, host),
				       address_text(wanted.local, local));
	expected = model_lease(model, container, &wanted, flags & IPAM_REPLACE);
	r = ipam_lease(fixture->ipam, &request, flags, &lease, &fixture->e);
	assert_int_equal(r, expected);
	if (r < 0)
		return;
	assert_pair(&lease.v4, wanted.host == NONE ? "none" : address_text(wanted.host, host),
		    address_text(wanted.local, local));
	assert_int_equal(lease.v4.automatic, wanted.automatic);
}

/**
 * step_release - give up, in both
 * @fixture, @model: changed
 * @container: its number
 */
static void step_release(struct fixture *fixture, struct model *model, int container)
{
	char name[16];
	int expected = model->holder[container].present;

	(void)snprintf(name, sizeof(name), "c%d", container);
	if (expected)
		model_drop(model, container);
	assert_int_equal(ipam_release(fixture->ipam, name, "", &fixture->e), expected);
}

/**
 * step_usage - compare how full both are
 * @fixture, @model: borrowed
 */
static void step_usage(struct fixture *fixture, const struct model *model)
{
	uint32_t leased = 0, blocked = 0;

	for (int slot = 0; slot < CAPACITY; slot++) {
		int host = model_holder(model, 2 * slot);

		if (model_is_free(model, slot))
			continue;
		if (host != NONE && model->holder[host].automatic)
			leased++;
		else
			blocked++;
	}
	assert_usage(fixture, leased, blocked);
}

/**
 * step_holder - ask both who has an address
 * @fixture, @model: borrowed
 */
static void step_holder(struct fixture *fixture, const struct model *model)
{
	int number = (int)(random() % ADDRESSES), holder = model_holder(model, number);
	struct ipam_lease lease;
	char text[32], name[16];
	struct addr addr;

	assert_int_equal(addr_parse(address_text(number, text), &addr, NULL), 0);
	assert_int_equal(ipam_holder(fixture->ipam, &addr, &lease, &fixture->e), holder != NONE);
	if (holder == NONE)
		return;
	(void)snprintf(name, sizeof(name), "c%d", holder);
	assert_string_equal(lease.container, name);
}

static void test_model(void **state)
{
	struct fixture *fixture = *state;
	struct model model = { 0 };
	const char *chosen = getenv("SEED");
	unsigned seed = chosen ? (unsigned)strtoul(chosen, NULL, 10) : 1;

	print_message("# SEED=%u\n", seed);
	srandom(seed);
	fixture_sql(fixture, "UPDATE pool SET capacity = 12");
	for (int i = 0; i < STEPS; i++) {
		int container = (int)(random() % CONTAINERS);

		if (random() % 3)
			step_lease(fixture, &model, container);
		else
			step_release(fixture, &model, container);
		step_usage(fixture, &model);
		step_holder(fixture, &model);
		if (i % 500 == 0)
			assert_sound(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_model, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
