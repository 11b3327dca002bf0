# SPDX-License-Identifier: GPL-2.0-or-later
"""Published ports: who reaches them, who does not, whose they are, and what is left of them."""

import contextlib
import os
import socket
import subprocess

import pytest
from world import HERE, HOST, HOST6, OUTSIDE, OUTSIDE6, _in_namespace, inside

SERVED = 80  # where servers in containers listen
PUBLISHED = 8080
CONFLICT, USAGE = 4, 2

LOCAL, LOCAL6 = "10.233.1.2", "fd00:1::2"  # of web
END, END6 = "10.233.1.1", "fd00:1::1"  # of its cable on the host
NEIGHBOUR, NEIGHBOUR6 = "10.233.2.2", "fd00:2::2"


def create(world, name, number, *options):
    """A container with addresses of both families, attached."""
    world.ok("create", name, "--host-address6", f"fd00:{number}::1",
             "--local-address6", f"fd00:{number}::2", *options)  # fmt: skip
    world.ok("net", "up", name)


@pytest.fixture(params=["without-nat", "with-nat"])
def published(request, world):
    """web publishes port 8080, other does not; with NAT and without."""
    if request.param == "with-nat":
        world.ok("nat", "enable", "--external", "eth0")
    create(world, "web", 1, "--port", f"{PUBLISHED}:{SERVED}")
    create(world, "other", 2)
    with world.server_in(world.container_namespace("web"), SERVED):
        yield world


@contextlib.contextmanager
def udp_server(world, name, word):
    """While in it, a container answers datagrams to port 53 with a word and who asked."""
    path = inside(world.container_namespace(name))
    command = world.command("nsenter", f"--net={path}", "--", HERE / "udp-echo.py", "53", word)
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="ascii") as server:
        try:
            assert server.stdout.readline()
            yield
        finally:
            server.kill()


class Asker:
    """A socket for datagrams in a namespace: one flow, as long as it lives."""

    def __init__(self, namespace, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = _in_namespace(
            namespace, lambda: socket.socket(family, socket.SOCK_DGRAM)
        )
        self._socket.connect((address, port))

    @property
    def name(self):
        """Our end of the flow: address and port."""
        return self._socket.getsockname()[:2]

    def ask(self, timeout=10.0):
        """The answer to one datagram, or None."""
        self._socket.settimeout(timeout)
        try:
            self._socket.send(b"?")
            return self._socket.recv(512).decode()
        except OSError:
            return None


def elements(world, name):
    """What a map of our table has: {(protocol, port): (whose, data)}."""
    [found] = [
        item["map"] for item in world.nft("list", "map", "inet", "nixctr-net", name) if "map" in item
    ]
    result = {}
    for key, data in found.get("elem", []):
        element = key["elem"]
        data = data["concat"] if "concat" in data else [data]
        result[tuple(map(str, element["val"]["concat"]))] = (element["comment"], *map(str, data))
    return result


def flows(world):
    """What connection tracking knows, in the words of /proc."""
    return world.run("cat", "/proc/net/nf_conntrack").stdout.splitlines()


def forwarding(world):
    """The switches that let links forward: {path: value}."""
    names = "/proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv6/conf/*/*forwarding"
    lines = world.run("sh", "-c", f"grep . {names}").stdout.splitlines()
    return dict(line.split(":") for line in lines if "/ve-" not in line)


@pytest.mark.parametrize(
    "address, seen",
    [(HOST, HOST), (HOST6, HOST6), (END, END), (END6, END6),
     ("127.0.0.1", END), ("127.8.9.10", END), ("::1", END6)],
)  # fmt: skip
def test_the_host_calls(published, address, seen):
    """... by its own addresses and by localhost, which the container sees as the host's end."""
    assert published.connect_from(published.namespace, address, PUBLISHED) == seen


@pytest.mark.parametrize("address, seen", [(HOST, OUTSIDE), (HOST6, OUTSIDE6)])
def test_the_outside_calls(published, address, seen):
    """... and is seen as who it is."""
    assert published.connect_from(published.outside.namespace, address, PUBLISHED) == seen


@pytest.mark.parametrize(
    "address, seen", [(HOST, NEIGHBOUR), (HOST6, NEIGHBOUR6), ("10.233.2.1", NEIGHBOUR)]
)
def test_another_container_calls(published, address, seen):
    """... by an address of the host."""
    namespace = published.container_namespace("other")
    assert published.connect_from(namespace, address, PUBLISHED) == seen


@pytest.mark.parametrize("address, seen", [(HOST, END), (HOST6, END6)])
def test_a_container_calls_itself(published, address, seen):
    """... by an address of the host: the answer has to come back through it."""
    namespace = published.container_namespace("web")
    assert published.connect_from(namespace, address, PUBLISHED) == seen


def test_nothing_else_is_reached(published):
    """Neither the container's own address nor a port that is not published, by anybody."""
    outside, other = published.outside.namespace, published.container_namespace("other")
    with published.server_in(published.container_namespace("web"), 81):
        shut = [(LOCAL, SERVED), (LOCAL, PUBLISHED), (LOCAL6, SERVED), (LOCAL6, PUBLISHED),
                (HOST, SERVED), (HOST, 81)]  # fmt: skip
        for namespace in outside, other:
            assert not any(published.connect_all([(namespace, *place) for place in shut]))
        assert published.connect_from(published.namespace, LOCAL, 81) == END


def test_what_only_passes_through_is_left_alone(published):
    """The port of another host is not the host's port."""
    assert published.cannot_connect(published.namespace, OUTSIDE, PUBLISHED)
    with published.server_in(published.outside.namespace, PUBLISHED):
        assert published.connect_from(published.namespace, OUTSIDE, PUBLISHED) == HOST
    where = ["nsenter", "--target", str(published.outside.pid), "--net", "--"]
    assert published.run(*where, "ip", "address", "add", "192.0.2.77/32", "dev", "lo").rc == 0
    assert published.cannot_connect(published.container_namespace("other"), "192.0.2.77", PUBLISHED)


def test_what_others_redirect_is_not_let_out(world):
    """A rule of somebody else's that leads a container's call elsewhere makes no published port of it."""
    create(world, "web", 1, "--port", f"{PUBLISHED}:{SERVED}")
    assert world.run("nft", "table ip theirs { chain c { type nat hook prerouting priority -101;"
                     f" iifname ve-web tcp dport 9 dnat to {OUTSIDE}:9; }}; }}").rc == 0  # fmt: skip

    def dropped():
        return world.ok("nat", "show", "--json").json["table"]["counters"]["dropped"]["packets"]

    before = dropped()
    assert world.cannot_connect(world.container_namespace("web"), HOST, 9)
    assert dropped() > before


def test_localhost_stays_shut(published):
    """Nobody outside reaches 127.0.0.1 of the host, with published ports as without."""
    with published.server_in(published.namespace, 9000):
        for namespace in published.outside.namespace, published.container_namespace("other"):
            pid = published.outside.pid if namespace == published.outside.namespace else None
            where = (["nsenter", "--target", str(pid), "--net", "--"] if pid
                     else ["ip", "netns", "exec", "ve-other"])  # fmt: skip
            gateway = HOST if pid else "10.233.2.1"
            assert published.run(*where, "ip", "route", "add", "127.0.0.99", "via", gateway,
                                 "dev", "eth0", "src", OUTSIDE if pid else NEIGHBOUR).rc == 0  # fmt: skip
            assert published.cannot_connect(namespace, "127.0.0.99", 9000)
            assert published.cannot_connect(namespace, "127.0.0.99", PUBLISHED)
    localnet = published.run("sh", "-c", "cat /proc/sys/net/ipv4/conf/*/route_localnet").stdout
    assert set(localnet.split()) == {"0"}


def test_connections_of_localhost_are_its_own(published):
    """A loopback client whose own port is the published one still talks to whom it called."""
    with published.server_in(published.namespace, 9000):

        def call():
            with socket.socket(socket.AF_INET) as client:
                client.settimeout(5)
                client.bind(("127.0.0.1", PUBLISHED))
                client.connect(("127.0.0.1", 9000))
                return client.makefile("r").readline().strip()

        assert _in_namespace(published.namespace, call) == "127.0.0.1"


def test_much_data_passes_localhost(published):
    """More than a packet, both ways: the loopback's MTU is not the cable's."""
    script = (
        "import socket; s = socket.create_server(('::', 90), family=socket.AF_INET6,"
        " dualstack_ipv6=True); print('ready', flush=True); c, _ = s.accept(); n = 0\n"
        "while n < 1 << 20: n += len(c.recv(1 << 16))\n"
        "c.sendall(b'x' * n); c.close()"
    )
    world = published
    world.ok("net", "down", "web")
    path = world.path("/etc/nixos-containers/web.conf")
    path.write_text(path.read_text().replace(f"tcp:{PUBLISHED}:{SERVED}", "tcp:9090:90"))
    world.ok("net", "up", "web")
    command = world.command("ip", "netns", "exec", "ve-web", "python3", "-c", script)

    def call():
        with socket.create_connection(("127.0.0.1", 9090), 20) as client:
            client.sendall(b"y" * (1 << 20))
            received = 0
            while data := client.recv(1 << 16):
                received += len(data)
            return received

    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="ascii") as server:
        assert server.stdout.readline()
        assert _in_namespace(world.namespace, call) == 1 << 20


def test_a_port_is_elements_of_maps(published):
    """... and nothing else, with the name of the container on each."""
    port = ("tcp", str(PUBLISHED)), ("6", str(PUBLISHED))
    for name, expected in {
        "forwards4": ("web", LOCAL, str(SERVED)),
        "forwards6": ("web", LOCAL6, str(SERVED)),
    }.items():
        [(key, value)] = elements(published, name).items()
        assert key in port and value == expected
    before = published.nft("list", "chains", "inet"), len(published.nft("list", "table", "inet", "nixctr-net"))
    create(published, "more", 3, "--port", "9000,9001,udp:9000")
    after = published.nft("list", "chains", "inet"), len(published.nft("list", "table", "inet", "nixctr-net"))
    assert before == after
    assert len(elements(published, "forwards4")) == 4


def test_what_is_shown(published):
    """net show and nat show name the ports, as text and as JSON."""
    assert "8080" in published.ok("net", "show", "web").stdout
    assert "8080" in published.ok("nat", "show").stdout
    [port] = published.ok("net", "show", "web", "--json").json["ports"]
    assert port == {"protocol": "tcp", "port": PUBLISHED, "to_port": SERVED, "count": 1,
                    "host_address": None, "host_link": None}  # fmt: skip
    forwards = published.ok("nat", "show", "--json").json["forwards"]
    assert {(f["container"], f["protocol"], f["port"], f["address"], f["to_port"]) for f in forwards} == {
        ("web", "tcp", PUBLISHED, LOCAL, SERVED), ("web", "tcp", PUBLISHED, LOCAL6, SERVED)}  # fmt: skip


def test_all_is_put_back(world):
    """When the last port is withdrawn nothing forwards that did not before."""
    create(world, "other", 2)
    before = forwarding(world), world.ip("link", "show", "dev", "ve-other")[0].get("ifname")
    create(world, "web", 1, "--port", "80")
    create(world, "more", 3, "--port", "81")
    assert forwarding(world) != before[0]
    assert forwarding(world)["/proc/sys/net/ipv4/conf/all/forwarding"] == "0"
    world.ok("net", "down", "web")
    assert forwarding(world)["/proc/sys/net/ipv4/conf/eth0/forwarding"] == "1"
    world.ok("net", "down", "more")
    assert forwarding(world) == before[0]
    assert world.run("cat", "/proc/sys/net/ipv4/conf/ve-other/forwarding").stdout == "0\n"
    assert not world.path("/run/nixctr-net/forwards").exists()
    assert not world.path("/run/nixctr-net/forwarding").exists()
    assert elements(world, "forwards4") == elements(world, "forwards6") == {}


def test_nat_comes_and_goes_beside_ports(published):
    """Whatever happens to NAT, the port stays published, and NAT leaves when it is disabled."""
    for command in ["nat", "enable", "--external", "eth0"], ["nat", "disable"]:
        published.ok(*command)
        for namespace in published.outside.namespace, published.container_namespace("other"):
            assert published.connect_from(namespace, HOST, PUBLISHED)
        create(published, f"more{len(command)}", len(command) + 3)
        assert published.connect_from(published.outside.namespace, HOST, PUBLISHED)
    published.ok("net", "down", "web")
    assert forwarding(published)["/proc/sys/net/ipv4/conf/eth0/forwarding"] == "0"


def test_a_port_stays_published_when_the_table_is_lost(published):
    """Whoever comes next makes the table anew, with everybody's ports; earlier versions had another word
    in their record."""
    record = published.path("/run/nixctr-net/forwards/web")
    record.write_text(record.read_text().replace(" - ", f" {END} "))
    assert END in record.read_text()
    assert published.run("nft", "flush", "ruleset").rc == 0
    published.ok("net", "up", "other")
    assert set(elements(published, "forwards4").values()) == {("web", LOCAL, str(SERVED))}
    assert published.connect_from(published.outside.namespace, HOST, PUBLISHED) == OUTSIDE
    for broken in ["nft delete element inet nixctr-net forwards4 { 6 . 8080 }",
                   "nft flush chain inet nixctr-net publish", "nft flush map inet nixctr-net forwards4",
                   "nft flush chain inet nixctr-net loopback-out"]:  # fmt: skip
        assert published.run("sh", "-c", broken).rc == 0
        assert published.nixctr("net", "up", "web").rc == 0
        assert published.connect_from(published.namespace, "127.0.0.1", PUBLISHED) == END


@pytest.mark.parametrize("second", ["8080:81", "tcp:8080", "9999,8080:1"])
def test_a_port_has_one_holder(world, second):
    """create refuses, and so does whoever attaches a definition that was edited; both name him."""
    create(world, "web", 1, "--port", "8080:80")
    refused = world.nixctr("create", "thief", "--port", second)
    assert refused.rc == CONFLICT and "container 'web'" in refused.stderr, refused
    assert not world.path("/etc/nixos-containers/thief.conf").exists()
    world.ok("create", "thief", "--port", "udp:8080")
    world.ok("net", "up", "thief")
    world.ok("net", "down", "thief")
    path = world.path("/etc/nixos-containers/thief.conf")
    path.write_text(path.read_text().replace("udp:8080:8080", second))
    refused = world.nixctr("net", "up", "thief")
    assert refused.rc == CONFLICT and "8080" in refused.stderr and "'web'" in refused.stderr
    assert "ve-thief" not in world.namespaces() and "ve-thief" not in world.links()
    assert {value[0] for value in elements(world, "forwards4").values()} == {"web"}
    assert sorted(os.listdir(world.path("/run/nixctr-net/forwards"))) == [".open", ".opened", "web"]
    world.ok("destroy", "web")
    world.ok("net", "up", "thief")
    assert {value[0] for value in elements(world, "forwards4").values()} == {"thief"}


def test_a_changed_definition_counts(published):
    """net up again: the old port is withdrawn, the new one published."""
    path = published.path("/etc/nixos-containers/web.conf")
    text = path.read_text()
    path.write_text(text.replace(f"tcp:{PUBLISHED}:{SERVED}", f"8081:{SERVED}"))
    published.ok("net", "up", "web")
    assert published.cannot_connect(published.outside.namespace, HOST, PUBLISHED)
    assert published.connect_from(published.outside.namespace, HOST, 8081) == OUTSIDE
    assert published.connect_from(published.container_namespace("web"), HOST, 8081) == END
    path.write_text(text.replace(f"tcp:{PUBLISHED}:{SERVED}", ""))
    published.ok("net", "up", "web")
    assert published.cannot_connect(published.outside.namespace, HOST, 8081)
    assert not published.path("/run/nixctr-net/forwards").exists()


def test_a_lost_definition_leaves_nothing(published):
    """What is withdrawn is what was published, whatever the file says by now, or without it."""
    published.path("/etc/nixos-containers/web.conf").unlink()
    published.ok("net", "down", "web")
    assert elements(published, "forwards4") == elements(published, "forwards6") == {}


@pytest.mark.parametrize("address", [HOST, HOST6])
def test_a_flow_does_not_go_on_to_the_next_owner(world, address):
    """A flow of UDP that never pauses ends with the port, and so does what is remembered of it."""
    addresses = ["--host-address", END, "--local-address", LOCAL]
    create(world, "old", 1, *addresses, "--port", "udp:5353:53")
    asker = Asker(world.outside.namespace, address, 5353)
    bystander = Asker(world.namespace, LOCAL, 53)
    with udp_server(world, "old", "old"):
        assert asker.ask().startswith("old ")
        assert bystander.ask().startswith("old ")
        assert any("dport=5353" in line for line in flows(world))
        world.ok("net", "down", "old")
    assert not any("dport=5353" in line for line in flows(world))
    assert any("dport=53 " in line for line in flows(world)), "more was ended than the port's flows"
    world.ok("destroy", "old")
    create(world, "new", 1, *addresses)
    with udp_server(world, "new", "new"):
        assert asker.ask(timeout=0.5) is None
        world.ok("destroy", "new")
        create(world, "newest", 1, *addresses, "--port", "udp:5353:53")
    with udp_server(world, "newest", "newest"):
        assert Asker(world.outside.namespace, address, 5353).ask().startswith("newest ")


@pytest.mark.parametrize("address", [HOST, "127.0.0.1", HOST6, "::1"])
def test_datagrams_from_the_host(world, address):
    """UDP takes all ways that TCP takes."""
    create(world, "dns", 1, "--port", "udp:5353:53")
    with udp_server(world, "dns", "dns"):
        asker = Asker(world.namespace, address, 5353)
        assert [asker.ask() for _ in range(3)] == [asker.ask()] * 3
        assert asker.ask().startswith("dns ")


def test_ports_on_a_bridge(world):
    """... lead to the container's address, also for its neighbours there."""
    for command in ("link add br0 type bridge", "link set br0 up", "address add 10.7.0.1/24 dev br0"):
        assert world.run("ip", *command.split()).rc == 0
    for number, name in enumerate(["web", "other"], 2):
        world.ok("create", name, "--bridge", "br0", "--local-address", f"10.7.0.{number}/24",
                 "--host-address", "10.7.0.1", *(["--port", "8080:80"] if name == "web" else []))  # fmt: skip
        world.ok("net", "up", name)
    with world.server_in(world.container_namespace("web"), SERVED):
        assert world.connect_from(world.outside.namespace, HOST, PUBLISHED) == OUTSIDE
        assert world.connect_from(world.namespace, "127.0.0.1", PUBLISHED) == "10.7.0.1"
        # With br_netfilter the bridge itself turns the call round, and the caller is seen as it is.
        namespace = world.container_namespace("other")
        assert world.connect_from(namespace, HOST, PUBLISHED) in ("10.7.0.1", "10.7.0.3")
        world.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0")
        for name in "other", "web":
            namespace = world.container_namespace(name)
            assert world.connect_from(namespace, HOST, PUBLISHED) == "10.7.0.1"
    world.ok("net", "down", "web")
    assert elements(world, "forwards4") == {}


@pytest.mark.parametrize(
    "port", ["0", "65536", "80:", ":80", "tcp:", "sctp:80", "80:0", "80,", "80,,81", "80:81:82",
             "abc", "8 0", "-1", "80:81,80:82"],
)  # fmt: skip
def test_bad_ports_are_named(world, port):
    """... at create and in the file."""
    refused = world.nixctr("create", "web", "--port", port) if port[0] != "-" else world.nixctr(
        "create", "web", f"--port={port}")  # fmt: skip
    assert refused.rc == USAGE, refused
    world.ok("create", "web")
    path = world.path("/etc/nixos-containers/web.conf")
    path.write_text(path.read_text().replace("HOST_PORT=", f'HOST_PORT="{port}"'))
    refused = world.nixctr("net", "up", "web")
    assert refused.rc == 1 and "HOST_PORT" in refused.stderr and "web.conf" in refused.stderr


@pytest.mark.parametrize("kind, line", [
    ("forwards", "tcp 8080-80 10.233.1.2 80 - ve-web"), ("forwards", "tcp 8080"),
    ("pins", "pin vb-web nonsense - -"), ("pins", "peer ve ve-web"), ("pins", "who knows"),
])  # fmt: skip
def test_a_broken_record_is_named(world, kind, line):
    """With its line and what to do, which helps; what is recorded of others is not lost."""
    create(world, "web", 1, "--port", f"{PUBLISHED}:{SERVED}")
    create(world, "other", 2)
    world.ok("net", "link", "web", "other")
    record = world.path(f"/run/nixctr-net/{kind}/web")
    record.write_text(f"{record.read_text(encoding='ascii')}{line}\n", encoding="ascii")
    number = len(record.read_text(encoding="ascii").splitlines())
    result = world.nixctr("net", "up", "web")
    assert result.rc == 1, result
    assert f"line {number} of /run/nixctr-net/{kind}/web is not ours" in result.stderr, result
    assert f"try: remove /run/nixctr-net/{kind}/web" in result.stderr, result
    record.unlink()
    world.ok("net", "up", "web")
    assert len(record.read_text(encoding="ascii").splitlines()) == number - 1
    world.ok("nat", "check")


def test_many_ports_at_once(world):
    """As many as a container may have, in one go."""
    ports = ",".join(f"{10000 + number}:80" for number in range(128))
    world.ok("create", "web")
    path = world.path("/etc/nixos-containers/web.conf")
    path.write_text(path.read_text().replace("HOST_PORT=", f"HOST_PORT={ports}"))
    world.ok("net", "up", "web")
    assert len(elements(world, "forwards4")) == 128
    world.run("nft", "flush", "ruleset")
    world.ok("net", "up", "web")
    assert len(elements(world, "forwards4")) == 128
    world.ok("net", "down", "web")
    assert elements(world, "forwards4") == {}
