# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on the host that have a terminal, see on-terminal.py."""

import json
import pathlib

PROGRAM = pathlib.Path(__file__).parent / "on-terminal.py"


def on_terminal(host, *argv, steps=(), hang_up=False, **options):
    """Runs a command on a terminal. Each step is (what is waited for, what is typed then). Returns
    (its exit status, what it has said); None: it did not end."""
    call = json.dumps({"argv": argv, "steps": steps, "hang_up": hang_up})
    result = host.run("python3", "-c", PROGRAM.read_text(encoding="utf-8"), stdin=call, **options)
    assert result.rc == 0, result
    return result.json["status"], result.json["said"]
