# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in Nix's language: it can be parsed, and says nothing that the program does not know."""

import re
import subprocess

import pytest
import tree

# A key of a definition, where the module writes one; a capability is none.
KEY = re.compile(r'"(?!CAP_)([A-Z][A-Z_]+[A-Z])(?:=|")')
SUBDIRECTORY = re.compile(r"^subdir\('(\w+)'\)", re.MULTILINE)


def parse(text):
    """What the parser of Nix has against a text, or ""."""
    answer = subprocess.run(["nix-instantiate", "--parse", "-"], input=text, capture_output=True,
                            text=True, check=False)  # fmt: skip
    return "" if answer.returncode == 0 else answer.stderr


def unknown_keys(path, text):
    """Keys of definitions that the manual does not know."""
    known = tree.read("man/nixctr-net-container.5.scd") + tree.read("man/nixctr-net.8.scd")
    for key in KEY.findall(text):
        if f"*{key}*" not in known:
            yield f"{path}: {key} is no key of a definition"


def missing_folders(path, text):
    """Folders that the build needs and the package leaves out."""
    for folder in SUBDIRECTORY.findall(tree.read("meson.build")):
        if folder != "tests" and f"../{folder}\n" not in text:
            yield f"{path}: {folder}/ is not in the source of the package"


@pytest.mark.parametrize("path", tree.files(".nix"))
def test_parsed(path):
    """By Nix itself."""
    tree.content(parse(tree.read(path)))


def test_keys_of_definitions():
    """The module writes no key that nobody reads."""
    assert "EPHEMERAL" in KEY.findall(tree.read("nix/module.nix"))
    tree.insist(unknown_keys, ["nix/module.nix"])


def test_source_of_the_package():
    """Has all that is built."""
    tree.insist(missing_folders, ["nix/package.nix"])


@pytest.mark.parametrize("check, sample", [
    (lambda path, text: [parse(text)] if parse(text) else [], "{ a = 1 }"),
    (unknown_keys, 'line "NOBODY_KNOWS" []'),
    (missing_folders, "../base\n"),
], ids=["syntax", "key", "folder"])  # fmt: skip
def test_bad_sample(check, sample):
    """Each check objects to one."""
    assert list(check("sample.nix", sample))
