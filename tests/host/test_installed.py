# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is after the installation, without another command."""


def test_program_is_found(host):
    """Anybody can call it, and its libraries are those of the packages."""
    assert host.ok("--version", user="alice").stdout.startswith("nixctr-net ")
