#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""The server outside: accepts TCP over IPv4 and IPv6, and writes down who called.

	server.py PORT LOG

Prints its PID when it listens. Each caller gets one line, the address it was seen with, after that
line is in the log: a caller that has its answer finds itself there.

Thousands of hosts are made for the tests, each with a server: it starts with little.
"""

import os
import socket
import sys


def peer_address(sockaddr):
    """The caller's address as text; IPv4 callers arrive as ::ffff:a.b.c.d."""
    return sockaddr[0].partition("%")[0].removeprefix("::ffff:")


def serve(listener, log):
    """Answers callers, one after the other, for ever."""
    while True:
        connection, sockaddr = listener.accept()
        with connection:
            peer = peer_address(sockaddr)
            print(f'{{"peer": "{peer}", "port": {sockaddr[1]}}}', file=log, flush=True)
            try:
                connection.sendall(peer.encode() + b"\n")
            except OSError:
                # The caller has hung up. It is in the log, which is what we are here for.
                pass


def main():
    """Listens on all addresses of this namespace, also those that it gets later."""
    port, log = int(sys.argv[1]), sys.argv[2]
    listener = socket.create_server(
        ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
    )
    with open(log, "w", encoding="ascii") as file:
        print(os.getpid(), flush=True)
        serve(listener, file)


if __name__ == "__main__":
    main()
