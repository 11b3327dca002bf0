/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "tree.h"

#define UNITS "/usr/lib/systemd/system"

/* Writes a definition. */
static void define(const struct tree *tree, const char *name, const char *text)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s.conf", name);
	tree_write(tree->paths.definitions, file, text, strlen(text));
}

/* Runs the generator. Returns the directory that it writes to. */
static const char *generate(const struct tree *tree)
{
	static char directory[128];

	(void)snprintf(directory, sizeof(directory), "%s/generator", tree->root);
	assert_true(directory_make(directory, 0755, NULL) >= 0);
	assert_int_equal(container_generate(&tree->paths, UNITS, directory, NULL), 0);
	return directory;
}

/* Where a link of the generator leads; "" when there is none. */
static const char *link_of(const char *directory, const char *name)
{
	static char target[256];
	char path[256];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	return target;
}

/* The drop-in of a container; "" when there is none. */
static const char *dropin_of(const char *directory, const char *name)
{
	static char text[4096];
	char path[256], *content;
	size_t length;

	(void)snprintf(path, sizeof(path), "%s/container@%s.service.d/50-nixctr-net.conf",
		       directory, name);
	text[0] = '\0';
	if (file_read(path, sizeof(text) - 1, &content, &length, NULL) == 0) {
		memcpy(text, content, length + 1);
		free(content);
	}
	return text;
}

static void without_containers_nothing_is_made(void **state)
{
	const char *directory = generate(*state);

	assert_string_equal(link_of(directory, "multi-user.target.wants/machines.target"), "");
	assert_int_equal(rmdir(directory), 0);
}

static void containers_that_start_with_the_host_are_wanted(void **state)
{
	const char *directory;

	define(*state, "web", "AUTO_START=1\n");
	define(*state, "idle", "AUTO_START=0\n");
	directory = generate(*state);
	assert_string_equal(link_of(directory, "machines.target.wants/container@web.service"),
			    UNITS "/container@.service");
	assert_string_equal(link_of(directory, "machines.target.wants/container@idle.service"), "");
	assert_string_equal(link_of(directory, "multi-user.target.wants/machines.target"),
			    UNITS "/machines.target");
	assert_string_equal(dropin_of(directory, "web"), "");
}

static void a_broken_definition_costs_that_container_only(void **state)
{
	const struct tree *tree = *state;
	const char *directory;
	char path[512];

	define(tree, "bad", "AUTO_START=1\nBIND=\"'unclosed\"\n");
	define(tree, "web", "AUTO_START=1\n");
	(void)snprintf(path, sizeof(path), "%s/dangling.conf", tree->paths.definitions);
	assert_int_equal(symlink("/nowhere", path), 0);
	(void)snprintf(path, sizeof(path), "%s/directory.conf", tree->paths.definitions);
	assert_true(directory_make(path, 0755, NULL) > 0);
	directory = generate(tree);
	assert_string_equal(link_of(directory, "machines.target.wants/container@web.service"),
			    UNITS "/container@.service");
	assert_string_equal(link_of(directory, "machines.target.wants/container@bad.service"), "");
}

static void keys_become_lines_of_the_unit(void **state)
{
	const char *text;

	define(*state, "web",
	       "BIND=\"/srv/a:/inside '/with blank' :/new +/within\"\nBIND_RO=/100%\n"
	       "EXTRA_NSPAWN_FLAGS=\"--bind=/b:/c:norbind --bind-ro /d --bind-user=x\"\n"
	       "INTERFACES=eth1\nMACVLANS=br-lan:mv\nTIMEOUT_START=5min\n"
	       "ALLOWED_DEVICES=\"/dev/fuse:rw char-usb_device:r /dev/kvm\"\n");
	text = dropin_of(generate(*state), "web");
	assert_string_equal(strchr(text, '\n'),
			    "\n[Unit]\n"
			    "RequiresMountsFor=\"/srv/a\"\n"
			    "RequiresMountsFor=\"/with blank\"\n"
			    "RequiresMountsFor=\"/100%%\"\n"
			    "RequiresMountsFor=\"/b\"\n"
			    "RequiresMountsFor=\"/d\"\n"
			    "Wants=sys-subsystem-net-devices-eth1.device\n"
			    "After=sys-subsystem-net-devices-eth1.device\n"
			    "Wants=sys-subsystem-net-devices-br\\x2dlan.device\n"
			    "After=sys-subsystem-net-devices-br\\x2dlan.device\n"
			    "\n[Service]\n"
			    "DeviceAllow=/dev/fuse rw\n"
			    "DeviceAllow=char-usb_device r\n"
			    "DeviceAllow=/dev/kvm rwm\n"
			    "TimeoutStartSec=5min\n");
}

static void values_cannot_become_lines_of_their_own(void **state)
{
	const char *text;

	define(*state, "web",
	       "BIND=\"'/a\nExecStart=/evil' /ok\"\nTIMEOUT_START=\"1\nUser=x\"\n"
	       "ALLOWED_DEVICES=\"/etc/shadow '/dev/x\nUser=x' /dev/../etc/shadow\"\n"
	       "INTERFACES=\"'a\nb' way-too-long-for-a-link\"\n");
	text = dropin_of(generate(*state), "web");
	assert_string_equal(strchr(text, '\n'),
			    "\n[Unit]\nRequiresMountsFor=\"/ok\"\n\n[Service]\n");
}

static void what_has_a_unit_of_its_own_is_left_alone(void **state)
{
	const struct tree *tree = *state;
	const char *directory;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/etc", tree->root);
	assert_true(directory_make(path, 0755, NULL) >= 0);
	(void)snprintf(path, sizeof(path), "%s/etc/systemd", tree->root);
	assert_true(directory_make(path, 0755, NULL) >= 0);
	(void)snprintf(path, sizeof(path), "%s/etc/systemd/system", tree->root);
	tree_write(path, "container@web.service", "", 0);
	define(tree, "web", "AUTO_START=1\nBIND=/srv\n");
	directory = generate(tree);
	assert_string_equal(link_of(directory, "machines.target.wants/container@web.service"), "");
	assert_string_equal(dropin_of(directory, "web"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(without_containers_nothing_is_made),
		TREE_TEST(containers_that_start_with_the_host_are_wanted),
		TREE_TEST(a_broken_definition_costs_that_container_only),
		TREE_TEST(keys_become_lines_of_the_unit),
		TREE_TEST(values_cannot_become_lines_of_their_own),
		TREE_TEST(what_has_a_unit_of_its_own_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
