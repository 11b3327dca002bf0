# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages as their tests see them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]

ALL = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "man").glob("*.scd"))

# One page for the commands without a noun, and one for each noun.
COMMANDS = [path for path in ALL if path.endswith(".8.scd")]


def noun(path):
    """The noun of a page of commands, or ""."""
    return re.fullmatch(r"man/nixctr-net-?([a-z]*)\.8\.scd", path)[1]


def read(path):
    """The text of a page."""
    return (ROOT / path).read_text(encoding="utf-8")


def section(text, title):
    """The lines below a heading of the first level, up to the next one."""
    return text.split(f"\n# {title}\n", 1)[1].split("\n# ", 1)[0].splitlines()


def fields(text):
    """Command -> what its entry below JSON names."""
    found, commands = {}, []
    for line in section(text, "JSON") if "\n# JSON\n" in text else []:
        if line.startswith("*") and line.endswith("*"):
            commands = re.findall(r"\*([a-z -]+)\*", line)
        elif line.startswith("\t"):
            for command in commands:
                found.setdefault(command, set()).update(re.findall(r"\*([a-z0-9_]+)\*", line))
        elif line:
            commands = []
    return found


def examples(text):
    """The commands of ours in the literal blocks of a page."""
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if re.match(r"(nixctr-net|nixos-container) ", line):
                yield line.replace("\\\\", "\\")
