# SPDX-License-Identifier: GPL-2.0-or-later
"""What clang-format, clang-tidy, cppcheck and shellcheck say: nothing.

BUILD_ROOT is the build directory, whose compile_commands.json tells the flags of each file.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import tree

BUILD_ROOT = pathlib.Path(os.environ.get("BUILD_ROOT", "/nonexistent"))

# run-clang-tidy insists on colours.
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# Suppressed is what it cannot know: _cleanup_ frees, and outputs are written on success only.
CPPCHECK = ["cppcheck", "--quiet", "--error-exitcode=1", "--std=c11", "--enable=warning,portability",
            "--inline-suppr", "--suppress=memleak", "--suppress=ctunullpointer",
            "--suppress=ctuuninitvar"]  # fmt: skip


def verdict(*argv):
    """Runs a checker from the root of the tree. Returns what it says if it is not content, or ""."""
    if not shutil.which(argv[0]):
        pytest.skip(f"{argv[0]} is not installed")
    done = subprocess.run(
        argv, cwd=tree.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    said = COLOUR.sub("", done.stdout)
    return "" if done.returncode == 0 else said or f"{argv[0]} exits {done.returncode}"


def compiled():
    """The C files that this build compiles. (Headers are seen through them.)"""
    commands = json.loads((BUILD_ROOT / "compile_commands.json").read_text(encoding="utf-8"))
    paths = {(pathlib.Path(c["directory"]) / c["file"]).resolve() for c in commands}
    return sorted(str(path) for path in paths)


def test_clang_format():
    """All C is as clang-format would have it."""
    tree.content(verdict("clang-format", "--dry-run", "-Werror", *tree.files(".c", ".h")))


def test_shellcheck():
    """Every script, with the optional checks that find real errors."""
    paths = [*tree.scripts(b"sh"), *tree.scripts(b"bash")]
    assert {"tools/check", "tools/setup", ".ci/run", "tests/netns/throwaway-host"} <= set(paths)
    tree.content(verdict("shellcheck", "--severity=style", "--external-sources", *paths))


def test_clang_tidy():
    """All that is compiled, with the checks that .clang-tidy chooses."""
    paths = compiled()
    assert paths
    # gcc's own warnings are not known to it, which must not be an error where warnings are.
    known = "-extra-arg=-Wno-unknown-warning-option"
    tree.content(verdict("run-clang-tidy", "-quiet", known, "-p", BUILD_ROOT, *paths))


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
            ["clang-tidy", "-quiet", f"--config-file={tree.ROOT}/.clang-tidy"],
        ),
    ],
    ids=["clang-format", "shellcheck", "cppcheck", "clang-tidy"],
)
def test_checker_notices(tmp_path, name, text, argv):
    """Each checker, called as above, does object to something objectionable."""
    (tmp_path / name).write_text(text, encoding="ascii")
    assert verdict(*argv, tmp_path / name)
