/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools that come, grow, shrink, drain and go between leases, at random, before a referee who knows
 * nothing of slots: he has a list of who has which address, and of each pool the network and what was
 * excluded. No address is anybody's twice, none comes from where it should not, and a pool that says
 * how many are free gives out just as many.
 */
#include "tests/unit/ipam/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define STEPS      4000 /* unless the environment says something else */
#define POOLS      4
#define CONTAINERS 24

/* The addresses of pool P are 10.0.P.0 to 10.0.P.255. */
#define ADDRESSES 256

/* A pool as the referee knows it: its network is 10.0.P.first/length. */
struct known {
	bool present, draining;
	int first, length;
	bool excluded[ADDRESSES]; /* the gateway among them */
	int holder[ADDRESSES];    /* 0: nobody, or the number of a container + 1 */
	bool given[ADDRESSES];    /* by the pool, and not chosen */
};

struct referee {
	struct known pools[POOLS];
	bool holds[CONTAINERS];
};

/**
 * is_outside - whether an address is none that a network gives out
 * @first, @length: the network
 * @address: its number
 */
static bool is_outside(int first, int length, int address)
{
	return address <= first || address >= first + (1 << (32 - length)) - 1;
}

/**
 * bridge_of - for whom a pool is
 * @number: of the pool; every second one is for a bridge
 */
static const char *bridge_of(int number)
{
	return number % 2 ? "br0" : "";
}

/**
 * network_make - the network of a pool
 * @number: of the pool
 * @first, @length: of it
 */
static struct prefix network_make(int number, int first, int length)
{
	struct prefix prefix;
	char text[64];

	(void)snprintf(text, sizeof(text), "10.0.%d.%d/%d", number, first, length);
	assert_int_equal(prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

/**
 * note - write down whose an address is; nobody else's may it be
 * @referee: changed
 * @addr: borrowed; may be none
 * @container: its number
 * @given: whether a pool has given it
 */
static void note(struct referee *referee, const struct addr *addr, int container, bool given)
{
	struct known *pool = &referee->pools[addr->bytes[2]];
	int address = addr->bytes[3];

	if (!addr_is_set(addr))
		return;
	assert_in_range(addr->bytes[2], 0, POOLS - 1);
	assert_int_equal(pool->holder[address], 0);
	pool->holder[address] = container + 1;
	pool->given[address] = given;
	referee->holds[container] = true;
	if (!given)
		return;
	assert_true(pool->present && !pool->draining && !pool->excluded[address]);
	assert_false(is_outside(pool->first, pool->length, address));
}

/**
 * given_outside - whether a pool has given addresses that are not in a network
 * @pool: borrowed
 * @first, @length: the network; of the length 32 none is in it
 */
static bool given_outside(const struct known *pool, int first, int length)
{
	for (int i = 0; i < ADDRESSES; i++)
		if (pool->holder[i] && pool->given[i] && is_outside(first, length, i))
			return true;
	return false;
}

/**
 * step_add - add a pool
 * @fixture, @referee: changed
 * @number: of the pool, which is not there
 */
static void step_add(struct fixture *fixture, struct referee *referee, int number)
{
	struct known *pool = &referee->pools[number];
	struct ipam_pool wanted = { .kind = number % 2 ? IPAM_SUBNET : IPAM_PAIRS };
	int size, r;

	pool->length = 26 + (int)(random() % 3);
	size = 1 << (32 - pool->length);
	pool->first = (int)(random() % (ADDRESSES / size)) * size;
	wanted.prefix = network_make(number, pool->first, pool->length);
	(void)snprintf(wanted.name, sizeof(wanted.name), "p%d", number);
	(void)snprintf(wanted.bridge, sizeof(wanted.bridge), "%s", bridge_of(number));
	memset(pool->excluded, 0, sizeof(pool->excluded));
	for (int i = pool->first + 7; i < pool->first + size; i += 16) {
		struct ipam_range *hole = &wanted.excluded[wanted.n_excluded++];

		hole->first = hole->last =
			addr_add(&wanted.prefix.addr, (uint32_t)(i - pool->first));
		pool->excluded[i] = true;
	}
	if (number % 2) {
		wanted.gateway = addr_add(&wanted.prefix.addr, 1);
		pool->excluded[pool->first + 1] = true;
	}
	r = ipam_pool_add(fixture->ipam, &wanted, &fixture->e);
	assert_int_equal(r, number % 2 && pool->holder[pool->first + 1] ? -EADDRINUSE : 1);
	pool->present = r > 0;
	pool->draining = false;
}

/**
 * step_resize - give a pool a network twice or half as large, or a quarter
 * @fixture, @referee: changed
 * @number: of the pool, which is there
 */
static void step_resize(struct fixture *fixture, struct referee *referee, int number)
{
	struct known *pool = &referee->pools[number];
	int length = pool->length - 1 + (int)(random() % 4), size = 1 << (32 - length);
	int first = pool->first / size * size;
	char name[16];
	struct prefix prefix;
	bool refused;
	int r;

	if (length < 24 || length > 31)
		return;
	if (length > pool->length && random() % 2)
		first = pool->first + (1 << (32 - pool->length)) - size;
	prefix = network_make(number, first, length);
	refused = given_outside(pool, first, length);
	(void)snprintf(name, sizeof(name), "p%d", number);
	r = ipam_pool_resize(fixture->ipam, name, &prefix, &fixture->e);
	if (length == pool->length) {
		assert_int_equal(r, 0);
		return;
	}
	/* Without its gateway, or too small, it is refused for that. */
	if (r != -EINVAL)
		assert_int_equal(r, refused ? -EBUSY : 1);
	if (r < 0)
		return;
	pool->first = first;
	pool->length = length;
	for (int i = 0; i < ADDRESSES; i++)
		if (is_outside(first, length, i))
			pool->excluded[i] = false;
}

/**
 * step_pool - change a pool in some way
 * @fixture, @referee: changed
 */
static void step_pool(struct fixture *fixture, struct referee *referee)
{
	int number = (int)(random() % POOLS), what = (int)(random() % 6);
	struct known *pool = &referee->pools[number];
	char name[16];

	(void)snprintf(name, sizeof(name), "p%d", number);
	if (!pool->present) {
		step_add(fixture, referee, number);
	} else if (what == 0) {
		bool left = given_outside(pool, 0, 32);

		assert_int_equal(ipam_pool_remove(fixture->ipam, name, &fixture->e),
				 left ? -EBUSY : 1);
		pool->present = left;
	} else if (what == 1) {
		assert_int_equal(ipam_pool_drain(fixture->ipam, name, &fixture->e),
				 !pool->draining);
		pool->draining = true;
	} else if (what == 2) {
		assert_int_equal(ipam_pool_fill(fixture->ipam, name, &fixture->e), pool->draining);
		pool->draining = false;
	} else {
		step_resize(fixture, referee, number);
	}
}

/**
 * step_lease - lease something, from a pool or not
 * @fixture, @referee: changed
 * @container: its number, which holds nothing
 */
static void step_lease(struct fixture *fixture, struct referee *referee, int container)
{
	bool automatic = random() % 4 > 0;
	struct ipam_lease request, lease;
	char name[16], host[32], local[32];
	int r;

	(void)snprintf(name, sizeof(name), "c%d", container);
	(void)snprintf(host, sizeof(host), "10.0.%d.%d", (int)(random() % POOLS),
		       (int)(random() % ADDRESSES));
	(void)snprintf(local, sizeof(local), "10.0.%d.%d", (int)(random() % POOLS),
		       (int)(random() % ADDRESSES));
	request = request_make(name, automatic ? NULL : host, automatic ? NULL : local);
	(void)snprintf(request.bridge, sizeof(request.bridge), "%s",
		       automatic ? bridge_of((int)(random() % 2)) : "");
	/* What asks for nothing else on a bridge without a pool holds a MAC, at least. */
	request.mac = (struct mac){ { 2, 0, 0, 0, 0, (uint8_t)container } };
	r = ipam_lease(fixture->ipam, &request, automatic ? IPAM_AUTOMATIC_V4 : 0, &lease,
		       &fixture->e);
	if (r < 0) {
		assert_true(automatic ? r == -ENOSPC : r == -EADDRINUSE || r == -EINVAL);
		return;
	}
	note(referee, &lease.v4.host, container, automatic);
	note(referee, &lease.v4.local.addr, container, automatic);
	referee->holds[container] = true;
}

/**
 * step_release - give up what a container holds
 * @fixture, @referee: changed
 * @container: its number
 */
static void step_release(struct fixture *fixture, struct referee *referee, int container)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "c%d", container);
	assert_int_equal(ipam_release(fixture->ipam, name, "", &fixture->e), 1);
	for (int i = 0; i < POOLS; i++)
		for (int j = 0; j < ADDRESSES; j++)
			if (referee->pools[i].holder[j] == container + 1)
				referee->pools[i].holder[j] = 0;
	referee->holds[container] = false;
}

/**
 * free_said - how many the pools say are free that would be asked
 * @fixture: borrowed
 * @referee: borrowed
 * @bridge: for whom
 *
 * Compares on the way how many each says are leased.
 */
static uint32_t free_said(struct fixture *fixture, const struct referee *referee,
			  const char *bridge)
{
	struct ipam_pool_view view;
	uint32_t said = 0;
	char name[16];

	for (int i = 0; i < POOLS; i++) {
		const struct known *pool = &referee->pools[i];
		uint32_t leased = 0;

		if (!pool->present || strcmp(bridge_of(i), bridge) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "p%d", i);
		if (ipam_pool_show(fixture->ipam, name, &view, &fixture->e) < 0)
			fail_msg("%s", fixture->e.text);
		for (int j = 0; j < ADDRESSES; j++)
			leased += pool->holder[j] && pool->given[j];
		assert_int_equal(view.usage.leased, bridge[0] ? leased : leased / 2);
		said += pool->draining ? 0 : view.usage.free;
	}
	return said;
}

/**
 * exhaust - take all there is, and give it back
 * @fixture: changed
 * @referee: borrowed
 * @bridge: for whom
 */
static void exhaust(struct fixture *fixture, const struct referee *referee, const char *bridge)
{
	uint32_t said = free_said(fixture, referee, bridge), taken = 0;
	_cleanup_(freep) struct referee *scratch = malloc(sizeof(*scratch));
	struct ipam_lease request = request_make("x", NULL, NULL), lease;
	int r;

	assert_non_null(scratch);
	*scratch = *referee;
	(void)snprintf(request.bridge, sizeof(request.bridge), "%s", bridge);
	for (;; taken++) {
		(void)snprintf(request.container, sizeof(request.container), "x%u", taken);
		request.mac = (struct mac){ { 2, 1, 0, 0, (uint8_t)(taken >> 8), (uint8_t)taken } };
		r = ipam_lease(fixture->ipam, &request, IPAM_AUTOMATIC_V4, &lease, &fixture->e);
		if (r < 0 || !addr_is_set(&lease.v4.local.addr))
			break;
		note(scratch, &lease.v4.host, 0, true);
		note(scratch, &lease.v4.local.addr, 0, true);
	}
	assert_true(r == -ENOSPC || r == 1);
	assert_int_equal(taken, said);
	for (uint32_t i = 0; i < taken + (r == 1); i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "x%u", i);
		assert_int_equal(ipam_release(fixture->ipam, name, "", &fixture->e), 1);
	}
}

static void test_pool_model(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_(freep) struct referee *referee = calloc(1, sizeof(*referee));
	const char *chosen = getenv("SEED"), *fewer = getenv("STEPS");
	unsigned seed = chosen ? (unsigned)strtoul(chosen, NULL, 10) : 1;
	long steps = fewer ? strtol(fewer, NULL, 10) : STEPS;

	assert_non_null(referee);
	assert_true(steps > 0);
	print_message("# SEED=%u\n", seed);
	srandom(seed);
	assert_int_equal(ipam_pool_remove(fixture->ipam, "default", &fixture->e), 1);
	for (long i = 0; i < steps; i++) {
		int container = (int)(random() % CONTAINERS);

		if (random() % 4 == 0)
			step_pool(fixture, referee);
		else if (referee->holds[container])
			step_release(fixture, referee, container);
		else
			step_lease(fixture, referee, container);
		if (i % 100 == 0) {
			exhaust(fixture, referee, "");
			exhaust(fixture, referee, "br0");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pool_model, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
