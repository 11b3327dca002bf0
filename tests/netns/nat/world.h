/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

/*
 * A host of our own, without effect on the machine: fresh network and mount namespaces, /run on a
 * tmpfs. The commands of iproute2 and nftables build it and read back what the library did.
 */

int world_isolate(void);
void world_connect(void);

int run(const char *command);
void must_run(const char *command);
char *output_of(const char *command);

int socket_in(const char *namespace, int family, int type, int protocol);
int server_in(const char *namespace, int family, int type, const char *address, uint16_t port);
struct sockaddr_storage address_of(int family, const char *text, uint16_t port,
				   socklen_t *ret_size);
int readable(int fd);
