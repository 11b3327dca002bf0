# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual has every command, option, exit status and field of the program, and no other.

What the program has is asked of the program itself. tests/netns/test_manual.py runs the examples, and
compares fields with answers.
"""

import os
import re
import shlex
import subprocess

import pages
import pytest
import tree

BINARY = os.path.join(os.environ["BUILD_ROOT"], "cli", "nixctr-net")

# Pages of others that ours lead to. One that is not here is perhaps misspelt.
ELSEWHERE = {"systemd-nspawn(1)", "machinectl(1)", "ip-netns(8)", "nft(8)", "veth(4)", "systemd.service(5)",
             "systemd.exec(5)", "systemd.resource-control(5)", "nix-env(1)", "nix3-build(1)", "sudo(8)",
             "nsswitch.conf(5)", "machine-id(5)"}  # fmt: skip

HEADING = re.compile(r"^\*([a-z-]+(?: [a-z-]+){0,2})\*(?: |$)")
OPTION = re.compile(r"\*(--?[A-Za-z0-9][A-Za-z0-9-]*)\*")


def of_program():
    """Command -> its row of the program's own table: arguments, options, what it lists."""
    answer = subprocess.run([BINARY, "complete"], check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return {row[0]: {"options": {word.rstrip("=") for word in row[3].split()},
                     "lists": dict(part.split(":") for part in row[4].split()) if row[4:] else {},
                     } for row in rows}  # fmt: skip


def options_of_program():
    """Command -> its options; "" for those of every command."""
    return {command: row["options"] for command, row in of_program().items()}


def options_in(line):
    """The options a line introduces: those before the first blank that ends their list."""
    return set(OPTION.findall(line)) if line.lstrip("\t").startswith("*-") else set()


def of_manual(text):
    """Command -> its options, as a page has them."""
    found, command = {}, None
    if "\n# OPTIONS\n" in text:
        found[""] = set().union(*map(options_in, pages.section(text, "OPTIONS")))
    for line in pages.section(text, "COMMANDS"):
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
    for path in pages.COMMANDS:
        page = of_manual(tree.read(path))
        nouns = {command.split(" ")[0] for command in page if " " in command}
        assert nouns == ({pages.noun(path)} if pages.noun(path) else set()), path
        assert not set(page) & set(found)
        found.update(page)
    return found


def page_of(command):
    """The page that a command is on."""
    noun = command.split(" ")[0] if " " in command else ""
    return next(path for path in pages.COMMANDS if pages.noun(path) == noun)


def test_manual_has_what_the_program_has():
    """Each command with each of its options."""
    program, page = options_of_program(), manual()
    assert set(page) == set(program)
    for command, options in program.items():
        assert page[command] == options, command or "options of every command"


def test_every_exit_status_is_explained():
    """The codes of enum error_class."""
    codes = set(re.findall(r"^\tERROR_\w+ = (\d+),", tree.read("base/error.h"), re.MULTILINE))
    text = tree.read("man/nixctr-net.8.scd")
    explained = "\n".join(line for line in pages.section(text, "EXIT STATUS") if line[:1] == "*")
    assert len(codes) > 5
    assert codes | {"0"} == set(re.findall(r"\*(\d+)\*", explained))


@pytest.mark.parametrize(
    "old, new",
    [("*--auto-start*", "*--auto*"), ("*destroy* [", "*remove* ["), ("*-h*, *--help*", "*--help*")],
)  # fmt: skip
def test_a_difference_is_noticed(old, new):
    """A wrong word anywhere makes the comparison fail."""
    text, program = tree.read("man/nixctr-net.8.scd"), options_of_program()
    assert of_manual(text).items() <= program.items()
    assert old in text
    assert not of_manual(text.replace(old, new)).items() <= program.items()


def missing_fields(command, lists, text):
    """Fields of a command's rows that its entry below JSON does not name."""
    named = pages.fields(text).get(command, set())
    for key, columns in lists.items():
        yield from (f"{command}: {field}" for field in [key, *columns.split(",")] if field not in named)


def test_every_column_is_a_field_of_the_manual():
    """Of each listing, on the page of each command that shows it."""
    listed = {command: row["lists"] for command, row in of_program().items() if row["lists"]}
    assert len(listed) > 5
    complaints = [text for command, lists in listed.items()
                  for text in missing_fields(command, lists, tree.read(page_of(command)))]  # fmt: skip
    tree.content("\n".join(complaints))
    text = tree.read(page_of("list")).replace("*auto_start*", "*autostart*")
    assert list(missing_fields("list", listed["list"], text)) == ["list: auto_start"]


def mistakes_of(line, program):
    """What is wrong with a command of an example, and the command that it is."""
    words = shlex.split(line.split(" | ")[0], comments=True)[1:]
    command = next((" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in program), None)
    if not command:
        return None, [f"no such command: {line}"]
    known = program[command]["options"] | program[""]["options"]
    typed = words[len(command.split()):]
    typed = typed[:1] if command in ("run", "net exec") else typed
    typed = typed[: typed.index("--")] if "--" in typed else typed
    options = {word.split("=")[0] for word in typed if word.startswith("-")}
    return command, [f"no option {option} of {command}: {line}" for option in options - known]


def test_every_command_has_an_example_that_can_be_typed():
    """On its page. Those of other pages and of the README are held to the same."""
    program = of_program()
    for path in [*pages.ALL, "README.md"]:
        found = [mistakes_of(line, program) for line in pages.examples(tree.read(path))]
        tree.content("\n".join(text for _, mistakes in found for text in mistakes))
        if path in pages.COMMANDS:
            assert {command for command, _ in found} >= {
                command for command in program if command and page_of(command) == path
            }, path
    assert mistakes_of("nixctr-net list --lnog", program)[1]
    assert mistakes_of("nixctr-net lsit", program)[1]


def strangers(path, text):
    """Pages that a page leads to and that there are not."""
    ours = {re.sub(r"man/(.*)\.(\d)\.scd", r"\1(\2)", page) for page in pages.ALL}
    for word in set(re.findall(r"\*?([a-z][a-z0-9.-]*)\*?\((\d)\)", text)):
        name = f"{word[0]}({word[1]})"
        if name not in ours | ELSEWHERE:
            yield f"{path}: there is no page {name}"


def test_every_page_that_is_named_is_there():
    """And every page of ours has a section of them, and is installed."""
    tree.insist(strangers, pages.ALL)
    assert list(strangers("a", "nixctr-net-nat(5) and nft(8)"))
    for path in pages.ALL:
        assert pages.section(tree.read(path), "SEE ALSO"), path
        assert f"'{os.path.basename(path).removesuffix('.scd')}'" in tree.read("man/meson.build")


def test_help_fits_a_screen():
    """Of 80 columns and 24 lines, one of them the prompt; that of a command may be longer. The command of
    that name says the same."""
    program = of_program()
    for command in {"", *program, *(command.split(" ")[0] for command in program)}:
        answer = subprocess.run([BINARY, *command.split(), "--help"], check=True, capture_output=True,
                                text=True)  # fmt: skip
        asked = subprocess.run([BINARY, "help", *command.split()], check=True, capture_output=True,
                               text=True)  # fmt: skip
        assert asked.stdout == answer.stdout, command
        lines = answer.stdout.splitlines()
        assert max(map(len, lines)) <= 80 and not any(line != line.rstrip() for line in lines), command
        assert command or len(lines) <= 23
