# SPDX-License-Identifier: GPL-2.0-or-later
"""What "set" changes of the network of a container that is attached, at once, and what it says of the
rest. Read back by ip and nft, and by who reaches whom."""

import subprocess

import pytest
import world as world_module
from test_attack import goes_with
from test_ipam_check import waits_for_lock
from test_names import getent, hosts
from test_peers import elements
from world import HOST, OUTSIDE, eventually

FOO = "10.233.1.2"
PORT = 8080


@pytest.fixture(name="foo")
def foo_fixture(world):
    """Container foo in both families, with a published port, linked with bar; both attached."""
    world.path("/etc/nsswitch.conf").write_text("hosts: files nixctr\n", encoding="ascii")
    world.ok("nat", "enable", "--external", "eth0")
    world.ok("create", "foo", "--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2",
             "--port", f"{PORT}:7777")  # fmt: skip
    world.ok("create", "bar")
    for name in "foo", "bar":
        world.path(f"/var/lib/nixos-containers/{name}/etc").mkdir(parents=True)
        world.ok("net", "up", name)
    world.ok("net", "link", "foo", "bar")
    return world


def live(world, *words, name="foo"):
    """Sets something, and insists that it counts already."""
    before = world.path(f"/run/netns/ve-{name}").stat().st_ino
    told = world.ok("set", name, *words, "--json").json
    assert told == {"container": name, "changed": True, "at_next_start": False}
    assert world.ok("set", name, *words, "--json").json["changed"] is False
    assert world.path(f"/run/netns/ve-{name}").stat().st_ino == before
    assert world.ok("net", "show", name, "--json").json["drift"] == []


def later(world, *words, name="foo"):
    """Sets something, and insists that it says when it counts and that nothing happens before."""
    before = ends(world, name)
    told = world.ok("set", name, *words)
    assert "takes effect at the next start" in told.stderr
    assert ends(world, name) == before


def ends(world, name="foo"):
    """The global addresses of both ends of the cable."""
    found = []
    for link, container in ((f"ve-{name}", None), ("eth0", name)):
        [shown] = world.ip("address", "show", "dev", link, container=container)
        found.append({a["local"] for a in shown["addr_info"] if a["scope"] == "global"})
    return found


def gateways(world, name="foo"):
    """Where the default routes inside lead."""
    routes = [world.ip(family, "route", "show", "default", container=name) for family in ("-4", "-6")]
    return [route["gateway"] for family in routes for route in family]


def test_addresses(foo):
    """Of both ends, of one of them, of either family: routes, names, ports and links go with them."""
    foo_inside, bar_inside = foo.container_namespace("foo"), foo.container_namespace("bar")
    for words, host, local in (
        (("hostAddress=192.168.9.1", "localAddress=192.168.9.2"), "192.168.9.1", "192.168.9.2"),
        (("localAddress=192.168.9.3",), "192.168.9.1", "192.168.9.3"),
        (("hostAddress=192.168.9.4",), "192.168.9.4", "192.168.9.3"),
    ):
        live(foo, *words)
        assert ends(foo) == [{host, "fd00:1::1"}, {local, "fd00:1::2"}]
        assert gateways(foo) == [host, "fd00:1::1"]
        assert not foo.ip("route", "show", FOO)
        assert getent(foo, "ahostsv4", "foo")[0][0] == local and getent(foo, "hosts", FOO) is None
        assert hosts(foo, "bar")["foo"] == local
        assert hosts(foo, "foo")["host.containers"] in (host, "fd00:1::1")
        with foo.server_in(foo_inside):
            assert foo.connect_from(bar_inside, local) == "10.233.2.2"
            assert foo.connect_from(foo.outside.namespace, HOST, PORT) is not None
        with foo.server_in(bar_inside):
            assert foo.connect_from(foo_inside, "10.233.2.2") == local
    live(foo, "hostAddress6=fd00:7::1", "localAddress6=fd00:7::2")
    assert ends(foo) == [{"192.168.9.4", "fd00:7::1"}, {"192.168.9.3", "fd00:7::2"}]
    with foo.server_in(foo_inside):
        assert foo.connect_from(bar_inside, "192.168.9.3")
    leased = foo.ok("ipam", "list", "--json").json["leases"]
    assert FOO not in str([lease for lease in leased if lease["state"] == "bound"])
    told = foo.ok("ipam", "history", "192.168.9.3", "--json").json["history"]
    assert {event["reason"] for event in told if event["act"] == "bound"} == {"defined anew"}, told


def routes_of(world, family, name="foo"):
    """All routes inside but those of the kernel itself."""
    routes = world.ip(family, "route", "show", container=name)
    return [route for route in routes if not route["dst"].startswith(("fe80", "ff00"))]


def test_a_family_comes_and_goes(foo):
    """bar gets IPv6, and foo loses it, and has it again: addresses, routes, names, ports, pins."""
    live(foo, "hostAddress6=fd00:2::1", "localAddress6=fd00:2::2", name="bar")
    assert ends(foo, "bar") == [{"10.233.2.1", "fd00:2::1"}, {"10.233.2.2", "fd00:2::2"}]
    with foo.server_in(foo.container_namespace("bar")):
        assert foo.connect_from(foo.container_namespace("foo"), "fd00:2::2") == "fd00:1::2"
    foo_inside = foo.container_namespace("foo")
    live(foo, "HOST_ADDRESS6=", "LOCAL_ADDRESS6=")
    assert ends(foo) == [{"10.233.1.1"}, {FOO}] and gateways(foo) == ["10.233.1.1"]
    assert routes_of(foo, "-6") == [] and not foo.ip("-6", "route", "show", "fd00:1::2")
    assert getent(foo, "hosts", "fd00:1::2") is None and hosts(foo, "bar")["foo"] == FOO
    assert "fd00:1::2" not in foo.run("nft", "list", "ruleset").stdout
    with foo.server_in(foo_inside):
        assert foo.connect_from(foo.container_namespace("bar"), FOO) == "10.233.2.2"
        assert foo.connect_from(foo.outside.namespace, HOST, PORT) is not None
    live(foo, "hostAddress6=fd00:1::1", "localAddress6=fd00:1::2")
    assert ends(foo) == [{"10.233.1.1", "fd00:1::1"}, {FOO, "fd00:1::2"}]
    with foo.server_in(foo_inside):
        assert foo.connect_from(foo.container_namespace("bar"), "fd00:1::2") == "fd00:2::2"


def test_ipv4_goes(foo):
    """... and nobody reaches or publishes anything by it."""
    live(foo, "HOST_ADDRESS=", "LOCAL_ADDRESS=")
    assert ends(foo) == [{"fd00:1::1"}, {"fd00:1::2"}] and gateways(foo) == ["fd00:1::1"]
    assert routes_of(foo, "-4") == [] and not foo.ip("route", "show", FOO)
    assert not foo.ip("neighbor", "show", FOO)
    assert FOO not in foo.run("nft", "list", "ruleset").stdout
    with foo.server_in(foo.container_namespace("foo")):
        assert foo.connect_from(foo.namespace, "fd00:1::2") == "fd00:1::1"


def test_a_refusal_takes_nothing_away(foo):
    """A port of bar's, asked for beside one link and one family less."""
    live(foo, "EXTRA_VETHS=db:db0")
    foo.ok("set", "bar", "HOST_PORT=9090:80")
    before = ends(foo)
    told = foo.nixctr("set", "foo", "HOST_PORT=9090:80", "EXTRA_VETHS=", "HOST_ADDRESS6=", "LOCAL_ADDRESS6=")
    assert told.rc == 4, told
    assert ends(foo) == before and "db" in foo.links()


def test_nobody_is_at_it_in_between(foo):
    """Nothing goes while another is at this network: that might put it back by the definition of before."""
    before = ends(foo)
    holder = foo.command("flock", "/run/nixctr-net/networks/foo.lock", "sh", "-c", "echo && exec cat")
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        held.stdout.readline()
        words = world_module.BINARY, "set", "foo", "HOST_ADDRESS6=", "LOCAL_ADDRESS6="
        with subprocess.Popen(foo.command(*words)) as command:
            eventually(lambda: waits_for_lock(command.pid), "it waits")
            assert ends(foo) == before
            held.stdin.close()
            assert command.wait(world_module.DEADLINE) == 0
    assert ends(foo) == [{"10.233.1.1"}, {FOO}]


def test_what_the_container_has_added_stays(foo):
    """Only what its definition had goes."""
    for address in "fd00:9::9/64", "192.168.99.1/24":
        foo.run("ip", "-n", "ve-foo", "address", "add", address, "dev", "eth0")
    live(foo, "HOST_ADDRESS6=", "LOCAL_ADDRESS6=")
    assert ends(foo)[1] == {FOO, "fd00:9::9", "192.168.99.1"}
    for last in 2, 3:  # it is behind those that were added before, in the end
        live(foo, "hostAddress=192.168.9.1", f"localAddress=192.168.9.{last}")
        assert ends(foo)[1] == {f"192.168.9.{last}", "fd00:9::9", "192.168.99.1"}


@pytest.mark.parametrize("name, other", [("foo", "bar"), ("bar", "foo")])
def test_one_that_goes(foo, name, other):
    """Whoever's definition names whom: the other does not know it any more, but the rest."""
    assert other in hosts(foo, name) and name in hosts(foo, other)
    told = foo.ok("destroy", name)
    assert told.stderr == ""
    assert name not in hosts(foo, other) and "host.containers" in hosts(foo, other)
    foo.ok("create", name, "--local-address", "192.168.9.2", "--host-address", "192.168.9.1")
    assert hosts(foo, other).get(name) == ("192.168.9.2" if other == "foo" else None)


def test_one_that_stops(foo):
    """It has its name as long as it has its address, as on the host."""
    foo.ok("net", "down", "foo")
    foo.ok("set", "bar", "hostAddress=192.168.9.1", "localAddress=192.168.9.2")
    assert hosts(foo, "bar")["foo"] == FOO and hosts(foo, "foo")["bar"] == "192.168.9.2"


def link_local(world):
    """The addresses of eth0 that follow from its MAC."""
    [shown] = world.ip("address", "show", "dev", "eth0", container="foo")
    return [a for a in shown["addr_info"] if a["scope"] == "link"]


def test_mac(foo):
    """The host knows at once where to send, and lets what comes from there pass."""
    [before] = foo.ip("link", "show", "dev", "ve-foo")
    live(foo, "localMacAddress=02:00:00:00:00:42")
    [link] = foo.ip("link", "show", "dev", "eth0", container="foo")
    assert link["address"] == "02:00:00:00:00:42"
    assert [a["local"] for a in link_local(foo)] == ["fe80::ff:fe00:42"]
    assert ends(foo)[1] == {FOO, "fd00:1::2"} and gateways(foo) == ["10.233.1.1", "fd00:1::1"]
    [known] = foo.ip("neighbor", "show", FOO)
    assert known["lladdr"] == "02:00:00:00:00:42"
    [after] = foo.ip("link", "show", "dev", "ve-foo")
    assert after["ifindex"] == before["ifindex"] and goes_with(int(after["group"]), "02:00:00:00:00:42")
    assert foo.connect_from(foo.container_namespace("foo"), OUTSIDE) == HOST
    with foo.server_in(foo.container_namespace("foo")):
        assert foo.connect_from(foo.container_namespace("bar"), FOO) == "10.233.2.2"
        assert foo.connect_from(foo.namespace, "fd00:1::2") == "fd00:1::1"


@pytest.fixture(name="bridged")
def bridged_fixture(world):
    """Container foo on br0, which is one of two bridges."""
    for number in 0, 1:
        for command in (f"link add br{number} type bridge", f"link set br{number} up",
                        f"address add 10.{number}.0.1/24 dev br{number}"):  # fmt: skip
            assert world.run("ip", *command.split()).rc == 0
    for name, bridge in ("foo", 0), ("bar", 1):
        world.ok("create", name, "--bridge", f"br{bridge}", "--host-address", f"10.{bridge}.0.1",
                 "--local-address", f"10.{bridge}.0.2/24")  # fmt: skip
        world.ok("net", "up", name)
    return world


def reached_from_host(world, address):
    """Whether the host reaches a server in foo."""
    with world.server_in(world.container_namespace("foo")):
        return world.connect_from(world.namespace, address) is not None


def test_bridge(bridged):
    """Its end moves, and what it may send under is another address."""
    bridged.ok("set", "bar", "localAddress=10.1.0.9/24")
    live(bridged, "hostBridge=br1", "hostAddress=10.1.0.1", "localAddress=10.1.0.2/24")
    [link] = bridged.ip("link", "show", "dev", "vb-foo")
    assert link["master"] == "br1"
    assert ends_of_bridged(bridged) == {"10.1.0.2"} and gateways(bridged) == ["10.1.0.1"]
    assert reached_from_host(bridged, "10.1.0.2") and not reached_from_host(bridged, "10.0.0.2")
    assert "10.0.0.2" not in bridged.run("nft", "list", "ruleset").stdout
    live(bridged, "localMacAddress=02:00:00:00:00:43")
    assert reached_from_host(bridged, "10.1.0.2")
    assert set(elements(bridged)["macs"]) == {"foo", "bar"}
    live(bridged, "localAddress=10.1.0.3/24")
    bridged.run("ip", "-n", "ve-foo", "address", "add", "192.168.99.1/24", "dev", "eth0")
    live(bridged, "localAddress=10.1.0.2/24")
    live(bridged, "HOST_ADDRESS=")
    assert ends_of_bridged(bridged) == {"10.1.0.2", "192.168.99.1"} and gateways(bridged) == []
    bridged.run("ip", "-n", "ve-foo", "address", "delete", "192.168.99.1/24", "dev", "eth0")
    assert reached_from_host(bridged, "10.1.0.2")
    live(bridged, "localAddress6=fd00:1::2/64", "LOCAL_ADDRESS=")
    assert ends_of_bridged(bridged) == {"fd00:1::2"}
    assert "10.1.0.2" not in bridged.run("nft", "list", "ruleset").stdout


def of_inside(world):
    """The number of eth0, and what the container has added to it."""
    [shown] = world.ip("address", "show", "dev", "eth0", container="foo")
    return shown["ifindex"], [a["local"] for a in shown["addr_info"] if a["local"] == "192.168.99.1"]


def test_onto_a_bridge_and_off(foo):
    """It is the same link inside, with what the container has added; the rest is as on any of its kind."""
    for command in "link add br0 type bridge", "link set br0 up", "address add 10.0.0.1/24 dev br0":
        assert foo.run("ip", *command.split()).rc == 0
    assert foo.run("ip", "-n", "ve-foo", "address", "add", "192.168.99.1/24", "dev", "eth0").rc == 0
    before, inside_foo = of_inside(foo), foo.container_namespace("foo")
    live(foo, "hostBridge=br0", "hostAddress=10.0.0.1", "localAddress=10.0.0.2/24", "HOST_ADDRESS6=",
         "localAddress6=fd00:3::2/64")  # fmt: skip
    [link] = foo.ip("link", "show", "dev", "vb-foo")
    assert link["group"] == "default"
    assert link["master"] == "br0" and "ve-foo" not in foo.links() and of_inside(foo) == before
    assert ends_of_bridged(foo) == {"10.0.0.2", "fd00:3::2", "192.168.99.1"} and gateways(foo) == ["10.0.0.1"]
    assert not [a for a in foo.ip("address", "show", "dev", "vb-foo")[0]["addr_info"] if a["scope"] == "global"]
    assert "foo" in elements(foo)["macs"] and FOO not in foo.run("nft", "list", "ruleset").stdout
    with foo.server_in(inside_foo):
        assert foo.connect_from(foo.namespace, "10.0.0.2") == "10.0.0.1"
        assert foo.connect_from(foo.outside.namespace, HOST, PORT) is not None
    live(foo, "HOST_BRIDGE=", "hostAddress=10.233.1.1", f"localAddress={FOO}", "hostAddress6=fd00:1::1",
         "localAddress6=fd00:1::2")  # fmt: skip
    [link] = foo.ip("link", "show", "dev", "ve-foo")
    assert int(link["group"]) % 2
    assert "master" not in link and "vb-foo" not in foo.links() and of_inside(foo) == before
    assert ends(foo) == [{"10.233.1.1", "fd00:1::1"}, {FOO, "fd00:1::2", "192.168.99.1"}]
    assert gateways(foo) == ["10.233.1.1", "fd00:1::1"]
    assert "10.0.0.2" not in foo.run("nft", "list", "ruleset").stdout
    with foo.server_in(inside_foo):
        assert foo.connect_from(foo.container_namespace("bar"), FOO) == "10.233.2.2"
        assert foo.connect_from(foo.outside.namespace, HOST, PORT) is not None
    assert hosts(foo, "bar")["foo"] == FOO and hosts(foo, "foo")["host.containers"] in ("10.233.1.1", "fd00:1::1")


def test_a_long_name_onto_a_bridge(world):
    """What it is called in full follows."""
    world.run("ip", "link", "add", "br0", "type", "bridge")
    world.ok("create", "a-name-of-some-length")
    world.ok("net", "up", "a-name-of-some-length")
    live(world, "hostBridge=br0", "HOST_ADDRESS=", "LOCAL_ADDRESS=", name="a-name-of-some-length")
    [link] = world.ip("link", "show", "dev", "vb-a-name-of-some-length")
    assert link["altnames"] == ["vb-a-name-of-some-length"] and link["master"] == "br0"
    live(world, "HOST_BRIDGE=", "hostAddress=10.7.0.1", "localAddress=10.7.0.2", name="a-name-of-some-length")
    [link] = world.ip("link", "show", "dev", "ve-a-name-of-some-length")
    assert link["altnames"] == ["ve-a-name-of-some-length"] and "master" not in link


@pytest.mark.parametrize("bridge", ["br0", "nowhere"])
def test_a_bridge_that_cannot_be_had(foo, bridge):
    """There is none of that name, or the name of the port is another's: the cable is as it was."""
    before = ends(foo)
    for command in "link add br0 type bridge", "link add vb-foo type bridge":
        assert foo.run("ip", *command.split()).rc == 0
    told = foo.nixctr("set", "foo", f"hostBridge={bridge}", "hostAddress=10.0.0.1", "localAddress=10.0.0.2/24")
    assert told.rc == (4 if bridge == "br0" else 1), told
    assert ("vb-foo is not that of" if bridge == "br0" else "bridge nowhere does not exist") in told.stderr, told
    assert ends(foo) == before
    with foo.server_in(foo.container_namespace("foo")):
        assert foo.connect_from(foo.container_namespace("bar"), FOO) == "10.233.2.2"


def test_a_bridge_that_is_not_there(bridged):
    """The cable stays where it is, and so do its pins: the container goes on being reached."""
    result = bridged.nixctr("set", "foo", "hostBridge=nowhere")
    assert result.rc == 1 and "bridge nowhere does not exist" in result.stderr, result
    assert "foo" in elements(bridged)["macs"]
    assert reached_from_host(bridged, "10.0.0.2")
    live(bridged, "hostBridge=br0")
    assert reached_from_host(bridged, "10.0.0.2")


def ends_of_bridged(world):
    """The addresses inside."""
    [shown] = world.ip("address", "show", "dev", "eth0", container="foo")
    return {a["local"] for a in shown["addr_info"] if a["scope"] == "global"}


def test_links_beside_the_cable(foo):
    """One more is there at once, and one less is gone; a moved one is back on the host."""
    live(foo, "EXTRA_VETHS=db:db0")
    assert foo.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "far").rc == 0
    live(foo, "interfaces=lan0", "EXTRA_VETHS=db:db0 more", "macvlans=far")
    assert inside(foo) == {"lo", "eth0", "db0", "more", "lan0", "mv-far"}
    assert {"db", "more"} < set(foo.links()) and "lan0" not in foo.links()
    [more] = foo.ip("link", "show", "dev", "more")
    live(foo, "EXTRA_VETHS=db:db1 more")
    assert inside(foo) == {"lo", "eth0", "db1", "more", "lan0", "mv-far"}
    live(foo, "EXTRA_VETHS=more")
    assert inside(foo) == {"lo", "eth0", "more", "lan0", "mv-far"} and "db" not in foo.links()
    live(foo, "interfaces=", "macvlans=")
    assert inside(foo) == {"lo", "eth0", "more"} and "lan0" in foo.links()
    assert foo.ip("link", "show", "dev", "more")[0]["ifindex"] == more["ifindex"]


def inside(world):
    """The links that foo has."""
    return {link["ifname"] for link in world.ip("link", container="foo")}
