# SPDX-License-Identifier: GPL-2.0-or-later
"""A complete Debian that can be thrown away: booted with systemd, udev, Nix and the program
installed as by a user, with a world around it. See build-image, hold and boot for what it is like.

BUILD_ROOT is the build directory whose program is installed, HOST_IMAGE where build-image has been.
"""

import contextlib
import functools
import itertools
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import tempfile

import world
from world import DEADLINE, Observed, Outside, Result

HERE = pathlib.Path(__file__).parent
TOP = HERE.parent.parent

# What a host may take from being switched on until everything that it starts has started.
BOOT_DEADLINE = 60
# The status with which "boot" ends when the host reboots.
REBOOTED = 133

# The environment of a command is the host's, not that of whoever runs the tests.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
HOMES = {"root": "/root", "alice": "/home/alice"}

# Where its systemd has the commands that the tests run; see furnish-host.
SESSION = "sys/fs/cgroup/payload/system.slice/test-session.service/cgroup.procs"

# A package from a local file, without a network.
PACKAGE = "/root/nixctr-net.deb"
APT_INSTALL = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes",
               "--no-install-recommends", "install", PACKAGE)  # fmt: skip

_numbers = itertools.count(1)


@functools.cache
def installed():
    """Installs the program, as a user would, below a directory that hosts get a copy of, and that is there as
    long as we are. Returns its TemporaryDirectory."""
    tree = tempfile.TemporaryDirectory(prefix="nixctr-net-installed-")
    os.chmod(tree.name, 0o755)  # a host's root directory becomes like it
    done = world.run(["meson", "install", "-C", os.environ["BUILD_ROOT"], "--no-rebuild", "--quiet",
                      "--destdir", tree.name])  # fmt: skip
    assert done.rc == 0, done
    return tree


def built_package(directory):
    """Builds the Debian package out of what was built. Returns its path."""
    done = world.run([TOP / "tools/deb", directory, os.environ["BUILD_ROOT"]])
    assert done.rc == 0, done
    [package] = pathlib.Path(directory).glob("nixctr-net_*.deb")
    return package


def _children(pid):
    """The child processes of a process, of all its threads."""
    lists = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text(encoding="ascii").split()]


def _only_child(pid):
    """Waits for a process to have a child; returns the child."""
    return world.eventually(lambda: _children(pid), f"process {pid} has a child")[0]


class Host(Observed):
    """One host. Use it in a "with", at whose end everything is gone."""

    def __init__(self, in_memory=(), package=None, bare=False):
        """The directories in_memory can be mounted with their users mapped; others cannot. A Debian
        package is installed by apt, in place of what was built; a bare host has nothing of ours."""
        self._group = f"nixctr-net-test.{os.getpid()}.{next(_numbers)}"
        self._scratch = tempfile.TemporaryDirectory(prefix="nixctr-net-host-")
        self._power = None  # the process whose life is that of the booted host
        self.init = None  # the host's PID 1, as we see it
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child",
             "--mount-proc", "--mount", "--propagation", "private", "--net", "--cgroup",
             HERE / "hold", f"{os.environ['HOST_IMAGE']}/root", self._group, *in_memory],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii",
        )  # fmt: skip
        try:
            if self._holder.stdout.readline() != "ready\n":
                raise RuntimeError("no host; what it said is above")
            self._hold = _only_child(self._holder.pid)
            self._hold_root = pathlib.Path(f"/proc/{self._hold}/root")
            self.outside = Outside(self._hold_root / "run/outside/log", self._hold)
            self.disk = self._hold_root / "run/disk/root"
            if package:
                self._install_package(package)
            elif not bare:
                self._install()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Throws the host away: with its PID 1, the holder's namespace ends all that ran in it."""
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(DEADLINE)
        if self._power:
            self._power.wait(DEADLINE)
        self._scratch.cleanup()
        forget_groups(self._group)

    @property
    def root(self):
        """The host's root directory, as we see it. For its links, see Observed.path()."""
        return pathlib.Path(f"/proc/{self.init}/root")

    @property
    def namespace(self):
        """The host's network namespace."""
        return f"/proc/{self.init}/ns/net"

    @property
    def console(self):
        """What the host has said on its console, in all its boots."""
        return pathlib.Path(self._scratch.name, "console").read_text("utf-8", "backslashreplace")

    def _beside(self, *argv):
        """The words that run a command of the machine where the host's disk can be seen.

        Entering a mount namespace leads to its root directory, which in a chroot is the machine's:
        without --root the command would be let loose there."""
        return ["nsenter", f"--target={self._hold}", "--mount", "--root", "--wd", "--", *argv]

    def _install(self):
        """Gives the host a copy of the program as it is installed."""
        done = world.run(self._beside("cp", "--archive", f"{installed().name}/.", "/run/disk/root"))
        assert done.rc == 0, done

    def _install_package(self, package):
        """Installs the Debian package on the host, which is off."""
        self.put_package(package)
        done = world.run(self._beside("chroot", "/run/disk/root", *APT_INSTALL))
        assert done.rc == 0, done

    def put_package(self, package):
        """Copies the Debian package to where APT_INSTALL looks for it."""
        done = world.run(self._beside("cp", package, f"/run/disk/root{PACKAGE}"))
        assert done.rc == 0, done

    def boot(self):
        """Switches the host on and waits until it has started all that it starts."""
        assert not self._power, "the host is on"
        notify = pathlib.Path(self._scratch.name, "notify")
        notify.unlink(missing_ok=True)
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
            open(f"{self._scratch.name}/console", "ab") as console,
        ):
            listener.bind(str(notify))
            listener.settimeout(0.1)
            self._power = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--target={self._hold}", "--mount",
                 "--root", "--wd", "--pid", "--", HERE / "boot"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
            )  # fmt: skip
            world.eventually(lambda: self._has_booted(listener), "it has booted", BOOT_DEADLINE)
        self.init = _only_child(_only_child(self._power.pid))
        # Lest a mistake in here ever lets a command loose on the machine.
        said = self.run("cat", "/etc/hostname").stdout
        assert said == "host\n" and os.readlink(self.namespace) != os.readlink("/proc/self/ns/net")

    def _has_booted(self, listener):
        """Whether the host has told that it is ready; fails if it is off."""
        assert self._power.poll() is None, f"the host does not boot:\n{self.console}"
        with contextlib.suppress(TimeoutError):
            return b"READY=1" in listener.recv(4096).split(b"\n")
        return False

    def wait_off(self):
        """Waits until the host is off. Returns the status: 0, REBOOTED, or of a crash."""
        status = self._power.wait(DEADLINE)
        self._power = self.init = None
        return status

    def power_cycle(self):
        """Pulls the plug and puts it in again."""
        os.kill(self.init, signal.SIGKILL)
        self.wait_off()
        self.boot()

    def reboot(self):
        """Reboots as an administrator does."""
        self.run("systemctl", "reboot")
        status = self.wait_off()
        assert status == REBOOTED, f"exit {status}\n{self.console}"
        self.boot()

    def command(self, *argv, user="root"):
        """The words that run a command on the host, for whoever starts it otherwise than run(): in
        all its namespaces and in a control group of a session of its."""
        enter = ["nsenter", f"--target={self.init}", "--all", "--root", "--wd", "--"]
        clean = ["env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items())]
        identity = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}",
                                              "--init-groups", "--"]  # fmt: skip
        return ["sh", "-c", 'echo 0 >"$0" && exec "$@"', str(self._hold_root / SESSION),
                *enter, *clean, f"HOME={HOMES[user]}", f"USER={user}", *identity,
                *map(str, argv)]  # fmt: skip

    def run(self, *argv, user="root", stdin="", deadline=DEADLINE):
        """Runs a command on the host, with that text as its input. Returns its Result."""
        with subprocess.Popen(
            self.command(*argv, user=user),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", errors="backslashreplace",
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(stdin, deadline)
            except subprocess.TimeoutExpired as late:
                process.kill()
                words = shlex.join(map(str, argv))
                raise AssertionError(f"{words}: not done after {deadline} s") from late
        return Result(tuple(map(str, argv)), process.returncode, out, err)

    def nixctr(self, *arguments, **options):
        """Runs the installed program, found as anybody finds it."""
        return self.run("nixctr-net", *arguments, **options)

    def ok(self, *arguments, **options):
        """Runs the program and insists that it succeeds."""
        result = self.nixctr(*arguments, **options)
        assert result.rc == 0, result
        return result

    def sh(self, script, **options):
        """Runs a shell script on the host and insists that it succeeds. Returns what it printed."""
        result = self.run("sh", "-euc", script, **options)
        assert result.rc == 0, result
        return result.stdout

    def journal(self, lines=200):
        """The end of the host's journal, whether it is on or off."""
        return world.run(self._beside(
            "journalctl", "--directory=/run/disk/root/var/log/journal", "--no-pager", "--quiet",
            "--output=short-monotonic", f"--lines={lines}")).stdout  # fmt: skip


def forget_groups(own):
    """Removes a control group, and those which killed test runs have left behind."""
    script = """
        mount -t cgroup2 cgroup2 "$1"
        for group in "$1"/nixctr-net-test.*; do
            pid=${group#*nixctr-net-test.}
            [ "${group##*/}" != "$2" ] && [ -e "/proc/${pid%.*}" ] ||
                find "$group" -depth -type d -exec rmdir {} +
        done"""
    with tempfile.TemporaryDirectory() as place:
        world.run(["unshare", "--mount", "--propagation", "private", "--cgroup",
                   "sh", "-euc", script, "sh", place, own])  # fmt: skip
