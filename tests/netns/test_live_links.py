# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers that are linked, and go to a bridge and off it one after the other while they run."""

import pytest
from test_live import PORT, live
from world import HOST

ON_BRIDGE = {"foo": "10.0.0.2", "bar": "10.0.0.3"}
ON_CABLES = {"foo": "10.233.1.2", "bar": "10.233.2.2"}


@pytest.fixture(name="pair")
def pair_fixture(world):
    """Containers foo, which publishes a port, and bar, which says that it is linked with foo; both are
    attached on cables of their own."""
    for command in "link add br0 type bridge", "link set br0 up", "address add 10.0.0.1/24 dev br0":
        assert world.run("ip", *command.split()).rc == 0
    world.ok("nat", "enable", "--external", "eth0")
    world.ok("create", "foo", "--port", f"{PORT}:7777")
    world.ok("create", "bar")
    for name in "foo", "bar":
        world.ok("net", "up", name)
    world.ok("net", "link", "bar", "foo")
    insist_on_linked(world, ON_CABLES)
    return world


def move(world, name, bridged):
    """Has a container go to the bridge, or off it."""
    if bridged:
        live(world, "hostBridge=br0", "hostAddress=10.0.0.1", f"localAddress={ON_BRIDGE[name]}/24", name=name)
    else:
        host = ON_CABLES[name].removesuffix("2") + "1"
        live(world, "HOST_BRIDGE=", f"hostAddress={host}", f"localAddress={ON_CABLES[name]}", name=name)


def insist_on_linked(world, addresses):
    """Each reaches the other, and nothing differs from what should be."""
    for caller, called in ("foo", "bar"), ("bar", "foo"):
        with world.server_in(world.container_namespace(called)):
            got = world.connect_from(world.container_namespace(caller), addresses[called])
        assert got == addresses[caller], (caller, called, got)
        assert world.ok("net", "show", called, "--json").json["drift"] == []
    assert world.ok("nat", "show", "--json").json["drift"] == []


@pytest.mark.parametrize("order", [("bar", "foo"), ("foo", "bar")])
def test_one_after_the_other(pair, order):
    """They are linked again once both are there, and once both are back; in between they are not."""
    for bridged, addresses in (True, ON_BRIDGE), (False, ON_CABLES):
        for name in order:
            move(pair, name, bridged)
        insist_on_linked(pair, addresses)
        with pair.server_in(pair.container_namespace("foo"), 7777):
            assert pair.connect_from(pair.outside.namespace, HOST, PORT) is not None


def test_while_it_does_not_run(pair):
    """One that is moved while it is stopped is linked when it is there, though the other goes on."""
    move(pair, "bar", bridged=True)
    pair.ok("net", "down", "foo")
    pair.ok("set", "foo", "hostBridge=br0", "hostAddress=10.0.0.1", "localAddress=10.0.0.2/24")
    pair.ok("net", "up", "foo")
    insist_on_linked(pair, ON_BRIDGE)


def test_in_between(pair):
    """While one is on the bridge and the other is not they are apart, and that is said."""
    told = pair.ok("set", "bar", "hostBridge=br0", "hostAddress=10.0.0.1", "localAddress=10.0.0.3/24")
    assert "'bar' is not linked with 'foo'" in told.stderr, told
    for caller, called, address in ("foo", "bar", ON_BRIDGE["bar"]), ("bar", "foo", ON_CABLES["foo"]):
        with pair.server_in(pair.container_namespace(called)):
            assert pair.cannot_connect(pair.container_namespace(caller), address)
    pair.ok("net", "unlink", "bar", "foo")
    for family in "bridge", "inet":
        sets = [item["set"] for item in pair.nft("list", "table", family, "nixctr-net") if "set" in item]
        assert not [item for item in sets if item["name"] == "linked" and item.get("elem")]
