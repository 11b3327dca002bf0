# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks beside those of containers that get out as they do, where the host is a router anyway, so
that nothing but what is said of them keeps anybody from them.

The network behind eth1 is the one of test_masquerade.py.
"""

import socket

import frames
import pytest
from test_attack import Listener, Receiver, counters, outside_socket
from test_masquerade import (  # noqa: F401  pylint: disable=unused-import
    LAN,
    LAN6,
    LAN_HOST,
    LAN_HOST6,
    attached,
    lan,
    of_foo,
    of_lan,
)
from world import HERE, HOST, HOST6, OUTSIDE, OUTSIDE6, _in_namespace, eventually

NOBODY, NOBODY6 = "192.168.7.77", "fd00:7::77"


@pytest.fixture
def routing(lan):  # noqa: F811
    """A router for everybody, with an internal network."""
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert lan.run("sysctl", "-qw", switch).rc == 0
    assert lan.run("nsenter", f"--target={lan.outside.pid}", "--net", "ip", "-6", "route", "replace",
                   LAN6, "via", HOST6).rc == 0  # fmt: skip
    lan.ok("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
    return lan


def send(world, where, packet, target):
    """Sends a packet to a link of the host from a namespace: the words that enter it."""
    mac = world.ip("link", "show", target)[0]["address"]
    frame = frames.ethernet("02:77:77:77:77:77", mac, frames.IP6 if packet[0] >> 4 == 6 else frames.IP,
                            packet)  # fmt: skip
    assert world.run(*where, "/usr/bin/python3", HERE / "frames.py", "eth0", frame.hex()).rc == 0


def from_outside(world):
    """Words that enter the namespace of the outside."""
    return ["nsenter", f"--target={world.outside.pid}", "--net", "--"]


FROM_LAN = ["ip", "netns", "exec", "lan"]


def test_router(routing):
    """It gets out, nobody gets in, and what somebody redirects there does."""
    assert routing.connect_from(of_lan(routing), OUTSIDE) == HOST
    assert routing.connect_from(of_lan(routing), OUTSIDE6) == HOST6
    with routing.server_in(of_lan(routing), 80):
        before = counters(routing)["dropped"]
        for address in LAN_HOST, LAN_HOST6:
            assert routing.cannot_connect(routing.outside.namespace, address, 80)
        assert counters(routing)["dropped"] >= before + 2
        assert routing.run("nft", "table inet theirs { chain c { type nat hook prerouting priority -101;"
                           f" iifname eth0 tcp dport 8088 dnat ip to {LAN_HOST}:80;"
                           f" iifname eth0 tcp dport 8089 dnat ip6 to [{LAN_HOST6}]:80; }}; }}").rc == 0  # fmt: skip
        assert routing.connect_from(routing.outside.namespace, HOST, 8088) == OUTSIDE
        assert routing.connect_from(routing.outside.namespace, HOST6, 8089) == OUTSIDE6


def test_what_belongs_to_nothing(routing):
    """An answer that nobody has asked for would leave with its own address."""
    outside = Listener(routing.outside.namespace)
    answers = [frames.icmp(LAN_HOST, OUTSIDE, 0, b"\0\7\0\7answered"),
               frames.icmp6(LAN_HOST6, OUTSIDE6, 129, b"\0\7\0\7answered")]  # fmt: skip
    for answer in answers:
        before = counters(routing)["dropped"]
        send(routing, FROM_LAN, answer, "eth1")
        eventually(lambda: counters(routing)["dropped"] > before, "it is counted")  # noqa: B023 pylint: disable=cell-var-from-loop
    send(routing, FROM_LAN, frames.icmp(LAN_HOST, OUTSIDE, 8, b"\0\7\0\7questioned"), "eth1")
    assert not any(b"answered" in frame for frame in outside.until(b"questioned"))


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_forged(routing, v6):
    """Nobody outside is who he says when he says to be of an internal network."""
    liar, host, honest = (NOBODY6, HOST6, OUTSIDE6) if v6 else (NOBODY, HOST, OUTSIDE)
    assert routing.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0").rc == 0
    receiver = Receiver(routing, socket.AF_INET6 if v6 else socket.AF_INET, 0, port=9999)
    before = counters(routing)["dropped"]
    send(routing, from_outside(routing), frames.udp(liar, host, 7, 9999, b"I am of the family"), "eth0")
    eventually(lambda: counters(routing)["dropped"] > before, "it is counted")
    send(routing, from_outside(routing), frames.udp(honest, host, 7, 9999, b"I am a stranger"), "eth0")
    assert receiver.until(b"I am a stranger") == [b"I am a stranger"]


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_answer_from_elsewhere(routing, v6):
    """What answers a container's question, through a link that does not lead outside, was not asked."""
    family = socket.AF_INET6 if v6 else socket.AF_INET
    host, outside = (HOST6, OUTSIDE6) if v6 else (HOST, OUTSIDE)
    for key in "all", "eth1":
        assert routing.run("sysctl", "-qw", f"net.ipv4.conf.{key}.rp_filter=0").rc == 0
    there = outside_socket(routing, family, socket.SOCK_DGRAM, 9999)
    asker = _in_namespace(of_foo(routing), lambda: socket.socket(family, socket.SOCK_DGRAM))
    asker.settimeout(10)
    asker.connect((outside, 9999))
    asker.send(b"a question")
    assert there.recv(100) == b"a question"
    answer = (outside, host, 9999, asker.getsockname()[1])
    before = counters(routing)["dropped"]
    send(routing, FROM_LAN, frames.udp(*answer, b"a lie"), "eth1")
    eventually(lambda: counters(routing)["dropped"] > before, "it is counted")
    send(routing, from_outside(routing), frames.udp(*answer, b"an answer"), "eth0")
    assert asker.recv(100) == b"an answer"
    asker.close()
    there.close()
