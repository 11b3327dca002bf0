# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a container's start is ours: the steps of its unit beside the whole, from the command to
its being ready. The container is a real Debian in a real systemd-nspawn."""

import os

import host
from peers import Container

TREE = "/run/bench/tree"
# A directory where systemd-nspawn is "true": what the start step does before it becomes that.
FAKE = "/run/bench/fake"
METRIC = "steps of a start"


def furnish(where, lower):
    """A tree to boot, of which nothing is written to the one that was built."""
    layers = "/run/bench/layers"
    where.do([
        ["mkdir", "-p", TREE, FAKE, f"{layers}/upper", f"{layers}/work"],
        ["mount", "-t", "overlay", "overlay", "-o",
         f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work", TREE],
        ["ln", "-s", "/usr/bin/true", f"{FAKE}/systemd-nspawn"],
    ])  # fmt: skip


def once(bench, where, name):
    """One start, taken apart, and one as a whole."""
    program = bench.tools.program
    without = ["env", f"PATH={FAKE}:/usr/bin"]
    steps = {
        "pre-start": [bench.tools.hook, "pre-start", name],
        "start": [*without, program, "hook", "start", name],
        "nothing": [*without, "true"],
        "post-start": [program, "hook", "post-start", name],
        "post-stop": [bench.tools.hook, "post-stop", name],
    }
    for step, words in steps.items():
        bench.results.add(METRIC, step, where.measure(words).ms)
    bench.settle(where)
    bench.results.add(METRIC, "whole", where.measure([program, "start", name]).ms)
    where.do([[program, "stop", name]])


def life(bench):
    """Starts a container again and again."""
    lower = os.path.join(bench.tools.image, "root/srv/debian")
    if not os.path.isdir(lower):
        bench.say(f"no container can be started: there is no {lower}")
        return
    # A group of its own takes no process of a real-time class, as which a bench may run.
    groups = ["chrt", "--other", "0", host.HERE.parent / "netns" / "own-groups", "hybrid"]
    name = Container(0).name
    with host.Host(bench.tools.timer, *groups) as where:
        furnish(where, lower)
        where.do([[bench.tools.program, "create", "--root-tree", TREE, name]])
        for _ in range(bench.runs):
            once(bench, where, name)


def share(results):
    """The percentage of a start that our steps take; None when it was not measured."""
    ms = {step: results.median(METRIC, step) for step in results.peers(METRIC)}
    if "whole" not in ms:
        return None
    ours = ms["pre-start"] + ms["start"] - ms["nothing"] + ms["post-start"]
    return 100 * ours / ms["whole"]
