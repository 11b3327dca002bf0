/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/boot/resolver.h"
#include "tree.h"

#define STUB     "# made by something\nnameserver 127.0.0.53\noptions edns0\nsearch example.org\n"
#define UPSTREAM "nameserver 192.0.2.53\nsearch upstream.example\n"

static const struct {
	const char *own;      /* /etc/resolv.conf, NULL: none */
	const char *resolved; /* /run/systemd/resolve/resolv.conf */
	const char *manager;  /* /run/NetworkManager/no-stub-resolv.conf */
	const char *said;
	int found;
} cases[] = {
	{ "nameserver 192.0.2.1\n", UPSTREAM, NULL, "nameserver 192.0.2.1\n", 1 },
	{ STUB, UPSTREAM, NULL, UPSTREAM, 1 },
	{ STUB, "nameserver 127.0.0.1\n", UPSTREAM, UPSTREAM, 1 },
	{ NULL, NULL, UPSTREAM, UPSTREAM, 1 },
	{ STUB, NULL, NULL, "options edns0\nsearch example.org\n", 0 },
	{ NULL, NULL, NULL, "", 0 },
	/* One of several is of use. */
	{ "nameserver ::1\nnameserver 2001:db8::53\nnameserver 127.1.2.3\n", NULL, NULL,
	  "nameserver 2001:db8::53\n", 1 },
	{ "nameserver 0.0.0.0\n", NULL, NULL, "", 0 },
	{ "nameserver ::\n", NULL, NULL, "", 0 },
	{ "nameserver fe80::1%eth0\n", NULL, NULL, "", 0 },
	{ "nameserver\t192.0.2.1   # why\n", NULL, NULL, "nameserver\t192.0.2.1   # why\n", 1 },
	{ "nameserver 192.0.2.1", NULL, NULL, "nameserver 192.0.2.1", 1 },
	{ "nameserver one.example\n", UPSTREAM, NULL, UPSTREAM, 1 },
	{ "nameserver\n", UPSTREAM, NULL, UPSTREAM, 1 },
};

/* Writes a file of the host, or removes it. */
static void give(const struct paths *paths, const char *name, const char *text)
{
	char path[PATH_MAX], *slash;

	assert_int_equal(path_format(path, sizeof(path), NULL, "%s%s", paths->root, name), 0);
	if (!text) {
		assert_true(file_remove(path, NULL) >= 0);
		return;
	}
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_true(directory_make(path, 0755, NULL) >= 0);
	*slash = '/';
	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
}

static void resolvers_of_no_use_are_left_out(void **state)
{
	const struct paths *paths = &((const struct tree *)*state)->paths;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = NULL;
		size_t length;

		give(paths, "/etc/resolv.conf", cases[i].own);
		give(paths, "/run/systemd/resolve/resolv.conf", cases[i].resolved);
		give(paths, "/run/NetworkManager/no-stub-resolv.conf", cases[i].manager);
		assert_int_equal(resolver_text(paths, &text, &length, NULL), cases[i].found);
		assert_string_equal(text, cases[i].said);
		assert_int_equal(length, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(resolvers_of_no_use_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
