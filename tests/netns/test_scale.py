# SPDX-License-Identifier: GPL-2.0-or-later
"""Many containers attached at once; what that costs is measured in tests/bench."""

import os

import world as world_module

# How many; see meson.build.
COUNT = int(os.environ.get("SCALE", "1000"))

NAMES = [f"c{number}" for number in range(1, COUNT + 1)]


def for_each(world, command):
    """Runs the program once for each container, one process after the other."""
    script = f'binary=$1; shift; for name; do "$binary" {command} "$name" || exit; done'
    result = world.run("sh", "-c", script, "sh", world_module.BINARY, *NAMES)
    assert result.rc == 0, result.stderr[-2000:]


def expected_address(number):
    """The address of the number-th container, counted from 1: see doc/design.md."""
    network, pair = (number - 1) % 254 + 1, (number - 1) // 254
    return f"10.233.{network}.{2 * pair + 2}"


def test_many_attached(world):
    """Everybody has an address of the order, a link and a way outside; then nothing is left."""
    world.ok("nat", "enable", "--external", "eth0")
    rules = world.ruleset()
    for_each(world, "create --no-system")
    for_each(world, "net up")
    leases = world.ok("ipam", "list", "--json").json["leases"]
    assert {lease["container"]: lease["local_address"] for lease in leases} == {
        name: expected_address(number) for number, name in enumerate(NAMES, 1)
    }
    assert set(world.links()) == {"lo", "eth0", *(f"ve-{name}" for name in NAMES)}
    assert world.ruleset() == rules
    for name in NAMES[0], NAMES[COUNT // 2], NAMES[-1]:
        namespace = world.container_namespace(name)
        assert world.connect_from(namespace, world_module.OUTSIDE) == world_module.HOST

    for_each(world, "destroy")
    assert world.ok("ipam", "list", "--json").json["leases"] == []
    assert world.ok("list").stdout == ""
    assert world.namespaces() == []
    assert world.links_at_rest() == ["eth0", "lo"]
