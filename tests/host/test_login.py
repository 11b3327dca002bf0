# SPDX-License-Identifier: GPL-2.0-or-later
"""Login prompts of a container, for users of the host: by systemd-machined, which asks polkit."""

import pytest
from containers import NEVER_READY, inside, system_path
from host import Host
from terminal import on_terminal
from world import eventually

RULE = "/usr/share/polkit-1/rules.d/10-nixctr-net.rules"
OWN_RULE = "/etc/polkit-1/rules.d/00-test.rules"
LEAVE = "\x1d\x1d\x1d"
DENIED = 6


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for all. Its container foo runs, in which bob has an account."""
    with Host() as host:
        host.boot()
        host.ok("create", "foo", "--system-path", host.sh("cat /srv/system-path").strip())
        host.ok("start", "foo")
        inside(host, "foo", "useradd --create-home --shell /bin/sh bob; echo bob:sesame | chpasswd")
        yield host


def in_session(host, *words, steps=()):
    """Runs the program as alice, who has logged in to the host."""
    command = " ".join(["nixctr-net", *words])
    return on_terminal(host, "su", "--login", "alice", "--command", command, steps=steps)


def set_rules(host, script):
    """Changes the rules of polkit, and waits until it has read them."""
    host.sh(f"{script}; systemctl restart polkit")


def test_user_with_a_session_logs_in(host):
    """With the password of an account of the container, and becomes that user there."""
    status, said = in_session(host, "login", "foo", steps=[
        ("login:", "bob\r"), ("Password:", "wrong\r"), ("Login incorrect", ""),
        ("login:", "bob\r"), ("Password:", "sesame\r"),
        ("$", "echo $(id -un):$(tty):$((40+2)):$(cat /run/host/container-manager)\r"),
        (":42:systemd-nspawn", "exit\r"), ("login:", LEAVE)])  # fmt: skip
    assert status == 0 and "bob:/dev/pts/" in said, said
    assert host.ok("status", "foo").stdout == "up\n"


def test_root_needs_no_session(host):
    """... on the host, to get a prompt."""
    status, said = on_terminal(host, "nixctr-net", "login", "foo", steps=[("login:", LEAVE)])
    assert status == 0, said


def test_old_name_of_the_program(host):
    """Whoever calls it nixos-container gets the same."""
    status, said = on_terminal(host, "su", "--login", "alice", "--command",
                               "nixos-container login foo", steps=[("login:", LEAVE)])  # fmt: skip
    assert status == 0, said


def insist_on_refusal(said):
    """One line says who refuses, another what can be done."""
    lines = said.strip().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("nixctr-net: cannot log in to container 'foo': systemd-machined"), lines
    assert not lines[0].endswith("."), lines
    assert lines[1] == "  try: log in to this host first, or run it as root"


def test_user_without_a_session(host):
    """... does not get a prompt."""
    result = host.nixctr("login", "foo", user="alice")
    assert (result.rc, result.stdout) == (DENIED, ""), result
    insist_on_refusal(result.stderr)
    error = host.nixctr("--json", "login", "foo", user="alice").json["error"]
    assert (error["class"], error["code"]) == ("denied", DENIED)


@pytest.mark.parametrize("prepare, restore", [
    (f"mv {RULE} /srv", f"mv /srv/10-nixctr-net.rules {RULE}"),
    (f"echo 'polkit.addRule(function () {{ return polkit.Result.NO; }});' >{OWN_RULE}", f"rm {OWN_RULE}"),
], ids=["no-rule", "other-rule"])  # fmt: skip
def test_polkit_decides(host, prepare, restore):
    """Without our rule nobody gets one, and a rule of the administrator comes first."""
    set_rules(host, prepare)
    try:
        status, said = in_session(host, "login", "foo")
        assert status == DENIED, said
        insist_on_refusal(said)
    finally:
        set_rules(host, restore)
    status, said = in_session(host, "login", "foo", steps=[("login:", LEAVE)])
    assert status == 0, said


def test_without_polkit(host):
    """It is said, and root goes on."""
    host.sh("systemctl mask --runtime --now polkit")
    try:
        status, said = in_session(host, "login", "foo")
        assert status in (1, DENIED) and "cannot log in to container 'foo'" in said, said
        assert "as root" in said and len(said.strip().splitlines()) == 2, said
        status, said = on_terminal(host, "nixctr-net", "login", "foo", steps=[("login:", LEAVE)])
        assert status == 0, said
    finally:
        host.sh("systemctl unmask --runtime polkit")


def test_without_machined(host):
    """It is said that it is this that is missing."""
    host.sh("systemctl mask --runtime --now systemd-machined")
    try:
        status, said = in_session(host, "login", "foo")
        assert status == 1 and "systemd-machined" in said, said
        assert len(said.strip().splitlines()) == 2, said
    finally:
        host.sh("systemctl unmask --runtime systemd-machined; systemctl start systemd-machined")


def test_who_is_not_there(host):
    """... or does not run, has no prompt."""
    assert in_session(host, "login", "nobody")[0] == 3
    host.ok("create", "idle", "--system-path", host.sh("cat /srv/system-path").strip())
    status, said = in_session(host, "login", "idle")
    assert status == 1 and "it is not running" in said, said
    host.ok("destroy", "idle")


def test_in_mid_boot(host):
    """A container that never gets ready can be logged in to, to see why."""
    host.ok("create", "slow", "--system-path", system_path(host, NEVER_READY))
    host.sh("nixctr-net start slow >/dev/null 2>&1 &")
    state = ["systemctl", "--machine=slow", "is-active", "never.service"]
    eventually(lambda: host.run(*state).stdout == "activating\n", "it boots")
    status, said = in_session(host, "login", "slow", steps=[("login:", LEAVE)])
    assert status == 0, said
    host.ok("destroy", "slow")


def test_prompt_ends_with_the_container(host):
    """Whoever is at it is told when the container stops, and has his terminal back."""
    host.ok("create", "brief", "--system-path", host.sh("cat /srv/system-path").strip())
    host.ok("start", "brief")
    inside(host, "brief", "passwd --delete root")
    status, said = on_terminal(host, "nixctr-net", "login", "brief", steps=[
        ("login:", "root\r"), ("#", "systemctl poweroff\r")])  # fmt: skip
    assert status == 0, said
    host.ok("destroy", "brief")
