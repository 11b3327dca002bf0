# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is after the installation of the Debian package, without another command: the files are
in their places, and nobody else on the host touches the links of containers."""

import json
import os
import pathlib
import platform
import subprocess

import pytest
from host import Host
from world import eventually

# The files that make other managers keep off.
NM_KEEPS_OFF = "/usr/lib/NetworkManager/conf.d/10-nixctr-net.conf"
NETWORKD_KEEPS_OFF = "/usr/lib/systemd/network/10-nixctr-net.network"


@pytest.fixture(name="host")
def host_fixture(package):
    """A fresh host with the package, booted."""
    with Host(package=package) as fresh:
        fresh.boot()
        yield fresh


@pytest.fixture(name="cables")
def cables_fixture(host):
    """Two attached containers, foo on a cable of its own and bar on a bridge."""
    # Debian's NetworkManager leaves all veth alone by a rule for udev, others' do not.
    host.sh("ln -s /dev/null /etc/udev/rules.d/85-nm-unmanaged.rules; udevadm control --reload")
    host.sh("ip link add br0 up type bridge; ip address add 192.0.2.1/24 dev br0")
    host.ok("create", "foo")
    host.ok("create", "bar", "--bridge", "br0", "--host-address", "192.0.2.1",
            "--local-address", "192.0.2.2/24")  # fmt: skip
    host.ok("net", "up", "foo", "bar")
    return host


def addresses(host, link):
    """What a link has, as ip tells it."""
    [found] = host.ip("address", "show", "dev", link)
    return [info["local"] for info in found["addr_info"] if info["scope"] == "global"]


def manager_of_links(host):
    """{link: NetworkManager's state of it}, once it knows them all."""
    def states():
        told = host.run("nmcli", "--terse", "--fields", "DEVICE,STATE", "device").stdout
        return dict(line.split(":") for line in told.splitlines())

    return eventually(
        lambda: (now := states()) and {"eth0", "ve-foo", "vb-bar"} <= set(now) and now,
        "NetworkManager knows all links",
    )


def test_program_is_found(host):
    """Anybody can call it, and its libraries are those of the packages."""
    assert host.ok("--version", user="alice").stdout.startswith("nixctr-net ")
    assert "not found" not in host.sh("ldd /usr/bin/nixctr-net")


def installed_by_the_build():
    """What the build installs, with manuals as a package has them."""
    plan = pathlib.Path(os.environ["BUILD_ROOT"], "meson-info/intro-installed.json")
    return {path + ".gz" if "/man/" in path else path for path in json.loads(plan.read_text()).values()}


def test_installation_is_complete(host, package):
    """All that the build installs is there, but for what is for developers and in a package of theirs.
    (The image has no room for manuals, as its dpkg has been told.)"""
    wanted = installed_by_the_build()
    mine = set(host.sh("dpkg -L nixctr-net").splitlines())
    [other] = pathlib.Path(package).parent.glob("libnixctr-net-dev_*.deb")
    told = subprocess.run(["dpkg-deb", "--contents", other], capture_output=True, check=True, text=True)
    theirs = {"/" + line.split()[5].removeprefix("./") for line in told.stdout.splitlines()}
    assert wanted - mine == wanted & theirs and len(wanted - mine) > 3
    assert f"/usr/lib/{platform.machine()}-linux-gnu/libnss_nixctr.so.2" in mine
    for path in (wanted & mine) | {NM_KEEPS_OFF, NETWORKD_KEEPS_OFF}:
        assert "/man/" in path or host.run("test", "-s", path).rc == 0, path


def test_nothing_of_the_build_is_needed(host):
    """No path of the build directory is known to what is installed."""
    told = host.run("grep", "-rl", os.environ["BUILD_ROOT"] + "/cli", "/usr/lib/systemd/system",
                    "/usr/lib/tmpfiles.d", "/usr/lib/NetworkManager")  # fmt: skip
    assert told.stdout == ""


def test_directories_are_there_after_boot(host):
    """... by systemd-tmpfiles, with their modes. The address book is in there."""
    assert host.sh("stat -c %a /var/lib/nixctr-net") == "700\n"


def test_container_has_its_network(cables):
    """A namespace that everybody finds by its name, and an address that is told."""
    told = cables.sh("ip netns exec ve-foo ip -o -4 address show dev eth0")
    assert " 10.233.1.2 peer 10.233.1.1/32 " in told
    assert cables.ok("show-ip", "foo").stdout == "10.233.1.2\n"
    assert cables.namespaces() == ["ve-bar", "ve-foo"]


def test_who_may_not_is_told_so(host):
    """An ordinary user gets "not permitted", and nothing has happened."""
    result = host.nixctr("create", "foo", user="alice")
    assert result.rc == 6, result
    assert host.ok("list").stdout == ""


def test_udev_knows_the_links(cables):
    """Both managers act on no link that udev has not announced: it has, or the next tests show
    nothing."""
    def announced(link):
        return "ID_NET_DRIVER=veth" in cables.sh(f"udevadm info /sys/class/net/{link}")

    eventually(lambda: announced("ve-foo") and announced("vb-bar"), "udev has announced them")


def test_networkmanager_keeps_off(cables):
    """It manages neither cable, though it does manage the host's own."""
    cables.sh("systemctl start NetworkManager")
    states = manager_of_links(cables)
    assert states["ve-foo"] == states["vb-bar"] == "unmanaged"
    assert states["eth0"] != "unmanaged"


def test_networkmanager_would_not(cables):
    """Without our file it does: the test above can fail."""
    cables.sh(f"rm {NM_KEEPS_OFF}; systemctl start NetworkManager")
    eventually(lambda: manager_of_links(cables)["ve-foo"] != "unmanaged", "it takes ve-foo")


def networkd_state(host, link):
    """What networkd does with a link, once it has made up its mind."""
    def state():
        told = host.run("networkctl", "--json=short", "status", link)
        return told.json["AdministrativeState"] if told.rc == 0 else "pending"

    return eventually(lambda: (now := state()) not in ("pending", "initialized") and now,
                      f"networkd has decided about {link}")  # fmt: skip


def test_networkd_keeps_off(cables):
    """It leaves the addresses alone, and gives no other, also when it restarts."""
    before = addresses(cables, "ve-foo")
    assert before == ["10.233.1.1"]
    for _ in range(2):
        cables.sh("systemctl restart systemd-networkd")
        assert networkd_state(cables, "ve-foo") == "unmanaged"
        assert networkd_state(cables, "vb-bar") == "unmanaged"
        assert addresses(cables, "ve-foo") == before


def test_networkd_would_not(cables):
    """Without our file the stock one for such links gives them an address of its own."""
    cables.sh(f"rm {NETWORKD_KEEPS_OFF}; systemctl start systemd-networkd")
    eventually(lambda: any(a.startswith("192.168.") for a in addresses(cables, "ve-foo")),
               "networkd has taken ve-foo")  # fmt: skip


@pytest.mark.parametrize("how", ["power_cycle", "reboot"])
def test_book_outlives_a_boot(host, how):
    """The addresses are still leased, and come back with the network."""
    for name in "one", "two":
        host.ok("create", name)
    host.ok("net", "up", "two")
    before = host.ok("ipam", "list", "--json").json["leases"]
    assert len(before) == 2
    getattr(host, how)()
    assert host.ok("ipam", "list", "--json").json["leases"] == before
    assert host.links() == ["eth0", "lo"]
    host.ok("net", "up", "two")
    address = host.ok("show-ip", "two").stdout.strip()
    assert f" {address} peer " in host.sh("ip -n ve-two -o -4 address show dev eth0")
