/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void an_errno_gives_text_and_class(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	assert_int_equal(error_errno(&e, EACCES, "cannot open %s", "/etc/x"), -EACCES);
	assert_string_equal(e.text, "cannot open /etc/x: Permission denied");
	assert_int_equal(e.class, ERROR_DENIED);
	assert_int_equal(e.number, EACCES);
	assert_non_null(strstr(e.file, "test-error.c"));
}

static void every_errno_class_is_its_exit_code(void **state)
{
	(void)state;
	assert_int_equal(error_class_of(EPERM), 6);
	assert_int_equal(error_class_of(EEXIST), 4);
	assert_int_equal(error_class_of(EADDRINUSE), 4);
	assert_int_equal(error_class_of(EBUSY), 7);
	assert_int_equal(error_class_of(EIO), 1);
}

static void context_is_outermost_first(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	error_set(&e, ERROR_CONFLICT, EEXIST, "link is there");
	assert_int_equal(error_wrap(&e, -EEXIST, "cable of '%s'", "foo"), -EEXIST);
	assert_int_equal(error_wrap(&e, -EEXIST, "cannot start"), -EEXIST);
	assert_string_equal(e.text, "cannot start: cable of 'foo': link is there");
	assert_int_equal(e.class, ERROR_CONFLICT);
}

static void the_nearest_remedy_wins(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	error_set(&e, ERROR_FAILED, EIO, "x");
	error_remedy(&e, -EIO, "do %d", 1);
	error_remedy(&e, -EIO, "do %d", 2);
	assert_string_equal(e.remedy, "do 1");
	error_set(&e, ERROR_FAILED, EIO, "y");
	assert_string_equal(e.remedy, "");
}

static void long_texts_are_cut_not_overrun(void **state)
{
	struct error e = ERROR_INIT;
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_errno(&e, EIO, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	error_wrap(&e, -EIO, "%s", text);
	error_remedy(&e, -EIO, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(strlen(e.remedy), sizeof(e.remedy) - 1);
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(error_errno(NULL, EIO, "x"), -EIO);
	assert_int_equal(error_set(NULL, ERROR_USAGE, EINVAL, "x"), -EINVAL);
	assert_int_equal(error_wrap(NULL, -EIO, "x"), -EIO);
	assert_int_equal(error_remedy(NULL, -EIO, "x"), -EIO);
}

static void the_last_lines_are_kept(void **state)
{
	struct error e = ERROR_INIT;

	(void)state;
	error_set(&e, ERROR_FAILED, EIO, "x");
	assert_string_equal(e.detail, "");
	assert_int_equal(error_detail(&e, -EIO, "line %d", 1), -EIO);
	assert_string_equal(e.detail, "line 1\n");
	for (int i = 2; i <= 1000; i++)
		error_detail(&e, -EIO, "line %d", i);
	assert_null(strstr(e.detail, "line 1\n"));
	assert_non_null(strstr(e.detail, "line 999\nline 1000\n"));
	assert_true(strncmp(e.detail, "line ", 5) == 0);
	error_detail(NULL, -EIO, "nobody cares");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_errno_gives_text_and_class),
		cmocka_unit_test(every_errno_class_is_its_exit_code),
		cmocka_unit_test(context_is_outermost_first),
		cmocka_unit_test(the_nearest_remedy_wins),
		cmocka_unit_test(the_last_lines_are_kept),
		cmocka_unit_test(long_texts_are_cut_not_overrun),
		cmocka_unit_test(nobody_need_listen),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
