# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of all who have to do with tables that belong to the watcher: commands that change
them, the watcher as it begins, and the keeper as it lends. Afterwards the next one has all as it was.

tests/fault/kill-at.c tells why its steps are every moment there is.
"""

import os
import subprocess

import pytest
import world as world_module
from killing import KILL_AT, KILLED, STRIDE
from test_own_table import keeper_of, keeper_owns, listing, owners, owning, refused  # noqa: F401  pylint: disable=unused-import
from test_ports import PUBLISHED, SERVED
from test_watch import Watcher, drift, gets_out, watching
from world import eventually

PORT = f"{PUBLISHED}:{SERVED}"


def killed_at(victim, command):
    """The words for a command that is killed at one of its steps."""
    return [KILL_AT, str(victim), world_module.BINARY, *command]


@pytest.mark.parametrize(
    "there, back",
    [
        (["nat", "forward", "add", "c1", PORT], ["nat", "forward", "remove", "c1", PORT]),
        (["nat", "disable"], ["nat", "enable", "--external", "eth0"]),
        (["net", "down", "b1"], ["net", "up", "b1"]),
    ],
)
def test_command(owning, there, back):  # noqa: F811
    """There and back again: whatever is left half done, the tables stay owned and the same command has it
    as an undisturbed one would."""
    with watching(owning) as watcher:
        for command, other in (there, back), (back, there):
            owning.ok(*command)
            undisturbed = sorted("".join(listing(owning)).splitlines())
            owning.ok(*other)
            whole = owning.run(*killed_at(0, command))
            assert whole.rc == 0, whole
            for victim in range(1, int(whole.stderr.split()[-1]) + 1, 5 * STRIDE):
                owning.ok(*other)
                owning.run(*killed_at(victim, command))
                owning.ok(*command)
                assert owners(owning) == [True, True] and keeper_owns(owning, watcher), victim
                assert sorted("".join(listing(owning)).splitlines()) == undisturbed, victim
        assert not drift(owning) and refused(owning)


def started(world, victim):
    """Starts a watcher that is killed at a step. Returns whether it was, and not before it watched."""
    log = world.root / "run/killed.log"
    with open(log, "wb") as file, subprocess.Popen(
        world.command(*killed_at(victim, ["watch"])), stderr=file, start_new_session=True
    ) as watcher:
        def settled():
            return watcher.poll() is not None or "watching" in log.read_text("utf-8")
        eventually(settled, "it is killed or watches")
        if watcher.poll() is None:
            os.killpg(watcher.pid, 9)
        return watcher.wait() == KILLED


def test_watcher(owning):  # noqa: F811
    """As it begins: the next one has the tables, and nobody else."""
    with watching(owning):
        before = listing(owning)
    victim = 1
    while started(owning, victim):
        victim += 7 * STRIDE
        if victim % 3 == 0:
            owning.ok("nat", "apply")  # commands get along with whatever it left
        with watching(owning) as watcher:
            assert keeper_owns(owning, watcher) and listing(owning) == before, victim
    assert victim > 20
    with watching(owning):
        eventually(lambda: refused(owning), "they are owned")
        assert gets_out(owning) and not drift(owning)


def tracer_of(pid):
    """Who traces a process, as text; "" when it is no more."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return dict(line.split(":\t", 1) for line in status.read().splitlines())["TracerPid"]
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("call", ["accept4", "sendmsg", "close"])
def test_keeper(owning, call):  # noqa: F811
    """Killed before it has heard of a command, with the socket in its hands, and after it has lent it: the
    command ends well, the watcher has another keeper, and he has the tables."""
    with watching(owning) as watcher:
        undisturbed = listing(owning)
        keeper = keeper_of(watcher)
        with subprocess.Popen(
            ["strace", "-qq", "-o", "/dev/null", "-p", str(keeper), f"--inject={call}:signal=KILL"]
        ) as tracer:
            eventually(lambda: tracer_of(keeper) != "0", "it is traced")
            owning.ok("nat", "forward", "add", "c1", PORT)
            tracer.wait(world_module.DEADLINE)
        watcher.says("the process that owned the tables was ended")
        eventually(lambda: owners(owning) == [True, True], "they are owned again")
        assert keeper_of(watcher) != keeper and not drift(owning)
        owning.ok("nat", "forward", "remove", "c1", PORT)
        eventually(lambda: refused(owning), "they are owned")
        assert gets_out(owning) and not drift(owning)
        assert len(listing(owning)) == len(undisturbed)
