# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as tables for people and as JSON for programs."""

import json
import os
import platform

from goals import ELSEWHERE, goals

VERDICTS = {True: "met", False: "NOT MET", None: "not measured"}


def number(value):
    """A number with three significant digits, or a dash."""
    if value is None:
        return "-"
    if isinstance(value, int) or value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(rows):
    """Rows of cells as text: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:])]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def series(results, metric):
    """One metric: every peer's median, 10th percentile and ratio to the first peer's median."""
    first, *_ = names = results.peers(metric)
    yield [f"{metric}, ms", "median", "p10", "n", f"× {first}"]
    for name in names:
        yield [
            f"  {name}",
            number(results.median(metric, name)),
            number(results.p10(metric, name)),
            str(len(results.values(metric, name))),
            number(results.ratio(metric, name, first)),
        ]


def goal_rows(results, sizes):
    """Every goal with its value and verdict."""
    yield ["goal", "wanted", "is", ""]
    for goal in goals(sizes):
        verdict = goal.judge(results)
        wanted = f"{verdict['relation']} {number(verdict['bound'])} {verdict['unit']}".rstrip()
        yield [verdict["goal"], wanted, number(verdict["value"]), VERDICTS[verdict["met"]]]


def text(results, sizes):
    """Everything, as lines."""
    for metric in results.metrics:
        yield from table(list(series(results, metric)))
        yield ""
    for fact, value in results.facts.items():
        yield f"{fact}: {value}"
    yield ""
    yield from table(list(goal_rows(results, sizes)))
    yield from (f"not judged here: {reason}" for reason in ELSEWHERE)


def as_json(results, sizes, runs):
    """Everything, as one object."""
    measured = {
        metric: {
            name: {
                "median_ms": results.median(metric, name),
                "p10_ms": results.p10(metric, name),
                "count": len(results.values(metric, name)),
                "ratio": results.ratio(metric, name, results.peers(metric)[0]),
            }
            for name in results.peers(metric)
        }
        for metric in results.metrics
    }
    answer = {
        "machine": {"kernel": platform.release(), "processors": os.cpu_count()},
        "runs": runs,
        "series": measured,
        "facts": results.facts,
        "goals": [goal.judge(results) for goal in goals(sizes)],
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)
