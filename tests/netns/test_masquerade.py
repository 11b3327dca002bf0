# SPDX-License-Identifier: GPL-2.0-or-later
"""Who leaves through which links and with which address, and how large the segments may be."""

import ipaddress
import socket
import struct

import pytest
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, PORT, _in_namespace

USAGE = 2
SETTINGS = "/etc/nixctr-net/conf.d/50-nat.conf"
RECORD = "/run/nixctr-net/forwarding"

# Another network of the host, behind eth1: the host has .1, somebody there .5.
LAN, LAN6 = "192.168.7.0/24", "fd00:7::/64"
LAN_HOST, LAN_HOST6 = "192.168.7.5", "fd00:7::5"

V6_PAIR = ("--host-address6", "fd00:1::1", "--local-address6", "fd00:1::2")


def ip(world, *commands):
    """Runs commands of ip on the host."""
    for command in commands:
        result = world.run("ip", *command.split())
        assert result.rc == 0, result


def switch(world, link, family="ipv4", key="forwarding"):
    """A switch of a link."""
    return world.run("cat", f"/proc/sys/net/{family}/conf/{link}/{key}").stdout.strip()


def show(world):
    """nat show --json."""
    return world.ok("nat", "show", "--json").json


def elements(world, name, kind="set"):
    """What nft reads in a set or map of ours, as text."""
    [listed] = [item[kind] for item in world.nft("list", kind, "inet", "nixctr-net", name)]
    return listed.get("elem", [])


@pytest.fixture
def attached(world):
    """A container, foo, with addresses of both families."""
    world.ok("create", "foo", *V6_PAIR)
    world.ok("net", "up", "foo")
    return world


@pytest.fixture
def lan(attached):
    """The same, and a network behind eth1, in a namespace "lan"."""
    ip(
        attached,
        "netns add lan",
        "link add eth1 type veth peer name eth0 netns lan",
        "link set eth1 up",
        "-n lan link set lo up",
        "-n lan link set eth0 up",
        "address add 192.168.7.1/24 dev eth1",
        "address add fd00:7::1/64 dev eth1 nodad",
        "-n lan address add 192.168.7.5/24 dev eth0",
        "-n lan address add fd00:7::5/64 dev eth0 nodad",
        "-n lan route add default via 192.168.7.1",
        "-n lan route add default via fd00:7::1",
    )
    # The outside answers whoever comes: what leaves with its own address is seen in the log.
    outside = f"--target={attached.outside.pid}"
    assert attached.run("nsenter", outside, "--net", "ip", "route", "add", "192.168.0.0/16", "via",
                        HOST).rc == 0  # fmt: skip
    return attached


def of_lan(world):
    """The namespace "lan", for connect_from()."""
    return str(world.path("/run/netns/lan"))


def of_foo(world):
    """The namespace of foo, for connect_from()."""
    return world.container_namespace("foo")


def outside_link(world, name, number):
    """One more link to the outside: 203.0.NUMBER.1 here, .2 there."""
    ip(
        world,
        f"link add {name} type veth peer name {name} netns {world.outside.pid}",
        f"link set {name} up",
        f"address add 203.0.{number}.1/24 dev {name}",
    )
    for command in (f"link set {name} up", f"address add 203.0.{number}.2/24 dev {name}"):
        assert world.run("nsenter", f"--target={world.outside.pid}", "--net", "ip",
                         *command.split()).rc == 0  # fmt: skip


# ------------------------------------------------------------- external links


def test_wildcards(attached):
    """Links are external by how their names begin, however that is written."""
    attached.ok("nat", "enable", "--external", "et+,wl*", "--external", "wlan0")
    assert elements(attached, "external") == ["et*", "wl*"]
    assert attached.connect_from(of_foo(attached), OUTSIDE) == HOST
    assert attached.connect_from(of_foo(attached), OUTSIDE6) == HOST6
    shown = show(attached)
    assert shown["configured"] == shown["external"] == ["et*", "wl*"]
    assert shown["links"] == ["eth0"] and shown["drift"] == []
    assert "et*, wl* " in attached.ok("nat", "show").stdout
    assert "external = wl*\n" in attached.path(SETTINGS).read_text(encoding="ascii")


def test_links_that_come(attached):
    """A link that a wildcard stands for counts from when it comes; all of them are put back."""
    attached.ok("nat", "enable", "--external", "eth0,wl*")
    outside_link(attached, "wlan0", 113)
    attached.ok("create", "bar")
    attached.ok("net", "up", "bar")
    assert switch(attached, "wlan0") == "1"
    assert attached.connect_from(of_foo(attached), "203.0.113.2") == "203.0.113.1"
    assert attached.connect_from(of_foo(attached), OUTSIDE) == HOST
    assert show(attached)["links"] == ["eth0", "wlan0"]
    attached.ok("nat", "disable")
    assert [switch(attached, link) for link in ("eth0", "wlan0")] == ["0", "0"]
    assert not attached.path(RECORD).exists()


def test_wildcard_is_no_other_link(attached):
    """A link with another name is not external, and none of its switches is touched."""
    outside_link(attached, "uplink0", 113)
    attached.ok("nat", "enable", "--external", "uplink,eth*")
    assert attached.cannot_connect(of_foo(attached), "203.0.113.2")
    assert switch(attached, "uplink0") == "0"


def test_missing_link(attached):
    """Of a link that is not there one is told; when it comes it works, when it goes it is told."""
    enabled = attached.ok("nat", "enable", "--external", "usb0")
    assert enabled.stderr.count("external link usb0 is not there") == 1
    assert show(attached)["drift"] == ["external link usb0 is not there"]
    outside_link(attached, "usb0", 113)
    attached.ok("net", "up", "foo")
    assert show(attached)["drift"] == []
    assert attached.connect_from(of_foo(attached), "203.0.113.2") == "203.0.113.1"
    ip(attached, "link delete usb0")
    assert show(attached)["drift"] == ["external link usb0 is not there"]
    attached.ok("nat", "disable")
    assert not attached.path(RECORD).exists()


@pytest.mark.parametrize("external", ["usb0", "auto"])
def test_missing_link_is_told_to_whom_it_concerns(attached, external):
    """Who attaches a container, and not who withdraws ports or destroys one."""
    attached.ok("nat", "forward", "add", "foo", "8080:80")
    if external == "auto":
        ip(attached, "-4 route flush default", "-6 route flush default")
    attached.ok("nat", "enable", "--external", external)
    for words in ("nat", "forward", "remove", "foo", "8080:80"), ("net", "down", "foo"):
        assert "external link" not in attached.ok(*words).stderr, words
    attached.ok("set", "foo", "HOST_PORT=8080:80")
    assert "external link" in attached.ok("net", "up", "foo").stderr
    assert attached.ok("destroy", "foo").stderr == ""


def test_renamed_link(attached):
    """The link of the default route is followed by any name, and its switches go back under it."""
    attached.ok("nat", "enable", "--external", "auto")
    ip(attached, "link set eth0 name wan0")
    attached.ok("net", "up", "foo")
    assert show(attached)["external"] == ["wan0"] and show(attached)["drift"] == []
    assert attached.connect_from(of_foo(attached), OUTSIDE) == HOST
    attached.ok("nat", "disable")
    assert switch(attached, "wan0") == switch(attached, "wan0", "ipv6", "force_forwarding") == "0"


# ------------------------------------------------------------- internal networks


def test_internal_networks(lan):
    """Whoever is there leaves with an address of the host; only answers come back."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
    assert lan.connect_from(of_lan(lan), OUTSIDE) == HOST
    assert lan.connect_from(of_lan(lan), OUTSIDE6) == HOST6
    assert lan.connect_from(of_foo(lan), OUTSIDE) == HOST
    assert lan.outside.peers == [HOST, HOST6, HOST]
    with lan.server_in(of_lan(lan)):
        assert lan.connect_from(lan.namespace, LAN_HOST) == "192.168.7.1"
        assert lan.cannot_connect(lan.outside.namespace, LAN_HOST)
        assert lan.cannot_connect(lan.outside.namespace, LAN_HOST6)
    assert show(lan)["table"]["counters"]["dropped"]["packets"] > 0


def test_internal_and_containers_are_kept_apart(lan):
    """The one does not reach the other."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN)
    with lan.server_in(of_lan(lan)):
        assert lan.cannot_connect(of_foo(lan), LAN_HOST)
    with lan.server_in(of_foo(lan)):
        assert lan.connect_from(lan.namespace, "10.233.1.2") == "10.233.1.1"
        assert lan.cannot_connect(of_lan(lan), "10.233.1.2")


def test_internal_is_told_and_undone(lan):
    """What is set is shown, and read back by nft; nat disable puts all switches back."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN, "--internal", LAN6)
    assert elements(lan, "internal4") == [{"prefix": {"addr": "192.168.7.0", "len": 24}}]
    assert elements(lan, "internal6") == [{"prefix": {"addr": "fd00:7::", "len": 64}}]
    shown = show(lan)
    assert shown["internal"] == shown["table"]["internal"] == [LAN, LAN6]
    # As NixOS has it: containers are internal, whether they are named or not.
    assert not lan.ok("nat", "enable", "--external", "eth0", "--internal", f"ve-+,{LAN},vb-*,{LAN6}",
                      "--json").json["changed"]  # fmt: skip
    assert shown["inside"] == ["eth1"] and shown["drift"] == []
    assert f"{LAN}, {LAN6} behind eth1" in lan.ok("nat", "show").stdout
    assert switch(lan, "eth1") == switch(lan, "eth1", "ipv6", "force_forwarding") == "1"
    lan.ok("nat", "disable")
    for link in "eth0", "eth1":
        assert switch(lan, link) == switch(lan, link, "ipv6", "force_forwarding") == "0"
    assert not lan.path(RECORD).exists()
    assert lan.cannot_connect(of_lan(lan), OUTSIDE)
    assert show(lan)["internal"] == [LAN, LAN6]


def test_old_values_are_kept(lan):
    """What somebody had switched on before stays on."""
    assert lan.run("sysctl", "-q", "net.ipv4.conf.eth1.forwarding=1").rc == 0
    lan.ok("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
    lan.ok("nat", "disable")
    assert switch(lan, "eth1") == "1"
    assert switch(lan, "eth1", "ipv6", "force_forwarding") == "0"


def test_one_internal_address(lan):
    """Of a network an address alone can be internal; another one gets out only where the link forwarded
    before, and is not masqueraded."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN_HOST)
    assert lan.connect_from(of_lan(lan), OUTSIDE) == HOST
    ip(
        lan,
        "-n lan address delete 192.168.7.5/24 dev eth0",
        "-n lan address add 192.168.7.6/24 dev eth0",
        "-n lan route add default via 192.168.7.1",
    )
    assert lan.cannot_connect(of_lan(lan), OUTSIDE)
    assert switch(lan, "eth1", "ipv6", "force_forwarding") == "0"
    lan.ok("nat", "disable")
    for link in "eth0", "eth1":
        assert lan.run("sysctl", "-q", f"net.ipv4.conf.{link}.forwarding=1").rc == 0
    lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN_HOST)
    assert lan.connect_from(of_lan(lan), OUTSIDE) == "192.168.7.6"


def test_internal_behind_several_links(lan):
    """All links that lead into a network forward what comes from it."""
    ip(
        lan,
        "netns add lab",
        "link add eth2 type veth peer name eth0 netns lab",
        "link set eth2 up",
        "-n lab link set eth0 up",
        "address add 192.168.9.1/24 dev eth2",
        "-n lab address add 192.168.9.5/24 dev eth0",
        "-n lab route add default via 192.168.9.1",
        "route add 192.168.11.0/24 via 192.168.9.5",
    )
    lan.ok("nat", "enable", "--external", "eth0", "--internal", "192.168.0.0/16")
    assert show(lan)["inside"] == ["eth1", "eth2"]
    for name in "lan", "lab":
        assert lan.connect_from(str(lan.path(f"/run/netns/{name}")), OUTSIDE) == HOST
    lan.ok("nat", "enable", "--external", "eth0", "--internal", "192.168.11.128/25")
    assert show(lan)["inside"] == ["eth2"]
    assert [switch(lan, link) for link in ("eth1", "eth2")] == ["0", "1"]


def test_settings_say_all(lan):
    """What a command does not name is not set any more; what a file says is in force with the next."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN, "--source", HOST)
    text = lan.path(SETTINGS).read_text(encoding="ascii")
    assert f"internal = {LAN}\n" in text and f"source = {HOST}\n" in text
    assert not lan.ok("nat", "enable", "--external", "eth0", "--internal", LAN, "--source", HOST,
                      "--json").json["changed"]  # fmt: skip
    assert lan.ok("nat", "enable", "--external", "eth0", "--json").json["changed"]
    assert show(lan)["internal"] == [] and show(lan)["source"] is None
    assert elements(lan, "internal4") == [] and switch(lan, "eth1") == "0"
    lan.path("/etc/nixctr-net/conf.d/60-lan.conf").write_text(f"[nat]\ninternal = {LAN}\n", "ascii")
    assert "is not internal, should be" in show(lan)["drift"][0]
    lan.ok("net", "up", "foo")
    assert show(lan)["drift"] == []
    assert lan.connect_from(of_lan(lan), OUTSIDE) == HOST


# ------------------------------------------------------------- the address they leave with


OWN, OWN6 = "198.51.100.9", "2001:db8:51::9"


@pytest.fixture
def addressed(lan):
    """The host has one more address of each family, which it does not choose by itself."""
    ip(
        lan,
        f"address add {OWN}/24 dev eth0",
        f"address add {OWN6}/64 dev eth0 nodad preferred_lft 0",
    )
    return lan


def test_fixed_address(addressed):
    """All leave with it, containers and others; without it, with that of the link again."""
    external = ("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
    addressed.ok(*external, "--source", f"{OWN},{OWN6}")
    for namespace in of_foo(addressed), of_lan(addressed):
        assert addressed.connect_from(namespace, OUTSIDE) == OWN
        assert addressed.connect_from(namespace, OUTSIDE6) == OWN6
    shown = show(addressed)
    assert (shown["source"], shown["source6"]) == (OWN, OWN6) and shown["drift"] == []
    assert f"as {OWN}, {OWN6}" in addressed.ok("nat", "show").stdout
    assert elements(addressed, "address4", "map") == [["ipv4", OWN]]
    rules = addressed.nft("-a", "list", "chain", "inet", "nixctr-net", "leave")
    addressed.ok(*external, "--source", OWN6)
    assert addressed.connect_from(of_foo(addressed), OUTSIDE) == HOST
    assert addressed.connect_from(of_foo(addressed), OUTSIDE6) == OWN6
    addressed.ok(*external)
    assert addressed.connect_from(of_foo(addressed), OUTSIDE6) == HOST6
    assert addressed.nft("-a", "list", "chain", "inet", "nixctr-net", "leave") == rules


def test_fixed_address_that_is_not_there(attached):
    """One is warned, and when it comes it works."""
    enabled = attached.ok("nat", "enable", "--external", "eth0", "--source", OWN)
    assert f"{OWN}, which all leave with, is no address of this host" in enabled.stderr
    assert attached.cannot_connect(of_foo(attached), OUTSIDE)
    assert OWN in show(attached)["drift"][0]
    ip(attached, f"address add {OWN}/24 dev eth0")
    assert show(attached)["drift"] == []
    assert attached.connect_from(of_foo(attached), OUTSIDE) == OWN


# ------------------------------------------------------------- segments


class Capture:
    """What passes a link of a namespace, from when it is made."""

    def __init__(self, namespace, link):
        def sniffer():
            everything = socket.ntohs(3)
            sniffing = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, everything)
            sniffing.bind((link, 3))
            return sniffing

        self._socket = _in_namespace(namespace, sniffer)
        self._socket.settimeout(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def segment_size(self, sender):
        """The size that a sender offers in the first packet of a connection, or its answer."""
        while True:
            packet = self._socket.recv(65535)
            v4 = packet[0] >> 4 == 4
            source = ipaddress.ip_address(packet[12:16] if v4 else packet[8:24])
            protocol, tcp = (packet[9], packet[20:]) if v4 else (packet[6], packet[40:])
            if protocol == socket.IPPROTO_TCP and tcp[13] & 2 and str(source) == sender:
                return offered_size(tcp[20 : (tcp[12] >> 4) * 4])


def offered_size(options):
    """The MSS among the options of a TCP header (RFC 9293)."""
    while options and options[0] != 0:
        if options[0] == 2:
            return struct.unpack("!H", options[2:4])[0]
        options = options[1:] if options[0] == 1 else options[options[1] :]
    return None


@pytest.fixture
def narrow(lan):
    """A path that became narrow after the container was attached: it still believes in 1500."""
    lan.ok("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
    ip(lan, "link set eth0 mtu 1300")
    [cable] = lan.ip("link", "show", "ve-foo")
    assert cable["mtu"] == 1500
    return lan


@pytest.mark.parametrize("name", ["foo", "lan"])
@pytest.mark.parametrize(
    "target, host, size", [(OUTSIDE, HOST, 1300 - 40), (OUTSIDE6, HOST6, 1300 - 60)],
    ids=["ipv4", "ipv6"],
)  # fmt: skip
def test_segments_fit_the_way(narrow, name, target, host, size):
    """Both ends offer no more than fits the uplink, of which neither knows."""
    inside = of_foo(narrow) if name == "foo" else of_lan(narrow)
    with Capture(narrow.outside.namespace, "eth0") as there, Capture(inside, "eth0") as here:
        assert narrow.connect_from(inside, target) == host
        assert there.segment_size(host) == size
        assert here.segment_size(target) == size


def test_segments_of_published_ports_fit(attached):
    """Likewise who calls from outside."""
    attached.ok("create", "web", "--port", "8080:80")
    attached.ok("net", "up", "web")
    ip(attached, "link set eth0 mtu 1300")
    inside = attached.container_namespace("web")
    with attached.server_in(inside, 80), Capture(inside, "eth0") as here:
        with Capture(attached.outside.namespace, "eth0") as there:
            assert attached.connect_from(attached.outside.namespace, HOST, 8080) == OUTSIDE
            assert here.segment_size(OUTSIDE) == 1300 - 40
            assert there.segment_size(HOST) == 1300 - 40


def test_small_segments_stay_small(narrow):
    """Who offers less than fits is left at it."""

    def call():
        with socket.socket() as calling:
            calling.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 600)
            calling.settimeout(10)
            calling.connect((OUTSIDE, PORT))

    with Capture(narrow.outside.namespace, "eth0") as there:
        _in_namespace(of_foo(narrow), call)
        assert there.segment_size(HOST) == 600


# ------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--external", "ve*"], "link ve* cannot be external"),
        (["--external", "vb-+"], "link vb-+ cannot be external"),
        (["--external", "*"], "lead to containers"),
        (["--external", "e*0"], "at the end only"),
        (["--internal", LAN], "--external"),
        (["--external", "eth0", "--internal", "lan"], "'lan' is not an IPv4 or IPv6 address"),
        (["--external", "eth0", "--internal", "192.168.7.1/24"], "an address on a network"),
        (["--external", "eth0", "--internal", "0.0.0.0/0"], "the outside is in it"),
        (["--external", "eth0", "--internal", "10.0.0.0/8,10.1.0.0/16"], "they overlap"),
        (["--external", "eth0", "--source", "eth0"], "'eth0' is not an IPv4 or IPv6 address"),
        (["--external", "eth0", "--source", "127.0.0.1"], "no answer would come back"),
        (["--external", "eth0", "--source", f"{HOST},{OWN}"], "a second address of IPv4"),
        (["--external", "eth0", "--source", ""], ""),
    ],
)
def test_mistakes(world, arguments, says):
    """What cannot be is refused in one line, before anything is done."""
    refused = world.nixctr("nat", "enable", *arguments)
    assert refused.rc == USAGE and says in refused.stderr, refused
    told = [line for line in refused.stderr.splitlines() if not line.startswith("  try:")]
    assert len(told) == 1, refused
    assert not world.path(SETTINGS).exists()
    assert world.nft("list", "tables") == []


def test_mistake_in_a_file(attached):
    """It is named with its line, and what was in force stays in force."""
    attached.ok("nat", "enable", "--external", "eth0")
    path = attached.path("/etc/nixctr-net/conf.d/60-lan.conf")
    path.write_text("[nat]\nsource = 2001:db8::1\n", "ascii")
    refused = attached.nixctr("net", "up", "foo")
    assert refused.rc == 1 and "60-lan.conf line 2" in refused.stderr, refused
    assert attached.connect_from(of_foo(attached), OUTSIDE) == HOST
    path.unlink()
    attached.ok("net", "up", "foo")


def test_refused_address_leaves_the_old(lan):
    """When a new setting cannot be made so, the old one is written down and in force."""
    lan.ok("nat", "enable", "--external", "eth0")
    before, settings = lan.ruleset(), lan.path(SETTINGS).read_text(encoding="ascii")
    switches = "/proc/sys/net/ipv4/conf/eth1"
    assert lan.run("mount", "--bind", switches, switches).rc == 0
    assert lan.run("mount", "-o", "remount,bind,ro", switches).rc == 0
    refused = lan.nixctr("nat", "enable", "--external", "eth0", "--internal", LAN)
    assert refused.rc == 1 and "eth1" in refused.stderr, refused
    assert lan.path(SETTINGS).read_text(encoding="ascii") == settings
    assert show(lan)["drift"] == []
    assert "192.168.7" not in lan.ruleset() and "192.168.7" not in before
    assert lan.connect_from(of_foo(lan), OUTSIDE) == HOST
