# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers that systemd runs: start, stop, terminate and what can come between."""

import json
import re
import threading

import pytest
from world import eventually

# Reaches multi-user.target when /go is there, and not before.
WAITING = """{ ... }: {
  boot.isContainer = true;
  environment.etc."systemd/system/wait.service".text = ''
    [Unit]
    Description=waits-for-go
    [Service]
    Type=oneshot
    ExecStart=/bin/sh -c 'until [ -e /go ]; do sleep 0.1; done'
  '';
  environment.etc."systemd/system/multi-user.target.d/wait.conf".text = ''
    [Unit]
    Wants=wait.service
    After=wait.service
  '';
}
"""


def define(host, name, *extra, system=None, options=()):
    """Creates a container of that system; more lines for its definition may be given."""
    host.ok("create", name, *options)
    lines = [f"SYSTEM_PATH={system or host.sh('cat /srv/system-path').strip()}", *extra]
    path = f"/etc/nixos-containers/{name}.conf"
    host.sh(f"sed -i '/^SYSTEM_PATH=/d' {path}; cat >>{path}; systemctl daemon-reload",
            stdin="\n".join(lines) + "\n")  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_defined(host):
    """What a test leaves behind does not concern the next one."""
    yield
    for name in host.ok("list").stdout.split():
        host.ok("destroy", name)
    host.sh("systemctl daemon-reload")


@pytest.fixture
def waiting(host):
    """A system whose boot waits."""
    host.sh("cat >/root/waiting.nix", stdin=WAITING)
    return host.sh("nix-build --no-out-link -I nixos-config=/root/waiting.nix"
                   " '<nixpkgs/nixos>' -A system").strip()  # fmt: skip


@pytest.fixture
def web(host):
    """A container that is defined and does not run."""
    define(host, "web")
    return "web"


def shown(host, name, prop):
    """A property of a container's unit."""
    return host.sh(f"systemctl show -P {prop} container@{name}.service").strip()


def status(host, name):
    """What the program says of a container, for programs."""
    return json.loads(host.ok("--json", "status", name).stdout)


def until(host, name, state):
    """Waits until a container is in that state."""
    eventually(lambda: status(host, name)["state"] == state, f"{name} is {state}")


class Running(threading.Thread):
    """A call of the program that is not waited for yet."""

    def __init__(self, host, *arguments):
        super().__init__(daemon=True)
        self.host, self.arguments, self.result = host, arguments, None
        self.start()

    def run(self):
        self.result = self.host.nixctr(*self.arguments)

    def end(self):
        """Waits for its result."""
        self.join(120)
        assert self.result, f"{self.arguments} does not end"
        return self.result


def nothing_left(host, name):
    """Neither unit nor machine, control group, link or namespace of a container is there."""
    assert shown(host, name, "ActiveState") == "inactive"
    assert f"ve-{name}" not in host.links()
    assert host.run("ip", "netns", "list").stdout.split() == []
    assert "nspawn" not in host.sh("ps -e -o comm")
    return host.run("machinectl", "--no-legend").stdout == ""


def test_start_and_stop(host, web):
    """start returns when it is ready; asked again there is nothing to do."""
    assert host.ok("status", web).stdout == "down\n"
    host.ok("start", web)
    assert shown(host, web, "ActiveState") == "active"
    assert host.ok("status", web).stdout == "up\n"
    pid = status(host, web)["main_pid"]
    assert str(pid) == shown(host, web, "MainPID")
    assert json.loads(host.ok("--json", "start", web).stdout)["containers"] == [
        {"name": web, "changed": False}]  # fmt: skip
    assert status(host, web)["main_pid"] == pid
    host.ok("restart", web)
    assert status(host, web)["main_pid"] != pid
    host.ok("stop", web)
    eventually(lambda: nothing_left(host, web), "machined has noticed")
    assert json.loads(host.ok("--json", "stop", web).stdout)["containers"] == [
        {"name": web, "changed": False}]  # fmt: skip
    host.ok("restart", web)
    assert host.ok("status", web).stdout == "up\n"


def test_terminate(host, web):
    """At once, without the container being asked, and it is not started again."""
    host.ok("start", web)
    host.ok("terminate", web)
    eventually(lambda: nothing_left(host, web), "machined has noticed")
    assert shown(host, web, "SubState") == "dead"
    assert host.ok("terminate", web).rc == 0


def test_unit_is_what_it_should_be(host, web):
    """What systemd does with a container that our steps do not do."""
    for name, value in {
        "Type": "notify", "KillMode": "mixed", "KillSignal": "15", "Delegate": "yes",
        "DevicePolicy": "closed", "Slice": "machine.slice", "Restart": "on-failure",
        "RestartForceExitStatus": "133", "SuccessExitStatus": "133", "TimeoutStartUSec": "1min",
        "PartOf": "machines.target",
    }.items():  # fmt: skip
        assert shown(host, web, name) == value, name


def test_unknown(host):
    """Exit 3, whatever is asked of it."""
    for verb in ("start", "stop", "restart", "terminate", "login"):
        result = host.nixctr(verb, "nobody")
        assert (result.rc, "there is no container 'nobody'" in result.stderr) == (3, True), result


def test_ordinary_user(host, web):
    """May look, and is told who may do more."""
    assert host.nixctr("status", web, user="alice").stdout == "down\n"
    result = host.nixctr("start", web, user="alice")
    assert result.rc == 6 and "try: run it as root" in result.stderr, result
    host.ok("start", web)
    assert host.nixctr("stop", web, user="alice").rc == 6
    assert host.nixctr("status", web, user="alice").stdout == "up\n"


def test_failure_tells_why(host):
    """... with the lines that the unit logged, for people and for programs."""
    define(host, "web", system="/nix/store/nothing")
    result = host.nixctr("start", "web")
    assert result.rc == 1, result
    assert "cannot start container 'web': systemd-nspawn ended with exit status 1" in result.stderr
    assert re.search(r"  log: .*/nix/store/nothing/init: No such file", result.stderr), result
    assert "try: journalctl -u container@web.service" in result.stderr
    host.ok("terminate", "web")
    error = json.loads(host.nixctr("--json", "start", "web").stdout)["error"]
    assert any("/nix/store/nothing/init" in line for line in error["log"]), error
    host.ok("destroy", "web")
    assert shown(host, "web", "ActiveState") == "inactive"


def test_time_out(host, waiting):
    """A container that does not get ready in its time; the log has what it said last."""
    define(host, "web", "TIMEOUT_START=1h", system=waiting)
    assert shown(host, "web", "TimeoutStartUSec") == "1h"
    start = Running(host, "start", "web")
    eventually(lambda: said(host, "web").partition("Welcome")[2].count("\n") > 4, "its systemd has said a lot")
    host.sh("sed -i 's/^TIMEOUT_START=.*/TIMEOUT_START=3s/' /etc/nixos-containers/web.conf; systemctl daemon-reload")
    result = start.end()
    assert result.rc == 1 and "it was not ready within 3 s (timeout)" in result.stderr, result
    assert result.stderr.count("  log: ") > 3 and "\033" not in result.stderr
    host.ok("destroy", "web")
    eventually(lambda: nothing_left(host, "web"), "machined has noticed")


def said(host, name):
    """What the unit of a container has logged in this run."""
    run = shown(host, name, "InvocationID")
    return host.sh(f"journalctl --no-pager INVOCATION_ID={run} + _SYSTEMD_INVOCATION_ID={run}")


def test_stop_in_the_first_moment(host):
    """Its systemd does not listen yet: the request is repeated, and not the time-out waited for."""
    define(host, "web", system=early(host))
    start = Running(host, "start", "web")
    eventually(lambda: "stage-two" in said(host, "web"), "its init runs")
    stop = Running(host, "stop", "web")
    until(host, "web", "stopping")
    host.sh("touch /var/lib/nixos-containers/web/go")
    assert stop.end().rc == 0, stop.result
    assert start.end().rc == 1
    assert "'stop-sigterm' timed out" not in host.journal(500)


def early(host):
    """A system whose init waits before it becomes systemd."""
    host.sh("cat >/root/early.nix", stdin="""{ ... }: { boot.isContainer = true;
      boot.postBootCommands = "echo stage-two; until [ -e /go ]; do sleep 0.1; done"; }""")
    return host.sh("nix-build --no-out-link -I nixos-config=/root/early.nix"
                   " '<nixpkgs/nixos>' -A system").strip()  # fmt: skip


@pytest.mark.parametrize("how", ["stop", "terminate", "destroy"])
def test_in_mid_boot(host, waiting, how):
    """A container that is still booting can be stopped, and who waits for it is told."""
    define(host, "web", system=waiting)
    start = Running(host, "start", "web")
    until(host, "web", "starting")
    eventually(lambda: "waits-for-go" in said(host, "web"), "it boots")
    assert host.ok("status", "web").stdout == "down\n"
    host.ok(how, "web")
    result = start.end()
    assert result.rc == 1 and "cannot start container 'web'" in result.stderr, result
    eventually(lambda: nothing_left(host, "web"), "machined has noticed")


def test_start_waits_for_a_start(host, waiting):
    """Two callers: both return when it is ready."""
    define(host, "web", system=waiting)
    calls = [Running(host, "start", "web") for _ in range(2)]
    until(host, "web", "starting")
    host.sh("touch /var/lib/nixos-containers/web/go")
    assert [call.end().rc for call in calls] == [0, 0]


def test_without_machined(host, web):
    """All but login goes on while machined is down and cannot be started."""
    host.ok("start", web)
    host.sh("systemctl mask --runtime --now systemd-machined.service")
    try:
        for verb in ("stop", "start", "restart", "terminate", "start", "status"):
            host.ok(verb, web)
        assert host.ok("run", web, "--", "echo", "here").stdout == "here\n"
        assert host.nixctr("login", web).rc == 1
        host.ok("destroy", web)
    finally:
        host.sh("systemctl unmask --runtime systemd-machined.service")
    eventually(lambda: nothing_left(host, web), "nothing is left")


def test_without_dbus(host, web):
    """The same without the D-Bus daemon: root talks to systemd directly."""
    host.ok("start", web)
    host.sh("systemctl stop dbus.socket dbus.service")
    try:
        for verb in ("stop", "start", "restart", "terminate", "start", "status", "show-ip"):
            host.ok(verb, web)
        assert host.ok("run", web, "--", "echo", "here").stdout == "here\n"
        host.ok("update", web, "--system-path", host.sh("cat /srv/system-path").strip())
        host.ok("create", "other", "--auto-start", "--system-path", host.sh("cat /srv/system-path").strip())
        assert "container@other.service" in shown_target(host, "machines.target")
        host.ok("start", "other")
        host.ok("destroy", "other")
        result = host.nixctr("login", web)
        assert result.rc == 1 and "cannot connect to the system bus" in result.stderr, result
        result = host.nixctr("status", web, user="alice")
        assert result.rc == 1 and "cannot connect to the system bus" in result.stderr, result
    finally:
        host.sh("systemctl start dbus.socket dbus.service")
    host.ok("stop", web)


def test_systemd_executes_itself_anew(host, waiting):
    """... while somebody waits for it: the job is found again."""
    define(host, "web", system=waiting)
    start = Running(host, "start", "web")
    until(host, "web", "starting")
    host.sh("systemctl daemon-reexec")
    host.sh("touch /var/lib/nixos-containers/web/go")
    assert start.end().rc == 0, start.result
    assert host.ok("status", "web").stdout == "up\n"


def test_killed_nspawn(host, web):
    """kill -9 of systemd-nspawn: systemd starts it again, and machined does not object."""
    host.ok("start", web)
    for _ in range(3):
        pid = shown(host, web, "MainPID")
        host.sh(f"kill -9 {pid}")
        eventually(lambda old=pid: shown(host, web, "ActiveState") == "active"
                   and shown(host, web, "MainPID") not in ("0", old), "it is up again")  # fmt: skip
    assert shown(host, web, "NRestarts") == "3"
    assert "already exists" not in host.journal(500)
    assert "web" in host.run("machinectl", "--no-legend").stdout


def test_reboot_from_inside(host, web):
    """A container that reboots is started again; one that powers off is not."""
    host.ok("start", web)
    pid = shown(host, web, "MainPID")
    host.sh(f"nsenter --all --target $(cat /proc/{pid}/task/{pid}/children) systemctl reboot")
    eventually(lambda: shown(host, web, "ActiveState") == "active"
               and shown(host, web, "MainPID") not in ("0", pid), "it has rebooted")  # fmt: skip
    pid = shown(host, web, "MainPID")
    host.sh(f"nsenter --all --target $(cat /proc/{pid}/task/{pid}/children) systemctl poweroff")
    until(host, web, "down")
    assert shown(host, web, "Result") == "success"


def test_several_at_once(host):
    """--all: each is started, one that cannot be is reported and does not keep the others."""
    names = [f"c{number}" for number in range(1, 6)]
    for name in names:
        define(host, name)
    define(host, "bad", system="/nix/store/nothing")
    result = host.nixctr("start", "--all")
    assert result.rc == 1 and "container 'c" not in result.stderr, result
    assert result.stderr.startswith("nixctr-net: cannot start container 'bad'"), result
    for name in names:
        assert host.ok("status", name).stdout == "up\n"
    host.ok("destroy", "bad")
    told = json.loads(host.ok("--json", "stop", "--all").stdout)["containers"]
    assert {one["name"] for one in told if one["changed"]} == set(names)
    eventually(lambda: nothing_left(host, "c1"), "machined has noticed")


@pytest.mark.parametrize("how", ["reboot", "power_cycle"])
def test_starts_with_the_host(host, how):
    """AUTO_START=1, by the generator; with the same address."""
    define(host, "web", options=["--auto-start"])
    define(host, "idle")
    assert "container@web.service" in shown_target(host, "machines.target")
    assert "container@idle.service" not in shown_target(host, "machines.target")
    address = host.ok("show-ip", "web").stdout
    getattr(host, how)()
    until(host, "web", "up")
    assert host.ok("show-ip", "web").stdout == address
    assert host.ok("status", "idle").stdout == "down\n"


def shown_target(host, target):
    """What a target wants."""
    return host.sh(f"systemctl show -P Wants {target}").split()


def test_definition_reaches_the_unit(host):
    """Devices, other mounts and links of the host, as systemd has understood them."""
    define(host, "web", "ALLOWED_DEVICES='/dev/fuse:rw /dev/kvm /etc/passwd:rw'",
           "BIND='/srv/with\\ blank:/a /srv/b%n'", "BIND_RO=/srv/ro",
           "EXTRA_NSPAWN_FLAGS='--bind=/srv/x:/x --bind-ro /srv/y'",
           "INTERFACES=br-lan", "MACVLANS=eth0")  # fmt: skip
    devices = shown(host, "web", "DeviceAllow")
    assert "/dev/fuse rw" in devices and "/dev/kvm rwm" in devices and "passwd" not in devices
    mounts = shown(host, "web", "RequiresMountsFor")
    for path in ("/srv/with\\ blank", "/srv/b%n", "/srv/ro", "/srv/x", "/srv/y",
                 "/var/lib/nixos-containers/web"):  # fmt: skip
        assert path in mounts.replace("\\x20", "\\ ") or path.replace("\\", "") in mounts, mounts
    wants = shown(host, "web", "Wants").replace("\\\\", "\\")
    assert r"sys-subsystem-net-devices-br\x2dlan.device" in wants, wants
    assert "sys-subsystem-net-devices-eth0.device" in wants


def test_backup_of_the_book(host):
    """The timer is there without another command; its service can do its work with the little it may
    do, and does nothing when nothing has changed."""
    kept = "/var/lib/nixctr-net/ipam.db.backup"
    assert "nixctr-net-backup.timer" in shown_target(host, "timers.target")
    level = host.sh("systemd-analyze security --no-pager nixctr-net-backup | tail -1")
    assert float(re.search(r": ([0-9.]+)", level)[1]) < 2, level
    host.ok("create", "--no-system", "web")
    host.sh(f"touch -d 2026-01-01 /var/lib/nixctr-net/ipam.db; systemctl start nixctr-net-backup; test -s {kept}")
    inode = host.sh(f"stat -c %i {kept}")
    host.sh("systemctl start nixctr-net-backup")
    assert host.sh(f"stat -c %i {kept}") == inode
    host.ok("create", "--no-system", "other")
    host.sh("systemctl start nixctr-net-backup")
    assert host.sh(f"stat -c %i {kept}") != inode
    host.sh("truncate -s 999 /var/lib/nixctr-net/ipam.db")
    assert host.run("systemctl", "start", "nixctr-net-backup").rc != 0
    assert host.ok("ipam", "restore", "--json").json["leases"] == 2
