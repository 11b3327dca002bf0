# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands and logins in a container that runs: what they are given, what they may do, where they
are. Looked at from the host, by its kernel."""

import re
import subprocess

import pytest
from containers import DEFINITIONS, leader
from host import Host
from terminal import on_terminal
from world import eventually

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for all: foo runs, and shifted, whose users are others."""
    with Host(("/nix", "/var/lib")) as host:
        host.boot()
        system = host.sh("cat /srv/system-path").strip()
        for name in "foo", "shifted":
            host.ok("create", name, "--system-path", system)
        host.sh(f"echo PRIVATE_USERS=pick >>{DEFINITIONS}/shifted.conf; systemctl daemon-reload")
        host.ok("start", "--all")
        yield host


def running(host, name, number):
    """The process of "sleep NUMBER" on the host, once it runs in a container; closed with it."""
    call = host.command("nixctr-net", "run", name, "--", "sleep", str(number))
    # pylint: disable=consider-using-with
    process = subprocess.Popen(call, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    find = ["pgrep", "--exact", "--full", f"sleep {number}"]
    pid = eventually(lambda: host.run(*find).stdout.strip(), "it runs")
    return process, int(pid)


def capabilities_of(host, pid):
    """The capability sets of a process, {name: number}."""
    text = host.sh(f"cat /proc/{pid}/status")
    return {name: int(value, 16) for name, value in re.findall(r"^Cap(\w+):\s*(\w+)$", text, re.M)}


@pytest.mark.parametrize("words", [
    [""], ["", "", "a"], ["two\nlines\n"], ["'", '"', "\\", "`id`", "$HOME", "$(id)", "a'b\"c"],
    ["-c", "--", "-"], ["--help", "--json"], ["*", "~", "a b", "\t", "%i", "ä"], ["x" * 100000],
], ids=["empty", "empties", "newline", "quotes", "dashes", "options", "blanks", "long"])  # fmt: skip
def test_arguments_arrive_as_they_are(host, words):
    """Each word, with whatever is in it."""
    result = host.ok("run", "foo", "--", "printf", "%s\\0", *words)
    assert result.stdout.split("\0")[:-1] == words


def test_options_belong_to_the_command(host):
    """Also without "--", and also those which look like ours."""
    assert host.ok("run", "foo", "echo", "--json", "-h").stdout == "--json -h\n"


@pytest.mark.parametrize("name", ["foo", "shifted"])
@pytest.mark.parametrize("command, status", [
    ("exit 0", 0), ("exit 1", 1), ("exit 3", 3), ("exit 125", 125), ("exit 255", 255),
    ("kill -TERM $$", 143), ("kill -KILL $$", 137)])  # fmt: skip
def test_exit_status_is_that_of_the_command(host, name, command, status):
    """All of it, and 128 + N of a signal."""
    result = host.nixctr("run", name, "--", "sh", "-c", command)
    assert (result.rc, result.stderr) == (status, "")


def test_what_cannot_be_run(host):
    """126 and 127, as of a shell."""
    assert host.nixctr("run", "foo", "--", "no-such-command").rc == 127
    assert host.nixctr("run", "foo", "--", "/etc/os-release").rc == 126


def test_a_pipe_carries_all(host):
    """One MiB in and out, unchanged, and its end arrives."""
    text = "".join(f"{number:07x}\n" for number in range(131072))
    assert len(text) == 1 << 20
    assert host.ok("run", "foo", "--", "cat", stdin=text).stdout == text
    assert host.ok("run", "shifted", "--", "wc", "-c", stdin=text).stdout == "1048576\n"


def test_no_terminal_where_there_is_none(host):
    """Output and errors stay apart."""
    result = host.nixctr("run", "foo", "--", "sh", "-c", "tty; echo error >&2")
    assert (result.stdout, result.stderr) == ("not a tty\n", "error\n")


@pytest.mark.parametrize("name", ["foo", "shifted"])
def test_a_terminal_is_one_of_the_container(host, name):
    """A new one: found below its /dev/pts, as large as ours, and it controls the command."""
    script = "tty; stat -L -c dev-%d /proc/self/fd/0; stat -c pts-%d /dev/pts; stty size; echo >/dev/tty"
    status, said = on_terminal(host, "nixctr-net", "run", name, "--", "sh", "-c", script)
    assert status == 0, said
    assert re.search(r"^/dev/pts/\d+\r$", said, re.M) and "33 101" in said, said
    device, mount = (int(n) for n in re.findall(r"(?:dev|pts)-(\d+)", said))
    assert device == mount != int(host.sh("stat -c %d /dev/pts"))


def test_a_terminal_carries_signals(host):
    """Ctrl-C reaches the command inside and not us. (A shell that is just about to start a last program does
    not look until that has ended: so there is always a next one.)"""
    status, said = on_terminal(
        host, "nixctr-net", "run", "foo", "--", "sh", "-c",
        "trap 'echo caught; exit 9' INT; echo go; while :; do sleep 0.05; done",
        steps=[("go", "\x03")])  # fmt: skip
    assert status == 9 and "caught" in said, said


def test_root_login_is_a_shell(host):
    """... of root, at home, on a terminal of the container."""
    status, said = on_terminal(host, "nixctr-net", "root-login", "foo",
                               steps=[("#", "echo $(id -u):$PWD:$(tty):$((40+2))\r"),
                                      ("0:/root:/dev/pts/", "exit 7\r")])  # fmt: skip
    assert status == 7 and ":42" in said, said


@pytest.mark.parametrize("name", ["foo", "shifted"])
def test_it_is_in_the_container(host, name):
    """Its control group, its namespaces, and no capability that the container does not have."""
    process, pid = running(host, name, 1000)
    first = leader(host, name)
    group = host.sh(f"grep ^0: /proc/{pid}/cgroup").strip()
    namespaces = [host.sh(f"cd /proc/{one}/ns; readlink {' '.join(NAMESPACES)}").split()
                  for one in (pid, first, 1)]  # fmt: skip
    its, theirs = capabilities_of(host, pid), capabilities_of(host, first)
    host.sh(f"kill {pid}")
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert group.startswith(f"0::/machine.slice/container@{name}.service/"), group
    assert namespaces[0] == namespaces[1]
    assert ("user" in {a.split(":")[0] for a, b in zip(*namespaces[1:]) if a != b}) == (name != "foo")
    assert its["Bnd"] == theirs["Bnd"] != capabilities_of(host, 1)["Bnd"]
    assert not (its["Prm"] | its["Eff"] | its["Inh"] | its["Amb"]) & ~theirs["Bnd"]


def test_stop_does_not_wait_for_a_command(host):
    """It ends with the container, and the caller is told."""
    process, _ = running(host, "foo", 1001)
    host.ok("stop", "foo", deadline=45)
    process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert host.run("pgrep", "--full", "--exact", "sleep 1001").stdout == ""
    host.ok("start", "foo")


def test_shared_network_is_not_theirs_to_change(host):
    """A container without a network of its own sees the host's, and a command in it, though root's,
    changes nothing of it."""
    system = host.sh("cat /srv/system-path").strip()
    host.sh(f"cat >{DEFINITIONS}/shared.conf; systemctl daemon-reload", stdin=f"SYSTEM_PATH={system}\n")
    host.ok("start", "shared")
    before = host.ip("address"), host.ruleset(), host.sh("sysctl -a --pattern 'net.ipv4.*forward'")
    assert host.ok("run", "shared", "--", "ls", "/sys/class/net").stdout.split() == host.links()
    for command in ("ip link add d0 type dummy", "ip link set lo down", "ip route flush table main",
                    "ip address add 192.0.2.9/32 dev lo",
                    "echo 1 >/proc/sys/net/ipv4/conf/all/forwarding",
                    "nsenter --net=/proc/1/ns/net ip link set lo down"):  # fmt: skip
        result = host.nixctr("run", "shared", "--", "sh", "-c", command)
        assert result.rc != 0, result
    assert (host.ip("address"), host.ruleset(),
            host.sh("sysctl -a --pattern 'net.ipv4.*forward'")) == before  # fmt: skip
    host.ok("destroy", "shared")


def test_login_ends_when_we_hang_up(host):
    """A prompt of the container; nothing of ours stays when the terminal is gone."""
    status, said = on_terminal(host, "nixctr-net", "login", "foo", steps=[("login:", "")], hang_up=True)
    assert status is not None and "login:" in said, said
    eventually(lambda: host.run("pgrep", "--full", "nixctr-net login").stdout == "", "it has ended")
    assert host.ok("status", "foo").stdout == "up\n"


def test_who_may_not_run(host):
    """An ordinary user does not get in."""
    result = host.nixctr("run", "foo", "--", "id", user="alice")
    assert result.rc in (6, 125) and result.stdout == "", result
