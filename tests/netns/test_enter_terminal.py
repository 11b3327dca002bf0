# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands inside a container on a terminal: a new one of the container, beside ours."""

import os
import signal
import subprocess

import nspawned
import pytest
import world

pytestmark = pytest.mark.skipif(bool(nspawned.missing()), reason=nspawned.missing())


@pytest.fixture(scope="module", name="container")
def fixture_container(tmp_path_factory):
    """One container for all."""
    with nspawned.Container(tmp_path_factory.mktemp("container")) as container:
        yield container


@pytest.fixture(scope="module", name="foreign")
def fixture_foreign(tmp_path_factory):
    """One with users of its own."""
    with nspawned.Container(
        tmp_path_factory.mktemp("foreign"), "--private-users=1048576:65536",
        "--private-users-ownership=chown",
    ) as container:  # fmt: skip
        yield container


@pytest.fixture(params=["container", "foreign"], name="either")
def fixture_either(request):
    """One after the other."""
    return request.getfixturevalue(request.param)


def test_terminal_is_one_of_the_container(either):
    """Of its own /dev/pts, the controlling one of a session of its own, owned by its root."""
    script = "tty && stat -c '%u %a' $(tty) && : >/dev/tty && ls -l /proc/self/fd && stty size"
    with nspawned.Terminal(either.command("sh", "-c", script)) as terminal:
        assert terminal.wait() == 0, terminal.said
        lines = terminal.said.decode().split("\r\n")
        assert lines[0].startswith("/dev/pts/")
        assert lines[1].split()[0] == "0"
        assert terminal.name not in terminal.said.decode() or terminal.name == lines[0]
        assert lines[-2] == "40 100"


def test_nothing_is_lost_at_the_end(container):
    """All output arrives, each line end once."""
    with nspawned.Terminal(container.command("seq", "1", "100000")) as terminal:
        assert terminal.wait() == 0
        assert terminal.said == b"".join(b"%d\r\n" % n for n in range(1, 100001))
        assert terminal.is_restored()


def test_what_is_typed_goes_inside(container):
    """Also Ctrl-D, which ends the input of a shell: a login."""
    with nspawned.Terminal(container.command()) as terminal:
        terminal.says(b"# ")
        assert terminal.is_raw()
        terminal.type(b"echo $0-$((6*7))\r")
        terminal.says(b"-sh-42\r\n")
        terminal.type(b"exit 3\r")
        assert terminal.wait() == 3
        assert terminal.is_restored()
    with nspawned.Terminal(container.command()) as terminal:
        terminal.says(b"# ")
        terminal.type(b"\x04")
        assert terminal.wait() == 0


def test_ctrl_c_interrupts_the_command_and_not_us(container):
    """It is a byte like others for us."""
    with nspawned.Terminal(container.command("sh", "-c", "echo ready; sleep 1000")) as terminal:
        terminal.says(b"ready")
        terminal.type(b"\x03")
        assert terminal.wait() == 128 + signal.SIGINT
        assert terminal.is_restored()


def test_size_of_the_window_is_passed_on(container):
    """When it changes, too."""
    script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done"
    with nspawned.Terminal(container.command("sh", "-c", script)) as terminal:
        terminal.says(b"ready")
        terminal.resize(33, 77)
        terminal.says(b"33 77")


def test_pipe_beside_a_terminal(container):
    """What is no terminal stays what it is; the rest is on the terminal."""
    script = "cat; tty <&2 >&2; [ -t 1 ] || echo no terminal"
    with nspawned.Terminal(
        container.command("sh", "-c", script), stdout=subprocess.PIPE
    ) as terminal:
        world.eventually(terminal.is_raw, "what is typed is passed on")
        terminal.type(b"typed\r\x04")
        assert terminal.process.stdout.read() == b"typed\nno terminal\n"
        assert terminal.wait() == 0
        assert b"typed\r\n" in terminal.said and b"/dev/pts/" in terminal.said
        assert terminal.is_restored()
    with nspawned.Terminal(
        container.command("sh", "-c", "cat; stty size <&2"), stdin=subprocess.PIPE
    ) as terminal:
        terminal.process.stdin.write(b"piped\n")
        terminal.process.stdin.close()
        assert terminal.wait() == 0
        assert terminal.said == b"piped\r\n40 100\r\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_terminal_is_restored_when_we_are_ended(container, number):
    """The command is told, and we are the last to go."""
    with nspawned.Terminal(
        container.command("sh", "-c", "echo ready; exec sleep 1000")
    ) as terminal:
        terminal.says(b"ready")
        terminal.process.send_signal(number)
        assert terminal.wait() == 128 + number
        assert terminal.is_restored()


def state_of(pid):
    """T: stopped."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_suspended_and_taken_up_again(container):
    """While we are stopped, our terminal is as it was; a shell with jobs sees it."""
    with nspawned.Terminal(
        ["sh", "-mc", '"$@"; echo back $?; read go; fg >/dev/null; echo end $?', "sh",
         *container.command("sh", "-c", "echo ready; read line; echo got $line; exit 4")]
    ) as terminal:  # fmt: skip
        terminal.says(b"ready")
        shell = terminal.process.pid
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGTSTP)
        terminal.says(b"back 148")
        assert state_of(pid) == "T"
        assert not terminal.is_raw()
        terminal.type(b"go\r")
        world.eventually(terminal.is_raw, "our terminal is taken again")
        terminal.type(b"on\r")
        terminal.says(b"got on\r\nend 4\r\n")


def test_hung_up_terminal_ends_the_command(container):
    """As on any terminal."""
    with nspawned.Terminal(
        container.command("sh", "-c", "echo ready; exec sleep 1000")
    ) as terminal:
        terminal.says(b"ready")
        os.close(terminal.slave)
        os.close(terminal.master)
        try:
            assert terminal.process.wait(world.DEADLINE) == 128 + signal.SIGHUP
        finally:
            terminal.master, terminal.slave = os.openpty()


def test_flood_does_not_keep_us_from_ending(container):
    """Nobody reads, the command writes on: a signal still ends it."""
    with nspawned.Terminal(container.command("yes")) as terminal:
        terminal.says(b"y\r\ny\r\n")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert terminal.is_restored()
