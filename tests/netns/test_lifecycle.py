# SPDX-License-Identifier: GPL-2.0-or-later
"""A container's network from create to destroy, read back by ip and nft, proven by traffic."""

import re

import pytest
from world import HOST, HOST6, OUTSIDE, OUTSIDE6

V6_PAIR = ("--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2")


def attributes(container_links):
    """The one link of a list, without lo."""
    [link] = [link for link in container_links if link["ifname"] != "lo"]
    return link


def local_addresses(world, name):
    """What eth0 has inside: {"ADDRESS/LENGTH"}, without link-local ones."""
    link = attributes(world.ip("address", container=name))
    return {
        f"{info['local']}/{info['prefixlen']}"
        for info in link["addr_info"]
        if info["scope"] == "global"
    }


def cable(world, name):
    """A cable and its routes as ip tells them in words, one a line; without the numbers that the
    kernel gives, and without link-local addresses, which come and go on their own time. Of a group that was
    chosen for the MAC, which is an odd one and another each time, it counts that it was."""
    inside = ["-n", f"ve-{name}"]
    words = [
        world.run("ip", *where, "-o", *what).stdout
        for where in ([], inside)
        for what in (["link"], ["address"], ["-4", "route"], ["-6", "route"])
    ]
    lines = "".join(words).splitlines()
    lines = [re.sub(r" group \d*[13579] ", " group chosen ", line) for line in lines]
    return [
        re.sub(r"^\d+: |@if\d+|link-netnsid \d+", "", line) for line in lines if "fe80:" not in line
    ]


def test_addresses_come_in_order(world):
    """The first pairs are those nixos-container would give; create tells them on stderr."""
    for number, name in enumerate(["foo", "bar", "baz"], 1):
        result = world.ok("create", name)
        host, local = f"10.233.{number}.1", f"10.233.{number}.2"
        assert f"host IP is {host}, container IP is {local}" in result.stderr
        assert result.stdout == ""
        assert world.ok("show-ip", name).stdout == f"{local}\n"


def test_released_addresses_rest(world):
    """A freed address is not handed out again while there are others."""
    world.ok("create", "foo")
    world.ok("destroy", "foo")
    world.ok("create", "bar")
    assert world.ok("show-ip", "bar").stdout == "10.233.2.2\n"


def test_definition_is_what_nixos_container_reads(world):
    """Its keys, in a file that everybody may read."""
    world.ok("create", "foo", "--auto-start")
    path = world.path("/etc/nixos-containers/foo.conf")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert {"PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2",
            "AUTO_START=1"} <= set(lines)  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o644


def test_book_is_for_root_only(world):
    """The address book cannot be read by anybody else."""
    world.ok("create", "foo")
    book = world.path("/var/lib/nixctr-net/ipam.db")
    assert book.stat().st_mode & 0o777 == 0o600
    assert book.parent.stat().st_mode & 0o777 == 0o700


def test_list_and_ipam_tell_the_same(world):
    """... of containers in both forms."""
    world.ok("create", "foo")
    world.ok("create", "bar")
    assert world.ok("list").stdout == "bar\nfoo\n"
    containers = world.ok("list", "--json").json["containers"]
    assert [c["name"] for c in containers] == ["bar", "foo"]
    assert {c["status"] for c in containers} == {"down"}
    assert [c["local_address"] for c in containers] == ["10.233.2.2", "10.233.1.2"]
    leases = world.ok("ipam", "list", "--json").json["leases"]
    assert [(lease["container"], lease["host_address"]) for lease in leases] == [
        ("bar", "10.233.2.1"),
        ("foo", "10.233.1.1"),
    ]


def test_a_noun_is_explained_by_its_own_commands(world):
    """Behind a noun --help shows what stands behind that noun, and all of it."""
    every = world.ok("complete").stdout.splitlines()
    wanted = {line.split("\t")[0] for line in every if line.startswith("net ")}
    told = world.ok("net", "--help").stdout.splitlines()
    assert wanted == {" ".join(line.split()[:2]) for line in told if line.startswith("  net ")}
    assert not any("  nat " in line for line in told)


def test_status_is_not_that_of_the_network(world):
    """A container that is not running is down, whatever is attached; gone fails."""
    assert (world.nixctr("status", "foo").stdout, world.nixctr("status", "foo").rc) == ("gone\n", 3)
    world.ok("create", "foo")
    assert world.ok("status", "foo").stdout == "down\n"
    world.ok("net", "up", "foo")
    assert world.ok("status", "foo").stdout == "down\n"
    world.ok("destroy", "foo")
    assert world.nixctr("status", "foo").stdout == "gone\n"


def test_cable_is_complete(world):
    """Both ends up with their addresses and routes before anything runs inside."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    world.carriers_at_rest()
    [host] = world.ip("address", "show", "dev", "ve-foo")
    assert "UP" in host["flags"] and host["operstate"] == "UP"
    [address] = [info for info in host["addr_info"] if info["family"] == "inet"]
    assert (address["local"], address["address"]) == ("10.233.1.1", "10.233.1.2")
    inside = {link["ifname"]: link for link in world.ip("address", container="foo")}
    assert set(inside) == {"lo", "eth0"}
    assert "UP" in inside["lo"]["flags"] and "UP" in inside["eth0"]["flags"]
    assert local_addresses(world, "foo") == {"10.233.1.2/32"}
    [default] = world.ip("route", "show", "default", container="foo")
    assert (default["gateway"], default["dev"]) == ("10.233.1.1", "eth0")
    [route] = world.ip("route", "get", "10.233.1.2")
    assert route["dev"] == "ve-foo"


def test_mac_is_stable(world):
    """eth0 has the same Ethernet address every time, the one in the definition."""
    world.ok("create", "foo")
    macs = set()
    for _ in range(2):
        world.ok("net", "up", "foo")
        macs.add(attributes(world.ip("link", container="foo"))["address"])
        world.ok("net", "down", "foo")
    [mac] = macs
    definition = world.path("/etc/nixos-containers/foo.conf").read_text(encoding="utf-8")
    assert f"LOCAL_MAC_ADDRESS={mac}" in definition.lower().replace(
        "local_mac_address", "LOCAL_MAC_ADDRESS"
    )


@pytest.mark.parametrize(
    "name, link",
    [("really-long-name", "ve-really-l3QgY"), ("really-long-long-name-2", "ve-really-lFYWO")],
)
def test_long_names_are_nspawns(world, name, link):
    """Shortened as systemd-nspawn shortens these, with the whole name as altname."""
    world.ok("create", name)
    world.ok("net", "up", name)
    [found] = world.ip("link", "show", "dev", link)
    assert found["altnames"] == [f"ve-{name}"]
    assert world.namespaces() == [f"ve-{name}"]


@pytest.mark.parametrize("command", [("net", "up"), ("hook", "pre-start")], ids=" ".join)
def test_attach_is_idempotent(world, command):
    """Run again it changes nothing: the very same link stays."""
    world.ok("create", "foo")
    world.ok(*command, "foo")
    before = world.ip("address"), world.ip("address", container="foo"), world.ruleset()
    world.ok(*command, "foo")
    assert (world.ip("address"), world.ip("address", container="foo"), world.ruleset()) == before


@pytest.mark.parametrize("command", [("net", "down"), ("hook", "post-stop")], ids=" ".join)
def test_detach_is_idempotent(world, command):
    """It leaves no link and no namespace, and has nothing to say the second time."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    for _ in range(2):
        world.ok(*command, "foo")
        assert "ve-foo" not in world.links()
        assert world.namespaces() == []


def test_immediate_restart(world):
    """Down and up at once, many times: the dying link is in nobody's way, traffic flows."""
    world.ok("create", "foo")
    world.ok("nat", "enable", "--external", "eth0")
    for _ in range(20):
        world.ok("net", "up", "foo")
        assert world.connect_from(world.container_namespace("foo"), OUTSIDE) == HOST
        world.ok("net", "down", "foo")


def test_attach_needs_no_book(world):
    """Containers boot even with the database gone."""
    world.ok("create", "foo")
    assert world.run("rm", "-r", "/var/lib/nixctr-net").rc == 0
    world.ok("hook", "pre-start", "foo")
    assert local_addresses(world, "foo") == {"10.233.1.2/32"}


@pytest.mark.parametrize(
    "drift",
    [
        "ip link set ve-foo down",
        "ip address flush dev ve-foo",
        "ip link set ve-foo mtu 1300",
        "ip -n ve-foo address flush dev eth0",
        "ip -n ve-foo route del default",
        "ip -n ve-foo link set lo down",
        "ip -n ve-foo link set eth0 mtu 1300",
        "ip link delete ve-foo",
    ],
)
def test_drift_is_mended(world, drift):
    """Whatever somebody has changed, net up puts back as it was."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    world.carriers_at_rest()
    before = cable(world, "foo")
    assert world.run(*drift.split()).rc == 0
    assert cable(world, "foo") != before
    world.ok("net", "up", "foo")
    world.carriers_at_rest()
    assert cable(world, "foo") == before


def test_nobody_gets_out_without_nat(world):
    """A container reaches the host and nothing else, and no packet of it is seen outside."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    inside = world.container_namespace("foo")
    with world.server_in(world.namespace):
        assert world.connect_from(inside, "10.233.1.1") == "10.233.1.2"
    assert world.cannot_connect(inside, OUTSIDE)
    assert world.outside.log == []


def test_nobody_gets_in(networked):
    """The neighbour outside routes straight at a container: it is not answered, with NAT or not."""
    with networked.server_in(networked.container_namespace("c1")):
        assert networked.connect_from(networked.namespace, "10.233.1.2") == "10.233.1.1"
        assert networked.cannot_connect(networked.outside.namespace, "10.233.1.2")
        networked.ok("nat", "disable")
        assert networked.cannot_connect(networked.outside.namespace, "10.233.1.2")


@pytest.mark.parametrize("external", ["eth0", "auto"])
def test_masquerade(world, external):
    """Outside sees the host's external address and nothing of 10.233."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    world.ok("nat", "enable", "--external", external)
    assert world.connect_from(world.container_namespace("foo"), OUTSIDE) == HOST
    assert world.outside.peers == [HOST]
    assert world.ok("nat", "show", "--json").json["external"] == ["eth0"]


def test_masquerade_of_ipv6(world):
    """Likewise over IPv6, at once: nobody waits for duplicate address detection."""
    world.ok("create", "foo", *V6_PAIR)
    world.ok("nat", "enable", "--external", "eth0")
    world.ok("net", "up", "foo")
    inside = world.container_namespace("foo")
    assert local_addresses(world, "foo") == {"10.233.1.2/32", "fd00:1::2/128"}
    assert world.connect_from(inside, OUTSIDE6) == HOST6
    assert world.connect_from(inside, OUTSIDE) == HOST
    assert world.outside.peers == [HOST6, HOST]


def test_nat_before_and_after_attach(world):
    """The order of net up and nat enable does not matter, nor does repeating it."""
    for name in "foo", "bar":
        world.ok("create", name)
    world.ok("net", "up", "foo")
    world.ok("nat", "enable", "--external", "eth0")
    world.ok("nat", "enable", "--external", "eth0")
    world.ok("net", "up", "bar")
    for name in "foo", "bar":
        assert world.connect_from(world.container_namespace(name), OUTSIDE) == HOST


def test_containers_are_kept_apart(networked):
    """One cannot reach the other, neither its address nor the other's end on the host."""
    with networked.server_in(networked.container_namespace("c2")):
        assert networked.connect_from(networked.namespace, "10.233.2.2") == "10.233.2.1"
        assert networked.cannot_connect(networked.container_namespace("c1"), "10.233.2.2")


def test_nat_disable_undoes_it(networked):
    """Nothing gets out and nothing is forwarded; the table stays, for it keeps containers apart."""
    networked.ok("nat", "disable")
    assert networked.ok("nat", "show", "--json").json["external"] == []
    for switch in "ipv4/conf/eth0/forwarding", "ipv6/conf/eth0/forwarding", "ipv4/ip_forward":
        assert networked.run("cat", f"/proc/sys/net/{switch}").stdout == "0\n", switch
    assert networked.cannot_connect(networked.container_namespace("c1"), OUTSIDE)
    assert networked.outside.log == []


def test_rules_do_not_grow(networked):
    """One container more leaves the ruleset as it is."""
    before = networked.ruleset()
    assert "masquerade" in before
    networked.ok("create", "c3")
    networked.ok("net", "up", "c3")
    assert networked.ruleset() == before


def test_mtu_follows_the_uplink(world):
    """A path with smaller packets is known inside."""
    assert world.run("ip", "link", "set", "eth0", "mtu", "1400").rc == 0
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    assert attributes(world.ip("link", container="foo"))["mtu"] == 1400
    assert world.ip("link", "show", "dev", "ve-foo")[0]["mtu"] == 1400


def test_bridge_port(world):
    """On a bridge the host end is a port, and the container reaches its gateway there."""
    assert world.run("ip", "link", "add", "br0", "up", "type", "bridge").rc == 0
    assert world.run("ip", "address", "add", "192.0.2.1/24", "dev", "br0").rc == 0
    world.ok("create", "foo", "--bridge", "br0", "--host-address", "192.0.2.1",
             "--local-address", "192.0.2.2/24")  # fmt: skip
    world.ok("net", "up", "foo")
    [port] = world.ip("link", "show", "dev", "vb-foo")
    assert port["master"] == "br0"
    with world.server_in(world.namespace):
        assert world.connect_from(world.container_namespace("foo"), "192.0.2.1") == "192.0.2.2"


def test_one_end_may_be_without_an_address(world):
    """As NixOS allows it: the container has its address, and no route to a host that has none."""
    path = world.path("/etc/nixos-containers")
    path.mkdir(exist_ok=True)
    (path / "foo.conf").write_text("PRIVATE_NETWORK=1\nLOCAL_ADDRESS=10.1.0.2\n", encoding="utf-8")
    world.ok("net", "up", "foo")
    assert local_addresses(world, "foo") == {"10.1.0.2/32"}
    assert world.run("ip", "-n", "ve-foo", "route", "show", "default").stdout == ""
    assert world.ok("net", "show", "foo", "--json").json["drift"] == []


def test_bridged_or_not_is_followed(world):
    """A container put on a bridge while it is attached gets the other cable, and back."""
    assert world.run("ip", "link", "add", "br0", "up", "type", "bridge").rc == 0
    world.ok("create", "foo")
    path = world.path("/etc/nixos-containers/foo.conf")
    alone = path.read_text(encoding="utf-8")
    bridged = alone.replace("HOST_BRIDGE=", "HOST_BRIDGE=br0")
    world.ok("net", "up", "foo")
    for text, link in (bridged, "vb-foo"), (alone, "ve-foo"):
        path.write_text(text, encoding="utf-8")
        world.ok("net", "up", "foo")
        assert [name for name in world.links() if name.startswith("v")] == [link]
        assert world.ok("net", "show", "foo", "--json").json["drift"] == []


def test_absent_default_route_cuts_nobody_off(networked):
    """With "auto" and no default route, who runs keeps what it has, whoever starts meanwhile."""
    networked.ok("nat", "enable", "--external", "auto")
    route = networked.run("ip", "route", "show", "default").stdout.split()
    namespace = networked.container_namespace("c1")
    assert networked.connect_from(namespace, OUTSIDE) == HOST
    for family in "-4", "-6":
        networked.run("ip", family, "route", "delete", "default")
    networked.ok("create", "late")
    assert "no default route" in networked.ok("net", "up", "late").stderr
    assert networked.run("ip", "route", "add", *route).rc == 0
    assert networked.connect_from(namespace, OUTSIDE) == HOST


def test_foreign_link_is_no_obstacle_to_nat(networked):
    """A link in the place of one container's does not keep NAT from the others."""
    assert networked.run("ip", "netns", "add", "ve-other").rc == 0
    networked.ok("create", "other")
    assert networked.run("ip", "link", "add", "ve-other", "type", "bridge").rc == 0
    enabled = networked.ok("nat", "enable", "--external", "eth0")
    assert "ve-other" in enabled.stderr
    assert networked.connect_from(networked.container_namespace("c1"), OUTSIDE) == HOST
    networked.ok("nat", "disable")


def test_switches_are_part_of_what_should_be(networked):
    """Forwarding that somebody has switched off is seen, and mended by the next "net up"."""
    networked.ok("nat", "enable", "--external", "eth0")
    assert networked.ok("nat", "show", "--json").json["drift"] == []
    switch = "/proc/sys/net/ipv4/conf/eth0/forwarding"
    assert networked.run("sh", "-c", f"echo 0 >{switch}").rc == 0
    [line] = networked.ok("nat", "show", "--json").json["drift"]
    assert line == "ipv4/forwarding of eth0 is 0, should be 1"
    networked.ok("net", "up", "c1")
    assert networked.ok("nat", "show", "--json").json["drift"] == []


def test_dangling_declaration_can_be_destroyed(world):
    """A link is refused while it leads somewhere; what is left of a declaration may go."""
    path = world.path("/etc/nixos-containers")
    world.ok("create", "foo")
    (path / "foo.conf").rename(path / "store")
    (path / "foo.conf").symlink_to("store")
    refused = world.nixctr("destroy", "foo")
    assert refused.rc == 1 and "declarative" in refused.stderr
    (path / "store").unlink()
    world.ok("destroy", "foo")
    assert world.ok("list").stdout == ""


def test_exec_runs_inside(networked):
    """net exec is in the container's network, and returns the command's own status."""
    result = networked.ok("net", "exec", "c1", "--", "ip", "-brief", "address", "show", "eth0")
    assert "10.233.1.2" in result.stdout
    assert networked.nixctr("net", "exec", "c1", "--", "sh", "-c", "exit 42").rc == 42
    assert networked.nixctr("net", "exec", "c1", "--", "/nonexistent").rc == 127


def test_show_has_everything(networked):
    """What net show says is what ip says."""
    shown = networked.ok("net", "show", "c1", "--json").json
    [host] = networked.ip("link", "show", "dev", "ve-c1")
    inside = attributes(networked.ip("link", container="c1"))
    assert shown["status"] == "attached" and shown["drift"] == []
    assert (shown["host"]["ifindex"], shown["host"]["mac"]) == (host["ifindex"], host["address"])
    assert (shown["local"]["ifindex"], shown["local"]["mac"]) == (
        inside["ifindex"],
        inside["address"],
    )
    text = networked.ok("net", "show", "c1").stdout
    for word in "c1", "ve-c1", "eth0", "10.233.1.1", "10.233.1.2", host["address"]:
        assert word in text


def test_show_ip_of_each_family(world):
    """Bare addresses: IPv4 if there is one, that which was asked for, or all of them."""
    both = ["--host-address", "10.9.0.1", "--local-address", "10.9.0.2",
            "--host-address6", "fd00::1", "--local-address6", "fd00::2"]  # fmt: skip
    world.ok("create", "both", *both)
    write_definition = world.path("/etc/nixos-containers/six.conf").write_text
    write_definition("PRIVATE_NETWORK=1\nHOST_ADDRESS6=fd01::1\nLOCAL_ADDRESS6=fd01::2/64\n", encoding="ascii")
    for options, said in ([], "10.9.0.2"), (["-4"], "10.9.0.2"), (["-6"], "fd00::2"), (
            ["--all"], "10.9.0.2\nfd00::2"):  # fmt: skip
        assert world.ok("show-ip", *options, "both").stdout == f"{said}\n"
    assert world.ok("show-ip", "six").stdout == "fd01::2\n"
    result = world.nixctr("show-ip", "-4", "six")
    assert (result.rc, result.stdout) == (1, ""), result


def test_unique_names(world):
    """--ensure-unique-name makes one and prints it."""
    assert world.ok("create", "foo", "--ensure-unique-name").stdout == "foo\n"
    assert world.ok("create", "foo", "--ensure-unique-name").stdout == "foo-0\n"
    assert world.ok("list").stdout == "foo\nfoo-0\n"


def test_destroy_leaves_nothing(networked):
    """No link, no namespace, no definition, no lease; and the second time it is fine as well."""
    for _ in range(2):
        networked.ok("destroy", "c1")
        networked.ok("destroy", "c2")
    networked.ok("nat", "disable")
    assert networked.links_at_rest() == ["eth0", "lo"]
    assert networked.namespaces() == []
    assert networked.ruleset() == ""
    assert list(networked.path("/etc/nixos-containers").iterdir()) == []
    assert list(networked.path("/run/nixctr-net").rglob("*c[12]*")) == []
    assert networked.ok("ipam", "list", "--json").json["leases"] == []
    assert networked.ok("list").stdout == ""
