# SPDX-License-Identifier: GPL-2.0-or-later
"""A container on a bridge asks who hears which groups. Bridges believe that, and lead what is said to groups
to those that have answered from then on, which is nobody: its neighbours do not hear it.

The bridge and who is on it are those of test_attack_bridge.py.
"""

import json

import frames
from test_attack import counted, send
from test_attack_bridge import (  # noqa: F401  pylint: disable=unused-import
    LAN6,
    MINE,
    MINE6,
    THEIRS6,
    bridged,
    on_bridge,
)
from world import eventually

SOON = b"\0\x01\0\0"  # answer within a millisecond
ALL = bytes(4), bytes(16)  # groups, in both families
MLD_QUERY, MLD_ROUTER, IGMP_QUERY, IGMP_ROUTER, PIM = 130, 151, 0x11, 0x30, 103


def to_group(attacked, packet):
    """A frame of the attacker to the group that the packet in it is for."""
    target = packet[24:40] if packet[0] >> 4 == 6 else packet[16:20]
    frame = attacked.to_all(packet)
    return frames.mac_bytes(frames.group_mac(frames.text(target))) + frame[6:]


def query(attacked):
    """The question that bridges heed."""
    return to_group(attacked, frames.mld(attacked.local, frames.ALL_NODES, MLD_QUERY, SOON + ALL[1]))


def test_routers_of_groups(bridged):  # noqa: F811
    """What they say is said by no container: the question, also in words of later versions, of one group
    and as the second piece of a packet, and that one is such a router. What hosts say is."""
    local, all_systems = bridged.local, "224.0.0.1"
    later = bytes([2, 125, 0, 0])
    hello = bytes([0x20, 0, 0xDF, 0xFF])
    lies = [
        frames.mld(local, frames.ALL_NODES, MLD_QUERY, SOON + ALL[1]),
        frames.mld(local, frames.ALL_NODES, MLD_QUERY, SOON + ALL[1] + later),
        frames.mld(local, "ff02::1:ff00:3", MLD_QUERY, SOON + frames.address_bytes("ff02::1:ff00:3")),
        frames.icmp6(local, frames.ALL_NODES, MLD_QUERY, SOON + ALL[1]),
        frames.mld(local, "ff02::6a", MLD_ROUTER, bytes(4)),
        frames.igmp(MINE, all_systems, IGMP_QUERY, ALL[0]),
        frames.igmp(MINE, all_systems, IGMP_QUERY, ALL[0] + later),
        frames.igmp(MINE, "224.0.0.251", IGMP_QUERY, frames.address_bytes("224.0.0.251")),
        frames.igmp(MINE, all_systems, IGMP_QUERY, ALL[0], at=6),
        frames.igmp(MINE, "224.0.0.106", IGMP_ROUTER, b""),
        frames.ipv4(MINE, "224.0.0.13", PIM, hello), frames.ipv4(MINE, "224.0.0.13", PIM, hello, at=6),
    ]  # fmt: skip
    truths = [
        frames.mld(local, "ff02::16", 143, bytes(4)),
        frames.mld(local, "ff05::7", 131, bytes(4) + frames.address_bytes("ff05::7")),
        frames.igmp(MINE, "224.0.0.22", 0x22, bytes(4)),
        frames.igmp(MINE, "239.1.2.3", 0x16, frames.address_bytes("239.1.2.3")),
        frames.udp(MINE, "239.1.2.3", 7, 9999, b"to a group"),
    ]  # fmt: skip
    on_bridge(bridged, "c1", "rogue", [to_group(bridged, lie) for lie in lies],
              [to_group(bridged, truth) for truth in truths])  # fmt: skip


def routers(world):
    """The ports at which the bridge takes somebody for a router of groups."""
    [known] = json.loads(world.run("bridge", "-j", "-d", "mdb", "show", "dev", "br0").stdout)
    return {router["port"] for router in known["router"].get("br0", [])}


def is_found(attacked):
    """Whether the neighbour is found by a host of the network that has forgotten where it is, and that the
    bridge has forgotten the answers of."""
    world = attacked.world
    [known] = json.loads(world.run("bridge", "-j", "-d", "mdb", "show", "dev", "br0").stdout)
    for entry in known["mdb"]:
        if entry["port"] == "vb-c2":
            world.run("bridge", "mdb", "del", "dev", "br0", "port", "vb-c2", "grp", entry["grp"])
    assert world.run("ip", "-n", "lan", "neighbour", "flush", "all").rc == 0
    return world.connect_from(attacked.lan, THEIRS6, 80, timeout=1.0) == LAN6


def test_neighbours_are_found(bridged):  # noqa: F811
    """... whatever a container has asked for. From one that is not pinned the bridge takes it, and that is the
    end of them."""
    world = bridged.world
    with world.server_in(world.container_namespace("c2"), 80):
        counted(world, "c1", "rogue", query(bridged), family="bridge")
        assert routers(world) == set()
        eventually(lambda: is_found(bridged), "it is found")
        world.ok("set", "c1", "pinned=false")
        send(world, "c1", query(bridged))
        assert routers(world) == {"vb-c1"}
        eventually(lambda: not is_found(bridged), "it is lost")  # it says by itself once more who it is
