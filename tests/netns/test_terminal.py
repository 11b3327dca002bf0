# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person sees on a terminal, of whatever width, and what a pipe does not get."""

import contextlib
import re
import subprocess

import nspawned
import pytest
import world as world_module

LONG = "a-name-that-is-longer-than-fifteen"
LISTS = [("list", "-l"), ("net", "show"), ("nat", "forward", "list"), ("ipam", "list"),
         ("ipam", "history"), ("ipam", "conflicts"), ("ipam", "check", "--grace", "0")]  # fmt: skip
TREES = [("net", "show", "web"), ("nat", "show"), ("ipam", "describe", "web")]
CLEAR = b"\r\033[K"


def words(world, *arguments, environment=()):
    """The command line of the program on the host, on a terminal that has colours."""
    return world.command("env", "TERM=xterm", "LC_ALL=C.UTF-8", *environment, world_module.BINARY,
                         *arguments)  # fmt: skip


def shown(world, *arguments, columns=80, environment=(), **options):
    """What a terminal shows of it, as text."""
    command = words(world, *arguments, environment=environment)
    with nspawned.Terminal(command, 24, columns, **options) as terminal:
        terminal.wait()
        return terminal.said.decode()


def plain(text):
    """Without colours."""
    return re.sub(r"\033\[[0-9;]*m", "", text)


@pytest.fixture(scope="module", name="host")
def fixture_host():
    """One that has something to show: a container that works, one that is down, one that is broken."""
    with world_module.World() as world:
        world.ok("create", "web", "--port", "8080:80,127.0.0.1:9090:90")
        world.ok("create", LONG, "--bridge", "br-office", "--local-address", "192.168.77.2/24")
        world.ok("net", "up", "web")
        world.ok("nat", "enable", "--external", "auto")
        world.run("ip", "address", "add", "10.233.1.2/32", "dev", "lo")
        yield world


@pytest.fixture(name="broken")
def fixture_broken(host):
    """The same with a definition that cannot be read."""
    path = host.path("/etc/nixos-containers/broken.conf")
    path.write_text("LOCAL_ADDRESS=nonsense\n", encoding="ascii")
    yield host
    path.unlink()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_and_trees_fit(host, columns):
    """No line is wider than the terminal, and no word of a tree is broken that need not be."""
    for arguments in [*LISTS, *TREES]:
        lines = plain(shown(host, *arguments, columns=columns)).split("\r\n")
        assert len(lines) > 1 and max(map(len, lines)) <= columns, arguments
    picture = plain(shown(host, "net", "show", "web", columns=columns))
    assert host.ok("net", "show", "web").stdout.split("mac ")[1].split(",")[0] in picture


def test_what_matters_is_kept(host):
    """States and addresses whole, names as far as there is room; what has none is left away."""
    narrow = [line.split() for line in plain(shown(host, "list", "-l", columns=40)).splitlines()]
    assert narrow[0] == ["NAME", "STATUS", "LOCAL-ADDRESS"]
    assert ["web", "down", "10.233.1.2"] in narrow
    assert any(LONG.startswith(row[0]) and row[1:] == ["down", "192.168.77.2/24"] for row in narrow)
    wide = host.ok("list", "-l").stdout.splitlines()
    assert plain(shown(host, "list", "-l", columns=200)).splitlines() == wide


def test_what_was_chosen_is_never_left_away(host):
    """Nor cut."""
    told = plain(shown(host, "list", "-o", "name,link,mac,kind", columns=40)).split("\r\n")
    assert told[0].split() == ["NAME", "LINK", "MAC", "KIND"]
    assert any(line.startswith(LONG) and line.endswith("imperative") for line in told)


def test_colours_say_how_it_is(broken):
    """Green works, red does not, yellow is in between; what is neither has none."""
    networks = shown(broken, "net", "show", columns=200)
    assert "\033[32mattached\033[0m" in networks and "\033[31mbroken" in networks
    assert "\033[32mpublished\033[0m" in shown(broken, "nat", "forward", "list", columns=200)
    assert "\033[31mconflict\033[0m" in shown(broken, "ipam", "conflicts", columns=200)
    assert "\033[32m" not in shown(broken, "list", "-l")
    broken.ok("create", "past")
    broken.ok("destroy", "past")
    assert "\033[1;33mcooling\033[0m" in shown(broken, "ipam", "describe", "10.233.2.2")


def test_colours_can_be_off(broken):
    """By NO_COLOR, by --color=never, by TERM=dumb, and in a pipe; --color=always is stronger."""
    show = ("net", "show")
    for environment in ("NO_COLOR=1", "TERM=dumb"):
        assert "\033" not in shown(broken, *show, environment=[environment])
    assert "\033" not in shown(broken, *show, "--color", "never")
    assert "\033" not in broken.ok(*show, "--color", "auto").stdout
    assert "\033[32m" in broken.ok(*show, "--color", "always").stdout
    assert "\033[32m" in shown(broken, *show, "--color", "always", environment=["NO_COLOR=1"])


@contextlib.contextmanager
def somebody_at(host, name):
    """While in it, somebody else is at the network of a container: whoever comes waits."""
    path = f"/run/nixctr-net/networks/{name}.lock"
    with subprocess.Popen(host.command("flock", path, "sh", "-c", "echo; exec cat"),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdout.readline()
        yield
        other.stdin.close()


def test_what_takes_long_says_how_long(host):
    """From the first second on, on a line that is gone at the end; messages have lines of their own.
    A pipe gets nothing of it, and neither does whoever wants JSON."""
    with contextlib.ExitStack() as until:
        until.enter_context(somebody_at(host, "web"))
        piped = [subprocess.Popen(words(host, "net", "up", "web", *json), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, bufsize=0) for json in ([], ["--json"])]  # fmt: skip
        began = [process.stderr.readline() for process in piped]
        with nspawned.Terminal(words(host, "net", "up", "web", LONG), 24, 80) as terminal:
            terminal.says(b"attaching web, 0 of 2 done, 1 s\r")
            terminal.says(b"attaching web, 0 of 2 done, 3 s\r")
            until.close()
            terminal.wait()
            said = terminal.said
    assert said.split(CLEAR)[-1].strip() == b"" or b"nixctr-net:" in said.split(CLEAR)[-1]
    assert all(line.startswith(CLEAR) for line in said.split(b"\n") if b"bridge" in line)
    for process, line in zip(piped, began):
        told = line + process.communicate(timeout=world_module.DEADLINE)[1]
        assert process.returncode == 0 and b"waiting" in told and b"attaching" not in told


def test_json_on_a_terminal_has_no_progress(host):
    """It is for programs, wherever it goes."""
    with somebody_at(host, "web"):
        with nspawned.Terminal(words(host, "net", "up", "web", "--json"), 24, 80) as terminal:
            with nspawned.Terminal(words(host, "net", "up", "web"), 24, 80) as clock:
                clock.says(b"attaching web, 3 s\r")
            assert b"waiting" in terminal.said or terminal.says(b"waiting") is None
            assert b"attaching" not in terminal.said
