/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "managers/program.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"

/**
 * program_ask - run a program and hear what it says
 * @argv: its words, ends with NULL
 * @answer: filled, both its outputs; what does not fit is cut off
 * @e: filled on failure
 *
 * Returns its exit status, -ENOENT when there is no such program, or another -errno.
 */
int program_ask(char *const argv[], char answer[PROGRAM_ANSWER_MAX], struct error *e)
{
	char plain[] = "LC_ALL=C";
	char *const environment[] = { plain, NULL };
	_cleanup_(fd_closep) int output = memfd_create(argv[0], MFD_CLOEXEC);
	const struct process_spec spec = { .argv = argv,
					   .environment = environment,
					   .input = PROCESS_READS_NOTHING,
					   .output = output,
					   .error = output };
	ssize_t length;
	int r;

	if (output < 0)
		return error_errno(e, errno, "cannot run %s", argv[0]);
	r = process_run(&spec, e);
	if (r < 0)
		return error_classify(e, r, ERROR_FAILED);
	length = lseek(output, 0, SEEK_SET) < 0
			 ? -errno
			 : file_read_all(output, answer, PROGRAM_ANSWER_MAX - 1);
	if (length < 0)
		return error_errno(e, (int)-length, "cannot hear what %s says", argv[0]);
	answer[length] = '\0';
	return r;
}

/**
 * program_failed - say what a program said instead of doing it
 * @argv: its words, borrowed
 * @status: its exit status
 * @answer: what it said, borrowed
 * @e: filled
 *
 * Returns -EIO.
 */
int program_failed(char *const argv[], int status, const char *answer, struct error *e)
{
	int r = error_set(e, ERROR_FAILED, EIO, "%s failed with exit status %d", argv[0], status);

	return error_detail(e, r, "%s", answer);
}
