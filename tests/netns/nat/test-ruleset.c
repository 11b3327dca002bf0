/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table itself: made, read back, mended, whatever is done to it and by however many. */
#include "listing.h"
#include "world.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "nat/nat.h"

#define PROCESSES 16
#define TURNS     20
#define NOBODY    65534
#define RULES     29 /* of a table without any part that is not always there */

static struct nat *nat;
static struct nat_spec spec;
static const char *golden_path;

/** world_begin - an empty host, and one external link to want */
static int world_begin(void **state)
{
	(void)state;
	if (world_isolate() < 0)
		return -1;
	assert_int_equal(nat_spec_add(&spec, "eth0", NULL), 1);
	return nat_open(&nat, NULL);
}

/** world_end - end the session */
static int world_end(void **state)
{
	(void)state;
	nat_close(nat);
	return 0;
}

/** table_begin - every test starts without our table */
static int table_begin(void **state)
{
	(void)state;
	return nat_remove(nat, NULL) < 0 ? -1 : 0;
}

/** assert_golden - nft shows the table as documented */
static void assert_golden(void)
{
	assert_listing(golden_path);
}

/** differences - how many there are, the first in @first */
static size_t differences(char first[160])
{
	struct nat_state is;
	struct nat_drift drift;
	int r = nat_read(nat, &is, NULL);
	size_t count;

	assert_true(r >= 0);
	count = nat_compare(&spec, r ? &is : NULL, &drift);
	(void)snprintf(first, 160, "%s", count ? drift.line[0] : "");
	return count;
}

/** the_listing_is_documentation - and ensuring again does nothing */
static void the_listing_is_documentation(void **state)
{
	char first[160];

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_golden();
	assert_int_equal(differences(first), 0);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 0);
	assert_golden();
	assert_int_equal(nat_remove(nat, NULL), 1);
	assert_int_equal(nat_remove(nat, NULL), 0);
	assert_int_not_equal(run("nft list table inet nixctr-net"), 0);
}

/* Everything that can be done to the table, and how that is told. */
static const struct drift_case {
	const char *command, *told;
} drift_cases[] = {
	{ "nft flush ruleset", "there is no table" },
	{ "nft delete table inet nixctr-net", "there is no table" },
	{ "nft flush table inet nixctr-net", "chain from-container lacks a rule" },
	{ "nft flush chain inet nixctr-net from-container", "chain from-container lacks a rule" },
	{ "nft flush chain inet nixctr-net source", "chain source lacks a rule" },
	{ "nft flush chain inet nixctr-net pin", "chain pin lacks a rule" },
	{ "nft add rule inet nixctr-net forward drop", "rule 3 of chain forward" },
	{ "nft insert rule inet nixctr-net forward accept", "rule 1 of chain forward" },
	{ "nft insert rule inet nixctr-net to-container iifname @external accept",
	  "rule 1 of chain to-container" },
	{ "nft add chain inet nixctr-net extra", "too many" },
	{ "nft add set inet nixctr-net extra { type ifname ; }", "too many" },
	{ "nft add counter inet nixctr-net extra", "too many" },
	{ "nft add chain inet nixctr-net forward { policy drop ; }",
	  "chain forward has been changed" },
	{ "nft add table inet nixctr-net { flags dormant ; }",
	  "table nixctr-net has been changed" },
	{ "nft flush set inet nixctr-net external", "link eth0 is not external" },
	{ "nft delete element inet nixctr-net external { eth0 }", "link eth0 is not external" },
	{ "nft add element inet nixctr-net external { eth1 }", "link eth1 is external" },
	{ "nft add element inet nixctr-net external { eth1, eth2, wlan0 }",
	  "link eth1 is external" },
};

/** every_drift_is_seen_and_mended - told, mended once, and then right */
static void every_drift_is_seen_and_mended(void **state)
{
	char first[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(drift_cases); i++) {
		assert_true(nat_ensure(nat, &spec, NULL) >= 0);
		must_run(drift_cases[i].command);
		if (differences(first) == 0 || !strstr(first, drift_cases[i].told))
			fail_msg("'%s' was told as '%s'", drift_cases[i].command, first);
		assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
		assert_int_equal(nat_ensure(nat, &spec, NULL), 0);
		assert_golden();
	}
}

/** each_single_rule_counts - deleted or replaced, it is missed and comes back */
static void each_single_rule_counts(void **state)
{
	char command[160], chain[64], first[160];
	int place = 0;

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	for (; rule_find(place, chain) >= 0; place++) {
		for (int replaced = 0; replaced < 2; replaced++) {
			assert_true(nat_ensure(nat, &spec, NULL) >= 0);
			(void)snprintf(command, sizeof(command),
				       "nft %s rule inet nixctr-net %s handle %lld %s",
				       replaced ? "replace" : "delete", chain,
				       rule_find(place, chain), replaced ? "counter" : "");
			if (!replaced)
				command[strlen(command) - 1] = '\0';
			must_run(command);
			assert_int_equal(differences(first), 1);
			assert_non_null(strstr(first, chain));
			assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
			assert_int_equal(differences(first), 0);
		}
	}
	assert_int_equal(place, RULES);
	assert_golden();
}

/** a_lost_counter_is_made_again - with the rules that use it, in one step */
static void a_lost_counter_is_made_again(void **state)
{
	char first[160];

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	must_run("nft flush chain inet nixctr-net postrouting");
	must_run("nft delete counter inet nixctr-net masqueraded");
	assert_int_equal(differences(first), 1);
	assert_non_null(strstr(first, "counter masqueraded is missing"));
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_golden();
}

/** counter_of_nft - the packets of a counter as nft reads it */
static long long counter_of_nft(const char *name)
{
	_cleanup_(freep) char *text = output_of("nft -j list counters table inet nixctr-net");
	json_t *root = json_loads(text, 0, NULL);
	json_t *entry;
	size_t index;
	long long packets = -1;

	assert_non_null(root);
	json_array_foreach(json_object_get(root, "nftables"), index, entry)
	{
		json_t *counter = json_object_get(entry, "counter");
		const char *called = json_string_value(json_object_get(counter, "name"));

		if (called && strcmp(called, name) == 0)
			packets = json_integer_value(json_object_get(counter, "packets"));
	}
	json_decref(root);
	return packets;
}

/** counters_go_on - a table that is made anew counts on, and counters are not mixed up */
static void counters_go_on(void **state)
{
	struct nat_state is;

	(void)state;
	must_run("nft add table inet nixctr-net { comment "
		 "\"networks of NixOS-style containers; see nixctr-net(8)\" ; }");
	must_run("nft add counter inet nixctr-net masqueraded { packets 1 bytes 10 ; }");
	must_run("nft add counter inet nixctr-net outgoing { packets 2 bytes 20 ; }");
	must_run("nft add counter inet nixctr-net incoming { packets 3 bytes 30 ; }");
	must_run("nft add counter inet nixctr-net dropped { packets 4 bytes 40 ; }");
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_int_equal(nat_read(nat, &is, NULL), 1);
	assert_int_equal(is.masqueraded.packets, 1);
	assert_int_equal(is.outgoing.packets, 2);
	assert_int_equal(is.incoming.packets, 3);
	assert_int_equal(is.dropped.packets, 4);
	assert_int_equal(is.dropped.bytes, 40);
	assert_int_equal(counter_of_nft("masqueraded"), 1);
	assert_int_equal(counter_of_nft("dropped"), 4);
}

/** externals_change_by_elements - rules keep their handles, the set is what was asked for */
static void externals_change_by_elements(void **state)
{
	struct nat_spec other = { 0 };
	struct nat_state is;
	long long handle;
	char chain[64];

	(void)state;
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	handle = rule_find(8, chain);
	for (int i = 0; i < NAT_EXTERNAL_MAX; i++) {
		char name[IFNAMSIZ];

		(void)snprintf(name, sizeof(name), "verylongname-%02d", i);
		assert_int_equal(nat_spec_add(&other, name, NULL), 1);
	}
	assert_int_equal(nat_ensure(nat, &other, NULL), 1);
	assert_int_equal(nat_read(nat, &is, NULL), 1);
	assert_true(is.intact);
	assert_int_equal(is.n_external, NAT_EXTERNAL_MAX);
	for (size_t i = 0; i < NAT_EXTERNAL_MAX; i++)
		assert_string_equal(is.external[i], other.external[i]);
	assert_int_equal(rule_find(8, chain), handle);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_int_equal(rule_find(8, chain), handle);
	assert_golden();
}

/** others_are_left_alone - no other table changes, byte for byte */
static void others_are_left_alone(void **state)
{
	_cleanup_(freep) char *before = NULL;
	_cleanup_(freep) char *after = NULL;

	(void)state;
	must_run("nft add table inet nixctr");
	must_run("nft add table ip nixctr-net");
	must_run("nft add chain ip nixctr-net forward { type filter hook forward priority 0 ; "
		 "policy "
		 "drop ; }");
	must_run("nft add rule ip nixctr-net forward iifname eth7 counter accept");
	before = output_of("nft -j -a list ruleset");
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	must_run("nft flush table inet nixctr-net");
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
	assert_int_equal(nat_remove(nat, NULL), 1);
	after = output_of("nft -j -a list ruleset");
	assert_string_equal(before, after);
	must_run("nft delete table ip nixctr-net");
	must_run("nft delete table inet nixctr");
}

/**
 * ensure_in_child - what one of many does: wait for the start, then remove and ensure, over and over
 *
 * Whoever acts on what it saw before somebody else's turn is refused by the kernel.
 */
static int ensure_in_child(int start)
{
	struct nat *own;
	char byte;

	if (read(start, &byte, 1) != 0 || nat_open(&own, NULL) < 0)
		return 1;
	for (int i = 0; i < TURNS; i++) {
		struct error e = ERROR_INIT;

		if ((i > 0 && nat_remove(own, &e) < 0) || nat_ensure(own, &spec, &e) < 0) {
			print_error("%s\n", e.text);
			return 1;
		}
	}
	nat_close(own);
	return 0;
}

/** many_at_once_agree - no error, one table; who reads meanwhile sees it whole or not at all */
static void many_at_once_agree(void **state)
{
	struct nat_state is;
	char first[160];
	int start[2], status;

	(void)state;
	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			close(start[1]);
			_exit(ensure_in_child(start[0]));
		}
	}
	close(start[0]);
	close(start[1]);
	for (int left = PROCESSES; left > 0;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		assert_true(pid >= 0);
		assert_true(nat_read(nat, &is, NULL) == 0 || (is.intact && is.n_external == 1));
		assert_true(pid == 0 || status == 0);
		left -= pid > 0;
	}
	assert_int_equal(differences(first), 0);
	assert_golden();
}

/** the_powerless_are_told - which capability it takes */
static void the_powerless_are_told(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error e = ERROR_INIT;

		if (setuid(NOBODY) < 0 || nat_ensure(nat, &spec, &e) != -EPERM ||
		    e.class != ERROR_DENIED || !strstr(e.remedy, "CAP_NET_ADMIN"))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/** a_table_with_an_owner_is_refused - by whom it is owned is told, and nothing is lost */
static void a_table_with_an_owner_is_refused(void **state)
{
	static const char command[] = "add table inet nixctr-net { flags owner; }\n";
	struct error e = ERROR_INIT;
	time_t deadline = time(NULL) + 30;
	struct nat_state is;
	int input[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(input), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(input[0], STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		close(input[1]);
		execlp("nft", "nft", "-i", NULL);
		_exit(127);
	}
	close(input[0]);
	assert_int_equal(write(input[1], command, strlen(command)), strlen(command));
	while (nat_read(nat, &is, NULL) == 0)
		assert_true(time(NULL) < deadline);
	assert_int_equal(nat_ensure(nat, &spec, &e), -EBUSY);
	assert_int_equal(e.class, ERROR_CONFLICT);
	assert_non_null(strstr(e.text, "is owned by"));
	close(input[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	while (nat_read(nat, &is, NULL) == 1)
		assert_true(time(NULL) < deadline);
	assert_int_equal(nat_ensure(nat, &spec, NULL), 1);
}

/** main - run the tests of the table; the argument is the golden listing */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_listing_is_documentation, table_begin),
		cmocka_unit_test_setup(every_drift_is_seen_and_mended, table_begin),
		cmocka_unit_test_setup(each_single_rule_counts, table_begin),
		cmocka_unit_test_setup(a_lost_counter_is_made_again, table_begin),
		cmocka_unit_test_setup(counters_go_on, table_begin),
		cmocka_unit_test_setup(externals_change_by_elements, table_begin),
		cmocka_unit_test_setup(others_are_left_alone, table_begin),
		cmocka_unit_test_setup(many_at_once_agree, table_begin),
		cmocka_unit_test_setup(the_powerless_are_told, table_begin),
		cmocka_unit_test_setup(a_table_with_an_owner_is_refused, table_begin),
	};

	if (argc != 2)
		return 2;
	golden_path = argv[1];
	return cmocka_run_group_tests_name("ruleset", tests, world_begin, world_end);
}
