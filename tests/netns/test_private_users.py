# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers with users of their own: systemd-nspawn makes their network namespace, and their first
program still finds its network complete. A real systemd-nspawn, where systemd is not PID 1."""

import os
import shutil
import time

import pytest
import world as world_module

INIT = os.environ.get("TEST_INIT", "")
FIRST = 1000000 - 1000000 % 65536  # systemd-nspawn shifts by multiples of that


@pytest.fixture
def world():
    """A host with NAT and a container foo that runs tests/netns/machine/init.c."""
    with world_module.World(world_module.HERE / "own-groups", "hybrid") as fresh:
        tree = fresh.path("/var/lib/trees/foo")
        for directory in "usr", "proc", "sys", "dev", "run", "tmp", "etc", "var", "sbin":
            (tree / directory).mkdir(parents=True)
        (tree / "etc/os-release").write_text("ID=test\n", encoding="ascii")
        (tree / "mode").write_text("ready", encoding="ascii")
        shutil.copy(INIT, tree / "sbin/init")
        fresh.ok("create", "foo")
        fresh.ok("nat", "enable", "--external", "eth0")
        yield fresh
        fresh.nixctr("terminate", "foo")


def define(world, *lines):
    """Adds keys to the definition of foo."""
    with world.path("/etc/nixos-containers/foo.conf").open("a", encoding="ascii") as file:
        file.write("\n".join(["ROOT_TREE=/var/lib/trees/foo", *lines, ""]))


def log(world):
    """What its supervisor has logged."""
    path = world.path("/var/log/nixctr-net/foo.log")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def has_said(world, words):
    """Waits until its first program has: systemd-nspawn carries over what that writes, by a terminal,
    and may be told that it is ready before."""
    world_module.eventually(lambda: words in log(world), f"it says {words}:\n{log(world)}")


def start(world):
    """Starts foo, and shows its log where that fails."""
    result = world.nixctr("start", "foo")
    assert result.rc == 0, f"{result}{log(world)}"


@pytest.mark.parametrize("users", ["no", "identity", "pick", f"{FIRST}"])
def test_network_before_init(world, users):
    """The first program sees its address and reaches the server outside, whoever its users are."""
    define(world, f"PRIVATE_USERS={users}", "HOST_PORT=8080:80")
    start(world)
    has_said(world, "init sees eth0 10.233.1.2")
    has_said(world, "init has called outside")
    assert world.outside.peers == [world_module.HOST]
    assert ("while its first program waited" in log(world)) == (users != "no")
    state = world.ok("net", "show", "foo", "--json").json
    assert "drift" not in state or not state["drift"], state
    inside = world.ip("address", "show", "dev", "eth0", container="foo")
    assert inside[0]["addr_info"][0]["local"] == "10.233.1.2"
    [port] = world.ok("nat", "forward", "list", "--json").json["forwards"]
    assert port["state"] == "published" and port["address"] == "10.233.1.2"
    world.ok("stop", "foo")
    [port] = world.ok("nat", "forward", "list", "--json").json["forwards"]
    assert port["state"] == "detached"
    assert world.namespaces() == []
    assert not any(link.startswith("ve-") for link in world.links_at_rest())
    assert not list(world.path("/run/nixctr-net/waiting").glob("*"))
    start(world)
    world_module.eventually(lambda: world.outside.peers == [world_module.HOST] * 2, "it has called again")
    assert world.namespaces() == ["ve-foo"]


def test_users_are_its_own(world):
    """Its root is not the root of the host."""
    define(world, f"PRIVATE_USERS={FIRST}")
    start(world)
    found = world.run("sh", "-c", "stat -c %u $(pgrep -f ^/sbin/init | sed s,^,/proc/,)")
    assert str(FIRST) in found.stdout.split(), found


def test_network_cannot_be_made(world):
    """The start fails by name, and nothing is left."""
    define(world, "PRIVATE_USERS=identity", "HOST_BRIDGE=nowhere")
    result = world.nixctr("start", "foo")
    assert result.rc == 1 and "nowhere" in result.stderr, result
    assert world.namespaces() == []


def test_prepared_namespace_of_another(world):
    """Cannot be joined: said in words."""
    assert world.run("ip", "netns", "add", "other").rc == 0
    world.path("/etc/nixos-containers/foo.conf").unlink()
    define(world, "PRIVATE_USERS=pick", "NETWORK_NAMESPACE_PATH=/run/netns/other")
    result = world.nixctr("start", "foo")
    assert result.rc == 1 and "does not go with NETWORK_NAMESPACE_PATH" in result.stderr, result


@pytest.mark.parametrize("span", ["2", "1s 500ms"])
def test_time_to_be_ready(world, span):
    """TIMEOUT_START holds where systemd is not PID 1, too."""
    define(world, f'TIMEOUT_START="{span}"')
    world.path("/var/lib/trees/foo/mode").write_text("never", encoding="ascii")
    begun = time.monotonic()
    result = world.nixctr("start", "foo")
    assert result.rc != 0 and "not ready in time" in result.stderr, result
    assert time.monotonic() - begun < 30
