# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports in a row, by one address, through one link; published and withdrawn while in use."""

import contextlib
import ipaddress
import re
import socket
import struct
import subprocess

import pytest
from test_ports import Asker, create, elements, flows, udp_server
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, _in_namespace, eventually

NO_CONTAINER = 3

# Of web: its address, its end on the host; of the host: further addresses beside HOST.
LOCAL, LOCAL6, END, END6 = "10.233.1.2", "fd00:1::2", "10.233.1.1", "fd00:1::1"
NEIGHBOUR, NEIGHBOUR6 = "10.233.2.2", "fd00:2::2"
SECOND, SECOND6 = "198.51.100.9", "2001:db8:51::9"

DEFINITION = "/etc/nixos-containers/web.conf"


def second_addresses(world):
    """Gives the host one more address of each family."""
    for address in f"{SECOND}/24", f"{SECOND6}/64":
        arguments = ["address", "add", address, "dev", "eth0"]
        assert world.run("ip", *arguments, *(["nodad"] if ":" in address else [])).rc == 0


@contextlib.contextmanager
def published(world, ports, *served):
    """web publishes ports and serves some; other is beside it."""
    second_addresses(world)
    create(world, "web", 1, "--port", ports)
    create(world, "other", 2)
    with contextlib.ExitStack() as stack:
        for port in served:
            stack.enter_context(world.server_in(world.container_namespace("web"), port))
        # IPv6 takes a second until addresses may be used and neighbours are known.
        eventually(lambda: world.connect_from(world.namespace, OUTSIDE6), "the outside has IPv6")
        if served:
            eventually(lambda: world.connect_from(world.namespace, LOCAL6, served[0]), "web has IPv6")
        yield world


def callers(world):
    """From where one can call: {name: namespace}."""
    return {"outside": world.outside.namespace, "host": world.namespace,
            "other": world.container_namespace("other"), "web": world.container_namespace("web")}  # fmt: skip


EVERYBODY = ("outside", "host", "other", "web")


def reached(world, address, port, *names):
    """Who gets an answer by an address, and as whom the server has seen them. Who should is waited for."""
    who = callers(world)
    seen = world.connect_all([(namespace, address, port) for namespace in who.values()],
                             [place for place, name in enumerate(who) if name in names])  # fmt: skip
    return {name: peer for name, peer in zip(who, seen) if peer}


def test_by_one_address(world):
    """... from outside, from the host itself, from containers and from the container itself."""
    with published(world, f"{SECOND}:8080:80,[{SECOND6}]:8080:80", 80):
        assert reached(world, SECOND, 8080, *EVERYBODY) == {
            "outside": OUTSIDE, "host": HOST, "other": NEIGHBOUR, "web": END}  # fmt: skip
        assert reached(world, SECOND6, 8080, *EVERYBODY) == {
            "outside": OUTSIDE6, "host": SECOND6, "other": NEIGHBOUR6, "web": END6}  # fmt: skip
        for address in HOST, HOST6, END, END6, "127.0.0.1", "::1":
            assert reached(world, address, 8080) == {}


def from_loopback(address, port):
    """Calls an address of the host as 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(5)
        client.bind(("127.0.0.1", 0))
        client.connect((address, port))
        return client.makefile("r").readline().strip()


def test_an_address_is_called_from_the_loopback(world):
    """A client that is bound to 127.0.0.1 gets through, and to nobody else's server."""
    with published(world, f"{SECOND}:8080:80", 80), world.server_in(world.namespace, 8080):
        assert _in_namespace(world.namespace, lambda: from_loopback(SECOND, 8080)) == END
        assert _in_namespace(world.namespace, lambda: from_loopback(HOST, 8080)) == "127.0.0.1"
        assert _in_namespace(world.namespace, lambda: from_loopback("127.0.0.1", 8080)) == "127.0.0.1"


def test_by_localhost(world):
    """Bound to 127.0.0.1 and ::1 it is the host's alone."""
    with published(world, "127.0.0.1:8080:80,[::1]:8080:80", 80):
        assert reached(world, "127.0.0.1", 8080, "host") == {"host": END}
        assert reached(world, "::1", 8080, "host") == {"host": END6}
        for address in HOST, HOST6, SECOND, END, END6, "127.0.0.2":
            assert reached(world, address, 8080) == {}


def forged(world, target, port):
    """A datagram from outside to an address that no router would send to the host, as a frame."""
    [link] = world.ip("link", "show", "dev", "eth0")
    mac = bytes.fromhex(link["address"].replace(":", ""))
    payload = b"forged"
    udp = struct.pack("!HHHH", 4242, port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                         socket.inet_aton(OUTSIDE), socket.inet_aton(target))  # fmt: skip
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    header = header[:10] + struct.pack("!H", total) + header[12:]
    return mac + b"\x02\x00\x00\x00\x00\x99" + b"\x08\x00" + header + udp


@pytest.mark.parametrize("ports", ["udp:5353:53,udp:5354:53", "udp:127.0.0.1:5353:53,udp:5354:53"])
def test_a_frame_to_localhost_gets_nowhere(world, ports):
    """A neighbour that addresses 127.0.0.1 to our Ethernet address reaches no container."""

    def listen():
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("0.0.0.0", 53))
        return listener

    def send(frame):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("eth0", 0))
            sender.send(frame)

    with published(world, ports):
        listener = _in_namespace(world.container_namespace("web"), listen)
        with listener:
            listener.settimeout(10)
            frames = [forged(world, target, 5353) for target in ("127.0.0.1", "127.8.8.8")]
            for frame in [*frames, forged(world, HOST, 5354)]:
                _in_namespace(world.outside.namespace, lambda frame=frame: send(frame))
            # The last one may come, and is the first that does.
            assert listener.recvfrom(99) == (b"forged", (OUTSIDE, 4242))
            listener.settimeout(0.2)
            with pytest.raises(TimeoutError):
                listener.recv(99)
        assert not any("127." in line for line in flows(world))


def test_through_one_link(world):
    """... by any address, and not from the host, from localhost or from containers."""
    with published(world, "%eth0:8080:80,%eth9:8081:80", 80):
        for address, peer in (HOST, OUTSIDE), (SECOND, OUTSIDE), (HOST6, OUTSIDE6):
            assert reached(world, address, 8080, "outside") == {"outside": peer}
            assert reached(world, address, 8081) == {}
        assert reached(world, "127.0.0.1", 8080) == reached(world, "::1", 8080) == {}


def test_through_the_link_of_a_container(world):
    """... it is that container's alone."""
    with published(world, "%ve-other:8080:80", 80):
        assert reached(world, HOST, 8080, "other") == {"other": NEIGHBOUR}
        rows = world.ok("nat", "forward", "list", "--json").json["forwards"]
        assert {row["reached_by"] for row in rows} == {"one container, through ve-other"}


def test_by_one_address_through_one_link(world):
    """Both have to fit."""
    with published(world, f"{SECOND}%eth0:8080:80,{SECOND}%eth9:8081:80,[{SECOND6}]%eth0:8080:80", 80):
        assert reached(world, SECOND, 8080, "outside") == {"outside": OUTSIDE}
        assert reached(world, SECOND6, 8080, "outside") == {"outside": OUTSIDE6}
        for address, port in (HOST, 8080), (HOST6, 8080), (SECOND, 8081), ("127.0.0.1", 8080):
            assert reached(world, address, port) == {}


def test_what_is_not_published_stays_shut(world):
    """A neighbour that routes straight to the container gets to no port, published or not."""
    with published(world, f"{SECOND}:8080:80,%eth0:9000-9001:90-91", 80, 90, 92):
        shut = [(LOCAL, port) for port in (80, 90, 92, 8080, 9000)]
        shut += [(LOCAL6, port) for port in (80, 90, 92, 8080, 9000)]
        shut += [(SECOND, port) for port in (80, 90, 92, 9002)]
        for namespace in world.outside.namespace, world.container_namespace("other"):
            assert not any(world.connect_all([(namespace, *place) for place in shut]))
        assert world.connect_from(world.outside.namespace, HOST, 9000) == OUTSIDE
        assert world.connect_from(world.namespace, LOCAL, 92) == END


def test_ports_in_a_row(world):
    """Each leads to its own port inside, and the next ones nowhere."""
    with published(world, "8000-8003:9000-9003", 8999, 9000, 9002, 9003, 9004):
        for address in HOST, HOST6, "127.0.0.1", "::1":
            where = world.namespace if ("127" in address or "::1" == address) else world.outside.namespace
            answers = world.connect_all([(where, address, port) for port in range(7999, 8005)], {1, 3, 4})
            assert [bool(answer) for answer in answers] == [False, True, False, True, True, False]
        assert reached(world, HOST, 8003, *EVERYBODY).keys() == set(EVERYBODY)


@pytest.mark.parametrize("ports, address", [
    ("udp:5000-5010:50-60", HOST), ("udp:5000-5010:50-60", HOST6),
    (f"udp:{SECOND}:5003:53", SECOND), (f"udp:[{SECOND6}]:5003:53", SECOND6),
    ("udp:%eth0:5003:53", HOST), ("udp:%eth0:5003:53", HOST6),
])  # fmt: skip
def test_datagrams(world, ports, address):
    """UDP takes all ways that TCP takes."""
    with published(world, ports), udp_server(world, "web", "web"):
        answer = Asker(world.outside.namespace, address, 5003).ask()
        assert answer == f"web {OUTSIDE6 if ':' in address else OUTSIDE}"
        local = Asker(world.namespace, address, 5003).ask(timeout=0.7 if "%" in ports else 10.0)
        assert (local is None) == ("%" in ports)


ECHO = """
import socket, sys, threading
def serve(connection):
    for line in connection.makefile("rb"):
        connection.sendall(sys.argv[1].encode() + b" " + line)
listeners = [socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
             for port in sys.argv[2:]]
def accept(listener):
    while True:
        threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
for listener in listeners:
    threading.Thread(target=accept, args=[listener], daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""


@contextlib.contextmanager
def echo_server(world, name, *ports):
    """While in it, a container says its name and what it heard, line by line."""
    command = world.command("ip", "netns", "exec", f"ve-{name}", "python3", "-c", ECHO, name,
                            *map(str, ports))  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="ascii") as server:
        try:
            assert server.stdout.readline()
            yield
        finally:
            server.kill()


class Caller:
    """A connection that stays open."""

    def __init__(self, namespace, address, port):
        self._socket = _in_namespace(
            namespace, lambda: socket.create_connection((address, port), 10)
        )
        self._file = self._socket.makefile("r", encoding="ascii")

    def ask(self, timeout=10.0):
        """Who answers, or None."""
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(b"?\n")
            return self._file.readline().partition(" ")[0] or None
        except OSError:
            return None


def tracked(world, line):
    """Whether connection tracking knows of a call to an address and port of the host."""
    address = ipaddress.ip_address(line[0]).exploded
    return any(f" dst={address} " in flow and f" dport={line[1]} " in flow for flow in flows(world))


@pytest.mark.parametrize("removed, port", [
    ("8080", 8080), (f"{SECOND}:8082", 8082), ("8001", 8001), ("%eth0:8090:90", 8090)])  # fmt: skip
@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_only_its_own_connections_end(world, removed, port, v6):
    """What is withdrawn ends; all else of the same container goes on, at the same port inside, too."""
    address, second = (HOST6, SECOND6) if v6 else (HOST, SECOND)
    ports = f"8080:80,8081:80,{SECOND}:8082:80,[{SECOND6}]:8082:80,{HOST}:8082:80,[{HOST6}]:8082:80," \
            "8000-8002:90-92,%eth0:8090:90"  # fmt: skip
    if v6:
        removed = removed.replace(SECOND, f"[{SECOND6}]")
    with published(world, ports), echo_server(world, "web", 80, 90, 91, 92):
        where = world.outside.namespace
        lines = {(address, 8080), (address, 8081), (second, 8082), (address, 8082), (address, 8000),
                 (address, 8001), (address, 8002), (address, 8090)}  # fmt: skip
        gone = {(second if port == 8082 else address, port)}
        calls = {line: Caller(where, *line) for line in lines}
        assert {line for line, call in calls.items() if call.ask() == "web"} == lines
        assert {line for line in lines if tracked(world, line)} == lines
        world.ok("nat", "forward", "remove", "web", removed)
        # Before anybody says a word: a call that goes on would be taken up where it was dropped.
        assert {line for line in lines if tracked(world, line)} == lines - gone
        assert {line for line, call in calls.items()
                if call.ask(timeout=2 if line in gone else 10) == "web"} == lines - gone  # fmt: skip
        [line] = gone
        assert world.cannot_connect(where, *line)


def test_a_port_moves_to_another_container(world):
    """Old connections do not go on to anybody; new ones go to the new holder."""
    with published(world, "8080:80,8081:81,udp:5353:53,udp:5354:53"), \
            echo_server(world, "web", 80, 81), echo_server(world, "other", 80), \
            udp_server(world, "web", "web"), udp_server(world, "other", "other"):  # fmt: skip
        where = world.outside.namespace
        moved, kept = Caller(where, HOST, 8080), Caller(where, HOST, 8081)
        flow, other_flow = Asker(where, HOST, 5353), Asker(where, HOST, 5354)
        assert moved.ask() == kept.ask() == "web"
        assert flow.ask() == other_flow.ask() == f"web {OUTSIDE}"
        world.ok("nat", "forward", "remove", "web", "8080:80", "udp:5353:53")
        world.ok("nat", "forward", "add", "other", "8080:80", "udp:5353:53")
        assert moved.ask(timeout=2) is None
        assert kept.ask() == "web" and other_flow.ask() == f"web {OUTSIDE}"
        assert Caller(where, HOST, 8080).ask() == "other"
        assert flow.ask() == f"other {OUTSIDE}", "a datagram begins a new flow, to the new holder"


def test_added_and_withdrawn_at_once(world):
    """... by one command each, of any kind, and what was there before is there again."""
    specs = ["8081:81", f"{SECOND}:8082:80", "%eth0:8083:80", f"{HOST}%eth0:8084:80",
             "8100-8110:80-90", "udp:53", "127.0.0.1:8085:80"]  # fmt: skip
    with published(world, "8080:80", 80):
        before = world.path(DEFINITION).read_text()
        world.ok("nat", "forward", "add", "web", *specs)
        rules = world.ruleset()
        assert world.ok("nat", "forward", "add", "web", ",".join(specs)).stderr != ""
        assert world.ruleset() == rules
        for port, names in {8080: "outside host other web", 8083: "outside", 8084: "outside",
                            8100: "outside host other web"}.items():  # fmt: skip
            assert " ".join(reached(world, HOST, port, *names.split())) == names
        assert reached(world, "127.0.0.1", 8085, "host") == {"host": END}
        assert world.ok("nat", "show", "--json").json["drift"] == []
        world.ok("nat", "forward", "remove", "web", *specs)
        for port in 8082, 8083, 8084, 8100:
            assert reached(world, SECOND, port) == reached(world, HOST, port) == {}
        assert reached(world, "127.0.0.1", 8085) == {}
        assert tuple(reached(world, HOST, 8080, *EVERYBODY)) == EVERYBODY
        assert world.path(DEFINITION).read_text() == before
        world.ok("nat", "forward", "remove", "web", "8080")
        assert not world.path("/run/nixctr-net/forwards").exists()
        assert "HOST_PORT=\n" in world.path(DEFINITION).read_text()


def test_nothing_more_without_bound_ports(world):
    """What bound ports take is made with the first of them, with all that was published before."""
    create(world, "web", 1, "--port", "8080:80,9000-9003:90-93")
    names = {item["map"]["name"] for item in world.nft("list", "maps", "inet") if "map" in item}
    assert names == {"forwards4", "forwards6"}
    plain = elements(world, "forwards4"), elements(world, "forwards6")
    world.ok("nat", "forward", "add", "web", f"{HOST}:7000")
    assert (elements(world, "forwards4"), elements(world, "forwards6")) == plain
    assert len(elements(world, "by-address4")) == 1
    assert world.run("nft", "flush", "ruleset").rc == 0
    world.ok("net", "up", "web")
    assert (elements(world, "forwards4"), elements(world, "forwards6")) == plain
    assert len(elements(world, "by-address4")) == 1
    assert world.ok("nat", "show", "--json").json["drift"] == []


def connections_end(world):
    """Waits until all connections have said goodbye: their last packets are counted then."""
    eventually(lambda: not any(" tcp " in flow and "TIME_WAIT" not in flow and "CLOSE " not in flow
                               for flow in flows(world)), "connections have ended")  # fmt: skip


def test_what_is_listed(world):
    """In words and in JSON: who can reach what; the state; what was counted."""
    with published(world, f"8000-8003:80-83,127.0.0.1:9000:80,{HOST}:9001:80,%eth0:9002:80", 80):
        assert world.connect_from(world.outside.namespace, HOST, 8000) == OUTSIDE
        connections_end(world)
        rows = {(row["ports"], row["address"]): row
                for row in world.ok("nat", "forward", "list", "--json").json["forwards"]}  # fmt: skip
        counted = {key: (row.pop("packets"), row.pop("bytes")) for key, row in rows.items()}
        packets, size = counted.pop(("8000-8003", LOCAL))
        assert packets > 4 and size > 40 * packets  # both ways, all of a connection
        assert set(counted.values()) == {(0, 0)}
        assert rows["8000-8003", LOCAL] == {
            "container": "web", "protocol": "tcp", "ports": "8000-8003", "host_address": None,
            "host_link": None, "address": LOCAL, "to_ports": "80-83", "state": "published",
            "reached_by": "LAN, localhost, containers", "port": 8000, "to_port": 80, "count": 4}  # fmt: skip
        assert rows["9000", LOCAL]["reached_by"] == "localhost"
        assert rows["9000", LOCAL]["host_address"] == "127.0.0.1"
        assert rows["9001", LOCAL]["reached_by"] == "LAN, this host, containers"
        assert rows["9002", LOCAL6]["reached_by"] == "LAN, through eth0"
        assert rows["9002", LOCAL6]["host_link"] == "eth0"
        assert len(rows) == 6
        shown = world.ok("nat", "show", "--json").json
        assert shown == world.ok("nat", "list", "--json").json
        assert [(row.pop("packets"), row.pop("bytes")) for row in shown["forwards"]].count((packets, size)) == 1
        assert shown["forwards"] == list(rows.values())
        assert shown["table"]["counters"]["published"]["packets"] > 2
        assert shown["table"]["counters"]["published"]["bytes"] > 100
        text = world.ok("nat", "show").stdout
        for words in ("8000-8003", f"reached by LAN, localhost, containers; {packets} packets, ", "reached by localhost",
                      "127.0.0.1:9000", "%eth0:9002"):  # fmt: skip
            assert words in text
        columns = world.ok("nat", "forward", "list", "web", "-o", "ports,reached-by").stdout.splitlines()
        assert columns[0].split() == ["PORTS", "REACHED-BY"] and len(columns) == 7
        assert world.ok("nat", "forward", "list", "other", "--json").json["forwards"] == []
        assert world.nixctr("nat", "forward", "list", "nobody").rc == NO_CONTAINER
        assert world.run("nft", "delete", "element", "inet", "nixctr-net", "forwards4", "{ tcp . 8001 }").rc == 0
        states = {(row["ports"], row["address"]): row["state"]
                  for row in world.ok("nat", "forward", "list", "--json").json["forwards"]}  # fmt: skip
        assert states["8001", LOCAL] == "missing" and states["8000", LOCAL] == "published"
        path = world.path(DEFINITION)
        path.write_text(re.sub("HOST_PORT=.*", "HOST_PORT=8000-8003:80-83", path.read_text()))
        states = {row["ports"]: row["state"]
                  for row in world.ok("nat", "forward", "list", "--json").json["forwards"]}  # fmt: skip
        assert states["9000"] == "not defined"


def counted(world):
    """What each port of web has let pass: {(port, address): packets}; and whether it has bytes. Once all
    connections have said goodbye."""
    connections_end(world)
    rows = world.ok("nat", "forward", "list", "web", "--json").json["forwards"]
    assert all(bool(row["packets"]) == bool(row["bytes"]) for row in rows)
    return {(row["ports"], row["address"]): row["packets"] for row in rows}


def test_each_port_counts(world):
    """... what comes by it and not by others, of both families; until it is withdrawn."""
    none = {(port, address): 0 for port in ("8000", "8001", "8002") for address in (LOCAL, LOCAL6)}
    with published(world, "8000:80,8001:80,8002:90", 80):
        assert counted(world) == none
        assert world.connect_from(world.outside.namespace, HOST, 8000)
        assert world.connect_from(world.outside.namespace, HOST6, 8001)
        assert world.connect_from(world.container_namespace("other"), HOST, 8001)
        first = counted(world)
        assert {key for key in first if first[key]} == {("8000", LOCAL), ("8001", LOCAL6), ("8001", LOCAL)}
        assert world.connect_from(world.outside.namespace, HOST, 8000)
        second = counted(world)
        assert second["8000", LOCAL] > first["8000", LOCAL]
        assert second == {**first, ("8000", LOCAL): second["8000", LOCAL]}
        world.ok("nat", "apply")
        world.ok("nat", "forward", "add", "web", "8003:80")
        world.ok("nat", "forward", "remove", "web", "8003")
        assert counted(world) == second
        world.ok("nat", "forward", "remove", "web", "8001")
        world.ok("nat", "forward", "add", "web", "8001:80")
        assert counted(world) == {**none, ("8000", LOCAL): second["8000", LOCAL]}
        world.ok("net", "down", "web")
        for name in "traffic4", "traffic6":
            assert not any("elem" in item.get("set", {}) for item in world.nft("list", "set", "inet", "nixctr-net", name))


def test_many_forwards_cost_no_more(world):
    """To publish one more port takes as many requests with 10,000 as with one."""

    def requests(*arguments):
        lines = world.ok("--debug", *arguments).stderr.splitlines()
        return sum("nft:" in line for line in lines)

    create(world, "web", 1)
    create(world, "first", 2, "--port", "1")
    world.ok("nat", "forward", "add", "web", "2:80")
    world.ok("nat", "forward", "remove", "web", "2:80")
    few = [requests("nat", "forward", verb, "web", "2:80") for verb in ("add", "remove")]
    for number in range(3):
        create(world, f"big{number}", 3 + number, "--port", f"{10000 + 4000 * number}-{13332 + 4000 * number}")
    assert len(elements(world, "forwards4")) == 10000
    world.ok("nat", "forward", "add", "web", "2:80")
    world.ok("nat", "forward", "remove", "web", "2:80")
    assert [requests("nat", "forward", verb, "web", "2:80") for verb in ("add", "remove")] == few
    assert world.run("nft", "flush", "ruleset").rc == 0
    world.ok("net", "up", "first")
    assert len(elements(world, "forwards4")) == len(elements(world, "forwards6")) == 10000
    for number in range(3):
        world.ok("destroy", f"big{number}")
    assert len(elements(world, "forwards4")) == 1


def test_full_map(world):
    """Maps that were made with room for what there was are made anew when more is published than fits."""
    world.ok("create", "many", "--port", "10000-10255:1-256")
    world.ok("net", "up", "many")
    room = sizes(world)
    assert room["forwards4"] == 512
    world.ok("create", "more", "--port", "20000-20299:1-300")
    before = elements(world, "forwards4")
    world.ok("net", "up", "more")
    assert sizes(world)["forwards4"] > 512
    after = elements(world, "forwards4")
    assert len(after) == 556 and before.items() <= after.items()
    assert world.ok("nat", "show", "--json").json["drift"] == []


def sizes(world):
    """For how many elements maps of our table have room, of those that have a bound."""
    listed = world.nft("list", "maps", "inet")
    return {item["map"]["name"]: item["map"]["size"] for item in listed if "size" in item.get("map", {})}
