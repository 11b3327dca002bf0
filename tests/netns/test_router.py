# SPDX-License-Identifier: GPL-2.0-or-later
"""What forwards for containers is no router for others, and who was a router before stays one.

The network behind eth1 is the one of test_masquerade.py; the outside, behind eth0, knows the way to it.
"""

import pytest
from test_attack import counters
from test_masquerade import (  # noqa: F401  pylint: disable=unused-import
    LAN6,
    LAN_HOST,
    LAN_HOST6,
    attached,
    elements,
    lan,
    of_foo,
    of_lan,
    switch,
)
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, eventually

V6 = ("--host-address6", "fd00:9::1", "--local-address6", "fd00:9::2")
WAYS = {
    "all": ("--port", "8080:80"),
    "loopback": ("--port", "127.0.0.1:8080:80"),
    "loopback6": ("--port", "[::1]:8080:80"),
    "address": ("--port", f"{HOST}:8080:80"),
    "link": ("--port", "%eth0:8080:80"),
}


@pytest.fixture
def between(lan):  # noqa: F811
    """The same, and the outside knows the way to the network in both families."""
    assert lan.run("nsenter", f"--target={lan.outside.pid}", "--net", "ip", "-6", "route",
                   "replace", LAN6, "via", HOST6).rc == 0  # fmt: skip
    # Who has just got a link has to find his neighbours there first.
    with lan.server_in(of_lan(lan), 80):
        eventually(lambda: not lan.cannot_connect(lan.namespace, LAN_HOST6, 80), "it is found")
    return lan


def passed(world, *names):
    """Which calls get through the host, of those from the outside to the network and back. Those that
    should are waited for."""
    outside, inside = world.outside.namespace, of_lan(world)
    with world.server_in(inside, 80):
        calls = {
            "in4": (outside, LAN_HOST, 80),
            "in6": (outside, LAN_HOST6, 80),
            "out4": (inside, OUTSIDE),
            "out6": (inside, OUTSIDE6),
        }
        peers = world.connect_all([*calls.values()],
                                  [place for place, name in enumerate(calls) if name in names])  # fmt: skip
        return {name for name, peer in zip(calls, peers) if peer}


@pytest.mark.parametrize("way", WAYS)
def test_ports(between, way):
    """Of whatever kind the port is, nobody else gets from one link to another."""
    between.ok("create", "web", *V6, *WAYS[way])
    between.ok("net", "up", "web")
    assert switch(between, "eth0") == switch(between, "eth1") == "1"
    assert elements(between, "opened4") == elements(between, "opened6") == ["eth0", "eth1"]
    assert passed(between) == set()
    if way == "all":
        with between.server_in(between.container_namespace("web"), 80):
            assert between.connect_from(between.outside.namespace, HOST, 8080) == OUTSIDE
            assert between.connect_from(of_lan(between), HOST6, 8080) == LAN_HOST6
    between.ok("net", "down", "web")
    assert switch(between, "eth0") == switch(between, "eth1") == "0"
    assert elements(between, "opened4") == elements(between, "opened6") == []
    assert between.ok("nat", "check").rc == 0


@pytest.mark.parametrize("links", ["eth0", "eth0,eth1"])
def test_nat(between, links):
    """Behind one external link and behind two: containers get out, and nobody else in or through."""
    between.ok("nat", "enable", "--external", links)
    assert ",".join(elements(between, "opened4")) == links
    assert between.connect_from(of_foo(between), OUTSIDE) == HOST
    assert between.connect_from(of_foo(between), OUTSIDE6) == HOST6
    before = counters(between)["dropped"]
    assert passed(between) == set()
    assert counters(between)["dropped"] >= before + 4
    # Taken away, it is put back; and told before.
    assert between.run("nft", "flush", "set", "inet", "nixctr-net", "opened4").rc == 0
    told = between.nixctr("nat", "check").stdout
    assert "IPv4 of link eth0 is forwarded for everybody" in told
    between.ok("nat", "apply")
    assert ",".join(elements(between, "opened4")) == links
    between.ok("nat", "disable")
    assert elements(between, "opened4") == elements(between, "opened6") == []


@pytest.mark.parametrize("before", [True, False])
def test_router(between, before):
    """A router stays one, whether it became one before us or after."""
    def become():
        for key in "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding":
            assert between.run("sysctl", "-qw", f"{key}=1").rc == 0

    if before:
        become()
    between.ok("create", "web", *V6, "--port", "8080:80")
    between.ok("net", "up", "web")
    if not before:
        assert passed(between) == set()
        become()
    between.ok("nat", "enable", "--external", "eth0")
    everything = {"in4", "in6", "out4", "out6"}
    assert passed(between, *everything) == everything
    assert between.ok("nat", "check").rc == 0
