# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that belong to the watcher: nobody else changes them, our own commands do, and without a watcher
everything is as with any other table."""

import os
import re
import signal
import subprocess

import pytest
import world as world_module
from ownership import FAMILIES, owner_port
from test_ports import PUBLISHED, SERVED, create, elements
from test_watch import Watcher, drift, gets_out, locked, watching
from world import eventually

TABLES = ("inet nixctr-net", "bridge nixctr-net")


def set_owned(world, value="yes"):
    """Writes the setting down."""
    path = world.path("/etc/nixctr-net/nixctr-net.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[nat]\nown_table = {value}\n", "ascii")


@pytest.fixture
def owning(world):
    """A host with NAT, c1 on a cable and b1 on a bridge, whose tables are to be owned."""
    set_owned(world)
    world.ok("create", "c1")
    world.ok("net", "up", "c1")
    for command in ("link add br0 type bridge", "link set br0 up", "address add 10.7.0.1/24 dev br0"):
        assert world.run("ip", *command.split()).rc == 0
    world.ok("create", "b1", "--bridge", "br0", "--local-address", "10.7.0.2/24", "--host-address", "10.7.0.1")
    world.ok("net", "up", "b1")
    world.ok("nat", "enable", "--external", "eth0")
    return world


def owners(world):
    """Which of both tables are owned, by what the program reads."""
    shown = world.ok("nat", "show", "--json").json
    return [bool(shown[key] and shown[key]["owned"]) for key in ("table", "bridge_table")]


def children_of(pid):
    """The children of a process with one thread."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def keeper_of(watcher):
    """The process that owns the tables for a watcher; children of another kind are soon gone."""
    eventually(lambda: len(children_of(watcher.pid)) == 1, "it has no child but the keeper")
    return children_of(watcher.pid)[0]


def keeper_owns(world, watcher):
    """Whether both tables belong to a watcher's keeper, as the kernel tells; its port is its process id."""
    return [owner_port(world, family) for family in FAMILIES] == [keeper_of(watcher)] * 2


def listing(world):
    """Both tables as nft shows them, whichever was made first; without the name that nft has looked up for
    their owner, see owner_port()."""
    shown = [world.run("nft", "--stateless", "list", "table", *table.split()).stdout for table in TABLES]
    return [re.sub(r" # progname \S+$", "", table, flags=re.MULTILINE) for table in shown]


def refused(world):
    """Whether whoever is not us can change neither table, and a flush passes them over."""
    before = listing(world)
    for table in TABLES:
        for change in f"delete table {table}", f"add chain {table} more", f"flush table {table}":
            answer = world.run("nft", change)
            assert answer.rc != 0 and "Operation not permitted" in answer.stderr, (change, answer)
    assert world.run("nft", "flush", "ruleset").rc == 0
    return listing(world) == before and all(before)


def test_others_change_nothing(owning):
    """While somebody watches: nft is refused, whatever it tries, and both outputs say so."""
    assert owners(owning) == [False, False]
    with watching(owning) as watcher:
        assert owners(owning) == [True, True] and keeper_owns(owning, watcher) and refused(owning)
        assert "put back" not in watcher.log
        assert "# progname nixctr-net" in owning.run("nft", "list", "table", *TABLES[0].split()).stdout
        assert "owned: nobody else can change it" in owning.ok("nat", "show").stdout
        assert owning.nixctr("nat", "check", "--json").json["owned"] is True
        assert gets_out(owning) and not drift(owning)
    assert owners(owning) == [False, False] and gets_out(owning)
    found = owning.nixctr("nat", "check")
    assert found.rc == 1 and "belong to nobody" in found.stdout, found


def test_commands_change_everything(owning):
    """Ports, pins, links and settings are changed by commands while the tables are owned throughout."""
    with watching(owning):
        owning.ok("nat", "forward", "add", "c1", f"{PUBLISHED}:{SERVED}")
        assert elements(owning, "forwards4") and owners(owning) == [True, True] and refused(owning)
        create(owning, "c2", 2)
        owning.ok("net", "link", "c1", "c2")
        owning.ok("create", "b2", "--bridge", "br0", "--local-address", "10.7.0.3/24", "--host-address", "10.7.0.1")
        owning.ok("net", "up", "b2")
        assert owners(owning) == [True, True] and refused(owning) and not drift(owning)
        owning.ok("nat", "forward", "remove", "c1", f"{PUBLISHED}:{SERVED}")
        assert not elements(owning, "forwards4")
        for change in ("disable",), ("isolate", "off"), ("isolate", "on"), ("enable", "--external", "eth0"):
            owning.ok("nat", *change)
            assert owners(owning) == [True, True], change
        assert not owning.ok("nat", "apply", "--json").json["rules"]
        assert gets_out(owning) and not drift(owning) and refused(owning)
        for name in "c1", "c2", "b1", "b2":
            owning.ok("destroy", name)
        owning.ok("nat", "disable")
        assert owning.ruleset() == ""


def test_many_commands_at_once(owning):
    """They share one socket: none gets another's answers, and nothing is lost."""
    names = [f"n{number}" for number in range(1, 9)]
    for name in names:
        owning.ok("create", name, "--port", f"{9000 + int(name[1:])}:80")
    with watching(owning):
        script = "for name in " + " ".join(names) + '; do "$0" net up $name & pids="$pids $!"; done; ' \
                 "for pid in $pids; do wait $pid || exit 1; done"  # fmt: skip
        assert owning.run("sh", "-c", script, os.environ["NIXCTR_NET"]).rc == 0
        assert len(elements(owning, "forwards4")) == len(names)
        assert owners(owning) == [True, True] and not drift(owning)


def unread(world):
    """Bytes that wait to be read from sockets of nf_tables."""
    lines = world.run("cat", "/proc/net/netlink").stdout.splitlines()[1:]
    return sum(int(line.split()[4]) for line in lines if line.split()[1] == "12")


def test_one_at_a_time(owning):
    """Who has the socket for a batch is waited for, and named; nothing is sent meanwhile."""
    with watching(owning), locked(owning, "owner"):
        before = listing(owning)
        with subprocess.Popen(
            owning.command(world_module.BINARY, "nat", "forward", "add", "c1", f"{PUBLISHED}:{SERVED}"),
            stderr=subprocess.PIPE, encoding="utf-8",
        ) as waiting:  # fmt: skip
            assert "owner.lock" in waiting.stderr.readline()
            assert listing(owning) == before
            waiting.kill()


def test_killed_borrower(owning):
    """What the kernel has answered to somebody who was killed is not taken for an answer to the next one."""
    port = ["c1", f"{PUBLISHED}:{SERVED}"]
    # LeakSanitizer cannot work while the process is traced.
    trace = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-qq", "-o", "/run/trace"]
    publish = [world_module.BINARY, "nat", "forward", "add", *port]
    with watching(owning):
        # The answers of others are looked for by recvfrom() alone, right before a batch is sent. What is read
        # before that depends on what is known of the rules, so each try begins alike.
        for _ in range(10):
            assert owning.run(*trace, "--trace=recvfrom,recvmsg", *publish).rc == 0
            before = owning.path("/run/trace").read_text("ascii").rpartition("recvfrom(")[0]
            owning.ok("nat", "forward", "remove", *port)
            moment = before.count("recvmsg(") + 1
            owning.run(*trace, f"--inject=recvmsg:signal=KILL:when={moment}", *publish)
            if unread(owning):
                break
            owning.ok("nat", "forward", "remove", *port)
        assert elements(owning, "forwards4") and unread(owning)
        owning.ok("nat", "forward", "remove", *port)
        assert not unread(owning) and not elements(owning, "forwards4") and not drift(owning)


def stopped_idle(watcher):
    """Stops a watcher, unless it is at work just then and holds locks. Returns whether it is stopped."""
    os.kill(watcher.pid, signal.SIGSTOP)
    eventually(lambda: ") T " in open(f"/proc/{watcher.pid}/stat", encoding="ascii").read(), "it is stopped")
    files = [os.readlink(f"/proc/{watcher.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{watcher.pid}/fd")]
    idle = not any(file.endswith(("rules.lock", "forwards.lock", "owner.lock")) for file in files)
    if not idle:
        os.kill(watcher.pid, signal.SIGCONT)
    return idle


def test_killed_and_stopped(owning):
    """Killed, the watcher leaves tables that all our commands can change, and the next one adopts; stopped,
    it keeps nobody waiting; and whoever owns the tables for it is replaced when he ends."""
    watcher = Watcher(owning)
    eventually(lambda: stopped_idle(watcher), "it can be stopped without a lock in its hands")
    owning.ok("nat", "forward", "add", "c1", f"{PUBLISHED}:{SERVED}")
    assert owners(owning) == [True, True] and refused(owning)
    watcher.kill()
    eventually(lambda: owners(owning) == [False, False], "they belong to nobody")
    owning.ok("nat", "forward", "remove", "c1", f"{PUBLISHED}:{SERVED}")
    assert not drift(owning) and gets_out(owning)
    assert owning.run("nft", "flush", "ruleset").rc == 0 and owning.ruleset() == ""
    owning.ok("nat", "apply")
    assert not drift(owning) and gets_out(owning)
    with watching(owning) as watcher:
        assert owners(owning) == [True, True] and refused(owning)
        os.kill(keeper_of(watcher), signal.SIGKILL)
        watcher.says("the process that owned the tables was ended")
        eventually(lambda: owners(owning) == [True, True], "they are owned again")
        assert keeper_owns(owning, watcher) and refused(owning) and gets_out(owning)


def test_setting_is_followed(owning):
    """Taken away and set again, while it runs: the tables are made of the other kind, with all they have."""
    with watching(owning) as watcher:
        owning.ok("nat", "forward", "add", "c1", f"{PUBLISHED}:{SERVED}")
        assert refused(owning)
        before = listing(owning)
        set_owned(owning, "no")
        owning.ok("nat", "apply")
        eventually(lambda: owners(owning) == [False, False] and not drift(owning), "they are as any other")
        assert owning.run("nft", "delete", "table", "inet", "nixctr-net").rc == 0
        watcher.says("rules put back in .* nft")
        set_owned(owning)
        owning.ok("nat", "apply")
        watcher.process.send_signal(signal.SIGHUP)
        eventually(lambda: owners(owning) == [True, True], "they are owned again")
        assert refused(owning) and listing(owning) == before and gets_out(owning)


def test_bad_value(owning):
    """Neither yes nor no: the file, the line and the value are named."""
    set_owned(owning, "maybe")
    wrong = owning.nixctr("nat", "show")
    assert wrong.rc == 1 and "own_table is 'maybe', not yes or no" in wrong.stderr
