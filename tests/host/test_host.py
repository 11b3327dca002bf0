# SPDX-License-Identifier: GPL-2.0-or-later
"""The throwaway Debian itself: what the other tests rely on."""

import contextlib
import pathlib

import pytest
from world import HOST, OUTSIDE, eventually


def test_everything_has_started(host):
    """systemd is PID 1, and no unit of the host has failed."""
    assert host.sh("cat /proc/1/comm") == "systemd\n"
    assert host.run("systemctl", "--failed", "--no-legend").stdout == ""
    assert host.sh("systemctl is-system-running") == "running\n"


def test_it_has_a_network_of_its_own(host):
    """One cable, which leads to the outside and which /sys knows as well; no rules."""
    assert host.links() == ["eth0", "lo"]
    assert host.sh("ls /sys/class/net").split() == ["eth0", "lo"]
    assert host.ruleset() == ""
    assert host.connect_from(host.namespace, OUTSIDE) == HOST


def test_commands_run_in_a_session(host):
    """In a control group of the host's own systemd, as root or as somebody else."""
    assert host.sh("cat /proc/self/cgroup | grep ^0").strip().endswith("/test-session.service")
    assert host.sh("id -un; pwd; echo $HOME", user="alice") == "alice\n/\n/home/alice\n"
    assert host.run("cat", stdin="text").stdout == "text"
    assert host.run("sh", "-c", "exit 7").rc == 7


def test_nix_builds_offline(host):
    """... and machined, udev and the journal are there."""
    path = host.sh("nix-build --no-out-link -I nixos-config=/srv/configuration.nix"
                   " '<nixpkgs/nixos>' -A system")  # fmt: skip
    assert path == host.sh("cat /srv/system-path")
    assert host.sh("machinectl --no-legend list") == ""
    assert "ID_NET_DRIVER=veth" in host.sh("udevadm info /sys/class/net/eth0")
    host.sh("logger -t test said-this")
    eventually(lambda: "said-this" in host.journal(), "it is in the journal")


def settings():
    """What the kernel has once for all namespaces and lets root set, {"path value"}."""
    for path in (each for below in ("kernel", "fs", "vm")
                 for each in pathlib.Path("/proc/sys", below).rglob("*")):  # fmt: skip
        if path.is_file() and path.stat().st_mode & 0o600 == 0o600 and path.name != "ns_last_pid":
            with contextlib.suppress(OSError):
                yield f"{path} {path.read_text(encoding='ascii')}"


def test_machine_keeps_its_settings(host):
    """A boot of the host does not touch them."""
    before = set(settings())
    host.reboot()
    assert set(settings()) ^ before == set()


@pytest.mark.parametrize("how", ["power_cycle", "reboot"])
def test_disk_outlives_a_boot(host, how):
    """... and what was on it only; the cable works again."""
    host.sh("echo kept >/root/file; touch /run/lost; ip link add br9 type bridge")
    getattr(host, how)()
    assert host.sh("cat /root/file") == "kept\n"
    assert host.run("ls", "/run/lost").rc != 0
    test_it_has_a_network_of_its_own(host)
    test_everything_has_started(host)
