# SPDX-License-Identifier: GPL-2.0-or-later
"""Many at once: no duplicate, no error, no leak."""

import contextlib
import subprocess

import world as world_module

AT_ONCE = 64

NAMES = [f"c{number}" for number in range(AT_ONCE)]


def at_once(world, commands):
    """Starts all commands before it waits for the first. Returns [(exit status, stderr)]."""
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(
                world.start(
                    [world_module.BINARY, *world_module.with_system_chosen(tuple(command))],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    encoding="utf-8",
                )  # fmt: skip
            )
            for command in commands
        ]
        outputs = [process.communicate(timeout=world_module.DEADLINE)[1] for process in running]
    return [(process.returncode, text) for process, text in zip(running, outputs)]


def failures(results):
    """Those that did not succeed."""
    return [result for result in results if result[0] != 0]


def test_life_of_many(world):
    """All created, attached, detached and destroyed at once."""
    assert not failures(at_once(world, [("create", name) for name in NAMES]))
    leases = world.ok("ipam", "list", "--json").json["leases"]
    assert sorted(lease["container"] for lease in leases) == sorted(NAMES)
    assert {lease["local_address"] for lease in leases} == {
        f"10.233.{number}.2" for number in range(1, AT_ONCE + 1)
    }
    assert len({lease["mac"] for lease in leases}) == AT_ONCE

    assert not failures(at_once(world, [("net", "up", name) for name in NAMES]))
    assert world.namespaces() == sorted(f"ve-{name}" for name in NAMES)
    for lease in leases:
        [route] = world.ip("route", "get", lease["local_address"])
        assert route["dev"] == f"ve-{lease['container']}"

    assert not failures(at_once(world, [("net", "down", name) for name in NAMES]))
    assert world.namespaces() == []
    assert not failures(at_once(world, [("destroy", name) for name in NAMES]))
    assert world.ok("ipam", "list", "--json").json["leases"] == []
    assert world.links_at_rest() == ["eth0", "lo"]


def test_one_name_many_times(world):
    """Of many who create one container one succeeds, the others are told that it exists."""
    results = at_once(world, [("create", "foo")] * AT_ONCE)
    assert sorted(status for status, _ in results) == [0] + [4] * (AT_ONCE - 1), results
    assert len(world.ok("ipam", "list", "--json").json["leases"]) == 1


def test_unique_names_many_times(world):
    """With --ensure-unique-name all of them succeed."""
    assert not failures(at_once(world, [("create", "foo", "--ensure-unique-name")] * AT_ONCE))
    names = world.ok("list").stdout.splitlines()
    assert sorted(names) == sorted(["foo", *(f"foo-{n}" for n in range(AT_ONCE - 1))])


def test_one_container_many_times(world):
    """Many who attach one container make one network of it."""
    world.ok("create", "foo")
    assert not failures(at_once(world, [("net", "up", "foo")] * AT_ONCE))
    assert world.links_at_rest() == ["eth0", "lo", "ve-foo"]
    assert [link["ifname"] for link in world.ip("link", container="foo")] == ["lo", "eth0"]


def test_up_against_down(world):
    """Whoever wins, the container is whole or gone afterwards, and can be attached again."""
    world.ok("create", "foo")
    commands = [("net", "up", "foo"), ("net", "down", "foo")] * (AT_ONCE // 2)
    assert not failures(at_once(world, commands))
    world.ok("net", "up", "foo")
    assert world.ok("net", "show", "foo", "--json").json["drift"] == []
    world.ok("net", "down", "foo")
    assert world.links_at_rest() == ["eth0", "lo"] and world.namespaces() == []


def test_nat_while_attaching(world):
    """NAT is switched on while containers come up: in the end it is on for all of them."""
    for name in NAMES[:16]:
        world.ok("create", name)
    commands = [("net", "up", name) for name in NAMES[:16]]
    commands[8:8] = [("nat", "enable", "--external", "eth0")]
    assert not failures(at_once(world, commands))
    for name in NAMES[:16]:
        namespace = world.container_namespace(name)
        assert world.connect_from(namespace, world_module.OUTSIDE) == world_module.HOST, name
