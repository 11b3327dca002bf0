# SPDX-License-Identifier: GPL-2.0-or-later
"""What pinning on bridges costs with the elements of no other container in the table, and with those
of thousands: to attach one more, to link two, and to send the first packet of a flow. The others
have elements and no cable, since a bridge has no room for so many ports."""

import time

from outgoing import new_connection
from peers import Hook

FEW = "on a bridge, alone"
BRIDGE = (
    "link add br0 address 02:00:00:00:00:01 type bridge", "link set br0 up",
    "address add 10.7.0.1/16 dev br0", "address add fd07::1/64 dev br0 nodad",
)  # fmt: skip

# Each datagram has a port of its own, so that each is a flow.
NEW_FLOWS = """
import socket, sys, time
first, count = map(int, sys.argv[1:])
sockets = []
for number in range(first, first + count):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.bind(("10.7.0.2", number))
    sender.connect(("10.7.255.255", 9))
    sockets.append(sender)
sockets[0].send(b"?")
start = time.perf_counter()
for sender in sockets:
    sender.send(b"?")
print((time.perf_counter() - start) / count * 1e6)
"""


def many(sizes):
    """How the host with the many is called."""
    return f"on a bridge, {sizes.pins} pinned"


def elements(count):
    """Those of so many containers, as nft reads them."""
    sets = {"macs": [], "sources4": [], "sources6": [], "leased4": [], "leased6": [], "homes4": [],
            "homes6": []}  # fmt: skip
    for number in range(count):
        port, low = f'"vb-x{number}"', f"{number >> 8:02x}:{number & 255:02x}"
        v4, v6 = f"10.7.{64 + (number >> 8)}.{number & 255}", f"fd07::1:{number:x}"
        sets["macs"].append(f"{port} . 02:00:00:01:{low}")
        sets["sources4"].append(f"{port} . {v4}")
        sets["sources6"] += [f"{port} . {v6}", f"{port} . fe80::ff:fe01:{number:x}"]
        sets["leased4"].append(v4)
        sets["leased6"].append(v6)
        sets["homes4"].append(f'"br0" . {v4}')
        sets["homes6"].append(f'"br0" . {v6}')
    return "".join(
        f"add element {family} nixctr-net {name} {{ {', '.join(keys)} }}\n"
        for name, keys in sets.items()
        for family in ("bridge", "inet")
        if name.startswith("leased") or (family == "inet") == name.startswith("homes")
    )


def furnish(bench, where, count):
    """A bridge with two containers, of which one is attached, and the elements of others."""
    program = bench.tools.program
    where.do(["ip", *line.split()] for line in BRIDGE)
    for number, name in enumerate(("one", "two"), 2):
        where.do([[program, "create", "--no-system", name, "--bridge", "br0", "--local-address",
                   f"10.7.0.{number}/16", "--host-address", "10.7.0.1", "--local-address6",
                   f"fd07::{number}/64", "--host-address6", "fd07::1"]])  # fmt: skip
    where.do([[program, "nat", "enable", "--external", "eth0", "--internal", "10.7.0.0/16"],
              [program, "net", "up", "one"]])  # fmt: skip
    if count:
        where.write("/run/bench/elements", elements(count))
        where.do([["nft", "--file", "/run/bench/elements"]])


def in_turn(bench, where, label):
    """Attaches and detaches one more, and links and unlinks two."""
    program = bench.tools.program
    for metric, words in (
        ("attach", ["net", "up", "two"]), ("link", ["net", "link", "one", "two"]),
        ("unlink", ["net", "unlink", "one", "two"]), ("detach", ["net", "down", "two"]),
    ):  # fmt: skip
        bench.results.add(f"{metric} on a bridge", label, where.measure([program, *words]).ms)
        time.sleep(0.15)  # what was deleted is freed meanwhile, see nat/nft.c


def new_flow(where, number):
    """What the first packet of a flow takes from a container to the host, in us."""
    first = str(2000 + 900 * (number % 70))
    answer = where.run("ip", "netns", "exec", "ve-one", "python3", "-c", NEW_FLOWS, first, "900")
    if answer.rc != 0:
        raise RuntimeError(str(answer))
    return float(answer.stdout)


def pins(bench):
    """Elements of nobody else, and of 5,000 containers."""
    counts = {FEW: 0, many(bench.sizes): bench.sizes.pins}
    for peer in bench.chosen(Hook):
        with bench.hosts([peer] * len(counts)) as pairs:
            places = [(label, where) for label, (_, where) in zip(counts, pairs)]
            for label, where in places:
                furnish(bench, where, counts[label])
            for number in range(bench.runs):
                for label, where in places[:: 1 if number % 2 else -1]:
                    in_turn(bench, where, label)
            for number in range(bench.runs):
                for label, where in places[:: 1 if number % 2 else -1]:
                    bench.results.add("new flow on a bridge, us", label, new_flow(where, number))
                    bench.results.add("connection out of a bridge, us", label,
                                      new_connection(where, "one", number))  # fmt: skip
