# SPDX-License-Identifier: GPL-2.0-or-later
"""No address is given twice, whoever says that he has it: the book, a definition, the older directory."""

import re

import pytest
from test_ipam import history
from test_transfer import define, leases

HELD = ("HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2")


def addresses(world):
    """The addresses of all definitions, by name."""
    return {
        path.stem: re.search(r"^LOCAL_ADDRESS=([\d.]*)", path.read_text(), re.M)[1]
        for path in world.path("/etc/nixos-containers").glob("*.conf")
    }


def wanted_by_others(world, how):
    """Has the book hold 10.233.1.2 for "a", of which there is no container, while "n" is defined with it."""
    if how == "reserved":
        world.ok("ipam", "reserve", "a")
    else:
        world.ok("create", "a")
        world.ok("ipam", "backup", "/tmp/backup")
        world.path("/etc/nixos-containers/a.conf").unlink()
    assert leases(world)["a"]["local_address"] == "10.233.1.2"
    world.path("/etc/nixos-containers").mkdir(exist_ok=True)
    define(world, "n", *HELD)
    if how == "restored":
        world.ok("create", "a")
        world.path("/etc/nixos-containers/a.conf").unlink()
        world.ok("ipam", "restore", "/tmp/backup")


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("how", ["reserved", "leaked", "restored"])
def test_a_definition_has_its_address(world, how, name):
    """Whoever has it only in the book gives it up, and the history says for whom."""
    wanted_by_others(world, how)
    world.ok("create", name)
    held = addresses(world)
    assert held["n"] == "10.233.1.2" and held[name] not in ("", held["n"])
    assert {key: row["local_address"] for key, row in leases(world).items()}["n"] == "10.233.1.2"
    assert leases(world)[name]["local_address"] == held[name]
    assert ("released", "a", "10.233.1.2") in history(world)
    assert world.ok("ipam", "check", "--json").json["findings"] == []


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_what_two_have_is_given_to_none(world, force):
    """A cable has it and a definition too: that is told, and create gives it to neither of them."""
    world.ok("create", "a")
    world.ok("net", "up", "a")
    world.path("/etc/nixos-containers/a.conf").unlink()
    define(world, "n", *HELD)
    refused = world.nixctr("create", "a", *force, "--host-address", "10.233.1.1", "--local-address", "10.233.1.2")
    assert refused.rc == 4 and "the definition of container 'n'" in refused.stderr
    assert addresses(world) == {"n": "10.233.1.2"}
    world.ok("create", "b", *force)
    assert addresses(world)["b"] == "10.233.2.2"
    world.ok("create", "a", *force)
    assert len(set(addresses(world).values())) == 3


def test_definitions_that_swap(world):
    """Each gets what it says, in the first command that looks."""
    for name in "ab":
        world.ok("create", name)
    one, two = (world.path(f"/etc/nixos-containers/{name}.conf") for name in "ab")
    first = one.read_text().replace("10.233.1.", "10.233.2.")
    second = two.read_text().replace("10.233.2.", "10.233.1.")
    for path, text in ((one, first), (two, second)):
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)
    world.ok("create", "c")
    assert {key: row["local_address"] for key, row in leases(world).items()} == addresses(world)
    assert addresses(world) == {"a": "10.233.2.2", "b": "10.233.1.2", "c": "10.233.3.2"}


def test_the_older_directory_counts(world):
    """Its addresses are given to nobody, cannot be released, and all commands agree about them."""
    define(world, "old", *HELD, directory="/etc/containers")
    world.ok("create", "a")
    assert addresses(world) == {"a": "10.233.2.2"}
    assert leases(world)["old"]["state"] == "reserved"
    refused = world.nixctr("ipam", "release", "old")
    assert refused.rc == 4 and "/etc/containers/old.conf is there" in refused.stderr
    define(world, "older", "HOST_ADDRESS=10.233.3.1", "LOCAL_ADDRESS=10.233.3.2", directory="/etc/containers")
    world.ok("create", "b")
    assert addresses(world)["b"] == "10.233.4.2"
    answer = world.nixctr("migrate", "--json")
    assert answer.rc == 1 and [answer.json[key] for key in ("reserved", "refused")] == [2, 0]
    assert world.ok("ipam", "check", "--json").json["findings"] == []
    before = leases(world)
    world.ok("ipam", "rebuild", "--force")
    assert {k: v["state"] for k, v in leases(world).items()} == {k: v["state"] for k, v in before.items()}
    assert {k: v["automatic"] for k, v in leases(world).items()} == {k: v["automatic"] for k, v in before.items()}
    assert world.ok("ipam", "check", "--json").json["findings"] == []


def test_a_host_end_of_one_family(world):
    """Only the end that somebody has is given up, and the log names it."""
    define(world, "n", "HOST_ADDRESS=10.9.0.1", "LOCAL_ADDRESS=10.9.0.2")
    define(world, "o", "HOST_ADDRESS=10.9.0.1", "LOCAL_ADDRESS=10.9.0.3", "HOST_ADDRESS6=fd00::1", "LOCAL_ADDRESS6=fd00::2")
    said = world.ok("create", "a").stderr
    assert "container 'o' shares the host's end 10.9.0.1" in said and "fd00::1" not in said
    row = leases(world)["o"]
    assert (row["host_address"], row["host_address6"]) in ((None, "fd00::1"), ("", "fd00::1"))


def test_a_cable_of_another(world):
    """To attach a second container with an address warns by name; to look again does not."""
    for name in "no":
        define(world, name, *HELD, "HOST_ADDRESS6=fd00::1", "LOCAL_ADDRESS6=fd00::2")
    assert "in use" not in world.ok("net", "up", "n").stderr
    said = world.ok("net", "up", "o").stderr
    for address in ("10.233.1.2", "fd00::2"):
        assert f"container 'o': {address} is in use by container 'n'" in said
    assert "in use" not in world.ok("net", "up", "o").stderr
