# SPDX-License-Identifier: GPL-2.0-or-later
"""Many processes at once create, destroy and are killed; tests/bench/endure has them do so for longer."""

import endurance


def test_churn(world):
    """No address is anybody else's at any time, none is lost, and nobody fails but for want of one."""
    endurance.shrink_pool(world)
    tally = endurance.churn(world, processes=32, commands=10)
    assert not tally.failed and set(tally.documented) <= {4, 5}, tally
    book = endurance.insist_on_nothing_left(world)
    assert book.events > 32 and book.reused > 32, (book.events, book.reused)


def test_kills(world):
    """Whatever is killed wherever, the book is sound and ordinary commands finish everything."""
    tally = endurance.kills(world, workers=4, count=80, batch=40)
    assert tally.killed >= 80 and not tally.failed, tally
