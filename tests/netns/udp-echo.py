#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers each datagram with the address it came from, over IPv4 and IPv6.

	udp-echo.py PORT WORD

Prints a line when it listens. The answer is "WORD ADDRESS".
"""

import ipaddress
import socket
import sys


def main():
    """Listens on all addresses of this namespace and answers for ever."""
    listener = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", int(sys.argv[1])))
    print("ready", flush=True)
    while True:
        _, peer = listener.recvfrom(512)
        address = ipaddress.ip_address(peer[0].partition("%")[0])
        listener.sendto(f"{sys.argv[2]} {address.ipv4_mapped or address}".encode(), peer)


if __name__ == "__main__":
    main()
