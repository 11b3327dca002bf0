# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that fail, and what is on a disk when the power goes.

tests/fault/disk-at.c runs a command and writes down what it changes. A Disk replays that and knows
what has reached the disk for certain: what was synced. Of the rest any part may have: of a file any
of its writes, sector for sector; of a directory its changes in their order up to any point, for
these are what file systems keep a journal of.
"""

import copy
import os
import pathlib
import shutil

import world as world_module

DISK_AT = os.environ.get("DISK_AT", "")
RECORD = "/run/disk-at"
SECTOR = 512

# Where the host keeps what is not lost at boot; where a command changes anything at all.
KEPT = "/etc:/var"
ANYWHERE = "/etc:/var:/run"


def run(world, command, victim=0, fault="EIO", where=KEPT):
    """Runs the program on a disk that fails, or writes down what it does. Returns result, record."""
    world.path(RECORD).parent.mkdir(exist_ok=True)
    result = world.run(DISK_AT, str(victim), fault, RECORD, where, world_module.BINARY, *command)
    assert result.rc != 125, result
    lines = world.path(RECORD).read_text(encoding="utf-8").splitlines()
    world.path(RECORD).unlink()
    return result, [line.split("\t") for line in lines]


class File:
    """A file: what is surely on the disk, and what was written since."""

    def __init__(self, content=b""):
        self.synced = content
        self.since = []  # (offset, bytes) of writes, (size, None) of truncations

    def sync(self):
        """All of it is on the disk now."""
        self.synced, self.since = self.content(), []

    def content(self, reached=lambda: True):
        """What is read, if those sectors have reached the disk of which reached() says so."""
        content = bytearray(self.synced)
        for offset, written in self.since:
            if written is None:
                if reached():
                    content = content[:offset].ljust(offset, b"\0")
                continue
            while written:
                some = written[: SECTOR - offset % SECTOR]
                if reached():
                    content = content.ljust(offset, b"\0")
                    content[offset : offset + len(some)] = some
                offset, written = offset + len(some), written[len(some) :]
        return bytes(content)


class Directory:
    """A directory: the entries that are surely on the disk, and the changes since."""

    def __init__(self, entries=None):
        self.synced = dict(entries or {})
        self.since = []  # changes; each is a list of (name, what is there then)

    def sync(self):
        """All changes are on the disk now."""
        self.synced, self.since = self.entries(), []

    def entries(self, changes=None):
        """What is in it after that many of the changes; all of them unless told."""
        entries = dict(self.synced)
        for change in self.since[:changes]:
            entries.update(change)
        return {name: node for name, node in entries.items() if node}


def node_of(path):
    """A file or directory, as it is there and on the disk."""
    if not path.is_dir():
        return File(path.read_bytes())
    return Directory({entry.name: node_of(entry) for entry in path.iterdir()})


class Disk:
    """What is below some directories of a host."""

    def __init__(self, world, directories):
        self.root = Directory()
        for words in directories:
            *above, last = words.strip("/").split("/")
            place = self.root
            for name in above:
                place = place.synced.setdefault(name, Directory())
            path = world.path(words)
            place.synced[last] = node_of(path) if path.exists() else None

    def _find(self, path):
        """The directory that a path is in, its name there, and what is there: nothing, where there is
        no such directory."""
        *above, last = path.strip("/").split("/")
        place = self.root
        for name in above:
            place = place.entries().get(name) or Directory()
        return place, last, place.entries().get(last)

    def replay(self, line):
        """Does what a line of the record says was done. What could not be done was not."""
        kind, path, *more = line
        if path.endswith(" (deleted)"):
            return
        place, name, node = self._find(path)
        if kind == "write":
            node.since.append((int(more[0]), bytes.fromhex(more[1])))
        elif kind == "truncate":
            node.since.append((int(more[0]), None))
        elif kind == "sync":
            node.sync()
        elif kind in ("create", "mkdir"):
            if not node:
                place.since.append([(name, File() if kind == "create" else Directory())])
        elif kind == "unlink":
            if node:
                place.since.append([(name, None)])
        elif kind in ("rename", "link"):
            there, new_name, taken = self._find(more[0])
            assert there is place, "a rename between directories is not one change"
            if kind == "rename":
                place.since.append([(name, None), (new_name, node)])
            elif node and not taken:
                place.since.append([(new_name, node)])
        else:
            raise AssertionError(f"what becomes of {line} is not known")

    def write(self, target, reached=lambda: True, changes=lambda count: count):
        """Makes these files below a directory, as they are if the power goes now: see File.content();
        changes() says how many of so many changes of a directory have reached the disk."""

        def put(node, path):
            if isinstance(node, File):
                path.write_bytes(node.content(reached))
                path.chmod(0o600)
                return
            path.mkdir(mode=0o700, exist_ok=True, parents=True)
            for name, child in node.entries(changes(len(node.since))).items():
                put(child, path / name)

        put(self.root, pathlib.Path(target))


def cuts(lines):
    """Where in a record the power may go: before each sync, and at the end."""
    return [at for at, line in enumerate(lines) if line[0] == "sync"] + [len(lines)]


class Snapshot:
    """The files of some directories of a host, to begin again from."""

    def __init__(self, world, directories, name):
        self._world = world
        self._copies = world.path("/run/outside") / name
        self._directories = directories
        self._copies.mkdir()
        for number, directory in enumerate(directories):
            if world.path(directory).exists():
                shutil.copytree(world.path(directory), self._copies / str(number), symlinks=True)

    def restore(self):
        """Puts them back."""
        for number, directory in enumerate(self._directories):
            path = self._world.path(directory)
            shutil.rmtree(path, ignore_errors=True)
            if (self._copies / str(number)).exists():
                shutil.copytree(self._copies / str(number), path, symlinks=True)


def clone(disk):
    """A disk of its own that is the same."""
    return copy.deepcopy(disk)
