# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that fails at each change of a command in turn: the command says so, and has done all or nothing;
the book is sound; and the next one finishes.

tests/fault/disk-at.c is the disk, tests/netns/referee.py judges.
"""

import os

import book_stories
import disk as disk_module
import pytest
import referee
import world as world_module

# Whether each write fails in turn, or of those between two others only the first and the last.
EVERY = os.environ.get("DISK_FAULTS") == "every"

# Of these only every so manieth, where the build is slow; see meson.build.
STRIDE = int(os.environ.get("KILL_STRIDE", "1"))

FAILED, CONFLICT = 1, 4

# What comes before, the command, and whether it is undone when it fails: what is half taken away is
# not put back, but taken away by the next.
CREATE = ["create", "--no-system", "foo"]
OTHER = ["create", "--no-system", "other"]
COMMANDS = {
    "create": ([OTHER], CREATE, True),
    "create-first": ([], CREATE, True),
    "create-reserved": ([["ipam", "reserve", "foo"]], CREATE, True),
    "destroy": ([OTHER, CREATE], ["destroy", "foo"], False),
    "destroy-keep": ([OTHER, CREATE], ["destroy", "--keep-address", "foo"], False),
    "reserve": ([OTHER], ["ipam", "reserve", "foo"], True),
    "release": ([OTHER, ["ipam", "reserve", "foo"]], ["ipam", "release", "foo"], True),
}

CAUSES = {"EIO": "Input/output error", "dead": "Input/output error",
          "ENOSPC": "No space left on device", "short": "No space left on device"}  # fmt: skip


# They go on with the rest, and say of each in their table what came of it.
TABLES = ("migrate", "repair")

# What stories meet where not every write fails; of a disk that fills up, and stays full, only every so manieth.
FAULTS = {"EIO": 1, "ENOSPC": 4}

# Of these some changes have no part.
NEED_ROOM = ("ENOSPC", "short")


def cases():
    """Each command with each fault; where not every write fails, those that are unlike others."""
    for name in COMMANDS:
        for fault in CAUSES:
            if EVERY or fault == "EIO" or name in ("create", "destroy"):
                yield name, fault


def leases(root):
    """What the book says without what differs from run to run: who has how many addresses."""
    book = referee.judge(root)
    found = referee.definitions(root)
    referee.judge_definitions(book, found)
    return {name: (lease[0], len(lease[1])) for name, lease in book.leases.items()}, sorted(found)


def insist_on_error(result, fault):
    """One line that says what and why, beside warnings and what to do."""
    errors = [line for line in result.stderr.splitlines() if line.startswith("nixctr-net: ")]
    assert result.rc == FAILED and len(errors) == 1, result
    assert CAUSES[fault] in errors[0], result
    assert "/" in errors[0], f"which file? {result}"


def fails_at(world, command, fault, victim, undone, states):
    """Lets one change fail. Returns whether there was one."""
    before, after = states
    result, lines = disk_module.run(world, command, victim, fault, disk_module.ANYWHERE)
    failed = [line[1] for line in lines if line[0] == "fault"]
    where = f"{fault} at {victim}, {failed}: {result}"
    if not failed:
        assert result.rc == 0 and leases(world.root) == after, where
        return False
    seen = leases(world.root)
    if result.rc == 0:
        assert seen == after, where
    else:
        insist_on_error(result, fault)
        assert seen[0] in (before[0], after[0]) and seen[1] in (before[1], after[1]), where
        # Where it is the book that fails, a lease may stay, which is taken up as after a kill.
        stays = fault == "dead" or any(referee.BOOK in path for path in failed)
        assert seen == before or not undone or stays, where
        again = world.nixctr(*command)
        assert again.rc == 0 or (again.rc == CONFLICT and seen == after), f"{where}{again}"
        assert leases(world.root) == after, where
    return True


def victims(lines):
    """Which of the changes of an undisturbed run are to fail, counted from 1; none is the last."""
    writes = [line[:2] if line[0] == "write" else None for line in lines]
    for number, (before, this, after) in enumerate(zip([None, *writes], writes, [*writes[1:], None])):
        if EVERY or not this or not before == this == after:
            yield number + 1
    yield len(lines) + 1


@pytest.fixture(scope="module", name="empty")
def fixture_empty():
    """A host for all of them, and its files before there is anything."""
    with world_module.World() as world:
        yield world, disk_module.Snapshot(world, book_stories.STATE, "empty")


@pytest.mark.parametrize("name, fault", cases())
def test_fails_anywhere(empty, name, fault):
    """See above."""
    world, nothing = empty
    before, command, undone = COMMANDS[name]
    nothing.restore()
    for words in before:
        world.ok(*words)
    snapshot = disk_module.Snapshot(world, book_stories.STATE, f"{name} {fault}")
    begin = leases(world.root)
    # A book that was put back is another one, and what is remembered of it does not count.
    snapshot.restore()
    _, lines = disk_module.run(world, command, where=disk_module.ANYWHERE)
    states = (begin, leases(world.root))
    assert states[0] != states[1]
    *numbers, beyond = victims(lines)
    for victim in numbers[::STRIDE]:
        snapshot.restore()
        assert fails_at(world, command, fault, victim, undone, states) or fault in NEED_ROOM
    snapshot.restore()
    assert not fails_at(world, command, fault, beyond, undone, states)
    assert len(numbers) > 10


@pytest.fixture(scope="module", name="stage")
def fixture_stage():
    """A host for the stories of the book, and what they begin with."""
    with world_module.World() as world:
        yield world, book_stories.stage(world)


def story_cases():
    """Each of the stories, with each fault or with two."""
    return [(name, fault) for name in book_stories.COMMANDS for fault in (CAUSES if EVERY else FAULTS)]


@pytest.mark.parametrize("name, fault", story_cases())
def test_story_fails_anywhere(stage, name, fault):
    """The same of the other commands that change the book; "ipam check" finds nothing but what a repair mends."""
    world, snapshot = stage
    story = book_stories.Story(world, snapshot, name)
    _, lines = disk_module.run(world, story.command, where=disk_module.ANYWHERE)
    *numbers, _ = victims(lines)
    assert len(numbers) > 5
    for victim in numbers[:: STRIDE if EVERY else STRIDE * FAULTS[fault]]:
        snapshot.restore()
        result, lines = disk_module.run(world, story.command, victim, fault, disk_module.ANYWHERE)
        failed = [line[1] for line in lines if line[0] == "fault"]
        assert failed or fault in NEED_ROOM
        where = f"{fault} at {victim}, {failed}: {result}"
        if result.rc and name in TABLES:
            assert result.rc == FAILED and CAUSES[fault] in result.stdout + result.stderr, where
        elif result.rc:
            insist_on_error(result, fault)
        seen = story.insist_on_sound(where)
        assert result.rc or seen == story.after, where
        story.finish(where)
