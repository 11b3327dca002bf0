# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed for other programs is enough to build one and to run it."""

import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent


def run(argv, **options):
    """Runs a command and insists. Returns what it printed."""
    done = subprocess.run(argv, capture_output=True, encoding="utf-8", check=False, **options)
    assert done.returncode == 0, f"{argv}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_a_program_of_somebody_else(tmp_path):
    """... with what pkg-config says, and nothing of our tree."""
    installed = tmp_path / "installed"
    run(["meson", "install", "-C", os.environ["BUILD_ROOT"], "--no-rebuild", "--quiet",
         "--destdir", installed])  # fmt: skip
    [found] = installed.glob("usr/lib/**/nixctr-net.pc")
    # The others that it needs are those of the machine, and where they are.
    text = found.read_text(encoding="ascii")
    assert "prefix=/usr\n" in text
    found.write_text(text.replace("prefix=/usr\n", f"prefix={installed}/usr\n"), encoding="ascii")
    flags = run(["pkg-config", "--cflags", "--libs", "nixctr-net"],
                env={**os.environ, "PKG_CONFIG_PATH": str(found.parent)})  # fmt: skip
    program = tmp_path / "use"
    run(["cc", "-Wall", "-Wextra", "-Werror", "-o", program, HERE / "use.c", *flags.split()])
    book = tmp_path / "state" / "book.db"
    for _ in range(2):
        assert run([program, book]) == "ve-foo 10.233.1.2\n"
    refused = subprocess.run([program, "/proc/none/book.db"], capture_output=True, check=False)
    assert refused.returncode not in (0, 2) and b"/proc/none" in refused.stderr
