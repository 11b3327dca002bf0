# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package: installed by apt from a file on a host that has nothing of ours, used, removed
without a trace outside /etc and /var, and purged."""

import pytest
from containers import create, inside, remains, wait_ready
from host import APT_INSTALL, Host
from world import OUTSIDE, PORT, eventually

NSSWITCH = "/etc/nsswitch.conf"


@pytest.fixture(name="host")
def host_fixture(package):
    """A booted host without the program, and the package on its disk."""
    with Host(bare=True) as bare:
        bare.put_package(package)
        bare.boot()
        yield bare


def files(host):
    """All there is on the disk outside /etc and /var, and what is no disk. {path: kind, link}"""
    told = host.sh("find / -xdev ! -path '/etc/*' ! -path '/var/*' ! -path '/root/*' ! -path '/tmp/*'"
                   " ! -path '/nix/*' ! -name '*.pyc' -printf '%p %y %m %l\\n'")  # fmt: skip
    return set(told.splitlines())


def apt(host, *words):
    """Calls apt-get and insists."""
    done = host.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes", *words)
    assert done.rc == 0, done


def install(host):
    """Installs the package on the running host."""
    done = host.run(*APT_INSTALL)
    assert done.rc == 0, done


def use(host):
    """The main job: two containers, linked, that reach the world, find each other and are found by
    their names."""
    host.ok("nat", "enable", "--external", "auto")
    for name in "web", "db":
        create(host, name)
    host.ok("net", "link", "web", "db")
    host.ok("start", "web", "db")
    for name in "web", "db":
        wait_ready(host, name)
    assert host.ok("list").stdout == "db\nweb\n"
    assert host.sh("getent hosts web.containers") == "10.233.1.2      web.containers web\n"
    assert host.sh("getent hosts 10.233.2.2").split() == ["10.233.2.2", "db.containers", "db"]
    assert host.sh("getent ahostsv4 web", user="alice").startswith("10.233.1.2 ")
    assert "ping statistics" in host.sh("ping -c 1 -W 5 db.containers")
    assert inside(host, "web", "getent hosts host.containers").split()[0] == "10.233.1.1"
    assert "1 received" in inside(host, "web", "ping -c 1 -W 5 db")
    assert inside(host, "web", f"read -r line </dev/tcp/{OUTSIDE}/{PORT}; echo $line".join(
        ("bash -c '", "'"))).strip() == "198.51.100.1"  # fmt: skip


def traces(host):
    """What there is of us in the kernel, in systemd and in /run."""
    found = [link for link in host.links_at_rest() if link not in ("eth0", "lo")]
    found += host.namespaces()
    found += [line for line in host.ruleset().splitlines() if "nixctr" in line]
    found += host.sh("ls -d /run/nixctr-net* || true").split()
    found += host.sh("systemctl --all --plain --no-legend list-units '*nixctr*' 'container@*'"
                     " --state=active,failed").splitlines()  # fmt: skip
    found += host.sh("pgrep -a nspawn || true; pgrep -a nixctr || true").splitlines()
    return found


def test_installed_used_removed_purged(host):
    """... with what was there before as it was."""
    before, names = files(host), host.sh(f"cat {NSSWITCH}")
    forwarding = host.sh("cat /proc/sys/net/ipv4/conf/*/forwarding")
    install(host)
    assert "nixctr" in host.sh(f"grep ^hosts: {NSSWITCH}")
    use(host)
    install(host)  # again: what runs goes on
    assert host.ok("status", "web").stdout == "up\n"
    apt(host, "remove", "nixctr-net")
    assert files(host) == before
    assert traces(host) == []
    assert host.sh(f"cat {NSSWITCH}") == names
    assert host.sh("cat /proc/sys/net/ipv4/conf/*/forwarding") == forwarding
    # What is the administrator's stays, and works again.
    assert host.sh("ls /etc/nixos-containers /etc/nixctr-net") != ""
    install(host)
    host.ok("start", "web")
    assert host.sh("getent hosts web").split()[0] == "10.233.1.2"
    assert host.ok("nat", "show", "--json").json["enabled"] is True
    host.ok("destroy", "web", "db")
    assert remains(host) == []
    apt(host, "purge", "nixctr-net")
    assert files(host) == before and host.sh(f"cat {NSSWITCH}") == names
    kept = host.sh("find /etc /var -name '*nixctr-net*' ! -path '/var/log/*' ! -path '/var/cache/*'")
    assert kept == "", kept


def test_names_come_back_with_a_boot(host):
    """... of containers that nobody has started, and whoever defines them."""
    install(host)
    create(host, "web")
    host.sh("mkdir -p /etc/static && printf 'PRIVATE_NETWORK=1\\nLOCAL_ADDRESS=10.9.0.2\\n'"
            "HOST_ADDRESS=10.9.0.1 >/etc/static/nixos.conf")  # fmt: skip
    host.reboot()
    assert host.sh("getent hosts web").split()[0] == "10.233.1.2"
    host.sh("ln -s /etc/static/nixos.conf /etc/nixos-containers/nixos.conf")
    eventually(lambda: "10.9.0.2" in host.run("getent", "hosts", "nixos").stdout, "it is found")
    host.sh("rm /etc/nixos-containers/nixos.conf")
    eventually(lambda: host.run("getent", "hosts", "nixos").rc == 2, "it is found no more")
