# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever is root in a container on a bridge lies to its neighbours, the host and the network there.

As in test_attack.py: each attack is counted, nobody receives it, and without the lie it gets through.
On the bridge are c1, the attacker, and c2, with addresses of both families; free, which was leased
nothing; and a host of the network that the bridge leads to.
"""

import dataclasses
import json
import os

import frames
import pytest
from test_attack import LIAR_MAC, STRANGER, STRANGER6, Listener, counted, counters, send
from test_ports import Asker, udp_server
from world import HOST, HOST6, eventually

MINE, MINE6 = "10.7.0.2", "fd07::2"
THEIRS, THEIRS6 = "10.7.0.3", "fd07::3"
GATE, GATE6 = "10.7.0.1", "fd07::1"
LAN, LAN6, LAN_MAC = "10.7.0.99", "fd07::99", "02:99:99:99:99:99"
ROUTER6 = "fe80::1"

# What everybody on the bridge hears.
DONE = frames.ethernet(LAN_MAC, frames.BROADCAST, frames.IP,
                       frames.udp(LAN, "255.255.255.255", 7, 9999, b"done"))  # fmt: skip


@dataclasses.dataclass
class Bridged:
    """The host, and what there is on the bridge."""

    world: object
    mac: dict  # of the containers
    bridge_mac: str
    lan: str  # namespace

    @property
    def c1(self):
        """The MAC of the attacker."""
        return self.mac["c1"]

    @property
    def local(self):
        """Its IPv6 address of the link."""
        return frames.link_local(self.c1)

    def to_all(self, payload, kind=None, source=None):
        """A frame of c1 to everybody on the bridge."""
        return frames.ethernet(source or self.c1, frames.BROADCAST, kind or kind_of(payload),
                               payload)  # fmt: skip


def kind_of(payload):
    """What kind of frame a payload goes in."""
    first = payload[0] >> 4
    return frames.IP6 if first == 6 else frames.IP if first == 4 else frames.ARP


@pytest.fixture(params=["alone", "with-br-netfilter"])
def bridged(request, world):
    """Three containers and a host of the network on a bridge."""
    for command in ("link add br0 type bridge", "link set br0 up",
                    f"address add {GATE}/24 dev br0", f"address add {GATE6}/64 dev br0 nodad",
                    "netns add lan", f"link add lan0 type veth peer name eth0 address {LAN_MAC}"
                    " netns lan", "link set lan0 master br0 up", "-n lan link set eth0 up",
                    f"-n lan address add {LAN}/24 dev eth0",
                    f"-n lan address add {LAN6}/64 dev eth0 nodad"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    on = "1" if request.param == "with-br-netfilter" else "0"
    for key in "iptables", "ip6tables", "arptables":
        if world.path(f"/proc/sys/net/bridge/bridge-nf-call-{key}").exists():
            assert world.run("sysctl", "-qw", f"net.bridge.bridge-nf-call-{key}={on}").rc == 0
    for number, name in enumerate(["c1", "c2"], 2):
        world.ok("create", name, "--bridge", "br0", "--local-address", f"10.7.0.{number}/24",
                 "--host-address", GATE, "--local-address6", f"fd07::{number}/64",
                 "--host-address6", GATE6)  # fmt: skip
        world.ok("net", "up", name)
    world.ok("create", "free", "--bridge", "br0")
    world.ok("net", "up", "free")
    mac = {name: world.ip("link", "show", "eth0", container=name)[0]["address"]
           for name in ("c1", "c2", "free")}  # fmt: skip
    return Bridged(world, mac, world.ip("link", "show", "br0")[0]["address"],
                   os.path.join(world.root, "run/netns/lan"))  # fmt: skip


def on_bridge(bridged, name, counter, lies, truths):
    """A container sends lies, each of which is counted and heard by nobody on the bridge, and truths,
    which are heard in the network that it leads to. Both are frames."""
    world = bridged.world
    lan, c2 = Listener(bridged.lan), Listener(world.container_namespace("c2"))
    host = Listener(world.namespace, "br0")
    counted(world, name, counter, *lies, family="bridge")
    send(world, name, *truths)
    heard = [frame for truth in truths for frame in lan.until(truth)]
    namespace_send(world, "lan", DONE)
    heard += c2.until(DONE) + host.until(DONE)
    for lie in lies:
        assert lie not in heard and frames.untagged(lie) not in heard, lie.hex()


def namespace_send(world, namespace, frame):
    """Sends a frame from a namespace that is no container."""
    script = os.path.join(os.path.dirname(__file__), "frames.py")
    assert world.run("ip", "netns", "exec", namespace, "/usr/bin/python3", script, "eth0",
                     frame.hex()).rc == 0  # fmt: skip


def test_mac(bridged):
    """Under the MAC of the neighbour, of the bridge, or of nobody, whatever is inside."""
    liars = [bridged.mac["c2"], bridged.bridge_mac, LIAR_MAC, LAN_MAC]
    packet = frames.udp(MINE, LAN, 7, 9999, b"under a MAC that is not mine")
    lies = [bridged.to_all(packet, source=liar) for liar in liars]
    lies.append(bridged.to_all(frames.arp(1, bridged.c1, MINE, LAN), source=LIAR_MAC))
    lies.append(bridged.to_all(frames.udp(MINE6, LAN6, 7, 9999, b"and in IPv6 of thirty bytes"),
                               source=LIAR_MAC))  # fmt: skip
    on_bridge(bridged, "c1", "spoofed", lies, [bridged.to_all(packet)])


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_source(bridged, family):
    """Under an address of the neighbour, of the gateway, of somebody there, or of nobody."""
    mine, liars, target = {
        "v4": (MINE, [THEIRS, GATE, LAN, STRANGER, "10.7.0.77", "0.0.0.0"], LAN),
        "v6": (MINE6, [THEIRS6, GATE6, LAN6, STRANGER6, "fd07::77", ROUTER6, "fe80::1:2", "::",
                       frames.link_local(bridged.mac["c2"])], LAN6),
    }[family]  # fmt: skip
    lies = [bridged.to_all(frames.udp(liar, target, 7, 9999, b"of thirty bytes, under a lie"))
            for liar in liars]  # fmt: skip
    truths = [bridged.to_all(frames.udp(mine, target, 7, 9999, b"of thirty bytes, in truth"))]
    if family == "v6":
        truths.append(bridged.to_all(frames.udp(bridged.local, target, 7, 9999, b"truth")))
    on_bridge(bridged, "c1", "spoofed", lies, truths)


def test_within_a_flow(bridged):
    """A packet of the neighbour's flow with the host, which connection tracking knows."""
    world = bridged.world
    assert world.run("nft", "add table ip track; add chain ip track input { type filter hook input"
                     " priority 0; }; add rule ip track input ct state established counter").rc == 0  # fmt: skip
    with udp_server(world, "c2", "c2"):
        asker = Asker(world.namespace, THEIRS, 53)
        assert asker.ask().startswith("c2 ")
        port = asker.name[1]
        lie = frames.udp(THEIRS, GATE, 53, port, b"of thirty bytes, in your flow")
        counted(world, "c1", "spoofed", bridged.to_all(lie), family="bridge")
        assert asker.ask() == f"c2 {GATE}", "the lie came first"


def test_arp(bridged):
    """Somebody else's address, one's own at somebody else's MAC, in questions and answers, also to
    one alone and in a frame with tags that a receiver takes off."""
    mac = bridged.c1
    lies = [
        bridged.to_all(frames.arp(operation, sender, address, target))
        for operation in (1, 2)
        for sender, address, target in [
            (mac, THEIRS, THEIRS), (mac, GATE, GATE), (mac, LAN, MINE), (mac, STRANGER, LAN),
            (LIAR_MAC, MINE, MINE), (bridged.mac["c2"], THEIRS, THEIRS), (LAN_MAC, LAN, LAN),
            (mac, "0.0.0.0", THEIRS), (mac, "0.0.0.0", "10.7.0.77"),
        ]
    ]  # fmt: skip
    poison = frames.arp(2, mac, GATE, LAN, LAN_MAC)
    lies.append(frames.ethernet(mac, LAN_MAC, frames.ARP, poison))
    lies.append(frames.tagged(bridged.to_all(poison), 0))
    lies.append(frames.tagged(bridged.to_all(poison), 7))
    truths = [
        bridged.to_all(frames.arp(1, mac, MINE, LAN)), bridged.to_all(frames.arp(2, mac, MINE, MINE)),
        bridged.to_all(frames.arp(1, mac, "0.0.0.0", MINE)),
        frames.ethernet(mac, LAN_MAC, frames.ARP, frames.arp(2, mac, MINE, LAN, LAN_MAC)),
    ]  # fmt: skip
    on_bridge(bridged, "c1", "spoofed", lies, truths)


def test_neighbour_discovery(bridged):
    """The same in IPv6: targets that are not one's own, MACs that are not, several options, and what
    stands behind extension headers."""
    mac, local = bridged.c1, bridged.local
    own, liar = frames.option(2, mac), frames.option(2, LIAR_MAC)
    theirs = frames.link_local(bridged.mac["c2"])
    lies = [frames.advertisement(MINE6, target, own)
            for target in (THEIRS6, GATE6, LAN6, ROUTER6, theirs, "fd07::77")]  # fmt: skip
    lies += [
        frames.advertisement(MINE6, MINE6, liar), frames.advertisement(local, local, liar),
        frames.advertisement(THEIRS6, THEIRS6, own), frames.advertisement(ROUTER6, ROUTER6, own),
        frames.advertisement(MINE6, MINE6, own + liar), frames.advertisement(MINE6, MINE6, liar + own),
        frames.advertisement(MINE6, MINE6, b"\x0e\x01nonce!" + liar),
        frames.solicitation(MINE6, LAN6, frames.option(1, LIAR_MAC)),
        frames.solicitation(local, LAN6, frames.option(1, bridged.mac["c2"])),
        frames.solicitation(THEIRS6, LAN6, frames.option(1, mac)),
        frames.solicitation("::", THEIRS6), frames.solicitation("::", "fd07::77"),
        frames.icmp6(local, "ff02::2", frames.ROUTER_SOLICITATION,
                     bytes(4) + frames.option(1, LIAR_MAC)),
    ]  # fmt: skip
    behind = frames.advertisement(MINE6, MINE6, liar)
    lies.append(frames.ipv6(MINE6, LAN6, 60, bytes([58, 0, 1, 4, 0, 0, 0, 0]) + behind[40:]))
    truths = [
        frames.advertisement(MINE6, MINE6, own), frames.advertisement(local, local, own),
        frames.advertisement(MINE6, MINE6), frames.solicitation(MINE6, LAN6, frames.option(1, mac)),
        frames.solicitation(local, LAN6, frames.option(1, mac), to=LAN6),
        frames.solicitation("::", MINE6), frames.solicitation("::", local, b"\x0e\x01nonce!"),
        frames.icmp6(local, "ff02::2", frames.ROUTER_SOLICITATION,
                     bytes(4) + frames.option(1, mac)),
        frames.icmp6(local, "ff02::2", frames.ROUTER_SOLICITATION, bytes(4)),
        frames.icmp6("::", "ff02::16", 143, bytes(4)),
    ]  # fmt: skip
    on_bridge(bridged, "c1", "spoofed", [bridged.to_all(lie) for lie in lies],
              [bridged.to_all(truth) for truth in truths])  # fmt: skip


@pytest.mark.parametrize("name", ["c1", "free"])
def test_router_and_dhcp_server(bridged, name):
    """No container tells others the way or gives them addresses."""
    mac = bridged.mac[name]
    local = frames.link_local(mac)
    v4, v6 = (MINE, MINE6) if name == "c1" else ("10.7.0.50", "fd07::50")
    lies = [
        frames.router_advertisement(local), frames.router_advertisement(v6),
        frames.router_advertisement(ROUTER6),
        frames.icmp6(local, LAN6, frames.REDIRECT_V6,
                     bytes(4) + frames.address_bytes(GATE6) + frames.address_bytes(STRANGER6)),
        frames.icmp(v4, LAN, frames.REDIRECT, frames.address_bytes(v4) + bytes(28), 1),
        frames.icmp(GATE, LAN, frames.REDIRECT, frames.address_bytes(v4) + bytes(28), 1),
        frames.icmp(v4, "224.0.0.1", frames.ROUTER_ADVERTISEMENT_V4, bytes(4)),
        frames.udp(v4, "255.255.255.255", 67, 68, b"take this address, of thirty bytes"),
        frames.udp(GATE, "255.255.255.255", 67, 68, b"take this address, of thirty bytes"),
        frames.udp(local, frames.ALL_NODES, 547, 546, b"take this address, of thirty bytes"),
        frames.udp(v4, "255.255.255.255", 1067, 68, b"take it from another port of mine"),
        frames.udp(local, frames.ALL_NODES, 1547, 546, b"take it from another port of mine"),
    ]  # fmt: skip
    behind = frames.router_advertisement(local)
    lies.append(frames.ipv6(local, frames.ALL_NODES, 0, bytes([58, 0, 1, 4, 0, 0, 0, 0])
                            + behind[40:]))  # fmt: skip
    truths = [
        frames.icmp6(local, LAN6, 128, b"\0\0\0\0honest"), frames.icmp(v4, LAN, 8, bytes(8)),
        frames.udp(local, "ff02::1:2", 546, 547, b"may I have an address"),
        frames.udp(v4, LAN, 67, 69, b"other ports"),
    ]  # fmt: skip
    if name == "free":
        truths.append(frames.udp("0.0.0.0", "255.255.255.255", 68, 67, b"may I have one"))
    on_bridge(bridged, name, "rogue",
              [bridged.to_all(lie, source=mac) for lie in lies],
              [bridged.to_all(truth, source=mac) for truth in truths])  # fmt: skip


def test_no_lease(bridged):
    """Who was leased nothing may have any address that nobody was leased, under its own MAC."""
    mac = bridged.mac["free"]
    local, theirs = frames.link_local(mac), frames.link_local(bridged.c1)
    own, liar = frames.option(2, mac), frames.option(2, LIAR_MAC)
    lies = [
        frames.udp(MINE, LAN, 7, 9999, b"of thirty bytes, under a lie"),
        frames.udp(MINE6, LAN6, 7, 9999, b"of thirty bytes, under a lie"),
        frames.udp(theirs, LAN6, 7, 9999, b"of thirty bytes, under a lie"),
        frames.udp(ROUTER6, LAN6, 7, 9999, b"of thirty bytes, under a lie"),
        frames.arp(2, mac, MINE, MINE), frames.arp(1, mac, "0.0.0.0", MINE),
        frames.arp(2, LIAR_MAC, "10.7.0.50", "10.7.0.50"),
        frames.advertisement(local, MINE6, own), frames.advertisement(local, ROUTER6, own),
        frames.advertisement(local, "fd07::50", liar), frames.solicitation("::", MINE6),
    ]  # fmt: skip
    truths = [
        frames.udp("0.0.0.0", "255.255.255.255", 68, 67, b"may I have an address"),
        frames.udp("10.7.0.50", LAN, 7, 9999, b"I have"), frames.arp(1, mac, "10.7.0.50", LAN),
        frames.arp(1, mac, "0.0.0.0", "10.7.0.50"), frames.udp("fd07::50", LAN6, 7, 9, b"yes"),
        frames.advertisement("fd07::50", "fd07::50", own), frames.solicitation("::", "fd07::50"),
        frames.advertisement(local, local, own),
    ]  # fmt: skip
    on_bridge(bridged, "free", "spoofed",
              [bridged.to_all(lie, source=mac) for lie in lies],
              [bridged.to_all(truth, source=mac) for truth in truths])  # fmt: skip


def test_nothing_that_cannot_be_looked_into(bridged):
    """Tags in tags, LLC, a spanning tree, and what is for the bridge itself."""
    poison = frames.arp(2, bridged.c1, GATE, LAN, LAN_MAC)
    tree = bytes.fromhex("424203000000000000000000010000000000000000000100000000000014000200")
    lies = [
        frames.tagged(bridged.to_all(poison), 0, 0), frames.tagged(bridged.to_all(poison), 0, 0, 0),
        bridged.to_all(bytes.fromhex("aaaa030000000806") + poison, kind=len(poison) + 8),
        bridged.to_all(b"a protocol of thirty bytes or so", kind=0x88B5),
        frames.ethernet(bridged.c1, "01:80:c2:00:00:00", len(tree), tree),
        frames.ethernet(bridged.c1, "01:80:c2:00:00:03", 0x888E, b"let me in, says one of thirty"),
    ]  # fmt: skip
    honest = bridged.to_all(frames.udp(MINE, LAN, 7, 9999, b"IP"))
    on_bridge(bridged, "c1", "dropped", lies, [honest])


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_neighbour(bridged, v6):
    """The neighbour is not reached: not by its MAC, not by everybody's, not through the host."""
    world = bridged.world
    mine, theirs = (MINE6, THEIRS6) if v6 else (MINE, THEIRS)
    listener = Listener(world.container_namespace("c2"))
    knock = frames.udp(mine, theirs, 7, 9999, b"a knock of thirty bytes at the door")
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert world.run("sysctl", "-qw", switch).rc == 0
    counted(world, "c1", "dropped",
            frames.ethernet(bridged.c1, bridged.mac["c2"], kind_of(knock), knock),
            bridged.to_all(knock),
            frames.ethernet(bridged.c1, bridged.bridge_mac, kind_of(knock), knock),
            bridged.to_all(frames.arp(1, bridged.c1, MINE, THEIRS)), family="bridge")  # fmt: skip
    namespace_send(world, "lan", DONE)
    assert not any(frames.mac_bytes(bridged.c1) in frame or knock[-28:] in frame
                   for frame in listener.until(DONE))  # fmt: skip
    assert world.cannot_connect(world.container_namespace("c1"), theirs, 1)
    world.ok("net", "link", "c1", "c2")
    send(world, "c1", frames.ethernet(bridged.c1, bridged.mac["c2"], kind_of(knock), knock))
    assert knock in listener.until(knock)[-1]
    back, listener = frames.udp(theirs, mine, 7, 9999, b"come in, in thirty bytes"), Listener(world.container_namespace("c1"))
    send(world, "c2", frames.ethernet(bridged.mac["c2"], bridged.c1, kind_of(back), back))
    assert back in listener.until(back)[-1]


@pytest.mark.parametrize("host", [HOST, HOST6])
def test_published_port(bridged, host):
    """What the neighbour publishes can be called, and nothing beside it; who was called may answer
    and not call back. What passes within the bridge passes as before."""
    world = bridged.world
    publishing(world, "c2", "8080:80")
    caller, called = (world.container_namespace(name) for name in ("c1", "c2"))
    with world.server_in(called, 80), world.server_in(called, 81), world.server_in(caller, 82):
        assert world.connect_from(bridged.lan, THEIRS, 81) == LAN
        assert world.connect_from(bridged.lan, THEIRS6, 81) == LAN6
        assert world.connect_from(world.outside.namespace, host, 8080)
        assert world.connect_from(caller, host, 8080)
        assert world.cannot_connect(caller, THEIRS, 81) and world.cannot_connect(caller, THEIRS6, 81)
        assert world.cannot_connect(called, MINE, 82) and world.cannot_connect(called, MINE6, 82)
        assert world.connect_from(caller, host, 8080)
    assert world.ok("nat", "show", "--json").json["drift"] == []


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_who_was_called_begins_nothing(bridged, v6):
    """From the port that it publishes it answers, and calls nobody."""
    world = bridged.world
    mine, theirs, host = (MINE6, THEIRS6, HOST6) if v6 else (MINE, THEIRS, HOST)
    publishing(world, "c2", "8080:80")
    with world.server_in(world.container_namespace("c2"), 80):
        assert world.connect_from(world.container_namespace("c1"), host, 8080)
    listener = Listener(world.container_namespace("c1"))
    syn = frames.tcp_syn(theirs, mine, 80, 82)
    counted(world, "c2", "dropped",
            frames.ethernet(bridged.mac["c2"], bridged.c1, kind_of(syn), syn), family="bridge")  # fmt: skip
    namespace_send(world, "lan", DONE)
    assert not any(syn in frame for frame in listener.until(DONE))


def test_published_on_another_bridge(bridged):
    """What a container on another bridge publishes is called by an address of the host, and it is not
    reached otherwise."""
    world = bridged.world
    for command in ("link add br1 type bridge", "link set br1 up", "address add 10.8.0.1/24 dev br1",
                    "address add fd08::1/64 dev br1 nodad"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    world.ok("create", "c3", "--bridge", "br1", "--local-address", "10.8.0.2/24", "--host-address",
             "10.8.0.1", "--local-address6", "fd08::2/64", "--host-address6", "fd08::1",
             "--port", "8083:80")  # fmt: skip
    world.ok("net", "up", "c3")
    caller = world.container_namespace("c1")
    with world.server_in(world.container_namespace("c3"), 80), \
            world.server_in(world.container_namespace("c3"), 81):  # fmt: skip
        assert world.connect_from(caller, HOST, 8083) and world.connect_from(caller, HOST6, 8083)
        for address in "10.8.0.2", "fd08::2":
            assert world.cannot_connect(caller, address, 80)
            assert world.cannot_connect(caller, address, 81)


def test_isolation_off(bridged):
    """Neighbours reach each other, also by way of the host, until they are kept apart again."""
    world = bridged.world
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert world.run("sysctl", "-qw", switch).rc == 0
    caller = world.container_namespace("c1")
    world.ok("nat", "isolate", "off")
    with world.server_in(world.container_namespace("c2"), 81):
        assert world.connect_from(caller, THEIRS, 81) == MINE
        assert world.connect_from(caller, THEIRS6, 81) == MINE6
        assert counters(world, "bridge")["between"] > 0
        listener = Listener(world.container_namespace("c2"))
        for mine, theirs in (MINE, THEIRS), (MINE6, THEIRS6):
            word = f"{mine} at the door of {theirs}".encode()  # what receives it complains, and quotes it
            knock = frames.udp(mine, theirs, 7, 9999, word)
            send(world, "c1", frames.ethernet(bridged.c1, bridged.bridge_mac, kind_of(knock), knock))
            listener.until(word)
        world.ok("nat", "isolate", "on")
        assert world.cannot_connect(caller, THEIRS, 81) and world.cannot_connect(caller, THEIRS6, 81)


def publishing(world, name, ports):
    """Has a container publish ports."""
    path = world.path(f"/etc/nixos-containers/{name}.conf")
    path.write_text(path.read_text().replace("HOST_PORT=", f"HOST_PORT={ports}"))
    world.ok("net", "up", name)


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_published_port_without_the_host(bridged, family):
    """The neighbour's port is called at an address of the host only: not at its own, which the caller
    knows, nor with the host as a router, also after a call that was let through. Linked ones may."""
    world = bridged.world
    host, theirs, mine = (HOST, THEIRS, MINE) if family == "v4" else (HOST6, THEIRS6, MINE6)
    publishing(world, "c2", "8080:80")
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert world.run("sysctl", "-qw", switch).rc == 0
    caller, called = (world.container_namespace(name) for name in ("c1", "c2"))
    knows(world, "c2", mine, bridged.c1)
    with world.server_in(called, 80):
        assert world.connect_from(caller, host, 8080)
        for mac in bridged.mac["c2"], bridged.bridge_mac:
            knows(world, "c1", theirs, mac)
            assert world.cannot_connect(caller, theirs, 80), mac
            # Who has tried is not punished for it: his next call by way of the host is another one.
            assert world.connect_from(caller, host, 8080), mac
        knows(world, "c1", theirs, bridged.mac["c2"])
        world.ok("net", "link", "c1", "c2")
        assert world.connect_from(caller, theirs, 80)


def knows(world, name, address, mac):
    """Tells a container where somebody is."""
    assert world.run("ip", "-n", f"ve-{name}", "neighbour", "replace", address, "lladdr", mac,
                     "dev", "eth0", "nud", "permanent").rc == 0  # fmt: skip


def test_caller_publishes(bridged):
    """Who has called a neighbour, and publishes a port himself, does not get at other ports from there."""
    world = bridged.world
    publishing(world, "c2", "8080:80")
    publishing(world, "c1", "udp:5353:53")
    caller, called = (world.container_namespace(name) for name in ("c1", "c2"))
    with world.server_in(called, 80):
        assert world.connect_from(caller, HOST, 8080)
    listener = Listener(called)
    lie = frames.udp(MINE, THEIRS, 53, 99, b"an answer to nobody of thirty bytes")
    counted(world, "c1", "dropped",
            frames.ethernet(bridged.c1, bridged.mac["c2"], frames.IP, lie), family="bridge")  # fmt: skip
    namespace_send(world, "lan", DONE)
    assert not any(b"an answer to nobody" in frame for frame in listener.until(DONE))


def port_of(world, name):
    """What the bridge has to say of a container's port."""
    return json.loads(world.run("bridge", "-d", "-j", "link", "show", "dev", f"vb-{name}").stdout)[0]


def root_port(world):
    """By which port the bridge reaches the root of its spanning tree; 0: it is the root."""
    answer = world.run("ip", "-d", "-j", "link", "show", "br0").stdout
    return json.loads(answer)[0]["linkinfo"]["info_data"]["root_port"]


def test_spanning_tree(bridged):
    """In a network whose bridges talk to each other it claims to be one of them, and the best: the bridge
    cuts it off, and nobody hears of it. "net up" plugs it in again.
    """
    world = bridged.world
    assert world.run("ip", "link", "set", "br0", "type", "bridge", "stp_state", "1").rc == 0
    assert all(port_of(world, name)["guard"] for name in ("c1", "c2", "free"))
    lan = Listener(bridged.lan)
    for lie in frames.bpdu(bridged.c1, bridged.c1), frames.topology_change(bridged.c1):
        send(world, "c1", lie)
        eventually(lambda: port_of(world, "c1")["state"] == "disabled", "it is cut off")
        assert "cut it off for a spanning tree frame" in world.ok("net", "show", "c1").stdout
        world.ok("net", "up", "c1")
        assert port_of(world, "c1")["state"] != "disabled"
    assert root_port(world) == 0 and port_of(world, "c2")["state"] != "disabled"
    namespace_send(world, "lan", DONE)
    mine, group = frames.mac_bytes(bridged.c1), frames.mac_bytes(frames.BRIDGE_GROUP)
    heard = [frame for frame in lan.until(DONE) if frame.startswith(group)]
    assert not [frame for frame in heard if mine in frame]

    path = world.path("/etc/nixos-containers/c1.conf")
    path.write_text(path.read_text() + "PINNED=0\n")
    world.ok("net", "up", "c1")
    send(world, "c1", frames.bpdu(bridged.c1, bridged.c1))
    eventually(lambda: root_port(world) != 0, "one that is not pinned is the root")


def test_honest_life(bridged):
    """What honest containers do works, and none of it is counted."""
    world = bridged.world
    before = counters(world, "bridge")
    for name, mine, mine6 in ("c1", MINE, MINE6), ("c2", THEIRS, THEIRS6):
        namespace = world.container_namespace(name)
        with world.server_in(namespace, 80), world.server_in(bridged.lan, 81):
            assert world.connect_from(namespace, LAN, 81) == mine
            assert world.connect_from(namespace, LAN6, 81) == mine6
            assert world.connect_from(bridged.lan, mine, 80) == LAN
            assert world.connect_from(bridged.lan, mine6, 80) == LAN6
            assert world.connect_from(world.namespace, mine, 80) == GATE
            assert world.connect_from(world.namespace, mine6, 80) == GATE6
    for command in ("-n ve-free address add 10.7.0.60/24 dev eth0",
                    "-n ve-free address add fd07::60/64 dev eth0"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0
    with world.server_in(bridged.lan, 81):
        free = world.container_namespace("free")
        assert world.connect_from(free, LAN, 81) == "10.7.0.60"
    after = counters(world, "bridge")
    assert after["spoofed"] == before["spoofed"] and after["rogue"] == before["rogue"]


def test_unpinned(bridged):
    """PINNED=0 lets a container be whoever it likes, and it is still isolated."""
    world = bridged.world
    path = world.path("/etc/nixos-containers/c1.conf")
    path.write_text(path.read_text() + "PINNED=0\n")
    world.ok("net", "up", "c1")
    lan, c2 = Listener(bridged.lan), Listener(world.container_namespace("c2"))
    offer = bridged.to_all(frames.udp(GATE, "255.255.255.255", 67, 68, b"an offer"), source=LIAR_MAC)
    send(world, "c1", offer)
    lan.until(offer)
    namespace_send(world, "lan", DONE)
    assert offer not in c2.until(DONE)
    path.write_text(path.read_text().replace("PINNED=0\n", ""))
    world.ok("net", "up", "c1")
    counted(world, "c1", "spoofed", bridged.to_all(b"x", frames.ARP, LIAR_MAC), family="bridge")
