# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of a command that changes the address book: it is sound, "ipam check" finds nothing
but what a repair mends, and the same command again ends where it would have ended."""

import book_stories
import pytest
import world as world_module
from killing import KILLED, STRIDE, killed_run


@pytest.fixture(scope="module", name="stage")
def fixture_stage():
    """A host for all of them, and what they begin with."""
    with world_module.World() as world:
        yield world, book_stories.stage(world)


@pytest.mark.parametrize("name", book_stories.COMMANDS)
def test_killed_anywhere(stage, name):
    """See above."""
    world, snapshot = stage
    story = book_stories.Story(world, snapshot, name)
    whole = killed_run(world, 0, story.command)
    assert whole.rc == 0, whole
    effective = int(whole.stderr.split()[-1])
    assert effective > 10
    for victim in range(1, effective + 1, STRIDE):
        where = f"killed at {victim} of {effective}"
        snapshot.restore()
        killed = killed_run(world, victim, story.command)
        assert killed.rc == KILLED, f"{where}: {killed}"
        story.insist_on_sound(where)
        story.finish(where)
