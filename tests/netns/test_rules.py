# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules and settings when others are at them too: changed, refused, or at the same time."""

import subprocess

import pytest
import world as world_module
from test_parallel import at_once, failures
from world import HOST, OUTSIDE

RULES = "/run/nixctr-net/rules"


def mark(world):
    """By what the rules are known to be as they were when somebody found them right."""
    return world.path(RULES).read_text(encoding="ascii")


@pytest.mark.parametrize(
    "change",
    [
        "flush chain inet nixctr-net forward",
        "delete element inet nixctr-net external { eth0 }",
        "add rule inet nixctr-net forward accept",
        "delete table inet nixctr-net",
        "flush ruleset",
    ],
)
def test_change_is_noticed(networked, change):
    """Rules that were found right are looked at again once somebody has changed anything."""
    networked.ok("nat", "enable", "--external", "eth0")
    for number in range(3):
        networked.ok("create", f"early{number}")
        networked.ok("net", "up", f"early{number}")
    before, known = networked.ruleset(), mark(networked)
    assert networked.run("nft", change).rc == 0
    assert networked.ruleset() != before
    networked.ok("net", "up", "c1")
    assert networked.ruleset() == before
    networked.ok("net", "up", "c1")
    assert mark(networked) != known
    assert networked.connect_from(networked.container_namespace("c1"), OUTSIDE) == HOST


def test_rules_are_not_read_again(networked):
    """While nothing is changed they are known by their mark, and not listed."""
    for _ in range(2):
        networked.ok("net", "up", "c1")
    known = mark(networked)
    networked.ok("net", "down", "c1")
    # A sanitized build cannot look for leaks while it is traced.
    traced = networked.run("env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-e",
                           "trace=sendto", world_module.BINARY, "net", "up", "c1")  # fmt: skip
    assert traced.rc == 0 and "NFT_MSG_GETGEN" in traced.stderr, traced
    assert "NFT_MSG_GETRULE" not in traced.stderr, traced
    assert mark(networked) == known


def test_refused_enable_leaves_the_old(networked):
    """When the kernel refuses new external links, the old ones are written down and in force."""
    networked.ok("nat", "enable", "--external", "eth0")
    assert networked.run("ip", "link", "add", "other", "type", "bridge").rc == 0
    switches = "/proc/sys/net/ipv4/conf/other"
    assert networked.run("mount", "--bind", switches, switches).rc == 0
    assert networked.run("mount", "-o", "remount,bind,ro", switches).rc == 0
    settings = networked.path("/etc/nixctr-net/conf.d/50-nat.conf").read_text(encoding="ascii")
    before = networked.ruleset()
    refused = networked.nixctr("nat", "enable", "--external", "other")
    assert refused.rc == 1 and "other" in refused.stderr, refused
    assert networked.path("/etc/nixctr-net/conf.d/50-nat.conf").read_text("ascii") == settings
    assert networked.ruleset() == before
    assert networked.ok("nat", "show", "--json").json["drift"] == []
    assert networked.connect_from(networked.container_namespace("c1"), OUTSIDE) == HOST


# What an administrator may have under our name, also with a chain that we have one of.
THEIRS = """table %s nixctr-net {
    chain forward { type filter hook %s priority 0; policy accept; tcp dport 22 drop; }
}"""


@pytest.mark.parametrize("family", ["inet", "bridge"])
def test_table_of_somebody_else(world, family):
    """A table of our name that we have not made is refused by its name, with what mends it, and stays;
    once it is empty or gone all goes on."""
    networks = []
    if family == "bridge":
        world.run("ip", "link", "add", "br0", "type", "bridge")
        networks = ["--bridge", "br0", "--local-address", "10.7.0.2/24"]
    world.ok("create", "c1", *networks)
    theirs = THEIRS % (family, "input")
    assert world.run("nft", theirs).rc == 0
    before = world.ruleset()
    enable = ("nat", "enable", "--external", "eth0")
    for words in ("net", "up", "c1"), ("hook", "pre-start", "c1"), *([enable] if family == "inet" else []):
        refused = world.nixctr(*words)
        assert refused.rc == 4, refused
        assert f"table {family} nixctr-net was made by somebody else" in refused.stderr, refused
        assert f"nft delete table {family} nixctr-net" in refused.stderr, refused
        assert "dport 22 drop" in world.ruleset(), words
    assert world.namespaces() == []
    world.ok("net", "down", "c1")
    assert world.nixctr("nat", "disable").rc == (4 if family == "inet" else 0)
    assert world.ruleset() == before
    # Empty it is nobody's. In the place of ours it is found, too, and stays.
    ours = f"{family} nixctr-net"
    assert world.run("nft", f"delete table {ours}; add table {ours}").rc == 0
    world.ok("net", "up", "c1")
    assert world.ok("nat", "show", "--json").json["drift"] == []
    assert world.run("nft", f"delete table {ours}; {theirs}").rc == 0
    checked = world.nixctr("nat", "check")
    assert checked.rc == 1 and f"table {ours}: somebody else has made it" in checked.stdout, checked
    applied = world.nixctr("nat", "apply")
    assert applied.rc == 4 and "dport 22 drop" in world.ruleset(), applied
    assert world.run("nft", f"delete table {ours}").rc == 0
    world.ok("nat", "apply")
    assert world.ok("nat", "show", "--json").json["drift"] == []


def test_attach_while_nat_changes(world):
    """Whoever is attached while NAT is switched on and off ends as the last one has it."""
    names = [f"c{number}" for number in range(8)]
    for name in names:
        world.ok("create", name)
    switching = [("nat", "enable", "--external", "eth0"), ("nat", "disable")] * 4
    assert not failures(at_once(world, [("net", "up", name) for name in names] + switching))
    world.ok("nat", "enable", "--external", "eth0")
    assert world.ok("nat", "show", "--json").json["drift"] == []
    for name in names:
        switch = f"/proc/sys/net/ipv4/conf/ve-{name}/forwarding"
        assert world.run("cat", switch).stdout == "1\n", name
        assert world.ok("net", "show", name, "--json").json["drift"] == []


def test_lock_that_is_kept(world):
    """Who waits for a lock says who has it, and gets it when it is let go."""
    world.ok("create", "foo")
    lock = "/run/nixctr-net/networks/foo.lock"
    world.ok("net", "up", "foo")
    keeper = world.command("flock", "--no-fork", lock, "sh", "-c", "echo kept; exec sleep 600")
    with subprocess.Popen(keeper, stdout=subprocess.PIPE, encoding="ascii") as keeping:
        assert keeping.stdout.readline() == "kept\n"
        with subprocess.Popen(
            world.command(world_module.BINARY, "net", "down", "foo"),
            stderr=subprocess.PIPE, encoding="utf-8",
        ) as waiting:  # fmt: skip
            line = waiting.stderr.readline()
            assert "waiting for" in line and "foo.lock" in line, line
            keeping.kill()
            assert waiting.wait(world_module.DEADLINE) == 0
    assert world.namespaces() == []


def test_many_together(world):
    """Enough of them for several processes: all up, all down, a broken one named."""
    names = [f"c{number:02}" for number in range(40)]
    for name in names:
        world.ok("create", name)
    world.path("/etc/nixos-containers/c07.conf").write_text("HOST_ADDRESS=nonsense\n", "ascii")
    up = world.nixctr("net", "up", "--all")
    assert up.rc == 1 and "c07" in up.stderr, up
    others = [name for name in names if name != "c07"]
    assert world.namespaces() == [f"ve-{name}" for name in others]
    for name in others:
        assert world.ok("net", "show", name, "--json").json["drift"] == []
    again = world.nixctr("net", "up", "--all", "--json").json["containers"]
    assert [entry["name"] for entry in again] == names
    assert not any(entry.get("changed") for entry in again)
    world.ok("net", "down", "--all")
    assert world.namespaces() == []
    assert world.links_at_rest() == ["eth0", "lo"]


def many_attached(world, count):
    """So many that they are detached in another way than a few; each has its cable."""
    names = [f"c{number:03}" for number in range(count)]
    create = 'binary=$1; shift; for name; do "$binary" create --no-system "$name" || exit; done'
    assert world.run("sh", "-c", create, "sh", world_module.BINARY, *names).rc == 0
    world.ok("net", "up", "--all")
    return names


def test_very_many_down(world):
    """All at once; what is not ours stays, is named, and is in nobody's way."""
    names = many_attached(world, 120)
    for line in "link set ve-c007 alias other", "link set ve-c007 address 02:00:00:00:00:07":
        assert world.run("ip", *line.split()).rc == 0
    down = world.nixctr("net", "down", "--all", "--json")
    assert down.rc == 0 and "ve-c007 is not the cable" in down.stderr, down
    changed = [one["name"] for one in down.json["containers"] if one["changed"]]
    assert changed == names
    assert world.namespaces() == []
    world_module.eventually(lambda: world.links() == ["eth0", "lo"], "the stranger has gone as well")
    assert not list(world.path("/run/nixctr-net/networks").iterdir())
    world.ok("net", "up", "--all")
    assert world.ok("net", "show", "c007", "--json").json["drift"] == []


def test_very_many_down_killed(world):
    """SIGKILL on the way; then the same again, or up again, and everybody is as they should be."""
    names = many_attached(world, 110)
    trace = ["strace", "-f", "-qq", "-o", "/run/trace"]
    world.run(*trace, "--trace=sendmsg", world_module.BINARY, "net", "down", "--all")
    calls = world.path("/run/trace").read_text(encoding="utf-8").splitlines()
    senders = [line.split()[0] for line in calls if "sendmsg(" in line]
    last = max(map(senders.count, senders))
    assert last > 111
    world.ok("net", "up", "--all")
    for moment in ("sendmsg:when=50", "sendmsg:when=111", f"sendmsg:when={last}", "umount2:when=3",
                   "unlink:when=30"):  # fmt: skip
        killed = world.run(*trace, f"--inject={moment.replace(':', ':signal=KILL:')}",
                           world_module.BINARY, "net", "down", "--all")
        assert killed.rc in (-9, 137), (moment, killed)
        world.ok("net", "up", "--all")
        assert world.namespaces() == [f"ve-{name}" for name in names]
        assert world.ok("net", "show", "c050", "--json").json["drift"] == []
        assert world.ok("net", "show", "c109", "--json").json["drift"] == []
    world.ok("net", "down", "--all")
    assert world.namespaces() == []
    assert world.links_at_rest() == ["eth0", "lo"]


def test_very_many_down_but_some(world):
    """Whose network cannot be taken away keeps his namespace, is named, and has his turn when he can."""
    names = many_attached(world, 105)
    run = world.path("/run/nixctr-net")
    (run / "networks/c050.lock").unlink(missing_ok=True)
    for obstacle in "networks/c050.lock", "forwards/c007":
        (run / obstacle).mkdir(parents=True)
    down = world.nixctr("net", "down", "--all")
    assert down.rc != 0 and "c007" in down.stderr and "c050.lock" in down.stderr, down
    assert world.namespaces() == ["ve-c007", "ve-c050"]
    for obstacle in "networks/c050.lock", "forwards/c007":
        (run / obstacle).rmdir()
    world.carriers_at_rest()
    for name in "c007", "c050":
        assert world.ip("link", "show", "eth0", container=name)[0]["operstate"] == "UP"
        assert world.ok("net", "show", name, "--json").json["drift"] == []
    assert world.ok("net", "down", "--all", "--json").json["containers"][7]["changed"]
    assert world.namespaces() == [] and len(names) == 105


def test_few_descriptors(world):
    """Who may open few files does the same in smaller steps, or says so and leaves nothing half done."""
    many_attached(world, 105)
    few = ["prlimit", "--nofile=80:80", world_module.BINARY]
    assert world.run(*few, "net", "down", "--all").rc == 0
    assert world.namespaces() == [] and world.links_at_rest() == ["eth0", "lo"]
    failures = 0
    for limit in range(4, 64):
        answer = world.run("prlimit", f"--nofile={limit}:{limit}", world_module.BINARY, "net", "up", "c001")
        if answer.rc == 0:
            break
        failures += 1
        assert answer.rc == 1 and "Too many open files" in answer.stderr, (limit, answer)
        assert world.namespaces() == [] and world.links_at_rest() == ["eth0", "lo"], limit
        world.ok("net", "up", "c001")
        assert world.ok("net", "show", "c001", "--json").json["drift"] == []
        world.ok("net", "down", "c001")
    assert failures > 2 and world.namespaces() == ["ve-c001"]
    assert world.ok("net", "show", "c001", "--json").json["drift"] == []
