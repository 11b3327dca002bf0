# SPDX-License-Identifier: GPL-2.0-or-later
"""The verbs of the address book, on a host."""

import os

CONF = "/etc/nixctr-net/nixctr-net.conf"


def settings(world, text):
    """Sets what the host's settings say."""
    path = world.path(CONF)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def described(world, what):
    """All there is to tell about an address or a name."""
    return world.ok("ipam", "describe", what, "--json").json


def history(world, *arguments):
    """What happened: acts, names and addresses."""
    events = world.ok("ipam", "history", *arguments, "--json").json["history"]
    return [(e["act"], e["container"], e["local_address"]) for e in events]


def test_an_address_is_kept_over_a_life(world):
    """destroy --keep-address, and the next of its name has address and MAC again; nobody else."""
    world.ok("create", "web")
    world.ok("create", "other")
    first = world.ok("ipam", "show", "web", "--json").json["lease"]
    world.ok("destroy", "--keep-address", "web")
    assert described(world, "10.233.1.2")["address"]["state"] == "reserved"
    world.ok("create", "third")
    assert world.ok("show-ip", "third").stdout == "10.233.3.2\n"
    refused = world.nixctr("create", "thief", "--host-address", "10.233.1.1",
                           "--local-address", "192.0.2.1")  # fmt: skip
    assert refused.rc == 4 and "10.233.1.1 is reserved for web" in refused.stderr
    assert "nixctr-net ipam release web" in refused.stderr
    world.ok("destroy", "web")
    assert described(world, "web")["lease"]["state"] == "reserved"
    world.ok("create", "web")
    world.ok("net", "up", "web")
    again = world.ok("ipam", "show", "web", "--json").json["lease"]
    assert [again[key] for key in ("local_address", "mac", "automatic")] == [
        first[key] for key in ("local_address", "mac", "automatic")]  # fmt: skip
    [eth0] = world.ip("link", "show", "dev", "eth0", container="web")
    assert eth0["address"] == first["mac"]


def test_reserve_and_release(world):
    """For a cable, for a bridge, with a reason; and given up again."""
    assert world.ok("ipam", "reserve", "db", "--reason", "the database").stdout == "10.233.1.2\n"
    assert world.ok("ipam", "reserve", "db").stdout == "10.233.1.2\n"
    world.ok("ipam", "reserve", "port", "--bridge", "br0", "--local-address", "192.0.2.7/24")
    world.ok("ipam", "describe", "192.0.2.7", "a printer")
    leases = {row["container"]: row for row in world.ok("ipam", "list", "--json").json["leases"]}
    assert [leases["db"]["state"], leases["db"]["reason"]] == ["reserved", "the database"]
    assert [leases["port"]["bridge"], leases["port"]["reason"]] == ["br0", "a printer"]
    refused = world.nixctr("create", "port")
    assert refused.rc == 4 and "192.0.2.7/24 is reserved for port on bridge br0" in refused.stderr
    world.ok("create", "port", "--bridge", "br0")
    assert world.ok("show-ip", "port").stdout == "192.0.2.7\n"
    refused = world.nixctr("ipam", "release", "192.0.2.7")
    assert refused.rc == 4 and "nixctr-net destroy port" in refused.stderr
    assert world.ok("ipam", "release", "db", "--json").json == {"changed": True}
    assert world.ok("ipam", "release", "db", "--json").json == {"changed": False}
    address = described(world, "10.233.1.1")["address"]
    assert address["state"] == "cooling" and 0 < address["remaining"] <= 60
    world.ok("ipam", "release", "10.233.1.1")
    assert described(world, "10.233.1.1")["address"]["state"] == "free"


def test_a_name_that_was_mistyped(world):
    """The one that was meant is named, or the pool; to release what nobody holds says so."""
    world.ok("ipam", "reserve", "database")
    for verb in (["show"], ["describe"], ["export"]):
        result = world.nixctr("ipam", *verb, "databse")
        assert result.rc == 3 and "did you mean 'database'?" in result.stderr, result
    result = world.nixctr("ipam", "describe", "databse", "text")
    assert result.rc == 3 and "did you mean 'database'?" in result.stderr, result
    result = world.nixctr("ipam", "show", "default")
    assert result.rc == 3 and "ipam pool show default" in result.stderr, result
    result = world.nixctr("ipam", "show", "10.233.9.9")
    assert result.rc == 3 and "ipam describe 10.233.9.9" in result.stderr, result
    assert "'databse' holds no address" in world.ok("ipam", "release", "databse").stderr


def test_mistakes_of_reserve(world):
    """Each names what is wrong."""
    for words, rc, text in (
        (["-x"], 2, "-x"),
        (["a", "--local-address", "192.0.2.1"], 2, "without --host-address"),
        (["a", "--bridge", "br0", "--host-address", "192.0.2.1"], 2, "gateway of bridge br0"),
        (["a", "--reason", "x" * 128], 2, "at most 127 bytes"),
        (["a", "--reason", "x\ny"], 2, "one line"),
    ):
        refused = world.nixctr("ipam", "reserve", *words)
        assert refused.rc == rc and text in refused.stderr, refused
    assert world.nixctr("ipam", "describe", "a").rc == 3
    assert world.nixctr("ipam", "describe", "a", "x").rc == 3
    assert world.nixctr("ipam", "history", "--since", "never").rc == 2
    assert world.ok("ipam", "list", "--json").json["leases"] == []


def test_a_create_that_fails_leaves_the_reservation(world):
    """What was reserved is reserved again when the system cannot be built."""
    world.ok("ipam", "reserve", "web", "--reason", "mine")
    failed = world.nixctr("create", "web", "--config", "")
    assert failed.rc != 0 and "nix" in failed.stderr
    assert described(world, "web")["lease"]["state"] == "reserved"
    assert history(world, "web") == [(act, "web", "10.233.1.2")
                                     for act in ("reserved", "bound", "reserved")]  # fmt: skip


def test_history(world):
    """Who did what, when and why, by address, by name and by time; bounded, in no file of its own."""
    world.ok("create", "a")
    world.ok("create", "b")
    world.ok("destroy", "a")
    assert history(world, "a") == [("bound", "a", "10.233.1.2"), ("released", "a", "10.233.1.2")]
    assert history(world, "10.233.2.1") == [("bound", "b", "10.233.2.2")]
    assert len(history(world, "--since", "1h")) == 3
    assert history(world, "--since", "2199-01-01") == []
    event = world.ok("ipam", "history", "a", "--json").json["history"][-1]
    with open("/proc/self/loginuid", encoding="ascii") as file:
        login = int(file.read())
    assert event["uid"] == (os.getuid() if login == 0xFFFFFFFF else login)
    assert event["command"].endswith("destroy a") and event["reason"] == "destroyed"
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        assert event["boot"] == file.read().strip()
    table = world.ok("ipam", "history", "-o", "act,container").stdout.split()
    assert table == ["ACT", "CONTAINER", "bound", "a", "bound", "b", "released", "a"]
    settings(world, "[ipam]\nhistory = 2\n")
    world.ok("destroy", "b")
    assert [act for act, *_ in history(world)] == ["released", "released"]


def test_what_others_define_is_told(world):
    """A definition of nixos-container is in the history too, and overrules a reservation."""
    world.ok("ipam", "reserve", "theirs")
    path = world.path("/etc/nixos-containers")
    path.mkdir(parents=True, exist_ok=True)
    (path / "theirs.conf").write_text(
        "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.9.1\nLOCAL_ADDRESS=10.233.9.2\n",
        encoding="ascii",
    )
    world.ok("create", "mine")
    assert history(world, "theirs") == [
        ("reserved", "theirs", "10.233.1.2"),
        ("released", "theirs", "10.233.1.2"),
        ("bound", "theirs", "10.233.9.2"),
    ]
    assert world.ok("show-ip", "mine").stdout == "10.233.2.2\n"


def test_settings_that_cannot_be_read_keep_nobody_from_the_book(world):
    """... and it is said that they are not heeded."""
    settings(world, "[ipam]\ncooldown = soon\n")
    made = world.ok("create", "web")
    assert "[ipam] cooldown is 'soon', not a number of seconds" in made.stderr
    assert world.ok("show-ip", "web").stdout == "10.233.1.2\n"
