# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever is root in a container, with all capabilities there, lies to the host and the world.

Each attack is counted by the counter that is for it, nobody receives it, and the same packet without
the lie gets through. This file is about containers on cables of their own; test_attack_bridge.py has
those on bridges.
"""

import socket
import struct

import frames
import pytest
from test_ports import END, END6, LOCAL, LOCAL6, NEIGHBOUR, NEIGHBOUR6, Asker, create, udp_server
from world import HERE, HOST, HOST6, OUTSIDE, OUTSIDE6, _in_namespace, eventually

STRANGER, STRANGER6 = "203.0.113.9", "2001:db8:bad::9"
LIAR_MAC = "02:bb:bb:bb:bb:bb"


def counters(world, family="inet"):
    """What our table has counted: {name: packets}."""
    return {item["counter"]["name"]: item["counter"]["packets"]
            for item in world.nft("list", "counters", "table", family, "nixctr-net")
            if "counter" in item}  # fmt: skip


def send(world, name, *sent, link="eth0"):
    """Sends frames as root of a container."""
    world.ok("net", "exec", name, "/usr/bin/python3", str(HERE / "frames.py"), link,
             *(frame.hex() for frame in sent))  # fmt: skip


class Listener:
    """Hears all frames of a link of a namespace, from now on."""

    def __init__(self, namespace, link="eth0"):
        self._socket = _in_namespace(
            namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        )
        self._socket.bind((link, 3))
        self._socket.settimeout(10)

    def until(self, needle):
        """All frames up to one that has these bytes in it."""
        heard = []
        while not heard or needle not in heard[-1]:
            heard.append(self._socket.recv(65536))
        return heard


class Receiver:
    """Hears what the programs of a host receive of a protocol: behind its rules."""

    def __init__(self, world, family, protocol, port=None):
        kind = socket.SOCK_DGRAM if port else socket.SOCK_RAW
        self._socket = _in_namespace(
            world.namespace, lambda: socket.socket(family, kind, protocol)
        )
        self._socket.settimeout(10)
        if port:
            self._socket.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))

    def until(self, needle):
        """All packets up to one that has these bytes in it."""
        heard = []
        while not heard or needle not in heard[-1]:
            heard.append(self._socket.recv(65536))
        return heard


def counted(world, name, counter, *sent, family="inet"):
    """Sends frames, one by one, and waits until each has been counted."""
    for frame in sent:
        before = counters(world, family)[counter]
        send(world, name, frame)
        eventually(lambda: counters(world, family)[counter] > before, f"it is in {counter}")  # noqa: B023 pylint: disable=cell-var-from-loop


def is_dropped(world, listener, counter, lie, truth):
    """c1 sends a lie, which is counted and not heard, and the same without it, which is.

    Both are (frame, bytes that tell it from all others wherever it is received)."""
    counted(world, "c1", counter, lie[0])
    before = counters(world)[counter]
    send(world, "c1", truth[0])
    assert not any(lie[1] in frame for frame in listener.until(truth[1]))
    assert counters(world)[counter] == before


@pytest.fixture
def cabled(world):
    """c1, the attacker, and c2 on cables of their own, and NAT; the MACs of c1's cable."""
    world.ok("nat", "enable", "--external", "eth0")
    create(world, "c1", 1)
    create(world, "c2", 2)
    world.inside = world.ip("link", "show", "eth0", container="c1")[0]["address"]
    world.end = world.ip("link", "show", "ve-c1")[0]["address"]
    return world


def frame_from(world, payload, source=None):
    """A frame of c1 to the host."""
    kind = frames.IP6 if payload[0] >> 4 == 6 else frames.IP
    return frames.ethernet(source or world.inside, world.end, kind, payload)


@pytest.mark.parametrize("liar", [STRANGER, NEIGHBOUR, HOST, END, OUTSIDE, "127.0.0.1",
                                  STRANGER6, NEIGHBOUR6, HOST6, END6, OUTSIDE6])  # fmt: skip
@pytest.mark.parametrize("to_host", [False, True], ids=["to-outside", "to-host"])
def test_source(cabled, liar, to_host):
    """Somebody else's address: a stranger's, the neighbour's, the host's, the receiver's."""
    v6 = ":" in liar
    target = ((END6 if v6 else END) if to_host else (OUTSIDE6 if v6 else OUTSIDE))
    listener = Listener(cabled.outside.namespace)
    if to_host:
        listener = Receiver(cabled, socket.AF_INET6 if v6 else socket.AF_INET, 0, port=9999)
    if liar == "127.0.0.1" and to_host:
        target = HOST
    lie = frames.udp(liar, target, 7, 9999, b"I am not myself")
    truth = frames.udp(LOCAL6 if v6 else LOCAL, target, 7, 9999, b"I am myself")
    is_dropped(cabled, listener, "spoofed", (frame_from(cabled, lie), b"I am not myself"),
               (frame_from(cabled, truth), b"I am myself"))  # fmt: skip


def test_link_local(cabled):
    """No route tells whose a link-local address is: under one, a container can say where it is, and
    nothing else."""
    heard = Receiver(cabled, socket.AF_INET6, 0, port=9999)
    local = frames.link_local(cabled.inside)
    end = frames.link_local(cabled.end)
    for liar in "fe80::dead:beef", local, end:
        for target in END6, end, frames.ALL_NODES:
            counted(cabled, "c1", "dropped",
                    frame_from(cabled, frames.udp(liar, target, 7, 9999, b"who am I")))  # fmt: skip
    host = _in_namespace(cabled.namespace, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    host.sendto(b"done", (END6, 9999))
    assert heard.until(b"done") == [b"done"]

    before = counters(cabled)
    v6 = Receiver(cabled, socket.AF_INET6, socket.IPPROTO_ICMPV6)
    questions = [frames.solicitation(local, END6, frames.option(1, cabled.inside), to=END6),
                 frames.icmp6(local, END6, frames.ROUTER_SOLICITATION, bytes(4)),
                 frames.advertisement(local, local, frames.option(2, cabled.inside), END6)]  # fmt: skip
    # Which groups it hears, and no longer, in both versions: RFC 2710, RFC 3810.
    questions += [frames.icmp6(local, frames.ALL_NODES, kind, bytes(4) + frames.address_bytes("ff02::fb"))
                  for kind in (131, 132)] + [frames.icmp6(local, "ff02::16", 143, bytes(4))]  # fmt: skip
    send(cabled, "c1", *(frame_from(cabled, question) for question in questions),
         frame_from(cabled, frames.icmp6(LOCAL6, END6, 129, b"\0\0\0\0honest")))  # fmt: skip
    assert frames.ROUTER_SOLICITATION in [packet[0] for packet in v6.until(b"honest")]
    after = counters(cabled)
    assert [after[name] for name in ("dropped", "spoofed", "rogue")] == [
        before[name] for name in ("dropped", "spoofed", "rogue")]  # fmt: skip


def outside_socket(cabled, family, kind, port):
    """A socket of the host outside."""
    made = _in_namespace(cabled.outside.namespace, lambda: socket.socket(family, kind))
    made.settimeout(10)
    made.bind(("", port))
    return made


def tracked(cabled, port):
    """What connection tracking has about a flow that began at a port."""
    [line] = [line for line in cabled.run("cat", "/proc/net/nf_conntrack").stdout.splitlines()
              if f" sport={port} " in line.partition(" src=")[2].partition(" src=")[0]]  # fmt: skip
    return line


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_within_a_flow(cabled, v6):
    """A datagram that belongs to the neighbour's flow, whose answers connection tracking has seen, is
    seen through before that is asked."""
    mine, theirs, target = ((LOCAL6, NEIGHBOUR6, OUTSIDE6) if v6 else (LOCAL, NEIGHBOUR, OUTSIDE))
    listener = Listener(cabled.outside.namespace)
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with outside_socket(cabled, family, socket.SOCK_DGRAM, 9999) as server:
        victim = _in_namespace(cabled.container_namespace("c2"),
                               lambda: socket.socket(family, socket.SOCK_DGRAM))  # fmt: skip
        victim.settimeout(10)
        victim.connect((target, 9999))
        victim.send(b"a question")
        server.sendto(b"an answer", server.recvfrom(100)[1])
        assert victim.recv(100) == b"an answer"
        [_, flow] = victim.getsockname()[:2]
        assert "UNREPLIED" not in tracked(cabled, flow)
        lie = frames.udp(theirs, target, flow, 9999, b"in your flow")
        truth = frames.udp(mine, target, flow, 9999, b"in my flow")
        is_dropped(cabled, listener, "spoofed", (frame_from(cabled, lie), b"in your flow"),
                   (frame_from(cabled, truth), b"in my flow"))  # fmt: skip
        assert server.recv(100) == b"in my flow"
        victim.close()


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_what_belongs_to_nothing(cabled, v6):
    """An answer that nobody has asked for would leave with the container's own address."""
    listener = Listener(cabled.outside.namespace)
    packets = [frames.icmp6(LOCAL6, OUTSIDE6, kind, b"\0\7\0\7" + word) if v6
               else frames.icmp(LOCAL, OUTSIDE, kind, b"\0\7\0\7" + word)
               for kind, word in ((129 if v6 else 0, b"answered"), (128 if v6 else 8, b"questioned"))]  # fmt: skip
    is_dropped(cabled, listener, "dropped", (frame_from(cabled, packets[0]), b"answered"),
               (frame_from(cabled, packets[1]), b"questioned"))  # fmt: skip


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_within_a_connection(cabled, v6):
    """The same with TCP: what the receiver would take next, from somebody else."""
    theirs, target = (NEIGHBOUR6, OUTSIDE6) if v6 else (NEIGHBOUR, OUTSIDE)
    cable = Listener(cabled.namespace, "ve-c2")
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with outside_socket(cabled, family, socket.SOCK_STREAM, 9998) as server:
        server.listen(1)
        victim = _in_namespace(cabled.container_namespace("c2"),
                               lambda: socket.socket(family, socket.SOCK_STREAM))  # fmt: skip
        victim.settimeout(10)
        victim.connect((target, 9998))
        connection, _ = server.accept()
        connection.settimeout(10)
        port = victim.getsockname()[1]
        line = tracked(cabled, port)
        assert "ESTABLISHED" in line and "[ASSURED]" in line
        victim.send(b"the first")
        assert connection.recv(100) == b"the first"
        header = cable.until(b"the first")[-1][54 if v6 else 34 :]
        sequence, acknowledged = struct.unpack("!II", header[4:12])
        lie = frames.tcp_data(theirs, target, port, 9998, sequence + 9 & 0xFFFFFFFF, acknowledged,
                              b"of others")  # fmt: skip
        counted(cabled, "c1", "spoofed", frame_from(cabled, lie))
        victim.send(b"of itself")
        assert connection.recv(100) == b"of itself"
        connection.close()
        victim.close()


def test_router(cabled):
    """No container tells the host where the way is, whoever it claims to be."""
    local = frames.link_local(cabled.inside)
    inside = frames.ipv4(OUTSIDE, LOCAL, 17, bytes(8))
    attacks = [
        frames.router_advertisement(local),
        frames.router_advertisement(LOCAL6),
        frames.icmp6(local, LOCAL6, frames.REDIRECT_V6,
                     bytes(4) + frames.address_bytes(OUTSIDE6) * 2),
        frames.icmp(LOCAL, END, frames.REDIRECT, frames.address_bytes(LOCAL) + inside, 1),
        frames.icmp(END, END, frames.REDIRECT, frames.address_bytes(LOCAL) + inside, 1),
        frames.icmp(LOCAL, END, frames.ROUTER_ADVERTISEMENT_V4, bytes(4)),
        frames.in_pieces(frames.router_advertisement(local))[0],
        frames.in_pieces(frames.router_advertisement(local), socket.IPPROTO_ICMPV6)[0],
    ]  # fmt: skip
    v4 = Receiver(cabled, socket.AF_INET, socket.IPPROTO_ICMP)
    v6 = Receiver(cabled, socket.AF_INET6, socket.IPPROTO_ICMPV6)
    routes = cabled.ip("route"), cabled.ip("-6", "route")
    counted(cabled, "c1", "rogue", *(frame_from(cabled, attack) for attack in attacks))
    send(cabled, "c1", frame_from(cabled, frames.icmp(LOCAL, END, 0, b"\0\0\0\0honest")),
         frame_from(cabled, frames.icmp6(LOCAL6, END6, 129, b"\0\0\0\0honest")))  # fmt: skip
    kinds = [packet[20] for packet in v4.until(b"honest")]
    assert not {frames.REDIRECT, frames.ROUTER_ADVERTISEMENT_V4} & set(kinds)
    kinds = [packet[0] for packet in v6.until(b"honest")]
    assert not {frames.ROUTER_ADVERTISEMENT, frames.REDIRECT_V6} & set(kinds)
    assert (cabled.ip("route"), cabled.ip("-6", "route")) == routes


@pytest.mark.parametrize("v6", [False, True], ids=["dhcp", "dhcpv6"])
def test_dhcp_server(cabled, v6):
    """No container answers a DHCP client of the host, from whatever port: clients do not look at it.
    It may be a client itself."""
    ports = (547, 546) if v6 else (67, 68)
    source = frames.link_local(cabled.inside) if v6 else LOCAL
    receiver = Receiver(cabled, socket.AF_INET6 if v6 else socket.AF_INET, 0, port=ports[1])
    target = END6 if v6 else END
    server = Receiver(cabled, socket.AF_INET6 if v6 else socket.AF_INET, 0, port=ports[0])
    addresses = source, LOCAL6 if v6 else LOCAL
    counted(cabled, "c1", "rogue",
            *(frame_from(cabled, frames.udp(address, target, port, ports[1], b"take this address"))
              for address in addresses for port in (ports[0], 1067)))  # fmt: skip
    before = counters(cabled)["rogue"]
    send(cabled, "c1",
         frame_from(cabled, frames.udp(addresses[1], target, *reversed(ports), b"who gives me one")))
    server.until(b"who gives me one")
    assert counters(cabled)["rogue"] == before
    host = _in_namespace(cabled.namespace, lambda: socket.socket(
        socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM))  # fmt: skip
    host.sendto(b"done", (target, ports[1]))
    assert receiver.until(b"done") == [b"done"]


def test_neighbours_of_the_host(cabled):
    """What a container says in ARP and neighbour discovery changes nothing that the host knows:
    where it is, is known, and where others are is not looked for on its cable."""
    known = sorted((entry["dst"], entry["lladdr"]) for entry in cabled.ip("neigh", "show", "nud",
                                                                         "permanent"))  # fmt: skip
    assert [(address, mac) for address, mac in known if mac == cabled.inside] == [
        (LOCAL, cabled.inside), (LOCAL6, cabled.inside)]  # fmt: skip
    lies = [
        frames.ethernet(LIAR_MAC, frames.BROADCAST, frames.ARP,
                        frames.arp(operation, LIAR_MAC, address, END))
        for operation in (1, 2) for address in (LOCAL, NEIGHBOUR, OUTSIDE)
    ]  # fmt: skip
    lies += [
        frame_from(cabled, frames.advertisement(address, address, frames.option(2, LIAR_MAC)))
        for address in (LOCAL6, NEIGHBOUR6, OUTSIDE6)
    ]
    send(cabled, "c1", *lies)
    assert cabled.connect_from(cabled.namespace, LOCAL, 1) is None
    with cabled.server_in(cabled.container_namespace("c2"), 80):
        assert cabled.connect_from(cabled.namespace, NEIGHBOUR, 80)
        assert cabled.connect_from(cabled.namespace, NEIGHBOUR6, 80)
    assert cabled.connect_from(cabled.namespace, OUTSIDE)
    entries = cabled.ip("neigh")
    assert not [entry for entry in entries if entry.get("lladdr") == LIAR_MAC
                and entry["dst"] in (LOCAL, LOCAL6) or entry.get("lladdr") == LIAR_MAC
                and entry["dev"] != "ve-c1"]  # fmt: skip


def group_of(world, link="ve-c1"):
    """The group of a link, as ip(8) tells it."""
    return world.ip("link", "show", link)[0]["group"]


def goes_with(group, mac):
    """Whether the rule lets a MAC pass through a link of a group: the kernel's jhash() (linux/jhash.h) of both."""
    def word(number):
        return number & 0xFFFFFFFF

    def mix(into, other, bits):
        return word((into ^ other) - (other << bits | other >> 32 - bits))

    a, b, c = (word(0xDEADBEEF + 12 + 0x6E697863 + part)
               for part in struct.unpack("=I", struct.pack("=I", group))
               + struct.unpack("<II", frames.mac_bytes(mac) + bytes(2)))  # fmt: skip
    c = mix(c, b, 14)
    a = mix(a, word(c), 11)
    b = mix(b, a, 25)
    c = mix(c, b, 16)
    a = mix(a, c, 4)
    b = mix(b, a, 14)
    return mix(c, b, 24) >> 16 == 0


def tell_apart(world, *liars):
    """Has c1's cable get another group as long as one of these MACs goes with it by chance: one of 65,536 does."""
    assert goes_with(int(group_of(world)), world.inside)
    while any(goes_with(int(group_of(world)), liar) for liar in liars):
        assert world.run("ip", "link", "set", "ve-c1", "group", "0").rc == 0
        world.ok("net", "up", "c1")


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_mac_of_somebody_else(cabled, v6):
    """What is sent under a MAC that is not the container's is dropped and counted: to the outside, to the
    host, to all on the link, and what is not even an address of its own."""
    mine, target = (LOCAL6, OUTSIDE6) if v6 else (LOCAL, OUTSIDE)
    neighbour = cabled.ip("link", "show", "eth0", container="c2")[0]["address"]
    listener = Listener(cabled.outside.namespace)
    truth = frames.udp(mine, target, 7, 9999, b"under my own")
    near = cabled.inside[:-1] + "0123456789abcdef0"[int(cabled.inside[-1], 16) + 1]
    liars = LIAR_MAC, neighbour, cabled.end, near
    tell_apart(cabled, *liars)
    for liar in liars:
        lie = frames.udp(mine, target, 7, 9999, b"under another")
        is_dropped(cabled, listener, "spoofed", (frame_from(cabled, lie, liar), b"under another"),
                   (frame_from(cabled, truth), b"under my own"))  # fmt: skip
    local = frames.link_local(cabled.inside)
    others = ([frames.udp(LOCAL6, END6, 7, 9999, b"x"),
               frames.solicitation(local, END6, frames.option(1, cabled.inside)),
               frames.icmp6(local, "ff02::16", 143, bytes(4)),
               frames.udp(local, "ff02::1:2", 546, 547, b"x")] if v6 else
              [frames.udp(LOCAL, END, 7, 9999, b"x"), frames.icmp(LOCAL, END, 8, bytes(4)),
               frames.udp("0.0.0.0", "255.255.255.255", 68, 67, b"x")])  # fmt: skip
    counted(cabled, "c1", "spoofed", *(frame_from(cabled, other, LIAR_MAC) for other in others))


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_mac_within_a_flow(cabled, v6):
    """Connection tracking knows the flow, which is the container's own; the MAC is looked at before."""
    tell_apart(cabled, LIAR_MAC)
    mine, target = (LOCAL6, OUTSIDE6) if v6 else (LOCAL, OUTSIDE)
    listener = Listener(cabled.outside.namespace)
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with outside_socket(cabled, family, socket.SOCK_DGRAM, 9999) as server:
        asker = _in_namespace(cabled.container_namespace("c1"),
                              lambda: socket.socket(family, socket.SOCK_DGRAM))  # fmt: skip
        asker.settimeout(10)
        asker.connect((target, 9999))
        asker.send(b"a question")
        server.sendto(b"an answer", server.recvfrom(100)[1])
        assert asker.recv(100) == b"an answer"
        port = asker.getsockname()[1]
        lie, truth = (frames.udp(mine, target, port, 9999, words)
                      for words in (b"under another", b"under my own"))  # fmt: skip
        is_dropped(cabled, listener, "spoofed", (frame_from(cabled, lie, LIAR_MAC), b"under another"),
                   (frame_from(cabled, truth), b"under my own"))  # fmt: skip
        assert server.recv(100) == b"under my own"
        asker.close()


def test_not_pinned(cabled):
    """A container whose definition says so sends under any MAC of its own cable; once that says no more,
    it does not."""
    for command in ("set", "c1", "pinned=0"), ("net", "up", "c1"):
        cabled.ok(*command)
    assert group_of(cabled) == "default"
    listener = Listener(cabled.outside.namespace)
    send(cabled, "c1", frame_from(cabled, frames.udp(LOCAL, OUTSIDE, 7, 9999, b"any"), LIAR_MAC))
    listener.until(b"any")
    for command in ("set", "c1", "pinned="), ("net", "up", "c1"):
        cabled.ok(*command)
    assert int(group_of(cabled)) % 2
    tell_apart(cabled, LIAR_MAC)
    counted(cabled, "c1", "spoofed",
            frame_from(cabled, frames.udp(LOCAL, OUTSIDE, 7, 9999, b"any"), LIAR_MAC))  # fmt: skip


def test_group(cabled):
    """A cable of a version that knew of no group works and is not judged; what somebody has changed is
    said. Either gets a group that fits, and one that does is kept."""
    namespace = cabled.container_namespace("c1")
    kept = group_of(cabled)
    cabled.ok("net", "up", "c1")
    assert group_of(cabled) == kept != group_of(cabled, "ve-c2")
    wrong = str(next(group for group in (7, 9) if not goes_with(group, cabled.inside)))
    for group in "0", wrong:
        assert cabled.run("ip", "link", "set", "ve-c1", "group", group).rc == 0
        before = counters(cabled)["spoofed"]
        if group == "0":
            assert cabled.connect_from(namespace, OUTSIDE) == HOST
            send(cabled, "c1", frame_from(cabled, frames.udp(LOCAL, END, 7, 9, b"x"), LIAR_MAC))
            assert counters(cabled)["spoofed"] == before
        else:
            assert cabled.cannot_connect(namespace, OUTSIDE)
            assert counters(cabled)["spoofed"] > before
        [line] = cabled.ok("net", "show", "c1", "--json").json["drift"]
        assert line == f"host end: group is {group}, should be one that goes with mac {cabled.inside}"
        cabled.ok("net", "up", "c1")
        assert cabled.ok("net", "show", "c1", "--json").json["drift"] == []
        assert int(group_of(cabled)) % 2 and cabled.connect_from(namespace, OUTSIDE) == HOST


def test_mac(cabled):
    """A container that takes another MAC has no network, and is not spoken to under it; nobody else gets to
    see it. What says what is wrong says so, and it comes back with its own."""
    outside = Listener(cabled.outside.namespace)
    neighbour = Listener(cabled.container_namespace("c2"))
    namespace = cabled.container_namespace("c1")
    tell_apart(cabled, LIAR_MAC)
    assert cabled.connect_from(namespace, OUTSIDE) == HOST
    change = ("net", "exec", "c1", "ip", "link", "set", "eth0", "address")
    cabled.ok(*change, LIAR_MAC)
    assert cabled.cannot_connect(namespace, OUTSIDE) and cabled.cannot_connect(namespace, OUTSIDE6)
    counted(cabled, "c1", "spoofed",
            frame_from(cabled, frames.udp(LOCAL, OUTSIDE, 7, 9999, b"who am I"), LIAR_MAC))  # fmt: skip
    [line] = cabled.ok("net", "show", "c1", "--json").json["drift"]
    assert line == f"eth0: mac is {LIAR_MAC}, should be {cabled.inside}"
    cabled.ok("net", "up", "c1")
    assert cabled.connect_from(namespace, OUTSIDE) == HOST
    send(cabled, "c1", frame_from(cabled, frames.udp(LOCAL, OUTSIDE, 7, 9999, b"who was I")))
    heard = outside.until(b"who was I")
    send(cabled, "c2", frames.ethernet(cabled.inside, frames.BROADCAST, frames.ARP, b"done"))
    heard += neighbour.until(b"done")
    assert not any(frames.mac_bytes(LIAR_MAC) in frame[:12] for frame in heard)


@pytest.mark.parametrize("victim", [NEIGHBOUR, NEIGHBOUR6])
def test_neighbour(cabled, victim):
    """The neighbour is not reached, by whatever protocol; the outside is, by the same packet."""
    v6 = ":" in victim
    mine, beyond = (LOCAL6, OUTSIDE6) if v6 else (LOCAL, OUTSIDE)
    listener = Listener(cabled.container_namespace("c2"))
    outside = Listener(cabled.outside.namespace)
    echo = (lambda target: frames.icmp6(mine, target, 128, b"\0\0\0\0knock")) if v6 else (
        lambda target: frames.icmp(mine, target, 8, b"\0\0\0\0knock"))  # fmt: skip
    packets = [lambda target: frames.udp(mine, target, 7, 9999, b"knock"),
               lambda target: frames.tcp_syn(mine, target, 4242, 80), echo]  # fmt: skip
    counted(cabled, "c1", "dropped",
            *(frame_from(cabled, make(victim)) for make in packets))  # fmt: skip
    send(cabled, "c1", frame_from(cabled, packets[0](beyond)))
    outside.until(b"knock")
    send(cabled, "c2", frames.ethernet(cabled.inside, frames.BROADCAST, frames.ARP, b"done"))
    assert not any(frames.address_bytes(mine) in frame for frame in listener.until(b"done"))


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_unpublished_port(cabled, v6):
    """A port that the neighbour does not publish is reached by no address of the host, and not by
    its own, from another container or from outside; the one that it publishes is."""
    create(cabled, "web", 3, "--port", "8080:80")
    web, host, end = (("fd00:3::2", HOST6, END6) if v6 else ("10.233.3.2", HOST, END))
    with cabled.server_in(cabled.container_namespace("web"), 80), \
            cabled.server_in(cabled.container_namespace("web"), 81):  # fmt: skip
        listener = Listener(cabled.container_namespace("web"))
        attacker = cabled.container_namespace("c1")
        for address in (host, end):
            assert cabled.connect_from(attacker, address, 81) is None
            assert cabled.connect_from(attacker, address, 80) is None
        for namespace in (attacker, cabled.outside.namespace):
            before = counters(cabled)["dropped"]
            for port in (80, 81):
                assert cabled.cannot_connect(namespace, web, port)
            assert counters(cabled)["dropped"] >= before + 2
        send(cabled, "web", frames.ethernet(cabled.inside, frames.BROADCAST, frames.ARP, b"done"))
        assert not any(frame[:2] != b"\x33\x33" and frame[12:14] in (b"\x08\x00", b"\x86\xdd")
                       for frame in listener.until(b"done"))  # fmt: skip
        assert cabled.connect_from(attacker, host, 8080)
        assert cabled.connect_from(cabled.outside.namespace, host, 8080)


def test_answers_of_the_neighbour(cabled):
    """A container that is called does answer: all that was dropped above is for being nobody's
    answer."""
    with udp_server(cabled, "c1", "c1"):
        assert Asker(cabled.namespace, LOCAL, 53).ask().startswith("c1 ")
        assert Asker(cabled.namespace, LOCAL6, 53).ask().startswith("c1 ")
    assert counters(cabled)["spoofed"] == counters(cabled)["rogue"] == 0
