# SPDX-License-Identifier: GPL-2.0-or-later
"""A container on a bridge sends packets in pieces, which a bridge does not put together.

The bridge and who is on it are those of test_attack_bridge.py.
"""

import struct

import frames
from test_attack import LIAR_MAC, Listener, counters, send
from test_attack_bridge import (  # noqa: F401  pylint: disable=unused-import
    DONE,
    LAN,
    LAN6,
    LAN_MAC,
    MINE,
    MINE6,
    THEIRS,
    THEIRS6,
    bridged,
    kind_of,
    namespace_send,
    on_bridge,
    publishing,
)
from test_ports import Asker, udp_server
from world import HOST, HOST6


def test_in_pieces(bridged):  # noqa: F811
    """What the rules look at is said in the second piece of a packet, or in both. Long datagrams come in
    pieces, too."""
    own, liar = frames.option(2, bridged.c1), frames.option(2, LIAR_MAC)
    whole = [frames.router_advertisement(bridged.local),
             frames.udp(bridged.local, frames.ALL_NODES, 547, 546, b"take this address"),
             frames.advertisement(MINE6, THEIRS6, own), frames.advertisement(MINE6, THEIRS6, own, LAN6),
             frames.udp(MINE6, LAN6, 547, 546, b"take this address")]  # fmt: skip
    firsts = [frames.in_pieces(packet)[0] for packet in whole]
    seconds = [frames.in_pieces(packet)[1] for packet in whole]
    halves = frames.solicitation(MINE6, LAN6, liar, LAN6)[40:]
    alone = frames.udp(MINE6, LAN6, 7, 9999, b"whole, and calls itself a piece")[40:]
    known = [frames.piece(MINE6, LAN6, 0, halves[:16], 58)]
    # What stays on the link or is said to all, though the first piece shows what it is.
    of_link = frames.udp(bridged.local, LAN6, 7, 9999, b"under an address of the link, of thirty")[40:]
    to_all = frames.udp(MINE6, frames.ALL_NODES, 7, 9999, b"to everybody, of more than thirty bytes")[40:]
    neighbour = frames.advertisement(MINE6, MINE6, own, LAN6)[40:]
    router = frames.icmp6(MINE6, LAN6, frames.ROUTER_SOLICITATION, bytes(4) + frames.option(1, bridged.c1))[40:]
    known += [frames.piece(bridged.local, LAN6, at, of_link, 17) for at in (0, 6)]
    known += [frames.piece(MINE6, frames.ALL_NODES, at, to_all, 17) for at in (0, 6)]
    known += [frames.piece(MINE6, LAN6, 0, neighbour, 58), frames.piece(MINE6, LAN6, 0, router, 58)]
    # What only routers and DHCP servers say, which the first piece shows.
    first = [frames.router_advertisement(MINE6, LAN6)[40:56],
             frames.icmp6(MINE6, LAN6, frames.REDIRECT_V6, bytes(36))[40:]]  # fmt: skip
    known += [frames.piece(MINE6, LAN6, 0, said, 58) for said in first]
    known.append(frames.piece(MINE6, LAN6, 0, frames.udp(MINE6, LAN6, 547, 546, REST)[40:72], 17))
    on_bridge(bridged, "c1", "rogue",
              [bridged.to_all(lie) for lie in firsts + seconds + known], [])
    # The second piece begins with nothing that could be a header.
    datagram = frames.udp(MINE6, LAN6, 7, 9999, b"forty bytes that are in the first piece!" + bytes(8)
                          + b"and a second piece of thirty bytes")[40:]  # fmt: skip
    lan = Listener(bridged.lan)
    send(bridged.world, "c1", frames.ethernet(bridged.c1, LAN_MAC, frames.IP6, frames.piece(
        MINE6, LAN6, 0, datagram[:48], 17)), frames.ethernet(bridged.c1, LAN_MAC, frames.IP6, frames.piece(
            MINE6, LAN6, 6, datagram[48:], 17, True)))  # fmt: skip
    lan.until(datagram[-24:])
    send(bridged.world, "c1", frames.ethernet(bridged.c1, LAN_MAC, frames.IP6, frames.piece(
        MINE6, LAN6, 0, alone, 17, True)))  # fmt: skip
    lan.until(alone[-24:])
    spoofed = [frames.piece(THEIRS6, LAN6, at, datagram[:48], 17) for at in (0, 6)]
    on_bridge(bridged, "c1", "spoofed", [bridged.to_all(lie) for lie in spoofed], [])


FIRST = b"forty bytes that are in the first piece!"
REST = b"and a second piece of thirty bytes"


def odd(packet):
    """The same with a flow label that ends as the port of a DHCPv6 client."""
    return packet[:2] + struct.pack("!H", 546) + packet[4:]


def halves(source, target, whole, kind=17):
    """An IP packet in two pieces, the first of 48 bytes above IP. Those of IPv6 have an odd flow label."""
    if ":" in source:
        return [odd(frames.piece(source, target, 0, whole[:48], kind)),
                odd(frames.piece(source, target, 6, whole[48:], kind, True))]  # fmt: skip
    return [frames.ipv4(source, target, kind, whole[:48], frames.MORE),
            frames.ipv4(source, target, kind, whole[48:], 6)]  # fmt: skip


def test_later_pieces(bridged):  # noqa: F811
    """What is in the middle of an honest packet may look like anything that only others may say. Of
    somebody else it is a lie, whatever it looks like."""
    words = [REST + bytes([number]) for number in range(4)]  # whoever receives one may send it back
    dhcp = frames.udp(MINE, LAN, 7, 9999, FIRST + struct.pack("!HH", 67, 68) + words[0])[20:]
    redirect, router = (frames.icmp(MINE, LAN, 8, bytes(4) + FIRST + begin + word)[20:]
                        for begin, word in ((bytes([5, 1, 0, 0]), words[1]),
                                            (bytes([9, 0, 0, 0]), words[2])))  # fmt: skip
    dhcpv6 = frames.udp(MINE6, LAN6, 7, 9999, FIRST + words[3])[40:]
    before = counters(bridged.world, "bridge")
    lan = Listener(bridged.lan)
    for whole, kind, word in zip((dhcp, redirect, router, dhcpv6), (17, 1, 1, 17), words):
        ends = (MINE6, LAN6) if whole == dhcpv6 else (MINE, LAN)
        send(bridged.world, "c1", *(frames.ethernet(bridged.c1, LAN_MAC, kind_of(piece), piece)
                                    for piece in halves(*ends, whole, kind)))  # fmt: skip
        lan.until(word)
    after = counters(bridged.world, "bridge")
    assert (after["rogue"], after["spoofed"]) == (before["rogue"], before["spoofed"])
    lies = [halves(THEIRS, LAN, whole, kind)[1] for whole, kind in ((dhcp, 17), (redirect, 1))]
    lies.append(halves(THEIRS6, LAN6, dhcpv6)[1])
    on_bridge(bridged, "c1", "spoofed", [bridged.to_all(lie) for lie in lies], [])


def test_published_port_without_the_host(bridged):  # noqa: F811
    """A call of the neighbour's own address does not get there in pieces either, in whatever order, nor
    together with an honest one."""
    world = bridged.world
    publishing(world, "c2", "udp:5353:53")
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert world.run("sysctl", "-qw", switch).rc == 0
    listener = Listener(world.container_namespace("c2"))
    with udp_server(world, "c2", "c2"):
        for host in HOST, HOST6:
            assert Asker(world.container_namespace("c1"), host, 5353).ask().startswith("c2 ")
    for mine, theirs in (MINE, THEIRS), (MINE6, THEIRS6):
        whole = frames.udp(mine, theirs, 7, 53, FIRST + REST)[40 if ":" in mine else 20 :]
        pieces = halves(mine, theirs, whole)
        for mac in bridged.mac["c2"], bridged.bridge_mac:
            for order in pieces, pieces[::-1]:
                send(world, "c1", *(frames.ethernet(bridged.c1, mac, kind_of(piece), piece)
                                    for piece in order))  # fmt: skip
    namespace_send(world, "lan", DONE)
    assert not any(FIRST in frame or REST in frame for frame in listener.until(DONE))
