# SPDX-License-Identifier: GPL-2.0-or-later
"""Links beside the cable: moved ones, those on a link of the host, further cables."""

import pytest

CONFLICT, FAILED = 4, 1
CABLE = "LOCAL_MAC_ADDRESS=02:00:00:00:00:77\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\n"


def define(world, text, name="foo"):
    """Writes a definition as NixOS would, without PRIVATE_NETWORK."""
    directory = world.path("/etc/nixos-containers")
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.conf").write_text(text, encoding="ascii")


def ip(world, *words):
    """Runs ip on the host and insists."""
    result = world.run("ip", *words)
    assert result.rc == 0, result


def wire(world, name):
    """A link of the host as any other: it is a cable to nowhere."""
    ip(world, "link", "add", name, "type", "veth", "peer", "name", f"{name[:5]}-far")


def inside(world, name="foo"):
    """The links inside, by name."""
    return {link["ifname"]: link for link in world.ip("address", container=name)}


def has_kind(world, kind):
    """Whether the kernel has a kind of link."""
    wire(world, "probe")
    made = world.run("ip", "link", "add", "link", "probe", "name", "probed", "type", kind).rc == 0
    ip(world, "link", "delete", "probe")
    return made


def addresses(link):
    """The addresses of a link: {"ADDRESS/LENGTH"}."""
    return {f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["scope"] == "global"}


def test_a_link_moves_and_comes_back(world):
    """It keeps its name, both ways; inside it is down, as systemd-nspawn leaves it."""
    wire(world, "lan0")
    ip(world, "link", "set", "lan0", "up")
    define(world, CABLE + "INTERFACES='lan0'\n")
    for _ in range(2):
        world.ok("net", "up", "foo")
        assert set(inside(world)) == {"lo", "eth0", "lan0"}
        assert "UP" not in inside(world)["lan0"]["flags"]
        assert "lan0" not in world.links()
    world.ok("net", "down", "foo")
    assert "lan0" in world.links()
    assert world.ip("link", "show", "dev", "lan0")[0]["linkinfo"]["info_kind"] == "veth"


def test_a_macvlan_is_made(world):
    """On each link that is named, called after it, with a MAC that stays the same."""
    if not has_kind(world, "macvlan"):
        pytest.skip("this kernel has no macvlan")
    wire(world, "lan0")
    wire(world, "a-long-name-01")
    define(world, "MACVLANS='lan0 a-long-name-01'\n")
    macs = set()
    for _ in range(2):
        world.ok("net", "up", "foo")
        world.ok("net", "up", "foo")
        links = inside(world)
        assert len(links) == 3 and {"lo", "mv-lan0"} < set(links)
        [long] = set(links) - {"lo", "mv-lan0"}
        assert long.startswith("mv-a-long-n") and len(long) == 15
        assert links["mv-lan0"]["linkinfo"]["info_kind"] == "macvlan"
        assert links["mv-lan0"]["linkinfo"]["info_data"]["mode"] == "bridge"
        assert "UP" in links["lo"]["flags"]
        macs.add((links["mv-lan0"]["address"], links[long]["address"]))
        world.ok("net", "down", "foo")
    assert len(macs) == 1 and len(set(macs.pop())) == 2
    assert {"lan0", "a-long-name-01"} < set(world.links())


def test_a_further_cable_is_furnished(world):
    """Both ends up, with addresses and routes to each other, as NixOS does it."""
    define(world, CABLE + 'EXTRA_VETHS="db,host=10.9.0.1,local=10.9.0.2,host6=fd09::1,local6=fd09::2,mac=02:00:00:00:00:09"\n')
    for _ in range(2):
        world.ok("net", "up", "foo")
        world.carriers_at_rest()
        [host] = world.ip("address", "show", "dev", "db")
        end = inside(world)["db"]
        assert host["operstate"] == end["operstate"] == "UP"
        assert addresses(host) == {"10.9.0.1/32", "fd09::1/128"}
        assert addresses(end) == {"10.9.0.2/32", "fd09::2/128"}
        assert host["ifalias"] == "nixctr-net container foo"
        assert end["address"] == "02:00:00:00:00:09"
        for address in "10.9.0.2", "fd09::2":
            assert world.ip("route", "get", address)[0]["dev"] == "db"
            assert world.run("ping", "-c", "1", "-W", "5", address).rc == 0
        assert world.ip("route", "get", "10.9.0.1", container="foo")[0]["dev"] == "db"
    [default] = world.ip("route", "show", "default", container="foo")
    assert default["dev"] == "eth0"
    world.ok("net", "down", "foo")
    assert "db" not in world.links_at_rest()


@pytest.mark.parametrize(
    "setting, host, end",
    [("local=10.9.0.2", set(), {"10.9.0.2/32"}), ("host=10.9.0.1", {"10.9.0.1/32"}, set()),
     ("host=10.9.0.1,local=10.9.0.2/24", {"10.9.0.1/24"}, {"10.9.0.2/24"})],
)  # fmt: skip
def test_either_end_may_go_without_an_address(world, setting, host, end):
    """... and the other end has a route to the one there is."""
    define(world, f"EXTRA_VETHS=db,{setting}\n")
    world.ok("net", "up", "foo")
    world.ok("net", "up", "foo")
    assert addresses(world.ip("address", "show", "dev", "db")[0]) == host
    assert addresses(inside(world)["db"]) == end
    if end:
        assert world.ip("route", "get", "10.9.0.2")[0]["dev"] == "db"
    if host:
        assert world.ip("route", "get", "10.9.0.1", container="foo")[0]["dev"] == "db"


def test_a_further_cable_on_a_bridge(world):
    """Its host end is a port without an address."""
    ip(world, "link", "add", "br0", "type", "bridge")
    define(world, "EXTRA_VETHS='db,bridge=br0,local=10.9.0.2/24 plain'\n")
    world.ok("net", "up", "foo")
    [host] = world.ip("address", "show", "dev", "db")
    assert host["master"] == "br0" and addresses(host) == set()
    assert addresses(inside(world)["db"]) == {"10.9.0.2/24"}
    assert set(inside(world)) == {"lo", "db", "plain"}


def test_a_network_may_be_the_loopback_alone(world):
    """PRIVATE_NETWORK=1 and nothing else is what systemd-nspawn makes of it."""
    define(world, "PRIVATE_NETWORK=1\n")
    world.ok("net", "up", "foo")
    assert set(inside(world)) == {"lo"} and "UP" in inside(world)["lo"]["flags"]
    assert world.ok("net", "up", "foo").rc == 0
    assert world.ok("net", "show", "foo", "--json").json["drift"] == []
    world.ok("net", "down", "foo")
    assert world.namespaces() == []


@pytest.mark.parametrize("line", ["HOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2",
                                  "HOST_BRIDGE=br0", "LOCAL_MAC_ADDRESS=02:00:00:00:00:01"])  # fmt: skip
def test_what_asks_for_a_cable_gets_one(world, line):
    """... without PRIVATE_NETWORK, as with NixOS."""
    ip(world, "link", "add", "br0", "type", "bridge")
    define(world, line + "\n")
    world.ok("net", "up", "foo")
    assert set(inside(world)) == {"lo", "eth0"}


def test_what_belongs_to_others_is_refused(world):
    """... by name, nothing is left, and it is as it was."""
    ip(world, "link", "add", "db", "type", "bridge")
    define(world, CABLE + "EXTRA_VETHS='mine db'\n")
    refused = world.nixctr("net", "up", "foo")
    assert refused.rc == CONFLICT and "db" in refused.stderr and "not ours" in refused.stderr
    assert world.namespaces() == []
    assert {"db"} == set(world.links_at_rest()) & {"db", "mine", "ve-foo"}
    define(world, CABLE, "bar")
    world.ok("net", "up", "bar")
    define(world, "EXTRA_VETHS=ve-bar\n")
    assert world.nixctr("net", "up", "foo").rc == CONFLICT
    assert "ve-bar" in world.links()


def test_a_missing_link_is_named(world):
    """... and what was moved before it comes back."""
    wire(world, "lan0")
    for key in "INTERFACES", "MACVLANS":
        define(world, CABLE + f"INTERFACES=lan0\n{key}='{'lan0 ' if key == 'INTERFACES' else ''}lan9'\n")
        refused = world.nixctr("net", "up", "foo")
        assert refused.rc == FAILED and "link lan9" in refused.stderr
        assert "lan0" in world.links() and world.namespaces() == []


@pytest.mark.parametrize(
    "line",
    ["INTERFACES=a/b", "INTERFACES=a-name-of-16-let", "MACVLANS=..", "EXTRA_VETHS=db,host=x",
     "EXTRA_VETHS=db,host6=10.0.0.1", "EXTRA_VETHS=db,colour=red", "EXTRA_VETHS='db db'",
     CABLE + "INTERFACES=eth0", "EXTRA_VETHS=db,bridge=", "EXTRA_VETHS=,host=10.0.0.1",
     "INTERFACES='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17'"],
)  # fmt: skip
def test_bad_lines_are_named(world, line):
    """The file, the key and the word."""
    define(world, line + "\n")
    refused = world.nixctr("net", "up", "foo")
    assert refused.rc == FAILED and "foo.conf" in refused.stderr, refused
    assert world.namespaces() == []


def test_killed_between_making_and_furnishing(world):
    """A bare pair of a killed run is furnished, a stale one of another namespace replaced."""
    define(world, "EXTRA_VETHS=db,host=10.9.0.1,local=10.9.0.2\n")
    world.ok("net", "up", "foo")
    ip(world, "link", "set", "db", "down")
    ip(world, "address", "flush", "dev", "db")
    ip(world, "link", "set", "db", "alias", "")
    ip(world, "-n", "ve-foo", "address", "flush", "dev", "db")
    world.ok("net", "up", "foo")
    assert world.run("ping", "-c", "1", "-W", "5", "10.9.0.2").rc == 0
    with open(world.container_namespace("foo"), "rb"):
        ip(world, "netns", "delete", "ve-foo")
        world.ok("net", "up", "foo")
        assert world.run("ping", "-c", "1", "-W", "5", "10.9.0.2").rc == 0
