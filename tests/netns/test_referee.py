# SPDX-License-Identifier: GPL-2.0-or-later
"""The referee of the address book objects to everything that is against the rules."""

import contextlib
import shutil
import sqlite3

import pytest
import referee
import world as world_module

# Each breaks one rule of a sound book, in which a and b are bound, c is reserved and d was destroyed.
BREACHES = {
    "an address that is not entered": "DELETE FROM address WHERE addr = x'0ae90102'",
    "one that nobody has": "INSERT INTO address VALUES (x'0a000001', 1)",
    "of somebody else": "UPDATE address SET lease = 2 WHERE addr = x'0ae90102'",
    "a doubled address": "DROP TRIGGER lease_change; UPDATE lease SET local4 = x'0ae90102' WHERE name = 'b'",
    "a lost pair": "DELETE FROM vacant",
    "one that waits and is held": "UPDATE vacant SET slot = 0",
    "a wrong number": "UPDATE pool SET leased = leased + 1",
    "blocked by nobody": "UPDATE pool SET blocked = 1",
    "a lease without history": "DELETE FROM history WHERE name = 'b'",
    "history without a lease": "UPDATE history SET act = 'described' WHERE act = 'released'",
    "given up twice": "UPDATE history SET name = 'a' WHERE act = 'released'",
    "at the same time": "UPDATE history SET local4 = x'0ae90102' WHERE name = 'b'",
    "a row that is gone": "DELETE FROM history WHERE id = 2",
}


@pytest.fixture(scope="module", name="sound")
def fixture_sound(tmp_path_factory):
    """A sound book."""
    path = tmp_path_factory.mktemp("sound") / "ipam.db"
    with world_module.World() as world:
        for name in "abd":
            world.ok("create", name)
        world.ok("ipam", "reserve", "c")
        world.ok("destroy", "d")
        shutil.copy(world.path(referee.BOOK), path)
    book = referee.Book(path)
    assert {name: lease[0] for name, lease in book.leases.items()} == {
        "a": "bound", "b": "bound", "c": "reserved"}  # fmt: skip
    return path


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_is_seen(sound, tmp_path, breach):
    """Whatever is wrong, it is seen."""
    path = tmp_path / "ipam.db"
    shutil.copy(sound, path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(BREACHES[breach])
    with pytest.raises(AssertionError):
        referee.Book(path)


def test_damage_is_seen(sound, tmp_path):
    """A page of noise, too."""
    path = tmp_path / "ipam.db"
    content = bytearray(sound.read_bytes())
    content[8192:12288] = bytes(range(256)) * 16
    path.write_bytes(content)
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        referee.Book(path)


def test_definition_without_lease_is_seen(sound):
    """... and one with the addresses of another."""
    book = referee.Book(sound)
    definition = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\n"
    referee.judge_definitions(book, {"a": definition})
    for name in "b", "c", "new":
        with pytest.raises(AssertionError):
            referee.judge_definitions(book, {name: definition})
    with pytest.raises(AssertionError):
        referee.judge_definitions(book, {"a": ""})
