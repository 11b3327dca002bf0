# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of real containers where systemd is not PID 1, on hosts with every kind of control groups.

The supervisor is driven by tests/netns/machine/driver.c, the containers run tests/netns/machine/init.c.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

import pytest
import world as world_module

DRIVER = os.environ.get("SUPERVISOR_DRIVER", "")
INIT = os.environ.get("TEST_INIT", "")
KINDS = ["hybrid", "unified", "legacy"]

BUSY = 7


class Container:
    """One container on a host of its own."""

    def __init__(self, world):
        self.world = world
        self.name = f"c{secrets.token_hex(4)}"  # like no other in the machine's list of processes
        self.root = world.path(f"/var/lib/nixos-containers/{self.name}")
        self.environment = []
        for directory in "usr", "proc", "sys", "dev", "run", "tmp", "etc", "var":
            (self.root / directory).mkdir(parents=True)
        shutil.copy(INIT, self.root / "init")
        self.mounts = self._mounts()

    def mode(self, mode):
        """What its first process does; see init.c."""
        (self.root / "mode").write_text(mode, encoding="ascii")

    def words(self, *arguments):
        """The words of the driver, on the host."""
        return [*(["env", *self.environment] if self.environment else []), DRIVER, *arguments]

    def command(self, *arguments):
        """The words that run the driver on the host."""
        return self.world.command(*self.words(*arguments))

    def ask(self, what):
        """Asks the supervisor. Returns the Result."""
        return self.world.run(*self.words(what, self.name))

    def ok(self, what):
        """Asks and insists that it is done. Returns what was returned, as a word."""
        result = self.ask(what)
        assert result.rc == 0, f"{result}\n{self.log}"
        return result.stdout.strip()

    @property
    def status(self):
        """The words: state, PID of systemd-nspawn, result."""
        return (self.ok("status").splitlines()[0] + " ").split(" ")

    @property
    def state(self):
        """The first of them."""
        return self.status[0]

    @property
    def nspawn(self):
        """The PID of systemd-nspawn as the state has it."""
        return int(self.status[1])

    @property
    def leader(self):
        """The PID of its first process, from the kernel."""
        children = pathlib.Path(f"/proc/{self.nspawn}/task/{self.nspawn}/children")
        return int(children.read_text(encoding="ascii").split()[-1])

    @property
    def supervisors(self):
        """The PIDs of supervisors of this container; a guard is the child of one."""
        found = self.processes(b"supervise")
        return [pid for pid in found if not gone(pid) and parent(pid) not in found]

    def kill_supervisor(self):
        """Kills the only one there is."""
        (supervisor,) = self.supervisors
        os.kill(supervisor, signal.SIGKILL)
        world_module.eventually(lambda: gone(supervisor), "it is gone")

    def is_back(self, first):
        """Whether it is up, with another systemd-nspawn than the first."""
        state, nspawn, *_ = self.status
        return state == "up" and int(nspawn) not in (first, 0)

    def processes(self, *words):
        """The PIDs of all processes whose command line has the name and these words."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                line = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes()
                if entry.isdigit() and int(entry) != os.getpid() and self.name.encode() in line:
                    if all(word in line for word in words):
                        found.append(int(entry))
        return found

    @property
    def log(self):
        """What its supervisor has logged."""
        path = self.world.path(f"/var/log/nixctr-net/{self.name}.log")
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def steps(self):
        """The steps that were run so far."""
        path = self.world.path("/run/steps")
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        return [line.split()[0] for line in lines]

    def _mounts(self):
        return self.world.run("cat", "/proc/self/mountinfo").stdout

    def groups(self):
        """The control groups that are ours."""
        return self.world.run("find", "/sys/fs/cgroup", "-name", "nixctr-net*").stdout.split()

    def remembered(self):
        """The files that tell of containers."""
        directory = self.world.path("/run/nixctr-net/machines")
        return sorted(os.listdir(directory)) if directory.exists() else []

    def insist_nothing_left(self, remembered=False):
        """No process, no control group, no mount, no state but, after a failure, the reason."""
        world_module.eventually(lambda: not self.processes(), "its processes are gone")
        assert self.groups() == []
        assert self._mounts() == self.mounts
        assert self.remembered() == ([self.name] if remembered else [])


def parent(pid):
    """The parent of a process."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


def gone(pid):
    """Whether a process is no more, or is only waiting to be reaped."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@contextlib.contextmanager
def container_on(kind):
    """A container on a host with that kind of control groups."""
    assert os.access(DRIVER, os.X_OK) and os.access(INIT, os.X_OK), "no driver"
    with world_module.World(world_module.HERE / "own-groups", kind) as world:
        yield Container(world)


@pytest.fixture(params=KINDS)
def any_container(request):
    """For what control groups matter to."""
    with container_on(request.param) as fresh:
        yield fresh


@pytest.fixture
def container():
    """For all else."""
    with container_on("hybrid") as fresh:
        yield fresh


def test_life(any_container):
    """From down to up to down, and nothing is left."""
    one = any_container
    one.mode("ready")
    assert one.state == "down"
    assert one.ok("start") == "1"
    assert one.steps == ["pre-start", "start", "post-start"]
    leader = one.leader
    assert one.state == "up" and not gone(leader)
    assert any(f"{one.name}/machine" in group for group in one.world.run(
        "find", "/sys/fs/cgroup", "-name", "machine").stdout.split())  # fmt: skip
    assert one.ok("start") == "0"
    world_module.eventually(lambda: "init runs in mode ready" in one.log, "its init has said so")
    assert one.ok("stop") == "1"
    assert gone(leader)
    assert one.steps == ["pre-start", "start", "post-start", "post-stop"]
    assert one.state == "down"
    one.insist_nothing_left()
    assert one.ok("stop") == "0"


def test_terminate(any_container):
    """At once, also one that does not listen, and it is not started again."""
    one = any_container
    one.mode("stubborn")
    one.ok("start")
    leader, begun = one.leader, time.monotonic()
    assert one.ok("terminate") == "1"
    assert time.monotonic() - begun < 10
    assert gone(leader)
    assert one.state == "down" and one.steps[-1] == "post-stop"
    one.insist_nothing_left()


def test_supervisor_killed(any_container):
    """The container does not outlive it; who looks finds it failed, and all is clean."""
    one = any_container
    one.mode("ready")
    one.ok("start")
    leader = one.leader
    one.kill_supervisor()
    world_module.eventually(lambda: gone(leader), "the container dies with its supervisor")
    world_module.eventually(lambda: one.state == "failed", "it counts as failed")
    assert one.status[2] == "supervisor-lost" and one.steps[-1] == "post-stop"
    one.insist_nothing_left(remembered=True)
    assert one.ok("start") == "1"
    one.kill_supervisor()
    assert one.ok("start") == "1", "a start also cleans up"
    one.kill_supervisor()
    one.ok("stop")
    one.insist_nothing_left()


def test_supervisor_and_guard_killed(any_container):
    """Nobody is left to clean up: whoever looks next does."""
    one = any_container
    one.mode("ready")
    one.ok("start")
    leader = one.leader
    guards = [pid for pid in one.processes(b"supervise") if pid not in one.supervisors]
    for pid in guards + one.supervisors:
        os.kill(pid, signal.SIGKILL)
    world_module.eventually(lambda: not one.processes(b"supervise"), "they are gone")
    assert not gone(leader)
    assert one.status[0] == "failed" and one.steps[-1] == "post-stop" and gone(leader)
    one.insist_nothing_left(remembered=True)


def test_nspawn_killed(any_container):
    """A failure: it is started again."""
    one = any_container
    one.mode("ready")
    one.ok("start")
    first, leader = one.nspawn, one.leader
    os.kill(first, signal.SIGKILL)
    world_module.eventually(lambda: one.is_back(first), "it is back")
    assert gone(leader)
    assert one.steps.count("post-stop") == 1 and one.steps.count("pre-start") == 2
    one.ok("stop")
    one.insist_nothing_left()


def test_reboot(any_container):
    """From inside: post-stop, pre-start, start, under the same supervisor."""
    one = any_container
    one.mode("ready")
    one.ok("start")
    supervisors, first = one.supervisors, one.nspawn
    os.kill(one.leader, signal.SIGUSR1)
    world_module.eventually(lambda: one.is_back(first), "it is back")
    assert one.supervisors == supervisors
    assert one.steps == ["pre-start", "start", "post-start", "post-stop"] + one.steps[:3]
    one.ok("stop")
    one.insist_nothing_left()


def test_reboots_without_end(container):
    """Not for ever: as often as a unit may be started."""
    container.mode("reboots")
    world_module.eventually(
        lambda: container.ask("start").rc == 0 or container.state == "failed", "it gives up"
    )
    world_module.eventually(lambda: container.state == "failed", "it gives up")
    assert container.status[2] == "start-limit-hit"
    assert container.steps.count("start") == 5
    container.insist_nothing_left(remembered=True)
    container.ok("stop")
    container.insist_nothing_left()


def test_ended_from_inside(container):
    """Status 0 is an end, another one a failure."""
    container.mode("ready")
    container.ok("start")
    container.world.run("kill", f"-{signal.SIGRTMIN + 3}", str(container.leader))
    world_module.eventually(lambda: container.state == "down", "it is down")
    container.insist_nothing_left()
    container.ok("start")
    first = container.nspawn
    os.kill(container.leader, signal.SIGUSR2)
    world_module.eventually(lambda: container.is_back(first), "it is back")
    assert "exited with status 9" in container.log
    container.ok("terminate")


@pytest.mark.parametrize(
    "mode, words", [("fails", ["status 7", "exit-code"]), ("ends", ["before it was ready", "protocol"])]
)
def test_failed_start(container, mode, words):
    """The error has the reason and the last lines; it is not tried again."""
    container.mode(mode)
    result = container.ask("start")
    assert result.rc == 1
    for word in [*words, f"init runs in mode {mode}"]:
        assert word in result.stderr, result
    assert container.status[0] == "failed" and container.status[2] == words[1]
    assert container.steps == ["pre-start", "start", "post-stop"]
    container.insist_nothing_left(remembered=True)
    container.mode("ready")
    container.ok("start")
    container.ok("stop")
    container.insist_nothing_left()


def test_never_ready(any_container):
    """Killed at the end of its time, with that as the result."""
    any_container.mode("never")
    any_container.environment = ["START_TIMEOUT=2"]
    result = any_container.ask("start")
    assert result.rc == 1 and "timeout" in result.stderr, result
    assert any_container.status[2] == "timeout"
    any_container.insist_nothing_left(remembered=True)


@pytest.mark.parametrize("kind", ["SLOW_STEP", "BAD_STEP"])
@pytest.mark.parametrize("step", ["pre-start", "start", "post-start", "post-stop"])
def test_step_in_trouble(container, kind, step):
    """No step holds up the rest for ever, and what failed is said."""
    container.mode("ready")
    # What comes before a slow post-start has as long as that, on a busy machine, too.
    times = {"pre-start": ["START_TIMEOUT=1"], "start": ["START_TIMEOUT=1"], "post-start": ["START_TIMEOUT=8"],
             "post-stop": []} if kind == "SLOW_STEP" else {}  # fmt: skip
    container.environment = [*times.get(step, []), "STOP_TIMEOUT=1", f"{kind}={step}"]
    result = container.ask("start")
    assert (result.rc == 0) == step.startswith("post"), result
    assert container.steps[-1] == ("post-start" if result.rc == 0 else "post-stop")
    if result.rc != 0:
        assert ("timeout" if kind == "SLOW_STEP" else "exit-code") in result.stderr
    container.ok("stop")
    container.insist_nothing_left()


def test_stop_in_mid_boot(container):
    """A stop does not wait for the start; the start says so."""
    container.mode("never")
    with subprocess.Popen(container.command("start", container.name), text=True,
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as start:  # fmt: skip
        world_module.eventually(lambda: "init runs" in container.log, "its init runs")
        assert container.state == "starting"
        assert container.ok("stop") == "1"
        assert "stopped while it started" in start.communicate()[1]
    assert start.returncode == 1
    container.insist_nothing_left()


def test_stop_in_pre_start(container):
    """Nor for a step."""
    container.mode("ready")
    container.environment = ["SLOW_STEP=pre-start"]
    with subprocess.Popen(container.command("start", container.name),
                          stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as start:  # fmt: skip
        world_module.eventually(lambda: container.steps, "the step runs")
        assert container.ok("stop") == "1"
    assert start.returncode == 1
    assert container.steps == ["pre-start", "post-stop"]
    container.insist_nothing_left()


def test_stubborn(container):
    """Who does not listen is killed when the time is up."""
    container.mode("stubborn")
    container.environment = ["STOP_TIMEOUT=1"]
    container.ok("start")
    assert container.ok("stop") == "1"
    assert "did not stop in time" in container.log
    container.insist_nothing_left()


def test_parallel_starts(container):
    """One of them does it, the others wait for it."""
    container.mode("ready")
    starts = [
        subprocess.Popen(container.command("start", container.name), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(8)
    ]  # fmt: skip
    said = [start.communicate(timeout=60)[0] for start in starts]
    assert [start.returncode for start in starts] == [0] * 8, (said, container.log)
    assert len(container.supervisors) == 1
    assert container.steps == ["pre-start", "start", "post-start"]
    container.ok("stop")
    container.insist_nothing_left()


def test_parallel_starts_and_stops(container):
    """Whatever comes first, the end is one or the other, and whole."""
    container.mode("ready")
    for _ in range(5):
        both = [
            subprocess.Popen(container.command(what, container.name),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for what in ["start", "stop"] * 3
        ]  # fmt: skip
        assert all(process.wait(60) in (0, 1) for process in both)
        assert container.state in ("up", "down")
        assert len(container.supervisors) == (container.state == "up")
    container.ok("stop")
    container.insist_nothing_left()


def test_starter_killed(container):
    """The start goes on without it, as the job of a unit does."""
    container.mode("ready")
    container.environment = ["SLOW_STEP=none"]
    with subprocess.Popen(container.command("start", container.name),
                          stdout=subprocess.DEVNULL) as start:  # fmt: skip
        world_module.eventually(lambda: container.steps, "it is under way")
        start.kill()
    world_module.eventually(lambda: container.state == "up", "it is up")
    container.ok("stop")
    container.insist_nothing_left()


def test_second_supervisor(container):
    """Is refused."""
    container.mode("ready")
    container.ok("start")
    result = world_module.run(container.command("hook", "supervise", container.name))
    assert result.rc == BUSY and "has a supervisor already" in result.stderr, result
    container.ok("stop")


def test_notification_of_somebody_else(container):
    """Anybody may write to the socket; nobody but systemd-nspawn is believed."""
    container.mode("never")
    with subprocess.Popen(container.command("start", container.name), stderr=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as start:  # fmt: skip
        world_module.eventually(lambda: "init runs" in container.log, "its init runs")
        environment = pathlib.Path(f"/proc/{container.nspawn}/environ").read_bytes().split(b"\0")
        (address,) = [word[14:] for word in environment if word.startswith(b"NOTIFY_SOCKET=")]
        said = container.world.run(
            "/usr/bin/python3", "-c",
            "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
            "s.sendto(b'READY=1', '\\0' + sys.argv[1])", address.decode()[1:],
        )  # fmt: skip
        assert said.rc == 0, said
        assert container.ok("stop") == "1"
    assert start.returncode == 1 and "is up" not in container.log


def test_log(container):
    """Grows by appending, is put aside when large, and never leads elsewhere."""
    path = container.world.path(f"/var/log/nixctr-net/{container.name}.log")
    container.mode("fails")
    container.ask("start")
    assert path.stat().st_mode & 0o777 == 0o640
    before = container.log
    container.ask("start")
    assert container.log.startswith(before) and container.log.count("init runs") == 2
    path.write_text("x" * 2**20 + "\n", encoding="ascii")
    container.ask("start")
    assert len(container.log) < 4096 and path.with_suffix(".log.1").stat().st_size > 2**20
    path.unlink()
    path.symlink_to("/etc/machine-id")
    result = container.ask("start")
    assert result.rc == 1 and "cannot open log" in result.stderr, result
    assert container.world.path("/etc/machine-id").stat().st_size == 33


def test_reload_and_login(container):
    """The one runs its step, the other says what to do instead."""
    container.mode("ready")
    assert container.ask("reload").rc == 1
    container.ok("start")
    assert container.ok("reload") == "1" and container.steps[-1] == "reload"
    result = container.ask("login")
    assert result.rc == 1 and f"root-login {container.name}" in result.stderr
    container.ok("stop")


def test_watched_file(container):
    """The step "resolver" is taken when one is written or replaced, not for others beside it; that it
    fails is no failure of the container."""
    watched = container.world.path("/etc/resolv.conf")
    container.mode("ready")
    container.ok("start")
    assert container.steps[-1] == "post-start"
    watched.write_text("one", encoding="ascii")
    world_module.eventually(lambda: container.steps[-1] == "resolver", "it is told")
    taken = len(container.steps)
    watched.with_suffix(".other").write_text("two", encoding="ascii")
    watched.with_suffix(".other").rename(watched)
    world_module.eventually(lambda: len(container.steps) > taken, "it is told again")
    assert set(container.steps[3:]) == {"resolver"} and container.state == "up"
    container.ok("stop")


def test_watched_file_during_its_step(container):
    """A change that comes while the step for an earlier one runs is not forgotten."""
    watched = container.world.path("/etc/resolv.conf")
    container.mode("ready")
    container.environment = ["SLOW_STEP=resolver"]
    container.ok("start")
    for taken in 1, 2:
        watched.write_text(f"change {taken}", encoding="ascii")
        world_module.eventually(
            lambda: container.steps.count("resolver") == 1, "one step runs, for both"
        )
    (step,) = container.processes(b"resolver")
    os.kill(step, signal.SIGKILL)
    world_module.eventually(
        lambda: container.steps.count("resolver") == 2, "the step runs again"
    )
    container.ok("stop")
    container.insist_nothing_left()


def test_watched_file_while_it_starts(container):
    """Its copy may have been made already: it is told once it is up."""
    container.mode("ready")
    container.environment = ["SLOW_STEP=post-start", "START_TIMEOUT=60"]
    with subprocess.Popen(container.command("start", container.name),
                          stdout=subprocess.DEVNULL) as start:  # fmt: skip
        world_module.eventually(lambda: "post-start" in container.steps, "it is nearly up")
        container.world.path("/etc/resolv.conf").write_text("one", encoding="ascii")
        (step,) = container.processes(b"post-start")
        os.kill(step, signal.SIGKILL)
    assert start.returncode == 0
    world_module.eventually(lambda: container.steps[-1] == "resolver", "it is told")
    container.ok("stop")
    assert container.steps.count("resolver") == 1
