# SPDX-License-Identifier: GPL-2.0-or-later
"""The interlock, and the fixtures of the tests that run the real binary."""

import os
import pathlib

import pytest
import systems
import world as world_module


def own_namespace():
    """The network namespace that we are in."""
    return os.readlink("/proc/self/ns/net")


def parent_of(pid):
    """The parent of a process, 0 at the top."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


def machine_namespace():
    """The network namespace of the machine: PID 1's or, where that is out of our sight, that of
    the farthest ancestor which is not. None if there is nobody to ask."""
    try:
        return os.readlink("/proc/1/ns/net")
    except PermissionError:
        pass
    farthest = None
    pid = os.getppid()
    while pid > 1:
        try:
            farthest = os.readlink(f"/proc/{pid}/ns/net")
        except PermissionError:
            break
        pid = parent_of(pid)
    return farthest


def pytest_sessionstart():
    """Refuses to run a single test in the machine's own network namespace. There is no override."""
    if machine_namespace() in (None, own_namespace()):
        pytest.exit(
            "refusing to run in the machine's own network namespace; use"
            " unshare --net --mount --propagation private pytest-3 ...",
            returncode=4,
        )


@pytest.fixture
def world():
    """A fresh host with an outside, for one test."""
    with world_module.World() as fresh:
        yield fresh


@pytest.fixture
def networked(world):
    """That host with two containers, c1 and c2, attached, and NAT through eth0."""
    for name in "c1", "c2":
        world.ok("create", name)
        world.ok("net", "up", name)
    world.ok("nat", "enable", "--external", "eth0")
    return world


@pytest.fixture
def stocked(world):
    """That host with Nix."""
    systems.stock_nix(world)
    return world
