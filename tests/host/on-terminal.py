# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs on the host: a command on a terminal of its own, of 33 lines with 101 columns.

Reads {"argv": [...], "steps": [[EXPECTED, TYPED], ...], "hang_up": BOOL}. Waits for each text, and
types what goes with it; then it hangs up, or waits for the end. Prints {"said": ..., "status": ...},
the status as of a shell, or null when it did not end in time.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

DEADLINE = time.monotonic() + 60
call = json.load(sys.stdin)
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    os.execvp(call["argv"][0], call["argv"])


def read():
    """What it says next; nothing: it has said all, or the time is over."""
    left = DEADLINE - time.monotonic()
    try:
        return os.read(master, 4096) if left > 0 and select.select([master], [], [], left)[0] else b""
    except OSError:
        return b""


said, seen = b"", 0
for expected, typed in call["steps"]:
    while (at := said.find(expected.encode(), seen)) < 0 and (more := read()):
        said += more
    if at < 0:
        break
    seen = at + len(expected.encode())
    os.write(master, typed.encode())
if not call["hang_up"]:
    while more := read():
        said += more
os.close(master)
status = None
while status is None and time.monotonic() < DEADLINE:
    ended, how = os.waitpid(pid, os.WNOHANG)
    status = os.waitstatus_to_exitcode(how) if ended else time.sleep(0.01)
if status is None:
    os.kill(pid, 9)
print(json.dumps({"said": said.decode(errors="backslashreplace"), "status": status}))
