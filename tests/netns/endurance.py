# SPDX-License-Identifier: GPL-2.0-or-later
"""Many processes at the address book for long: what they do, and what a referee says to it.

Short in the tests, and as long as anybody likes with tests/bench/endure.
"""

import concurrent.futures
import dataclasses
import os
import random
import subprocess
import threading
import time

import referee
import world as world_module

KILL_AT = os.environ.get("KILL_AT", "")
KILLED = 99

# Exit codes that tell of the state things are in, not of a failure: not there, in the way, exhausted,
# busy.
DOCUMENTED = (3, 4, 5, 7)


class Shell:
    """A shell on a host that runs one command after another: entering the host each time would cost as
    much as the command."""

    LOOP = 'while IFS= read -r words; do eval "$words" </dev/null >&2; echo $?; done'

    def __init__(self, world):
        self._errors = world.path("/run/outside") / f"errors-{threading.get_ident()}"
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                world.command("sh", "-c", self.LOOP),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="ascii",
            )  # fmt: skip
        self._seen = 0

    def run(self, *words):
        """Runs a command of words that no shell minds. Returns exit status and what it said."""
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        text = self._errors.read_text(encoding="utf-8")
        said, self._seen = text[self._seen :], len(text)
        return status, said

    def close(self):
        """Ends it."""
        self._process.stdin.close()
        self._process.wait(world_module.DEADLINE)
        self._process.stdout.close()


@dataclasses.dataclass
class Tally:
    """What came of it."""

    done: int = 0
    wall: float = 0.0
    killed: int = 0
    steps: set = dataclasses.field(default_factory=set)  # commands and where they were killed
    documented: dict = dataclasses.field(default_factory=dict)
    cases: dict = dataclasses.field(default_factory=dict)  # what was found and mended
    took: list = dataclasses.field(default_factory=list)  # seconds
    failed: list = dataclasses.field(default_factory=list)

    def count(self, command, status, said, took):
        """Takes note of one command."""
        self.done += 1
        self.took.append(took)
        if status == KILLED:
            self.killed += 1
        elif status in DOCUMENTED:
            self.documented[status] = self.documented.get(status, 0) + 1
        elif status:
            self.failed.append((command, status, said))

    def found(self, cases):
        """Takes note of what a check has found."""
        for case in cases:
            self.cases[case] = self.cases.get(case, 0) + 1

    def add(self, other):
        """Takes note of what somebody else has counted."""
        self.done += other.done
        self.wall += other.wall
        self.killed += other.killed
        self.took += other.took
        self.failed += other.failed
        self.steps |= other.steps
        for status, times in other.documented.items():
            self.documented[status] = self.documented.get(status, 0) + times


def keep_history(world):
    """Has the book forget nothing of what happens, so that all of it can be judged."""
    path = world.path("/etc/nixctr-net/nixctr-net.conf")
    path.parent.mkdir(exist_ok=True)
    path.write_text("[ipam]\nhistory = 1000000\n", encoding="ascii")


def timed(shell, tally, command, before=()):
    """Runs the program once and takes note. Returns the exit status."""
    start = time.monotonic()
    status, said = shell.run(*before, world_module.BINARY, *command)
    tally.count(" ".join(command), status, said, time.monotonic() - start)
    return status


def together(count, work):
    """Does work(number, tally) in so many threads. Returns the tally of all."""
    tallies = [Tally() for _ in range(count)]
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=count) as pool:
        for future in [pool.submit(work, number, tallies[number]) for number in range(count)]:
            future.result()
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    whole.wall = time.monotonic() - start
    return whole


def shrink_pool(world):
    """Has the book give out nothing but the seven pairs of a small pool, each again as soon as it is free."""
    world.path("/etc/nixctr-net").mkdir(exist_ok=True)
    with open(world.path("/etc/nixctr-net/nixctr-net.conf"), "a", encoding="ascii") as settings:
        settings.write("[ipam]\ncooldown = 0\n")
    world.ok("ipam", "pool", "add", "small", "10.98.0.0/28")
    world.ok("ipam", "pool", "drain", "default")


# What churn does to a name.
CHANGES = (
    ["create", "--no-system", "{}"],
    ["create", "--no-system", "{}"],
    ["destroy", "{}"],
    ["destroy", "--keep-address", "{}"],
    ["ipam", "reserve", "{}"],
    ["ipam", "release", "{}"],
)


def churn(world, processes, seconds=None, commands=None):
    """So many processes at a time create, destroy, reserve and release, for so long or so many commands each; all
    of them the same names, of which there are more than addresses."""
    shells = [Shell(world) for _ in range(processes)]
    names = [f"c{number}" for number in range(10)]
    end = time.monotonic() + seconds if seconds else None

    def work(number, tally):
        mood = random.Random(number)
        while time.monotonic() < end if end else tally.done < commands:
            name = mood.choice(names)
            timed(shells[number], tally, [word.format(name) for word in mood.choice(CHANGES)])

    tally = together(processes, work)
    for name in names:
        timed(shells[0], tally, ["destroy", name])
        timed(shells[0], tally, ["ipam", "release", name])
    for shell in shells:
        shell.close()
    return tally


def insist_on_nothing_left(world):
    """Whoever has ended has given everything back. Returns the book."""
    book = referee.judge(world.root)
    assert book.leases == {} and referee.definitions(world.root) == {}
    assert world.namespaces() == [] and world.links_at_rest() == ["eth0", "lo"]
    return book


# What is done to a name, where a kill may come.
ACTS = (
    ["create", "--no-system", "{}"],
    ["net", "up", "{}"],
    ["net", "down", "{}"],
    ["destroy", "{}"],
    ["destroy", "--keep-address", "{}"],
    ["ipam", "reserve", "{}"],
    ["ipam", "release", "{}"],
)


def kills(world, workers, count, batch):
    """At least so many commands are killed at some step each, by so many workers at a time. After each
    batch the referee judges, what a check finds is mended, and everything is given back by ordinary
    commands. Returns a tally."""
    whole = Tally()
    shells = [Shell(world) for _ in range(workers)]
    positions = [{} for _ in shells]  # by commands: where they are killed next
    while whole.killed < count:
        goal = min(batch, count - whole.killed)
        whole.add(_batch(shells, positions, whole.done, goal))
        book = referee.judge(world.root)
        referee.judge_definitions(book, referee.definitions(world.root))
        whole.found(_mend(world))
        whole.add(_give_back(shells))
        insist_on_nothing_left(world)
    for shell in shells:
        shell.close()
    return whole


def _mend(world):
    """What "ipam check" finds is mended by "ipam repair", all of it. Returns the cases."""
    checked = world.nixctr("ipam", "check", "--grace", "0", "--report", "/run/report", "--json")
    assert checked.rc in (0, 1), checked
    findings = checked.json["findings"]
    assert bool(findings) == (checked.rc == 1), checked
    if findings:
        world.ok("ipam", "repair", "/run/report")
        again = world.nixctr("ipam", "check", "--grace", "0")
        assert again.rc == 0, again
    return [finding["case"] for finding in findings]


def _names(number):
    """The names of a worker's containers."""
    return [f"k{number}-{letter}" for letter in "abc"]


def _batch(shells, positions, seed, goal):
    """One batch of kills, at one step of a command after the other until it comes to its end. Commands that are not killed may fail for what those before have left half
    done, with a code that tells so."""
    share = -(-goal // len(shells))

    def work(number, tally):
        mood = random.Random(f"{seed} {number}")
        while tally.killed < share:
            name = mood.choice(_names(number))
            command = [word.format(name) for word in mood.choice(ACTS)]
            kind = tuple(command[:-1])
            step = positions[number].get(kind, number + 1)
            status = timed(shells[number], tally, command, [KILL_AT, step])
            if status == KILLED:
                tally.steps.add((*kind, step))
                positions[number][kind] = step + len(shells)
            elif status == 0:
                positions[number][kind] = mood.randint(1, len(shells))

    return together(len(shells), work)


def _give_back(shells):
    """Destroys and releases all names. Returns a tally without a failure, or this one fails."""

    def work(number, tally):
        for name in _names(number):
            timed(shells[number], tally, ["destroy", name])
            timed(shells[number], tally, ["ipam", "release", name])

    tally = together(len(shells), work)
    assert not tally.failed and not tally.documented, tally
    return tally
