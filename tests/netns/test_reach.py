# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that routes, for whomever, opens no port of a container that is not published.

Containers c1 and c3 are on bridges of their own, c2 on a cable. The administrator has everything
forward, and the outside knows the way to all of them.
"""

import concurrent.futures

import frames
import pytest
from test_attack import Listener, counted, counters
from test_ports import Asker, udp_server
from world import HOST, HOST6, OUTSIDE, OUTSIDE6

HOMES = {"c1": ("br0", "10.7.0.{}", "fd07::{}"), "c3": ("br1", "10.8.0.{}", "fd08::{}")}
C1 = {"v4": "10.7.0.2", "v6": "fd07::2"}
C2 = {"v4": "10.233.99.2", "v6": "fd00:99::2"}


@pytest.fixture
def routing(world):
    """The host, with all three; c1 publishes its port 80, c2 its port 82."""
    for name, (bridge, v4, v6) in HOMES.items():
        for command in (f"link add {bridge} type bridge", f"link set {bridge} up",
                        f"address add {v4.format(1)}/24 dev {bridge}",
                        f"address add {v6.format(1)}/64 dev {bridge} nodad"):  # fmt: skip
            assert world.run("ip", *command.split()).rc == 0, command
        ports = ("--port", "8080:80") if name == "c1" else ()
        world.ok("create", name, "--bridge", bridge, "--host-address", v4.format(1),
                 "--local-address", v4.format(2) + "/24", "--host-address6", v6.format(1),
                 "--local-address6", v6.format(2) + "/64", *ports)  # fmt: skip
    world.ok("create", "c2", "--host-address", "10.233.99.1", "--local-address", C2["v4"],
             "--host-address6", "fd00:99::1", "--local-address6", C2["v6"], "--port", "8082:82")  # fmt: skip
    for switch in "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1":
        assert world.run("sysctl", "-qw", switch).rc == 0
    for name in "c1", "c2", "c3":
        world.ok("net", "up", name)
    return world


def reached_by(world, target, port, *names, but=()):
    """Insists that these get through to a port of a container's own address, in both families, and nobody
    else: of the outside and the other containers, but for some of which it is not asked."""
    spaces = {"outside": world.outside.namespace,
              **{name: world.container_namespace(name) for name in ("c2", "c3")}}  # fmt: skip
    calls = [(name, address) for name in spaces if name not in but for address in target.values()]
    with concurrent.futures.ThreadPoolExecutor() as at_once:
        answers = list(at_once.map(lambda call: world.connect_from(
            spaces[call[0]], call[1], port, 5.0 if call[0] in names else 0.5), calls))  # fmt: skip
    assert {call for call, answer in zip(calls, answers) if answer} == {
        call for call in calls if call[0] in names}  # fmt: skip


def test_unpublished(routing):
    """On a bridge and on a cable, by its own address nobody from elsewhere gets to any port of a
    container, also not to one that is published; published ones are called, and it gets answers."""
    inside = routing.container_namespace("c1")
    with routing.server_in(inside, 80), routing.server_in(inside, 81):
        before = counters(routing)["dropped"]
        reached_by(routing, C1, 81)
        reached_by(routing, C1, 80)
        assert counters(routing)["dropped"] > before
        for host in HOST, HOST6:
            assert routing.connect_from(routing.outside.namespace, host, 8080)
        for outside, mine in (OUTSIDE, C1["v4"]), (OUTSIDE6, C1["v6"]):
            assert routing.connect_from(inside, outside) == mine
        # The host is no stranger.
        assert routing.connect_from(routing.namespace, C1["v4"], 81) == "10.7.0.1"
    with routing.server_in(routing.container_namespace("c2"), 82):
        reached_by(routing, C2, 82, but=["c2"])
    assert routing.ok("nat", "check").rc == 0


def test_allowed(routing):
    """Whose definition says so is reached from everywhere but by other containers; with isolation off
    all containers reach each other, and nobody else does."""
    with routing.server_in(routing.container_namespace("c1"), 81):
        routing.ok("set", "c1", "routed=true")
        reached_by(routing, C1, 81, "outside")
        assert routing.ok("nat", "check").rc == 0
        # A table that is made anew is the same.
        assert routing.run("nft", "delete", "table", "inet", "nixctr-net").rc == 0
        routing.ok("nat", "apply")
        reached_by(routing, C1, 81, "outside")
        routing.ok("set", "c1", "routed=")
        reached_by(routing, C1, 81)
        routing.ok("nat", "isolate", "off")
        reached_by(routing, C1, 81, "c3", but=["c2"])
        routing.ok("set", "c3", "routed=true")
        reached_by(routing, C1, 81, "c3", but=["c2"])
        routing.ok("set", "c3", "routed=")
        routing.ok("nat", "isolate", "on")
        reached_by(routing, C1, 81)
        # One element is missed, and comes back.
        assert routing.run("nft", "delete", "element", "inet", "nixctr-net", "homes4",
                           "{ br0 . 10.7.0.2 }").rc == 0  # fmt: skip
        told = routing.nixctr("nat", "check").stdout
        assert "container 'c1' lacks its element in set homes4 of table inet nixctr-net" in told
        routing.ok("nat", "apply")
        assert routing.ok("nat", "check").rc == 0


def shows_bridges(world):
    """Has the kernel show the rules of the host what passes within bridges."""
    for key in "iptables", "ip6tables":
        assert world.run("sysctl", "-qw", f"net.bridge.bridge-nf-call-{key}=1").rc == 0


def test_who_was_called_answers_and_no_more(routing):
    """One that is reached from everywhere has called a port on another bridge. From there it gets the answers,
    and nothing else."""
    shows_bridges(routing)
    routing.ok("set", "c1", "HOST_PORT=udp:5353:53")
    routing.ok("set", "c3", "routed=true")
    caller = routing.container_namespace("c3")
    askers = {family: Asker(caller, host, 5353) for family, host in (("v4", HOST), ("v6", HOST6))}
    mac = routing.ip("link", "show", "eth0", container="c1")[0]["address"]
    bridge = routing.ip("link", "show", "br0")[0]["address"]
    listener = Listener(caller)
    with udp_server(routing, "c1", "c1"):
        for family, kind, target in ("v4", frames.IP, "10.8.0.2"), ("v6", frames.IP6, "fd08::2"):
            assert askers[family].ask().startswith("c1 ")
            word = b"no answer, of thirty bytes and more"
            lie = frames.udp(C1[family], target, 53, 99, word)
            counted(routing, "c1", "dropped", frames.ethernet(mac, bridge, kind, lie))
            assert askers[family].ask().startswith("c1 ")
            heard = listener.until(b"c1 ")
            assert not any(word in frame for frame in heard)


def test_linked_and_routed(routing):
    """One that is reached from everywhere is reached by one that it is linked with on its bridge as well, also
    where the kernel shows the rules of the host what passes there."""
    shows_bridges(routing)
    routing.ok("create", "c4", "--bridge", "br0", "--host-address", "10.7.0.1", "--local-address", "10.7.0.4/24",
               "--host-address6", "fd07::1", "--local-address6", "fd07::4/64")  # fmt: skip
    routing.ok("net", "up", "c4")
    routing.ok("set", "c1", "routed=true")
    with routing.server_in(routing.container_namespace("c1"), 81):
        caller = routing.container_namespace("c4")
        assert all(routing.cannot_connect(caller, address, 81) for address in C1.values())
        routing.ok("net", "link", "c1", "c4")
        assert routing.connect_from(caller, C1["v4"], 81) == "10.7.0.4"
        assert routing.connect_from(caller, C1["v6"], 81) == "fd07::4"
