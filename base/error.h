/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How failures travel.
 *
 * A function that can fail takes a struct error * as its last parameter and returns
 *
 *	< 0	failed: -errno, and *e says what, why and what mends it
 *	  0	already so: nothing had to be done
 *	> 0	done, or a code of the function's own contract
 *
 * The place that fails calls error_set() or error_errno(); whoever hands the failure on adds the
 * name of its own object with error_wrap(); whoever knows the command that mends it adds
 * error_remedy(). Only cli/ prints. The caller owns the struct; nothing in it is allocated.
 * A NULL struct error * is accepted everywhere, for failures that are ignored on purpose.
 */

/* What kind of failure it is; the values are the exit codes of the program. */
enum error_class {
	ERROR_FAILED = 1,       /* anything without a code of its own */
	ERROR_USAGE = 2,        /* the command line, a name or an address is wrong */
	ERROR_NO_CONTAINER = 3, /* there is no container of this name */
	ERROR_CONFLICT = 4,     /* it is there already, or belongs to somebody else */
	ERROR_EXHAUSTED = 5,    /* the pool has no free address */
	ERROR_DENIED = 6,       /* a capability or permission is missing */
	ERROR_BUSY = 7,         /* somebody else is at it */
	ERROR_CANNOT_RUN = 126, /* the program to become cannot be run */
	ERROR_NO_PROGRAM = 127, /* there is no such program */
};

struct error {
	int number;             /* positive errno, 0 when no error is held */
	enum error_class class; /* the exit code */
	char text[768];         /* what failed, outermost context first */
	char kernel[192];       /* the kernel's own words (NLMSGERR_ATTR_MSG), or "" */
	char attribute[96];     /* the netlink attribute the kernel pointed at, or "" */
	char remedy[512];       /* what mends it, one imperative sentence, or "" */
	char detail[1536]; /* last lines somebody else wrote before it failed; each ends in \n */
	const char *file;  /* where it was set, for --debug */
	int line;
};

#define ERROR_INIT ((struct error){ .number = 0 })

int error_set_at(struct error *e, const char *file, int line, enum error_class class, int number,
		 const char *format, ...) __attribute__((format(printf, 6, 7)));
int error_errno_at(struct error *e, const char *file, int line, int number, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
int error_wrap(struct error *e, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int error_remedy(struct error *e, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int error_detail(struct error *e, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int error_classify(struct error *e, int r, enum error_class class);
enum error_class error_class_of(int number);

/* Sets *e with a class of the caller's choice. Returns -number. */
#define error_set(e, class, number, ...) \
	error_set_at(e, __FILE__, __LINE__, class, number, __VA_ARGS__)

/* Sets *e from an errno: its text is appended and gives the class. Returns -number. */
#define error_errno(e, number, ...) error_errno_at(e, __FILE__, __LINE__, number, __VA_ARGS__)
