# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom our tables belong to, in the kernel's own words: a netlink port. nft(8) does not show it, but the name
of a process that it then looks for in /proc."""

import socket
import struct

from world import _in_namespace

NETLINK_NETFILTER = 12
NFT_MSG_GETTABLE = (10 << 8) | 1
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
NFTA_TABLE_NAME, NFTA_TABLE_OWNER = 1, 7
FAMILIES = {"inet": 1, "bridge": 7}


def _attributes(message):
    """The attributes of an answer of nf_tables, by number."""
    found, at = {}, 20
    while at < len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        found[kind & 0x3FFF] = message[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def owner_port(world, family):
    """The netlink port of who owns our table, None when nobody does. There must be that table."""
    name = struct.pack("=HH12s", 16, NFTA_TABLE_NAME, b"nixctr-net\0")
    request = struct.pack("=IHHIIBBH", 36, NFT_MSG_GETTABLE, NLM_F_REQUEST, 1, 0, FAMILIES[family], 0, 0) + name
    with _in_namespace(
        world.namespace, lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    ) as asked:
        asked.send(request)
        answer = asked.recv(65536)
    assert struct.unpack_from("=IH", answer)[1] != NLMSG_ERROR, f"no table {family} nixctr-net"
    owner = _attributes(answer).get(NFTA_TABLE_OWNER)
    return owner and struct.unpack(">I", owner)[0]
