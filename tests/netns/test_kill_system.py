# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of a command that makes or changes what containers boot: see killing.py."""

import pytest
import systems
from killing import STRIDE, insist_on_story

CONFLICT = 4

# A command with very many moments, most of which are those of others: every eleventh of them.
APPLY_STRIDE = 11 * STRIDE


def stock(world):
    """A host with Nix, and two systems for --system-path."""
    systems.stock_nix(world)
    for mark in "one", "two":
        path = systems.store_system(world, mark)
        world.path(f"/run/{mark}").symlink_to(path)
        world.path(f"/run/{mark}.nix").write_text(f'{{ message = "{mark}"; }}', encoding="ascii")


def furnish(world):
    """What a container has that has been running: more in its directories, and a mount."""
    root = world.path("/var/lib/nixos-containers/foo")
    for directory in "var/empty", "srv/data", "etc/ssh":
        (root / directory).mkdir(parents=True)
    (root / "etc/ssh/key").write_text("key", encoding="ascii")
    world.path("/run/data").mkdir()
    world.path("/run/data/precious").write_text("precious", encoding="ascii")
    bind = ["mount", "--bind", "/run/data", "/var/lib/nixos-containers/foo/srv/data"]
    assert world.run(*bind).rc == 0
    gcroots = world.path("/nix/var/nix/gcroots/per-container/foo")
    gcroots.mkdir(parents=True)
    (gcroots / "current").symlink_to("/nowhere")


MAKE_ONE = ["create", "foo", "--system-path", "/run/one"]

FILE = "/etc/nixctr-net/containers.nix"


def declare(text):
    """What writes a file that declares containers."""
    return lambda world: systems.write(world, FILE, "{ containers = { " + text + " }; }")


FOO = "foo = { privateNetwork = true; path = /run/%s; forwardPorts = [ %s ]; };"

# The commands: what comes before, the command itself, and exit codes fit for its second run.
COMMANDS = {
    "create-system": ([], MAKE_ONE, {0, CONFLICT}),
    "create-config": (
        [],
        ["create", "foo", "--config-file", "/run/one.nix"],
        {0, CONFLICT},
    ),
    "update-config": (
        [["create", "foo", "--config-file", "/run/one.nix"]],
        ["update", "foo", "--config-file", "/run/two.nix"],
        {0},
    ),
    "update-path": ([MAKE_ONE], ["update", "foo", "--system-path", "/run/two"], {0}),
    "destroy-system": (
        [MAKE_ONE, furnish, ["net", "up", "foo"]],
        ["destroy", "foo"],
        {0},
    ),
    "apply-create": ([declare(FOO % ("one", '"80"'))], ["apply"], {0}),
    "apply-update": (
        [declare(FOO % ("one", '"80"')), ["apply"], ["net", "up", "foo"],
         declare(FOO % ("two", '"81"'))],
        ["apply"],
        {0},
    ),  # fmt: skip
    "apply-remove": (
        [declare(FOO % ("one", '"80"')), ["apply"], ["net", "up", "foo"], declare("")],
        ["apply"],
        {0},
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_anywhere(name):
    """See there."""
    stride = APPLY_STRIDE if COMMANDS[name][1] == ["apply"] else STRIDE
    insist_on_story(COMMANDS[name], [stock], stride)
