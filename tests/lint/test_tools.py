# SPDX-License-Identifier: GPL-2.0-or-later
"""What clang-format, clang-tidy, cppcheck and shellcheck say: nothing.

BUILD_ROOT is the build directory, whose compile_commands.json tells the flags of each file.
"""

import json
import os
import pathlib
import shutil

import pytest
import tidy
import tree

BUILD_ROOT = pathlib.Path(os.environ.get("BUILD_ROOT", "/nonexistent"))

# Suppressed is what it cannot know: _cleanup_ frees, and outputs are written on success only.
CPPCHECK = ["cppcheck", "--quiet", "--error-exitcode=1", "--std=c11", "--enable=warning,portability",
            "--inline-suppr", "--suppress=memleak", "--suppress=ctunullpointer",
            "--suppress=ctuuninitvar"]  # fmt: skip


def needed(program):
    """Skips the test where a checker is not installed."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def verdict(*argv):
    """Runs a checker from the root of the tree. Returns what it says if it is not content, or ""."""
    needed(argv[0])
    status, said = tidy.said_by(argv, tree.ROOT)
    return "" if status == 0 else said or f"{argv[0]} exits {status}"


def test_clang_format():
    """All C is as clang-format would have it."""
    tree.content(verdict("clang-format", "--dry-run", "-Werror", *tree.files(".c", ".h")))


def test_shellcheck():
    """Every script, with the optional checks that find real errors."""
    paths = [*tree.scripts(b"sh"), *tree.scripts(b"bash")]
    assert {"tools/check", "tools/setup", ".ci/run", "tests/netns/isolate"} <= set(paths)
    tree.content(verdict("shellcheck", "--severity=style", "--external-sources", *paths))


def test_clang_tidy():
    """All that is compiled, with the checks that .clang-tidy chooses."""
    needed("clang-tidy")
    tree.content(tidy.complaints(BUILD_ROOT))


def test_cppcheck():
    """The product, as a second opinion."""
    tree.content(verdict(*CPPCHECK, "-I.", *tree.PRODUCT))


@pytest.mark.parametrize(
    "name, text, argv",
    [
        ("a.c", "int  a ;\n", ["clang-format", "--dry-run", "-Werror"]),
        ("a.sh", "#!/bin/sh\nrm $1\n", ["shellcheck", "--severity=style"]),
        ("a.c", "int main(void)\n{\n\tint a[2] = {0};\n\n\treturn a[2];\n}\n", CPPCHECK),
        (
            "a.c",
            "int main(void)\n{\n\tint *a = 0;\n\n\treturn *a;\n}\n",
            ["clang-tidy", *tidy.OPTIONS, f"--config-file={tree.ROOT}/.clang-tidy"],
        ),
    ],
    ids=["clang-format", "shellcheck", "cppcheck", "clang-tidy"],
)
def test_checker_notices(tmp_path, name, text, argv):
    """Each checker, called as above, does object to something objectionable."""
    (tmp_path / name).write_text(text, encoding="ascii")
    assert verdict(*argv, tmp_path / name)


# Content with this in one way, and not content with it in several others.
SAMPLE = """#include "a.h"
int f(int a);
int f(int a)
{
	if (a)
		return 1;
#if LEAVES
	else
		return 2;
#endif
	return 3;
}
"""


def compile_with(build, *flags):
    """Has the sample compiled with these flags."""
    command = ["cc", *flags, *"-MD -MQ a.o -MF a.o.d -o a.o -c a.c".split()]
    entry = {"directory": str(build), "file": "a.c", "command": " ".join(command)}
    (build / "compile_commands.json").write_text(json.dumps([entry]), encoding="ascii")


def configure(build, checks):
    """Has the sample looked at with these checks."""
    text = f"Checks: '-*,{checks}'\nWarningsAsErrors: '*'\n"
    (build / ".clang-tidy").write_text(text, encoding="ascii")


@pytest.fixture(name="build")
def _build(tmp_path):
    """A build of the sample, with which clang-tidy was content."""
    needed("clang-tidy")
    (tmp_path / "a.h").write_text("/* nothing yet */\n", encoding="ascii")
    (tmp_path / "a.c").write_text(SAMPLE, encoding="ascii")
    configure(tmp_path, "readability-else-after-return")
    compile_with(tmp_path, "-O2")
    assert not tidy.complaints(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda build: (build / "a.h").write_text("#define LEAVES 1\n", encoding="ascii"),
        lambda build: (build / "a.c").write_text("#define LEAVES 1\n" + SAMPLE, encoding="ascii"),
        lambda build: compile_with(build, "-O2", "-DLEAVES=1"),
        lambda build: configure(build, "readability-identifier-length"),
        lambda build: (build / "a.h").unlink(),
    ],
    ids=["header", "source", "flags", "checks", "header-lost"],
)
def test_clang_tidy_looks_again(build, change):
    """Whatever changes what it would say, it is asked, and again as long as it complains."""
    change(build)
    assert tidy.complaints(build)
    assert tidy.complaints(build)


def test_clang_tidy_is_spared_what_it_has_seen(build, monkeypatch):
    """With nothing changed it is not asked; nor when a change is taken back."""
    asked = []
    said_by = tidy.said_by

    def asking(argv, directory=None):
        """Notes of what is run, and runs it."""
        asked.append(argv[0])
        return said_by(argv, directory)

    monkeypatch.setattr(tidy, "said_by", asking)
    assert not tidy.complaints(build)
    compile_with(build, "-DLEAVES=1")
    assert tidy.complaints(build)
    compile_with(build, "-O2")
    assert not tidy.complaints(build)
    # Its version is asked for each of three times, and one file is looked at.
    assert asked.count("clang-tidy") == 3 + 1
