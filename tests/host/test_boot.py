# SPDX-License-Identifier: GPL-2.0-or-later
"""The network is complete before a container's first instruction."""

import pytest
from containers import FIRST_PROCESS, NEEDS_NETWORK, ROOTS, create, inside, system_path, unit_state
from world import HOST


def root_file(host, name, path):
    """The text of a file below a container's root directory."""
    return host.sh(f"cat {ROOTS}/{name}/{path}")


def test_first_process_has_the_network(host):
    """PID 1 itself, before systemd, reaches the host and the world."""
    host.ok("nat", "enable", "--external", "eth0")
    create(host, "foo", configuration=FIRST_PROCESS)
    host.ok("start", "foo")
    assert root_file(host, "foo", "root/first-host") == "0 1\n"
    assert root_file(host, "foo", "root/first-outside") == "0 1\n"


def test_first_process_would_notice(host):
    """Without NAT it does not reach the world, and says so: the test above can fail."""
    create(host, "foo", configuration=FIRST_PROCESS)
    host.ok("start", "foo")
    assert root_file(host, "foo", "root/first-host") == "0 1\n"
    assert root_file(host, "foo", "root/first-outside") == "1 1\n"


def test_boot_may_need_the_network(host):
    """A service that fetches from outside before multi-user.target: start succeeds."""
    host.ok("nat", "enable", "--external", "eth0")
    create(host, "foo", configuration=NEEDS_NETWORK)
    host.ok("start", "foo")
    assert root_file(host, "foo", "root/fetched") == f"{HOST}\n"
    assert host.outside.peers == [HOST]


# What NixOS's own unit does, in our words: the host's end gets its addresses when the container is
# ready, and its first process gives eth0 the others.
ADDRESSED_WHEN_READY = """
[Service]
Type=notify
TimeoutStartSec=5
Delegate=yes
KillMode=mixed
ExecStart=systemd-nspawn --keep-unit --notify-ready=yes --machine=foo --directory={root} \
    --bind-ro=/nix/store --network-veth {system}/init
ExecStartPost=ip address add 10.233.1.1 peer 10.233.1.2 dev ve-foo
ExecStartPost=ip link set ve-foo up
"""
ADDRESSES_ITSELF = """
boot.postBootCommands = ''
    [ -e /sys/class/net/eth0 ] || ip link set host0 name eth0
    ip link set eth0 up
    ip address add 10.233.1.2 dev eth0
    ip route add 10.233.1.1 dev eth0
    ip route add default via 10.233.1.1
'';
"""


def test_boot_may_not_need_it_where_addresses_come_late(host):
    """The same container times out in a unit that has the order of NixOS's own."""
    host.ok("nat", "enable", "--external", "eth0")
    path = system_path(host, NEEDS_NETWORK + ADDRESSES_ITSELF)
    root = "/var/lib/machines/foo"
    text = ADDRESSED_WHEN_READY.format(root=root, system=path)
    host.sh(f"mkdir -p {root}/usr {root}/etc; touch {root}/etc/os-release;"
            "cat >/etc/systemd/system/late.service; systemctl daemon-reload", stdin=text)  # fmt: skip
    result = host.run("systemctl", "start", "late.service")
    assert result.rc != 0
    assert host.sh("systemctl show late.service --property=Result --value") == "timeout\n"
    assert not host.outside.peers


def test_network_is_the_same_inside(host):
    """eth0 and lo, addressed and routed, and CAP_NET_ADMIN to change them."""
    create(host, "foo")
    host.ok("start", "foo")
    assert inside(host, "foo", "ls /sys/class/net").split() == ["eth0", "lo"]
    assert " 10.233.1.2 peer 10.233.1.1/32 " in inside(host, "foo", "ip -o -4 address show eth0")
    assert "default via 10.233.1.1" in inside(host, "foo", "ip route")
    inside(host, "foo", "ip link set eth0 mtu 1400")
    assert unit_state(host, "foo") == ("active", "success")


@pytest.mark.in_memory("/nix", "/var/lib")
@pytest.mark.parametrize("users", ["pick", "identity"])
def test_private_users_have_the_network_too(host, users):
    """With a user namespace eth0 is configured before the container's init goes on."""
    host.ok("nat", "enable", "--external", "eth0")
    create(host, "foo", configuration=NEEDS_NETWORK)
    host.sh(f"echo PRIVATE_USERS={users} >>/etc/nixos-containers/foo.conf")
    host.ok("start", "foo")
    mapped = inside(host, "foo", "cat /proc/self/uid_map").split()
    assert (mapped[1] != "0") == (users != "identity")
    assert root_file(host, "foo", "root/fetched") == f"{HOST}\n"
