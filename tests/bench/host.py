# SPDX-License-Identifier: GPL-2.0-or-later
"""A throwaway host with a stopwatch on it.

Every peer gets a host of its own, so that a thousand containers of one are not in the way of
another, and all hosts stand side by side, so that the peers can take turns.

A command is a list of words as timer.c describes it.
"""

import dataclasses
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "netns"))

import world  # noqa: E402  pylint: disable=wrong-import-position

# One line of the stopwatch takes so many commands at most.
LINE_COMMANDS = 200


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one measurement came to."""

    ms: float
    failed: int
    resident_kib: int
    cpu_ms: float


def sequence(commands):
    """The words for commands that run one after the other."""
    return [word for command in commands for word in (";", *map(str, command))][1:]


def together(jobs):
    """The words for sequences of commands that run at once."""
    return [word for job in jobs for word in ("&", *sequence(job))][1:]


class Host:
    """Use it in a "with", at whose end everything on it is gone."""

    def __init__(self, timer, *before):
        """@before: words to make the host under, as world.World has them."""
        self._world = world.World(*before)
        self._errors = tempfile.TemporaryFile()
        self._timer = subprocess.Popen(
            self._world.command(HERE / "furnish", timer),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="ascii",
        )  # fmt: skip
        self.do([["true"]])  # done when the host is furnished

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Throws the host away."""
        self._timer.stdin.close()
        self._timer.wait(world.DEADLINE)
        self._timer.stdout.close()
        self._errors.close()
        self._world.close()

    def complaints(self):
        """The end of what commands have said on their standard error."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-2000:]

    def measure(self, words, tolerant=False):
        """Runs one measurement. A failed command is an error unless it is tolerated."""
        self._timer.stdin.write("\t".join(words) + "\n")
        self._timer.stdin.flush()
        answer = self._timer.stdout.readline().split()
        if len(answer) != 4:
            raise RuntimeError(f"the stopwatch has died: {self.complaints()}")
        ns, failed, resident, cpu = map(int, answer)
        if failed and not tolerant:
            raise RuntimeError(f"{failed} failed of: {' '.join(words)[:400]}\n{self.complaints()}")
        return Sample(ns / 1e6, failed, resident, cpu / 1e3)

    def do(self, commands, tolerant=False):
        """Runs commands one after the other without an interest in what they cost."""
        commands = list(commands)
        for start in range(0, len(commands), LINE_COMMANDS):
            self.measure(sequence(commands[start : start + LINE_COMMANDS]), tolerant)

    @property
    def outside(self):
        """A process in the network around the host."""
        return self._world.outside.pid

    def run(self, *argv):
        """Runs a command for its output; see world.Result."""
        return self._world.run(*argv)

    @property
    def namespace(self):
        """Its network namespace."""
        return self._world.namespace

    def start(self, *argv, **options):
        """Starts a command that is not waited for; see subprocess.Popen."""
        return subprocess.Popen(self._world.command(*argv), **options)

    def write(self, path, text):
        """Makes a file and the directories above it."""
        there = self.path(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text, encoding="ascii")

    def path(self, absolute):
        """Where a file of the host can be reached from here."""
        return self._world.path(absolute)
