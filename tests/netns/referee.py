# SPDX-License-Identifier: GPL-2.0-or-later
"""A referee of the address book: SQLite's own module reads it, and all that must hold is worked out again.

It knows the tables and none of our code. Whatever is against the rules is an AssertionError.
"""

import contextlib
import ipaddress
import pathlib
import shutil
import sqlite3
import tempfile

BOOK = "/var/lib/nixctr-net/ipam.db"
DEFINITIONS = "/etc/nixos-containers"

ENDS = ("host4", "local4", "host6", "local6")

ADDRESS_KEYS = ("HOST_ADDRESS", "LOCAL_ADDRESS", "HOST_ADDRESS6", "LOCAL_ADDRESS6")

# Pairs of the pool that every book begins with: see doc/design.md.
NETWORKS, PAIRS = 254, 127


def text(address):
    """An address as it is written, from its bytes."""
    return str(ipaddress.ip_address(address))


def addresses(row):
    """The addresses of a row of leases or history."""
    return frozenset(text(row[end]) for end in ENDS if row[end] is not None)


def slot(address):
    """The number of the pair that an address is one of, in nixos-container's order; None: of none."""
    a, b, network, last = ipaddress.ip_address(address).packed[-4:]
    if ":" in address or (a, b) != (10, 233) or network in (0, 255) or last in (0, 255):
        return None
    return (last - 1) // 2 * NETWORKS + network - 1


def pair_place(pool):
    """What tells the number of the pair in a pool that an address is one of, None where it is of none."""
    network = pool["network"]
    if network == b"\x0a\xe9\0\0" and pool["length"] == 16:
        assert pool["capacity"] == NETWORKS * PAIRS
        return slot
    first, last = map(int, pool["ranges"].split("-"))
    base = int.from_bytes(network, "big")

    def place(address):
        offset = int(ipaddress.ip_address(address)) - base
        return None if ":" in address or not first <= offset <= last else (offset - first) // 2

    return place


class Book:
    """What a sound book says. It has no leases where there is no book."""

    def __init__(self, path):
        self.leases = {}  # name: (state, addresses, bridge, MAC)
        self.pools = {}  # name: (network, its length, kind, ranges, whether it drains)
        self.events = 0  # rows of its history
        self.reused = 0  # times an address was somebody's again
        if not path.exists() or path.stat().st_size == 0:
            return
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            assert [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
            assert not connection.execute("PRAGMA foreign_key_check").fetchall()
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                self._read(connection)

    def _read(self, connection):
        """Reads the tables of a book that has them."""
        rows = connection.execute("SELECT * FROM lease").fetchall()
        self.leases = {
            row["name"]: (row["state"], addresses(row), row["bridge"], row["mac"]) for row in rows
        }
        self.pools = {row["name"]: (text(row["network"]), row["length"], row["kind"], row["ranges"], row["draining"])
                      for row in connection.execute("SELECT * FROM pool")}  # fmt: skip
        self._judge_addresses(connection, rows)
        self._judge_pool(connection, rows)
        self._judge_history(connection)

    @property
    def held(self):
        """Whose each address is."""
        return {address: name for name, lease in self.leases.items() for address in lease[1]}

    def _judge_addresses(self, connection, rows):
        """Nobody has what another has, and everything is entered."""
        assert len(self.leases) == len(rows)
        assert len(self.held) == sum(len(addresses(row)) for row in rows), "a doubled address"
        macs = [row["mac"] for row in rows if row["mac"]]
        assert len(macs) == len(set(macs)), "a doubled MAC"
        entered = {text(row["addr"]): row["name"] for row in connection.execute(
            "SELECT addr, name FROM address LEFT JOIN lease ON lease.id = address.lease")}  # fmt: skip
        assert entered == self.held

    def _judge_pool(self, connection, rows):
        """No pair is lost: each is somebody's, waits, or was never given out."""
        for pool in connection.execute("SELECT * FROM pool WHERE kind = 'pair' AND length(network) = 4"):
            place = pair_place(pool)
            held = {place(address) for address in self.held} - {None}
            leased = {place(text(row["local4"])) for row in rows if row["pool4"] == pool["id"]}
            waiting = [row["slot"] for row in connection.execute(
                "SELECT slot FROM vacant WHERE pool = ?", (pool["id"],))]  # fmt: skip
            assert pool["leased"] == len(leased) == sum(row["pool4"] == pool["id"] for row in rows)
            assert pool["blocked"] == len(held - leased)
            assert len(waiting) == len(set(waiting)) and not held & set(waiting)
            assert set(range(pool["rover"])) <= held | set(waiting), "a lost pair"

    def _judge_history(self, connection):
        """At no time did two have an address, and what came of it is what the leases say."""
        holders, held, once = {}, {}, set()  # of addresses; by names; those that were given up
        rows = connection.execute("SELECT * FROM history ORDER BY id").fetchall()
        self.events = len(rows)
        assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
        for row in rows:
            name, mentioned = row["name"], addresses(row)
            if row["act"] in ("bound", "reserved"):
                for address in mentioned:
                    assert holders.setdefault(address, name) == name, f"{address} was {name}'s too"
                assert held.get(name, frozenset()) <= mentioned, "given up without a word"
                self.reused += len((mentioned - held.get(name, frozenset())) & once)
                held[name] = mentioned
            elif row["act"] == "released":
                assert mentioned <= held.get(name, frozenset()), "given up what was not there"
                held[name] -= mentioned
                once |= mentioned
                for address in mentioned:
                    del holders[address]
        assert {name: kept for name, kept in held.items() if kept} == {
            name: lease[1] for name, lease in self.leases.items() if lease[1]
        }


def judge(root):
    """Judges the book below a directory, from a copy: nothing is rolled back where it lies. Returns it.

    SQLite resolves links by itself, so /proc/PID/root is nothing for it anyway."""
    with tempfile.TemporaryDirectory() as directory:
        for path in pathlib.Path(root, BOOK.lstrip("/")).parent.glob("ipam.db*"):
            shutil.copy(path, directory)
        return Book(pathlib.Path(directory, "ipam.db"))


def definitions(root):
    """The texts of all definitions below a directory, by names of containers. What is not one, but for
    what a killed writer leaves, is against the rules."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for path in pathlib.Path(root, DEFINITIONS.lstrip("/")).iterdir():
            if path.suffix == ".conf":
                found[path.stem] = path.read_text(encoding="ascii")
            else:
                assert path.name.startswith(".") and path.name.endswith(".conf.new"), path
    return found


def judge_definitions(book, found):
    """Each definition has its lease."""
    for name, definition in found.items():
        keys = dict(line.partition("=")[::2] for line in definition.splitlines())
        assert keys.get("PRIVATE_NETWORK") == "1", f"{name} has {definition!r}"
        asked = {words for key, words in keys.items() if key in ADDRESS_KEYS}
        assert asked and name in book.leases, f"{name} has a definition and no lease"
        assert book.leases[name][:2] == ("bound", asked), f"{book.leases[name]} is not {asked}"
