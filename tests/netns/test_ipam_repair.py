# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check has found is mended, by its report and by nothing else; a lost book is made anew."""

import json
import os

import pytest
from test_ipam_check import (BOOK, CONFLICT, DEFINITIONS, FINE, FOUND, REPORT, USAGE, check, define,
                             edit, ip, leases)  # fmt: skip
from world import BINARY

KILLED = 99
STRIDE = 41 * int(os.environ.get("KILL_STRIDE", "1"))
KILL_AT = os.environ.get("KILL_AT", "")


def repair(world, rc=0, *options):
    """Repairs by the report that check() has left. Returns {(case, container): result}."""
    result = world.nixctr("ipam", "repair", REPORT, "--json", *options)
    assert result.rc == rc, result
    return {(o["case"], o["container"]): o["result"] for o in result.json["outcomes"]}


def check_only(world):
    """Checks, and leaves the report of before."""
    text = world.path(REPORT).read_text(encoding="utf-8")
    found = check(world)
    world.path(REPORT).write_text(text, encoding="utf-8")
    return found


def reasons(world, name):
    """What happened to a container: acts and reasons."""
    events = world.ok("ipam", "history", name, "--json").json["history"]
    return [(event["act"], event["reason"]) for event in events]


@pytest.fixture
def broken(world):
    """A host on which most that can be mended is broken, and some that cannot."""
    for name in "gone", "a", "b", "cable", "reserved":
        world.ok("create", name)
    world.ok("net", "up", "cable")
    world.ok("destroy", "--keep-address", "reserved")
    world.path(f"{DEFINITIONS}/gone.conf").unlink()
    # They have swapped their addresses, of which no order of changes can make sense.
    edit(world, "a", "10.233.2.", "10.233.3.")
    edit(world, "b", "10.233.3.", "10.233.2.")
    define(world, "nixos", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2/24")
    define(world, "bridged", "PRIVATE_NETWORK=1", "HOST_BRIDGE=br7", "HOST_ADDRESS=192.0.2.1",
           "LOCAL_ADDRESS=192.0.2.9/24", "LOCAL_ADDRESS6=2001:db8::9/64")  # fmt: skip
    define(world, "old", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1/32", "LOCAL_ADDRESS=172.30.0.2/32",
           directory="/etc/containers")  # fmt: skip
    ip(world, "address delete 10.233.4.1 dev ve-cable")
    ip(world, "link add ve-nspawn type bridge")
    assert len(check(world)) == 8
    return world


MENDED = {
    ("lease-of-nobody", "gone"): "mended",
    ("definition-unleased", "nixos"): "mended",
    ("definition-unleased", "bridged"): "mended",
    ("definition-unleased", "old"): "mended",
    ("definition-differs", "a"): "mended",
    ("definition-differs", "b"): "mended",
    ("kernel-differs", "cable"): "mended",
    ("link-of-others", None): "left",
}


def test_everything_is_mended(broken):
    """What can be decided is mended, the rest is told; a second time nothing is left to do."""
    before = leases(broken)
    assert repair(broken, FOUND, "--dry-run") == {
        about: result.replace("mended", "would-mend") for about, result in MENDED.items()}  # fmt: skip
    assert leases(broken) == before
    assert repair(broken, FOUND) == MENDED
    assert leases(broken) == {
        "a": ("bound", "10.233.3.2"),
        "b": ("bound", "10.233.2.2"),
        "bridged": ("bound", "192.0.2.9/24"),
        "cable": ("bound", "10.233.4.2"),
        "nixos": ("bound", "10.233.1.2"),
        "old": ("reserved", "172.30.0.2"),
        "reserved": ("reserved", "10.233.5.2"),
    }
    [address] = broken.ip("address", "show", "dev", "ve-cable")[0]["addr_info"]
    assert address["local"] == "10.233.4.1"
    assert reasons(broken, "gone")[-1] == ("released", "repaired: leaked")
    assert reasons(broken, "nixos") == [("bound", "repaired: by its definition")]
    again = repair(broken, FOUND)
    assert set(again.values()) == {"gone", "left"} and again["link-of-others", None] == "left"
    ip(broken, "link delete ve-nspawn")
    assert set(repair(broken).values()) == {"gone"}
    assert check(broken, FINE) == []
    broken.ok("create", "next")
    assert broken.ok("show-ip", "next").stdout == "10.233.6.2\n"


# As nixos-container writes them, and as NixOS does, there behind two links into its store.
IMPERATIVE = """PRIVATE_NETWORK=1
HOST_ADDRESS=10.233.{0}.1
LOCAL_ADDRESS=10.233.{0}.2
HOST_BRIDGE=
HOST_PORT=
AUTO_START=0
"""
SHARED = """PRIVATE_NETWORK=0
HOST_ADDRESS=
LOCAL_ADDRESS=
HOST_BRIDGE=
HOST_PORT=
AUTO_START=0
"""
DECLARED = """SYSTEM_PATH=/nix/store/00000000000000000000000000000000-nixos-system
PRIVATE_NETWORK=1
HOST_ADDRESS=192.168.100.10
LOCAL_ADDRESS=192.168.100.11
HOST_ADDRESS6=fc00::1
LOCAL_ADDRESS6=fc00::2
INTERFACES=""
MACVLANS=""
AUTO_START=1
EXTRA_NSPAWN_FLAGS=""
"""
BRIDGED = """SYSTEM_PATH=/nix/store/00000000000000000000000000000000-nixos-system
PRIVATE_NETWORK=1
HOST_BRIDGE=br0
HOST_PORT=
LOCAL_ADDRESS=192.0.2.7/24
LOCAL_ADDRESS6=2001:db8::7/64
AUTO_START=1
EXTRA_NSPAWN_FLAGS=""
"""


def test_genuine_definitions_are_adopted(world):
    """Those of nixos-container and of NixOS, whatever they have; the next container comes behind them."""
    define(world, "first", IMPERATIVE.format(1))
    define(world, "third", IMPERATIVE.format(3))
    define(world, "shared", SHARED)
    define(world, "prefixed", IMPERATIVE.format(4).replace(".1\n", ".1/24\n").replace(".2\n", ".2/24\n"))
    for name, text in ("declared", DECLARED), ("bridged", BRIDGED):
        define(world, name, text, directory="/nix/store/etc")
        define(world, "unused", directory="/etc/static/nixos-containers")
        world.path(f"/etc/static/nixos-containers/{name}.conf").symlink_to(f"/nix/store/etc/{name}.conf")
        world.path(f"{DEFINITIONS}/{name}.conf").symlink_to(f"/etc/static/nixos-containers/{name}.conf")
    found = check(world)
    assert {finding[2] for finding in found} == {"first", "third", "prefixed", "declared", "bridged"}
    assert {finding[:2] for finding in found} == {("missing", "definition-unleased")}
    assert set(repair(world).values()) == {"mended"}
    assert {name: address for name, (_, address) in leases(world).items()} == {
        "first": "10.233.1.2", "third": "10.233.3.2", "prefixed": "10.233.4.2",
        "declared": "192.168.100.11", "bridged": "192.0.2.7/24"}  # fmt: skip
    lease = world.ok("ipam", "show", "declared", "--json").json["lease"]
    assert (lease["local_address6"], lease["host_address6"]) == ("fc00::2", "fc00::1")
    assert check(world, FINE) == []
    world.ok("create", "second")
    world.ok("create", "fifth")
    assert [world.ok("show-ip", name).stdout for name in ("second", "fifth")] == [
        "10.233.2.2\n", "10.233.5.2\n"]  # fmt: skip


def test_the_world_moves_on(broken):
    """What is no longer as the report has it is not touched, and is said so."""
    broken.ok("create", "gone")
    broken.ok("destroy", "a")
    broken.ok("net", "up", "cable")
    edit(broken, "nixos", "HOST_ADDRESS=10.233.1.1", "HOST_ADDRESS=10.233.1.9")
    results = repair(broken, FOUND)
    assert results["definition-unleased", "nixos"] == "gone"
    assert reasons(broken, "nixos")[-1:] != [("bound", "repaired: by its definition")]
    assert results["lease-of-nobody", "gone"] == results["kernel-differs", "cable"] == "gone"
    assert results["definition-differs", "a"] == "gone"
    assert results["definition-differs", "b"] in ("gone", "mended")
    assert leases(broken)["gone"][0] == "bound"


def test_what_is_not_named_is_not_touched(broken):
    """A report of one finding mends that one."""
    report = json.loads(broken.path(REPORT).read_text(encoding="utf-8"))
    report["findings"] = [f for f in report["findings"] if f.get("container") == "old"]
    broken.path(REPORT).write_text(json.dumps(report), encoding="utf-8")
    assert repair(broken) == {("definition-unleased", "old"): "mended"}
    assert len(check(broken)) == 7


def test_killed_anywhere(broken):
    """At each step the book is one that a check understands, and the same repair completes it."""
    book = broken.path(BOOK)
    bytes_before, victim, done = book.read_bytes(), 1, False
    while not done:
        book.with_name("ipam.db-journal").unlink(missing_ok=True)
        book.write_bytes(bytes_before)
        ip(broken, "address replace 10.233.4.9/32 dev ve-cable")
        killed = broken.run(KILL_AT, str(victim), BINARY, "ipam", "repair", REPORT)
        done = killed.rc == FOUND
        assert done or killed.rc == KILLED, killed
        assert broken.nixctr("ipam", "check", "--grace", "0").rc == FOUND  # ve-nspawn, at least
        assert set(repair(broken, FOUND).values()) <= {"mended", "gone", "left"}
        assert [case for _, case, *_ in check_only(broken)] == ["link-of-others"], victim
        victim += STRIDE
    assert victim > 60


def test_what_cannot_be_decided(world):
    """An address that two definitions claim stays with whoever has it, and the remedy is told."""
    world.ok("create", "a")
    define(world, "b", "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2")
    check(world)
    assert repair(world, FOUND) == {("definitions-share", "b"): "left"}
    assert leases(world) == {"a": ("bound", "10.233.1.2")}
    said = world.nixctr("ipam", "repair", REPORT).stdout
    assert "give b or a another address in its definition" in said
    # Held by a reservation, it is refused by name.
    world.ok("ipam", "reserve", "kept", "--host-address", "172.30.0.1", "--local-address", "172.30.0.2")
    define(world, "b", "PRIVATE_NETWORK=1", "LOCAL_ADDRESS=172.30.0.2")
    check(world)
    result = world.nixctr("ipam", "repair", REPORT)
    assert result.rc == FOUND and "172.30.0.2" in result.stdout and "kept" in result.stdout


def test_reports_that_are_refused(world):
    """None, half of one, of another version, host or boot."""
    world.ok("create", "a")
    world.path(f"{DEFINITIONS}/a.conf").unlink()
    check(world)
    text = world.path(REPORT).read_text(encoding="utf-8")
    report = json.loads(text)
    for content, rc, words in (
        ("", USAGE, REPORT),
        (text[: len(text) // 2], USAGE, REPORT),
        (json.dumps(report | {"version": 2}), USAGE, "version 2"),
        (json.dumps(report | {"findings": [{"case": "nonsense"}]}), USAGE, "no known case"),
        (json.dumps(report | {"machine": "0" * 32}), CONFLICT, "another host"),
        (json.dumps(report | {"boot": "0" * 36}), CONFLICT, "older than this boot"),
    ):
        world.path(REPORT).write_text(content, encoding="utf-8")
        result = world.nixctr("ipam", "repair", REPORT)
        assert result.rc == rc and words in result.stderr and "try: " in result.stderr, result
        assert leases(world) == {"a": ("bound", "10.233.1.2")}
    missing = world.nixctr("ipam", "repair", "/nowhere.json")
    assert missing.rc == 1 and "/nowhere.json" in missing.stderr
    assert "ipam check --report" in missing.stderr.splitlines()[1]


def changes(world):
    """How often the book was written to: the counter in its head, one more for each transaction."""
    with open(world.path(BOOK), "rb") as file:
        return int.from_bytes(file.read(28)[24:], "big")


def test_many_findings_are_few_transactions(world):
    """A disk is not waited for once for each."""
    world.ok("create", "first")
    count = 200
    for i in range(count):
        define(world, f"n{i}", "PRIVATE_NETWORK=1", f"HOST_ADDRESS=172.20.{i}.1",
               f"LOCAL_ADDRESS=172.20.{i}.2")  # fmt: skip
    check(world)
    before = changes(world)
    rows = repair(world)
    assert len(rows) == count and changes(world) - before <= 3
    assert len(leases(world)) == count + 1
    for i in range(count):
        world.path(f"{DEFINITIONS}/n{i}.conf").unlink()
    check(world)
    before = changes(world)
    repair(world)
    assert changes(world) - before <= 3 and set(leases(world)) == {"first"}
