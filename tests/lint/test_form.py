# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes, banned calls, doc blocks, licence lines and blanks."""

import re

import pytest
import tree

# The limits that stop a commit; CONTRIBUTING.md has the lower ones to aim at.
FILE_LINES = 600
FUNCTION_LINES = 60

# Functions the product does without, and why.
BANNED = {
    "system": "a shell",
    "popen": "a shell",
    "strcpy": "knows no bounds",
    "strcat": "knows no bounds",
    "sprintf": "knows no bounds",
    "vsprintf": "knows no bounds",
    "gets": "knows no bounds",
    "atoi": "cannot tell 0 from rubbish",
    "atol": "cannot tell 0 from rubbish",
    "strtok": "keeps hidden state",
    "ioctl": "networking goes through netlink",
    "alloca": "knows no bounds",
}

# Files that may call one all the same, and why.
ALLOWED = {
    ("base/attribute.c", "ioctl"): "attributes of files have no other interface",
    ("machine/pty.c", "ioctl"): "terminals have no other interface",
}

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"

# Made by and for people, or data: no licence line.
UNLICENSED = re.compile(r".*\.(md|json|txt|svg|png|sql|golden)|LICENSE|\.gitignore|.*/LICENSE|debian/(changelog|copyright|source/format)")


def c_files():
    """All C, tests included."""
    return tree.files(".c", ".h")


def product():
    """All C of the product."""
    return tree.files(".c", ".h", below=tree.PRODUCT)


def check_file_size(path, text):
    """A file is something one can read in one go."""
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}:1: {lines} lines, more than {FILE_LINES}"


def check_function_size(path, text):
    """A function does one thing."""
    for function in tree.functions(text):
        if function.length > FUNCTION_LINES:
            yield (
                f"{path}:{function.line}: {function.name}() has {function.length} lines,"
                f" more than {FUNCTION_LINES}"
            )


def check_banned(path, text):
    """No call of, and no pointer to, a banned function."""
    for number, line in enumerate(tree.code_only(text).split("\n"), 1):
        for name in re.findall(r"(?<![\w.>])(\w+)\b", line):
            if name in BANNED and (path, name) not in ALLOWED:
                yield f"{path}:{number}: {name}: {BANNED[name]}"


def needs_no_comment(path, function):
    """A test case is told by its name, and what main() does there everybody knows."""
    return path.startswith("tests/") and re.search(r"\(void \*\*\w+\)|\bmain\(", function.head)


def check_doc_blocks(path, text):
    """Each function has a block: "name - summary" in a source file of the product; any comment will
    do in a header and in a test."""
    for function in tree.functions(text):
        if f" * {function.name} - " in function.block or needs_no_comment(path, function):
            continue
        if function.block and (path.endswith(".h") or path.startswith("tests/")):
            continue
        yield f"{path}:{function.line}: {function.name}() has no doc block of its own"


def check_licence(path, text):
    """The licence is told in the first three lines."""
    if SPDX not in "\n".join(text.split("\n")[:3]):
        yield f"{path}:1: no {SPDX}"


def check_blanks(path, text):
    """No blanks at the end of a line, no empty lines at the end of the file, and an end of line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield f"{path}: does not end in just one end of line"


def check_merged(path, text):
    """What a merge could not decide has been decided."""
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"[<>|]{7}( |$)", line):
            yield f"{path}:{number}: a mark of a conflict that was merged"


def test_files_are_short():
    """See check_file_size()."""
    tree.insist(check_file_size, tree.files(".c", ".h", ".py"))


def test_functions_are_short():
    """See check_function_size()."""
    tree.insist(check_function_size, c_files())


def test_nothing_banned_is_called():
    """See check_banned()."""
    tree.insist(check_banned, product())


def test_functions_have_doc_blocks():
    """See check_doc_blocks()."""
    tree.insist(check_doc_blocks, c_files())


def test_files_tell_their_licence():
    """See check_licence()."""
    licensed = (path for path in tree.files() if not UNLICENSED.fullmatch(path))
    tree.insist(check_licence, licensed)


def test_lines_end_without_blanks():
    """See check_blanks()."""
    tree.insist(check_blanks, (p for p in tree.files() if p != "LICENSE"))


def test_nothing_is_left_of_a_merge():
    """See check_merged()."""
    tree.insist(check_merged, tree.files())


FUNCTION = "/**\n * f - do it\n * @a: what\n */\nstatic int f(int a,\n\t     int b)\n{\n%s}\n"


def test_functions_are_found():
    """Sizes and blocks rest on the little parser: it must see what is there."""
    text = FUNCTION % "\treturn a;\n" + "\nstruct x {\n\tint y;\n};\n\nint g(void)\n{\n}\n"
    found = [(f.name, f.line, f.length, bool(f.block)) for f in tree.functions(text)]
    assert found == [("f", 5, 5, True), ("g", 15, 3, False)]


def test_every_function_of_the_product_is_found():
    """A definition in another form than the parser knows would go unchecked."""
    for path in product():
        text = tree.code_only(tree.read(path))
        bodies = len(re.findall(r"^\{$", text, re.MULTILINE))
        assert bodies == len(list(tree.functions(tree.read(path)))), path
        assert not re.search(r"^[a-z].*\)[ \t]*\{", text, re.MULTILINE), path


@pytest.mark.parametrize(
    "check, path, text",
    [
        (check_file_size, "a.c", "\n" * (FILE_LINES + 1)),
        (check_function_size, "a.c", FUNCTION % ("\tf();\n" * (FUNCTION_LINES - 3))),
        (check_banned, "a.c", '\tstrcpy(to, "from");\n'),
        (check_banned, "a.c", "\tint (*f)(const char *) = system;\n"),
        (check_banned, "a.c", "\tioctl(fd, SIOCGIFFLAGS, &request);\n"),
        (check_banned, "base/attribute.c", "\tsystem(path);\n"),
        (check_doc_blocks, "a.c", "int f(void)\n{\n}\n"),
        (check_doc_blocks, "a.c", "/* does it */\nint f(void)\n{\n}\n"),
        (check_doc_blocks, "a.c", "/**\n * g - do it\n */\nint f(void)\n{\n}\n"),
        (check_doc_blocks, "a.h", "static inline int f(void)\n{\n}\n"),
        (check_doc_blocks, "tests/a.c", "static void f(void)\n{\n}\n"),
        (check_licence, "a.c", "/* SPDX-License-Identifier: MIT */\n"),
        (check_blanks, "a.c", "int a; \n"),
        (check_blanks, "a.c", "\t\nint a;\n"),
        (check_blanks, "a.c", "int a;"),
        (check_blanks, "a.c", "int a;\n\n"),
        (check_merged, "a.c", "/*\n<<<<<<< HEAD\n"),
        (check_merged, "a.md", ">>>>>>> branch\n"),
    ],
)
def test_bad_form_is_noticed(check, path, text):
    """Every sample breaks one rule once."""
    assert len(list(check(path, text))) == 1


@pytest.mark.parametrize(
    "check, path, text",
    [
        (check_file_size, "a.c", "\n" * FILE_LINES),
        (check_function_size, "a.c", FUNCTION % ("\tf();\n" * (FUNCTION_LINES - 4))),
        (check_banned, "a.c", '/* not system() */ log("system %s", x->system, snprintf);\n'),
        (check_banned, "base/attribute.c", "\tioctl(fd, FS_IOC_GETFLAGS, &flags);\n"),
        (check_doc_blocks, "a.c", FUNCTION % ""),
        (check_doc_blocks, "a.h", "/* Does it. */\nstatic inline int f(void)\n{\n}\n"),
        (check_doc_blocks, "tests/a.c", "/* Does it. */\nvoid f(void)\n{\n}\n"),
        (check_doc_blocks, "tests/a.c", "static void does_it(void **state)\n{\n}\n"),
        (check_licence, "a.sh", f"#!/bin/sh\n# {SPDX}\n"),
    ],
)
def test_good_form_is_left_alone(check, path, text):
    """No complaint about what is right."""
    assert not list(check(path, text))
