# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package: installed by apt from a file on a host that has nothing of ours, used, removed
without a trace outside /etc and /var, and purged."""

import gzip
import io
import re
import subprocess
import tarfile

import pytest
from containers import create, inside, remains, wait_ready
from host import APT_INSTALL, TOP, Host
from world import OUTSIDE, PORT, eventually

README = TOP / "README.md"
NSSWITCH = "/etc/nsswitch.conf"


@pytest.fixture(name="host")
def host_fixture(package):
    """A booted host without the program, and the package on its disk."""
    with Host(bare=True) as bare:
        bare.put_package(package)
        bare.boot()
        yield bare


# What is not the package's to remove: what Nix has built and knows, and remembers of what it was asked.
NIX = ("/nix/store", "/nix/var/nix/db", "/nix/var/nix/temproots", "/nix/var/nix/userpool", "/nix/var/log",
       "/nix/var/nix/gcroots/auto",
       "/root/.cache", "/root/.local/state/nix", "/root/.nix-profile", "/root/.nix-defexpr",
       "/root/.nix-channels", "/nix/var/nix/gc.lock", "/nix/var/nix/profiles/per-user")  # fmt: skip


def files(host):
    """All there is on the disk outside /etc and /var, and what is no disk. {path: kind, link}"""
    own = " ".join(f"! -path '{path}' ! -path '{path}/*'" for path in NIX)
    told = host.sh("find / -xdev ! -path '/etc/*' ! -path '/var/*' ! -path '/tmp/*'"
                   f" {own} ! -name '*.pyc' -printf '%p %y %m %l\\n'")  # fmt: skip
    return set(told.splitlines())


def insist_on_same(host, before, *but):
    """The files are as before, but for those that have one of these in their path."""
    now = {line for line in files(host) if line in before or not any(part in line for part in but)}
    assert (now - before, before - now) == (set(), set())


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
    insist_on_same(host, before, "/per-container")
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
    insist_on_same(host, before)
    assert host.sh(f"cat {NSSWITCH}") == names
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


# What the examples of the manual take for granted and this host has otherwise.
OTHERWISE = {
    "192.0.2.1": OUTSIDE,
    " | jq ": " | grep -q . # ",
    " network.svg": " /run/network.svg",
}

# Examples that end with another status than 0 here, or not at all, and why.
ELSEWHERE = {
    r"(old|new)# ": "two hosts",
    r"hook ": "what units call, which all tests with containers that run see to",
    r"login|root-login": "waits for somebody who types",
    r"watch$": "stays",
    r"show-host-key": "no SSH server in containers",
    r"ipam export .* ssh ": "no other host",
    r"run .* nginx": "no nginx in them",
}


def blocks(package, page):
    """The literal blocks of a page of the manual in the package, as they are read. (The host has been
    told to leave manuals out.)"""
    name = f"./usr/share/man/man{page[-1]}/{page}.gz"
    with tarfile.open(fileobj=io.BytesIO(subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout)) as files_of:
        text = gzip.decompress(files_of.extractfile(name).read()).decode()
    for block in re.findall(r"^\.nf\n\.RS 4\n(.*?)^\.fi$", text, re.MULTILINE | re.DOTALL):
        yield re.sub(r"\\(.)", lambda match: "" if match[1] == "&" else match[1], block)


# Pages with commands; test_examples_of_the_manual has each of the others, or they have no example.
PAGES = ("nixctr-net.8", "nixctr-net-net.8", "nixctr-net-nat.8", "nixctr-net-ipam.8", "nixctr-net-hook.8",
         "nixctr-net-from-nixos-container.7", "README")  # fmt: skip


def examples(package, page):
    """The commands of ours that a page shows: as they can be typed here, and why one is not."""
    for block in [README.read_text(encoding="utf-8")] if page == "README" else blocks(package, page):
        for line in re.findall(r"^(?:\w+# .*)?nixctr-net .*", block, re.MULTILINE):
            reason = next((r for r in ELSEWHERE if re.match(r, line.removeprefix("nixctr-net "))), None)
            for words, here in OTHERWISE.items():
                line = line.replace(words, here)
            yield line, reason


def try_examples(host, package, page):
    """Types all that a page shows. Returns why some were not."""
    tried, reasons = 0, set()
    for line, reason in examples(package, page):
        if reason:
            reasons.add(reason)
            continue
        done = host.run("sh", "-c", line)
        # What "nat check" finds on a host without any other manager is nothing of ours.
        assert done.rc == 0 or (line.endswith("nat check") and done.rc == 1), (page, done)
        tried += 1
    assert tried > 5 or reasons == {r"hook "}, page
    return reasons


def test_examples_of_the_manual(host, package):
    """Everything that the manual in the package shows does what it says, and is removed without a trace."""
    before = files(host)
    install(host)
    host.sh("mkdir -p /etc/nixctr-net /srv/data /srv/backup /var/lib/prometheus/node-exporter")
    declared, = blocks(package, "nixctr-net-apply.5")
    host.sh("cat >/etc/nixctr-net/containers.nix", stdin=declared.replace("192.168.100", "192.168.101"))
    reasons = set()
    for page in PAGES:
        if page != "nixctr-net.8":
            host.ok("destroy", "web", "db")
        if page not in ("nixctr-net.8", "README"):
            create(host, "web", "--host-address", "10.233.1.1", "--local-address", "10.233.1.2")
            create(host, "db")
            host.ok("net", "up", "web", "db")
        reasons |= try_examples(host, package, page)
    assert reasons == set(ELSEWHERE)
    host.ok("apply")
    assert "database" in host.ok("list").stdout.split()
    definition, = blocks(package, "nixctr-net-container.5")
    host.sh("cat >/etc/nixos-containers/data.conf", stdin=definition.replace("10.233.1.", "10.200.1."))
    host.ok("net", "up", "data")
    assert host.ok("show-ip", "data").stdout == "10.200.1.2\n"
    setting, = blocks(package, "nixctr-net.conf.5")
    host.sh("mkdir -p /etc/nixctr-net/conf.d; cat >/etc/nixctr-net/conf.d/90-example.conf", stdin=setting)
    host.ok("nat", "apply")
    assert "wl*" in host.ok("nat", "show").stdout
    apt(host, "remove", "nixctr-net")
    host.sh("rm -rf /srv/data /srv/backup /run/network.svg")
    # A tree is used in place, and has written into itself.
    insist_on_same(host, before, "/per-container", "/srv/debian/")
    assert traces(host) == []
