# SPDX-License-Identifier: GPL-2.0-or-later
"""The power goes at each moment of a command: the book opens, what was promised is there, and no more
is missing than what was under way.

tests/netns/disk.py tells what may be on the disk then.
"""

import os
import pathlib
import random
import shutil
import tempfile

import book_stories
import disk as disk_module
import referee

# How many of the many things that may be on a disk are tried, beside all and nothing of it.
DRAWN = int(os.environ.get("POWER_CUTS", "5"))

# With which of these disks the command is given again.
AGAIN = (0, 3)

STATE = ["/etc/nixos-containers", "/var/lib/nixctr-net"]

# In their order: each finds what those before it have left.
STORY = [
    ["create", "--no-system", "web"],
    ["ipam", "reserve", "db", "--reason", "the database"],
    ["create", "--no-system", "db"],
    ["create", "--no-system", "v6", "--local-address6", "fd00::2", "--host-address6", "fd00::1"],
    ["destroy", "--keep-address", "web"],
    ["create", "--no-system", "web"],
    ["ipam", "describe", "db", "another one"],
    ["destroy", "db"],
    ["destroy", "web"],
    ["ipam", "release", "10.233.1.2"],
    ["ipam", "reserve", "web"],
    ["ipam", "release", "web"],
]


class Drawn:
    """One of the many things that may be on a disk: each sector by chance, and chances differ."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._chance = self._random.random()

    def reached(self):
        """Whether the next sector has reached the disk."""
        return self._random.random() < self._chance

    def changes(self, count):
        """How many of a directory's changes have."""
        return self._random.randint(0, count)


def possible(seed):
    """Ways to fill what is not certain: nothing and all of it, data without names, and by chance."""
    yield {"reached": lambda: False, "changes": lambda count: 0}
    yield {}
    yield {"reached": lambda: False}
    for number in range(DRAWN):
        drawn = Drawn(f"{seed} {number}")
        yield {"reached": drawn.reached, "changes": drawn.changes}


class Seen:
    """What the book and the definitions below a directory say."""

    def __init__(self, root):
        self.book = referee.judge(root)
        self.definitions = referee.definitions(root)
        referee.judge_definitions(self.book, self.definitions)

    def is_between(self, before, after):
        """Whether each of them is what it was before, or what it was after."""
        leases = [self.book.leases, self.definitions]
        return (leases[0] in (before.book.leases, after.book.leases)
                and leases[1] in (before.definitions, after.definitions))  # fmt: skip

    def is_same(self, other):
        """Whether both say the same."""
        return (self.book.leases, self.definitions) == (other.book.leases, other.definitions)


def put(world, tree):
    """Has a host find that on its disk."""
    for directory in STATE:
        shutil.rmtree(world.path(directory), ignore_errors=True)
        if (tree / directory.lstrip("/")).exists():
            shutil.copytree(tree / directory.lstrip("/"), world.path(directory))


def go_on(world, command, tree, after):
    """With such a disk the command can be given again, and ends where it would have ended."""
    put(world, tree)
    again = world.nixctr(*command)
    assert again.rc == 0 or (again.rc == 4 and command[0] == "create"), again
    seen = Seen(world.root)
    assert seen.definitions == after.definitions
    assert {name: lease[:2] for name, lease in seen.book.leases.items()} == {
        name: lease[:2] for name, lease in after.book.leases.items()
    }


def replayed(disk, lines, world):
    """The disk behind a command; it holds what the host's does, so nothing was overlooked."""
    disk = disk_module.clone(disk)
    for line in lines:
        disk.replay(line)
    with tempfile.TemporaryDirectory() as tree:
        disk.write(tree)
        assert contents(pathlib.Path(tree)) == contents(world.root)
    return disk


def contents(root):
    """All files of the state below a directory."""
    found = {}
    for directory in STATE:
        for path in (root / directory.lstrip("/")).rglob("*"):
            found[str(path.relative_to(root))] = path.is_file() and path.read_bytes()
    return found


def cut(world, scratch, command, disk):
    """Runs a command, and judges what is on the disk at each of its moments. Returns how many there
    were, and the disk afterwards."""
    before = Seen(world.root)
    result, lines = disk_module.run(world, command)
    assert result.rc == 0, result
    after = Seen(world.root)
    end = replayed(disk, lines, world)
    tried = 0
    cuts = disk_module.cuts(lines)
    for at, line in enumerate([*lines, None]):
        for number, chances in enumerate(possible(f"{command} {at}") if at in cuts else ()):
            tree = scratch / "tree"
            disk.write(tree, **chances)
            tried += 1
            seen = Seen(tree)
            where = f"{command}, {number}, at {at} of {len(lines)}: {line and line[:2]}"
            assert seen.is_between(before, after), where
            assert line or seen.is_same(after), f"lost although it was over: {where}"
            if number in AGAIN:
                go_on(world, command, tree, after)
            shutil.rmtree(tree)
        if line:
            disk.replay(line)
    end.write(scratch / "tree")
    put(world, scratch / "tree")
    shutil.rmtree(scratch / "tree")
    return tried, end


def test_power_cut(world, tmp_path):
    """See above."""
    disk = disk_module.Disk(world, STATE)
    tried = 0
    for command in STORY:
        cuts, disk = cut(world, tmp_path, command, disk)
        tried += cuts
    print(f"{tried} power cuts")


def cut_story(story, disk, tree):
    """Runs one of the stories of the book, and judges what is on the disk at each of its moments. Returns
    how many there were."""
    result, lines = disk_module.run(story.world, story.command)
    assert result.rc == 0, result
    replayed(disk, lines, story.world)
    tried = 0
    cuts = disk_module.cuts(lines)
    for at, line in enumerate([*lines, None]):
        for number, chances in enumerate(possible(f"{story.command} {at}") if at in cuts else ()):
            disk.write(tree, **chances)
            tried += 1
            seen = book_stories.look(tree)
            where = f"{story.command}, {number}, at {at} of {len(lines)}: {line and line[:2]}"
            assert seen.is_between(story.before, story.after), where
            assert line or seen == story.after, f"lost although it was over: {where}"
            if number in AGAIN[:1]:
                put(story.world, tree)
                shutil.rmtree(story.world.path("/run/nixctr-net"), ignore_errors=True)
                story.finish(where)
            shutil.rmtree(tree)
        if line:
            disk.replay(line)
    return tried


def test_power_cut_of_stories(world, tmp_path):
    """The same of all other commands that change the book, from one state."""
    snapshot = book_stories.stage(world)
    tried = 0
    for name in book_stories.COMMANDS:
        story = book_stories.Story(world, snapshot, name)
        tried += cut_story(story, disk_module.Disk(world, STATE), tmp_path / "tree")
    print(f"{tried} power cuts")
