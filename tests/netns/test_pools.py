# SPDX-License-Identifier: GPL-2.0-or-later
"""Pools of addresses, on a host: what they give out is what containers have."""

import ipaddress
import json

USAGE, UNKNOWN, CONFLICT, EXHAUSTED = 2, 3, 4, 5


def add(world, *words):
    """Adds a pool. Returns its network."""
    return world.ok("ipam", "pool", "add", *words).stdout.strip()


def pool(world, name):
    """All there is to tell about a pool."""
    return world.ok("ipam", "pool", "show", name, "--json").json


def counts(world, name):
    """capacity, leased, blocked."""
    row = pool(world, name)["pool"]
    return row["capacity"], row["leased"], row["blocked"]


def addresses(world, container, *options):
    """Creates a container and attaches it. Returns the addresses eth0 has inside, as the kernel says."""
    world.ok("create", container, *options)
    world.ok("net", "up", container)
    [link] = world.ip("address", "show", "dev", "eth0", container=container)
    return [
        f"{entry['local']}/{entry['prefixlen']}"
        for entry in link["addr_info"]
        if entry["scope"] == "global"
    ]


def gateways(world, container, *family):
    """The gateways of the container's default routes."""
    routes = world.ip(*family, "route", "show", "default", container=container)
    return [route["gateway"] for route in routes]


def refused(world, rc, text, *words):
    """Insists that a command about pools is refused, and that the pools are as before."""
    before = world.ok("ipam", "pool", "list", "--json").json
    result = world.nixctr("ipam", "pool", *words)
    assert result.rc == rc and text in result.stderr, result
    assert len(result.stderr.splitlines()) <= 2
    assert world.ok("ipam", "pool", "list", "--json").json == before
    return result.stderr


def test_second_pool_when_the_first_is_full(world):
    """Containers reach the host from either; a drained pool gives out nothing, and can be removed
    when its containers are gone."""
    world.ok("ipam", "pool", "drain", "default")
    assert add(world, "small", "10.77.0.0/30") == "10.77.0.0/30"
    assert add(world, "large", "10.78.0.0/29", "--exclude", "10.78.0.1-10.78.0.2") == "10.78.0.0/29"
    assert addresses(world, "one") == ["10.77.0.2/32"]
    assert addresses(world, "two") == ["10.78.0.4/32"]
    assert gateways(world, "two") == ["10.78.0.3"]
    reply = world.run("ip", "netns", "exec", "ve-two", "ping", "-c", "1", "-W", "9", "10.78.0.3")
    assert reply.rc == 0, reply
    assert [row["dst"] for row in world.ip("route", "show", "dev", "ve-two")] == ["10.78.0.4"]
    assert pool(world, "large")["next_free"] == "10.78.0.6"
    assert world.ok("create", "three").rc == 0
    full = world.nixctr("create", "four")
    assert full.rc == EXHAUSTED and "all 2 pools are exhausted" in full.stderr
    assert "'nixctr-net ipam pool drain --undo default'" in full.stderr
    world.ok("ipam", "pool", "drain", "small")
    refused(world, CONFLICT, "pool small has 1 lease left: one", "remove", "small")
    world.ok("destroy", "one")
    drained = world.nixctr("create", "four")
    assert drained.rc == EXHAUSTED and "pool large" in drained.stderr
    world.ok("ipam", "pool", "remove", "small")
    world.ok("ipam", "pool", "drain", "default", "--undo")
    assert addresses(world, "four") == ["10.233.1.2/32"]
    acts = [(e["act"], e["pool"]) for e in world.ok("ipam", "history", "small", "--json").json["history"]]
    assert acts == [("added", "small"), ("drained", "small"), ("removed", "small")]


def test_ports_of_a_bridge(world):
    """They get an address with its prefix length, and the gateway as their default route, in both
    families; what is in use on the bridge itself is not in the pool's way."""
    for command in (
        "link add br0 up type bridge forward_delay 0",
        "address add 192.0.2.1/24 dev br0",
        "address add fd00:7::1/64 dev br0 nodad",
    ):
        assert world.run("ip", *command.split()).rc == 0
    world.ok("create", "held", "--bridge", "br0", "--local-address", "192.0.2.3/24")
    add(world, "lan", "192.0.2.0/24", "--bridge", "br0", "--gateway", "192.0.2.1",
        "--range", "192.0.2.2-192.0.2.9", "--range", "192.0.2.20-192.0.2.29", "--exclude", "192.0.2.2")  # fmt: skip
    add(world, "lan6", "fd00:7::/64", "--bridge", "br0", "--gateway", "fd00:7::1", "--kind", "subnet")
    assert counts(world, "lan") == (17, 0, 1)
    nowhere = world.nixctr("create", "web", "--bridge", "br1", "--port", "8080:80")
    assert nowhere.rc == USAGE and "--local-address is not given" in nowhere.stderr
    options = ["--bridge", "br0", "--port", "8080:80"]
    assert addresses(world, "web", *options) == ["192.0.2.4/24", "fd00:7::2/64"]
    assert gateways(world, "web") == ["192.0.2.1"]
    assert gateways(world, "web", "-6") == ["fd00:7::1"]
    [port] = world.ip("link", "show", "dev", "vb-web")
    assert port["master"] == "br0"
    reply = world.run("ip", "netns", "exec", "ve-web", "ping", "-c", "1", "-W", "9", "192.0.2.1")
    assert reply.rc == 0, reply
    assert world.ok("show-ip", "web").stdout.startswith("192.0.2.4\n")
    assert addresses(world, "cable") == ["10.233.1.2/32"]
    assert world.nixctr("ipam", "conflicts").rc == 0
    world.ok("ipam", "pool", "resize", "lan", "192.0.2.0/25")
    assert counts(world, "lan") == (17, 1, 1)
    metrics = world.ok("metrics").stdout
    assert 'pool_addresses{pool="lan",prefix="192.0.2.0/25",state="bound"} 1' in metrics
    assert 'pool_pairs{pool="lan"' not in metrics


def test_unique_local_addresses(world):
    """A network is drawn once; from then on cables have a pair of it beside that of IPv4."""
    first = add(world, "six", "ula")
    network = ipaddress.ip_network(first)
    assert network.prefixlen == 64 and network.subnet_of(ipaddress.ip_network("fd00::/8"))
    assert network.network_address.packed[6:8] == b"\0\0"
    again = world.ok("ipam", "pool", "add", "six", "ula", "--json").json
    assert again["changed"] is False and again["pool"]["prefix"] == first
    assert add(world, "other", "ula", "--bridge", "br9") != first
    assert addresses(world, "web") == ["10.233.1.2/32", f"{network.network_address + 2}/128"]
    reply = world.run("ip", "netns", "exec", "ve-web", "ping", "-c", "1", "-W", "9",
                      str(network.network_address + 1))  # fmt: skip
    assert reply.rc == 0, reply
    assert counts(world, "six") == (2147483647, 1, 0)


def test_resizing_leaves_containers_alone(world):
    """Grown and shrunk again; a lease that would be outside is named."""
    world.ok("ipam", "pool", "drain", "default")
    add(world, "one", "10.77.0.8/29")
    assert addresses(world, "web") == ["10.77.0.10/32"]
    before = world.ip("address", "show", container="web")
    grown = world.ok("ipam", "pool", "resize", "one", "10.77.0.0/28", "--json").json
    assert grown["changed"] and grown["pool"]["prefix"] == "10.77.0.0/28"
    said = refused(world, CONFLICT, "10.77.0.10 of container web", "resize", "one", "10.77.0.0/29")
    assert "drain this one" in said
    world.ok("ipam", "pool", "resize", "one", "10.77.0.8/29")
    assert world.ip("address", "show", container="web") == before
    world.ok("net", "up", "web")
    assert world.ok("show-ip", "web").stdout == "10.77.0.10\n"


def test_what_the_host_has_is_no_pool(world):
    """As specific or more so is refused without --force, wider is noted."""
    for command in (
        "link add spare0 up type veth peer name spare1",
        "link set spare1 up",
        "route add 10.77.0.0/24 dev spare0",
        "route add 10.88.0.0/16 dev spare0",
    ):
        assert world.run("ip", *command.split()).rc == 0
    for words in ("10.77.0.0/24",), ("10.77.0.0/16",), ("10.77.0.0/24", "--bridge", "br0"):
        refused(world, CONFLICT, "in use on this host: route 10.77.0.0/24 through spare0", "add", "a", *words)
    noted = world.ok("ipam", "pool", "add", "b", "10.88.1.0/24")
    assert "10.88.1.0/24 lies within route 10.88.0.0/16 through spare0" in noted.stderr
    refused(world, CONFLICT, "route 10.88.0.0/16", "resize", "b", "10.88.0.0/15")
    add(world, "a", "10.77.0.0/24", "--force")
    assert world.nixctr("ipam", "conflicts").rc == 1
    assert add(world, "a", "10.77.0.0/24") == "10.77.0.0/24"


def test_what_an_engine_has_is_no_pool(world):
    """Docker's, by its configuration."""
    world.path("/etc/docker").mkdir()
    text = json.dumps({"default-address-pools": [{"base": "10.77.0.0/16", "size": 24}]})
    world.path("/etc/docker/daemon.json").write_text(text, encoding="ascii")
    refused(world, CONFLICT, "Docker's address pool 10.77.0.0/16", "add", "a", "10.77.0.0/16")


def test_mistakes(world):
    """Each is one line that names what is wrong, and changes nothing."""
    for rc, text, words in (
        (USAGE, "'a/b' is no name of a pool", ("add", "a/b", "10.77.0.0/24")),
        (USAGE, "'x' is not an IPv4 or IPv6 address", ("add", "a", "x")),
        (USAGE, "'10.77.0.0' has no prefix length", ("add", "a", "10.77.0.0")),
        (USAGE, "give the network, 10.77.0.0/24", ("add", "a", "10.77.0.9/24")),
        (USAGE, "'round' is no kind of pools", ("add", "a", "10.77.0.0/24", "--kind", "round")),
        (USAGE, "needs its name", ("add", "a", "10.77.0.0/24", "--kind", "subnet")),
        (USAGE, "takes no bridge",
         ("add", "a", "10.77.0.0/24", "--kind", "pair", "--bridge", "br0")),
        (USAGE, "is no name of a bridge", ("add", "a", "10.77.0.0/24", "--bridge", "b/r")),
        (USAGE, "'1-2' is no range of addresses", ("add", "a", "10.77.0.0/24", "--range", "1-2")),
        (USAGE, "at most 16 ranges",
         ("add", "a", "10.77.0.0/24", "--exclude", ",".join(f"10.77.0.{i}" for i in range(1, 18)))),
        (USAGE, "is too small", ("resize", "default", "10.233.1.0/32")),
        (UNKNOWN, "did you mean 'default'?", ("show", "defualt")),
        (UNKNOWN, "there is no pool 'x'", ("resize", "x", "10.77.0.0/24")),
        (UNKNOWN, "there is no pool 'x'", ("drain", "x")),
        (UNKNOWN, "there is no pool 'x'", ("remove", "x")),
        (CONFLICT, "overlaps with pool default", ("add", "a", "10.233.0.0/17")),
    ):  # fmt: skip
        refused(world, rc, text, *words)


def test_without_a_pool(world):
    """The pool every book begins with can go, and come back as it was."""
    before = pool(world, "default")
    assert before["nixos_container_order"] and before["next_free"] == "10.233.1.2"
    world.ok("ipam", "pool", "remove", "default")
    assert world.ok("ipam", "list", "--json").json["pools"] == []
    nothing = world.nixctr("create", "foo")
    assert nothing.rc == EXHAUSTED and "nixctr-net ipam pool add" in nothing.stderr
    world.ok("create", "bar", "--host-address", "10.233.1.1", "--local-address", "10.233.1.2")
    add(world, "default", "10.233.0.0/16")
    after = pool(world, "default")
    assert after["ranges"] == before["ranges"] and after["nixos_container_order"]
    assert counts(world, "default") == (32258, 0, 1)
    assert addresses(world, "foo") == ["10.233.2.2/32"]
    text = world.ok("ipam", "pool", "show", "default").stdout
    assert "in the order of nixos-container" in text and "10.233.3.2, host 10.233.3.1" in text


def test_machines_on_the_bridge_are_passed_over(world):
    """Who answers there has its address, whatever the pool says."""
    for command in (
        "netns add lan", "link add br0 up type bridge forward_delay 0",
        "link add port0 type veth peer name eth0 netns lan", "link set port0 master br0 up",
        "-n lan link set eth0 address 02:00:00:00:00:07 up",
        "-n lan address add 192.168.7.2/24 dev eth0", "-n lan address add 192.168.7.3/24 dev eth0",
        "-n lan address add fd00:7::1/64 dev eth0 nodad",
    ):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    add(world, "lan", "192.168.7.0/29", "--bridge", "br0", "--gateway", "192.168.7.1")
    add(world, "lan6", "fd00:7::/64", "--bridge", "br0")
    said = world.ok("create", "web", "--bridge", "br0").stderr
    assert "passed over, 192.168.7.2 for the machine with the MAC address 02:00:00:00:00:07" in said
    assert world.ok("show-ip", "web").stdout == "192.168.7.4\n"
    lease = world.ok("ipam", "show", "web", "--json").json["lease"]
    assert lease["local_address6"] == "fd00:7::2/64"
    assert world.run("ip", "-n", "lan", "neighbour").stdout == ""
    world.ok("create", "two", "--bridge", "br0")
    world.ok("create", "three", "--bridge", "br0")
    full = world.nixctr("create", "four", "--bridge", "br0")
    assert full.rc == CONFLICT and "no address is free" in full.stderr and "02:00:00:00:00:07" in full.stderr
    world.ok("create", "four", "--bridge", "br0", "--force")
