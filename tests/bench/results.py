# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: series of milliseconds by metric and peer, and single facts."""

import math
import statistics


class Results:
    """Metrics appear in the order in which they were first added to."""

    def __init__(self):
        self._series = {}
        self._facts = {}

    def add(self, metric, peer, value):
        """Adds one measurement."""
        self._series.setdefault(metric, {}).setdefault(peer, []).append(value)

    def note(self, fact, value):
        """Notes something that is measured once, or counted."""
        self._facts[fact] = value

    def fact(self, fact):
        """A fact, or None."""
        return self._facts.get(fact)

    @property
    def facts(self):
        """All facts."""
        return dict(self._facts)

    @property
    def metrics(self):
        """The names of all series."""
        return list(self._series)

    def peers(self, metric):
        """Who was measured."""
        return list(self._series.get(metric, {}))

    def values(self, metric, peer):
        """All measurements of a series, in the order in which they were made."""
        return list(self._series.get(metric, {}).get(peer, []))

    def median(self, metric, peer):
        """The median, or None when there is no such series."""
        values = self.values(metric, peer)
        return statistics.median(values) if values else None

    def p10(self, metric, peer):
        """The value that a tenth of all stays below, or None."""
        values = sorted(self.values(metric, peer))
        return values[(len(values) - 1) // 10] if values else None

    def ratio(self, metric, peer, other, other_metric=None):
        """How many times the median of another peer's (or metric's) it is, or None."""
        return quotient(self.median(metric, peer), self.median(other_metric or metric, other))


def quotient(a, b):
    """a / b, or None when either is not known."""
    return a / b if a is not None and b else None


def drift(values, window):
    """How many times the first values the last ones are, by the medians of both; None: too few."""
    if len(values) < 2 * window:
        return None
    return statistics.median(values[-window:]) / statistics.median(values[:window])


def spread(medians):
    """How far the largest is above the smallest, as a fraction; None without two of them."""
    known = [m for m in medians if m is not None and not math.isnan(m)]
    return max(known) / min(known) - 1 if len(known) > 1 else None
