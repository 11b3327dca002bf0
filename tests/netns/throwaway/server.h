/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/*
 * The server outside: accepts TCP over IPv4 and IPv6, writes down who called, and answers each caller
 * with the address it was seen with. Every failure ends the process.
 */

/* One that listens. */
struct server {
	int listener;
	int log;
};

struct server server_open(uint16_t port, const char *log);
_Noreturn void server_serve(const struct server *server);
