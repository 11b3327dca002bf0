# SPDX-License-Identifier: GPL-2.0-or-later
"""The watcher as a service, and what there is for hosts that want nothing resident."""

import re

import pytest
from world import HOST, OUTSIDE, eventually


@pytest.fixture(name="busy")
def busy_fixture(host):
    """The host with an attached container and NAT."""
    host.ok("create", "--no-system", "web")
    host.ok("net", "up", "web")
    host.ok("nat", "enable", "--external", "auto")
    return host


def gets_out(host):
    """Whether the container is seen outside, as the host."""
    return host.connect_from(host.container_namespace("web"), OUTSIDE) == HOST


def said(host, unit="nixctr-net-watch"):
    """What a unit has logged in this boot."""
    return host.sh(f"journalctl --sync; journalctl --quiet --boot --output=cat --unit={unit}")


def test_service_heals(busy):
    """Enabled, it puts back what is flushed, and the journal names the culprit and the time."""
    before = busy.ruleset()
    busy.sh("systemctl enable --now nixctr-net-watch")
    busy.sh("nft flush ruleset; ip link set ve-web down")
    eventually(lambda: busy.ruleset() == before, "the rules are back")
    eventually(lambda: gets_out(busy), "the container gets out")
    found = eventually(lambda: re.search(
        r"rules put back in (.*) ms: nft \(pid \d+\) had deleted table inet nixctr-net", said(busy)),
        "the journal says so")  # fmt: skip
    assert float(found[1]) < 5000
    eventually(lambda: "network of container 'web' put back" in said(busy), "and of the cable, too")
    print(found[0])


def test_service_in_its_confinement(busy):
    """It can do all its work with the little it may do, and says if it may not; it is killed and comes
    again; at the next boot it is there."""
    busy.sh("systemctl enable --now nixctr-net-watch")
    level = busy.sh("systemd-analyze security --no-pager nixctr-net-watch | tail -1")
    assert float(re.search(r": ([0-9.]+)", level)[1]) < 3, level
    busy.ok("create", "--no-system", "later", "--port", "8080:80",
            "--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2")  # fmt: skip
    busy.ok("net", "up", "later")
    before = busy.ruleset()
    for change in ["ip link delete ve-later", "ip link set eth0 mtu 1400", "nft flush ruleset",
                   "sysctl -qw net.ipv4.conf.eth0.forwarding=0", "ip address flush dev ve-web",
                   "nft flush map inet nixctr-net forwards4"]:  # fmt: skip
        busy.sh(change)
        eventually(lambda: busy.ruleset() == before, f"rules are right after {change}")
        eventually(lambda: not busy.ok("nat", "show", "--json").json["drift"], f"NAT after {change}")
        for name in "web", "later":
            eventually(lambda: not busy.ok("net", "show", name, "--json").json["drift"],
                       f"{name} is right after {change}")  # fmt: skip
    assert "cannot" not in said(busy), said(busy)
    pid = busy.sh("systemctl show -P MainPID nixctr-net-watch").strip()
    busy.sh(f"kill -9 {pid}")
    eventually(lambda: busy.sh("systemctl show -P MainPID nixctr-net-watch").strip() not in (pid, "0"),
               "it is started again")  # fmt: skip
    eventually(lambda: busy.run("systemctl", "is-active", "nixctr-net-watch").rc == 0, "it watches")
    busy.sh("systemctl reload nixctr-net-watch; systemctl stop nixctr-net-watch")
    assert busy.sh("systemctl show -P Result nixctr-net-watch") == "success\n"
    busy.reboot()
    assert busy.sh("systemctl is-active nixctr-net-watch") == "active\n"


def test_service_owns_the_table(busy):
    """In its confinement, too: nobody else can change it, our commands can, and a stop lets it go."""
    busy.sh("mkdir -p /etc/nixctr-net; printf '[nat]\\nown_table = yes\\n' >/etc/nixctr-net/nixctr-net.conf;"
            " systemctl enable --now nixctr-net-watch")  # fmt: skip
    owned = lambda: busy.ok("nat", "show", "--json").json["table"]["owned"]  # noqa: E731
    eventually(owned, "the table is owned")
    before = busy.ruleset()
    busy.sh("nft flush ruleset")
    assert busy.ruleset() == before and gets_out(busy)
    assert busy.run("nft", "delete", "table", "inet", "nixctr-net").rc != 0
    busy.ok("nat", "forward", "add", "web", "8080:80")
    assert busy.ok("nat", "forward", "list", "--json").json["forwards"]
    busy.sh("systemctl stop nixctr-net-watch")
    eventually(lambda: not owned(), "it is let go")
    assert "cannot" not in said(busy), said(busy)


def test_nothing_resident(busy):
    """The other unit puts the rules back after nftables.service was started, restarted and reloaded."""
    busy.sh("systemctl enable --now nixctr-net-apply")
    ours = ["table", "inet", "nixctr-net"]
    before = busy.run("nft", "--stateless", "list", *ours).stdout
    for verb in "start", "restart", "reload", "stop", "start":
        busy.sh("nft flush ruleset")
        busy.sh(f"systemctl {verb} nftables")
        if verb == "stop":
            assert busy.ruleset() == ""
            continue
        eventually(lambda: busy.run("nft", "--stateless", "list", *ours).stdout == before,
                   f"the rules are back after {verb}")  # fmt: skip
        assert gets_out(busy)
    assert "rules put back" in said(busy, "nixctr-net-apply")


def since_boot(host, unit, which):
    """When something was so with a unit, in microseconds."""
    return int(host.sh(f"systemctl show --property={which}TimestampMonotonic --value {unit}"))


def test_nothing_resident_beside_firewalld(busy):
    """It does so behind firewalld.service, too: once that is up, and never before."""
    busy.sh("systemctl enable nixctr-net-apply")
    ours = ["table", "inet", "nixctr-net"]
    before = busy.run("nft", "--stateless", "list", *ours).stdout
    for verb in "start", "restart", "reload":
        busy.sh("nft delete table inet nixctr-net")
        busy.sh(f"systemctl {verb} firewalld; firewall-cmd --quiet --state")
        eventually(lambda: busy.run("nft", "--stateless", "list", *ours).stdout == before,
                   f"the rules are back after {verb}")  # fmt: skip
        if verb != "reload":
            eventually(lambda: since_boot(busy, "nixctr-net-apply-firewalld", "ActiveEnter"), "it has done so")
            up = since_boot(busy, "firewalld", "ActiveEnter")
            assert since_boot(busy, "nixctr-net-apply-firewalld", "InactiveExit") >= up, verb
    assert "rules put back" in said(busy, "nixctr-net-apply-firewalld")
    busy.sh("systemctl stop firewalld")
    assert busy.run("systemctl", "is-active", "nixctr-net-apply-firewalld").rc != 0
