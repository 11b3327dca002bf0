# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy for all files of a build, which remembers in the build directory what it was content with.

It takes minutes for everything, and most files are as they were the last time. A file is passed over
only if everything that decides about the verdict is the same: the checker, its options, its
.clang-tidy, the commands that compile the file, and every file that these read. A complaint is never
remembered.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess

# gcc's own warnings are not known to it, which must not be an error where warnings are.
OPTIONS = ("-quiet", "-extra-arg=-Wno-unknown-warning-option")


def said_by(argv, directory=None):
    """Runs a program. Returns its exit status and what it says."""
    done = subprocess.run(
        argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def commands(build):
    """The C files that this build compiles -> [(directory, argv)]. (Headers are seen through them.)"""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        found.setdefault(path, []).append((entry["directory"], shlex.split(entry["command"])))
    return found


def files_read(directory, argv):
    """The paths of all files that a compiler command reads, as the compiler tells, or None when it
    cannot say."""
    words = iter(argv)
    asking = []
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word not in ("-c", "-MD"):
            asking.append(word)
    status, rule = said_by([*asking, "-M"], directory)
    if status != 0:
        return None
    named = rule.split(":", 1)[1].replace("\\\n", " ").split()
    return sorted({pathlib.Path(directory, name) for name in named})


def fingerprint(checker, path, compiled):
    """A digest of all that decides what the checker says about a file, or None when that cannot be
    known."""
    deciding = [folder / ".clang-tidy" for folder in path.parents]
    deciding = [path for path in deciding if path.exists()]
    for directory, argv in compiled:
        read = files_read(directory, argv)
        if read is None:
            return None
        deciding += read
    digest = hashlib.sha256(repr((checker, OPTIONS, str(path), compiled)).encode())
    for each in deciding:
        try:
            content = each.read_bytes()
        except OSError:
            return None
        digest.update(f"{each}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def check(build, checker, path, compiled):
    """What clang-tidy says about one file, unless it was content with the very same before. Of a file
    that changes under its eyes nothing is remembered."""
    mark = fingerprint(checker, path, compiled)
    content = build / "clang-tidy-content" / str(mark)
    if mark and content.exists():
        return ""
    status, said = said_by(["clang-tidy", *OPTIONS, "-p", str(build), str(path)])
    if status != 0:
        return said or f"{path}: clang-tidy exits {status}\n"
    if mark and mark == fingerprint(checker, path, compiled):
        content.parent.mkdir(exist_ok=True)
        content.touch()
    return ""


def complaints(build):
    """All that clang-tidy has to say about the files of a build, as many at a time as there are
    processors."""
    checker = said_by(["clang-tidy", "--version"])
    each = sorted(commands(build).items())
    assert each
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return "".join(pool.map(lambda item: check(build, checker, *item), each))
