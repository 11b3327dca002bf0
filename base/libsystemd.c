/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/late.h"

#define LATE_FIND function_find

/*
 * Theory of operation
 *
 * libsystemd and the libraries behind it more than double what it costs to start a program, and most
 * commands never talk to systemd. So nothing is linked with it; see base/late.h.
 *
 * Where it cannot be loaded every function fails, those that open a connection first.
 */

/**
 * function_find - a function of the library, which is loaded if it has not been
 * @name: borrowed
 *
 * Returns its address, or 0 when there is no such library or function in it.
 */
static uintptr_t function_find(const char *name)
{
	static void *library;

	return late_find(&library, "libsystemd.so.0", "systemd cannot be asked", name);
}

/* clang-format off: it takes parameters for products. */
FORWARD(int, sd_bus_call, -ENOSYS,
	(sd_bus * bus, sd_bus_message *m, uint64_t usec, sd_bus_error *ret_error,
	 sd_bus_message **reply),
	(bus, m, usec, ret_error, reply))
FORWARD(sd_bus *, sd_bus_close_unref, NULL, (sd_bus * bus), (bus))
FORWARD_VOID(sd_bus_error_free, (sd_bus_error * e), (e))
FORWARD(int, sd_bus_error_has_name, -ENOSYS, (const sd_bus_error *e, const char *name), (e, name))
FORWARD(sd_bus *, sd_bus_flush_close_unref, NULL, (sd_bus * bus), (bus))
FORWARD(int, sd_bus_get_property, -ENOSYS,
	(sd_bus * bus, const char *destination, const char *path, const char *interface,
	 const char *member, sd_bus_error *ret_error, sd_bus_message **reply, const char *type),
	(bus, destination, path, interface, member, ret_error, reply, type))
FORWARD(int, sd_bus_get_property_string, -ENOSYS,
	(sd_bus * bus, const char *destination, const char *path, const char *interface,
	 const char *member, sd_bus_error *ret_error, char **ret),
	(bus, destination, path, interface, member, ret_error, ret))
FORWARD(int, sd_bus_get_property_trivial, -ENOSYS,
	(sd_bus * bus, const char *destination, const char *path, const char *interface,
	 const char *member, sd_bus_error *ret_error, char type, void *ret_ptr),
	(bus, destination, path, interface, member, ret_error, type, ret_ptr))
FORWARD(int, sd_bus_is_ready, -ENOSYS, (sd_bus * bus), (bus))
FORWARD(int, sd_bus_match_signal, -ENOSYS,
	(sd_bus * bus, sd_bus_slot **ret, const char *sender, const char *path,
	 const char *interface, const char *member, sd_bus_message_handler_t callback,
	 void *userdata),
	(bus, ret, sender, path, interface, member, callback, userdata))
FORWARD(int, sd_bus_message_new_method_call, -ENOSYS,
	(sd_bus * bus, sd_bus_message **m, const char *destination, const char *path,
	 const char *interface, const char *member),
	(bus, m, destination, path, interface, member))
FORWARD(int, sd_bus_message_read_array, -ENOSYS,
	(sd_bus_message * m, char type, const void **ptr, size_t *size), (m, type, ptr, size))
FORWARD(int, sd_bus_message_set_allow_interactive_authorization, -ENOSYS,
	(sd_bus_message * m, int b), (m, b))
FORWARD(sd_bus_message *, sd_bus_message_unref, NULL, (sd_bus_message * m), (m))
FORWARD(int, sd_bus_new, -ENOSYS, (sd_bus * *ret), (ret))
FORWARD(int, sd_bus_open_system, -ENOSYS, (sd_bus * *ret), (ret))
FORWARD(int, sd_bus_path_encode, -ENOSYS,
	(const char *prefix, const char *external_id, char **ret_path),
	(prefix, external_id, ret_path))
FORWARD(int, sd_bus_process, -ENOSYS, (sd_bus * bus, sd_bus_message **r), (bus, r))
FORWARD(int, sd_bus_set_address, -ENOSYS, (sd_bus * bus, const char *address), (bus, address))
FORWARD(int, sd_bus_set_method_call_timeout, -ENOSYS, (sd_bus * bus, uint64_t usec), (bus, usec))
FORWARD(sd_bus_slot *, sd_bus_slot_unref, NULL, (sd_bus_slot * slot), (slot))
FORWARD(int, sd_bus_start, -ENOSYS, (sd_bus * bus), (bus))
FORWARD(int, sd_bus_wait, -ENOSYS, (sd_bus * bus, uint64_t timeout_usec), (bus, timeout_usec))
FORWARD(int, sd_journal_add_disjunction, -ENOSYS, (sd_journal * j), (j))
FORWARD(int, sd_journal_add_match, -ENOSYS, (sd_journal * j, const void *data, size_t size),
	(j, data, size))
FORWARD_VOID(sd_journal_close, (sd_journal * j), (j))
FORWARD_VOID(sd_journal_flush_matches, (sd_journal * j), (j))
FORWARD(int, sd_journal_get_data, -ENOSYS,
	(sd_journal * j, const char *field, const void **data, size_t *l), (j, field, data, l))
FORWARD(int, sd_journal_next, -ENOSYS, (sd_journal * j), (j))
FORWARD(int, sd_journal_open, -ENOSYS, (sd_journal * *ret, int flags), (ret, flags))
FORWARD(int, sd_journal_previous, -ENOSYS, (sd_journal * j), (j))
FORWARD(int, sd_journal_previous_skip, -ENOSYS, (sd_journal * j, uint64_t skip), (j, skip))
FORWARD(int, sd_journal_seek_tail, -ENOSYS, (sd_journal * j), (j))
FORWARD(int, sd_journal_wait, -ENOSYS, (sd_journal * j, uint64_t timeout_usec), (j, timeout_usec))
FORWARD(char *, sd_id128_to_string, NULL,
	(sd_id128_t id, char s[_SD_ARRAY_STATIC SD_ID128_STRING_MAX]), (id, s))
/* clang-format on */

/**
 * sd_booted - whether systemd runs this machine
 *
 * The library would answer by the same look; see sd_booted(3).
 */
int sd_booted(void)
{
	return faccessat(AT_FDCWD, "/run/systemd/system", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/**
 * sd_bus_call_method - see sd_bus_call_method(3)
 */
int sd_bus_call_method(sd_bus *bus, const char *destination, const char *path,
		       const char *interface, const char *member, sd_bus_error *ret_error,
		       sd_bus_message **reply, const char *types, ...)
{
	static typeof(sd_bus_call_methodv) *real;
	int r = -ENOSYS;
	va_list values;

	if (!real)
		real = (typeof(real))function_find("sd_bus_call_methodv");
	va_start(values, types);
	if (real)
		r = real(bus, destination, path, interface, member, ret_error, reply, types,
			 values);
	va_end(values);
	return r;
}

/**
 * sd_bus_message_append - see sd_bus_message_append(3)
 */
int sd_bus_message_append(sd_bus_message *m, const char *types, ...)
{
	static typeof(sd_bus_message_appendv) *real;
	int r = -ENOSYS;
	va_list values;

	if (!real)
		real = (typeof(real))function_find("sd_bus_message_appendv");
	va_start(values, types);
	if (real)
		r = real(m, types, values);
	va_end(values);
	return r;
}

/**
 * sd_bus_message_read - see sd_bus_message_read(3)
 */
int sd_bus_message_read(sd_bus_message *m, const char *types, ...)
{
	static typeof(sd_bus_message_readv) *real;
	int r = -ENOSYS;
	va_list values;

	if (!real)
		real = (typeof(real))function_find("sd_bus_message_readv");
	va_start(values, types);
	if (real)
		r = real(m, types, values);
	va_end(values);
	return r;
}
