# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets pytest speak TAP (pytest-3 --tap), so that meson sees every case and why it was skipped."""

import signal
import sys

import pytest


def pytest_addoption(parser):
    """Adds --tap."""
    parser.addoption("--tap", action="store_true", help="report in the Test Anything Protocol")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Puts TAP in the place of the report for people. What is tested hears when its terminal goes, also
    where the tests are run by nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if config.getoption("--tap"):
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(TapReporter(), "tap-reporter")


class TapReporter:
    """One line for each case; what a failed one has to say goes to standard error."""

    def __init__(self):
        self.count = 0

    def say(self, verdict, nodeid, comment=""):
        """Prints the line of one case."""
        self.count += 1
        name = nodeid.partition("::")[2].replace("#", "_") or nodeid
        print(f"{verdict} {self.count} - {name}{comment}", flush=True)

    def fail(self, report):
        """A case that failed, or could not be set up, taken down or collected."""
        self.say("not ok", report.nodeid)
        print(f"{report.nodeid}\n{report.longreprtext}\n", file=sys.stderr, flush=True)
        for title, text in report.sections:
            print(f"--- {title}\n{text}", file=sys.stderr, flush=True)

    def pytest_runtest_logreport(self, report):
        """Called three times for each case: set-up, call, teardown."""
        if report.failed:
            self.fail(report)
        elif report.skipped:
            self.say("ok", report.nodeid, f" # SKIP {report.longrepr[2]}")
        elif report.when == "call":
            self.say("ok", report.nodeid)

    def pytest_collectreport(self, report):
        """A file that cannot even be imported is a failure, not a file without cases."""
        if report.failed:
            self.fail(report)

    def pytest_sessionfinish(self, session, exitstatus):
        """The plan comes last: only now is it known."""
        print(f"1..{self.count}", flush=True)
        if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            print("Bail out! pytest failed", flush=True)
