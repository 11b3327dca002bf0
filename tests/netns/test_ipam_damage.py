# SPDX-License-Identifier: GPL-2.0-or-later
"""A book that is lost, damaged, locked, read-only or on a full disk: no address twice, and a way back."""

import os
import shutil
import sqlite3
import subprocess

import pytest
from test_ipam_check import BOOK, CONFLICT, DEFINITIONS, FINE, FOUND, check, define, leases, sql
from world import BINARY

FAILED, BUSY, PAGE = 1, 7, 4096
STRIDE = int(os.environ.get("KILL_STRIDE", "1"))
KILL_AT = os.environ.get("KILL_AT", "")
NAMES = ("a", "b", "gone")


@pytest.fixture
def used(world):
    """A host with containers of which one is attached, one is reserved, one cools down."""
    for name in NAMES:
        world.ok("create", name)
    world.ok("net", "up", "a")
    world.ok("ipam", "reserve", "kept", "--reason", "mine")
    world.ok("destroy", "gone")
    return world


WANTED = {"a": ("bound", "10.233.1.2"), "b": ("bound", "10.233.2.2")}
KEPT = WANTED | {"kept": ("reserved", "10.233.4.2")}


def book(world):
    """The book, as a path from here."""
    return world.path(BOOK)


def beside(world):
    """What is beside the book, without its own journal and lock."""
    own = ("ipam.db", "ipam.db-journal", "ipam.db.lock")
    return sorted(name for name in os.listdir(book(world).parent) if name not in own)


def rebuilt(world, rc=0, *options):
    """Makes the book anew. Returns the answer; the old one is kept whole, or there was none."""
    old = book(world).read_bytes() if book(world).exists() else None
    result = world.nixctr("ipam", "rebuild", "--json", *options)
    assert result.rc == rc, result
    kept = result.json["kept"]
    assert (world.path(kept).read_bytes() if kept else None) == old
    return result.json


# ------------------------------------------------------------- lost


def test_a_lost_book_gives_no_address_twice(used):
    """Whoever loses the book, empties it or puts an older one back: what is defined is not given out."""
    shutil.copy(book(used), used.path("/run/older.db"))
    used.ok("create", "c")
    assert used.ok("show-ip", "c").stdout == "10.233.5.2\n"

    book(used).write_bytes(used.path("/run/older.db").read_bytes())
    used.ok("create", "d")
    assert used.ok("show-ip", "d").stdout == "10.233.6.2\n"
    book(used).write_bytes(b"")
    used.ok("create", "e")
    assert used.ok("show-ip", "e").stdout == "10.233.3.2\n"
    book(used).unlink()
    used.ok("ipam", "reserve", "f")
    assert leases(used)["f"] == ("reserved", "10.233.4.2")
    assert check(used, FINE) == []
    assert len({address for _, address in leases(used).values()}) == 6


def test_rebuild_of_a_missing_book(used):
    """... has all that definitions and kernel know."""
    book(used).unlink()
    used.path(f"{DEFINITIONS}/a.conf").unlink()
    assert rebuilt(used) == {"leases": 2, "reserved": 0, "pools": 1, "events": 0, "kept": None,
                             "lost": [], "dropped": [], "refused": []}  # fmt: skip
    assert leases(used) == WANTED
    assert check(used) == [("leaked", "lease-of-attached", "a", "", "10.233.1.2")]
    assert beside(used) == []


# ------------------------------------------------------------- damaged


def test_truncated_at_every_page(used):
    """Every command says that the book is damaged and what mends it; and that does."""
    whole = book(used).read_bytes()
    assert len(whole) >= 12 * PAGE
    for size in range(0, len(whole), PAGE):
        book(used).write_bytes(whole[:size])
        if size == 0:
            assert [case for _, case, *_ in check(used)] == 2 * ["definition-unleased"]
        else:
            result = used.nixctr("ipam", "check")
            assert result.rc == FAILED and "ipam.db is damaged" in result.stderr, result
            assert "'nixctr-net ipam rebuild' to make it anew" in result.stderr
        assert rebuilt(used)["leases"] == 2
        assert leases(used) == WANTED
        assert check(used, FINE) == []
    kept = [name for name in beside(used) if not name.endswith("-journal")]
    assert len(kept) == len(whole) // PAGE
    used.ok("create", "next")
    assert used.ok("show-ip", "next").stdout == "10.233.3.2\n"


def test_every_command_names_the_remedy(used):
    """Those that need the book; the others go on."""
    whole = book(used).read_bytes()
    for damaged in (whole[: 3 * PAGE], whole[:PAGE] + os.urandom(len(whole) - PAGE),
                    os.urandom(4 * PAGE)):  # fmt: skip
        book(used).write_bytes(damaged)
        for command in (["create", "x"], ["ipam", "list"], ["ipam", "check"], ["ipam", "history"],
                        ["ipam", "show", "a"], ["ipam", "reserve", "x"], ["ipam", "conflicts"],
                        ["ipam", "release", "kept"], ["ipam", "describe", "a", "x"]):  # fmt: skip
            result = used.nixctr(*command)
            assert result.rc == FAILED and "nixctr-net ipam rebuild" in result.stderr, result
        used.ok("net", "up", "b")
        used.ok("net", "down", "b")
        assert used.ok("show-ip", "b").stdout == "10.233.2.2\n"
    assert rebuilt(used)["leases"] == 2


def test_what_can_be_read_is_taken_over(used):
    """Reservations and reasons, when the damage is elsewhere; and what several claim is told."""
    used.ok("ipam", "describe", "a", "the web server")
    used.ok("ipam", "pool", "add", "six", "fd00:77::/112")
    define(used, "aa", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1", "LOCAL_ADDRESS=10.233.1.2")
    define(used, "x", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1", "LOCAL_ADDRESS=172.30.0.2")
    define(used, "y", "PRIVATE_NETWORK=1", "HOST_ADDRESS=172.30.0.1", "LOCAL_ADDRESS=172.30.0.3")
    define(used, "bad", "PRIVATE_NETWORK=1", "LOCAL_ADDRESS=nonsense")
    sql(used, "UPDATE pool SET leased = 77")
    assert "has counted its leases wrongly" in used.nixctr("ipam", "check").stderr
    answer = rebuilt(used, FAILED)
    assert {row["container"] for row in answer["refused"]} == {"aa", "bad"}
    assert (answer["leases"], answer["reserved"], answer["pools"]) == (5, 1, 2)
    assert leases(used) == KEPT | {"x": ("bound", "172.30.0.2"), "y": ("bound", "172.30.0.3")}
    rows = used.ok("ipam", "list", "--json").json["leases"]
    assert {row["container"]: row["reason"] for row in rows if row["container"] in "a b kept"} == {
        "a": "the web server", "b": "created", "kept": "mine"}  # fmt: skip
    assert {row["container"]: row["automatic"] for row in rows} == {
        "a": True, "b": True, "kept": True, "x": False, "y": False}  # fmt: skip
    pools = used.ok("ipam", "list", "--json").json["pools"]
    assert [(pool["name"], pool["leased"]) for pool in pools] == [("default", 3), ("six", 0)]


def acts(world, name):
    """What happened to a container, and why, the oldest first."""
    rows = world.ok("ipam", "history", name, "--json").json["history"]
    return [(row["act"], row["reason"]) for row in rows]


def state(world, address):
    """Where an address stands."""
    return world.ok("ipam", "describe", address, "--json").json["address"]["state"]


def test_what_only_the_book_knows_is_kept(used):
    """History and cool-downs are, and who is attached or cannot be read; of others it is told."""
    world = used
    for name in ("left", "odd"):
        world.ok("create", name)
    before = acts(world, "gone")
    assert before and state(world, "10.233.3.2") == "cooling"
    for name in ("a", "left"):  # a is attached
        world.path(f"{DEFINITIONS}/{name}.conf").unlink()
    define(world, "odd", "PRIVATE_NETWORK=1", "LOCAL_ADDRESS=nonsense")
    answer = rebuilt(world, FAILED, "--force")
    assert answer["dropped"] == [{"container": "left", "what": "10.233.5.1>10.233.5.2"}]
    assert [row["container"] for row in answer["refused"]] == ["odd"]
    assert (answer["leases"], answer["lost"], answer["events"] >= 7) == (4, [], True)
    assert leases(world) == KEPT | {"odd": ("bound", "10.233.6.2")}
    assert acts(world, "gone") == before and state(world, "10.233.3.2") == "cooling"
    assert state(world, "10.233.5.2") == "cooling"
    assert acts(world, "left")[-1] == ("released", "rebuilt: it has no definition")
    world.path(f"{DEFINITIONS}/b.conf").unlink()  # said of each, once
    said = world.nixctr("ipam", "rebuild", "--force").stderr
    assert "given up: 10.233.2.1>10.233.2.2 of container 'b'" in said
    assert "not in the address book: container 'odd': /etc/" in said


def test_a_damaged_history_is_told(used):
    """The rest is kept."""
    page = int(sql(used, "SELECT rootpage FROM sqlite_master WHERE name = 'history'"))
    with open(book(used), "r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    result = used.nixctr("ipam", "rebuild")
    assert result.rc == 0 and "cannot be read: its history" in result.stderr, result
    assert leases(used) == KEPT and state(used, "10.233.3.2") == "cooling"


def test_a_book_that_is_fine_is_kept(used):
    """Without --force; one of a newer program is not damaged either."""
    result = used.nixctr("ipam", "rebuild")
    assert result.rc == CONFLICT and "is not damaged" in result.stderr and "ipam check" in result.stderr
    assert leases(used) == KEPT and beside(used) == []
    assert rebuilt(used, 0, "--force")["reserved"] == 1
    assert leases(used) == KEPT
    sql(used, "PRAGMA user_version = 99")
    result = used.nixctr("ipam", "rebuild")
    assert result.rc == FAILED and "version 99" in result.stderr and "--force" in result.stderr
    assert rebuilt(used, 0, "--force")["leases"] == 2
    assert leases(used) == WANTED


def hot(world):
    """Leaves a journal that the next one has to roll back, as a killed writer does."""
    script = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.executescript("PRAGMA cache_size = 1; PRAGMA journal_mode = PERSIST; BEGIN;"
                 "UPDATE lease SET reason = hex(zeroblob(60)); DELETE FROM lease WHERE name = 'a';"
                 "CREATE TABLE filler (x); INSERT INTO filler SELECT randomblob(4000) FROM lease, lease, lease;")
os.kill(os.getpid(), 9)
"""
    assert world.run("python3", "-c", script, BOOK).rc == -9
    assert book(world).with_name("ipam.db-journal").read_bytes()[:8] == bytes.fromhex("d9d505f920a163d7")


def test_a_hot_journal(used):
    """It is rolled back by whoever comes next, a check as well; and goes with a book that is damaged."""
    hot(used)
    assert check(used, FINE) == []
    assert leases(used) == KEPT
    hot(used)
    data = bytearray(book(used).read_bytes())
    data[:PAGE] = os.urandom(PAGE)
    book(used).write_bytes(data)
    # Whatever the journal makes of it: in the new book there is nothing of it.
    used.nixctr("ipam", "rebuild", "--force")
    assert set(leases(used)) >= {"a", "b"}
    assert check(used, FINE) == []


# ------------------------------------------------------------- out of reach


def test_locked_by_another_program(used):
    """The command gives up after a minute, and names it; what needs no book goes on meanwhile."""
    script = ("import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
              "db.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()")  # fmt: skip
    with subprocess.Popen(used.command("python3", "-c", script, BOOK), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:  # fmt: skip
        assert holder.stdout.readline()
        with subprocess.Popen(used.command(BINARY, "create", "x"), stderr=subprocess.PIPE,
                              text=True) as waiting:  # fmt: skip
            used.ok("net", "up", "b")
            said = waiting.communicate(timeout=100)[1]
        assert waiting.returncode == BUSY and f"process {holder.pid} (python3)" in said, said
        holder.stdin.close()
    assert leases(used) == KEPT
    assert not used.path(f"{DEFINITIONS}/x.conf").exists()


def test_read_only(used):
    """A check reads all the same; who has to write says why it cannot."""
    state = os.path.dirname(BOOK)
    for command in (["mount", "--bind", state, state], ["mount", "-o", "remount,ro,bind", state]):
        assert used.run(*command).rc == 0
    assert check(used, FINE) == []
    for command in ["create", "x"], ["ipam", "rebuild", "--force"]:
        result = used.nixctr(*command)
        assert result.rc == FAILED and "Read-only file system" in result.stderr, result
        assert "writable" in result.stderr
    assert used.run("umount", state).rc == 0
    assert leases(used) == KEPT and beside(used) == []


def test_nothing_can_be_written(used):
    """Who only looks needs no lock either."""
    copy = "/tmp/copy.db"
    used.ok("ipam", "backup", copy)
    used.path("/tmp/leases.json").write_text(used.ok("ipam", "export").stdout, encoding="utf-8")
    places = [os.path.dirname(BOOK), "/run/lock"]
    for place in places:
        for command in (["mount", "--bind", place, place], ["mount", "-o", "remount,ro,bind", place]):
            assert used.run(*command).rc == 0
    try:
        for command in (["export"], ["import", "--dry-run", "/tmp/leases.json"],
                        ["restore", "--dry-run", copy]):  # fmt: skip
            used.ok("ipam", *command)
        used.ok("migrate", "--dry-run")
        result = used.nixctr("ipam", "restore", copy)
        assert result.rc == FAILED and "Read-only file system" in result.stderr, result
    finally:
        for place in places:
            assert used.run("umount", place).rc == 0


def test_full_disk(used):
    """Nothing is half done: neither a lease nor a new book."""
    state = os.path.dirname(BOOK)
    saved = book(used).read_bytes()
    assert used.run("mount", "-t", "tmpfs", "-o", "size=192k,mode=700", "none", state).rc == 0
    book(used).write_bytes(saved)
    book(used).chmod(0o600)
    filler = book(used).with_name("filler")
    try:
        filler.write_bytes(b"x" * (1 << 20))
    except OSError:
        pass
    for command in ["create", "x"], ["ipam", "rebuild", "--force"]:
        result = used.nixctr(*command)
        assert result.rc == FAILED and "No space left on device" in result.stderr, result
        assert "free space" in result.stderr
    assert leases(used) == KEPT
    assert not used.path(f"{DEFINITIONS}/x.conf").exists()
    assert [name for name in beside(used) if name != "filler"] == []
    filler.unlink()
    used.ok("create", "x")


# ------------------------------------------------------------- killed


def test_rebuild_killed_anywhere(used):
    """At each step there is a book, the old one or the new one, and the next run completes it."""
    damaged = book(used).read_bytes()[: 3 * PAGE]
    victim, done = 1, False
    while not done:
        for name in beside(used):
            book(used).with_name(name).unlink()
        book(used).with_name("ipam.db-journal").unlink(missing_ok=True)
        book(used).write_bytes(damaged)
        result = used.run(KILL_AT, str(victim), BINARY, "ipam", "rebuild")
        done = result.rc == 0
        if not done:
            state = used.nixctr("ipam", "list")
            assert state.rc == 0 or "is damaged" in state.stderr, (victim, state)
            assert state.rc != 0 or leases(used) == WANTED, victim
            if state.rc != 0:
                used.ok("ipam", "rebuild")
        assert leases(used) == WANTED, victim
        assert not [name for name in beside(used) if ".new" in name], victim
        victim += STRIDE
    assert victim > 20


def test_the_book_is_sound_for_sqlite(used):
    """The new book is as whole as one that grew."""
    book(used).write_bytes(book(used).read_bytes()[: 2 * PAGE])
    rebuilt(used)
    copy = shutil.copy(book(used), "/tmp/rebuilt-book.db")
    with sqlite3.connect(copy) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    os.unlink(copy)
