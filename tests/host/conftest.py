# SPDX-License-Identifier: GPL-2.0-or-later
"""The fixtures of the tests that run on a complete host."""

import fcntl
import os
import pathlib
import sys

import pytest

NETNS = pathlib.Path(__file__).parent.parent / "netns"
sys.path.insert(0, str(NETNS))

# pylint: disable=wrong-import-position
from host import Host, built_package  # noqa: E402

# Each booted container takes seven of root's inotify instances, of which there are 128 for the
# whole machine, whatever the namespaces.
INOTIFY = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_ENOUGH = 8192
INOTIFY_LOCK = pathlib.Path("/run/lock/nixctr-net-tests.inotify")


@pytest.fixture(scope="session", autouse=True)
def inotify_instances():
    """Raises the limit while tests run. The last of them, of whichever build, lowers it again; the
    lock file remembers to what."""
    INOTIFY_LOCK.parent.mkdir(parents=True, exist_ok=True)
    with open(INOTIFY_LOCK, "a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = int(file.read() or INOTIFY.read_text(encoding="ascii"))
        if before < INOTIFY_ENOUGH:
            if os.fstat(file.fileno()).st_size == 0:
                print(before, file=file, flush=True)
            INOTIFY.write_text(f"{INOTIFY_ENOUGH}\n", encoding="ascii")
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        file.truncate(0)
        INOTIFY.write_text(f"{before}\n", encoding="ascii")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What a host has to say about a test that failed on it."""
    report = (yield).get_result()
    fixture = getattr(item, "funcargs", {}).get("host")
    if report.failed and call.when == "call" and isinstance(fixture, Host):
        report.sections.append(("journal of the host", fixture.journal()))


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The Debian package, built once."""
    return built_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def host(request):
    """A fresh host, booted, for one test; that takes less than a second. A test may have the marker
    in_memory with directories, see Host."""
    marker = request.node.get_closest_marker("in_memory")
    with Host(marker.args if marker else ()) as fresh:
        fresh.boot()
        yield fresh


@pytest.fixture
def tell(capfd):
    """Puts a line into the log of the tests, also of one that passes; for TAP it is a comment."""

    def say(line):
        with capfd.disabled():
            print(f"\n# {line}", flush=True)

    return say
