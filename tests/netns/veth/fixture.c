/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/link-group.h"
#include "base/netns.h"
#include "base/sysctl.h"

#define WORDS_MAX  32
#define OUTPUT_MAX 65536
#define PATIENCE   10 /* seconds until a condition that does not come true fails */

static struct stat started_in; /* the network namespace the program was started in */

/** is_machine - whether we are where we were started, or where PID 1 is, if that can be seen */
static bool is_machine(void)
{
	struct stat ours, first;

	return stat("/proc/self/ns/net", &ours) < 0 || ours.st_ino == started_in.st_ino ||
	       (stat("/proc/1/ns/net", &first) == 0 && ours.st_ino == first.st_ino);
}

/** world_enter - leave the machine: new network and mount namespaces, a tmpfs on /run */
int world_enter(void **state)
{
	(void)state;
	if (stat("/proc/self/ns/net", &started_in) < 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "") < 0) {
		print_error("cannot leave the machine: %s\n", strerror(errno));
		return -1;
	}
	if (is_machine()) {
		print_error("refusing to work in the machine's own network namespace\n");
		return -1;
	}
	return 0;
}

/** fixture_new_namespace - give the container another namespace, as a restart does */
void fixture_new_namespace(struct fixture *f)
{
	fd_closep(&f->ns_fd);
	assert_true(netns_remove(CONTAINER_PATH, NULL) >= 0);
	assert_int_equal(netns_create("/run/netns", CONTAINER_PATH, &f->ns_fd, &f->error), 1);
}

/** spec_name - name a cable and give it the MACs that go with the name */
void spec_name(struct veth_spec *spec, const char *container)
{
	static const uint8_t machine_id[16] = "the test machine";

	(void)snprintf(spec->container, sizeof(spec->container), "%s", container);
	(void)veth_link_name(container, spec->bridge[0] != '\0', spec->link, spec->altname);
	spec->local_mac = veth_mac_local(machine_id, container);
	spec->host_mac = veth_mac_host(&spec->local_mac, container);
}

/** spec_add_v6 - give a cable IPv6 as well */
void spec_add_v6(struct veth_spec *spec)
{
	assert_int_equal(addr_parse("fd00:233::1", &spec->v6.host, NULL), 0);
	assert_int_equal(prefix_parse("fd00:233::2", &spec->v6.local, NULL), 0);
}

/** spec_bridge - plug a cable into a bridge whose subnet has a gateway */
void spec_bridge(struct veth_spec *spec, const char *bridge)
{
	(void)snprintf(spec->bridge, sizeof(spec->bridge), "%s", bridge);
	spec->guarded = true;
	assert_int_equal(addr_parse("192.168.7.1", &spec->v4.host, NULL), 0);
	assert_int_equal(prefix_parse("192.168.7.2/24", &spec->v4.local, NULL), 0);
	spec_name(spec, "foo");
}

/** fixture_setup - a fresh host, a fresh container, and the description of a plain cable */
int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->ns_fd = -1;
	f->parameter = *state;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_false(is_machine());
	assert_int_equal(veth_open(&f->veth, &f->error), 0);
	fixture_new_namespace(f);
	f->spec.mtu = 1400;
	f->spec.sealed = true;
	assert_int_equal(addr_parse("10.233.1.1", &f->spec.v4.host, NULL), 0);
	assert_int_equal(prefix_parse("10.233.1.2", &f->spec.v4.local, NULL), 0);
	spec_name(&f->spec, "foo");
	*state = f;
	return 0;
}

/** fixture_teardown - leave the kernel nothing but namespaces to destroy */
int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	veth_close(f->veth);
	fd_closep(&f->ns_fd);
	(void)netns_remove(CONTAINER_PATH, NULL);
	free(f);
	return 0;
}

/** run - run a program and read what it prints; @output NULL: drop it. Returns its exit status. */
static int run(char *const argv[], int ns_fd, char *output)
{
	size_t length = 0;
	int pipes[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		if (ns_fd >= 0 && netns_enter(ns_fd, NULL) < 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipes[1]);
	do {
		char dropped[512];

		got = output ? read(pipes[0], output + length, OUTPUT_MAX - 1 - length)
			     : read(pipes[0], dropped, sizeof(dropped));
		length += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	close(pipes[0]);
	if (output)
		output[length] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** ip_words - run ip(8) with the words of a line behind its first ones */
__attribute__((format(printf, 2, 0))) static int ip_words(const char *first, const char *format,
							  va_list args, char *output)
{
	char line[512], *argv[WORDS_MAX] = { (char[]){ "ip" } }, *rest = line, *word;
	int length = snprintf(line, sizeof(line), "%s ", first);
	size_t count = 1;

	(void)vsnprintf(line + length, sizeof(line) - (size_t)length, format, args);
	while ((word = strsep(&rest, " "))) {
		assert_true(count < WORDS_MAX - 1);
		if (word[0])
			argv[count++] = word;
	}
	return run(argv, -1, output);
}

/** ip - change something with ip(8). Returns its exit status. */
int ip(const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = ip_words("", format, args, NULL);
	va_end(args);
	return r;
}

/** ip_json_words - what ip -j prints; an array, empty when the command fails */
__attribute__((format(printf, 1, 0))) static json_t *ip_json_words(const char *format, va_list args)
{
	_cleanup_(freep) char *output = malloc(OUTPUT_MAX);
	json_t *answer = NULL;

	assert_non_null(output);
	if (ip_words("-j -d", format, args, output) == 0)
		answer = json_loads(output[0] ? output : "[]", 0, NULL);
	return answer ? answer : json_array();
}

/** ip_json - what ip(8) has to say, as an array */
json_t *ip_json(const char *format, ...)
{
	json_t *answer;
	va_list args;

	va_start(args, format);
	answer = ip_json_words(format, args);
	va_end(args);
	return answer;
}

/** ip_link - the one object that ip(8) has to say something about, or NULL */
json_t *ip_link(const char *format, ...)
{
	json_t *answer, *first;
	va_list args;

	va_start(args, format);
	answer = ip_json_words(format, args);
	va_end(args);
	first = json_incref(json_array_get(answer, 0));
	json_decref(answer);
	return first;
}

/** ping - whether one packet comes back */
bool ping(const struct fixture *f, bool from_inside, const char *to)
{
	char *argv[] = { (char[]){ "ping" }, (char[]){ "-c1" }, (char[]){ "-W5" },
			 (char *)(uintptr_t)to, NULL };

	return run(argv, from_inside ? f->ns_fd : -1, NULL) == 0;
}

/** text_of - a text member, "" when it is missing */
const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/** number_of - a number member, 0 when it is missing */
json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/** has_flag - whether a link has a flag as ip(8) names it */
bool has_flag(const json_t *link, const char *flag)
{
	json_t *flags = json_object_get(link, "flags");

	for (size_t i = 0; i < json_array_size(flags); i++)
		if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0)
			return true;
	return false;
}

/** snapshot_switches - the switches of the host end, read from /proc */
static json_t *snapshot_switches(const struct fixture *f)
{
	static const char *const keys[][2] = {
		{ "ipv4", "forwarding" },       { "ipv4", "rp_filter" },
		{ "ipv4", "accept_redirects" }, { "ipv4", "send_redirects" },
		{ "ipv6", "disable_ipv6" },     { "ipv6", "accept_ra" },
		{ "ipv6", "accept_redirects" }, { "ipv6", "force_forwarding" },
	};
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char name[64];
		int value = -1;

		(void)sysctl_read(keys[i][0], f->spec.link, keys[i][1], &value, NULL);
		(void)snprintf(name, sizeof(name), "%s/%s", keys[i][0], keys[i][1]);
		json_object_set_new(all, name, json_integer(value));
	}
	return all;
}

/** is_automatic - whether the kernel makes a route by and by, for link-local addresses */
static bool is_automatic(const json_t *route)
{
	const char *dst = text_of(route, "dst");

	return strncmp(dst, "fe80:", 5) == 0 || strncmp(dst, "ff00:", 5) == 0 ||
	       strcmp(dst, "multicast") == 0;
}

/** routes - the routes of one end, in words for ip(8) */
static json_t *routes(const char *where)
{
	json_t *all = ip_json("%s table all", where);

	for (size_t i = json_array_size(all); i-- > 0;)
		if (is_automatic(json_array_get(all, i)))
			json_array_remove(all, i);
	return all;
}

/**
 * addresses - links with their global addresses, in words for ip(8)
 *
 * A bridge's timers are left out, and the empty objects that ip(8) prints for other addresses. Of a group that
 * was chosen it counts that it was: there is another one each time.
 */
static json_t *addresses(const char *where)
{
	json_t *all = ip_json("%s scope global", where);

	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *link = json_array_get(all, i);
		json_t *listed = json_object_get(link, "addr_info");

		json_object_del(link, "linkinfo");
		if (strtoul(text_of(link, "group"), NULL, 10) & LINK_GROUP_JUDGED)
			json_object_set_new(link, "group", json_string("chosen"));
		for (size_t j = json_array_size(listed); j-- > 0;)
			if (json_object_size(json_array_get(listed, j)) == 0)
				json_array_remove(listed, j);
	}
	return all;
}

/** snapshot - all there is to see of a cable */
json_t *snapshot(const struct fixture *f)
{
	json_t *all = json_object();
	char words[128];

	(void)snprintf(words, sizeof(words), "address show dev %s", f->spec.link);
	json_object_set_new(all, "host", addresses(words));
	(void)snprintf(words, sizeof(words), "route show dev %s", f->spec.link);
	json_object_set_new(all, "host routes", routes(words));
	(void)snprintf(words, sizeof(words), "-6 route show dev %s", f->spec.link);
	json_object_set_new(all, "host routes of ipv6", routes(words));
	json_object_set_new(all, "switches", snapshot_switches(f));
	json_object_set_new(all, "inside", addresses("-n " CONTAINER_NS " address show"));
	json_object_set_new(all, "inside routes", routes("-n " CONTAINER_NS " route show"));
	json_object_set_new(all, "inside routes of ipv6",
			    routes("-n " CONTAINER_NS " -6 route show"));
	return all;
}

/** is_operational - whether the kernel has taken note of a link's carrier */
static bool is_operational(json_t *link)
{
	bool up = strcmp(text_of(link, "operstate"), "UP") == 0;

	json_decref(link);
	return up;
}

/** wait_for_carrier - until the kernel has taken note that both ends are up */
void wait_for_carrier(const struct fixture *f)
{
	time_t deadline = time(NULL) + PATIENCE;

	while (!is_operational(ip_link("link show dev %s", f->spec.link)) ||
	       !is_operational(ip_link("-n " CONTAINER_NS " link show dev eth0")))
		if (time(NULL) > deadline)
			fail_msg("no carrier");
}

/** fail_different - say what does not look as it should */
static void fail_different(const json_t *now, json_t *wanted)
{
	const char *part;
	json_t *should;

	json_object_foreach(wanted, part, should)
	{
		json_t *is = json_object_get(now, part);
		_cleanup_(freep) char *left = json_dumps(is, JSON_COMPACT);
		_cleanup_(freep) char *right = json_dumps(should, JSON_COMPACT);

		if (!json_equal(is, should))
			fprintf(stderr, "%s:\n is        %s\n should be %s\n", part, left, right);
	}
	fail_msg("the cable does not come back to what it was");
}

/** wait_for_snapshot - until the cable looks as wanted; the kernel settles some things by and by */
void wait_for_snapshot(const struct fixture *f, json_t *wanted)
{
	time_t deadline = time(NULL) + PATIENCE;
	bool same = false;

	while (!same) {
		json_t *now = snapshot(f);

		same = json_equal(now, wanted);
		if (!same && time(NULL) > deadline)
			fail_different(now, wanted);
		json_decref(now);
	}
}

/** assert_done - a call of the library has succeeded with just this code */
void assert_done(struct fixture *f, int r, int wanted)
{
	if (r < 0)
		print_error("%s (kernel: %s, %s)\n", f->error.text, f->error.kernel,
			    f->error.attribute);
	assert_int_equal(r, wanted);
}

/** assert_refused - a call of the library has failed with just this errno, and names something */
void assert_refused(struct fixture *f, int r, int number, const char *text)
{
	assert_int_equal(r, -number);
	if (!strstr(f->error.text, text))
		fail_msg("'%s' does not say '%s'", f->error.text, text);
}

/** assert_no_drift - the library itself sees nothing to mend either */
void assert_no_drift(struct fixture *f)
{
	struct veth_state state;
	struct veth_drift drift;
	size_t count;

	assert_done(f, veth_read(f->veth, f->ns_fd, &f->spec, &state, &f->error), 1);
	count = veth_compare(&f->spec, &state, &drift);
	for (size_t i = 0; i < count; i++)
		print_error("%s\n", drift.line[i]);
	assert_int_equal(count, 0);
}
