# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers of a real systemd-nspawn, where no systemd is needed: a tree of busybox that sleeps.

Each has control groups and a mount namespace of its own. ENTER is the program that goes in.
"""

import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import termios

import world

ENTER = os.environ.get("ENTER", "")
BUSYBOX = shutil.which("busybox")

_numbers = itertools.count(1)


def missing():
    """What this machine lacks for it, or ""."""
    if not BUSYBOX or b"INTERP" in _headers(BUSYBOX):
        return "no static busybox"
    return "" if shutil.which("systemd-nspawn") else "no systemd-nspawn"


def _headers(program):
    """The program headers of an executable, as readelf names them; empty without readelf."""
    if not shutil.which("readelf"):
        return b""
    return subprocess.run(["readelf", "-l", program], capture_output=True, check=False).stdout


def tree_make(tree):
    """Makes the smallest tree that systemd-nspawn runs."""
    programs = tree / "usr/bin"
    programs.mkdir(parents=True)
    for name in ("usr/lib", "etc", "root", "tmp", "var"):
        (tree / name).mkdir(exist_ok=True)
    for name in ("bin", "sbin"):
        (tree / name).symlink_to("usr/bin")
    shutil.copy(BUSYBOX, programs / "busybox")
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, check=True, encoding="ascii")
    for applet in set(listed.stdout.split()) - {"busybox"}:
        (programs / applet).symlink_to("busybox")
    (tree / "etc/os-release").write_text("ID=test\n", encoding="ascii")
    (tree / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n", encoding="ascii")


def hierarchies():
    """Where control groups are mounted."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        rows = [line.split() for line in mounts]
    return [pathlib.Path(row[1]) for row in rows if row[2] in ("cgroup", "cgroup2")]


def groups_make(name):
    """Makes a control group in each hierarchy that lets us. Returns them."""
    made = []
    for group in (hierarchy / name for hierarchy in hierarchies()):
        with contextlib.suppress(OSError):
            group.mkdir()
            made.append(group)
            for key in "cpuset.cpus", "cpuset.mems":
                if (group.parent / key).exists():
                    (group / key).write_bytes((group.parent / key).read_bytes())
    return made


def groups_remove(groups):
    """Removes control groups with all below. Returns whether they are gone."""
    for group in groups:
        for directory, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
    return not any(group.exists() for group in groups)


class Container:
    """A running container. Use it in a "with", at whose end it is gone."""

    def __init__(self, directory, *options):
        self.tree = pathlib.Path(directory) / "tree"
        tree_make(self.tree)
        self.name = f"nixctr-net-test-{os.getpid()}-{next(_numbers)}"
        self.groups = groups_make(self.name)
        script = ('while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" && shift || exit; done;'
                  ' shift; mount -t tmpfs tmpfs /run && exec "$@"')  # fmt: skip
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
             *self.groups, "--", "systemd-nspawn", "--register=no", "--keep-unit", "--quiet",
             "--console=pipe", "--private-network", f"--machine={self.name}",
             f"--directory={self.tree}", *options, "--as-pid2",
             "/bin/sh", "-c", "touch /ready; exec sleep 100000"],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            world.eventually(self._ready, "the container runs")
        except BaseException:
            self.close()
            raise

    def _ready(self):
        """Whether its command runs."""
        assert self.process.poll() is None, "systemd-nspawn has ended; what it said is above"
        return (self.tree / "ready").exists()

    @property
    def leader(self):
        """The number of its first process."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        (first,) = children.split()
        return int(first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def kill(self):
        """Ends it at once: its first process, for that would outlive a killed systemd-nspawn."""
        if self.process.poll() is None:
            with contextlib.suppress(ValueError, OSError):
                os.kill(self.leader, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait(world.DEADLINE)

    def close(self):
        """Ends it, and removes its control groups."""
        self.kill()
        world.eventually(lambda: groups_remove(self.groups), "its control groups are gone")

    def command(self, *argv):
        """The words that run a command inside."""
        assert os.access(ENTER, os.X_OK), f"ENTER ({ENTER!r}) is not the program to test"
        return [ENTER, str(self.process.pid), *argv]

    def run(self, *argv, **options):
        """Runs a command inside, without a terminal. Returns the subprocess, output in bytes."""
        options = {"stdin": subprocess.DEVNULL, **options}
        if "input" in options:
            del options["stdin"]
        return subprocess.run(self.command(*argv), capture_output=True, check=False,
                              timeout=world.DEADLINE, **options)  # fmt: skip

    def ok(self, *argv, **options):
        """Runs a command inside that must succeed. Returns its output, decoded."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, done
        return done.stdout.decode(errors="backslashreplace")


class Terminal:
    """Runs a command on a terminal of its own. Use it in a "with"."""

    def __init__(self, argv, rows=40, columns=100, **options):
        self.master, self.slave = os.openpty()
        self.resize(rows, columns)
        self.settings = termios.tcgetattr(self.slave)
        self.said = b""
        standard = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave}
        self.process = subprocess.Popen(
            argv, start_new_session=True, **{**standard, **options},
            preexec_fn=lambda: fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0),
            pass_fds=[self.slave],
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(world.DEADLINE)
        os.close(self.slave)
        os.close(self.master)

    @property
    def name(self):
        """Its path."""
        return os.ttyname(self.slave)

    def resize(self, rows, columns):
        """Gives the window another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data):
        """Types something."""
        os.write(self.master, data)

    def _read(self):
        """Takes what has come."""
        os.set_blocking(self.master, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said += os.read(self.master, 65536)

    def says(self, what):
        """Waits until the command has said something."""
        world.eventually(lambda: self._read() or what in self.said, f"{what!r} in {self.said!r}")

    def wait(self):
        """Waits until the command has ended. Returns its exit status."""
        world.eventually(lambda: self._read() or self.process.poll() is not None, "it has ended")
        self._read()
        return self.process.returncode

    def is_raw(self):
        """Whether what is typed is passed on as it is."""
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ISIG | termios.ECHO)

    def is_restored(self):
        """Whether it is as it was."""
        return termios.tcgetattr(self.slave) == self.settings
