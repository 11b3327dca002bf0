/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/netns/throwaway/server.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128 /* callers that wait at a time */

/**
 * server_open - listen on all addresses of this network namespace, also those that it gets later
 * @port: to listen on
 * @log: path of the log, which begins anew
 *
 * Returns it.
 */
struct server server_open(uint16_t port, const char *log)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	const int yes = 1, no = 0;
	struct server server = {
		.listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.log = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644),
	};

	if (server.log < 0)
		err(1, "cannot write %s", log);
	if (setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    setsockopt(server.listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0 ||
	    bind(server.listener, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
	    listen(server.listener, BACKLOG) < 0)
		err(1, "cannot listen on port %u", port);
	return server;
}

/**
 * peer_text - a caller's address as text
 * @peer: borrowed; who calls over IPv4 arrives as ::ffff:a.b.c.d
 * @text: filled
 */
static void peer_text(const struct sockaddr_in6 *peer, char text[INET6_ADDRSTRLEN])
{
	const uint8_t *bytes = peer->sin6_addr.s6_addr;

	if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr))
		(void)inet_ntop(AF_INET, bytes + 12, text, INET6_ADDRSTRLEN);
	else
		(void)inet_ntop(AF_INET6, bytes, text, INET6_ADDRSTRLEN);
}

/**
 * server_serve - answer callers, one after the other, for ever
 * @server: borrowed
 *
 * A caller is in the log before it has its answer: whoever has the answer finds itself there.
 */
void server_serve(const struct server *server)
{
	for (;;) {
		struct sockaddr_in6 peer = { .sin6_family = AF_INET6 };
		socklen_t size = sizeof(peer);
		char text[INET6_ADDRSTRLEN], answer[INET6_ADDRSTRLEN + 1];
		int fd = accept4(server->listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);

		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0)
			err(1, "cannot accept a caller");
		peer_text(&peer, text);
		if (dprintf(server->log, "{\"peer\": \"%s\", \"port\": %u}\n", text,
			    ntohs(peer.sin6_port)) < 0)
			err(1, "cannot write the log");
		/* One who has hung up has no answer, but is in the log, which is what we are for. */
		(void)snprintf(answer, sizeof(answer), "%s\n", text);
		(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		close(fd);
	}
}
