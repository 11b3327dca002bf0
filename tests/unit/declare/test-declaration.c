/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "declare/declare.h"

/* Reads a container "foo" with these options, as JSON. Returns what declarations_parse() does. */
static int parse(const char *options, struct declarations *declarations, struct error *e)
{
	char json[2048];

	(void)snprintf(json, sizeof(json),
		       "{\"values\": {\"containers\": {\"foo\": {%s}}},"
		       " \"places\": {\"containers\": {\"at\": \"f:1:1\", \"within\":"
		       " {\"foo\": {\"at\": \"f:2:1\", \"within\":"
		       " {\"hostAdress\": {\"at\": \"f:3:5\", \"within\": {}}}}}}}}",
		       options);
	return declarations_parse(json, declarations, e);
}

/* Each option, and what it becomes. */
static const struct {
	const char *option, *key, *value;
} each[] = {
	{ "\"privateNetwork\": true", "PRIVATE_NETWORK", "1" },
	{ "\"privateNetwork\": true", "AUTO_ADDRESS", "1" },
	{ "\"hostBridge\": \"br0\"", "PRIVATE_NETWORK", "0" },
	{ "\"privateNetwork\": false, \"localAddress\": \"10.1.0.2\"", "PRIVATE_NETWORK", "0" },
	{ "\"privateNetwork\": true, \"macvlans\": [\"eth0\"]", "AUTO_ADDRESS", NULL },
	{ "\"hostAddress\": \"10.1.0.1\"", "HOST_ADDRESS", "10.1.0.1" },
	{ "\"localAddress\": \"10.1.0.2\"", "LOCAL_ADDRESS", "10.1.0.2" },
	{ "\"hostAddress6\": \"fd00::1\"", "HOST_ADDRESS6", "fd00::1" },
	{ "\"localAddress6\": \"fd00::2\"", "LOCAL_ADDRESS6", "fd00::2" },
	{ "\"localMacAddress\": \"02:00:00:00:00:01\"", "LOCAL_MAC_ADDRESS", "02:00:00:00:00:01" },
	{ "\"hostBridge\": \"br0\"", "HOST_BRIDGE", "br0" },
	{ "\"privateNetwork\": true, \"forwardPorts\": [{\"hostPort\": 80, \"containerPort\": 8080,"
	  " \"protocol\": \"udp\"}, \"443\"]",
	  "HOST_PORT", "udp:80:8080,443" },
	{ "\"privateNetwork\": true, \"forwardPorts\": [{\"hostPort\": 80,"
	  " \"hostAddress\": \"192.0.2.1\"}]",
	  "HOST_PORT", "tcp:192.0.2.1:80:80" },
	{ "\"privateNetwork\": true, \"forwardPorts\": [{\"hostPort\": 80,"
	  " \"hostInterface\": \"lan0\"}]",
	  "HOST_PORT", "tcp:%lan0:80:80" },
	{ "\"extraVeths\": {\"db\": {\"hostAddress\": \"10.2.0.1\", \"localAddress\": \"10.2.0.2\","
	  " \"hostBridge\": null}}",
	  "EXTRA_VETHS", "db,host=10.2.0.1,local=10.2.0.2" },
	{ "\"extraVeths\": {\"db\": {\"localMacAddress\": \"02:00:00:00:00:01\","
	  " \"forwardPorts\": [{\"hostPort\": 80}]}}",
	  "EXTRA_VETHS", "db,mac=02:00:00:00:00:01" },
	{ "\"interfaces\": [\"lan1\", \"lan2\"]", "INTERFACES", "lan1 lan2" },
	{ "\"macvlans\": [\"lan1\"]", "MACVLANS", "lan1" },
	{ "\"networkNamespace\": \"/run/netns/x\"", "NETWORK_NAMESPACE_PATH", "/run/netns/x" },
	{ "\"linkedTo\": [\"bar\", \"baz\"]", "LINKED_TO", "bar baz" },
	{ "\"pinned\": false", "PINNED", "0" },
	{ "\"pinned\": true", "PINNED", NULL },
	{ "\"routed\": true", "ROUTED", "1" },
	{ "\"bindMounts\": {\"/a b\": {\"hostPath\": \"/x:y\"}}", "BIND_RO", "/x\\\\:y:/a\\ b" },
	{ "\"bindMounts\": {\"/data\": {\"isReadOnly\": false}}", "BIND", "/data" },
	{ "\"tmpfs\": [\"/tmp:size=1G\"]", "TMPFS", "/tmp:size=1G" },
	{ "\"ephemeral\": true", "EPHEMERAL", "1" },
	{ "\"enableTun\": true", "ALLOWED_DEVICES", "/dev/net/tun:rwm" },
	{ "\"enableTun\": true", "ADDITIONAL_CAPABILITIES", "CAP_NET_ADMIN" },
	{ "\"enableTun\": true", "BIND", "/dev/net/tun" },
	{ "\"additionalCapabilities\": [\"CAP_SYS_TIME\"]", "ADDITIONAL_CAPABILITIES",
	  "CAP_SYS_TIME" },
	{ "\"allowedDevices\": [{\"node\": \"/dev/fuse\", \"modifier\": \"rw\"}]",
	  "ALLOWED_DEVICES", "/dev/fuse:rw" },
	{ "\"extraFlags\": [\"--setenv=A=b c\"]", "EXTRA_NSPAWN_FLAGS", "--setenv=A=b\\ c" },
	{ "\"autoStart\": true", "AUTO_START", "1" },
	{ "\"timeoutStartSec\": \"5min\"", "TIMEOUT_START", "5min" },
	{ "\"timeoutStartSec\": \"1h 30.5min\"", "TIMEOUT_START", "1h 30.5min" },
	{ "\"timeoutStartSec\": 90", "TIMEOUT_START", "90" },
	{ "\"timeoutStartSec\": \"infinity\"", "TIMEOUT_START", "infinity" },
	{ "\"privateUsers\": \"pick\"", "PRIVATE_USERS", "pick" },
	{ "\"privateUsers\": 65536", "PRIVATE_USERS", "65536" },
	{ "\"copyResolvConf\": false", "COPY_RESOLV_CONF", "0" },
	{ "\"nixpkgs\": \"/nixpkgs\", \"specialArgs\": true", "NIXPKGS", NULL },
	{ "\"hostAddress\": null", "HOST_ADDRESS", NULL },
};

/* The value of a key, or NULL. */
static const char *value_of(const struct declared *declared, const char *key)
{
	for (size_t i = 0; i + 1 < declared->keys->count; i += 2)
		if (strcmp(declared->keys->list[i], key) == 0)
			return declared->keys->list[i + 1];
	return NULL;
}

static void each_option_becomes_a_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };
		struct error e = ERROR_INIT;
		char options[1024];
		const char *value;

		(void)snprintf(options, sizeof(options), "\"config\": true, %s", each[i].option);
		if (parse(options, &declarations, &e) < 0)
			fail_msg("%s: %s", each[i].option, e.text);
		assert_int_equal(declarations.count, 1);
		assert_string_equal(declarations.list[0].name, "foo");
		assert_int_equal(declarations.list[0].kind, DECLARED_CONFIG);
		value = value_of(&declarations.list[0], each[i].key);
		if (!each[i].value)
			assert_null(value);
		else if (!value || strcmp(value, each[i].value) != 0)
			fail_msg("%s: %s=%s", each[i].option, each[i].key, value ? value : "");
	}
}

static void what_it_boots_is_chosen(void **state)
{
	static const struct {
		const char *options;
		enum declared_system kind;
	} cases[] = {
		{ "\"path\": \"/nix/store/x\"", DECLARED_PATH },
		{ "\"path\": {\"__package\": true}", DECLARED_CONFIG },
		{ "\"flake\": \"/srv/flake#other\"", DECLARED_FLAKE },
		{ "\"rootTree\": \"/srv/debian\", \"restartIfChanged\": false", DECLARED_TREE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };

		assert_int_equal(parse(cases[i].options, &declarations, NULL), 0);
		assert_int_equal(declarations.list[0].kind, cases[i].kind);
		assert_int_equal(declarations.list[0].untouched, cases[i].kind == DECLARED_TREE);
		if (cases[i].kind == DECLARED_FLAKE) {
			assert_string_equal(declarations.list[0].flake, "/srv/flake");
			assert_string_equal(declarations.list[0].flake_attr, "other");
		}
	}
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *options, *said;
	} cases[] = {
		{ "\"path\": \"/x\", \"hostAdress\": \"10.0.0.1\"",
		  "containers.foo.hostAdress (f:3:5) is no option" },
		{ "\"autoStart\": true",
		  "containers.foo (f:2:1) says nothing about what it boots" },
		{ "\"path\": \"/x\", \"config\": true", "and path too" },
		{ "\"path\": \"x\"", "containers.foo.path (f:2:1) should be an absolute path" },
		{ "\"path\": \"/x\", \"autoStart\": \"yes\"",
		  "is a text, and should be true or false" },
		{ "\"path\": \"/x\", \"hostAddress\": 5",
		  "is a number, and should be an IPv4 address" },
		{ "\"path\": \"/x\", \"hostAddress6\": \"10.0.0.1\"", "should be an IPv6 address" },
		{ "\"path\": \"/x\", \"localMacAddress\": \"02\"",
		  "should be an Ethernet address" },
		{ "\"path\": \"/x\", \"hostBridge\": \"a/b\"", "should be the name of a link" },
		{ "\"path\": \"/x\", \"interfaces\": \"lan0\"", "is a text, and should be a list" },
		{ "\"path\": \"/x\", \"interfaces\": [\"a b\"]", "interfaces[0]" },
		{ "\"path\": \"/x\", \"tmpfs\": [\"a\\nb\"]", "tmpfs[0]" },
		{ "\"path\": \"/x\", \"forwardPorts\": [{\"hostPort\": 0}]", "hostPort" },
		{ "\"path\": \"/x\", \"forwardPorts\": [{\"containerPort\": 1}]",
		  "has no hostPort" },
		{ "\"path\": \"/x\", \"forwardPorts\": [{\"port\": 1}]", "forwardPorts[0].port" },
		{ "\"path\": \"/x\", \"extraVeths\": {\"db\": {\"ports\": []}}",
		  "containers.foo.extraVeths.db.ports" },
		{ "\"path\": \"/x\", \"bindMounts\": {\"a\": {}}", "not absolute: a" },
		{ "\"path\": \"/x\", \"bindMounts\": {\"/a\": {\"isReadOnly\": 1}}", "isReadOnly" },
		{ "\"path\": \"/x\", \"allowedDevices\": [{}]", "has no node" },
		{ "\"path\": \"/x\", \"allowedDevices\": [{\"node\": \"nonsense\"}]",
		  "'nonsense'" },
		{ "\"path\": \"/x\", \"allowedDevices\": [{\"node\": \"/dev/fuse\","
		  " \"modifier\": \"q q\"}]",
		  "'q q'" },
		{ "\"path\": \"/x\", \"timeoutStartSec\": \"garbage\"", "time such as" },
		{ "\"path\": \"/x\", \"timeoutStartSec\": \"5 parsecs\"", "time such as" },
		{ "\"path\": \"/x\", \"additionalCapabilities\": [\"CAP_NONSENSE\"]",
		  "capability" },
		{ "\"path\": \"/x\", \"additionalCapabilities\": [\"SYS_TIME\"]", "capability" },
		{ "\"flake\": \"./here\"", "absolute path" },
		{ "\"path\": \"/x\", \"privateUsers\": \"some\"", "PRIVATE_USERS" },
		{ "\"path\": \"/x\", \"extraFlags\": [\"--network-zone=z\"]", "cannot be had" },
		{ "\"path\": \"/x\", \"config\": {\"__function\": true}", "config" },
		{ "\"path\": \"/x\", \"tmpfs\": {\"__function\": true}", "is a function" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };
		struct error e = ERROR_INIT;

		assert_true(parse(cases[i].options, &declarations, &e) < 0);
		assert_true(e.class == ERROR_USAGE);
		if (!strstr(e.text, cases[i].said))
			fail_msg("%s: %s", cases[i].options, e.text);
	}
}

static void what_only_one_can_have_is_refused_to_two(void **state)
{
	static const struct {
		const char *one, *other, *said;
	} cases[] = {
		{ "\"config\": true, \"extraVeths\": {\"db\": {}}",
		  "\"config\": true, \"extraVeths\": {\"db\": {}}", "link db" },
		{ "\"config\": true, \"extraVeths\": {\"a\": {\"localAddress\": \"10.2.0.2\"}}",
		  "\"config\": true, \"extraVeths\": {\"b\": {\"localAddress\": \"10.2.0.2\"}}",
		  "10.2.0.2" },
		{ "\"config\": true, \"extraVeths\": {\"a\": {\"hostAddress\": \"10.2.0.2\"}}",
		  "\"config\": true, \"privateNetwork\": true, \"localAddress\": \"10.2.0.2\"",
		  "10.2.0.2" },
		{ "\"config\": true, \"interfaces\": [\"lan0\"]",
		  "\"config\": true, \"interfaces\": [\"lan0\"]", "link lan0" },
		{ "\"config\": true, \"interfaces\": [\"lan0\"]",
		  "\"config\": true, \"macvlans\": [\"lan0\"]", "link lan0" },
		{ "\"rootTree\": \"/srv/x\"", "\"rootTree\": \"/srv/x\"", "rootTree /srv/x" },
		{ "\"config\": true, \"macvlans\": [\"lan0\"]",
		  "\"config\": true, \"macvlans\": [\"lan0\"]", NULL },
		{ "\"config\": true, \"extraVeths\": {\"a\": {\"hostAddress\": \"10.2.0.1\"}}",
		  "\"config\": true, \"extraVeths\": {\"b\": {\"hostAddress\": \"10.2.0.1\"}}",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };
		struct error e = ERROR_INIT;
		char json[1024];
		int r;

		(void)snprintf(json, sizeof(json),
			       "{\"values\": {\"containers\": {\"a\": {%s}, \"b\": {%s}}}}",
			       cases[i].one, cases[i].other);
		r = declarations_parse(json, &declarations, &e);
		assert_int_equal(r, cases[i].said ? -EADDRINUSE : 0);
		if (cases[i].said && !strstr(e.text, cases[i].said))
			fail_msg("%s: %s", cases[i].one, e.text);
	}
}

static void the_right_word_is_suggested(void **state)
{
	_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };
	struct error e = ERROR_INIT;

	(void)state;
	assert_true(parse("\"path\": \"/x\", \"forwardPort\": []", &declarations, &e) < 0);
	assert_string_equal(e.remedy, "write forwardPorts");
}

static void what_is_no_set_of_containers_is_refused(void **state)
{
	static const char *const documents[] = {
		"nothing",
		"{\"values\": 5}",
		"{\"values\": {}}",
		"{\"values\": {\"containers\": []}}",
		"{\"values\": {\"containers\": {\"foo\": 1}}}",
		"{\"values\": {\"containers\": {\"..\": {\"path\": \"/x\"}}}}",
		"{\"values\": {\"containers\": {}, \"other\": 1}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		_cleanup_(declarations_deinit) struct declarations declarations = { .count = 0 };

		assert_true(declarations_parse(documents[i], &declarations, NULL) < 0);
	}
}

/**
 * main - run the tests of declare/declaration.c, and of the options
 */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_becomes_a_key),
		cmocka_unit_test(what_it_boots_is_chosen),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(what_only_one_can_have_is_refused_to_two),
		cmocka_unit_test(the_right_word_is_suggested),
		cmocka_unit_test(what_is_no_set_of_containers_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
