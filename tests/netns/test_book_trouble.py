# SPDX-License-Identifier: GPL-2.0-or-later
"""The address book's disk is full, read-only or taken, its last writer was killed, the clock goes back:
one line says what is wrong and what to do, nothing is damaged, and afterwards all goes on."""

import contextlib
import datetime
import os
import subprocess
import time

import pytest
import referee
import world as world_module

FAILED = 1
DIRECTORY = "/var/lib/nixctr-net"

# All that change the book.
CHANGES = (
    ["create", "--no-system", "new"],
    ["destroy", "--keep-address", "web"],
    ["destroy", "web"],
    ["ipam", "reserve", "new"],
    ["ipam", "describe", "db", "another reason"],
    ["ipam", "release", "db"],
)


@pytest.fixture(name="furnished")
def fixture_furnished(world):
    """A host with a container, a reservation, and the book on a small disk of its own."""
    assert world.run("mkdir", "-m", "0700", DIRECTORY).rc == 0
    small = ["mount", "-t", "tmpfs", "-o", "size=160k,mode=0700", "tmpfs", DIRECTORY]
    assert world.run(*small).rc == 0
    world.ok("create", "web")
    world.ok("ipam", "reserve", "db")
    return world


def insist_on_refusal(world, command, *says):
    """The command fails with one line, and a second one that says what to do."""
    refused = world.nixctr(*command)
    errors = [line for line in refused.stderr.splitlines() if line.startswith("nixctr-net: ")]
    assert refused.rc == FAILED and len(errors) == 1, refused
    assert referee.BOOK in errors[0] and all(words in refused.stderr for words in says), refused


def insist_on_working(world):
    """Everything that changes the book does so."""
    for command in CHANGES:
        world.ok(*command)
    book = referee.judge(world.root)
    referee.judge_definitions(book, referee.definitions(world.root))
    assert {name: lease[0] for name, lease in book.leases.items()} == {
        "new": "bound",
        "web": "reserved",
    }


@contextlib.contextmanager
def writer(world, script):
    """While in it, another program has run a script at the book, and waits until it may end."""
    script = f"""
import os, signal, sqlite3, sys
book = sqlite3.connect("{referee.BOOK}", isolation_level=None)
{script}
print("ready", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        world.command("/usr/bin/python3", "-c", script),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii",
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        yield process


def leave_hot_journal(world):
    """Has a writer killed whose pages are in the file already, and only its journal knows the old ones."""
    script = """
book.execute("PRAGMA cache_size = 1")
book.execute("BEGIN IMMEDIATE")
for number in range(200):
    book.execute("INSERT INTO history (time, act, name, pool, uid, command, unit, reason)"
                 " VALUES (0, 'bound', 'nobody', '', 0, '', '', hex(zeroblob(100)))")
book.execute("UPDATE pool SET leased = 777")
"""
    with writer(world, script) as process:
        process.kill()
    journal = world.path(f"{referee.BOOK}-journal").read_bytes()
    assert journal[:8] == bytes.fromhex("d9d505f920a163d7")


def test_disk_full(furnished):
    """Nothing can be written, and what does not write goes on."""
    before = referee.judge(furnished.root).leases
    fill = ["dd", "if=/dev/zero", f"of={DIRECTORY}/filler", "bs=4k"]
    assert furnished.run(*fill).rc != 0
    # Small changes find room in the journal and the file that are there.
    for number in range(100):
        refused = furnished.nixctr("ipam", "reserve", f"more{number}")
        if refused.rc:
            break
        before = referee.judge(furnished.root).leases
    insist_on_refusal(furnished, ["ipam", "reserve", "last"], "No space left on device",
                      "  try: free space on the file system of ")  # fmt: skip
    assert referee.judge(furnished.root).leases == before
    assert furnished.ok("show-ip", "web").stdout == "10.233.1.2\n"
    furnished.ok("net", "up", "web")
    furnished.path(f"{DIRECTORY}/filler").unlink()
    for name in set(before) - {"web", "db"}:
        furnished.ok("ipam", "release", name)
    insist_on_working(furnished)


def test_read_only(furnished):
    """Whatever would change it is refused, whatever reads it works."""
    before = referee.judge(furnished.root).leases
    assert furnished.run("mount", "-o", "remount,ro", DIRECTORY).rc == 0
    for command in CHANGES:
        if command[0] == "destroy":
            continue
        insist_on_refusal(furnished, command, "Read-only file system",
                          "  try: make the file system of ")  # fmt: skip
        assert referee.judge(furnished.root).leases == before, command
    assert len(furnished.ok("ipam", "list", "--json").json["leases"]) == 2
    furnished.ok("net", "up", "web")
    # Of a container that goes the address stays, and no more.
    insist_on_refusal(furnished, ["destroy", "web"], "Read-only file system")
    assert referee.judge(furnished.root).leases == before
    assert furnished.run("mount", "-o", "remount,rw", DIRECTORY).rc == 0
    furnished.ok("destroy", "web")
    furnished.ok("create", "web")
    insist_on_working(furnished)


def test_killed_writer(furnished):
    """Whoever comes next rolls its journal back, a reader also, and where he cannot he says so."""
    before = referee.judge(furnished.root).leases
    leave_hot_journal(furnished)
    assert furnished.run("mount", "-o", "remount,ro", DIRECTORY).rc == 0
    insist_on_refusal(furnished, ["ipam", "list"], "Read-only file system",
                      "  try: make the file system of ")  # fmt: skip
    assert furnished.run("mount", "-o", "remount,rw", DIRECTORY).rc == 0
    assert len(furnished.ok("ipam", "list", "--json").json["leases"]) == 2
    assert referee.judge(furnished.root).leases == before
    leave_hot_journal(furnished)
    insist_on_working(furnished)


def test_taken(furnished):
    """Another program has it: it is named, and waited for; not whoever has a file of that number on
    another file system."""
    assert furnished.run("mount", "-m", "-t", "tmpfs", "tmpfs", "/run/decoy").rc == 0
    number = furnished.path(referee.BOOK).stat().st_ino
    decoy = f"""
import fcntl
files = []
while not files or os.fstat(files[-1].fileno()).st_ino < {number}:
    files.append(open(f"/run/decoy/{{len(files)}}", "w"))
assert os.fstat(files[-1].fileno()).st_ino == {number}
fcntl.lockf(files[-1], fcntl.LOCK_EX)
"""
    with writer(furnished, decoy), writer(furnished, 'book.execute("BEGIN EXCLUSIVE")') as process:
        pid = process.pid
        with subprocess.Popen(
            furnished.command(world_module.BINARY, "ipam", "reserve", "new"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        ) as waiting:  # fmt: skip
            told = waiting.stderr.readline()
            assert f"waiting for address book {referee.BOOK}, which process {pid} (python3)" in told
            process.stdin.close()
            assert waiting.communicate(timeout=world_module.DEADLINE) == ("10.233.3.2\n", "")
            assert waiting.returncode == 0


def test_clock_goes_back(furnished):
    """The clock that cooling is reckoned by is set back: no address is free too early, none is kept."""
    uptime = float(furnished.path("/proc/uptime").read_text(encoding="ascii").split()[0])
    settings = furnished.path("/etc/nixctr-net/nixctr-net.conf")
    settings.parent.mkdir(exist_ok=True)
    ahead = furnished.run("unshare", "--time", "--boottime", "1000000", world_module.BINARY,
                          "destroy", "web")  # fmt: skip
    assert ahead.rc == 0, ahead
    for cooldown, state in (int(uptime) + 600, "cooling"), (int(uptime), "free"):
        settings.write_text(f"[ipam]\ncooldown = {cooldown}\n", encoding="ascii")
        described = furnished.ok("ipam", "describe", "10.233.1.2", "--json").json["address"]
        assert described["state"] == state and described.get("remaining", 0) <= 600, described
    furnished.ok("create", "web")
    insist_on_working(furnished)


def set_back(world, seconds, *arguments):
    """Runs the program where the clock on the wall has been set back; see tests/fault/clock-back.c."""
    result = world.run("env", f"LD_PRELOAD={os.environ['CLOCK_BACK_MODULE']}", f"CLOCK_BACK={seconds}",
                       world_module.BINARY, *arguments)  # fmt: skip
    assert result.rc in (0, 1), result
    return result


def test_wall_clock_goes_back(furnished):
    """History, cool-down and the grace of a check do with whatever the clock on the wall says."""
    day, begin = 86400, time.time()
    assert set_back(furnished, 10 * day, "create", "--no-system", "late").rc == 0
    assert set_back(furnished, 10 * day, "destroy", "late").rc == 0
    # What has happened stays in its order, whatever was written on it; who asks by time gets what it says.
    acts = [event["act"] for event in furnished.ok("ipam", "history", "late", "--json").json["history"]]
    assert acts == ["bound", "released"]
    [bound, released] = set_back(furnished, 10 * day, "ipam", "history", "late", "--since", "1h",
                                 "--json").json["history"]  # fmt: skip
    assert bound["time"] <= released["time"] < datetime.datetime.fromtimestamp(
        begin - 9 * day, datetime.timezone.utc).isoformat()  # fmt: skip
    assert furnished.ok("ipam", "history", "late", "--since", "1h", "--json").json["history"] == []
    # Ten days on the wall have gone by since: the cool-down has not.
    described = furnished.ok("ipam", "describe", released["local_address"], "--json").json["address"]
    assert described["state"] == "cooling", described
    # A leak is one after its grace, and a moment is as long as ever.
    furnished.path("/etc/nixos-containers/web.conf").unlink()
    start = time.monotonic()
    checked = set_back(furnished, 10 * day, "ipam", "check", "--grace", "1", "--json")
    assert time.monotonic() - start >= 1
    assert [finding["case"] for finding in checked.json["findings"]] == ["lease-of-nobody"]


def test_backup_of_a_book_from_the_future(world):
    """The clock was ahead when the book was changed: each change is in a backup all the same."""
    world.ok("create", "web")
    book = world.path("/var/lib/nixctr-net/ipam.db")
    ahead = time.time() + 86400
    os.utime(book, (ahead, ahead))
    for name in "one", "two":
        world.ok("ipam", "backup", "--if-changed")
        world.ok("ipam", "reserve", name)
        world.ok("ipam", "backup", "--if-changed")
        world.ok("ipam", "release", name)
        restored = world.ok("ipam", "restore", "--dry-run").stdout
        assert name in restored and "back" in restored, restored
