/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/view.h"
#include "base/cleanup.h"

#define ROWS 8

/* Three lists that are made up, and what came of comparing them. */
struct made {
	struct view view;
	struct ipam_lease leases[ROWS];
	struct defined defined[ROWS];
	struct attached attached[ROWS];
	struct sighting sightings[ROWS];
	struct untagged untagged[ROWS];
	struct ipam_usage pool;
	struct audit_findings findings;
};

/**
 * pair - a pair of addresses as they would be typed
 * @host, @local: NULL: none
 */
static struct ipam_pair pair(const char *host, const char *local)
{
	struct ipam_pair pair = { .automatic = false };

	if (host)
		assert_int_equal(addr_parse(host, &pair.host, NULL), 0);
	if (local)
		assert_int_equal(prefix_parse(local, &pair.local, NULL), 0);
	return pair;
}

/**
 * lease - what somebody says a container has
 * @name: of the container
 * @host, @local: NULL: none
 */
static struct ipam_lease lease(const char *name, const char *host, const char *local)
{
	struct ipam_lease lease = { .state = IPAM_BOUND };
	const char *family = local ? local : "";

	(void)snprintf(lease.container, sizeof(lease.container), "%s", name);
	if (local && strchr(family, ':'))
		lease.v6 = pair(host, local);
	else
		lease.v4 = pair(host, local);
	return lease;
}

/* Adds a lease to the book. */
static struct ipam_lease *booked(struct made *made, const char *name, const char *host,
				 const char *local)
{
	made->leases[made->view.n_leases] = lease(name, host, local);
	return &made->leases[made->view.n_leases++];
}

/* Adds a definition. */
static struct defined *defined(struct made *made, const char *name, const char *host,
			       const char *local)
{
	made->defined[made->view.n_defined] = (struct defined){ .claim = lease(name, host, local) };
	return &made->defined[made->view.n_defined++];
}

/* Adds both, which agree. */
static void agreed(struct made *made, const char *name, const char *host, const char *local)
{
	(void)booked(made, name, host, local);
	(void)defined(made, name, host, local);
}

/* Adds an address that the kernel has; @container: whose link or namespace it is, or "". */
static void seen(struct made *made, const char *addr, enum sighting_place place, const char *link,
		 const char *container)
{
	struct sighting *sighting = &made->sightings[made->view.n_sightings++];

	*sighting = (struct sighting){ .place = place };
	assert_int_equal(addr_parse(addr, &sighting->addr, NULL), 0);
	(void)snprintf(sighting->link, sizeof(sighting->link), "%s", link);
	(void)snprintf(sighting->container, sizeof(sighting->container), "%s", container);
}

/* Adds an attached container with its eth0. */
static struct attached *attached(struct made *made, const char *name)
{
	struct attached *row = &made->attached[made->view.n_attached++];

	*row = (struct attached){ .pinned = true, .eth0 = true };
	(void)snprintf(row->container, sizeof(row->container), "%s", name);
	return row;
}

/**
 * compared - compare what was made up
 * @made: changed
 * @expected: "case container other, ..." of all findings, in order
 */
static void compared(struct made *made, const char *expected)
{
	char text[1024] = "";

	assert_int_equal(prefix_parse("10.233.0.0/16", &made->pool.prefix, NULL), 0);
	made->view.leases = made->leases;
	made->view.defined = made->defined;
	made->view.attached = made->attached;
	made->view.sightings = made->sightings;
	made->view.untagged = made->untagged;
	made->view.pools = &made->pool;
	made->view.n_pools = 1;
	view_sort(&made->view);
	assert_int_equal(view_compare(&made->view, &made->findings, NULL), 0);
	for (size_t i = 0; i < made->findings.count; i++) {
		const struct audit_finding *finding = &made->findings.list[i];
		size_t length = strlen(text);

		assert_true(finding->what[0]);
		(void)snprintf(text + length, sizeof(text) - length, "%s%s%s%s%s%s", i ? ", " : "",
			       audit_case_name(finding->which), finding->container[0] ? " " : "",
			       finding->container, finding->other[0] ? " " : "", finding->other);
	}
	assert_string_equal(text, expected);
	free(made->findings.list);
}

static void test_nothing(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	compared(&made, "");
	agreed(&made, "a", "10.233.1.1", "10.233.1.2");
	agreed(&made, "b", NULL, "192.0.2.2/24");
	agreed(&made, "c", "fd00::1", "fd00::2");
	booked(&made, "kept", "10.233.2.1", "10.233.2.2")->state = IPAM_RESERVED;
	(void)defined(&made, "shares", NULL, NULL);
	compared(&made, "");
}

static void test_one_of_two(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	(void)booked(&made, "z", "10.233.1.1", "10.233.1.2");
	(void)defined(&made, "y", "10.233.3.1", "10.233.3.2");
	compared(&made, "lease-of-nobody z, definition-unleased y");
	(void)attached(&made, "z");
	compared(&made, "lease-of-attached z, definition-unleased y");
	made.defined[0].unread = true;
	compared(&made, "lease-of-attached z");
}

static void test_host_ends_are_shared(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	agreed(&made, "a", "10.0.0.1", "10.0.0.2");
	(void)booked(&made, "b", NULL, "10.0.0.3");
	(void)defined(&made, "b", "10.0.0.1", "10.0.0.3");
	compared(&made, "");
	/* Nobody has it: then it should be entered. */
	(void)booked(&made, "c", NULL, "10.0.0.5");
	(void)defined(&made, "c", "10.0.0.4", "10.0.0.5");
	compared(&made, "definition-differs c");
	/* The host's end of one is the inside of another. */
	agreed(&made, "d", "10.0.0.2", "10.0.0.7");
	compared(&made, "definitions-share d a, definition-differs c");
}

static void test_swapped(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	(void)booked(&made, "a", NULL, "10.0.0.1");
	(void)booked(&made, "b", NULL, "10.0.0.2");
	(void)defined(&made, "a", NULL, "10.0.0.2");
	(void)defined(&made, "b", NULL, "10.0.0.1");
	compared(&made, "definition-differs a, definition-differs b");
}

static void test_doubled(void **state)
{
	struct made made = { .pool = { .pool = "default" } };
	const struct mac mac = { { 2, 0, 0, 0, 0, 1 } };

	(void)state;
	agreed(&made, "b", NULL, "10.0.0.1");
	defined(&made, "a", NULL, "10.0.0.1")->claim.mac = mac;
	made.defined[0].claim.mac = mac;
	/* That of the book is the other one, whatever their names. */
	compared(&made, "definitions-share a b, definitions-share-mac b a");
}

static void test_kernel(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	agreed(&made, "a", "10.233.1.1", "10.233.1.2");
	agreed(&made, "b", "10.233.2.1", "10.233.2.2");
	seen(&made, "10.233.1.1", SIGHTING_LINK, "ve-a", "a");
	seen(&made, "10.233.1.2", SIGHTING_ROUTE, "ve-a", "a");
	seen(&made, "10.233.1.2", SIGHTING_INSIDE, "eth0", "a");
	(void)attached(&made, "a");
	compared(&made, "");
	seen(&made, "10.233.2.2", SIGHTING_INSIDE, "eth0", "a");
	seen(&made, "10.9.9.9", SIGHTING_INSIDE, "eth0", "a");
	compared(&made, "cables-share a b");
	seen(&made, "10.233.9.2", SIGHTING_INSIDE, "eth0", "a");
	seen(&made, "10.233.2.1", SIGHTING_LINK, "lan0", "");
	seen(&made, "10.233.44.1", SIGHTING_LINK, "lan0", "");
	compared(&made, "address-unleased a, cables-share a b, host-has-address b, "
			"host-has-pool-address");
}

static void test_kernel_lacks(void **state)
{
	struct made made = { .pool = { .pool = "default" } };
	struct attached *row;

	(void)state;
	agreed(&made, "a", NULL, "10.233.1.2");
	made.defined[0].claim.mac.bytes[5] = 1;
	row = attached(&made, "a");
	compared(&made, "kernel-differs a");
	seen(&made, "10.233.1.2", SIGHTING_INSIDE, "eth0", "a");
	compared(&made, "kernel-differs a");
	row->mac = made.defined[0].claim.mac;
	compared(&made, "");
	row->eth0 = false;
	compared(&made, "kernel-differs a");
	made.defined[0].unread = true;
	compared(&made, "");
}

static void test_bridges_may_have_routes(void **state)
{
	struct made made = { .pool = { .pool = "default" } };

	(void)state;
	agreed(&made, "a", NULL, "192.0.2.2/24");
	(void)snprintf(made.leases[0].bridge, IFNAMSIZ, "br0");
	(void)snprintf(made.defined[0].claim.bridge, IFNAMSIZ, "br0");
	seen(&made, "192.0.2.2", SIGHTING_ROUTE, "br0", "");
	compared(&made, "");
	seen(&made, "192.0.2.2", SIGHTING_ROUTE, "lan0", "");
	compared(&made, "host-has-route a");
}

static void test_every_case_has_words(void **state)
{
	struct audit_finding finding = { .container = "web", .other = "db", .link = "lan0" };
	char remedy[AUDIT_WHAT];

	(void)state;
	for (size_t i = 0; i < AUDIT_CASES; i++) {
		finding.which = (enum audit_case)i;
		assert_non_null(audit_case_name(finding.which));
		assert_non_null(audit_grade_name(audit_grade(finding.which)));
		audit_remedy(&finding, remedy, sizeof(remedy));
		assert_true(remedy[0] && !strchr(remedy, '%') && !strchr(remedy, '$'));
		audit_remedy(&finding, remedy, 8);
		assert_true(strlen(remedy) < 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_one_of_two),
		cmocka_unit_test(test_host_ends_are_shared),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_doubled),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_lacks),
		cmocka_unit_test(test_bridges_may_have_routes),
		cmocka_unit_test(test_every_case_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
