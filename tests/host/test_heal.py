# SPDX-License-Identifier: GPL-2.0-or-later
"""With the watcher beside firewalls and managers of links: whoever flushes or reloads, masquerade,
published ports and pinning are there again, how long that took is told, and the journal names who it
was. And the same after a reboot."""

import re
import time

import pytest
from containers import create, wait_ready
from passing import OPTIONS, coexist, docker_chains, firewalld, insist_on_passing
from test_watch import said
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, eventually

# How each host comes to be one.
HOSTS = {
    "networkmanager": lambda host: host.sh("systemctl start NetworkManager"),
    "networkd": lambda host: host.sh("systemctl restart systemd-networkd"),
    "firewalld": firewalld,
    "docker": docker_chains,
    "ufw": lambda host: host.sh("ufw --force enable"),
}
# Who the kernel says has committed, for what deletes our table.
CULPRITS = {"nft flush ruleset": "nft", "systemctl restart nftables": "nft"}
HEALED = r"rules put back in (.*) ms: {} \(pid \d+\) had deleted table inet nixctr-net"


def heals(host, change, culprit):
    """Changes the host; returns the watcher's count and ours of the milliseconds until all is well."""
    before = len(re.findall(HEALED.format(culprit), said(host)))
    host.sh(change)
    since = time.monotonic()
    # As the host: until the rules are back it may get out under its own address.
    eventually(lambda: all(host.connect_from(host.container_namespace("foo"), outside, timeout=0.2) == seen
                           for outside, seen in ((OUTSIDE, HOST), (OUTSIDE6, HOST6))),
               f"it gets out after {change}")  # fmt: skip
    out = 1000 * (time.monotonic() - since)
    insist_on_passing(host)
    times = eventually(lambda: re.findall(HEALED.format(culprit), said(host))[before:],
                       f"the journal names {culprit} after {change}")  # fmt: skip
    return float(times[0]), out


@pytest.mark.parametrize("kind", HOSTS)
def test_healed(host, kind, tell):
    """Everything works again on each of these hosts after a flush and a restart of nftables."""
    host.ok("nat", "enable", "--external", "eth0")
    host.ok("create", "--no-system", "foo", *OPTIONS)
    host.ok("net", "up", "foo")
    HOSTS[kind](host)
    if kind in ("firewalld", "docker", "ufw"):
        assert coexist(host) == {kind: True}
    host.sh("systemctl enable --now nixctr-net-watch")
    insist_on_passing(host)
    for change, culprit in CULPRITS.items():
        watcher, out = heals(host, change, culprit)
        assert watcher < 5000
        tell(f"{kind}: {change}: by {culprit}, rules back in {watcher:.1f} ms; a call out answered"
             f" {out:.1f} ms after the command")  # fmt: skip


def test_firewalld_reloads(host, tell):
    """It leaves our table alone, so nothing is to be healed and nobody to be named; after a flush it has to
    be started anew, and all works beside it, too."""
    host.ok("nat", "enable", "--external", "eth0")
    host.ok("create", "--no-system", "foo", *OPTIONS)
    host.ok("net", "up", "foo")
    firewalld(host)
    coexist(host)
    host.sh("systemctl enable --now nixctr-net-watch")
    since = time.monotonic()
    host.sh("firewall-cmd --reload")
    insist_on_passing(host)
    tell(f"firewall-cmd --reload: all works {time.monotonic() - since:.2f} s after its begin")
    assert "rules put back" not in said(host)
    host.sh("nft flush ruleset")
    firewalld(host, "restart")
    insist_on_passing(host)
    assert host.sh("nft list table inet firewalld")
    found = eventually(lambda: re.findall(HEALED.format("nft"), said(host)), "the journal names nft")
    tell(f"nft flush ruleset; systemctl restart firewalld: rules back in {found[0]} ms")


def test_reboot(host):
    """A container that starts with the host, with NAT and a port, is there again after a reboot."""
    host.ok("nat", "enable", "--external", "eth0")
    create(host, "foo", "--auto-start", *OPTIONS)
    host.ok("start", "foo")
    insist_on_passing(host)
    host.reboot()
    wait_ready(host, "foo")
    insist_on_passing(host)
