# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual has every command and option of the program, and no other."""

import os
import re
import subprocess

import pytest

import tree

BINARY = os.path.join(os.environ["BUILD_ROOT"], "cli", "nixctr-net")

# One page for the commands without a noun, and one for each noun.
COMMANDS = [path for path in tree.files(".8.scd", below=("man",))]

HEADING = re.compile(r"^\*([a-z-]+(?: [a-z-]+){0,2})\*(?: |$)")
OPTION = re.compile(r"\*(--?[A-Za-z0-9][A-Za-z0-9-]*)\*")


def of_program():
    """Command -> its options, as the program's own table has them; "" for those of every command."""
    answer = subprocess.run([BINARY, "complete"], check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return {row[0]: {word.rstrip("=") for word in row[3].split()} for row in rows}


def section(text, title):
    """The lines below a heading of the first level, up to the next one."""
    return text.split(f"\n# {title}\n", 1)[1].split("\n# ", 1)[0].splitlines()


def options_in(line):
    """The options a line introduces: those before the first blank that ends their list."""
    return set(OPTION.findall(line)) if line.lstrip("\t").startswith("*-") else set()


def of_manual(text):
    """The same, as the manual has them."""
    found, command = {}, None
    if "\n# OPTIONS\n" in text:
        found[""] = set().union(*map(options_in, section(text, "OPTIONS")))
    for line in section(text, "COMMANDS"):
        heading = HEADING.match(line)
        if heading:
            command = heading[1]
            found[command] = set(OPTION.findall(line))
        elif command:
            found[command] |= options_in(line)
    return found


def manual():
    """The same, of all pages, and every command on the page of its noun."""
    found = {}
    for path in COMMANDS:
        page = of_manual(tree.read(path))
        noun = re.fullmatch(r"man/nixctr-net-?([a-z]*)\.8\.scd", path)[1]
        nouns = {command.split(" ")[0] for command in page if " " in command}
        assert nouns == ({noun} if noun else set()), path
        assert not set(page) & set(found)
        found.update(page)
    return found


def test_manual_has_what_the_program_has():
    """Each command with each of its options."""
    program, page = of_program(), manual()
    assert set(page) == set(program)
    for command, options in program.items():
        assert page[command] == options, command or "options of every command"


def test_every_exit_status_is_explained():
    """The codes of enum error_class."""
    codes = set(re.findall(r"^\tERROR_\w+ = (\d+),", tree.read("base/error.h"), re.MULTILINE))
    text = tree.read("man/nixctr-net.8.scd")
    explained = "\n".join(line for line in section(text, "EXIT STATUS") if line[:1] == "*")
    assert len(codes) > 5
    assert codes | {"0"} == set(re.findall(r"\*(\d+)\*", explained))


@pytest.mark.parametrize(
    "old, new",
    [("*--auto-start*", "*--auto*"), ("*destroy* [", "*remove* ["), ("*-h*, *--help*", "*--help*")],
)  # fmt: skip
def test_a_difference_is_noticed(old, new):
    """A wrong word anywhere makes the comparison fail."""
    text, program = tree.read("man/nixctr-net.8.scd"), of_program()
    assert of_manual(text).items() <= program.items()
    assert old in text
    assert not of_manual(text.replace(old, new)).items() <= program.items()


def test_help_fits_a_screen():
    """Of 80 columns and 24 lines, one of them the prompt; that of a command may be longer."""
    for command in ["", *{command.split(" ")[0] for command in of_program() if command}, *of_program()]:
        answer = subprocess.run([BINARY, *command.split(), "--help"], check=True, capture_output=True,
                                text=True)  # fmt: skip
        lines = answer.stdout.splitlines()
        assert max(map(len, lines)) <= 80 and not any(line != line.rstrip() for line in lines), command
        assert command or len(lines) <= 23
