# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tables for bridges remember of calls has room for so many. A container that takes all of it harms
nobody else.

The bridge and who is on it are those of test_attack_bridge.py.
"""

import pytest
from test_attack_bridge import (  # noqa: F401  pylint: disable=unused-import
    GATE,
    GATE6,
    MINE,
    MINE6,
    THEIRS,
    THEIRS6,
    bridged,
    knows,
    publishing,
)
from world import HOST, HOST6

ROOM = 65535  # of a set that the kernel fills by itself


def fill(world, name, element):
    """Puts elements in a set as long as there is room. Calls that are remembered already are in it, too."""
    path = world.path("/run/elements")
    many = ", ".join(element.format(number) for number in range(ROOM - 16))
    path.write_text(f"add element bridge nixctr-net {name} {{ {many} }}\n", encoding="ascii")
    assert world.run("nft", "-f", "/run/elements").rc == 0
    number = ROOM - 16
    while world.run("nft", f"add element bridge nixctr-net {name} {{ {element.format(number)} }}").rc == 0:
        number += 1
    assert number < 1 << 16


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_linked_ones_go_on(bridged, family):  # noqa: F811
    """One container has called a neighbour's own address from every port it has. Linked ones call each other
    as before, and one that is not linked still does not get there; who keeps to the host is let through."""
    world = bridged.world
    host, mine, theirs, gate, stray, set_name = {
        "v4": (HOST, MINE, THEIRS, GATE, "10.7.0.60/24", "direct4"),
        "v6": (HOST6, MINE6, THEIRS6, GATE6, "fd07::60/64", "direct6"),
    }[family]  # fmt: skip
    publishing(world, "c2", "8080:80")
    world.ok("net", "link", "c1", "c2")
    for command in f"address add {stray} dev eth0 nodad", f"route add default via {gate}":
        words = command.replace(" nodad", "" if family == "v4" else " nodad").split()
        assert world.run("ip", "-n", "ve-free", *words).rc == 0
    caller, free = (world.container_namespace(name) for name in ("c1", "free"))
    knows(world, "free", theirs, bridged.mac["c2"])
    knows(world, "c2", stray.partition("/")[0], bridged.mac["free"])
    with world.server_in(world.container_namespace("c2"), 80):
        fill(world, set_name, f"vb-gone . {theirs} . tcp . 80 . {{}}")
        assert world.connect_from(caller, theirs, 80) == mine
        assert world.connect_from(free, host, 8080)
        assert world.cannot_connect(free, theirs, 80)
        assert world.connect_from(caller, theirs, 80) == mine
        assert world.connect_from(world.outside.namespace, host, 8080)


def test_whom_nobody_leased_anything_is_not_remembered(bridged):  # noqa: F811
    """It may have any number of addresses, and each would take room of those who call other bridges."""
    world = bridged.world
    for command in ("link add br1 type bridge", "link set br1 up", "address add 10.8.0.1/24 dev br1",
                    "-n ve-free address add 10.7.0.60/24 dev eth0",
                    f"-n ve-free route add default via {GATE}"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    world.ok("create", "c3", "--bridge", "br1", "--local-address", "10.8.0.2/24", "--host-address",
             "10.8.0.1", "--port", "8083:80")  # fmt: skip
    world.ok("net", "up", "c3")
    with world.server_in(world.container_namespace("c3"), 80):
        for name in "c1", "free":
            assert world.connect_from(world.container_namespace(name), HOST, 8083), name
    asked = world.run("nft", "list", "set", "bridge", "nixctr-net", "asked4").stdout
    on = world.run("sysctl", "-n", "net.bridge.bridge-nf-call-iptables").stdout == "1\n"
    assert (MINE in asked) == on and "10.7.0.60" not in asked
