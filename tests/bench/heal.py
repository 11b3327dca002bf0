# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the table is away after somebody has flushed all rules while the watcher runs. Two clocks
tell, of which the slower one counts: the watcher's own, from hearing of it to the kernel's answer, and
ours, from the kernel's event of the one to its event of the other. On a busy machine we may wake up
when both have come already."""

import re
import socket
import struct
import subprocess
import time

import host
import world
from peers import Container, Hook

METRIC = "table back after a flush"
NETLINK_NETFILTER, NFNLGRP_NFTABLES = 12, 7
NEWTABLE, DELTABLE = 10 << 8 | 0, 10 << 8 | 2
# Longer than what the watcher calls calm: the first flush after that is answered at once.
CALM = 1.1


def listener(namespace):
    """A socket that hears what is done to nf_tables there."""

    def make():
        heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        heard.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
        heard.settimeout(10)
        return heard

    return world._in_namespace(namespace, make)  # pylint: disable=protected-access


def until(heard, kind):
    """Waits for an event of a kind. Returns the time."""
    while True:
        events = heard.recv(1 << 16)
        now = time.monotonic()
        offset = 0
        while offset + 16 <= len(events):
            length, found = struct.unpack_from("=IH", events, offset)
            if found == kind:
                return now
            offset += (length + 3) & ~3


def flushed(where, watcher):
    """One flush. Returns for how many milliseconds the table was away."""
    with listener(where.namespace) as heard, where.start("nft", "flush", "ruleset") as flush:
        gone = until(heard, DELTABLE)
        back = until(heard, NEWTABLE)
        flush.wait()
    while not (told := re.search(r"rules put back in ([0-9.]+) ms", watcher.stderr.readline())):
        pass
    return max(1000 * (back - gone), float(told[1]))


def heal(bench):
    """Flushes, a while apart, with a container attached; the watcher has the priority of its unit."""
    for peer in bench.chosen(Hook):
        with host.Host(bench.tools.timer) as where:
            peer.furnish(where)
            where.do(peer.before(where, Container(0)))
            where.do(peer.attach(Container(0)))
            program = bench.tools.program
            where.do([[program, "nat", "enable", "--external", "eth0"]])
            watch = ["nice", "-n", "-15", program, "watch"]
            with where.start(*watch, stderr=subprocess.PIPE, encoding="utf-8") as watcher:
                watcher.stderr.readline()
                for _ in range(bench.runs):
                    time.sleep(CALM)
                    bench.results.add(METRIC, "watch", flushed(where, watcher))
                watcher.terminate()
