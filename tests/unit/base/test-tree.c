/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree.h"

/*
 * Each test has a fresh directory, in which "root" is the tree of the container and everything else is
 * the host, with its canary. The working directory is there.
 */

#define CANARY "the secret of the host\n"
#define LIMIT  ((size_t)4096)

static char directory[64];
static int tree = -1;

/* Removes one file, for nftw(). */
static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* Writes a file with what it has to say. */
static void write_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), 0);
}

static int tree_setup(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test-tree-XXXXXX");
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("root", 0755) < 0 ||
	    mkdir("root/etc", 0755) < 0 || mkdir("host", 0755) < 0)
		return -1;
	write_file("host/canary", CANARY);
	return tree_open("root", &tree, NULL);
}

/* Whatever a test did, the host is as it was. */
static int tree_teardown(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t length;
	struct stat st;

	(void)state;
	fd_closep(&tree);
	assert_int_equal(file_read("host/canary", LIMIT, &text, &length, NULL), 0);
	assert_string_equal(text, CANARY);
	assert_int_equal(stat("host/canary", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat("host", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(unlink("host/canary"), 0);
	assert_int_equal(rmdir("host"), 0);
	return chdir("/") < 0 ? -1 : nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What the tree has at a path, NULL when it cannot be read; the caller frees it. */
static char *read_inside(const char *path, int *ret_r)
{
	char *text = NULL;
	size_t length = 0;

	*ret_r = tree_read(tree, path, LIMIT, &text, &length, NULL);
	if (text)
		assert_int_equal(strlen(text), length);
	return text;
}

/* Reading this path fails with that error. */
static void assert_unreadable(const char *path, int expected)
{
	_cleanup_(freep) char *text = NULL;
	int r;

	text = read_inside(path, &r);
	assert_int_equal(r, expected);
	assert_null(text);
}

/* Reading this path gives that. */
static void assert_reads(const char *path, const char *expected)
{
	_cleanup_(freep) char *text = NULL;
	int r;

	text = read_inside(path, &r);
	assert_int_equal(r, 0);
	assert_string_equal(text, expected);
}

static void root_must_be_a_directory(void **state)
{
	struct error e = ERROR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(tree_open("none", &fd, &e), -ENOENT);
	assert_non_null(strstr(e.text, "none"));
	assert_int_equal(symlink("root", "link"), 0);
	assert_int_equal(tree_open("link", &fd, &e), -ELOOP);
	assert_non_null(strstr(e.text, "link is a symbolic link"));
	assert_int_equal(tree_open("host/canary", &fd, &e), -ENOTDIR);
	assert_int_equal(fd, -1);
}

static void what_is_written_is_read(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(tree_replace(tree, "/etc/a", "one", 3, 0600, NULL), 0);
	assert_reads("/etc/a", "one");
	assert_int_equal(tree_replace(tree, "etc/a", "two", 3, 0644, NULL), 0);
	assert_reads("etc/a", "two");
	assert_reads("etc/../../../etc/../etc/a", "two");
	assert_int_equal(stat("root/etc/a", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(access("root/etc/.a.new", F_OK), -1);
	assert_unreadable("etc/none", -ENOENT);
	assert_int_equal(tree_replace(tree, "none/a", "x", 1, 0644, NULL), -ENOENT);
	assert_int_equal(tree_replace(tree, "etc/..", "x", 1, 0644, NULL), -EINVAL);
	assert_int_equal(tree_replace(tree, "etc/", "x", 1, 0644, NULL), -EINVAL);
	assert_int_equal(tree_replace(tree, "", "x", 1, 0644, NULL), -EINVAL);
}

static void links_end_at_the_root(void **state)
{
	static const char *const out[] = { "../../host/canary", "/../host/canary",
					   "../../../../../../../../../../host/canary" };
	char absolute[128];

	(void)state;
	(void)snprintf(absolute, sizeof(absolute), "%s/host/canary", directory);
	assert_int_equal(symlink(absolute, "root/etc/absolute"), 0);
	assert_unreadable("etc/absolute", -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
		assert_int_equal(symlink(out[i], "root/etc/link"), 0);
		assert_unreadable("etc/link", -ENOENT);
		assert_unreadable(out[i], -ENOENT);
		assert_int_equal(unlink("root/etc/link"), 0);
	}
	/* The same paths lead somewhere when that is inside. */
	assert_int_equal(mkdir("root/host", 0755), 0);
	write_file("root/host/canary", "inside");
	assert_int_equal(symlink("../../../host/canary", "root/etc/link"), 0);
	assert_reads("etc/link", "inside");
	assert_int_equal(unlink("root/etc/link"), 0);
	assert_int_equal(symlink("/host/canary", "root/etc/link"), 0);
	assert_reads("etc/link", "inside");
}

static void links_in_the_middle_end_at_the_root(void **state)
{
	char absolute[128];
	mode_t mode;

	(void)state;
	(void)snprintf(absolute, sizeof(absolute), "%s/host", directory);
	assert_int_equal(symlink(absolute, "root/absolute"), 0);
	assert_int_equal(symlink("../host", "root/relative"), 0);
	for (const char **link = (const char *[]){ "absolute", "relative", NULL }; *link; link++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/canary", *link);
		assert_unreadable(path, -ENOENT);
		assert_int_equal(tree_find(tree, path, &mode, NULL), 0);
		assert_int_equal(tree_replace(tree, path, "x", 1, 0600, NULL), -ENOENT);
		(void)snprintf(path, sizeof(path), "%s/new", *link);
		assert_int_equal(tree_touch(tree, path, 0600, NULL), -ENOENT);
		assert_int_equal(tree_directory(tree, path, 0700, TREE_MODE_OF_ANY, NULL), -ENOENT);
		assert_int_equal(tree_directory(tree, *link, 0700, TREE_MODE_OF_ANY, NULL),
				 -ENOENT);
	}
}

static void a_link_is_replaced_and_not_followed(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(symlink("../../host/canary", "root/etc/a"), 0);
	assert_int_equal(symlink("../../host/canary", "root/etc/.a.new"), 0);
	assert_int_equal(tree_replace(tree, "etc/a", "x", 1, 0600, NULL), 0);
	assert_int_equal(lstat("root/etc/a", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_reads("etc/a", "x");
	assert_int_equal(link("host/canary", "root/etc/hard"), 0);
	assert_int_equal(tree_replace(tree, "etc/hard", "x", 1, 0600, NULL), 0);
	assert_int_equal(mkdir("root/etc/d", 0755), 0);
	assert_int_equal(tree_replace(tree, "etc/d", "x", 1, 0600, NULL), -EISDIR);
	assert_int_equal(access("root/etc/.d.new", F_OK), -1);
}

static void magic_links_are_refused(void **state)
{
	_cleanup_(fd_closep) int machine = -1;
	_cleanup_(freep) char *text = NULL;
	size_t length;

	(void)state;
	assert_int_equal(tree_open("/", &machine, NULL), 0);
	assert_int_equal(
		tree_read(machine, "proc/self/root/etc/passwd", LIMIT, &text, &length, NULL),
		-ELOOP);
	assert_null(text);
}

static void real_paths_are_those_inside(void **state)
{
	char path[PATH_MAX];

	(void)state;
	write_file("root/etc/file", "text");
	assert_int_equal(symlink("/etc/file", "root/absolute"), 0);
	assert_int_equal(symlink("../../../etc/absolute", "root/etc/up"), 0);
	assert_int_equal(symlink("../absolute", "root/etc/absolute"), 0);
	assert_int_equal(tree_real_path(tree, "/absolute", path, NULL), 1);
	assert_string_equal(path, "/etc/file");
	assert_int_equal(tree_real_path(tree, "etc/up", path, NULL), 1);
	assert_string_equal(path, "/etc/file");
	assert_int_equal(tree_real_path(tree, "/", path, NULL), -EXDEV);
	assert_int_equal(tree_real_path(tree, "etc/nothing", path, NULL), 0);
	assert_int_equal(tree_real_path(tree, "etc/file/below", path, NULL), 0);
}

static void only_regular_files_of_a_sane_size_are_read(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "root/etc/socket" };
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(mkfifo("root/etc/fifo", 0600), 0);
	assert_unreadable("etc/fifo", -EINVAL);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_unreadable("etc/socket", -EINVAL);
	assert_int_equal(mkdir("root/etc/directory", 0755), 0);
	assert_unreadable("etc/directory", -EISDIR);
	write_file("root/etc/huge", "");
	assert_int_equal(truncate("root/etc/huge", (off_t)1 << 30), 0);
	assert_unreadable("etc/huge", -EFBIG);
	assert_int_equal(truncate("root/etc/huge", (off_t)LIMIT + 1), 0);
	assert_unreadable("etc/huge", -EFBIG);
	assert_int_equal(symlink("loop", "root/etc/loop"), 0);
	assert_unreadable("etc/loop", -ELOOP);
}

static void devices_are_not_read(void **state)
{
	(void)state;
	if (mknod("root/etc/zero", S_IFCHR | 0600, makedev(1, 5)) < 0) {
		print_message("# SKIP a device node needs root\n");
		skip();
	}
	assert_unreadable("etc/zero", -EINVAL);
}

static void touch_makes_what_is_not_there(void **state)
{
	struct stat st;
	mode_t mode = 0;

	(void)state;
	assert_int_equal(tree_touch(tree, "etc/a", 0640, NULL), 1);
	assert_int_equal(tree_touch(tree, "etc/a", 0600, NULL), 0);
	assert_int_equal(tree_find(tree, "etc/a", &mode, NULL), 1);
	assert_int_equal(mode, S_IFREG | 0640);
	assert_int_equal(symlink("../../host/new", "root/etc/dangling"), 0);
	assert_int_equal(tree_touch(tree, "etc/dangling", 0600, NULL), 0);
	assert_int_equal(lstat("host/new", &st), -1);
	assert_int_equal(tree_find(tree, "etc/dangling", &mode, NULL), 0);
	assert_int_equal(tree_touch(tree, "none/a", 0600, NULL), -ENOENT);
	assert_int_equal(tree_find(tree, "etc/a/b", &mode, NULL), 0);
}

static void directories_are_made_with_those_above(void **state)
{
	struct error e = ERROR_INIT;
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(tree_directory(tree, "/var//lib/x/", 0750, TREE_MODE_OF_NEW, &e), 1);
	umask(022);
	assert_int_equal(stat("root/var/lib/x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat("root/var/lib", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(tree_directory(tree, "var/lib/x", 0700, TREE_MODE_OF_NEW, &e), 0);
	assert_int_equal(tree_directory(tree, "var/lib/x", 0750, TREE_MODE_OF_ANY, &e), 0);
	assert_int_equal(tree_directory(tree, "var/lib/x", 0700, TREE_MODE_OF_ANY, &e), 1);
	assert_int_equal(stat("root/var/lib/x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	write_file("root/file", "");
	assert_int_equal(tree_directory(tree, "file", 0700, TREE_MODE_OF_ANY, &e), -ENOTDIR);
	assert_int_equal(tree_directory(tree, "file/x", 0700, TREE_MODE_OF_ANY, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, "file"));
	assert_int_equal(tree_directory(tree, "", 0700, TREE_MODE_OF_ANY, &e), -EINVAL);
	assert_int_equal(tree_directory(tree, "a/../b", 0700, TREE_MODE_OF_ANY, &e), -EINVAL);
}

/*
 * Swaps directories and files with links to the host, as fast as it can, until it is killed or its
 * parent ends. It never leaves the tree itself.
 */
static pid_t swapper_start(void)
{
	int root = open("root", O_PATH | O_CLOEXEC), etc = open("root/etc", O_PATH | O_CLOEXEC);
	pid_t pid = fork();

	assert_true(root >= 0 && etc >= 0 && pid >= 0);
	while (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
		(void)renameat2(root, "etc", root, "evil", RENAME_EXCHANGE);
		(void)renameat2(etc, "canary", root, "link", RENAME_EXCHANGE);
		(void)renameat2(etc, ".canary.new", root, "link", RENAME_EXCHANGE);
	}
	fd_closep(&root);
	fd_closep(&etc);
	return pid;
}

static void what_is_swapped_meanwhile_leads_nowhere(void **state)
{
	unsigned good = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(symlink("../host", "root/evil"), 0);
	assert_int_equal(symlink("../../host/canary", "root/link"), 0);
	pid = swapper_start();
	for (unsigned i = 0; i < 3000; i++) {
		_cleanup_(freep) char *text = NULL;
		int r;

		good += tree_replace(tree, "etc/canary", "inside", 6, 0600, NULL) == 0;
		text = read_inside("etc/canary", &r);
		if (text)
			assert_string_not_equal(text, CANARY);
		(void)tree_touch(tree, "etc/touched", 0600, NULL);
		(void)tree_directory(tree, "etc/made", 0700, TREE_MODE_OF_ANY, NULL);
		assert_int_equal(access("host/touched", F_OK), -1);
		assert_int_equal(access("host/made", F_OK), -1);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* Some got through, or nothing has been tried at all. */
	assert_true(good > 0);
}

#define in_a_tree(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_tree(root_must_be_a_directory),
		in_a_tree(what_is_written_is_read),
		in_a_tree(links_end_at_the_root),
		in_a_tree(links_in_the_middle_end_at_the_root),
		in_a_tree(a_link_is_replaced_and_not_followed),
		in_a_tree(magic_links_are_refused),
		in_a_tree(real_paths_are_those_inside),
		in_a_tree(only_regular_files_of_a_sane_size_are_read),
		in_a_tree(devices_are_not_read),
		in_a_tree(touch_makes_what_is_not_there),
		in_a_tree(directories_are_made_with_those_above),
		in_a_tree(what_is_swapped_meanwhile_leads_nowhere),
	};

	(void)umask(022);
	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
