# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of a command that makes or changes a network: see killing.py."""

import pytest
from killing import STRIDE, Stage, insist_on_same, insist_on_story, prepare, state

CONFLICT = 4


def bridge(world):
    """A bridge with an address, and two containers on it, of which one is attached."""
    for command in ("link add br0 address 02:00:00:00:00:01 type bridge", "link set br0 up",
                    "address add 10.7.0.1/24 dev br0", "address add fd07::1/64 dev br0 nodad"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    for number, name in enumerate(["other", "foo"], 2):
        world.ok("create", name, "--bridge", "br0", "--local-address", f"10.7.0.{number}/24",
                 "--host-address", "10.7.0.1", "--local-address6", f"fd07::{number}/64",
                 "--host-address6", "fd07::1")  # fmt: skip
    world.ok("net", "up", "other")


ENABLE = ["nat", "enable", "--external", "eth*", "--internal", "10.99.0.0/16,fd99::/64",
          "--source", "198.51.100.1"]  # fmt: skip

# The commands: what comes before, the command itself, and exit codes fit for its second run.
COMMANDS = {
    "create": ([], ["create", "--no-system", "foo"], {0, CONFLICT}),
    "net-up": ([["create", "foo"]], ["net", "up", "foo"], {0}),
    "net-up-6": (
        [["create", "foo", "--host-address6", "fd00::1", "--local-address6", "fd00::2"],
         ["nat", "enable", "--external", "eth0"]],
        ["net", "up", "foo"],
        {0},
    ),  # fmt: skip
    "net-down": ([["create", "foo"], ["net", "up", "foo"]], ["net", "down", "foo"], {0}),
    "destroy": ([["create", "foo"], ["net", "up", "foo"]], ["destroy", "foo"], {0}),
    "nat-enable": (
        [["create", "foo"], ["net", "up", "foo"]],
        ENABLE,
        {0},
    ),
    "net-up-ports": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,udp:53"]],
        ["net", "up", "foo"],
        {0},
    ),
    "net-down-ports": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,udp:53"],
         ["net", "up", "foo"]],
        ["net", "down", "foo"],
        {0},
    ),  # fmt: skip
    "net-up-bridge": ([bridge], ["net", "up", "foo"], {0}),
    "net-link-bridge": ([bridge, ["net", "up", "foo"]], ["net", "link", "foo", "other"], {0}),
    "net-unlink": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo"], ["net", "up", "foo"],
         ["net", "link", "foo", "other"]],
        ["net", "unlink", "foo", "other"],
        {0},
    ),  # fmt: skip
    "forward-add": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80"],
         ["net", "up", "foo"]],
        ["nat", "forward", "add", "foo", "8000-8002", "127.0.0.1:53"],
        {0},
    ),
    "forward-remove": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,53"],
         ["net", "up", "foo"]],
        ["nat", "forward", "remove", "foo", "53"],
        {0},
    ),
    "nat-disable": (
        [["create", "foo"], ["net", "up", "foo"], ENABLE],
        ["nat", "disable"],
        {0},
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_anywhere(name):
    """See there."""
    insist_on_story(COMMANDS[name])


# The same for cables that come to a bridge or off it; most steps of these are those of the book and the file.
CHANGES = {
    "set-bridge": (
        [bridge, ["create", "web"], ["net", "up", "web"]],
        ["set", "web", "hostBridge=br0", "hostAddress=10.7.0.1", "localAddress=10.7.0.9/24"],
        {0},
    ),
    "set-no-bridge": (
        [bridge, ["net", "up", "foo"]],
        ["set", "foo", "HOST_BRIDGE=", "hostAddress=10.8.0.1", "localAddress=10.8.0.2",
         "hostAddress6=fd08::1", "localAddress6=fd08::2"],
        {0},
    ),  # fmt: skip
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_killed(name):
    """At some moments, before and behind the definition."""
    insist_on_story(CHANGES[name], stride=16 * STRIDE)


def test_comparison_can_fail(world):
    """The comparison notices a leftover of each kind, and nothing is left of it on a host put back."""
    leftovers = [
        "touch /etc/nixos-containers/.foo.conf.new",
        "ip link add x type bridge",
        "ip -n ve-foo address add 10.1.1.1/32 dev lo",
        "ip route add 10.2.2.2 dev ve-foo",
        "nft add table inet x",
        "sh -c 'echo 1 >/proc/sys/net/ipv4/conf/lo/forwarding'",
        "ip netns add ve-x",
        "mkdir -p /var/lib/nixos-containers/foo",
        "ln -s x /var/lib/nixos-containers/foo/x",
    ]
    stage = Stage(world)
    prepare(world, [["create", "foo"], ["net", "up", "foo"]])
    seen = [state(world)]
    for leftover in leftovers:
        assert world.run("sh", "-c", leftover).rc == 0, leftover
        seen.append(state(world))
    assert len(set(seen)) == len(leftovers) + 1
    stage.put_back()
    prepare(world, [["create", "foo"], ["net", "up", "foo"]])
    insist_on_same(state(world), seen[0], "put back")
