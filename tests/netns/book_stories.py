# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that change the address book, all from one state of a host; and what a disturbed one may leave.

test_kill_book.py and test_disk_faults.py disturb them.
"""

import dataclasses
import functools
import os
import pathlib
import tempfile

import disk as disk_module
import referee

STATE = ["/etc/nixos-containers", "/var/lib/nixctr-net", "/var/lib/nixos-containers",
         "/run/nixctr-net", "/run/lock"]  # fmt: skip
DOCUMENT, REPORT = "/run/outside/document", "/run/outside/report"

NO_SUCH = 3

# The command, and exit codes fit for its second run.
COMMANDS = {
    "pool-add": (["ipam", "pool", "add", "third", "10.96.0.0/24"], {0}),
    "pool-resize": (["ipam", "pool", "resize", "more", "10.98.0.0/22"], {0}),
    "pool-drain": (["ipam", "pool", "drain", "more"], {0}),
    "pool-remove": (["ipam", "pool", "remove", "empty"], {0, NO_SUCH}),
    "reserve": (["ipam", "reserve", "new"], {0}),
    "release": (["ipam", "release", "kept"], {0}),
    "import": (["ipam", "import", DOCUMENT], {0}),
    "backup": (["ipam", "backup"], {0}),
    "restore": (["ipam", "restore"], {0}),
    "rebuild": (["ipam", "rebuild", "--force"], {0}),
    "repair": (["ipam", "repair", REPORT], {0}),
    "migrate": (["migrate"], {0}),
    "set": (["set", "other", "hostAddress=10.7.7.1", "localAddress=10.7.7.2"], {0}),
    "forward-add": (["nat", "forward", "add", "other", "8000-8002"], {0}),
    "forward-remove": (["nat", "forward", "remove", "other", "8080"], {0}),
}

# What shows that the command did what its story is about.
SAYS = {"reserve": "pairs were passed over"}

# What a check may find after a command was disturbed, beside what it had found before: repair mends it.
MENDED = {"lease-of-nobody", "definition-unleased", "definition-differs"}

# Not in the book yet, and what a pool would give out next.
DEFINITION = """PRIVATE_NETWORK=1
HOST_ADDRESS=10.233.7.1
LOCAL_ADDRESS=10.233.7.2
"""


def prepare(world):
    """The state: containers, of which one has lost its definition and one was made by nixos-container; a
    reservation and pools; a backup from before some of it, a document, and a report of a check. The host
    itself has what the pool would give out next: it is passed over."""
    world.ok("create", "other", "--port", "8080:80")
    world.ok("create", "gone")
    for name in "moved-a", "moved-b":
        world.ok("ipam", "reserve", name)
    document = world.ok("ipam", "export", "moved-a", "moved-b").stdout
    world.path(DOCUMENT).write_text(document, encoding="ascii")
    for name in "moved-a", "moved-b":
        world.ok("ipam", "release", name)
    world.ok("ipam", "reserve", "back")
    world.ok("ipam", "pool", "add", "more", "10.98.0.0/24")
    world.ok("ipam", "backup")
    world.ok("ipam", "pool", "add", "empty", "10.97.0.0/24")
    world.ok("ipam", "release", "back")
    world.ok("ipam", "reserve", "kept", "--reason", "mine")
    world.ok("ipam", "reserve", "far", "--local-address", "10.98.0.2", "--host-address", "10.98.0.1")
    world.path("/etc/nixos-containers/gone.conf").unlink()
    world.path("/etc/nixos-containers/nixos.conf").write_text(DEFINITION, encoding="ascii")
    assert world.run("ip", "address", "add", "10.233.8.2/32", "dev", "lo").rc == 0
    assert world.nixctr("ipam", "check", "--grace", "0", "--report", REPORT).rc == 1


@dataclasses.dataclass
class Seen:
    """What is there."""

    leases: dict
    pools: dict
    backup: tuple  # leases and pools of the backup
    definitions: dict
    beside: set  # files that are there

    def is_between(self, before, after):
        """Whether each thing is what it was before, or what it was after."""
        for now, *was in ((self.leases, before.leases, after.leases), (self.pools, before.pools, after.pools),
                          (self.definitions, before.definitions, after.definitions)):  # fmt: skip
            for key in now | was[0] | was[1]:
                if now.get(key) not in (was[0].get(key), was[1].get(key)):
                    return False
        return self.backup in (before.backup, after.backup)


@functools.lru_cache
def contents(backup):
    """What is in a backup, from its bytes; it must be sound."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "ipam.db")
        path.write_bytes(backup)
        book = referee.Book(path)
    return book.leases, book.pools


def look(root):
    """Looks at a book below a directory, which must be sound."""
    book = referee.judge(root)
    directory = root / os.path.dirname(referee.BOOK).lstrip("/")
    names = {path.name for path in directory.iterdir() if "replaced" not in path.name
             and not path.name.endswith((".lock", "-journal"))}  # fmt: skip
    backup = contents((directory / "ipam.db.backup").read_bytes())
    return Seen(book.leases, book.pools, backup, referee.definitions(root), names)


def cases(world):
    """What "ipam check" finds."""
    checked = world.nixctr("ipam", "check", "--grace", "0", "--json")
    assert checked.rc in (0, 1), checked
    return {(finding["case"], finding.get("container")) for finding in checked.json["findings"]}


class Story:
    """One of the commands on a host in that state, with what it is to come to."""

    def __init__(self, world, snapshot, name):
        self.world = world
        self.snapshot = snapshot
        self.command, self.fit = COMMANDS[name]
        snapshot.restore()
        self.before, self._found_before = look(world.root), cases(world)
        # A book that was put back is another one, and what is remembered of it does not count.
        snapshot.restore()
        assert SAYS.get(name, "") in world.ok(*self.command).stderr
        self.after, self._found_after = look(world.root), cases(world)
        assert self.after != self.before
        snapshot.restore()

    def insist_on_sound(self, where):
        """What is there after it was disturbed is sound, and lacks nothing that cannot be mended."""
        seen = look(self.world.root)
        assert seen.is_between(self.before, self.after), f"{where}: {seen}"
        for found in cases(self.world) - self._found_before - self._found_after:
            assert found[0] in MENDED, f"{where}: {found}"
        return seen

    def finish(self, where):
        """The same command again ends where it would have ended."""
        again = self.world.nixctr(*self.command)
        assert again.rc in self.fit, f"{where}: {again}"
        seen = look(self.world.root)
        assert dataclasses.replace(seen, beside=None) == dataclasses.replace(self.after, beside=None), where
        assert seen.beside <= self.after.beside, f"{where}: {seen.beside}"
        assert cases(self.world) == self._found_after, where


def stage(world):
    """Prepares a host. Returns the snapshot to begin again from."""
    prepare(world)
    return disk_module.Snapshot(world, STATE, "prepared")
