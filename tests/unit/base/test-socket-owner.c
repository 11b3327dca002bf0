/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/socket-owner.h"

/** comm_read - what the kernel calls us */
static void comm_read(char name[PROCESS_NAME_MAX])
{
	FILE *file = fopen("/proc/self/comm", "re");

	assert_non_null(file);
	assert_non_null(fgets(name, PROCESS_NAME_MAX, file));
	name[strcspn(name, "\n")] = '\0';
	assert_int_equal(fclose(file), 0);
}

static void a_socket_has_an_owner(void **state)
{
	char name[PROCESS_NAME_MAX], own[PROCESS_NAME_MAX];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat st;
	pid_t pid = 0;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(socket_owner((uint32_t)st.st_ino, &pid, name), 1);
	assert_int_equal(pid, getpid());
	comm_read(own);
	assert_string_equal(name, own);
	assert_int_equal(close(fd), 0);
	assert_int_equal(socket_owner((uint32_t)st.st_ino, &pid, name), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_has_an_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
