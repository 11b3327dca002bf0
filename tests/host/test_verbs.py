# SPDX-License-Identifier: GPL-2.0-or-later
"""Start, stop and their like, with systemd and machined; read back from those."""

import re
import subprocess

import pytest
from containers import (DEFINITIONS, GCROOTS, NEVER_READY, PROFILES, ROOTS, create, inside, leader, machines, remains,
                        traces, unit_state, wait_ready)  # fmt: skip
from terminal import on_terminal
from world import OUTSIDE, eventually


@pytest.fixture(name="foo")
def foo_fixture(host):
    """A host with one container, foo, that runs."""
    create(host, "foo")
    host.ok("start", "foo")
    return host


def test_start_waits_until_ready(host):
    """When it returns, multi-user.target has been reached; again it changes nothing."""
    create(host, "foo")
    host.ok("start", "foo")
    assert inside(host, "foo", "systemctl is-active multi-user.target") == "active\n"
    assert unit_state(host, "foo") == ("active", "success")
    assert machines(host) == ["foo"]
    before = leader(host, "foo")
    host.ok("start", "foo")
    assert leader(host, "foo") == before


def test_names_that_no_host_may_have(host):
    """systemd-nspawn takes host names only: the machine gets one that is made of the container's."""
    name = "A.b_c-"
    create(host, name)
    host.ok("start", name)
    [machine] = machines(host)
    assert re.fullmatch(r"A\.b-c-[0-9a-f]{8}", machine)
    assert host.ok("status", name).stdout == "up\n"
    assert host.ok("run", name, "--", "readlink", "/run/current-system").rc == 0
    status, said = on_terminal(host, "nixctr-net", "login", name, steps=[("login:", "\x1d\x1d\x1d")])
    assert status == 0, said
    host.sh(f"kill -9 $(systemctl show -P MainPID container@{name})")
    eventually(lambda: host.ok("status", name).stdout == "up\n" and machines(host) == [machine],
               "it is back", 60)  # fmt: skip
    wait_ready(host, name)
    host.ok("destroy", name)
    assert remains(host) == [] and machines(host) == []


def test_status_follows(host):
    """gone, down, up, down, gone; list has the same."""
    assert (host.nixctr("status", "foo").stdout, host.nixctr("status", "foo").rc) == ("gone\n", 3)
    create(host, "foo")
    for verb, status in ("status", "down"), ("start", "up"), ("stop", "down"):
        host.ok(verb, "foo")
        assert host.ok("status", "foo").stdout == f"{status}\n"
        [row] = host.ok("list", "--json").json["containers"]
        assert (row["name"], row["status"]) == ("foo", status)
    host.ok("destroy", "foo")
    assert host.nixctr("status", "foo").stdout == "gone\n"


def test_stop_is_a_clean_shutdown(foo):
    """systemd inside shuts down in order, nothing is left of what ran, and once more is fine."""
    foo.ok("stop", "foo")
    assert unit_state(foo, "foo") == ("inactive", "success")
    assert traces(foo) == []
    logs = foo.run("journalctl", "--directory", f"{ROOTS}/foo/var/log/journal", "--no-pager").stdout
    assert "Shutting down" in logs or not logs
    foo.ok("stop", "foo")


def test_restart_keeps_the_addresses(foo):
    """Another first process, the same addresses, and the world is reached."""
    foo.ok("nat", "enable", "--external", "eth0")
    before = leader(foo, "foo"), inside(foo, "foo", "ip -o -4 address show eth0")
    foo.ok("restart", "foo")
    assert leader(foo, "foo") not in (before[0], 0)
    assert inside(foo, "foo", "ip -o -4 address show eth0")[3:] == before[1][3:]
    assert foo.connect_from(foo.container_namespace("foo"), OUTSIDE)


def test_terminate_is_at_once(foo):
    """... also when nothing in there answers; nothing is left and it can be started again."""
    foo.sh(f"kill -STOP {leader(foo, 'foo')}")
    foo.ok("terminate", "foo")
    assert foo.ok("status", "foo").stdout == "down\n"
    assert traces(foo) == []
    foo.ok("start", "foo")


def test_container_reboots_itself(foo):
    """The unit comes back with another first process and the same network."""
    before = leader(foo, "foo")
    inside(foo, "foo", "systemctl --no-block reboot")
    eventually(lambda: leader(foo, "foo") not in (0, before), "it has another first process")
    wait_ready(foo, "foo")
    assert " 10.233.1.2 peer " in inside(foo, "foo", "ip -o -4 address show eth0")
    assert foo.ok("status", "foo").stdout == "up\n"


def test_container_switches_itself_off(foo):
    """That is no failure, nothing is left, and it is not started again."""
    inside(foo, "foo", "systemctl --no-block poweroff")
    eventually(lambda: unit_state(foo, "foo")[0] == "inactive", "it is off")
    assert unit_state(foo, "foo") == ("inactive", "success")
    assert traces(foo) == []
    assert foo.ok("status", "foo").stdout == "down\n"


@pytest.mark.parametrize("moment", ["first", "later"])
def test_stop_in_the_middle_of_a_boot(host, moment):
    """A container that is not ready yet, and would never be, is stopped all the same; also in the
    first moment, when its systemd does not listen to signals yet."""
    create(host, "foo", configuration=NEVER_READY)
    with subprocess.Popen(host.command("nixctr-net", "start", "foo"),
                          stderr=subprocess.PIPE, encoding="utf-8") as start:  # fmt: skip
        eventually(lambda: machines(host) == ["foo"], "it boots")
        if moment == "later":
            state = ["systemctl", "--machine=foo", "is-active", "never.service"]
            eventually(lambda: host.run(*state).stdout == "activating\n", "it waits")
        host.ok("stop", "foo", deadline=30)
        said = start.communicate(timeout=30)[1]
    assert start.returncode != 0, said
    assert traces(host) == []


def test_all_at_once(host):
    """start --all and stop --all take every container, and say so of each that failed."""
    names = [f"c{number}" for number in range(4)]
    for name in names:
        create(host, name)
    host.ok("start", "--all")
    assert machines(host) == names
    host.ok("stop", "--all")
    assert traces(host) == []


def test_progress_is_for_terminals(host):
    """How far it is when it takes more than a second, one line that is written over; without a terminal
    there is none. What failed stands there in full."""
    for name in "one", "two":
        create(host, name)
    host.sh(f"echo SYSTEM_PATH=/nix/store/nothing >>{DEFINITIONS}/two.conf")
    for verb, doing in ("start", "starting"), ("stop", "stopping"):
        status, said = on_terminal(host, "nixctr-net", verb, "--all")
        assert status == (verb == "start"), said
        assert (verb == "start") == ("cannot start container 'two'" in said), said
        for part in re.findall(r"\r\x1b\[K([^\r\n]*)\r(?!\n)", said):
            assert re.fullmatch(rf"{doing} (one|two), [01] of 2 done, \d+ s|", part), said
    result = host.nixctr("start", "--all")
    assert " of 2 " not in result.stderr, result


def test_declarative_containers_are_started_too(host):
    """A definition that somebody else wrote, with addresses of its own."""
    create(host, "foo")
    path = host.sh(f"cat {DEFINITIONS}/foo.conf")
    host.ok("destroy", "foo")
    system = re.search("^SYSTEM_PATH=(.*)$", path, re.MULTILINE)
    system = system[1] if system else host.sh("cat /srv/system-path").strip()
    host.sh(f"mkdir -p {ROOTS}/bar; cat >{DEFINITIONS}/bar.conf", stdin=f"""\
PRIVATE_NETWORK=1
HOST_ADDRESS=10.100.0.1
LOCAL_ADDRESS=10.100.0.2
SYSTEM_PATH={system}
""")  # fmt: skip
    host.ok("start", "bar")
    assert " 10.100.0.2 peer 10.100.0.1/32 " in inside(host, "bar", "ip -o -4 address show eth0")
    host.ok("stop", "bar")
    assert traces(host) == []


def test_destroy_of_a_running_container(foo):
    """It is stopped first; then nothing at all is left of it."""
    foo.ok("destroy", "foo")
    assert remains(foo) == []
    foo.ok("destroy", "foo")


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "terminate", "login", "update"])
def test_who_is_not_there_cannot_be_asked(host, verb):
    """Exit status 3, and the name."""
    result = host.nixctr(verb, "nobody")
    assert result.rc == 3, result
    assert "nobody" in result.stderr


@pytest.mark.parametrize("verb", ["start", "stop", "terminate", "destroy"])
def test_who_may_not_is_told_so(foo, verb):
    """An ordinary user is not permitted to, and nothing happens."""
    before = leader(foo, "foo")
    result = foo.nixctr(verb, "foo", user="alice")
    if verb == "start":
        assert result.rc in (0, 6), result
    else:
        assert result.rc == 6, result
    assert leader(foo, "foo") == before


def test_store_and_profiles_inside(foo):
    """What NixOS has in a container: the store, its database and the daemon's socket to read, a profile
    and roots of garbage collection of its own to write."""
    foo.ok("stop", "foo")
    foo.sh("mkdir -p /nix/var/nix/daemon-socket; touch /nix/var/nix/daemon-socket/socket")
    foo.ok("start", "foo")
    for path in "store", "var/nix/db", "var/nix/daemon-socket":
        assert foo.sh(f"stat -c %i /nix/{path}") == inside(foo, "foo", f"stat -c %i /nix/{path}")
        inside(foo, "foo", f"! touch /nix/{path}/new 2>/dev/null")
    inside(foo, "foo", "test -e /nix/var/nix/daemon-socket/socket")
    for inner, outer in ("profiles", PROFILES), ("gcroots", GCROOTS):
        inside(foo, "foo", f"ln -s /nix/store/kept /nix/var/nix/{inner}/own")
        assert foo.sh(f"readlink {outer}/foo/own") == "/nix/store/kept\n"
    assert inside(foo, "foo", "readlink /nix/var/nix/profiles/system").startswith("system-")
    assert inside(foo, "foo", "ls /nix/var/nix") == "daemon-socket\ndb\ngcroots\nprofiles\n"


def test_what_the_first_process_is_told(foo):
    """Its environment has what the definition says of the network, as NixOS has it."""
    words = foo.sh(f"tr '\\0' '\\n' </proc/{leader(foo, 'foo')}/environ").splitlines()
    for word in "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2":
        assert word in words, words
    assert not any(word.startswith("SYSTEM_PATH=") for word in words), words
