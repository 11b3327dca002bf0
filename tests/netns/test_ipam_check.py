# SPDX-License-Identifier: GPL-2.0-or-later
"""Book, definitions and kernel compared: every way in which they can disagree, made by hand."""

import json
import subprocess

import pytest
from world import BINARY, eventually

FINE, FOUND, UNREAD, USAGE, CONFLICT = 0, 1, 2, 2, 4
DEFINITIONS = "/etc/nixos-containers"
BOOK = "/var/lib/nixctr-net/ipam.db"
REPORT = "/run/report.json"


def sql(world, text):
    """Changes the book behind our back."""
    done = world.run("sqlite3", BOOK, text)
    assert done.rc == 0, done
    return done.stdout


def define(world, name, *lines, directory=DEFINITIONS):
    """Writes a definition as others do."""
    path = world.path(directory)
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{name}.conf").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def edit(world, name, old, new):
    """Changes a definition with an editor."""
    path = world.path(f"{DEFINITIONS}/{name}.conf")
    text = path.read_text(encoding="ascii")
    assert old in text
    path.write_text(text.replace(old, new), encoding="ascii")


def ip(world, command):
    """Runs ip on the host."""
    done = world.run("ip", *command.split())
    assert done.rc == 0, done


def check(world, rc=FOUND, grace="0"):
    """Checks, and leaves the report in its file. Returns (grade, case, container, other, address)."""
    result = world.nixctr("ipam", "check", "--grace", grace, "--json", "--report", REPORT)
    assert result.rc == rc, result
    assert json.loads(world.path(REPORT).read_text(encoding="utf-8")) == result.json
    return [(f["grade"], f["case"], f.get("container", ""), f.get("other", ""), f.get("address", ""))
            for f in result.json["findings"]]  # fmt: skip


def leases(world):
    """Container -> (state, address inside)."""
    return {row["container"]: (row["state"], row["local_address"])
            for row in world.ok("ipam", "list", "--json").json["leases"]}  # fmt: skip


@pytest.fixture
def two(world):
    """A host with two attached containers, where all is well."""
    for name in "a", "b":
        world.ok("create", name)
        world.ok("net", "up", name)
    assert check(world, FINE) == []
    return world


# ------------------------------------------------------------- nothing is wrong


def test_all_kinds_of_containers_agree(world):
    """Cables and bridges, both families, reserved, shared host ends, those of nixos-container."""
    assert check(world, FINE) == []
    ip(world, "link add br0 type bridge")
    ip(world, "address add 192.0.2.1/24 dev br0")
    world.ok("create", "a", "--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2")
    world.ok("create", "port", "--bridge", "br0", "--local-address", "192.0.2.7/24")
    world.ok("create", "free", "--bridge", "br0")
    world.ok("create", "a-name-that-does-not-fit")
    world.ok("ipam", "reserve", "later")
    define(world, "x", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1", "LOCAL_ADDRESS=172.30.0.2")
    define(world, "y", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1", "LOCAL_ADDRESS=172.30.0.3")
    define(world, "shares", "PRIVATE_NETWORK=0", "HOST_ADDRESS=", "LOCAL_ADDRESS=")
    world.ok("create", "last")  # enters those of others
    for name in "a", "port", "free", "a-name-that-does-not-fit", "x", "y":
        world.ok("net", "up", name)
    result = world.nixctr("ipam", "check", "--grace", "0")
    assert (result.rc, result.stdout) == (
        FINE, "8 leases, 8 definitions and 6 attached containers agree\n"), result  # fmt: skip


def test_a_look_without_findings_keeps_nobody_waiting(two):
    """... and waits for nobody who adds or removes a container."""
    holder = two.command("flock", "/run/lock/nixos-container", "sh", "-c", "echo && exec cat")
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        assert held.stdout.readline()
        assert check(two, FINE, grace="3600") == []
        held.stdin.close()


def waits_for_lock(pid):
    """Whether a process waits for a lock, see proc_locks(5)."""
    with open("/proc/locks", encoding="ascii") as file:
        return any("->" in line and f" {pid} " in line for line in file)


def test_what_is_not_found_twice_is_no_finding(two):
    """While the check waits to look again, what it had found is put right, and something else goes wrong."""
    texts = {name: two.path(f"{DEFINITIONS}/{name}.conf").read_text(encoding="ascii") for name in "ab"}
    two.path(f"{DEFINITIONS}/a.conf").unlink()
    command = two.command("flock", "/run/lock/nixos-container", "sh", "-c", "echo && exec cat")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline()
        look = subprocess.Popen(two.command(BINARY, "ipam", "check", "--grace", "0"),
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        eventually(lambda: waits_for_lock(look.pid), "it has looked once and waits")
        two.path(f"{DEFINITIONS}/a.conf").write_text(texts["a"], encoding="ascii")
        two.path(f"{DEFINITIONS}/b.conf").unlink()
        holder.stdin.close()
    assert look.communicate()[0].endswith(b"agree\n") and look.returncode == FINE
    assert check(two) == [("leaked", "lease-of-attached", "b", "", "10.233.2.2")]


# ------------------------------------------------------------- each kind of finding


def test_leaked(two):
    """The definition is gone: with the network still there, and without."""
    two.path(f"{DEFINITIONS}/a.conf").unlink()
    assert check(two) == [("leaked", "lease-of-attached", "a", "", "10.233.1.2")]
    two.ok("net", "down", "a")
    two.links_at_rest()
    assert check(two) == [("leaked", "lease-of-nobody", "a", "", "10.233.1.2")]


def test_missing(two):
    """A definition of others, an address that nobody leased, and a namespace of nobody."""
    define(two, "nixos", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.9.1", "LOCAL_ADDRESS=10.233.9.2")
    define(two, "old", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.8.1", "LOCAL_ADDRESS=10.233.8.2",
           directory="/etc/containers")  # fmt: skip
    define(two, "storage", "[storage]", 'driver = "overlay"', directory="/etc/containers")
    ip(two, "netns add ve-ghost")
    two.path(f"{DEFINITIONS}/b.conf").unlink()
    sql(two, "PRAGMA foreign_keys=ON; DELETE FROM lease WHERE name = 'b'; "
             "UPDATE pool SET leased = leased - 1")  # fmt: skip
    ip(two, "-n ve-a address add 10.233.77.2/32 dev eth0")
    assert check(two) == [
        ("missing", "definition-unleased", "nixos", "", "10.233.9.2"),
        ("missing", "definition-unleased", "old", "", "10.233.8.2"),
        ("missing", "address-unleased", "a", "", "10.233.77.2"),
        ("missing", "address-unleased", "b", "", "10.233.2.1"),
        ("missing", "address-unleased", "b", "", "10.233.2.2"),
        ("missing", "address-unleased", "b", "", "10.233.2.2"),
        ("foreign", "namespace-of-nobody", "ghost", "", ""),
    ]


def test_doubled(two):
    """Two definitions with one address or MAC, and a container with the address of another."""
    mac = two.path(f"{DEFINITIONS}/a.conf").read_text(encoding="ascii").split("MAC_ADDRESS=")[1][:17]
    define(two, "c", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.9.0.1", "LOCAL_ADDRESS=10.233.1.2")
    define(two, "d", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.9.0.3", "LOCAL_ADDRESS=10.9.0.4",
           f"LOCAL_MAC_ADDRESS={mac}")  # fmt: skip
    ip(two, "-n ve-b address add 10.233.1.2/32 dev eth0")
    assert check(two) == [
        ("missing", "definition-unleased", "d", "", "10.9.0.4"),
        ("doubled", "definitions-share", "c", "a", "10.233.1.2"),
        ("doubled", "definitions-share-mac", "d", "a", ""),
        ("doubled", "cables-share", "b", "a", "10.233.1.2"),
    ]


def test_foreign(two):
    """Links and routes of the host with addresses of ours, and what is called like ours."""
    ip(two, "link add spare0 type bridge")
    ip(two, "link set spare0 up")
    ip(two, "address add 10.233.1.2/24 dev spare0")
    ip(two, "address add 10.233.200.1/32 dev spare0")
    ip(two, "route add 10.233.2.2 dev spare0 metric 7")
    ip(two, "link add ve-nspawn type bridge")
    assert check(two) == [
        ("foreign", "host-has-address", "a", "", "10.233.1.2"),
        ("foreign", "host-has-route", "b", "", "10.233.2.2"),
        ("foreign", "host-has-network", "a", "", "10.233.1.1"),  # as is the route of spare0
        ("foreign", "host-has-pool-address", "", "", "10.233.1.0"),
        ("foreign", "host-has-pool-address", "", "", "10.233.1.255"),
        ("foreign", "host-has-pool-address", "", "", "10.233.200.1"),
        ("foreign", "link-of-others", "", "", ""),
    ]
    ip(two, "address delete 10.233.1.2/24 dev spare0")
    ip(two, "route delete 10.233.2.2 dev spare0 metric 7")
    ip(two, "link delete ve-nspawn")
    # Nobody has to do anything about this one.
    assert check(two, rc=0) == [("foreign", "host-has-pool-address", "", "", "10.233.200.1")]


def test_what_conflicts_shows_is_seen(two):
    """Routes that appeared since and networks of other engines are findings, what is wider is a note."""
    ip(two, "link add spare0 type bridge")
    ip(two, "link set spare0 up")
    ip(two, "route add 10.0.0.0/8 dev spare0")
    wider = ("note", "host-has-wider", "", "", "10.0.0.0")
    assert check(two, rc=0) == [wider]
    ip(two, "route add 10.233.2.0/24 dev spare0 table 1000")
    define(two, "daemon.json", '{"default-address-pools": [{"base": "10.233.0.0/16", "size": 24}]}',
           directory="/etc/docker")  # fmt: skip
    config = two.path("/etc/docker/daemon.json.conf").rename(two.path("/etc/docker/daemon.json"))
    found = [
        ("foreign", "host-has-network", "a", "", "10.233.1.1"),
        ("foreign", "host-has-network", "a", "", "10.233.1.2"),
        ("foreign", "host-has-network", "b", "", "10.233.2.1"),
        ("foreign", "host-has-network", "b", "", "10.233.2.2"),
        ("foreign", "host-has-all-of-pool", "", "", "10.233.0.0"),
        ("foreign", "host-has-pool-address", "", "", "10.233.2.0"),
        wider,
    ]
    assert check(two) == found
    said = {row["what"] for row in
            json.loads(two.path(REPORT).read_text(encoding="utf-8"))["findings"]}  # fmt: skip
    assert ("10.233.2.2 of container 'b' meets with route 10.233.2.0/24 through spare0 in table 1000"
            in said)  # fmt: skip
    result = two.nixctr("ipam", "repair", "--json", REPORT)
    assert {row["result"] for row in result.json["outcomes"]} == {"left"}, result
    config.write_text("{", encoding="ascii")
    ip(two, "route delete 10.233.2.0/24 dev spare0 table 1000")
    assert check(two, rc=2) == [wider]  # what docker has could not be found out


def differs(world, case):
    """Insists on one finding, about container a. Returns its row in the report."""
    assert [finding[:3] for finding in check(world)] == [("differing", case, "a")]
    return json.loads(world.path(REPORT).read_text(encoding="utf-8"))["findings"][0]


def test_the_definition_is_edited(world):
    """Each key that has to do with addresses, in turn."""
    world.ok("create", "a")
    path = world.path(f"{DEFINITIONS}/a.conf")
    text = path.read_text(encoding="ascii")
    for old, new in (
        ("LOCAL_ADDRESS=10.233.1.2", "LOCAL_ADDRESS=10.233.50.2"),
        ("HOST_ADDRESS=10.233.1.1", "HOST_ADDRESS=10.233.50.1"),
        ("LOCAL_ADDRESS=10.233.1.2", "LOCAL_ADDRESS=10.233.1.2\nLOCAL_ADDRESS6=fd00::2"),
        ("LOCAL_ADDRESS=10.233.1.2", "LOCAL_ADDRESS="),
        ("LOCAL_MAC_ADDRESS=", "LOCAL_MAC_ADDRESS=02:00:00:00:00:01\nX_OLD="),
        ("HOST_BRIDGE=", "HOST_BRIDGE=br0"),
        ("PRIVATE_NETWORK=1", "PRIVATE_NETWORK=0"),
    ):
        edit(world, "a", old, new)
        assert differs(world, "definition-differs")["book"] == "10.233.1.1>10.233.1.2", new
        path.write_text(text, encoding="ascii")
    # What means the same is the same.
    edit(world, "a", "LOCAL_ADDRESS=10.233.1.2", 'LOCAL_ADDRESS="10.233.1.2/24"')
    assert check(world, FINE) == []


def test_the_book_is_edited(world):
    """Each column that has to do with addresses, in turn."""
    world.ok("create", "a")
    for change, back in (
        ("local4 = x'0a090909', pool4 = NULL; UPDATE pool SET leased = 0",
         "local4 = x'0ae90102', pool4 = 1; UPDATE pool SET leased = 1"),
        ("host4 = NULL", "host4 = x'0ae90101'"),
        ("mac = x'020000000001'", "mac = NULL"),
        ("bridge = 'br7'", "bridge = ''"),
        ("state = 'reserved'", "state = 'bound'"),
        ("length4 = 24", "length4 = 32"),
    ):  # fmt: skip
        sql(world, f"UPDATE lease SET {change}")
        differs(world, "definition-differs")
        sql(world, f"UPDATE lease SET {back}")
        assert check(world, FINE) == []


def test_the_kernel_differs(two):
    """An address or the MAC of the cable, in turn; and net up puts it right."""
    for command, where in (
        ("address delete 10.233.1.1 dev ve-a", "the host's end"),
        ("-n ve-a address delete 10.233.1.2 dev eth0", "eth0 inside"),
        ("-n ve-a link set eth0 address 02:00:00:00:00:01", "another MAC"),
        ("link delete ve-a", "host's end"),
    ):
        ip(two, command)
        row = differs(two, "kernel-differs")
        assert where in row["kernel"] and "nixctr-net net up a" in row["remedy"]
        two.ok("net", "up", "a")
        assert check(two, FINE) == []


def test_a_definition_that_cannot_be_read(two):
    """It keeps its lease, and what could not be found out is neither right nor wrong."""
    edit(two, "a", "LOCAL_ADDRESS=10.233.1.2", "LOCAL_ADDRESS=300.1.1.1")
    world_path = two.path(f"{DEFINITIONS}/dangling.conf")
    world_path.symlink_to("/nowhere")
    assert check(two, UNREAD) == []
    said = two.nixctr("ipam", "check", "--grace", "0").stderr
    assert "300.1.1.1" in said and "dangling" in said


def test_containers_in_the_making_are_no_findings(world):
    """While containers come and go, the check finds nothing, however often it looks."""
    script = ('for i in 1 2 3 4 5 6 7 8 9 10; do "$0" create --no-system c$1 && "$0" net up c$1 && '
              '"$0" destroy c$1 || exit; done; echo "$1"')  # fmt: skip
    runs = [subprocess.Popen(world.command("sh", "-c", script, BINARY, str(number)),
                             stdout=subprocess.PIPE) for number in range(2)]  # fmt: skip
    looks = 0
    while any(run.poll() is None for run in runs):
        assert check(world, FINE, grace="1") == []
        looks += 1
    assert [run.communicate()[0] for run in runs] == [b"0\n", b"1\n"] and looks > 0


def test_bad_options(world):
    """One line that names what is wrong."""
    for grace in "-1", "x", "", "3601", "1s":
        result = world.nixctr("ipam", "check", f"--grace={grace}")
        assert result.rc == USAGE and "--grace" in result.stderr, result
    result = world.nixctr("ipam", "check", "--report", "/nowhere/report.json")
    assert result.rc == 1 and "/nowhere/report.json" in result.stderr, result
