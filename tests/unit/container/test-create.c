/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/definitions/definition.h"
#include "ipam/ipam.h"
#include "tree.h"

/* Creates a container with nothing to boot. */
static int create_network(const struct paths *paths, const struct create_request *request,
			  struct definition *definition, struct error *e)
{
	struct create_request network = *request;

	network.boots.none = true;
	return container_create(paths, &network, definition, e);
}

/* Creates a container with all that is automatic. */
static int create(const struct tree *tree, const char *name, struct definition *definition,
		  struct error *e)
{
	return create_network(&tree->paths, &(struct create_request){ .name = name }, definition,
			      e);
}

/* Opens the book of the tree; the caller closes it. */
static struct ipam *book(const struct tree *tree)
{
	struct ipam *ipam = NULL;

	assert_true(ipam_open(tree->paths.book, IPAM_READ, &ipam, NULL) >= 0);
	return ipam;
}

/* Whether the book has anything of that name. */
static bool has_lease(const struct tree *tree, const char *name)
{
	_cleanup_(ipam_closep) struct ipam *ipam = book(tree);
	struct ipam_lease lease;

	return ipam_lookup(ipam, name, &lease, NULL) > 0;
}

/* Checks the IPv4 address of the container. */
static void assert_local(const struct definition *definition, const char *expected)
{
	char text[PREFIX_TEXT];

	assert_string_equal(prefix_format(&definition->v4.local, text), expected);
}

static void addresses_come_in_order_and_are_written_down(void **state)
{
	const struct tree *tree = *state;
	struct definition first, second, read;

	assert_int_equal(create(tree, "one", &first, NULL), 1);
	assert_int_equal(create(tree, "two", &second, NULL), 1);
	assert_local(&first, "10.233.1.2");
	assert_local(&second, "10.233.2.2");
	assert_int_equal(definition_read(&tree->paths, "two", &read, NULL), 1);
	assert_local(&read, "10.233.2.2");
	assert_true(addr_equal(&read.v4.host, &second.v4.host));
	assert_true(mac_equal(&read.mac, &second.mac));
	assert_true(mac_is_set(&read.mac));
	assert_true(has_lease(tree, "one"));
}

static void a_taken_name_is_a_conflict(void **state)
{
	const struct tree *tree = *state;
	struct error e = ERROR_INIT;
	struct definition definition;

	assert_int_equal(create(tree, "one", &definition, NULL), 1);
	assert_int_equal(create(tree, "one", &definition, &e), -EEXIST);
	assert_int_equal(e.class, ERROR_CONFLICT);
}

static void a_name_can_be_made_unique(void **state)
{
	const struct tree *tree = *state;
	struct create_request request = { .name = "one", .unique = true };
	struct definition definition;
	char path[400];

	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	assert_string_equal(definition.name, "one");
	/* A root directory that somebody left takes a name as well. */
	assert_int_equal(path_format(path, sizeof(path), NULL, "%s/one-0", tree->paths.containers),
			 0);
	assert_true(directory_make(path, 0755, NULL) > 0);
	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	assert_string_equal(definition.name, "one-1");
	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	assert_string_equal(definition.name, "one-2");
}

static void a_lease_left_by_a_killed_run_is_taken_up(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;
	char path[PATH_MAX];

	assert_int_equal(create(tree, "one", &definition, NULL), 1);
	assert_int_equal(create(tree, "two", &definition, NULL), 1);
	assert_int_equal(definition_path(&tree->paths, "one", path, NULL), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(create(tree, "one", &definition, NULL), 1);
	assert_local(&definition, "10.233.1.2");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(create_network(&tree->paths,
					&(struct create_request){ .name = "one",
								  .host_address = "10.9.0.1",
								  .local_address = "10.9.0.2" },
					&definition, NULL),
			 1);
	assert_local(&definition, "10.9.0.2");
}

static void definitions_of_others_are_entered_in_the_book(void **state)
{
	static const char text[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1/24\n"
				   "LOCAL_ADDRESS=10.233.1.2/24\n";
	static const char more[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.3.1\n"
				   "LOCAL_ADDRESS=10.233.3.2\n";
	const struct tree *tree = *state;
	struct definition definition;

	tree_write(tree->paths.definitions, "theirs.conf", text, strlen(text));
	assert_int_equal(create(tree, "ours", &definition, NULL), 1);
	assert_local(&definition, "10.233.2.2");
	assert_true(has_lease(tree, "theirs"));
	/* Right behind a change of ours, where a clock tick may not have passed yet. */
	tree_write(tree->paths.definitions, "more.conf", more, strlen(more));
	assert_int_equal(create(tree, "next", &definition, NULL), 1);
	assert_local(&definition, "10.233.4.2");
}

/* Takes a container away without touching any network. */
static void forget(const struct tree *tree, const char *name)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	char path[PATH_MAX];

	assert_int_equal(definition_path(&tree->paths, name, path, NULL), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ipam_open(tree->paths.book, IPAM_WRITE, &ipam, NULL), 0);
	assert_int_equal(ipam_release(ipam, name, "", NULL), 1);
}

/* Whether an explicit request for an address is refused because somebody has it. */
static bool is_held(const struct tree *tree, const char *local)
{
	struct create_request request = { .name = "asks",
					  .host_address = "10.99.0.1",
					  .local_address = local };
	struct definition definition;
	struct error e = ERROR_INIT;
	int r = create_network(&tree->paths, &request, &definition, &e);

	if (r > 0)
		forget(tree, "asks");
	return r == -EADDRINUSE;
}

static void changed_definitions_are_followed(void **state)
{
	static const char before[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.5.0.1\n"
				     "LOCAL_ADDRESS=10.5.0.2\n";
	static const char after[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.6.0.1\n"
				    "LOCAL_ADDRESS=10.6.0.2\n";
	const struct tree *tree = *state;

	tree_write(tree->paths.definitions, "theirs.conf", before, strlen(before));
	assert_true(is_held(tree, "10.5.0.2"));
	tree_write(tree->paths.definitions, "theirs.conf", after, strlen(after));
	assert_true(is_held(tree, "10.6.0.2"));
	assert_false(is_held(tree, "10.5.0.2"));
}

static void several_may_share_the_address_of_the_host(void **state)
{
	static const char one[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.5.0.1\n"
				  "LOCAL_ADDRESS=10.5.0.2\n";
	static const char two[] = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.5.0.1\n"
				  "LOCAL_ADDRESS=10.5.0.3\n";
	static const char alone[] = "PRIVATE_NETWORK=1\nLOCAL_ADDRESS=10.5.0.4\n";
	const struct tree *tree = *state;

	tree_write(tree->paths.definitions, "one.conf", one, strlen(one));
	tree_write(tree->paths.definitions, "two.conf", two, strlen(two));
	tree_write(tree->paths.definitions, "alone.conf", alone, strlen(alone));
	assert_true(is_held(tree, "10.5.0.2"));
	assert_true(is_held(tree, "10.5.0.3"));
	assert_true(is_held(tree, "10.5.0.4"));
}

static void one_unreadable_definition_stops_nobody(void **state)
{
	const struct tree *tree = *state;
	struct definition definition;

	tree_write(tree->paths.definitions, "broken.conf", "LOCAL_ADDRESS=nonsense\n", 23);
	assert_int_equal(create(tree, "ours", &definition, NULL), 1);
	assert_local(&definition, "10.233.1.2");
}

static void what_is_asked_wrongly_leaves_nothing(void **state)
{
	static const struct {
		struct create_request request;
		const char *error;
	} cases[] = {
		{ { .name = "../x" }, "no container name" },
		{ { .name = "x", .host_address = "10.1.1.1" }, "without --local-address" },
		{ { .name = "x", .local_address = "10.1.1.1" }, "without --host-address" },
		{ { .name = "x", .local_address6 = "fd00::1" }, "without --host-address6" },
		{ { .name = "x", .host_address = "10.1.1.1/24", .local_address = "10.1.1.2" },
		  "prefix length where only an address belongs" },
		{ { .name = "x", .host_address = "10.1.1.1", .local_address = "10.1.1.1" }, "" },
		{ { .name = "x", .host_address = "fd00::1", .local_address = "fd00::2" }, "IPv4" },
		{ { .name = "x", .host_address6 = "10.1.1.1", .local_address6 = "10.1.1.2" },
		  "IPv6" },
		{ { .name = "x", .host_address = "10.233.0.0", .local_address = "10.233.0.1" },
		  "10.233.0.0" },
		{ { .name = "x",
		    .host_address = "10.233.255.254",
		    .local_address = "10.233.255.255" },
		  "10.233.255.255" },
		{ { .name = "x", .host_address = "300.1.1.1", .local_address = "10.1.1.1" },
		  "300.1.1.1" },
		{ { .name = "x", .host_address = "127.0.0.1", .local_address = "10.1.1.1" },
		  "127.0.0.1" },
		{ { .name = "x", .bridge = "" }, "bridge" },
		{ { .name = "x", .bridge = "a/b" }, "bridge" },
		{ { .name = "x", .bridge = "br0", .local_address = "10.1.1.2" }, "prefix length" },
		{ { .name = "x", .bridge = "br0", .local_address = "10.1.1.0/24" }, "10.1.1.0" },
		{ { .name = "x",
		    .bridge = "br0",
		    .local_address = "10.1.1.2/24",
		    .host_address = "10.2.1.1" },
		  "gateway 10.2.1.1" },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char(*names)[CONTAINER_NAME_MAX] = NULL;
		struct error e = ERROR_INIT;
		struct definition definition;
		size_t count;

		assert_int_equal(create_network(&tree->paths, &cases[i].request, &definition, &e),
				 -EINVAL);
		assert_int_equal(e.class, ERROR_USAGE);
		assert_non_null(strstr(e.text, cases[i].error));
		assert_int_equal(definition_names(&tree->paths, &names, &count, NULL), 0);
		assert_int_equal(count, 0);
		assert_false(has_lease(tree, "x"));
	}
}

static void a_leased_address_names_its_holder(void **state)
{
	struct create_request request = { .name = "two",
					  .host_address = "10.9.9.1",
					  .local_address = "10.233.1.2" };
	const struct tree *tree = *state;
	struct definition definition;
	struct error e = ERROR_INIT;

	assert_int_equal(create(tree, "one", &definition, NULL), 1);
	assert_int_equal(create_network(&tree->paths, &request, &definition, &e), -EADDRINUSE);
	assert_int_equal(e.class, ERROR_CONFLICT);
	assert_non_null(strstr(e.text, "10.233.1.2"));
	assert_non_null(strstr(e.text, "one"));
	assert_false(has_lease(tree, "two"));
}

static void bridges_share_their_gateway(void **state)
{
	struct create_request request = { .name = "one",
					  .bridge = "br0",
					  .host_address = "10.1.1.1",
					  .local_address = "10.1.1.2/24" };
	const struct tree *tree = *state;
	struct definition definition;

	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	request.name = "two";
	request.local_address = "10.1.1.3/24";
	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	assert_int_equal(definition_read(&tree->paths, "two", &definition, NULL), 1);
	assert_local(&definition, "10.1.1.3/24");
	request = (struct create_request){ .name = "dhcp", .bridge = "br0" };
	assert_int_equal(create_network(&tree->paths, &request, &definition, NULL), 1);
	assert_false(addr_is_set(&definition.v4.local.addr));
}

static void two_links_never_get_one_name(void **state)
{
	const struct tree *tree = *state;
	char link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];
	struct error e = ERROR_INIT;
	struct definition definition;

	veth_link_name("really-long-name", false, link, altname);
	assert_int_equal(create(tree, "really-long-name", &definition, NULL), 1);
	assert_int_equal(create(tree, link + strlen("ve-"), &definition, &e), -EEXIST);
	assert_int_equal(e.class, ERROR_CONFLICT);
	assert_non_null(strstr(e.text, "really-long-name"));
	assert_non_null(strstr(e.text, link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(addresses_come_in_order_and_are_written_down),
		TREE_TEST(a_taken_name_is_a_conflict),
		TREE_TEST(a_name_can_be_made_unique),
		TREE_TEST(a_lease_left_by_a_killed_run_is_taken_up),
		TREE_TEST(definitions_of_others_are_entered_in_the_book),
		TREE_TEST(changed_definitions_are_followed),
		TREE_TEST(several_may_share_the_address_of_the_host),
		TREE_TEST(one_unreadable_definition_stops_nobody),
		TREE_TEST(what_is_asked_wrongly_leaves_nothing),
		TREE_TEST(a_leased_address_names_its_holder),
		TREE_TEST(bridges_share_their_gateway),
		TREE_TEST(two_links_never_get_one_name),
	};

	return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
