# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that something else on the host has are not given to containers."""

import json

import pytest

CONFLICT, UNREAD = 4, 2
EXPLICIT = ("--host-address", "172.30.1.1", "--local-address", "172.30.1.2")
EXPLICIT6 = ("--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2")

LIBVIRT = """<network><name>default</name><bridge name='virbr0'/>
<ip address='10.233.1.1' netmask='255.255.255.0'><dhcp><host ip='10.233.9.9'/></dhcp></ip>
<ip family='ipv6' address='fd00:1::1' prefix='64'/></network>"""


def ip(world, *commands):
    """Runs commands of ip on the host."""
    for command in commands:
        result = world.run("ip", *command.split())
        assert result.rc == 0, result


def write(world, path, text):
    """Writes a file of the host."""
    world.path(path).parent.mkdir(parents=True, exist_ok=True)
    world.path(path).write_text(text, encoding="utf-8")


def created(world, name, *options):
    """Creates a container. Returns its address inside."""
    world.ok("create", name, *options)
    return world.ok("show-ip", name).stdout.strip()


def refused(world, *options):
    """Insists that a container is refused, and leaves nothing. Returns what was said."""
    result = world.nixctr("create", "foo", *options)
    assert result.rc == CONFLICT, result
    assert "--force" in result.stderr
    assert world.ok("ipam", "list", "--json").json["leases"] == []
    assert not world.path("/etc/nixos-containers/foo.conf").exists()
    return result.stderr


def conflicts(world, rc=1):
    """ipam conflicts --json: (grade, subject, container or pool, holder) of each."""
    result = world.nixctr("ipam", "conflicts", "--json")
    assert result.rc == rc, result
    return {(row["grade"], row["subject"], row["container"] or row["pool"], row["holder"])
            for row in result.json["conflicts"]}  # fmt: skip


@pytest.fixture
def spare(world):
    """The host with a link, spare0, that is up and has no addresses."""
    ip(world, "link add spare0 type veth peer name spare1", "link set spare0 up",
       "link set spare1 up")  # fmt: skip
    return world


# ------------------------------------------------------------- explicit pairs


@pytest.mark.parametrize(
    "command, who",
    [
        ("address add 172.30.1.2/24 dev spare0", "address 172.30.1.2 of link spare0"),
        ("address add 172.30.1.1/32 dev spare0", "address 172.30.1.1 of link spare0"),
        ("route add 172.30.1.2 dev spare0", "route 172.30.1.2 through spare0"),
        ("route add blackhole 172.30.1.1", "refusing route 172.30.1.1"),
        ("route add 172.30.1.2 dev spare0 table 1000", "through spare0 in table 1000"),
    ],
)  # fmt: skip
def test_what_is_equal_is_refused(spare, command, who):
    """... in every table that packets come to; with --force it is taken all the same."""
    ip(spare, command, "rule add fwmark 7 table 1000")
    said = refused(spare, *EXPLICIT)
    assert who in said and "172.30.1." in said
    spare.ok("create", "foo", "--force", *EXPLICIT)
    assert ("conflict", "foo", who) in {
        (grade, container, holder[-len(who) :])
        for grade, _, container, holder in conflicts(spare)
    }


@pytest.mark.parametrize(
    "command, who",
    [
        ("address add fd00:1::2/64 dev spare0 nodad", "address fd00:1::2 of link spare0"),
        ("-6 route add fd00:1::1 dev spare0", "route fd00:1::1 through spare0"),
        ("-6 route add fd00:1::1 dev spare0 table 1000", "through spare0 in table 1000"),
    ],
)  # fmt: skip
def test_what_is_equal_is_refused_ipv6(spare, command, who):
    """The same with IPv6: the IPv4 pair beside it is given back."""
    ip(spare, command, "-6 rule add fwmark 7 table 1000")
    assert who in refused(spare, *EXPLICIT6)


def test_what_is_wider_is_noted(spare):
    """Routing works by the more specific one, so it is not in the way; default routes, and halves of
    them, are not even noted."""
    ip(spare, "route add 172.30.0.0/16 dev spare0", "-6 route add fd00::/16 dev spare0",
       "route add 0.0.0.0/1 dev spare0", "route add 128.0.0.0/1 dev spare0")  # fmt: skip
    noted = spare.ok("create", "foo", *EXPLICIT, *EXPLICIT6).stderr
    assert "172.30.1.2 lies within route 172.30.0.0/16 through spare0" in noted
    assert "fd00:1::2 lies within route fd00::/16 through spare0" in noted
    assert conflicts(spare, rc=0) == {
        ("note", f"172.30.1.{i}", "foo", "route 172.30.0.0/16 through spare0") for i in (1, 2)
    } | {("note", f"fd00:1::{i}", "foo", "route fd00::/16 through spare0") for i in (1, 2)}
    plain = spare.ok("create", "bar").stderr
    assert plain == "host IP is 10.233.1.1, container IP is 10.233.1.2\n"


def test_own_cable_is_not_in_the_way(spare):
    """Neither of the container itself, attached or not, nor of others."""
    spare.ok("create", "foo", *EXPLICIT)
    spare.ok("create", "bar")
    spare.ok("net", "up", "foo", "bar")
    assert conflicts(spare, rc=0) == set()
    assert "nothing else" in spare.ok("ipam", "conflicts").stdout


def test_cable_that_was_left_is_in_the_way(spare):
    """A cable without a lease still has its addresses."""
    spare.ok("create", "foo")
    spare.ok("net", "up", "foo")
    spare.path("/var/lib/nixctr-net/ipam.db").unlink()
    spare.path("/etc/nixos-containers/foo.conf").unlink()
    assert created(spare, "bar") == "10.233.2.2"


# ------------------------------------------------------------- automatic pairs


def test_cable_that_is_being_taken_away_is_not(spare):
    """The kernel takes its time for that; its addresses are free at once."""
    ip(spare, "link set spare0 down", "link set spare0 name ve-.4f", "link set ve-.4f up",
       "addr add 172.30.1.1/32 dev ve-.4f", "route add 172.30.1.2 dev ve-.4f")  # fmt: skip
    assert created(spare, "foo", *EXPLICIT) == "172.30.1.2"
    assert conflicts(spare, rc=0) == set()


def test_automatic_pairs_pass_over_what_is_in_use(spare):
    """The next one is taken, and one is told; wider than the pool is not in the way."""
    ip(spare, "address add 10.233.1.1/32 dev spare0", "route add 10.233.2.0/24 dev spare0",
       "route add 10.0.0.0/8 dev spare0")  # fmt: skip
    said = spare.ok("create", "foo").stderr
    assert "2 pairs were passed over, 10.233.1.1 for address 10.233.1.1 of link spare0" in said
    assert spare.ok("show-ip", "foo").stdout == "10.233.3.2\n"
    passed = spare.ok("ipam", "describe", "10.233.1.1", "--json").json["address"]
    assert [passed["state"], passed["remaining"]] == ["free", 0]
    assert created(spare, "forced", "--force") == "10.233.4.2"
    ip(spare, "route add 10.233.4.2 dev spare0")
    found = conflicts(spare)
    via = "through spare0"
    assert ("conflict", "10.233.4.2", "forced", f"route 10.233.4.2 {via}") in found
    assert ("note", "10.233.3.2", "foo", f"route 10.0.0.0/8 {via}") in found
    assert ("conflict", "10.233.0.0/16", "default", f"route 10.233.2.0/24 {via}") in found
    assert ("note", "10.233.0.0/16", "default", f"route 10.0.0.0/8 {via}") in found


def test_pool_that_is_all_in_use(spare):
    """It says so at once, and what mends it; and the book is as it was, without a slot passed over."""
    ip(spare, "route add 10.233.0.0/16 dev spare0")
    assert conflicts(spare) == {
        ("conflict", "10.233.0.0/16", "default", "route 10.233.0.0/16 through spare0")
    }
    assert "route 10.233.0.0/16 through spare0" in refused(spare)
    assert spare.ok("ipam", "history", "--json").json["history"] == []
    assert created(spare, "foo", "--force") == "10.233.1.2"


# ------------------------------------------------------------- other engines


@pytest.mark.parametrize(
    "path, text, who",
    [
        ("/etc/docker/daemon.json", {"default-address-pools": [{"base": "10.233.0.0/22", "size": 24}]},
         "Docker's address pool 10.233.0.0/22 in /etc/docker/daemon.json"),
        ("/etc/docker/daemon.json", {"bip": "10.233.1.5/24"},
         "Docker's network 10.233.1.0/24 in"),
        ("/etc/containers/networks/net.json", {"name": "lab", "subnets": [{"subnet": "10.233.1.0/24"}]},
         "podman's network 10.233.1.0/24 (lab) in"),
        ("/etc/cni/net.d/87.conflist",
         {"name": "c", "plugins": [{"ipam": {"ranges": [[{"subnet": "10.233.1.0/24"}]]}}]},
         "CNI's network 10.233.1.0/24 (c) in"),
        ("/etc/containers/containers.conf",
         '[network]\n# default_subnet = "10.233.9.0/24"\ndefault_subnet_pools = [\n'
         '  {"base" = "10.233.1.0/25", "size" = 26},\n]\n',
         "podman's address pool 10.233.1.0/25 in"),
        ("/etc/libvirt/qemu/networks/default.xml", LIBVIRT,
         "libvirt's network 10.233.1.0/24 (default) in"),
    ],
    ids=["docker-pool", "docker-bridge", "podman-network", "cni", "podman-pool", "libvirt"],
)  # fmt: skip
def test_other_engines_are_passed_over(world, path, text, who):
    """What they give away is not given away by us."""
    write(world, path, text if isinstance(text, str) else json.dumps(text))
    said = world.ok("create", "foo").stderr
    assert f"passed over, 10.233.1.2 for {who}" in said
    [(grade, _, pool, holder)] = conflicts(world, rc=0)
    assert (grade, pool) == ("conflict", "default") and who in holder


def test_explicit_pair_in_a_network_of_an_engine(world):
    """It may be given to one of its guests: refused, where a pool of its is only noted."""
    write(world, "/etc/libvirt/qemu/networks/default.xml", LIBVIRT)
    said = refused(world, *EXPLICIT6)
    assert "libvirt's network fd00:1::/64 (default)" in said
    write(world, "/etc/docker/daemon.json", '{"default-address-pools": [{"base": "172.30.0.0/16"}]}')
    assert "within Docker's address pool" in world.ok("create", "foo", *EXPLICIT).stderr


@pytest.mark.parametrize(
    "path, text",
    [
        ("/etc/docker/daemon.json", "{"),
        ("/etc/docker/daemon.json", '{"bip": "here"}'),
        ("/etc/libvirt/qemu/networks/a.xml", "<network><ip"),
        ("/etc/libvirt/qemu/networks/a.xml",
         '<!DOCTYPE x [<!ENTITY a "aaaa">]><network><name>&a;</name></network>'),
        ("/etc/libvirt/qemu/networks/a.xml", "<network><ip address='10.233.1.1' prefix='99'/></network>"),
    ],
)  # fmt: skip
def test_files_that_are_not_understood(world, path, text):
    """They are named, and are not taken for a conflict."""
    write(world, path, text)
    said = world.ok("create", "foo").stderr
    assert f"{path} is not understood" in said
    assert conflicts(world, rc=UNREAD) == set()
    [unread] = world.nixctr("ipam", "conflicts", "--json").json["unread"]
    assert unread["file"] == path and unread["what"]


# ------------------------------------------------------------- bridges


@pytest.fixture
def bridge(world):
    """The host with a bridge, br0, and a machine on it, in a namespace "lan"."""
    ip(world, "netns add lan", "link add br0 type bridge forward_delay 0", "link set br0 up",
       "link add port0 type veth peer name eth0 netns lan", "link set port0 master br0 up",
       "-n lan link set eth0 address 02:00:00:00:00:07 up",
       "-n lan address add 192.168.7.5/24 dev eth0",
       "-n lan address add fd00:7::5/64 dev eth0 nodad",
       "address add 192.168.7.1/24 dev br0")  # fmt: skip
    return world


@pytest.mark.parametrize(
    "options, address",
    [(("--local-address", "192.168.7.5/24"), "192.168.7.5"),
     (("--local-address6", "fd00:7::5/64"), "fd00:7::5")],
)  # fmt: skip
def test_machine_on_a_bridge_has_it(bridge, options, address):
    """It answers the probe, and learns nothing by it."""
    said = refused(bridge, "--bridge", "br0", *options)
    assert f"{address} is in use on bridge br0 by the machine with the MAC" in said
    assert "02:00:00:00:00:07" in said
    assert bridge.run("ip", "-n", "lan", "neighbour").stdout == ""
    bridge.ok("create", "foo", "--bridge", "br0", "--force", *options)


def test_free_address_on_a_bridge(bridge):
    """The network of the bridge itself is not in the way, nor a bridge that is not there."""
    bridge.ok("create", "foo", "--bridge", "br0", "--local-address", "192.168.7.6/24",
              "--local-address6", "fd00:7::6/64")  # fmt: skip
    bridge.ok("create", "bar", "--bridge", "br9", "--local-address", "192.168.9.6/24")
    assert conflicts(bridge, rc=0) == set()
    again = bridge.nixctr("create", "foo2", "--bridge", "br0", "--local-address", "192.168.7.6/24")
    assert "leased to container foo" in again.stderr


def test_address_of_the_bridge(bridge):
    """... is the host's, and a network that lies elsewhere is in the way too."""
    assert "address 192.168.7.1 of link br0" in refused(
        bridge, "--bridge", "br0", "--local-address", "192.168.7.1/24"
    )
    ip(bridge, "link add spare0 type veth peer name spare1", "link set spare0 up",
       "link set spare1 up",
       "route add 192.168.9.0/24 dev spare0")  # fmt: skip
    assert "route 192.168.9.0/24 through spare0" in refused(
        bridge, "--bridge", "br0", "--local-address", "192.168.9.6/24"
    )


# ------------------------------------------------------------- files


def test_foreign_definitions_are_honoured(world):
    """With and without prefix lengths, and whoever wrote them."""
    write(world, "/etc/nixos-containers/one.conf",
          "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2/24\n")  # fmt: skip
    write(world, "/etc/nixos-containers/two.conf",
          "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.2.1\nLOCAL_ADDRESS=10.233.2.2\n")  # fmt: skip
    assert created(world, "foo") == "10.233.3.2"
    write(world, "/etc/nixos-containers/zoo.conf",
          "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.9.1\nLOCAL_ADDRESS=10.233.3.2\n")  # fmt: skip
    [row] = conflicts(world)
    assert row[:3] == ("conflict", "10.233.3.2", "foo") and "zoo.conf" in row[3]


def test_a_tree_is_not_this_host(spare):
    """Nothing of this host is in the way of a container in an image."""
    ip(spare, "route add 10.233.0.0/16 dev spare0")
    spare.ok("create", "foo", "--root", "/run/image")


# ------------------------------------------------------------- reservations


def unreserved(world, *options):
    """Insists that a reservation is refused, and leaves nothing. Returns what was said."""
    result = world.nixctr("ipam", "reserve", "foo", *options)
    assert result.rc == CONFLICT, result
    assert "--force" in result.stderr
    assert world.ok("ipam", "list", "--json").json["leases"] == []
    return result.stderr


def test_what_is_equal_is_not_reserved(spare):
    """As for create, that takes what is reserved; what is wider is noted; repeated, it is so already."""
    write(spare, "/etc/libvirt/qemu/networks/default.xml", LIBVIRT)
    ip(spare, "address add 172.30.1.2/24 dev spare0", "-6 route add fd00:2::1 dev spare0",
       "route add 172.31.0.0/16 dev spare0")  # fmt: skip
    assert "address 172.30.1.2 of link spare0" in unreserved(spare, *EXPLICIT)
    said = unreserved(spare, "--host-address6", "fd00:2::1", "--local-address6", "fd00:2::2")
    assert "route fd00:2::1 through spare0" in said
    pair = ("--host-address", "10.233.1.77", "--local-address", "10.233.1.78")
    assert "libvirt" in unreserved(spare, *pair)
    forced = ("ipam", "reserve", "foo", "--force", *EXPLICIT)
    assert spare.ok(*forced).stdout == "172.30.1.2\n"
    assert spare.ok(*forced, "--json").json["changed"] is False
    wide = ("--host-address", "172.31.9.1", "--local-address", "172.31.9.2")
    noted = spare.ok("ipam", "reserve", "bar", *wide).stderr
    assert "172.31.9.2 lies within route 172.31.0.0/16 through spare0" in noted
    assert spare.ok("create", "bar").rc == 0


def test_reservations_pass_over_what_is_in_use(spare):
    """So that the container which takes them is not refused."""
    ip(spare, "address add 10.233.1.1/32 dev spare0", "route add 10.233.2.0/24 dev spare0")
    said = spare.ok("ipam", "reserve", "foo")
    assert said.stdout == "10.233.3.2\n" and "2 pairs were passed over" in said.stderr
    assert created(spare, "foo") == "10.233.3.2"


def imported(world, *rows, options=(), rc=0):
    """Imports leases that another host has exported. Returns what was said."""
    write(world, "/tmp/import", json.dumps({"version": 1, "leases": rows}))
    result = world.nixctr("ipam", "import", *options, "/tmp/import")
    assert result.rc == rc, result
    return result.stderr


def row(name, host, local, **more):
    """A lease of a document."""
    return {"container": name, "host_address": host, "local_address": local, **more}


def test_what_is_imported_is_judged(spare):
    """... as what is reserved: named with its place; what its container has here already is not."""
    write(spare, "/etc/libvirt/qemu/networks/default.xml", LIBVIRT)
    ip(spare, "address add 172.30.1.2/24 dev spare0", "route add 172.31.0.0/16 dev spare0",
       "route add 10.233.7.0/24 dev spare0")  # fmt: skip
    good = row("good", "172.29.0.1", "172.29.0.2")
    for bad, who in (
        (row("bad", "172.30.1.1", "172.30.1.2"), "address 172.30.1.2 of link spare0"),
        (row("bad", "10.233.1.9", "10.233.1.10"), "libvirt's network 10.233.1.0/24"),
        (row("bad", "10.233.7.1", "10.233.7.2", automatic=True), "10.233.7.0/24 through spare0"),
    ):
        said = imported(spare, good, bad, rc=CONFLICT)
        assert "leases[1]: container 'bad'" in said.splitlines()[0] and who in said
        assert "--force" in said.splitlines()[1]
        imported(spare, good, bad, options=["--dry-run"], rc=CONFLICT)
    assert spare.ok("ipam", "list", "--json").json["leases"] == []
    bad = row("bad", "172.30.1.1", "172.30.1.2")
    imported(spare, good, bad, options=["--force"])
    assert "0 leases reserved, 2 were here already" in imported(spare, good, bad)
    wide = [row(f"w{i}", f"172.31.{i}.1", f"172.31.{i}.2") for i in range(3)]
    said = imported(spare, *wide)
    assert "172.31.0.2 lies within route 172.31.0.0/16 through spare0" in said
    assert "5 more addresses lie within networks of the host" in said


def test_imported_without_an_end_at_the_host(world):
    """A cable without one has no default route, which is told."""
    local = {"container": "one", "local_address": "192.0.2.9"}
    port = {"container": "two", "local_address": "192.0.3.9/24", "bridge": "br0"}
    said = imported(world, local, port)
    assert "1 cables have no address at the host's end" in said
    assert "cables" not in imported(world, local, port)


@pytest.mark.parametrize(
    "address, imports",
    [("192.168.7.5/24", True), ("fd00:7::5/64", True), ("192.168.7.5/24", False)],
)  # fmt: skip
def test_machine_on_a_bridge_has_what_is_reserved(bridge, address, imports):
    """Import asks nobody, and who was asked may have come since: create asks, and the reservation stays."""
    family = "6" if ":" in address else ""
    if imports:
        imported(bridge, {"container": "foo", "bridge": "br0", f"local_address{family}": address})
    else:
        ip(bridge, "-n lan link set eth0 down")
        bridge.ok("ipam", "reserve", "foo", "--bridge", "br0", "--local-address", address)
        ip(bridge, "-n lan link set eth0 up")
    result = bridge.nixctr("create", "foo", "--bridge", "br0")
    assert result.rc == CONFLICT, result
    assert f"{address.split('/')[0]}, which is reserved for it, is in use" in result.stderr
    assert "02:00:00:00:00:07 on bridge br0" in result.stderr and "ipam release foo" in result.stderr
    [lease] = bridge.ok("ipam", "list", "--json").json["leases"]
    assert lease["state"] == "reserved"
    assert not bridge.path("/etc/nixos-containers/foo.conf").exists()
    assert created(bridge, "foo", "--bridge", "br0", "--force") == address.split("/")[0]


def test_nobody_on_a_bridge_has_what_is_reserved(bridge):
    """The reservation is taken."""
    imported(bridge, {"container": "foo", "bridge": "br0", "local_address": "192.168.7.6/24"})
    assert created(bridge, "foo", "--bridge", "br0") == "192.168.7.6"
