# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers reach each other when they are linked, or isolation is off, and only then. What pins and
links them is recorded, goes with them, and comes back with the tables."""

import pytest
from test_ports import create
from test_watch import watching
from world import eventually

CONFLICT, NO_CONTAINER, USAGE = 4, 3, 2
ADDRESSES = {name: (f"10.233.{number}.2", f"fd00:{number}::2")
             for number, name in enumerate("abc", 1)}  # fmt: skip


@pytest.fixture(params=["without-nat", "with-nat"])
def three(request, world):
    """Containers a, b and c on cables of their own, with a server each."""
    if request.param == "with-nat":
        world.ok("nat", "enable", "--external", "eth0")
    for number, name in enumerate("abc", 1):
        create(world, name, number)
    return world


@pytest.fixture
def bridged(world):
    """Containers a and b on a bridge."""
    for command in ("link add br0 type bridge", "link set br0 up", "address add 10.7.0.1/24 dev br0"):
        assert world.run("ip", *command.split()).rc == 0
    for number, name in enumerate("ab", 2):
        world.ok("create", name, "--bridge", "br0", "--local-address", f"10.7.0.{number}/24",
                 "--host-address", "10.7.0.1")  # fmt: skip
        world.ok("net", "up", name)
    return world


def reached(world, name, other, answered):
    """Whether a container reaches another, by IPv4 and by IPv6."""
    caller = world.container_namespace(name)
    with world.server_in(world.container_namespace(other), 80):
        peers = world.connect_all([(caller, address, 80) for address in ADDRESSES[other]], answered)
    return [bool(peer) for peer in peers]


def reaches(world, name, other):
    """Whether a container reaches another, by both families."""
    return reached(world, name, other, answered={0, 1}) == [True, True]


def is_apart(world, name, other):
    """Whether it does so by neither."""
    return reached(world, name, other, answered=()) == [False, False]


def elements(world, family="bridge"):
    """All elements of the sets of a table: {set: {comment of its container}}."""
    found = {}
    for item in world.nft("list", "table", family, "nixctr-net"):
        for element in item.get("set", {}).get("elem", []):
            if isinstance(element, dict) and "elem" in element:
                found.setdefault(item["set"]["name"], []).append(element["elem"]["comment"])
    return found


def test_linked(three):
    """Both directions, at once, and nobody else; written down in one definition."""
    assert is_apart(three, "a", "b") and is_apart(three, "b", "a")
    assert three.ok("net", "link", "a", "b", "--json").json == {"changed": True}
    assert reaches(three, "a", "b") and reaches(three, "b", "a")
    assert is_apart(three, "a", "c") and is_apart(three, "c", "b")
    assert "LINKED_TO=b\n" in three.path("/etc/nixos-containers/a.conf").read_text()
    assert three.ok("net", "link", "b", "a", "--json").json == {"changed": False}
    for name, other in ("a", "b"), ("b", "a"):
        assert three.ok("net", "show", name, "--json").json["linked"] == [other]
        assert f"linked with {other}" in three.ok("net", "show", name).stdout
    assert "isolated" in three.ok("net", "show", "c").stdout
    assert three.ok("nat", "show", "--json").json["table"]["counters"]["linked"]["packets"] > 0
    assert three.ok("net", "unlink", "b", "a", "--json").json == {"changed": True}
    assert is_apart(three, "a", "b") and is_apart(three, "b", "a")
    assert three.ok("net", "unlink", "a", "b", "--json").json == {"changed": False}
    assert not three.path("/run/nixctr-net/pins").exists()
    assert "LINKED_TO" not in three.path("/etc/nixos-containers/a.conf").read_text()


def test_link_lasts(three):
    """... over detaching, attaching in any order, and lost tables; unknown lines stay."""
    path = three.path("/etc/nixos-containers/a.conf")
    path.write_text("# mine\n" + path.read_text() + "OTHER=\"of somebody's\"\n")
    three.ok("net", "link", "a", "b")
    three.ok("net", "link", "a", "c")
    assert path.read_text().startswith("# mine\n") and "OTHER=\"of somebody's\"\n" in path.read_text()
    for order in "abc", "cba", "bac":
        three.ok("net", "down", *"abc")
        assert not three.path("/run/nixctr-net/pins").exists()
        for name in order:
            three.ok("net", "up", name)
        assert reaches(three, "a", "b") and reaches(three, "c", "a") and is_apart(three, "b", "c")
        assert three.ok("net", "show", "b", "--json").json["drift"] == []
    three.run("nft", "flush", "ruleset")
    three.ok("net", "up", "b")
    assert reaches(three, "b", "a")
    assert three.ok("nat", "show", "--json").json["drift"] == []
    three.run("nft", "flush", "set", "inet", "nixctr-net", "linked")
    drift = three.ok("nat", "show", "--json").json["drift"]
    assert any("'a' lacks its element in set linked" in line for line in drift)
    three.ok("net", "up", "a")
    assert reaches(three, "b", "a")


def test_forwarding_is_put_back(three):
    """Cables forward while containers are linked, and otherwise with NAT only."""
    switch = "/proc/sys/net/ipv4/conf/ve-{}/forwarding"
    before = [three.run("cat", switch.format(name)).stdout for name in "abc"]
    three.ok("net", "link", "a", "b")
    assert three.run("cat", switch.format("b")).stdout == "1\n"
    assert three.ok("net", "show", "c", "--json").json["drift"] == []
    three.ok("net", "unlink", "a", "b")
    assert [three.run("cat", switch.format(name)).stdout for name in "abc"] == before
    assert three.ok("net", "show", "b", "--json").json["drift"] == []


def test_isolation_off_and_on(three):
    """... for all at once, those attached later included; and it outlives nat enable."""
    assert three.ok("nat", "isolate", "off", "--json").json == {"changed": True}
    assert reaches(three, "a", "b") and reaches(three, "c", "b")
    shown = three.ok("nat", "show", "--json").json
    assert not shown["isolate"] and shown["drift"] == []
    assert shown["table"]["counters"]["between"]["packets"] > 0
    assert "isolation is off" in three.ok("net", "show", "a").stdout
    three.ok("net", "down", "c")
    three.ok("net", "up", "c")
    assert reaches(three, "b", "c")
    three.ok("nat", "enable", "--external", "eth0")
    assert reaches(three, "b", "c")
    assert three.ok("nat", "isolate", "on", "--json").json == {"changed": True}
    assert three.ok("nat", "isolate", "on", "--json").json == {"changed": False}
    assert is_apart(three, "b", "c")
    shown = three.ok("nat", "show", "--json").json
    assert shown["isolate"] and shown["drift"] == []


def test_bad_words(world):
    """... are said, with the codes that scripts rely on."""
    for name in "ab":
        world.ok("create", name)
    assert world.run("ip", "link", "add", "br0", "type", "bridge").rc == 0
    world.ok("create", "c", "--bridge", "br0")
    assert world.nixctr("net", "link", "a", "nobody").rc == NO_CONTAINER
    assert world.nixctr("net", "link", "nobody", "a").rc == NO_CONTAINER
    assert world.nixctr("net", "unlink", "a", "nobody").rc == NO_CONTAINER
    assert world.nixctr("net", "link", "a", "a").rc == USAGE
    assert world.nixctr("net", "link", "a").rc == USAGE
    assert world.nixctr("net", "link", "a", "../b").rc == USAGE
    assert world.nixctr("nat", "isolate", "perhaps").rc == USAGE
    refused = world.nixctr("net", "link", "a", "c")
    assert refused.rc == CONFLICT and "br0" in refused.stderr, refused
    path = world.path("/etc/nixos-containers/a.conf")
    path.write_text(path.read_text() + "LINKED_TO=nobody\n")
    attached = world.ok("net", "up", "a")
    assert "'nobody'" in attached.stderr
    path.write_text(path.read_text().replace("LINKED_TO=nobody", "LINKED_TO=../x"))
    refused = world.nixctr("net", "up", "a")
    assert refused.rc == 1 and "LINKED_TO" in refused.stderr and "a.conf" in refused.stderr


def test_elements_come_and_go(bridged):
    """... with their containers: recorded before, and gone afterwards, also when it was killed."""
    assert elements(bridged) == {
        "macs": ["a", "b"], "sources4": ["a", "b"], "sources6": ["a", "b"],
        "leased4": ["a", "b"], "free6": ["a", "b"],
    }  # fmt: skip
    bridged.ok("net", "down", "a")
    assert set(sum(elements(bridged).values(), [])) == {"b"}
    bridged.ok("net", "up", "a")
    bridged.run("nft", "flush", "ruleset")
    bridged.ok("net", "up", "a")
    assert elements(bridged)["sources4"] == ["a", "b"]
    bridged.run("nft", "flush", "set", "bridge", "nixctr-net", "macs")
    drift = bridged.ok("nat", "show", "--json").json["drift"]
    assert any("'b' lacks its element in set macs" in line for line in drift)
    for name in "ab":
        bridged.ok("net", "up", name)
    assert bridged.ok("nat", "show", "--json").json["drift"] == []
    bridged.run("nft", "delete", "rule", "bridge", "nixctr-net", "prerouting", "handle",
                bridged.run("sh", "-c", "nft -a list chain bridge nixctr-net prerouting |"
                            " sed -n 's/.*goto pin.*handle //p'").stdout.strip())  # fmt: skip
    drift = bridged.ok("nat", "show", "--json").json["drift"]
    assert any("chain prerouting lacks a rule" in line for line in drift)
    bridged.ok("net", "up", "a")
    assert bridged.ok("nat", "show", "--json").json["drift"] == []
    bridged.ok("destroy", "a", "b")
    assert bridged.ruleset() == ""
    assert not bridged.path("/run/nixctr-net/pins").exists()


@pytest.mark.parametrize("change", ["flush ruleset", "delete table bridge nixctr-net",
                                    "flush set bridge nixctr-net macs",
                                    "flush chain bridge nixctr-net pin"])  # fmt: skip
def test_the_watcher_puts_pins_back(bridged, change):
    """The table for bridges, with all that containers have in it, as it was."""
    with watching(bridged):
        before = bridged.ruleset()
        assert bridged.run("nft", change).rc == 0
        eventually(lambda: bridged.ruleset() == before, "all of it is back")
    assert bridged.ok("nat", "show", "--json").json["drift"] == []


@pytest.mark.parametrize("change", ["flush ruleset", "flush set inet nixctr-net linked"])
def test_the_watcher_links_again(three, change):
    """Containers on cables of their own that are linked stay so, and no others are."""
    three.ok("net", "link", "a", "b")
    with watching(three):
        before = three.ruleset()
        assert three.run("nft", change).rc == 0
        eventually(lambda: three.ruleset() == before, "all of it is back")
    assert reaches(three, "a", "b") and is_apart(three, "a", "c")


def test_a_changed_definition_counts(bridged):
    """net up again: another address, another bridge, or none."""
    path = bridged.path("/etc/nixos-containers/a.conf")
    text = path.read_text()
    path.write_text(text.replace("10.7.0.2/24", "10.7.0.22/24"))
    bridged.ok("net", "up", "a")
    found = bridged.run("nft", "list", "set", "bridge", "nixctr-net", "sources4").stdout
    assert "10.7.0.22" in found and "10.7.0.2 " not in found
    path.write_text(text.replace("HOST_BRIDGE=br0", "HOST_BRIDGE="))
    bridged.ok("net", "up", "a")
    assert set(sum(elements(bridged).values(), [])) == {"b"}
    path.unlink()
    bridged.ok("net", "down", "a")
    bridged.path("/etc/nixos-containers/b.conf").unlink()
    bridged.ok("net", "down", "b")
    assert elements(bridged) == {}


def test_a_failed_attach_leaves_nothing(bridged):
    """... neither elements nor a record."""
    bridged.ok("create", "late", "--bridge", "br0", "--local-address", "10.7.0.9/24",
               "--host-address", "10.7.0.1")  # fmt: skip
    assert bridged.run("ip", "link", "add", "vb-late", "type", "bridge").rc == 0
    assert bridged.nixctr("net", "up", "late").rc == CONFLICT
    assert "late" not in sum(elements(bridged).values(), [])
    assert not bridged.path("/run/nixctr-net/pins/late").exists()


def test_no_table_without_a_bridge(three):
    """Who has no container on a bridge has no table for it, and no element for any container."""
    assert three.run("nft", "list", "table", "bridge", "nixctr-net").rc != 0
    assert elements(three, "inet") == {}


LAN, LAN6 = "10.7.0.99", "fd07::99"
ON_BRIDGE, ON_BRIDGE6 = "10.7.0.2", "fd07::2"


@pytest.fixture
def mixed(world):
    """Container a on a cable of its own and b on a bridge, which leads to a host of its network and
    is external. Both publish a port."""
    for command in ("link add br0 type bridge", "link set br0 up", "address add 10.7.0.1/24 dev br0",
                    "address add fd07::1/64 dev br0 nodad", "netns add lan",
                    "link add lan0 type veth peer name eth0 netns lan", "link set lan0 master br0 up",
                    "-n lan link set eth0 up", f"-n lan address add {LAN}/24 dev eth0",
                    f"-n lan address add {LAN6}/64 dev eth0 nodad",
                    "-n lan route add default via 10.7.0.1"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    world.ok("nat", "enable", "--external", "br0")
    create(world, "a", 1, "--port", "8081:81")
    world.ok("create", "b", "--bridge", "br0", "--local-address", f"{ON_BRIDGE}/24", "--host-address",
             "10.7.0.1", "--local-address6", f"{ON_BRIDGE6}/64", "--host-address6", "fd07::1",
             "--port", "8082:82")  # fmt: skip
    world.ok("net", "up", "b")
    with (world.server_in(world.container_namespace("b"), 80),
          world.server_in(world.container_namespace("b"), 82),
          world.server_in(world.container_namespace("a"), 80),
          world.server_in(world.container_namespace("a"), 81),
          world.server_in(world.path("/run/netns/lan"), 80)):  # fmt: skip
        yield world


def dropped(world):
    """What the table counts."""
    return world.ok("nat", "show", "--json").json["table"]["counters"]["dropped"]["packets"]


def insist_on_apart(world):
    """The container on the cable reaches the network of the bridge, not the container there, who
    does not reach it either."""
    a, b = (world.container_namespace(name) for name in "ab")
    assert world.connect_from(a, LAN, 80) == "10.7.0.1"
    assert world.connect_from(a, LAN6, 80) == "fd07::1"
    for caller, addresses in (a, (ON_BRIDGE, ON_BRIDGE6)), (b, ADDRESSES["a"]):
        for address in addresses:
            before = dropped(world)
            assert world.cannot_connect(caller, address, 80), (caller, address)
            assert dropped(world) > before or caller == b


def test_a_bridge_that_is_external(mixed):
    """Cable and bridge are apart, also when the bridge is the way outside; what is published is
    reached. So it is after a flush, and whoever is attached first."""
    a, b = (mixed.container_namespace(name) for name in "ab")
    insist_on_apart(mixed)
    assert mixed.connect_from(a, "10.7.0.1", 8082)
    assert mixed.connect_from(b, "10.7.0.1", 8081)
    mixed.run("nft", "flush", "ruleset")
    mixed.ok("net", "up", "a")
    insist_on_apart(mixed)
    assert mixed.ok("nat", "show", "--json").json["drift"] == []
    mixed.ok("nat", "isolate", "off")
    assert mixed.connect_from(a, ON_BRIDGE, 80) == "10.7.0.1"
    mixed.ok("nat", "isolate", "on")
    insist_on_apart(mixed)
    mixed.ok("net", "down", "b")
    assert elements(mixed, "inet").get("leased4", []) == []
