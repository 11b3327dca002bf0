# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside the firewalls and the managers of links that hosts have: containers are masqueraded all the
same, once that is asked for, and whoever is in the way is named."""

import pytest
from passing import (OPTIONS, PUBLISHED, coexist, docker_chains, findings, firewalld, insist_on_masquerade,
                     insist_on_passing)  # fmt: skip
from world import HOST, OUTSIDE, eventually

NM_KEEPS_OFF = "/usr/lib/NetworkManager/conf.d/10-nixctr-net.conf"
DHCPCD_KEEPS_OFF = "/usr/lib/systemd/system/dhcpcd.service.d/10-nixctr-net.conf"
NETWORKD_KEEPS_OFF = "/usr/lib/systemd/network/10-nixctr-net.network"


@pytest.fixture(name="networked")
def networked_fixture(host):
    """A host with NAT and an attached container with a published port, whose packets pass."""
    host.ok("nat", "enable", "--external", "eth0")
    host.ok("create", "--no-system", "foo", *OPTIONS)
    host.ok("net", "up", "foo")
    insist_on_masquerade(host)
    return host


def insist_on_blocked(host, whom):
    """The container does not get outside, and "nat check" names the culprit and what mends it."""
    before = len(host.outside.log)
    assert host.cannot_connect(host.container_namespace("foo"), OUTSIDE)
    assert len(host.outside.log) == before
    [finding] = findings(host, 1).values()
    assert finding["id"] == "foreign-firewall" and whom in finding["what"], finding
    return finding


def our_table(host):
    """Our table as the kernel numbers it: made anew, it has another number, and so have its rules."""
    return host.sh("nft --handle --stateless --terse list table inet nixctr-net")


def test_firewalld(networked):
    """It rejects what it does not know; in its zone trusted containers pass, also after a reload."""
    firewalld(networked)
    finding = insist_on_blocked(networked, "firewalld")
    assert "table inet firewalld, chain filter_FORWARD" in finding["evidence"]
    ours = our_table(networked)
    assert finding["fix"] == "nixctr-net nat coexist --with firewalld"
    assert coexist(networked, "--dry-run") == {"firewalld": True}
    insist_on_blocked(networked, "firewalld")
    assert coexist(networked) == {"firewalld": True}
    insist_on_passing(networked)
    assert coexist(networked) == {"firewalld": False}
    # It deletes its own tables and no others: nobody has to put ours back.
    for again in ("firewall-cmd --reload", "firewall-cmd --complete-reload",
                  "systemctl reload firewalld", "systemctl restart firewalld"):  # fmt: skip
        networked.sh(f"{again}; firewall-cmd --quiet --state")
        insist_on_passing(networked)
        assert our_table(networked) == ours, again
    assert coexist(networked, "--remove") == {"firewalld": True}
    insist_on_blocked(networked, "firewalld")
    networked.sh("firewall-cmd --reload")
    insist_on_blocked(networked, "firewalld")
    assert networked.sh("firewall-cmd --permanent --zone=trusted --list-interfaces") == "\n"


def test_firewalld_that_lets_pass(networked):
    """With eth0 in the zone that links of nobody are in, they pass within that: nothing is said."""
    firewalld(networked)
    networked.sh("firewall-cmd --zone=public --add-interface=eth0")
    insist_on_passing(networked)
    networked.sh("firewall-cmd --zone=public --remove-forward")
    insist_on_blocked(networked, "firewalld")


def test_firewalld_with_other_wishes(networked):
    """Who has put the links into another zone is not overruled, but told."""
    firewalld(networked)
    networked.sh("firewall-cmd --zone=internal --add-interface=ve-+")
    refused = networked.nixctr("nat", "coexist", "--with", "firewalld")
    assert refused.rc == 4 and "another zone" in refused.stderr, refused
    # What failed is nothing to be taken back.
    assert coexist(networked, "--remove") == {}


def test_administrators_own_zone_stays(networked):
    """What was there before is not ours to take away."""
    firewalld(networked)
    for permanent in "", "--permanent":
        networked.sh(f"firewall-cmd {permanent} --zone=trusted --add-interface=ve-+")
    assert coexist(networked, "--with", "firewalld") == {"firewalld": False}
    assert coexist(networked, "--remove") == {}
    assert networked.sh("firewall-cmd --zone=trusted --list-interfaces") == "ve-+\n"


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_ufw(networked, kind):
    """It drops what is forwarded; a route rule lets it pass, also after a reload."""
    for program in "iptables", "ip6tables":
        networked.sh(f"update-alternatives --set {program} /usr/sbin/{program}-{kind}")
    networked.sh("ufw --force enable")
    finding = insist_on_blocked(networked, "ufw")
    assert ("iptables-legacy" in finding["evidence"]) == (kind == "legacy")
    assert finding["fix"] == "nixctr-net nat coexist --with ufw"
    assert coexist(networked) == {"ufw": True}
    insist_on_passing(networked)
    assert coexist(networked) == {"ufw": False}
    networked.sh("ufw reload")
    insist_on_passing(networked)
    assert coexist(networked, "--remove") == {"ufw": True}
    insist_on_blocked(networked, "ufw")
    assert "ve-+" not in networked.sh("ufw show added")


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_docker(networked, kind):
    """Its policy is to drop; it leaves a chain for others, where iptables shows our rules."""
    networked.sh(f"update-alternatives --set iptables /usr/sbin/iptables-{kind}")
    docker_chains(networked)
    before = networked.sh("iptables -S")
    finding = insist_on_blocked(networked, "Docker")
    assert "chain FORWARD" in finding["evidence"] and "policy" in finding["evidence"]
    assert "calls of published ports" in finding["what"], finding
    assert networked.cannot_connect(networked.outside.namespace, HOST, PUBLISHED)
    assert coexist(networked) == {"docker": True}
    insist_on_passing(networked)
    assert networked.sh("iptables -S DOCKER-USER").splitlines()[1:] == [
        "-A DOCKER-USER -i ve-+ -m comment --comment nixctr-net -j ACCEPT",
        "-A DOCKER-USER -o ve-+ -m conntrack --ctstate RELATED,ESTABLISHED,DNAT"
        " -m comment --comment nixctr-net -j ACCEPT",
        "-A DOCKER-USER -j RETURN",
    ]
    # Whoever makes the chain anew knows nothing of them: they come back with the next container, or
    # where nf_tables does not count changes, when they are asked for.
    networked.sh("iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
    insist_on_blocked(networked, "Docker")
    networked.ok(*("net", "up", "foo") if kind == "nft" else ("nat", "apply"))
    insist_on_passing(networked)
    assert coexist(networked, "--remove") == {"docker": True}
    assert networked.sh("iptables -S") == before
    insist_on_blocked(networked, "Docker")


def states(host):
    """{link: NetworkManager's state of it}."""
    told = host.run("nmcli", "--terse", "--fields", "DEVICE,STATE", "device").stdout
    return dict(line.split(":") for line in told.splitlines())


@pytest.fixture(name="taken")
def taken_fixture(networked):
    """A host whose udev does not keep NetworkManager off cables, as Debian's does."""
    networked.sh("ln -s /dev/null /etc/udev/rules.d/85-nm-unmanaged.rules; udevadm control --reload;"
                 " udevadm trigger --action=add --subsystem-match=net; udevadm settle")  # fmt: skip
    return networked


def test_networkmanager(taken):
    """Stock NetworkManager keeps off, and the container stays connected."""
    taken.sh("systemctl start NetworkManager")
    eventually(lambda: {"eth0", "ve-foo"} <= set(states(taken)), "it knows the links")
    assert states(taken)["ve-foo"] == "unmanaged"
    insist_on_passing(taken)


def test_networkmanager_is_named(taken):
    """Without our file it takes the cable, and "nat check" says so before the address is gone."""
    taken.sh(f"rm {NM_KEEPS_OFF}; systemctl start NetworkManager")
    eventually(lambda: states(taken).get("ve-foo", "unmanaged") != "unmanaged", "it takes ve-foo")
    finding = findings(taken)["networkmanager"]
    assert "ve-foo" in finding["what"] and f"{NM_KEEPS_OFF} is not there" in finding["cause"]


def networkd_state(host):
    """What networkd does with the cable, once it has made up its mind."""
    def state():
        told = host.run("networkctl", "--json=short", "status", "ve-foo")
        return told.json["AdministrativeState"] if told.rc == 0 else "pending"

    return eventually(lambda: (now := state()) not in ("pending", "initialized") and now,
                      "networkd has decided about ve-foo")  # fmt: skip


def test_networkd(networked):
    """Stock networkd keeps off, also when it restarts, and the container stays connected."""
    for _ in range(2):
        networked.sh("systemctl restart systemd-networkd")
        assert networkd_state(networked) == "unmanaged"
        insist_on_passing(networked)


def test_networkd_is_named(networked):
    """Without our file its own for such links wins, and "nat check" says which that is."""
    networked.sh(f"rm {NETWORKD_KEEPS_OFF}; systemctl restart systemd-networkd")
    eventually(lambda: networkd_state(networked) != "unmanaged", "networkd takes ve-foo")
    finding = findings(networked)["networkd"]
    assert "ve-foo" in finding["what"]
    assert "80-container-ve.network" in finding["evidence"], finding


def dhcpcd_takes(host, since):
    """The links that dhcpcd has begun to configure since then; that of eth0 goes on a second later."""
    def taken():
        host.sh("journalctl --sync")
        told = host.sh(f"journalctl --quiet --output=cat --unit=dhcpcd --since=@{since}")
        links = {line.split(":")[0] for line in told.splitlines() if ": IAID " in line}
        return "eth0: soliciting a DHCP lease" in told and links

    return eventually(taken, "dhcpcd has gone on with eth0")


def test_dhcpcd(networked):
    """Stock dhcpcd keeps off. Without our file it takes the cable, and "nat check" says so, as long as
    it runs as it was started; what its administrator writes counts with the next start."""
    networked.sh("echo 'denyinterfaces eth1 eth2' >>/etc/dhcpcd.conf; ip link add eth1 type veth peer name"
                 " eth2; ip link set eth1 up; ip link set eth2 up; systemctl start dhcpcd")  # fmt: skip
    assert dhcpcd_takes(networked, 0) == {"eth0"}
    insist_on_passing(networked)
    before = networked.sh("cat /etc/dhcpcd.conf")
    now = float(networked.sh("date +%s.%N"))
    networked.sh(f"rm {DHCPCD_KEEPS_OFF}; systemctl daemon-reload; systemctl restart dhcpcd")
    assert "ve-foo" in dhcpcd_takes(networked, now)
    finding = findings(networked)["dhcpcd"]
    assert DHCPCD_KEEPS_OFF in finding["cause"] and "restart dhcpcd" in finding["fix"]
    networked.sh("echo 'denyinterfaces ve-* vb-*' >>/etc/dhcpcd.conf; systemctl restart dhcpcd")
    assert "dhcpcd" not in findings(networked)
    assert networked.sh("cat /etc/dhcpcd.conf").startswith(before)
