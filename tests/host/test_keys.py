# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a definition, each in a container that runs: what it is told, and what is left of it
when it has stopped."""

import re

import pytest
from containers import DEFINITIONS, ROOTS, leader, remains, traces, unit_state
from host import Host
from world import HOST, OUTSIDE, eventually, run

ROOT = f"{ROOTS}/foo"
COPIES = "/run/nixos-containers"


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for all."""
    with Host() as host:
        host.boot()
        host.sh("for each in '/srv/with blank' /srv/data /srv/other; do"
                ' mkdir "$each"; echo "$each" >"$each/file"; done')
        yield host


@pytest.fixture(autouse=True)
def nothing_is_left(host):
    """Each test ends with a host on which no container has ever been."""
    yield
    for name in host.ok("list").stdout.split():
        host.ok("destroy", name)
    assert remains(host) == []
    assert host.run("find", ROOTS, COPIES, "-mindepth", "1").stdout == ""


def define(host, *lines, options=()):
    """Creates foo, with more lines in its definition."""
    host.ok("create", "foo", "--system-path", host.sh("cat /srv/system-path").strip(), *options)
    path = f"{DEFINITIONS}/foo.conf"
    for line in lines:
        host.sh(f"sed -i '/^{line.split('=')[0]}=/d' {path}")
    host.sh(f"cat >>{path}; systemctl daemon-reload", stdin="".join(f"{line}\n" for line in lines))


def started(host, *lines, **more):
    """The same, and it runs."""
    define(host, *lines, **more)
    host.ok("start", "foo")
    return host


def within(host, script):
    """Runs a script in foo. Returns what it printed."""
    return host.ok("run", "foo", "--", "sh", "-euc", script).stdout


def addresses(host, link):
    """The addresses of a link of foo, or of the host."""
    found = within(host, f"ip -o address show dev {link} scope global")
    return set(re.findall(r"inet6? (\S+)", found))


def test_root_tree(host):
    """A whole Debian, with its own init, from create to destroy; what it writes stays in the tree."""
    host.sh("cp -a /srv/debian /srv/tree")
    host.ok("create", "foo", "--root-tree", "/srv/tree")
    host.ok("start", "foo")
    assert host.sh(f"readlink /proc/{leader(host, 'foo')}/exe").strip() == "/usr/lib/systemd/systemd"
    assert within(host, "cat /etc/debian_version; echo kept >/root/kept; ping -c 1 -W 2 10.233.1.1")
    host.ok("stop", "foo")
    host.ok("destroy", "foo")
    assert host.sh("cat /srv/tree/root/kept") == "kept\n"
    assert host.run("test", "-x", "/srv/tree/usr/lib/systemd/systemd").rc == 0
    assert host.sh("find /srv -maxdepth 1 -name '.*'") == ""


def test_interfaces(host):
    """A link of the host is inside while the container runs, and then the host's again."""
    host.sh("ip link add lan0 type veth peer name lan1")
    started(host, "INTERFACES=lan0")
    assert "lan0" in within(host, "ls /sys/class/net").split() and "lan0" not in host.links()
    host.ok("stop", "foo")
    assert host.links_at_rest() == ["eth0", "lan0", "lan1", "lo"]
    host.sh("ip link delete lan0")


def test_macvlans_and_extra_veths(host):
    """Further links, made with the container and gone with it."""
    host.sh("ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip link set lan1 up")
    started(host, "MACVLANS=lan0", 'EXTRA_VETHS="db,host=10.9.0.1,local=10.9.0.2"')
    assert set(within(host, "ls /sys/class/net").split()) == {"lo", "eth0", "mv-lan0", "db"}
    assert addresses(host, "db") == {"10.9.0.2"}
    assert within(host, "ping -c 1 -W 5 10.9.0.1")
    host.ok("stop", "foo")
    assert host.links_at_rest() == ["eth0", "lan0", "lan1", "lo"]
    host.sh("ip link delete lan0")


def test_bridge_and_mac(host):
    """Its link is a port of the bridge, and has the MAC that was asked for."""
    host.sh("ip link add br0 up type bridge; ip address add 192.0.2.1/24 dev br0")
    started(host, "LOCAL_MAC_ADDRESS=02:11:22:33:44:55",
            options=["--bridge", "br0", "--host-address", "192.0.2.1",
                     "--local-address", "192.0.2.2/24"])  # fmt: skip
    assert host.ip("link", "show", "dev", "vb-foo")[0]["master"] == "br0"
    assert addresses(host, "eth0") == {"192.0.2.2/24"}
    assert within(host, "cat /sys/class/net/eth0/address") == "02:11:22:33:44:55\n"
    assert within(host, "ping -c 1 -W 5 192.0.2.1")
    host.ok("stop", "foo")
    host.sh("ip link delete br0")


def test_port(host):
    """Reached from outside, and from the host by its address and by localhost."""
    started(host, "HOST_PORT=tcp:8080:80")
    within(host, "mkdir -p /srv; echo it-is-foo >/srv/index.html; busybox httpd -p 80 -h /srv")
    fetch = ("import socket, sys; s = socket.create_connection((sys.argv[1], 8080), 10);"
             "s.sendall(b'GET /index.html HTTP/1.0\\r\\n\\r\\n');"
             "print(b'it-is-foo' in b''.join(iter(lambda: s.recv(4096), b'')))")  # fmt: skip
    for address in "127.0.0.1", HOST:
        assert host.sh(f"python3 -c \"{fetch}\" {address}") == "True\n"
    told = run(["nsenter", f"--net={host.outside.namespace}", "python3", "-c", fetch, HOST])
    assert told.stdout == "True\n", told
    host.ok("stop", "foo")
    assert host.run("python3", "-c", fetch, "127.0.0.1").rc != 0


def test_namespace_of_somebody_else(host):
    """It runs in there, and the namespace is as it was when it has stopped."""
    host.sh("ip netns add own; ip -n own link set lo up; ip -n own link add own0 type bridge")
    define(host)
    host.sh(f"sed -i '/ADDRESS\\|PRIVATE_NETWORK/d' {DEFINITIONS}/foo.conf;"
            f" echo NETWORK_NAMESPACE_PATH=/run/netns/own >>{DEFINITIONS}/foo.conf")  # fmt: skip
    host.ok("start", "foo")
    assert (host.sh(f"stat -L -c %i /proc/{leader(host, 'foo')}/ns/net")
            == host.sh("stat -c %i /run/netns/own"))  # fmt: skip
    host.ok("stop", "foo")
    assert host.namespaces() == ["own"] and "own0" in host.sh("ip -n own -br link")
    host.sh("ip netns delete own")


def test_flags_of_nspawn(host):
    """Words as a shell would hold them together, and nothing of what else it would do."""
    host.sh("rm -f /srv/ran")
    started(host, r'''EXTRA_NSPAWN_FLAGS="--bind='/srv/with blank':/blank --bind-ro=/srv/data:/data'''
            r''' '--setenv=SAID=$(touch /srv/ran); `touch /srv/ran` \\\$HOME *'"''')
    assert within(host, "cat /blank/file /data/file") == "/srv/with blank\n/srv/data\n"
    told = host.sh(f"tr '\\0' '\\n' </proc/{leader(host, 'foo')}/environ | grep ^SAID=")
    assert told.startswith("SAID=$(touch /srv/ran); `touch /srv/ran` ") and told.endswith("HOME *\n")
    assert host.run("test", "-e", "/srv/ran").rc == 1


def test_mounts(host):
    """BIND can be written, BIND_RO cannot, TMPFS is in memory; destroy spares what was bound."""
    started(host, r"BIND='/srv/with\ blank:/blank /srv/data'", "BIND_RO=/srv/other:/other",
            "TMPFS='/memory /small:size=1M'")  # fmt: skip
    assert within(host, "cat /blank/file /srv/data/file /other/file").splitlines() == [
        "/srv/with blank", "/srv/data", "/srv/other"]  # fmt: skip
    within(host, "echo new >/blank/new; ! touch /other/new; stat -f -c %T /memory | grep tmpfs;"
           "! dd if=/dev/zero of=/small/file bs=2M count=1; echo x >/memory/x")  # fmt: skip
    host.ok("destroy", "foo")
    assert host.sh("cat '/srv/with blank/new' /srv/data/file") == "new\n/srv/data\n"


def test_capabilities_and_devices(host):
    """CAP_SYS_TIME and a device beyond the usual; without them they are not there."""
    bounds = "grep CapBnd /proc/%s/status"
    started(host)
    assert not int(host.sh(bounds % leader(host, "foo")).split()[1], 16) & 1 << 25
    assert host.nixctr("run", "foo", "--", "sh", "-c", "mknod /dev/f c 10 229 && : <>/dev/f").rc != 0
    host.ok("destroy", "foo")
    started(host, "ADDITIONAL_CAPABILITIES='CAP_SYS_TIME CAP_MKNOD'", "ALLOWED_DEVICES=/dev/net/tun:rw")
    assert int(host.sh(bounds % leader(host, "foo")).split()[1], 16) & 1 << 25
    assert "/dev/net/tun rw" in host.sh("systemctl show -P DeviceAllow container@foo")


def test_ephemeral(host):
    """What it writes is forgotten with the stop, and so is all that was made for it."""
    started(host, "EPHEMERAL=1")
    within(host, "echo gone >/root/file; echo gone >/etc/file")
    assert host.run("test", "-e", f"{ROOT}/root/file").rc == 1
    host.ok("restart", "foo")
    assert within(host, "ls /root; ls /etc/file 2>/dev/null || true") == ""
    host.ok("stop", "foo")
    assert host.run("ls", "-A", COPIES).stdout == ""
    assert traces(host) == []


def test_ephemeral_killed(host):
    """The same when systemd-nspawn is killed and cannot clear up: at the next stop."""
    started(host, "EPHEMERAL=1")
    before = leader(host, "foo")
    host.sh("kill -9 $(systemctl show -P MainPID container@foo)")
    eventually(lambda: leader(host, "foo") not in (0, before)
               and unit_state(host, "foo")[0] == "active", "it is up again")  # fmt: skip
    assert len(host.run("find", COPIES, "-mindepth", "1", "-maxdepth", "1", "-type", "d",
                        "-name", "*machine*").stdout.split()) == 1  # fmt: skip
    host.sh("kill -9 $(systemctl show -P MainPID container@foo); systemctl stop container@foo")
    assert host.run("ls", "-A", COPIES).stdout == ""


def test_ephemeral_tree_killed(host):
    """The copy of a whole tree is beside the tree; it goes as well, and the tree is as it was."""
    host.sh("[ -d /srv/tree ] || cp -a /srv/debian /srv/tree; rm -f /srv/tree/root/file")
    host.ok("create", "foo", "--root-tree", "/srv/tree")
    host.sh(f"echo EPHEMERAL=1 >>{DEFINITIONS}/foo.conf")
    host.ok("start", "foo")
    within(host, "echo gone >/root/file")
    assert len(host.run("find", "/srv", "-maxdepth", "1", "-name", ".#machine.tree*").stdout.split()) == 1
    host.sh("kill -9 $(systemctl show -P MainPID container@foo); systemctl stop container@foo")
    assert host.run("find", "/srv", "-maxdepth", "1", "-name", ".*machine*").stdout == ""
    assert host.run("test", "-e", "/srv/tree/root/file").rc == 1


@pytest.mark.parametrize("kind", ["system", "tree"])
def test_destroy_after_a_kill(host, kind):
    """systemd-nspawn is killed and not started again: destroy leaves nothing, not even its locks."""
    if kind == "tree":
        host.sh("[ -d /srv/tree ] || cp -a /srv/debian /srv/tree")
        host.ok("create", "foo", "--root-tree", "/srv/tree")
    else:
        define(host)
    host.ok("start", "foo")
    host.sh("mkdir -p /run/systemd/system/container@foo.service.d;"
            "printf '[Service]\\nRestart=no\\n' >/run/systemd/system/container@foo.service.d/no.conf;"
            "systemctl daemon-reload; kill -9 $(systemctl show -P MainPID container@foo)")  # fmt: skip
    eventually(lambda: unit_state(host, "foo")[0] == "failed", "it has failed")
    host.ok("destroy", "foo")
    assert remains(host) == []
    assert host.run("find", ROOTS, "/srv", "-maxdepth", "1", "-name", ".*").stdout == ""
    host.sh("rm -r /run/systemd/system/container@foo.service.d; systemctl daemon-reload")


def insist_on_change_meanwhile(host, upstream):
    """One that comes after the files were read, but before the path unit looks again, is not lost."""
    unit = "nixctr-net-resolver.service"
    host.sh(f"mkdir -p /run/systemd/system/{unit}.d; mkfifo /root/hold;"
            f" printf '[Service]\\nExecStartPost=/bin/sh -c \"read line </root/hold\"\\n'"
            f" >/run/systemd/system/{unit}.d/slow.conf; systemctl daemon-reload;"
            f" echo nameserver 192.0.2.4 >{upstream}")  # fmt: skip
    eventually(lambda: "192.0.2.4" in within(host, "cat /etc/resolv.conf"), "it is read")
    host.sh(f"echo nameserver 192.0.2.5 >{upstream}; rm -r /run/systemd/system/{unit}.d;"
            " systemctl daemon-reload; timeout 10 sh -c 'echo >/root/hold'; rm /root/hold")  # fmt: skip
    eventually(lambda: "192.0.2.5" in within(host, "cat /etc/resolv.conf"), "it is read again")


def test_resolvers(host):
    """A stub of the host is replaced by what it asks, and what changes is followed; =0 leaves the
    file alone, =1 replaces what is there."""
    stub, upstream = "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"
    host.sh(f"cp {stub} /root/before; mkdir -p /run/systemd/resolve;"
            f" printf 'nameserver 127.0.0.53\\nsearch stub.test\\n' >{stub};"
            f" printf 'nameserver 192.0.2.1\\nsearch up.test\\n' >{upstream}")  # fmt: skip
    started(host)
    text = within(host, "cat /etc/resolv.conf")
    assert "nameserver 192.0.2.1\n" in text and "127.0.0.53" not in text and "search up.test" in text
    assert host.sh("systemctl is-active nixctr-net-resolver.path") == "active\n"
    for address, how in ("192.0.2.2", ">"), ("192.0.2.3", ">{0}.new; mv {0}.new "):
        host.sh(f"printf 'nameserver {address}\\n' {how.format(upstream)}{upstream}")
        eventually(lambda new=address: new in within(host, "cat /etc/resolv.conf"), "it follows")
    insist_on_change_meanwhile(host, upstream)
    host.ok("stop", "foo")
    for value, kept in ("0", True), ("1", False):
        host.sh(f"sed -i /COPY_RESOLV_CONF/d {DEFINITIONS}/foo.conf; rm {ROOT}/etc/resolv.conf;"
                f" echo COPY_RESOLV_CONF={value} >>{DEFINITIONS}/foo.conf;"
                f" echo nameserver 192.0.2.99 >{ROOT}/etc/resolv.conf")  # fmt: skip
        host.ok("start", "foo")
        assert ("192.0.2.99" in within(host, "cat /etc/resolv.conf")) == kept
        host.sh(f"echo nameserver 192.0.2.5{value} >{upstream}; systemctl start nixctr-net-resolver")
        assert ("192.0.2.99" in within(host, "cat /etc/resolv.conf")) == kept
        host.ok("stop", "foo")
    host.sh(f"cp /root/before {stub}; rm {upstream}")


def test_start_time_out(host):
    """TIMEOUT_START is the unit's; that it is kept to, test_units.py shows."""
    define(host, "TIMEOUT_START=2min 5s")
    assert host.sh("systemctl show -P TimeoutStartUSec container@foo") == "2min 5s\n"


def test_outside_is_reached(host):
    """With all keys gone again the usual network works: the tests above left nothing behind."""
    host.ok("nat", "enable", "--external", "eth0")
    started(host)
    assert within(host, f"ping -c 1 -W 5 {OUTSIDE}")
    host.ok("nat", "disable")
