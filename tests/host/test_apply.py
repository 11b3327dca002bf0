# SPDX-License-Identifier: GPL-2.0-or-later
"""Declared containers on a booted host: five of them, each reachable as declared."""

import subprocess
import time

from containers import DEFINITIONS, ROOTS, inside, leader, machines, marker, unit, unit_state
from world import HOST, eventually

FILE = "/etc/nixctr-net/containers.nix"

CONTAINERS = {
    "pair": """
        privateNetwork = true;
        hostAddress = "192.168.50.1"; localAddress = "192.168.50.2";
        hostAddress6 = "fd50::1"; localAddress6 = "fd50::2";
    """,
    "bridged": 'privateNetwork = true; hostBridge = "br0"; localAddress = "10.9.0.2/24";',
    "web": "privateNetwork = true; forwardPorts = [ { hostPort = 8080; containerPort = 7070; } ];",
    "extra": """
        privateNetwork = true; hostAddress = "192.168.51.1"; localAddress = "192.168.51.2";
        extraVeths.db = { hostAddress = "10.8.0.1"; localAddress = "10.8.0.2"; };
    """,
    "shared": "",
}

SERVER = """
import socket
server = socket.create_server(("", 7070))
print("ready", flush=True)
with server.accept()[0] as connection:
    connection.sendall(b"here\\n")
"""


def declare(host, **containers):
    """Writes a file with these containers, all of which start with the host."""
    text = "".join(
        f"{name} = {{ autoStart = true; {options} config = {{ {marker(name)} }}; }};\n"
        for name, options in containers.items()
    )
    host.sh(f"mkdir -p $(dirname {FILE}); cat >{FILE}", stdin=f"{{ containers = {{\n{text}}}; }}")


def steps(host, *arguments):
    """What "apply" says of each container."""
    answer = host.ok("apply", "--json", *arguments)
    return {row["name"]: row["step"] for row in answer.json["containers"]}


def serve_once(host, name):
    """Starts a server in a container's network. Returns its process when it listens."""
    namespace = f"/proc/{leader(host, name)}/ns/net"
    process = subprocess.Popen(
        host.command("nsenter", f"--net={namespace}", "python3", "-c", SERVER),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


def address_of(host, name):
    """The IPv4 address inside, as the kernel has it."""
    link = host.ip("address", "show", "dev", "eth0", container=name)[0]
    return next(item["local"] for item in link["addr_info"] if item["family"] == "inet")


# Takes the place of a program of Nix, and writes down how long that took.
TIMED = """#!/bin/sh
begin=$(date +%s%N)
/usr/bin/${0##*/} "$@"
status=$?
echo $(($(date +%s%N) - begin)) >>/run/timed/nanoseconds
exit $status
"""


def own_time(host):
    """How many seconds an "apply" with nothing to do takes beside what Nix takes in it."""
    programs = "nix-instantiate", "nix-build"
    host.sh("rm -f /run/timed/nanoseconds")
    for name in programs:
        host.sh(f"mkdir -p /run/timed; cat >/run/timed/{name}; chmod +x /run/timed/{name}", stdin=TIMED)
    begin = time.monotonic()
    done = host.sh("PATH=/run/timed:$PATH nixctr-net apply 2>&1")
    total = time.monotonic() - begin
    assert "nothing to do" in done
    nix = [int(line) for line in host.sh("cat /run/timed/nanoseconds").split()]
    assert len(nix) > len(CONTAINERS)
    return total - sum(nix) / 1e9


def test_exchange(host):
    """In one run two containers that run exchange their addresses and two others their ports; who is
    linked with one finds it by its name, who is not linked any more does not."""
    host.sh("ip link add br0 type bridge; ip address add 10.9.0.1/24 dev br0; ip link set br0 up")
    network = 'privateNetwork = true; hostAddress = "192.168.%d.1"; localAddress = "192.168.%d.2";'
    ports = "forwardPorts = [ { hostPort = %d; containerPort = 7070; } ];"
    bridged = 'privateNetwork = true; hostBridge = "br0"; hostAddress = "10.9.0.1"; localAddress = "10.9.0.2/24";'
    declare(host, one=network % (50, 50), two=network % (51, 51) + 'linkedTo = [ "one" ];',
            web="privateNetwork = true;" + ports % 8080, bridged=bridged + ports % 8081)  # fmt: skip
    host.ok("apply")
    leaders = {name: leader(host, name) for name in ("one", "two", "web", "bridged")}
    assert inside(host, "two", "getent ahostsv4 one").split()[0] == "192.168.50.2"
    declare(host, one=network % (51, 51), two=network % (50, 50),
            web='privateNetwork = true; linkedTo = [ "one" ];' + ports % 8081,
            bridged=bridged + ports % 8080)  # fmt: skip
    assert steps(host) == {"one": "restart", "two": "restart", "web": "update", "bridged": "update"}
    now = {name: leader(host, name) for name in leaders}
    assert {name for name in leaders if now[name] != leaders[name]} == {"one", "two"}
    assert (address_of(host, "one"), address_of(host, "two")) == ("192.168.51.2", "192.168.50.2")
    for name, port in ("bridged", 8080), ("web", 8081):
        with serve_once(host, name) as server:
            assert host.connect_from(host.outside.namespace, HOST, port) == "here"
            assert server.wait(10) == 0
    assert inside(host, "web", "getent ahostsv4 one").split()[0] == "192.168.51.2"
    assert inside(host, "one", "getent ahostsv4 web").split()[0] == address_of(host, "web")
    assert "one.containers" not in inside(host, "two", "cat /etc/hosts")
    assert "two.containers" not in inside(host, "one", "cat /etc/hosts")
    assert steps(host) == dict.fromkeys(leaders, "leave")


def test_five_containers(host):
    """Applied, reachable, left alone; one changed, one removed, one that shares the host's network."""
    host.sh("ip link add br0 type bridge; ip address add 10.9.0.1/24 dev br0; ip link set br0 up")
    declare(host, **CONTAINERS)
    host.ok("apply")
    assert machines(host) == sorted(CONTAINERS)
    for address in "192.168.50.2", "fd50::2", "10.9.0.2", "192.168.51.2", "10.8.0.2":
        host.sh(f"ping -q -c 1 -W 5 {address}")
    for name in CONTAINERS:
        assert inside(host, name, "cat /etc/marker") == name
    with serve_once(host, "web") as server:
        assert host.connect_from(host.outside.namespace, HOST, 8080) == "here"
        assert server.wait(10) == 0
    mine = host.sh("readlink /proc/self/ns/net")
    assert host.sh(f"readlink /proc/{leader(host, 'shared')}/ns/net") == mine
    assert host.sh("systemctl show --property=Wants --value machines.target").count("container@") == 5

    leaders = {name: leader(host, name) for name in CONTAINERS}
    assert steps(host) == dict.fromkeys(CONTAINERS, "leave")
    own = min(own_time(host) for _ in range(3))  # others are on the machine, too
    print(f"nothing to do: {own:.3f} s beside Nix")
    assert own < 1

    # Its network is not private any more: only that one is started anew. Another system: a reload.
    # One that is not declared is stopped, and what it has stays.
    changed = {**CONTAINERS, "pair": "", "bridged": CONTAINERS["bridged"] + "ephemeral = false;"}
    del changed["extra"]
    declare(host, **changed)
    host.sh(f"sed -i 's/\"web\"/\"new web\"/' {FILE}")
    planned = {"extra": "remove", "pair": "restart", "web": "reload", "bridged": "leave",
               "shared": "leave"}  # fmt: skip
    assert steps(host, "--dry-run") == planned
    assert {name: leader(host, name) for name in CONTAINERS} == leaders
    assert steps(host) == planned
    now = {name: leader(host, name) for name in changed}
    assert {name for name in changed if now[name] != leaders[name]} == {"pair"}
    assert host.sh(f"readlink /proc/{now['pair']}/ns/net") == mine
    assert inside(host, "web", "cat /etc/marker") == "new web"
    assert "ve-pair" not in host.namespaces()
    assert machines(host) == sorted(changed)
    assert "ve-extra" not in host.links_at_rest() and "db" not in host.links_at_rest()
    host.sh(f"test -d {ROOTS}/extra")
    assert "AUTO_START=0" in host.sh(f"cat {DEFINITIONS}/extra.conf")
    assert steps(host) == dict.fromkeys(changed, "leave")
    refused = host.nixctr("destroy", "web")
    assert refused.rc == 1 and FILE in refused.stderr, refused
    host.ok("destroy", "extra")


# Its start, and its change to another system, wait until the FIFO has been written to, where there is one.
HOLD = "test ! -p /root/hold || read -r go </root/hold"
HELD = unit("held", f"""
[Service]
Type=oneshot
ExecStart=/bin/bash -c "{HOLD}"
""") + f"""
system.extraSystemBuilderCmds = ''
    mv $out/bin/switch-to-configuration $out/bin/switch
    printf '%s\\n' '#!/bin/sh' '{HOLD}' 'exec "$(dirname "$0")/switch" "$@"' >$out/bin/switch-to-configuration
    chmod +x $out/bin/switch-to-configuration
'';
"""  # fmt: skip


def apply_killed(host, state):
    """Has "apply" killed while it waits for the container, which is in that state, and lets that go on."""
    hold, definition = f"{ROOTS}/foo/root/hold", f"{DEFINITIONS}/foo.conf"
    host.sh(f"mkfifo {hold}")
    with subprocess.Popen(
        host.command("sh", "-c", "echo $$ >/run/apply.pid; exec nixctr-net apply"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        eventually(lambda: "PENDING=" in host.sh(f"cat {definition}")
                   and unit_state(host, "foo")[0] == state, "apply waits for it", 60)  # fmt: skip
        host.sh("kill -9 $(cat /run/apply.pid)")
        assert process.wait(10) != 0
    assert "PENDING=" in host.sh(f"cat {definition}")
    host.sh(f"timeout 20 sh -c 'echo >{hold}'; rm {hold}")


def test_killed_while_it_waits(host):
    """In the middle of a reload, and of a restart: another run comes to what is declared."""

    def declared(options, mark):
        config = f"imports = [ {{ {HELD} }} ]; {marker(mark)}"
        host.sh(f"mkdir -p $(dirname {FILE}); cat >{FILE}", stdin=
                f"{{ containers.foo = {{ autoStart = true; {options} config = {{ {config} }}; }}; }}")  # fmt: skip

    declared("", "one")
    host.ok("apply")
    declared("", "two")
    apply_killed(host, "reloading")
    assert steps(host) == {"foo": "reload"}
    assert inside(host, "foo", "cat /etc/marker") == "two"
    declared('tmpfs = [ "/memory" ];', "two")
    apply_killed(host, "activating")
    assert steps(host)["foo"] in ("start", "restart")
    assert " /memory tmpfs " in inside(host, "foo", "cat /proc/self/mounts")
    assert steps(host) == {"foo": "leave"}
    assert "PENDING" not in host.sh(f"cat {DEFINITIONS}/foo.conf")
