/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* systemd's own socket, which only root may use: it is there even when the D-Bus daemon is not. */
#define SYSTEMD_SOCKET "unix:path=/run/systemd/private"

#define CONNECT_USEC (10 * 1000000ULL)

/**
 * bus_closep - close a connection at the end of a scope
 * @bus: what it points to may be NULL
 *
 * What was sent and not yet written is given up: whoever needs an answer has waited for it.
 */
void bus_closep(sd_bus **bus)
{
	*bus = sd_bus_close_unref(*bus);
}

/**
 * bus_error_free - release the error of an answer at the end of a scope
 * @error: may be empty
 */
void bus_error_free(sd_bus_error *error)
{
	sd_bus_error_free(error);
}

/**
 * bus_message_unrefp - release a message at the end of a scope
 * @message: what it points to may be NULL
 */
void bus_message_unrefp(sd_bus_message **message)
{
	*message = sd_bus_message_unref(*message);
}

/**
 * microseconds - the time on a clock that nobody sets
 */
static uint64_t microseconds(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/**
 * bus_await - wait until a connection that was begun is there
 * @bus: borrowed
 *
 * The library itself would wait a minute and a half for a server that does not answer.
 *
 * Returns 0 or -errno.
 */
static int bus_await(sd_bus *bus)
{
	uint64_t deadline = microseconds() + CONNECT_USEC;
	int r;

	while ((r = sd_bus_is_ready(bus)) == 0) {
		uint64_t now = microseconds();

		if (now >= deadline)
			return -ETIMEDOUT;
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, deadline - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : sd_bus_set_method_call_timeout(bus, BUS_ANSWER_USEC);
}

/**
 * bus_open_private - connect to systemd itself
 * @ret_bus: the connection, owned by the caller
 *
 * Returns 0 or -errno.
 */
static int bus_open_private(sd_bus **ret_bus)
{
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, SYSTEMD_SOCKET);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = bus_await(bus);
	if (r < 0)
		return r;
	*ret_bus = TAKE_PTR(bus);
	return 0;
}

/**
 * bus_open_system - connect to the system bus
 * @ret_bus: the connection, owned by the caller
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int bus_open_system(sd_bus **ret_bus, struct error *e)
{
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = bus_await(bus);
	if (r < 0) {
		r = error_errno(e, -r, "cannot connect to the system bus");
		return error_remedy(e, r, "start it (systemctl start dbus)");
	}
	*ret_bus = TAKE_PTR(bus);
	return 0;
}

/**
 * bus_subscribe - ask systemd to tell this connection about jobs
 * @bus: a connection over the system bus, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int bus_subscribe(sd_bus *bus, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				   "org.freedesktop.systemd1.Manager", "Subscribe", &answer, NULL,
				   "");

	return r < 0 ? bus_failed(e, r, &answer, "cannot follow what systemd does") : 0;
}

/**
 * bus_open_systemd - connect to systemd: root directly, everybody else over the system bus
 * @ret_bus: the connection, owned by the caller
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int bus_open_systemd(sd_bus **ret_bus, struct error *e)
{
	_cleanup_(bus_closep) sd_bus *bus = NULL;
	int r = geteuid() == 0 ? bus_open_private(&bus) : -EACCES;

	if (r == -ETIMEDOUT) {
		r = error_errno(e, -r, "systemd does not answer");
		return error_remedy(e, r, "see what systemd says: journalctl -b _PID=1");
	}
	if (r < 0) {
		log_debug("no direct connection to systemd: %s", strerror(-r));
		r = bus_open_system(&bus, e);
		if (r == 0)
			r = bus_subscribe(bus, e);
	}
	if (r < 0)
		return r;
	*ret_bus = TAKE_PTR(bus);
	return 0;
}

/**
 * answer_length - the length of what was answered, without the full stop of a sentence
 * @text: borrowed
 */
static int answer_length(const char *text)
{
	size_t length = strlen(text);

	return (int)(length > 0 && text[length - 1] == '.' ? length - 1 : length);
}

/**
 * bus_refused - say what was answered instead of what was asked for, and leave the remedy to others
 * @e: filled
 * @r: negative, of the call
 * @answer: borrowed; may be empty
 * @what: what could not be done
 *
 * Returns @r, or -EACCES when it is not permitted.
 */
int bus_refused(struct error *e, int r, const sd_bus_error *answer, const char *what)
{
	const char *text = answer && answer->message ? answer->message : strerror(-r);
	bool denied =
		r == -EACCES || r == -EPERM ||
		sd_bus_error_has_name(answer, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);

	if (r == -ETIMEDOUT || sd_bus_error_has_name(answer, SD_BUS_ERROR_NO_REPLY)) {
		r = error_set(e, ERROR_FAILED, ETIMEDOUT, "%s: nobody answered in time", what);
		return error_remedy(e, r, "see what systemd says: journalctl -b _PID=1");
	}
	return error_set(e, denied ? ERROR_DENIED : error_class_of(-r), denied ? EACCES : -r,
			 "%s: %.*s", what, answer_length(text), text);
}

/**
 * bus_failed - say what was answered instead of what was asked for
 * @e, @r, @answer, @what: as for bus_refused()
 *
 * Returns @r, or -EACCES when it is not permitted.
 */
int bus_failed(struct error *e, int r, const sd_bus_error *answer, const char *what)
{
	r = bus_refused(e, r, answer, what);
	return r == -EACCES ? error_remedy(e, r, "run it as root") : r;
}
