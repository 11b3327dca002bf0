# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that can be thrown away, with a world around it, for the real binary to work on.

What it looks like is told in throwaway/host.c, which makes it; this is how a test handles it.
NIXCTR_NET is the binary, THROWAWAY where the programs are that it is made with.
"""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import socket
import subprocess
import time

import resident

HERE = pathlib.Path(__file__).parent
BINARY = os.environ.get("NIXCTR_NET", "")

# The host and the outside, as throwaway/cable.c sets them up, and the port of the server there.
HOST, HOST6 = "198.51.100.1", "2001:db8:51::1"
OUTSIDE, OUTSIDE6 = "198.51.100.2", "2001:db8:51::2"
PORT = 7777

# Whatever takes longer has gone wrong, also on a busy machine under valgrind.
DEADLINE = 120


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command answered."""

    argv: tuple
    rc: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """Its standard output, parsed."""
        return json.loads(self.stdout)

    def __str__(self):
        return f"{shlex.join(self.argv)}\nexit {self.rc}\n{self.stdout}{self.stderr}"


def throwaway_program(name):
    """The path of a program that hosts are made with."""
    return os.path.join(os.environ["THROWAWAY"], name)


def run(argv, start=subprocess.Popen, **options):
    """Runs a command to its end. Returns its Result; text is UTF-8, with escapes for what is not.
    @start: what starts it, as Popen does."""
    with start(
        argv,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", errors="backslashreplace", **options,
    ) as process:  # fmt: skip
        try:
            out, err = process.communicate(timeout=DEADLINE)
        except BaseException:
            process.kill()
            raise
    return Result(tuple(map(str, argv)), process.returncode, out, err)


def not_interrupted(result):
    """What ip has said, or None if something has changed meanwhile: it may be neither old nor new."""
    return None if "Dump was interrupted" in result.stderr else result


def eventually(condition, what, deadline=DEADLINE):
    """Waits until condition() holds and returns what it returned; fails after the deadline."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {deadline} s in vain until {what}"
        time.sleep(0.01)
    return value


def _in_namespace(path, function):
    """Calls a function in another network namespace, on a thread that ends with it.

    A socket belongs to the namespace that it was made in, and setns(2) moves one thread only.
    """

    def enter_and_call():
        with open(path, "rb") as namespace:
            resident.enter(namespace.fileno())
        return function()

    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter_and_call).result()


def _call(address, port, timeout):
    """Connects and reads one line. Returns it, or None when nobody answered."""
    try:
        with socket.create_connection((address, port), timeout) as connection:
            return connection.makefile("r", encoding="ascii").readline().strip() or None
    except OSError:
        return None


class Outside:
    """The world around the host."""

    def __init__(self, log, pid):
        self._log = log
        self.pid = pid
        self.namespace = f"/proc/{pid}/ns/net"

    @property
    def log(self):
        """Who has called the server so far, the oldest first: [{"peer": ..., "port": ...}]."""
        return [json.loads(line) for line in self._log.read_text(encoding="ascii").splitlines()]

    @property
    def peers(self):
        """The addresses of those who have called."""
        return [entry["peer"] for entry in self.log]


class Observed:
    """What can be asked of any host, by those who have its "root", "namespace" and run()."""

    root = namespace = None

    def run(self, *argv):
        """Runs a command on the host."""
        raise NotImplementedError

    def ip(self, *arguments, container=None):
        """ip -j ARGUMENTS, parsed; on the host, or in a container's namespace."""
        where = ["-n", container_namespace(container)] if container else []
        result = eventually(
            lambda: not_interrupted(self.run("ip", "-j", "-d", *where, *arguments)),
            "the kernel has told all in one go",
        )
        assert result.rc == 0, result
        return json.loads(result.stdout or "[]")

    def links(self):
        """The names of all links of the host."""
        return sorted(link["ifname"] for link in self.ip("link"))

    def links_at_rest(self):
        """The same, once the kernel has destroyed what was detached: that takes it a while, during
        which such links are called ve-.N."""
        return eventually(
            lambda: (names := self.links()) and not any("-." in name for name in names) and names,
            "no retired link is left",
        )

    def carriers_at_rest(self):
        """Waits until the kernel has told each link that is up about the other end of its cable: up
        to a second after both are there."""
        pins = (self.root / "run/netns").glob("ve-*")
        where = [None, *(pin.name.removeprefix("ve-") for pin in pins)]

        def waiting():
            cables = (link for container in where for link in self.ip("link", container=container)
                      if link.get("linkinfo", {}).get("info_kind") == "veth")  # fmt: skip
            return [cable for cable in cables if "UP" in cable["flags"]
                    and cable["operstate"] != "UP"]  # fmt: skip

        eventually(lambda: not waiting(), "all cables that are up have a carrier")

    def nft(self, *arguments):
        """nft -j ARGUMENTS, parsed: the list below "nftables", without the head."""
        result = self.run("nft", "-j", *arguments)
        assert result.rc == 0, result
        return [item for item in json.loads(result.stdout)["nftables"] if "metainfo" not in item]

    def ruleset(self):
        """The host's whole ruleset as nft prints it, without counters: what did not change."""
        return self.run("nft", "--stateless", "list", "ruleset").stdout

    def namespaces(self):
        """The names under /run/netns, sorted."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(self.root / "run/netns"))
        return []

    def path(self, absolute):
        """Where a file of the host can be reached from here. Not by programs that resolve links
        themselves, such as sqlite: /proc/PID/root reads as "/", and they end up on the machine."""
        return self.root / absolute.lstrip("/")

    def container_namespace(self, name):
        """The path of a container's namespace, for connect_from()."""
        return str(self.path(f"/run/netns/{container_namespace(name)}"))

    def connect_from(self, namespace, address, port=PORT, timeout=5.0):
        """Calls a server from a namespace: World.namespace, .outside.namespace or
        .container_namespace(). Returns the address that the server saw, or None: no answer."""
        return _in_namespace(namespace, lambda: _call(address, port, timeout))

    def connect_all(self, calls, answered=()):
        """Makes calls at the same time, each a namespace, address and perhaps a port. Returns what
        each server has seen, or None. Those that are to be answered, by their places among the calls,
        have the time that a busy machine needs; from the others nothing is heard for two seconds."""
        times = [20.0 if place in answered else 2.0 for place in range(len(calls))]
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(calls)) as threads:
            return list(threads.map(lambda call, time: self.connect_from(*call, timeout=time), calls, times))

    def cannot_connect(self, namespace, address, port=PORT):
        """Whether nobody answers within half a second, many times of what an answer takes."""
        return self.connect_from(namespace, address, port, timeout=0.5) is None


class World(Observed):
    """One host with its outside. Use it in a "with", at whose end everything is gone."""

    def __init__(self, *before):
        """@before: words to make the host under, such as own-groups with its kind."""
        self._resident = None
        self._command_checked = False
        self.wrap = []  # what to run the program under, such as valgrind
        # The host lives as long as its standard input is open: it cannot outlive this process.
        self._holder = subprocess.Popen(
            [*before, "unshare", "--net", "--mount", "--propagation", "private",
             throwaway_program("throwaway-host")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii",
        )  # fmt: skip
        self._pid = self._holder.stdout.readline().strip()
        if not self._pid:
            self.close()
            raise RuntimeError("no throwaway host; what it said is above")
        self.holder = int(self._pid)
        self.root = pathlib.Path(f"/proc/{self._pid}/root")
        self.namespace = f"/proc/{self._pid}/ns/net"
        pid = int((self.root / "run/outside/pid").read_text(encoding="ascii"))
        self.outside = Outside(self.root / "run/outside/log", pid)
        self._resident = resident.Resident(self.holder)
        self._insist_on_host(self._resident.call(pathlib.Path("/run/outside/pid").read_text))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _insist_on_host(self, pid):
        """Refuses to go on if commands would run elsewhere, where /run/outside/pid says something else."""
        if pid != f"{self.outside.pid}\n":
            self.close()
            raise RuntimeError("commands would not run on the throwaway host; refusing to")

    def close(self):
        """Throws the host away."""
        if self._resident:
            self._resident.leave()
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(DEADLINE)

    def start(self, argv, **options):
        """Starts a command on the host, as subprocess.Popen does."""
        return self._resident.call(subprocess.Popen, argv, **options)

    def command(self, *argv):
        """The words that run a command on the host, for whoever does not start it by start() or run().

        Entering a mount namespace leads to its root directory, which in a chroot is the machine's:
        without --root the command would be let loose there."""
        enter = ["nsenter", f"--target={self._pid}", "--net", "--mount", "--cgroup", "--root", "--wd", "--"]
        if not self._command_checked:
            self._insist_on_host(run([*enter, "cat", "/run/outside/pid"]).stdout)
            self._command_checked = True
        return [*enter, *argv]

    def run(self, *argv, **options):
        """Runs a command on the host."""
        return run(argv, self.start, **options)

    def nixctr(self, *arguments):
        """Runs the program under test on the host."""
        assert os.access(BINARY, os.X_OK), f"NIXCTR_NET ({BINARY!r}) is not the program to test"
        return self.run(*self.wrap, BINARY, *with_system_chosen(arguments))

    def ok(self, *arguments):
        """Runs the program and insists that it succeeds."""
        result = self.nixctr(*arguments)
        assert result.rc == 0, result
        return result

    @contextlib.contextmanager
    def server_in(self, namespace, port=PORT):
        """While in it, a server answers in that namespace as the one outside does."""
        log = f"/run/server-{port}-{os.path.basename(namespace)}"
        with self.start(
            ["nsenter", f"--net={inside(namespace)}", "--", throwaway_program("server"), str(port), log],
            stdout=subprocess.PIPE, encoding="ascii",
        ) as server:  # fmt: skip
            try:
                assert server.stdout.readline(), f"no server in {namespace}"
                yield
            finally:
                server.kill()


# What says what a container boots.
SYSTEM_OPTIONS = ("--system-path", "--config", "--config-file", "--flake", "--root-tree",
                  "--no-system", "--nixos-path")  # fmt: skip


def with_system_chosen(arguments):
    """The words of a command, in which "create" makes a network and nothing to boot unless they say
    otherwise: most tests are about networks."""
    if arguments[:1] != ("create",) or any(word in SYSTEM_OPTIONS for word in arguments):
        return arguments
    return ("create", "--no-system", *arguments[1:])


def container_namespace(name):
    """The name under which a container's namespace is pinned."""
    return f"ve-{name}"


def inside(path):
    """A path as the host itself sees it, from one that we see through /proc/PID/root."""
    parts = pathlib.PurePath(path).parts
    return str(pathlib.PurePath("/", *parts[4:])) if parts[3:4] == ("root",) else path
