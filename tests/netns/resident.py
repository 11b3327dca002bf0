# SPDX-License-Identifier: GPL-2.0-or-later
"""A thread of ours that lives on a test host.

What it starts is there from its first instruction. A program that goes there first, such as nsenter,
costs as much as most of the hundreds of thousands of commands that the tests run.
"""

import concurrent.futures
import contextlib
import ctypes
import os

CLONE_FS = 0x200

_libc = ctypes.CDLL(None, use_errno=True)


def _system_call(name, *arguments):
    """Calls a function of the C library that returns a negative number when it fails."""
    if getattr(_libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def enter(namespace):
    """Takes the thread that calls, and no other, into a namespace."""
    _system_call("setns", namespace, 0)


@contextlib.contextmanager
def _opened(path, flags):
    """A descriptor of a path, while in it."""
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _move(process):
    """Takes the thread that calls to where a process is: into its network, its control groups and its
    files. To enter a mount namespace is to go to its topmost root directory, which in a chroot is the
    machine's: the process's own comes after it."""
    with contextlib.ExitStack() as stack:
        root, here = (stack.enter_context(_opened(f"{process}/{name}", os.O_PATH)) for name in ("root", "cwd"))
        namespaces = [stack.enter_context(_opened(f"{process}/ns/{kind}", os.O_RDONLY))
                      for kind in ("net", "cgroup", "mnt")]  # fmt: skip
        _system_call("unshare", CLONE_FS)
        for namespace in namespaces:
            enter(namespace)
        os.fchdir(root)
        os.chroot(".")
        os.fchdir(here)


class Resident:
    """One that lives where a process does."""

    def __init__(self, pid):
        self._thread = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        self.call(_move, f"/proc/{pid}")

    def call(self, function, *arguments, **options):
        """Calls a function there, one at a time. Returns what it returns."""
        return self._thread.submit(function, *arguments, **options).result()

    def leave(self):
        """Ends it."""
        self._thread.shutdown()
