# SPDX-License-Identifier: GPL-2.0-or-later
"""What others see of a build, and what is left of one that does not come to its end."""

import signal
import subprocess

import pytest
import world as world_module
from systems import (
    DEFINITIONS,
    builders,
    building,
    configuration,
    everything,
    insist_on_nothing,
    let_go,
    message,
)

FAILED, CONFLICT = 1, 4


def test_others_while_building(stocked):
    """The same name is refused, other names are not kept waiting."""
    with building(stocked) as process:
        definition = stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii")
        assert "INCOMPLETE=1\n" in definition
        result = stocked.nixctr("create", "foo", "--config", "")
        assert result.rc == CONFLICT and "being created" in result.stderr, result
        stocked.ok("create", "bar")
        stocked.ok("destroy", "bar")
        unique = stocked.ok("create", "foo", "--ensure-unique-name", "--config", "").stdout
        assert unique == "foo-0\n"
        result = stocked.nixctr("update", "foo-0", "--config", 'message = "other";')
        assert result.rc == 0, result
        let_go(stocked)
        assert process.wait(world_module.DEADLINE) == 0
    assert message(stocked, "foo") == "wait"
    assert "INCOMPLETE" not in stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii")


def test_destroy_waits_for_a_build(stocked):
    """Whoever destroys what is being created says that it waits, and then it is gone."""
    with building(stocked) as process:
        command = stocked.command(*stocked.wrap, world_module.BINARY, "destroy", "foo")
        with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as destroy:
            assert "waiting for another run" in destroy.stderr.readline()
            let_go(stocked)
            assert process.wait(world_module.DEADLINE) == 0
            assert destroy.wait(world_module.DEADLINE) == 0
    insist_on_nothing(stocked)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(stocked, which):
    """A signal in the midst of the build ends Nix, and everything is undone."""
    with building(stocked) as process:
        process.send_signal(which)
        assert process.wait(world_module.DEADLINE) == FAILED
        assert "was interrupted" in process.stderr.read()
    insist_on_nothing(stocked)


def test_interrupted_update(stocked):
    """An interrupted update has changed nothing."""
    stocked.ok("create", "foo", "--config", 'message = "good";')
    before = everything(stocked), configuration(stocked)
    with building(stocked, "update") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(world_module.DEADLINE) == FAILED
    assert (everything(stocked), configuration(stocked)) == before


def test_killed_while_building(stocked):
    """The same create takes up what was left, and destroy removes it; Nix does not go on alone."""
    with building(stocked) as process:
        assert builders(stocked)
        process.send_signal(signal.SIGKILL)
        process.wait(world_module.DEADLINE)
        world_module.eventually(lambda: not builders(stocked), "Nix has ended")
    leases = everything(stocked)[0]
    assert leases == ["foo"]
    result = stocked.nixctr("update", "foo", "--config", "")
    assert result.rc == CONFLICT and "not completely created" in result.stderr, result
    stocked.ok("create", "foo", "--config", 'message = "again";')
    assert message(stocked, "foo") == "again"
    assert stocked.ok("show-ip", "foo").stdout == "10.233.1.2\n"
    stocked.ok("destroy", "foo")
    insist_on_nothing(stocked)


def test_killed_and_unique(stocked):
    """What was left under a unique name is taken up by the same command."""
    with building(stocked) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(world_module.DEADLINE)
    again = stocked.ok("create", "foo", "--ensure-unique-name", "--config", "")
    assert again.stdout == "foo\n"


def test_killed_and_destroyed(stocked):
    """Destroy removes what was left."""
    with building(stocked) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(world_module.DEADLINE)
    stocked.ok("destroy", "foo")
    insist_on_nothing(stocked)
