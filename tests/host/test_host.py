# SPDX-License-Identifier: GPL-2.0-or-later
"""The throwaway Debian itself: what the other tests rely on."""

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


def test_machine_keeps_its_settings(host):
    """What the kernel has once for all is not touched by the host's boot."""
    knobs = [path for below in ("kernel", "fs", "vm") for path in
             pathlib.Path("/proc/sys", below).rglob("*") if path.is_file()]  # fmt: skip

    def values():
        for knob in knobs:
            try:
                yield knob, knob.read_text(encoding="ascii")
            except OSError:
                pass

    changing = ("random", "dentry-state", "file-nr", "inode-nr", "inode-state", "ns_last_pid")
    before = {knob: value for knob, value in values() if not set(changing) & set(knob.parts)}
    host.reboot()
    assert {knob: value for knob, value in values() if knob in before} == before


@pytest.mark.parametrize("how", ["power_cycle", "reboot"])
def test_disk_outlives_a_boot(host, how):
    """... and what was on it only; the cable works again."""
    host.sh("echo kept >/root/file; touch /run/lost; ip link add br9 type bridge")
    getattr(host, how)()
    assert host.sh("cat /root/file") == "kept\n"
    assert host.run("ls", "/run/lost").rc != 0
    test_it_has_a_network_of_its_own(host)
    test_everything_has_started(host)
