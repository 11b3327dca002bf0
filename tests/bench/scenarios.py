# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured. Each scenario takes a Bench, fills its results and leaves nothing behind."""

import contextlib
import json
import re
import time

import heal
import host
import life
import peers
import pins
import sizes
from goals import WHOLE
from outgoing import new_connection
from peers import Container


# A book without the program, see lease-floor.c; on a file system without a disk, as all of the host.
LEASE_FLOOR = "/run/bench/floor.db"
# What the kernel charges for published ports, see forward-floor.c: on a host of its own, for the
# program has to look again at what somebody else has changed.
FLOOR = "the kernel's part"


class Bench:
    """What scenarios work with."""

    def __init__(self, tools, sizes, runs, results, say):
        self.tools = tools
        self.sizes = sizes
        self.runs = runs
        self.results = results
        self.say = say
        self.peers = []
        for kind in peers.PEERS:
            peer = kind(tools)
            if peer.missing():
                say(f"{peer.name} cannot take part: there is no {peer.missing()}")
            else:
                self.peers.append(peer)

    def chosen(self, *kinds):
        """Those of some kinds that can take part."""
        return [peer for peer in self.peers if type(peer) in kinds]

    @contextlib.contextmanager
    def hosts(self, chosen):
        """A furnished host for each peer: [(peer, host)]."""
        with contextlib.ExitStack() as stack:
            pairs = []
            for peer in chosen:
                where = stack.enter_context(host.Host(self.tools.timer))
                peer.furnish(where)
                pairs.append((peer, where))
            yield pairs

    def settle(self, where):
        """Waits until the kernel has taken apart what earlier measurements dropped."""
        where.do([[self.tools.floor, "settle"]])


def output(where, *argv):
    """What a command that succeeds says."""
    answer = where.run(*argv)
    if answer.rc != 0:
        raise RuntimeError(str(answer))
    return answer.stdout


def turns(bench, pairs, number, label=""):
    """Each round, every peer attaches and detaches one more container."""
    container = Container(number)
    for _ in range(bench.runs):
        for peer, where in pairs:
            where.do(peer.before(where, container))
            bench.settle(where)
            attached = where.measure(host.sequence(peer.attach(container)))
            detached = where.measure(host.sequence(peer.detach(container)))
            where.do(peer.after(container))
            bench.results.add(f"attach{label}", peer.name, attached.ms)
            bench.results.add(f"detach{label}", peer.name, detached.ms)
            bench.results.add(f"processor time of attach{label}", peer.name, attached.cpu_ms)
            bench.results.note(f"resident KiB of attach, {peer.name}", attached.resident_kib)


def populate(bench, peer, where, count, metric=None):
    """Attaches containers 0 to count - 1; their costs make up a metric if one is given."""
    for number in range(count):
        container = Container(number)
        where.do(peer.before(where, container))
        sample = where.measure(host.sequence(peer.attach(container)))
        if metric:
            bench.results.add(metric, peer.name, sample.ms)


def attach(bench):
    """Attach and detach where nothing else is attached."""
    with bench.hosts(bench.peers) as pairs:
        turns(bench, pairs, 0)


def attached(bench):
    """The same with 1,000 attached."""
    with bench.hosts(bench.peers) as pairs:
        for peer, where in pairs:
            bench.say(f"attaching {bench.sizes.attached} by {peer.name}")
            populate(bench, peer, where, bench.sizes.attached)
        turns(bench, pairs, bench.sizes.attached, f", {bench.sizes.attached} attached")


def scale(bench):
    """What the 1,000th costs over the first, and the processor time of an attach at 3,000."""
    with bench.hosts(bench.chosen(peers.Floor, peers.Hook)) as pairs:
        turns(bench, pairs, 0, ", before the many")
        for peer, where in pairs:
            bench.say(f"attaching {bench.sizes.many} by {peer.name}")
            populate(bench, peer, where, bench.sizes.many, f"each of {bench.sizes.many} attaches")
        turns(bench, pairs, bench.sizes.many, f", {bench.sizes.many} attached")


def parallel_round(bench, peer, where, batch):
    """64 attaches at once, and 64 detaches."""
    for container in batch:
        where.do(peer.before(where, container))
    bench.settle(where)
    attached = where.measure(host.together(map(peer.attach, batch)), tolerant=True)
    detached = where.measure(host.together(map(peer.detach, batch)), tolerant=True)
    for container in batch:
        where.do(peer.after(container), tolerant=True)
    for what, sample in ("attach", attached), ("detach", detached):
        bench.results.add(f"{what}, {bench.sizes.at_once} at once", peer.name, sample.ms)
        fact = f"failures of {bench.sizes.at_once} at once, {what}, {peer.name}"
        bench.results.note(fact, (bench.results.fact(fact) or 0) + sample.failed)


def parallel(bench):
    """64 at once."""
    batch = [Container(number) for number in range(bench.sizes.at_once)]
    with bench.hosts(bench.peers) as pairs:
        for _ in range(min(bench.runs, 3)):
            for peer, where in pairs:
                parallel_round(bench, peer, where, batch)
    for peer in bench.chosen(peers.Hook):
        parallel_create(bench, peer, batch)


def parallel_create(bench, peer, batch):
    """64 creates at once: what they cost, and whether any two got the same address."""
    with bench.hosts([peer]) as [(_, where)]:
        create = [bench.tools.program, "create", "--no-system"]
        creates = [[[*create, container.name]] for container in batch]
        sample = where.measure(host.together(creates), tolerant=True)
        definitions = where.path("/etc/nixos-containers").glob("*.conf")
        text = "".join(definition.read_text() for definition in definitions)
        distinct = len(set(re.findall(r"LOCAL_ADDRESS=(.*)", text)))
        what = f"{bench.sizes.at_once} at once, create"
        bench.results.add(f"create, {bench.sizes.at_once} at once", peer.name, sample.ms)
        bench.results.note(f"failures of {what}", sample.failed)
        bench.results.note(f"duplicates of {what}", len(batch) - sample.failed - distinct)


def mass(bench):
    """One process that attaches 1,000, and one that detaches them."""
    for peer in bench.chosen(peers.Hook):
        with bench.hosts([peer]) as [(_, where)]:
            for number in range(bench.sizes.attached):
                where.do(peer.before(where, Container(number)))
            for _ in range(min(bench.runs, 5)):
                bench.settle(where)
                for verb in "up", "down":
                    sample = where.measure([bench.tools.program, "net", verb, "--all"])
                    metric = f"net {verb} --all of {bench.sizes.attached}, each"
                    bench.results.add(metric, peer.name, sample.ms / bench.sizes.attached)
    floor_loop(bench)


def floor_loop(bench):
    """The floor's phases, as it tells them."""
    for peer in bench.chosen(peers.Floor):
        with bench.hosts([peer]) as [(_, where)]:
            answer = output(where, bench.tools.floor, "loop", str(bench.sizes.attached))
            phases = {phase: float(us) for phase, us in map(str.split, answer.splitlines())}
            bench.results.note("floor in one process, us", phases)


def restart(bench):
    """Stopped and started again at once, 100 times under the same name."""
    container = Container(0)
    for peer in bench.chosen(peers.Hook, peers.Floor):
        with bench.hosts([peer]) as [(_, where)]:
            where.do(peer.before(where, container))
            where.do(peer.attach(container))
            again = host.sequence([*peer.detach(container), *peer.attach(container)])
            failed = 0
            for _ in range(bench.sizes.restarts):
                sample = where.measure(again, tolerant=True)
                failed += bool(sample.failed)
                bench.results.add("restart", peer.name, sample.ms)
            bench.results.note(f"failures of {bench.sizes.restarts} restarts, {peer.name}", failed)


def book(bench):
    """Create, and looking things up, where there are 0 containers, and up to 30,000."""
    for peer in bench.chosen(peers.Hook):
        with bench.hosts([peer] * len(bench.sizes.marks)) as pairs:
            places = {mark: where for mark, (_, where) in zip(bench.sizes.marks, pairs)}
            for mark, where in places.items():
                bench.say(f"creating {mark} containers")
                words = [bench.tools.program, "create", "--no-system"]
                where.do([*words, Container(n).name] for n in range(mark))
            floor = places[bench.sizes.marks[0]]
            floor.do([["mkdir", "-p", "/run/bench"], [bench.tools.lease_floor, "make", LEASE_FLOOR]])
            create(bench, places)
            look(bench, places)
            whole_pool(bench, places)
    host_local(bench)
    in_process(bench)


def rotated(items, number):
    """The same from another one on each round: what was done before makes the first one dearer."""
    start = number % len(items)
    return items[start:] + items[:start]


def create(bench, places):
    """Times creates, and allocations alone, each round one at every mark, so that all see the same
    machine."""
    for number in range(bench.sizes.book_window):
        for mark, where in rotated(list(places.items()), number):
            words = [bench.tools.program, "create", "--no-system", Container(mark + number).name]
            bench.results.add("create", f"at {mark}", where.measure(words).ms)
            words = [bench.tools.program, "ipam", "reserve", f"for-{Container(mark + number).name}"]
            bench.results.add("ipam reserve", f"at {mark}", where.measure(words).ms)
        words = [bench.tools.lease_floor, "lease", LEASE_FLOOR]
        floor = places[bench.sizes.marks[0]]
        bench.results.add("sqlite's floor of a lease", "as a process", floor.measure(words).ms)


def look(bench, places):
    """Times the verbs that look something up, and what stands for a script's language."""
    perl = 'open(my $f, "<", $ARGV[0]); print for <$f>'
    for number in range(bench.runs):
        for mark, where in rotated(list(places.items()), number):
            name = Container(mark // 2).name
            verbs = {
                "show-ip": [bench.tools.program, "show-ip", name],
                "status": [bench.tools.program, "status", name],
                "perl that reads one file": [
                    "perl", "-e", perl, f"/etc/nixos-containers/{name}.conf",
                ],
            }  # fmt: skip
            if number < 5:
                verbs["list"] = [bench.tools.program, "list"]
                verbs["ipam check"] = [bench.tools.program, "ipam", "check"]
            for verb, words in verbs.items():
                bench.results.add(verb, f"at {mark}", where.measure(words).ms)


def whole_pool(bench, places):
    """Times the last creates there are addresses for, what there is to look up then, and destroys; also at
    the other end, where there are hardly any. One more is refused."""
    program, runs = bench.tools.program, bench.sizes.book_window
    first, full = (places[bench.sizes.marks[end]] for end in (0, -1))
    # Each round of create() has taken two.
    held = bench.sizes.marks[-1] + 2 * runs
    bench.say(f"creating {bench.sizes.pool - held} containers")
    words = [program, "create", "--no-system"]
    full.do([*words, f"rest-{number}"] for number in range(held, bench.sizes.pool - runs))
    for number in range(runs):
        bench.results.add("create", WHOLE, full.measure([*words, f"last-{number}"]).ms)
    if bench.sizes.pool == sizes.Sizes().pool:
        bench.results.note("exit code of create, pool exhausted", full.run(*words, "late").rc)
    for number in range(bench.runs):
        bench.results.add("show-ip", WHOLE, full.measure([program, "show-ip", "last-0"]).ms)
        for verb in ("list", "ipam check") if number < 5 else ():
            bench.results.add(verb, WHOLE, full.measure([program, *verb.split()]).ms)
    for number in range(runs):
        sample = first.measure([program, "destroy", Container(number).name])
        bench.results.add("destroy", f"at {bench.sizes.marks[0]}", sample.ms)
        bench.results.add("destroy", WHOLE, full.measure([program, "destroy", f"last-{number}"]).ms)


def host_local(bench):
    """CNI's allocation with an empty store and with 30,000 leases."""
    peer = peers.HostLocal(bench.tools)
    if peer.missing():
        return
    with bench.hosts([peer]) as [(_, where)]:
        for mark in 0, bench.sizes.marks[-1]:
            for number in range(mark):
                address = f"10.233.{128 + number // 254}.{number % 254 + 1}"
                where.write(f"{peers.LEASES}/bench/{address}", f"x{number}\r\neth0")
            for _ in range(bench.runs):
                sample = where.measure(host.sequence(peer.attach(Container(0))))
                where.do(peer.detach(Container(0)))
                bench.results.add("CNI host-local", f"at {mark}", sample.ms)


def in_process(bench):
    """Our allocation without a process around it: see ipam-alloc.c."""
    for peer in bench.chosen(peers.Hook):
        with bench.hosts([peer]) as [(_, where)]:
            answer = output(where, bench.tools.ipam_alloc, "/run/bench/ipam.db")
            costs = json.loads(answer)
            bench.results.note("lease in process", costs["lease"])
            bench.results.note("lease in process, of many in one transaction",
                               costs["lease of many"])
            bench.results.note("one row in one transaction of sqlite", costs["floor"])
            output(where, bench.tools.lease_floor, "make", LEASE_FLOOR)
            answer = output(where, bench.tools.lease_floor, "loop", LEASE_FLOOR)
            bench.results.note("a lease's rows in one transaction of sqlite, us", float(answer))


# Each datagram has a port of its own, so that each is a flow; nobody answers.
NEW_FLOWS = """
import socket, sys, time
first, count = map(int, sys.argv[1:])
sockets = []
for number in range(first, first + count):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind(("198.51.100.2", number))
    sender.connect(("198.51.100.1", 53))
    sockets.append(sender)
start = time.perf_counter()
for sender in sockets:
    sender.send(b"?")
print((time.perf_counter() - start) / count * 1e6)
"""


def new_flow(where, number):
    """What the first packet of a flow of UDP takes from outside to a published port, in us: the
    sender's call does all of it, and a thousand of them are averaged."""
    first = 2000 + 900 * (number % 70)
    return float(output(where, "nsenter", "--target", str(where.outside), "--net", "--", "python3",
                        "-c", NEW_FLOWS, str(first), "900"))  # fmt: skip


def forwards(bench):
    """A port published and withdrawn, a new flow to it, and one out, with none and with 10,000 others."""
    labels = "before the many", f"{bench.sizes.forwards} present", FLOOR
    for peer in bench.chosen(peers.Hook):
        with bench.hosts([peer] * len(labels)) as pairs:
            places = {label: where for label, (_, where) in zip(labels, pairs)}
            for where in places.values():
                where.do([[bench.tools.program, "create", "--no-system", "one", "--port", "udp:53"],
                          [bench.tools.program, "net", "up", "one"]])  # fmt: skip
            publish_many(bench, places[labels[1]])
            for number in range(bench.runs):
                for label, where in rotated(list(places.items()), number):
                    forwards_round(bench, where, label)
            for number in range(bench.runs):
                new_flow(places[FLOOR], number)  # its tables meet as many connections as the others'
                for label, where in rotated([(name, places[name]) for name in labels[:2]], number):
                    bench.results.add("new flow, us", label, new_flow(where, number))
            for _ in range(min(bench.runs, 10)):
                anew_round(bench, places[labels[1]], places[FLOOR])
            for number in range(bench.runs):
                for label, where in rotated([(name, places[name]) for name in labels[:2]], number):
                    bench.results.add("connection out, us", label,
                                      new_connection(where, "one", number))  # fmt: skip


def forwards_round(bench, where, label):
    """Publishes one more port and withdraws it."""
    for verb in "add", "remove":
        words = [bench.tools.program, "nat", "forward", verb, "one", "8080:80"]
        if label == FLOOR:
            words = [bench.tools.forward_floor, verb]
        bench.results.add(f"nat forward {verb}", label, where.measure(words).ms)
    time.sleep(0.15)  # what was deleted is freed meanwhile, see nat/nft.c


def anew_round(bench, where, floor):
    """Makes a table with all ports in it in place of none, and what that costs the kernel alone."""
    metric = "table made anew with them"
    where.do([["nft", "flush", "ruleset"]])
    time.sleep(1)  # it takes so long to free the elements, and who changes anything waits for it
    sample = where.measure([bench.tools.program, "net", "up", "one"])
    bench.results.add(metric, "hook", sample.ms)
    floor.do([["nft", "flush", "ruleset"]])
    time.sleep(1)
    sample = floor.measure([bench.tools.forward_floor, "many", str(bench.sizes.forwards)])
    bench.results.add(metric, FLOOR, sample.ms)


def publish_many(bench, where):
    """Containers of 100 ports each."""
    bench.say(f"publishing {bench.sizes.forwards} ports")
    for number in range(bench.sizes.forwards // 100):
        name, first = f"many{number}", 10000 + 100 * number
        where.do([[bench.tools.program, "create", "--no-system", name, "--port",
                   f"{first}-{first + 99}:1-100"],
                  [bench.tools.program, "net", "up", name]])  # fmt: skip


def trace(where, command):
    """Runs a command under strace. Returns its calls' names, and how many processes it was."""
    log = "/run/bench/trace"
    output(where, "strace", "-f", "-qq", "-o", log, *command)
    lines = [line.split(maxsplit=1) for line in where.path(log).read_text().splitlines()]
    names = [match[1] for _, rest in lines if (match := re.match(r"(\w+)\(", rest))]
    return names, len({pid for pid, _ in lines})


def calls(bench):
    """System calls, processes and syncs."""
    container = Container(0)
    for peer in bench.chosen(peers.Hook, peers.StaticHook, peers.Floor):
        with bench.hosts([peer]) as [(_, where)]:
            where.do(peer.before(where, container))
            where.do([*peer.attach(container), *peer.detach(container)])
            for what, command in ("attach", peer.attach), ("detach", peer.detach):
                names, processes = trace(where, command(container)[0])
                bench.results.note(f"system calls of {what}, {peer.name}", len(names))
                bench.results.note(f"programs run by {what}, {peer.name}", names.count("execve"))
                bench.results.note(f"processes of {what}, {peer.name}", processes)
            if isinstance(peer, peers.Ours):
                names, _ = trace(where, [bench.tools.program, "create", "--no-system", "another"])
                syncs = names.count("fsync") + names.count("fdatasync")
                bench.results.note("syncs of create", syncs)


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (attach, calls, restart, parallel, mass, book, forwards, pins.pins, scale, attached,
                     heal.heal, life.life)
}


def run(bench, names):
    """Runs scenarios by their names. Returns whether all came to their end."""
    complete = True
    for name in names:
        start = time.monotonic()
        try:
            SCENARIOS[name](bench)
            bench.say(f"{name}: {time.monotonic() - start:.0f} s")
        except RuntimeError as error:
            bench.say(f"{name} was given up: {error}")
            complete = False
    return complete
