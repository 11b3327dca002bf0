# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness itself: a test host that lies would make every other test worthless."""

import os
import pathlib
import subprocess
import sys

import pytest
import world as world_module
from world import HOST, HOST6, OUTSIDE, OUTSIDE6

HERE = pathlib.Path(__file__).parent
KILL_AT = os.environ.get("KILL_AT", "")

# What a mount of ours hides from the machine, and from us.
WRITTEN = ["/etc", "/run", "/var/lib"]


def is_gone(pid):
    """Whether a process has ended, be it reaped or not: an orphan waits for PID 1's leisure."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def in_this_namespace(*argv):
    """Runs a command without a host of its own."""
    return world_module.run(argv)


def test_machine_is_refused():
    """A session in the namespace of its farthest visible ancestor, or of PID 1, does not start."""
    probe = "import conftest; conftest.machine_namespace = conftest.own_namespace;"
    result = world_module.run(
        [sys.executable, "-c", f"{probe} conftest.pytest_sessionstart()"], cwd=HERE
    )
    assert result.rc != 0
    assert "refusing to run" in result.stderr


def test_unknown_machine_is_refused():
    """Nor does it where nothing tells what the machine's namespace is."""
    probe = "import conftest; conftest.machine_namespace = lambda: None;"
    result = world_module.run(
        [sys.executable, "-c", f"{probe} conftest.pytest_sessionstart()"], cwd=HERE
    )
    assert result.rc != 0
    assert "refusing to run" in result.stderr


@pytest.mark.parametrize("namespaces", [[], ["--net"], ["--mount"]], ids=["none", "net", "mount"])
def test_host_is_not_made_of_the_machine(namespaces):
    """throwaway-host wants a network and a mount namespace of its own, both."""
    result = in_this_namespace(
        *(["unshare", *namespaces, "--"] if namespaces else []), world_module.throwaway_program("throwaway-host"), "true"
    )
    assert result.rc == 1
    assert "refusing to run" in result.stderr


def test_host_is_fresh(world):
    """Nothing of the machine is there: one cable, no rules, empty directories."""
    assert world.links() == ["eth0", "lo"]
    assert world.ruleset() == ""
    assert world.namespaces() == []
    assert sorted(os.listdir(world.path("/etc"))) == ["ld.so.cache", "machine-id"]
    assert os.listdir(world.path("/var/lib")) == []


def test_host_writes_nothing_of_ours(world):
    """What the host writes below its directories does not show up in ours."""
    for directory in WRITTEN:
        result = world.run("touch", f"{directory}/witness")
        assert result.rc == 0, result
        assert world.path(f"{directory}/witness").exists()
        assert not os.path.exists(f"{directory}/witness")


def test_namespaces_stay_inside(world):
    """A namespace pinned by the host is pinned for the host only."""
    assert world.run("ip", "netns", "add", "ve-x").rc == 0
    assert world.namespaces() == ["ve-x"]
    assert "ve-x" not in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")


@pytest.mark.parametrize("address, seen", [(OUTSIDE, HOST), (OUTSIDE6, HOST6)], ids=["v4", "v6"])
def test_server_tells_who_called(world, address, seen):
    """The caller is told the address it was seen with, and is in the log by then."""
    assert world.outside.log == []
    assert world.connect_from(world.namespace, address) == seen
    assert world.outside.peers == [seen]


def test_unmasqueraded_caller_is_seen(world):
    """The outside answers a container's own address: a leak cannot hide as a lost packet."""
    assert world.run("ip", "address", "add", "10.233.1.1/32", "dev", "lo").rc == 0
    assert world.run("ip", "route", "add", OUTSIDE, "dev", "eth0", "src", "10.233.1.1").rc == 0
    assert world.connect_from(world.namespace, OUTSIDE) == "10.233.1.1"


def test_nobody_answers_from_nowhere(world):
    """Without a way, connect_from() says so, in time."""
    assert world.run("ip", "netns", "add", "ve-x").rc == 0
    assert world.cannot_connect(world.container_namespace("x"), OUTSIDE)
    assert world.outside.log == []


def test_dropped_packets_end_in_time(world):
    """A silent drop is found out as well as a refusal."""
    assert world.run("ip", "route", "add", "blackhole", "198.51.100.2").rc == 0
    assert world.cannot_connect(world.namespace, OUTSIDE)


def test_caller_stays_where_it_was(world):
    """Calling from elsewhere moves no thread of ours for good."""
    before = os.readlink("/proc/self/ns/net")
    world.connect_from(world.outside.namespace, HOST)
    assert os.readlink("/proc/thread-self/ns/net") == before


def test_server_inside(world):
    """server_in() answers in that namespace while it lasts, and not afterwards."""
    assert world.run("ip", "netns", "add", "ve-x").rc == 0
    assert world.run("ip", "-n", "ve-x", "link", "set", "lo", "up").rc == 0
    namespace = world.container_namespace("x")
    with world.server_in(namespace):
        assert world.connect_from(namespace, "127.0.0.1") == "127.0.0.1"
        assert world.connect_from(world.namespace, "127.0.0.1") is None
    assert world.connect_from(namespace, "127.0.0.1") is None


def test_world_leaves_no_process():
    """When a world is closed, its host and its server are gone."""
    with world_module.World() as world:
        server = world.outside.pid
        assert not is_gone(server)
    world_module.eventually(lambda: is_gone(server), "the server is gone")


def kill_at(victim, *argv):
    """Runs a command under kill-at."""
    return in_this_namespace(KILL_AT, str(victim), *argv)


def test_kill_at_counts_and_kills(tmp_path):
    """Each effective call is a victim in its turn; behind the last the command ends by itself."""
    script = "import os, sys; [os.mkdir(name) for name in sys.argv[1:]]; sys.exit(3)"
    names = [str(tmp_path / name) for name in "abc"]
    command = [sys.executable, "-I", "-S", "-c", script, *names]
    whole = kill_at(0, *command)
    assert whole.rc == 3
    effective = int(whole.stderr.split()[-1])
    made = []
    for victim in range(1, effective + 2):
        for directory in tmp_path.iterdir():
            directory.rmdir()
        result = kill_at(victim, *command)
        assert result.rc == (99 if victim <= effective else 3), result
        made.append(len(list(tmp_path.iterdir())))
    assert made == sorted(made)
    assert set(made) == {0, 1, 2, 3}


def test_kill_at_passes_the_command_on():
    """Its status, a signal's 128 + n, and that there is none."""
    assert kill_at(0, "sh", "-c", "exit 7").rc == 7
    assert kill_at(0, "sh", "-c", "kill -TERM $$").rc == 143
    assert kill_at(0, "/nonexistent").rc == 127
    assert kill_at("1x", "true").rc == 125


def test_kill_at_leaves_nothing_running(tmp_path):
    """The command dies with kill-at."""
    pid_file = tmp_path / "pid"
    with subprocess.Popen(
        [KILL_AT, "0", "sh", "-c", f"echo $$ >{pid_file}; exec tail -f /dev/null"]
    ) as tracer:
        pid = world_module.eventually(
            lambda: pid_file.exists() and pid_file.read_text(encoding="ascii").strip(), "it runs"
        )
        tracer.kill()
    world_module.eventually(lambda: is_gone(pid), "the traced command is gone")
