# SPDX-License-Identifier: GPL-2.0-or-later
"""The source tree as the lint tests see it: its files, and C in kernel form taken apart.

A complaint is one line, "file:line: what is wrong". A check takes a path relative to the root and the
text of the file and yields complaints, so that a test can feed it a bad sample.
"""

import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]

PRODUCT = ("base", "ipam", "veth", "nat", "nss", "machine", "managers",
           "container", "declare", "audit", "graph", "transfer", "cli")

_SKIPPED = re.compile(r"build.*|\..*|__pycache__")

# Comments and literals, to be blanked out: what is said in them is not code.
_NOT_CODE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)

_ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)")


def files(*suffixes, below=("",)):
    """The paths of all source files with one of these suffixes, relative to the root. What .git says,
    a directory or, in a worktree, a file, is git's."""
    for top in below:
        for directory, names, found in os.walk(ROOT / top):
            names[:] = sorted(name for name in names if not _SKIPPED.fullmatch(name))
            for name in sorted(found):
                if name != ".git" and (not suffixes or name.endswith(suffixes)):
                    yield str(pathlib.Path(directory, name).relative_to(ROOT))


def scripts(interpreter):
    """The paths of all files whose first line names this interpreter, .ci/ included."""
    for path in [*files(), *files(below=(".ci",))]:
        with open(ROOT / path, "rb") as file:
            first = file.readline(80)
        if first.startswith(b"#!") and interpreter in first.split(b"/")[-1].split():
            yield path


def read(path):
    """The text of a file."""
    return (ROOT / path).read_text(encoding="utf-8")


def insist(check, paths):
    """Fails with all that a check has to say about these files, of which there must be some."""
    paths = list(paths)
    assert paths
    content("\n".join(text for path in paths for text in check(path, read(path))))


def content(complaints):
    """Fails with these complaints, if there are any, and without telling where in Python we are."""
    if complaints:
        pytest.fail(complaints, pytrace=False)


def code_only(text):
    """C with comments and literals blanked out, every line and column where it was."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


class Function:
    """One function definition."""

    def __init__(self, name, head, line, length, block):
        self.name = name
        self.head = head  # its return type, name and parameters, on one line
        self.line = line  # where its head begins, counted from 1
        self.length = length  # lines from the head to the closing brace
        self.block = block  # the comment right above it, or ""


def functions(text):
    """The functions of a file in kernel form: from a "{" in column 0 to a "}" in column 0, under a
    head whose last line ends in ")". Those of a header are static inline, with the brace likewise."""
    lines, code = text.split("\n"), code_only(text).split("\n")
    for opening, line in enumerate(code):
        if line.rstrip() != "{":
            continue
        head = opening - 1
        while head > 0 and _continues_head(code[head]):
            head -= 1
        words = " ".join(_ATTRIBUTE.sub("", " ".join(code[head:opening])).split())
        match = re.search(r"(\w+) ?\(", words)
        closing = next((n for n in range(opening, len(code)) if code[n].startswith("}")), opening)
        if match:
            block = _comment_above(lines, head)
            yield Function(match[1], words, head + 1, closing - head + 1, block)


def _continues_head(line):
    """Whether the head of a function begins above this line: it is indented, or is the end."""
    return line[:1].isspace()


def _comment_above(lines, head):
    """The comment that ends right above a line, or ""."""
    if head == 0 or not lines[head - 1].rstrip().endswith("*/"):
        return ""
    start = head - 1
    while start > 0 and "/*" not in lines[start]:
        start -= 1
    return "\n".join(lines[start:head])
