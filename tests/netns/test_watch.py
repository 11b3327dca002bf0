# SPDX-License-Identifier: GPL-2.0-or-later
"""The watcher: what others change comes back, the log says so, and nothing is fought over endlessly."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest
import world as world_module
from test_ports import PUBLISHED, SERVED, create, elements
from world import HOST, OUTSIDE, eventually

CONFLICT = 4
WATCHING = "watching the networks of containers"
GENERATION = "nft: read the generation of the nf_tables ruleset"  # with --debug, before each look


class Watcher:
    """A watcher that runs on a host."""

    def __init__(self, world, *options):
        self._log = world.root / "run/watch.log"
        self._log.touch()
        before = self.log.count(WATCHING)
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                world.command(*world.wrap, world_module.BINARY, *options, "watch"), stderr=log
            )
        eventually(lambda: self.log.count(WATCHING) > before, "it watches")

    @property
    def log(self):
        """What it has said, and the ones before it."""
        return self._log.read_text(encoding="utf-8")

    @property
    def pid(self):
        """Its process: nsenter has become it."""
        return self.process.pid

    def says(self, pattern):
        """Waits until its log has that, once; returns the match."""
        return eventually(lambda: re.search(pattern, self.log), f"it says {pattern}:\n{self.log}")

    def kill(self, number=signal.SIGKILL):
        """Ends it. Returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(world_module.DEADLINE)


@contextlib.contextmanager
def watching(world, *options):
    """A host with a watcher, which ends well when it is told to."""
    watcher = Watcher(world, *options)
    try:
        yield watcher
    finally:
        if watcher.process.poll() is None:
            assert watcher.kill(signal.SIGTERM) == 0


@pytest.fixture
def watched(networked):
    """The host with c1 and c2 and NAT, a watcher on it, and what was there before."""
    with watching(networked) as watcher:
        networked.watcher = watcher
        networked.before = networked.ruleset()
        yield networked


def gets_out(world, name="c1"):
    """Whether a container is seen outside, as the host."""
    return world.connect_from(world.container_namespace(name), OUTSIDE) == HOST


def cable(world, name="c1"):
    """What the host's end of a cable is like."""
    found = world.run("ip", "-j", "-d", "address", "show", "dev", f"ve-{name}")
    if found.rc != 0:
        return None
    [link] = found.json
    [to] = world.run("ip", "-j", "route", "show", "dev", f"ve-{name}").json or [None]
    kept = ("flags", "mtu", "address", "ifalias", "ifname", "master")
    return [{key: link.get(key) for key in kept}, link["addr_info"] and link["addr_info"][0]["local"],
            to and to["dst"]]  # fmt: skip


def drift(world):
    """All differences there are."""
    found = world.ok("nat", "show", "--json").json["drift"]
    for name in world.namespaces():
        found += world.ok("net", "show", name.removeprefix("ve-"), "--json").json["drift"]
    return found


@pytest.mark.parametrize(
    "change, told",
    [
        ("flush ruleset", "deleted table inet nixctr-net"),
        ("delete table inet nixctr-net", "deleted table inet nixctr-net"),
        ("delete element inet nixctr-net external { eth0 }", "deleted elements of external"),
        ("flush chain inet nixctr-net forward", "deleted a rule of chain forward"),
        ("add rule inet nixctr-net forward accept", "added a rule of chain forward"),
        ("add chain inet nixctr-net more", "added chain more"),
    ],
)
def test_rules_come_back(watched, change, told):
    """... at once, whatever was done to them, and the log names the process."""
    assert watched.run("nft", change).rc == 0
    eventually(lambda: watched.ruleset() == watched.before, "the rules are back")
    assert gets_out(watched)
    said = watched.watcher.says(rf"rules put back in (.*) ms: nft \(pid \d+\) had {told}\n")
    assert float(said[1]) < 5000


@contextlib.contextmanager
def commits(world):
    """While in it, what "nft monitor" has said of each change of the rules so far: [[text, who], ...]."""
    path = world.root / "run/monitor.log"

    def heard():
        parts = re.split(r"# new generation \d+ by process \d+ \((.*)\)\n", path.read_text(encoding="utf-8"))
        return list(zip(parts[::2], parts[1::2]))

    with open(path, "wb") as log, world.start(["nft", "monitor"], stdout=log) as monitor:
        try:
            eventually(lambda: world.run("nft", "add", "table", "inet", "heard").rc == 0
                       and world.run("nft", "delete", "table", "inet", "heard").rc == 0 and heard(),
                       "the monitor hears")  # fmt: skip
            yield heard
        finally:
            monitor.kill()


def test_rules_come_back_whole(networked):
    """... in one commit: what keeps the host from forwarding for others as well, also after looks that found
    all as it was and went no further."""
    with watching(networked, "--debug") as watcher:
        for number in range(4):
            looks = watcher.log.count(GENERATION)
            assert networked.run("ip", "link", "add", f"more{number}", "type", "bridge").rc == 0
            eventually(lambda: watcher.log.count(GENERATION) > looks, "it looks")
        with commits(networked) as heard:
            assert networked.run("nft", "flush", "ruleset").rc == 0
            watcher.says("rules put back in")
            first = eventually(lambda: [what for what, who in heard() if who == "nixctr-net"], "it has committed")[0]
    for name in "external", "opened4", "opened6", "strangers":
        assert name in first, f"{name} is not in {first}"


@pytest.mark.parametrize(
    "change, told",
    [
        ("ip address flush dev ve-c1", "address is none"),
        ("ip route delete 10.233.1.2 dev ve-c1", "route to the container is none"),
        ("ip link set ve-c1 down", "host end is down"),
        ("ip link set ve-c1 mtu 1300", "mtu is 1300"),
        ("ip link set ve-c1 address 02:00:00:00:00:99", "mac is 02:00:00:00:00:99"),
        ("ip link set ve-c1 group 0", "group is 0, should be one that goes with mac"),
        ("ip link set ve-c1 group 8", "group is 8, should be one that goes with mac"),
        ("ip link set ve-c1 alias mine", "tag"),
        ("ip link add br9 type bridge; ip link set ve-c1 master br9", "bridge is br9"),
        ("ip link set ve-c1 down; ip link set ve-c1 name foo", "no link ve-c1|host end is down"),
        ("ip link delete ve-c1", "no link ve-c1"),
    ],
)
def test_cables_come_back(watched, change, told):
    """... to the same, while the others are left alone."""
    before = cable(watched)
    other = watched.ip("link", "show", "dev", "ve-c2")[0]["ifindex"]
    assert before[0]["mtu"] == 1500 and before[1:] == ["10.233.1.1", "10.233.1.2"]
    assert watched.run("sh", "-ec", change).rc == 0
    watched.watcher.says(rf"network of container 'c1' put back in .* ms: .*({told})")
    eventually(lambda: cable(watched) == before, f"the cable is back: {cable(watched)}")
    eventually(lambda: gets_out(watched), "c1 gets out")
    assert watched.ip("link", "show", "dev", "ve-c2")[0]["ifindex"] == other
    assert not drift(watched)


@pytest.mark.parametrize("switch", ["eth0/forwarding", "ve-c1/forwarding", "ve-c1/rp_filter"])
def test_switches_come_back(watched, switch):
    """One that somebody sets, and all that a reload of sysctl.conf resets."""
    path = f"/proc/sys/net/ipv4/conf/{switch}"
    assert watched.run("cat", path).stdout == "1\n"
    for command in f"echo 0 >{path}", "cd /proc/sys/net/ipv4; echo 1 >ip_forward; echo 0 >ip_forward":
        assert watched.run("sh", "-ec", command).rc == 0
        eventually(lambda: watched.run("cat", path).stdout == "1\n", f"{switch} is back")
    eventually(lambda: gets_out(watched), "c1 gets out")


def test_ports_come_back(world):
    """With the table, and alone: each element of each map."""
    world.ok("nat", "enable", "--external", "eth0")
    create(world, "web", 1, "--port", f"{PUBLISHED}:{SERVED}")
    create(world, "other", 2)
    maps = ["forwards4", "forwards6"]
    before = [elements(world, name) for name in maps]
    assert all(before)
    with world.server_in(world.container_namespace("web"), SERVED), watching(world):
        for change in ["flush ruleset", "delete table inet nixctr-net",
                       *(f"flush map inet nixctr-net {name}" for name in maps)]:  # fmt: skip
            assert world.run("nft", change).rc == 0
            eventually(lambda: world.run("nft", "list", "map", "inet", "nixctr-net", maps[-1]).rc == 0
                       and [elements(world, name) for name in maps] == before, f"back: {change}")  # fmt: skip
            assert world.connect_from(world.outside.namespace, HOST, PUBLISHED) == OUTSIDE
        # What our own commands withdraw stays withdrawn.
        world.ok("net", "down", "web")
        world.ok("net", "up", "other")
        assert [elements(world, name) for name in maps] == [{}, {}]


def second_way(world):
    """A second link to the world outside, which has the same addresses there."""
    for command in (
        f"ip link add eth1 type veth peer name eth1 netns {world.outside.pid}",
        "ip link set eth1 up mtu 1400; ip address add 192.0.2.1/24 dev eth1",
        f"nsenter --target {world.outside.pid} --net -- ip link set eth1 up",
        f"nsenter --target {world.outside.pid} --net -- ip address add 192.0.2.2/24 dev eth1",
    ):
        assert world.run("sh", "-ec", command).rc == 0, command


def external(world):
    """The external links the kernel has."""
    [found] = [i["set"] for i in world.nft("list", "set", "inet", "nixctr-net", "external") if "set" in i]
    return found.get("elem", [])


def test_auto_follows_the_default_route(watched):
    """From one link to another, with its MTU; while there is none it stays where it was."""
    watched.ok("nat", "enable", "--external", "auto")
    second_way(watched)
    assert watched.run("ip", "-6", "route", "delete", "default").rc == 0
    assert watched.run("ip", "route", "replace", "default", "via", "192.0.2.2").rc == 0
    eventually(lambda: external(watched) == ["eth1"], "eth1 is external")
    watched.watcher.says("external links: eth1, in place of eth0")
    ways = watched.container_namespace("c1"), OUTSIDE
    route = ["ip", "route", "replace", "198.51.100.2", "via", "192.0.2.2"]
    assert watched.run(*route).rc == 0
    eventually(lambda: watched.connect_from(*ways) == "192.0.2.1", "c1 is seen as eth1")
    for link, where in ("eth0", "c1"), ("ve-c2", None):
        eventually(lambda: watched.ip("link", "show", "dev", link, container=where)[0]["mtu"] == 1400,
                   f"{link} has the MTU of eth1")  # fmt: skip
    forwarding = "/proc/sys/net/ipv4/conf/eth0/forwarding"
    eventually(lambda: watched.run("cat", forwarding).stdout == "0\n", "eth0 forwards no more")
    assert watched.run("ip", "route", "delete", "default").rc == 0
    watched.watcher.says("there is no default route now")
    assert external(watched) == ["eth1"] and watched.connect_from(*ways) == "192.0.2.1"
    assert watched.run("ip", "route", "delete", *route[3:]).rc == 0
    assert watched.run("ip", "route", "add", "default", "via", "198.51.100.2").rc == 0
    eventually(lambda: external(watched) == ["eth0"], "eth0 is external again")
    eventually(lambda: gets_out(watched), "c1 gets out through eth0")
    eventually(lambda: not drift(watched), "cables have the MTU of eth0")


def test_mtu_of_the_uplink_is_followed(watched):
    """At both ends of all cables, down and up again."""
    for mtu in 1380, 1500:
        assert watched.run("ip", "link", "set", "eth0", "mtu", str(mtu)).rc == 0
        for name in "c1", "c2":
            eventually(lambda: watched.ip("link", "show", "dev", f"ve-{name}")[0]["mtu"] == mtu
                       and watched.ip("link", "show", "dev", "eth0", container=name)[0]["mtu"] == mtu,
                       f"{name} has an MTU of {mtu}")  # fmt: skip
        watched.watcher.says(f"the uplink has an MTU of {mtu} now")


def test_external_link_vanishes_and_comes_back(watched):
    """... and is renamed: each is told, and it works again as soon as it is there."""
    second_way(watched)
    watched.ok("nat", "enable", "--external", "eth0,eth1")
    watched.watcher.says("external links: eth0, eth1, in place of eth0")
    assert watched.run("sh", "-ec", "ip link set eth1 down; ip link set eth1 name wan").rc == 0
    watched.watcher.says("external link eth1 is not there")
    watched.watcher.says("external link eth1 is called wan now")
    assert gets_out(watched)
    assert watched.run("sh", "-ec", "ip link set wan name eth1; ip link set eth1 up").rc == 0
    watched.watcher.says("external link eth1 is there again")
    assert watched.run("ip", "link", "delete", "eth1").rc == 0
    eventually(lambda: watched.watcher.log.count("external link eth1 is not there") == 2, "it is told")
    second_way(watched)
    eventually(lambda: watched.watcher.log.count("external link eth1 is there again") == 2, "it is told")
    forwarding = "/proc/sys/net/ipv4/conf/eth1/forwarding"
    eventually(lambda: watched.run("cat", forwarding).stdout == "1\n", "it forwards")
    assert watched.run("ip", "route", "add", "198.51.100.2", "via", "192.0.2.2").rc == 0
    assert watched.connect_from(watched.container_namespace("c1"), OUTSIDE) == "192.0.2.1"


@contextlib.contextmanager
def stopped(watcher):
    """While in it, the watcher does not run."""
    os.kill(watcher.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(watcher.pid, signal.SIGCONT)


def test_lost_events_of_rules(watched):
    """When more was changed than the kernel keeps for us, everything is looked at."""
    many = ", ".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(100000))
    watched.path("/run/many").write_text(
        "table ip other { set many { type ipv4_addr; elements = { " + many + " }; }; }\n", "ascii")
    with stopped(watched.watcher):
        assert watched.run("nft", "flush", "ruleset").rc == 0
        assert watched.run("nft", "-f", "/run/many").rc == 0
        assert watched.run("nft", "flush", "ruleset").rc == 0
        assert watched.ruleset() == ""
    eventually(lambda: watched.ruleset() == watched.before, "the rules are back")
    watched.watcher.says("rules put back in .* ms; too much happened at once")
    assert watched.run("nft", "flush", "ruleset").rc == 0
    watched.watcher.says(r"put back in .* ms: nft \(pid \d+\) had deleted table inet nixctr-net")
    assert gets_out(watched)


def test_lost_events_of_links(watched):
    """The same for addresses; and a cable that was made unheard is watched like the others."""
    before = cable(watched)
    watched.ok("create", "c3")
    addresses = [f"10.{99 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(10000)]
    for verb in "add", "delete":
        watched.path(f"/run/{verb}").write_text(
            "".join(f"address {verb} {address}/32 dev eth0\n" for address in addresses), "ascii")
    with stopped(watched.watcher):
        assert watched.run("ip", "-batch", "/run/add").rc == 0
        assert watched.run("ip", "link", "delete", "ve-c1").rc == 0
        watched.ok("net", "up", "c3")
    watched.watcher.says("too much happened at once on the network")
    eventually(lambda: cable(watched) == before, "the cable is back")
    for name in "c2", "c3":
        assert watched.run("ip", "link", "set", f"ve-{name}", "down").rc == 0
        watched.watcher.says(f"network of container '{name}' put back")
    assert gets_out(watched)


@contextlib.contextmanager
def locked(world, name):
    """While in it, somebody else has a lock of ours."""
    path = f"/run/nixctr-net/{name}.lock"
    with subprocess.Popen(world.command("flock", path, "sh", "-c", "echo; exec cat"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:  # fmt: skip
        assert holder.stdout.readline()
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait(world_module.DEADLINE)


def test_busy_cable_comes_back(watched):
    """One that somebody is at has its turn when he is done, though nothing more is heard of it."""
    before = cable(watched)
    with locked(watched, "networks/c1"):
        assert watched.run("ip", "link", "set", "ve-c1", "down").rc == 0
        assert watched.run("ip", "link", "set", "ve-c2", "down").rc == 0
        watched.watcher.says("network of container 'c2' put back")
        assert cable(watched) != before
    eventually(lambda: cable(watched) == before, "the cable is back")


def test_busy_rules_come_back(world):
    """What is heard while somebody has the lock of the rules adds up: an element that went after a change
    that left no trace is looked for as well."""
    world.ok("nat", "enable", "--external", "eth0")
    create(world, "web", 1, "--port", f"{PUBLISHED}:{SERVED}")
    before = elements(world, "forwards4")
    with watching(world, "--debug") as watcher:
        with locked(world, "rules"):
            looks = watcher.log.count(GENERATION)
            for change in "add chain inet nixctr-net more", "delete chain inet nixctr-net more":
                assert world.run("nft", change).rc == 0
            eventually(lambda: watcher.log.count(GENERATION) > looks, "it has heard of that")
            assert world.run("nft", "flush", "map", "inet", "nixctr-net", "forwards4").rc == 0
            looks = watcher.log.count(GENERATION)
            eventually(lambda: watcher.log.count(GENERATION) > looks + 1, "it has heard of this as well")
        eventually(lambda: elements(world, "forwards4") == before, "the port is back")


def test_told_to_look(watched):
    """SIGHUP: also at what nobody hears of, what is inside the containers."""
    assert watched.run("ip", "-n", "ve-c1", "route", "delete", "default").rc == 0 and not gets_out(watched)
    watched.watcher.process.send_signal(signal.SIGHUP)
    watched.watcher.says("network of container 'c1' put back")
    assert gets_out(watched)


# Makes commits in one process, half of them of each command: so many, or until it is ended.
COMMITS = """
import ctypes, itertools, sys
nft = ctypes.CDLL("libnftables.so.1")
nft.nft_ctx_new.restype = ctypes.c_void_p
context = ctypes.c_void_p(nft.nft_ctx_new(0))
commands = [command.encode() for command in sys.argv[2:]]
for number in range(int(sys.argv[1])) if int(sys.argv[1]) else itertools.count():
    for command in commands:
        nft.nft_run_cmd_from_buffer(context, command)
"""
READ = "nft: list rule s of table inet nixctr-net"


def test_ten_thousand_events(watched):
    """... in a second, all of which concern our table, cost few readings; what they leave wrong is put
    right. The watcher says what it reads with --debug."""
    toggle = "element inet nixctr-net external { eth0 }"
    watched.watcher.kill(signal.SIGTERM)
    with watching(watched, "--debug") as watcher:
        start = time.monotonic()
        assert watched.run("/usr/bin/python3", "-c", COMMITS, "5000", f"add {toggle}", f"delete {toggle}").rc == 0
        seconds = time.monotonic() - start
        eventually(lambda: watched.ruleset() == watched.before, "the rules are back")
        watcher.says("rules put back")
        # Eight looks in the first second, two in each after that, and a look reads three times at most.
        assert watcher.log.count(READ) < 50 + 10 * seconds
    assert gets_out(watched) and not drift(watched)


def test_commits_without_end(watched):
    """Whoever changes a table of his own without a pause keeps nothing from being put back, and costs no
    readings."""
    watched.watcher.kill(signal.SIGTERM)
    assert watched.run("nft", "add", "table", "ip", "other").rc == 0
    storm = subprocess.Popen(watched.command(
        *watched.wrap, "/usr/bin/python3", "-c", COMMITS, "0", "add chain ip other c", "delete chain ip other c"))  # fmt: skip
    ours = ["nft", "list", "table", "inet", "nixctr-net"]
    before = watched.run(*ours).stdout
    try:
        with watching(watched, "--debug") as watcher:
            for change in ("delete element inet nixctr-net external { eth0 }", "delete table inet nixctr-net",
                           "flush chain inet nixctr-net forward"):  # fmt: skip
                readings = watcher.log.count(READ)
                assert watched.run("nft", change).rc == 0
                eventually(lambda: watched.run(*ours).stdout == before, f"back: {change}")
                eventually(lambda: watcher.log.count("rules put back") > 0, "it is told")
                assert watcher.log.count(READ) - readings < 20, watcher.log
            assert storm.poll() is None
    finally:
        storm.kill()
        storm.wait()
    assert gets_out(watched) and not drift(watched)


def test_quarrel(watched):
    """Whoever undoes it all the time is named, and answered at a bounded pace."""
    script = "for i in $(seq 400); do nft delete table inet nixctr-net 2>/dev/null || true; done"
    assert watched.run("sh", "-c", script).rc == 0
    while "nft has changed the rules" not in watched.watcher.log:
        watched.run("nft", "delete", "table", "inet", "nixctr-net")
    watched.watcher.says(r"nft has changed the rules of containers \d+ times in .* s")
    eventually(lambda: watched.ruleset() == watched.before, "the rules are back")
    assert gets_out(watched)


def test_two_watchers(watched):
    """The second one is refused, and names the first."""
    refused = watched.nixctr("watch")
    assert refused.rc == CONFLICT and f"process {watched.watcher.pid} " in refused.stderr, refused
    answer = watched.nixctr("--json", "watch")
    assert answer.rc == CONFLICT and answer.json["error"]["code"] == CONFLICT


def test_killed_watcher(watched):
    """Nothing is missed while it runs, and the next one puts back what happened in between."""
    watched.watcher.kill()
    assert gets_out(watched) and not drift(watched)
    before = cable(watched)
    assert watched.run("sh", "-ec", "nft flush ruleset; ip link delete ve-c1; ip link set ve-c2 down").rc == 0
    with watching(watched):
        assert watched.ruleset() == watched.before
        assert cable(watched) == before
        assert gets_out(watched) and gets_out(watched, "c2") and not drift(watched)


def test_nat_disable_stays(watched):
    """What our own commands change is not undone, and nothing is said of it."""
    log = watched.watcher.log
    watched.ok("nat", "disable")
    assert watched.cannot_connect(watched.container_namespace("c1"), OUTSIDE)
    assert watched.run("nft", "flush", "ruleset").rc == 0
    watched.watcher.says("rules put back")
    eventually(lambda: not drift(watched), "all is right")
    assert watched.cannot_connect(watched.container_namespace("c1"), OUTSIDE)
    watched.ok("nat", "enable", "--external", "eth0")
    assert gets_out(watched)
    for name in "c1", "c2":
        watched.ok("net", "down", name)
        watched.ok("destroy", name)
    watched.ok("nat", "disable")
    assert watched.ruleset() == "" and watched.namespaces() == []
    watched.ok("create", "c3")
    watched.ok("net", "up", "c3")
    watched.ok("net", "down", "c3")
    assert watched.run("nft", "add", "table", "ip", "other").rc == 0
    assert watched.run("nft", "flush", "ruleset").rc == 0
    assert watched.watcher.kill(signal.SIGTERM) == 0
    said = watched.watcher.log[len(log):]
    assert said.count("put back") == 1 and "cannot" not in said, said
    assert watched.namespaces() == [] and watched.links_at_rest() == ["eth0", "lo"]


def test_what_is_set_stays(watched):
    """A family or a link that a command takes away is not put back, however soon the watcher hears of it."""
    more = "hostAddress6=fd00:1::1", "localAddress6=fd00:1::2", "EXTRA_VETHS=db:db0"
    for _ in range(5):
        watched.ok("set", "c1", *more)
        assert "db" in watched.links()
        watched.ok("set", "c1", "HOST_ADDRESS6=", "LOCAL_ADDRESS6=", "EXTRA_VETHS=")
    # It has heard of all that by the time it mends what was broken behind it.
    assert watched.run("ip", "link", "set", "ve-c1", "down").rc == 0
    watched.watcher.says("c1.*host end is down")
    eventually(lambda: not drift(watched), "all is right")
    for container in None, "c1":
        links = watched.ip("address", container=container)
        assert "fd00:1::" not in str(links) and not {"db", "db0"} & {link["ifname"] for link in links}


def test_apply(networked):
    """nat apply does the same once, and says what it did."""
    before, wire = networked.ruleset(), cable(networked)
    answer = networked.ok("nat", "apply", "--json").json
    assert answer["changed"] is answer["rules"] is False
    assert answer["containers"] == [{"name": name, "changed": False} for name in ("c1", "c2")]
    assert networked.run("sh", "-ec", "nft flush ruleset; ip link delete ve-c1").rc == 0
    answer = networked.ok("nat", "apply", "--json").json
    assert answer["changed"] is answer["rules"] is True
    assert [entry["changed"] for entry in answer["containers"]] == [True, False]
    assert networked.ruleset() == before and cable(networked) == wire and gets_out(networked)
    networked.ok("net", "down", "c2")
    assert [entry["name"] for entry in networked.ok("nat", "apply", "--json").json["containers"]] == ["c1"]
    assert networked.namespaces() == ["ve-c1"]
    networked.path("/etc/nixos-containers/c1.conf").write_text("HOST_ADDRESS=nonsense\n", "ascii")
    failed = networked.nixctr("nat", "apply", "--json")
    assert failed.rc == 1 and failed.json["containers"][0]["error"]["class"], failed
