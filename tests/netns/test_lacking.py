# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel without a feature, or a host without a library that is loaded when it is needed: the error
names it, and everything else works.
"""

import contextlib
import json
import os
import pathlib

import pytest
from test_masquerade import RECORD, elements, show, switch
from test_own_table import owners, set_owned
from test_ports import create
from test_watch import drift, gets_out, watching
from world import HOST6, OUTSIDE6


@contextlib.contextmanager
def lacking(world, feature):
    """While in it, the kernel that the program talks to lacks a feature; see tests/fault/nft-lacks.c."""
    world.wrap = ["env", f"LD_PRELOAD={os.environ['NFT_LACKS_MODULE']}", f"NFT_LACKS={feature}"]
    try:
        yield world
    finally:
        world.wrap = []


@pytest.mark.parametrize(
    "feature, module, option",
    [
        ("expression:fib", "nft_fib_inet", "CONFIG_NFT_FIB_INET"),
        ("expression:ct", "nft_ct", "CONFIG_NFT_CT"),
        ("expression:masq", "nft_masq", "CONFIG_NFT_MASQ"),
        ("expression:rt", "nf_tables", "CONFIG_NF_TABLES"),
        ("expression:exthdr", "nf_tables", "CONFIG_NF_TABLES"),
        ("chain:inet:nat", "nft_chain_nat", "CONFIG_NFT_NAT"),
        ("chain:inet:filter", "nf_tables", "CONFIG_NF_TABLES_INET"),
    ],
)
def test_what_rules_take(world, feature, module, option):
    """Without it there are no rules, so nothing is attached, half or whole; the book and files work."""
    with lacking(world, feature):
        world.ok("create", "c1")
        for command in ("net", "up", "c1"), ("nat", "enable", "--external", "eth0"):
            failed = world.nixctr(*command)
            assert failed.rc == 1 and f"modprobe -a {module}" in failed.stderr, failed
            assert f"{option})" in failed.stderr and "do without" in failed.stderr, failed
        assert world.ruleset() == "" and world.links_at_rest() == ["eth0", "lo"]
        world.ok("net", "down", "c1")
        world.ok("ipam", "list")
        world.ok("destroy", "c1")


def test_ports_are_not_published(world):
    """All else works where the kernel cannot translate: the container that publishes nothing gets out."""
    with lacking(world, "expression:nat"):
        world.ok("nat", "enable", "--external", "eth0")
        create(world, "c1", 1)
        world.ok("create", "web", "--port", "8080:80")
        failed = world.nixctr("net", "up", "web")
        assert failed.rc == 1 and "modprobe -a nft_nat, CONFIG_NFT_NAT)" in failed.stderr, failed
        assert "containers that publish no port do without" in failed.stderr
        create(world, "c2", 2)
        assert gets_out(world) and gets_out(world, "c2") and not drift(world)


def test_macs_are_not_told(world):
    """All else works where the kernel cannot hash, and what does not is said where one looks; once it can, whoever
    applies the rules has it."""
    def chains():
        return [chain["chain"]["name"] for chain in world.nft("list", "table", "inet", "nixctr-net")
                if "chain" in chain]  # fmt: skip

    with lacking(world, "expression:hash"):
        enabled = world.ok("nat", "enable", "--external", "eth0")
        assert enabled.stderr.count("tells no MACs: the kernel cannot hash in rules") == 1, enabled
        create(world, "c1", 1)
        assert gets_out(world) and not drift(world)
        assert "mac" not in chains() and "pin" in chains()
        assert "tells no MACs: that takes CONFIG_NFT_HASH" in world.ok("nat", "show").stdout
        assert show(world)["unjudged"] is True
        [finding] = world.nixctr("nat", "check", "--json").json["findings"]
        assert "nothing tells under which MAC" in finding["what"], finding
        before = world.ruleset()
        world.ok("net", "up", "c1")
        assert world.ruleset() == before
    assert drift(world) == ["table inet nixctr-net: MACs of containers are not looked at, should be"]
    world.ok("nat", "apply")
    create(world, "c2", 2)
    assert "mac" in chains() and not drift(world) and show(world)["unjudged"] is False
    assert gets_out(world) and gets_out(world, "c2")


def test_bridges_are_not_pinned(world):
    """All else works where there are no rules for bridges: the container on a cable gets out."""
    with lacking(world, "chain:bridge:filter"):
        world.ok("nat", "enable", "--external", "eth0")
        create(world, "c1", 1)
        for command in "link add br0 type bridge", "link set br0 up":
            assert world.run("ip", *command.split()).rc == 0
        world.ok("create", "b1", "--bridge", "br0", "--local-address", "10.7.0.2/24")
        failed = world.nixctr("net", "up", "b1")
        assert failed.rc == 1 and "CONFIG_NF_TABLES_BRIDGE)" in failed.stderr, failed
        assert "containers on no bridge do without" in failed.stderr
        assert gets_out(world) and "table bridge" not in world.ruleset()
        create(world, "c2", 2)
        assert gets_out(world, "c2") and not drift(world)


def test_tables_cannot_be_owned(world):
    """Before 6.9: own_table has no effect, which is said once and where one looks; the rest works."""
    set_owned(world)
    with lacking(world, "persist"):
        create(world, "c1", 1)
        enabled = world.ok("nat", "enable", "--external", "eth0")
        assert enabled.stderr.count("own_table has no effect: that takes kernel 6.9") == 1, enabled
        with watching(world) as watcher:
            before = world.ruleset()
            assert world.run("nft", "flush", "ruleset").rc == 0
            watcher.says("rules put back in")
            assert world.ruleset() == before and gets_out(world) and not drift(world)
            assert watcher.log.count("own_table has no effect") == 1, watcher.log
            assert owners(world) == [False, False]
        assert "cannot be owned: that takes kernel 6.9" in world.ok("nat", "show").stdout
        found = world.nixctr("nat", "check", "--json").json["findings"]
        assert ["own_table has no effect" in finding["what"] for finding in found] == [True], found


def test_all_links_forward_or_none(world):
    """Before 6.17: IPv6 is forwarded for all links once a container has it, and not before; then the host
    still hears router advertisements, is a router for nobody else, and all comes back."""
    def switches():
        return {key: switch(world, *key) for key in (
            ("all", "ipv6"), ("eth0", "ipv6", "accept_ra"), ("eth0", "ipv6", "force_forwarding"),
            ("all", "ipv4"), ("eth0", "ipv4"))}  # fmt: skip

    behind = lan_behind(world)
    before = switches()
    assert list(before.values()) == ["0", "1", "0", "0", "0"]
    with lacking(world, "switch:force_forwarding"):
        world.ok("create", "c1")
        world.ok("net", "up", "c1")
        world.ok("nat", "enable", "--external", "eth0")
        assert gets_out(world)
        assert list(switches().values()) == ["0", "1", "0", "0", "1"]
        create(world, "c2", 2)
        namespace = world.container_namespace("c2")
        assert world.connect_from(namespace, OUTSIDE6) == HOST6
        assert list(switches().values()) == ["1", "2", "0", "0", "1"]
        assert switch(world, "ve-c2", "ipv6") == "1"
        assert switch(world, "ve-c2", "ipv6", "force_forwarding") == "0"
        # Not only eth0, through which it is, but whatever forwards now.
        assert elements(world, "opened6") == ["eth0", "eth1"] and elements(world, "opened4") == ["eth0"]
        assert world.cannot_connect(behind, OUTSIDE6)
        assert world.ok("nat", "check").rc == 0
        assert show(world)["drift"] == []
        world.ok("net", "down", "c2")
        world.ok("net", "down", "c1")
        world.ok("nat", "disable")
    assert switches() == before
    assert not world.path(RECORD).exists()


def lan_behind(world):
    """Another network behind eth1, whose way out is the host. Returns the namespace of who is there."""
    for command in ("netns add lan", "link add eth1 type veth peer name eth0 netns lan",
                    "link set eth1 up", "-n lan link set eth0 up",
                    "address add fd00:7::1/64 dev eth1 nodad",
                    "-n lan address add fd00:7::5/64 dev eth0 nodad",
                    "-n lan route add default via fd00:7::1"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    return str(world.path("/run/netns/lan"))


def test_nothing_can_be_drawn(world):
    """Without the library that draws tables, there are none; who asks for JSON, or for one word, has it."""
    world.ok("create", "c1")
    library = next(pathlib.Path("/usr/lib").glob("*/libsmartcols.so.1"))
    world.run("mount", "--bind", "/dev/null", library.resolve())
    failed = world.nixctr("ipam", "list")
    assert failed.rc == 1 and failed.stdout == "" and "libsmartcols.so.1: " in failed.stderr, failed
    assert "cannot draw the table: Can not access a needed shared library" in failed.stderr
    assert "cannot draw the tree" in world.nixctr("net", "show", "c1").stderr
    assert json.loads(world.ok("ipam", "list", "--json").stdout)["leases"][0]["container"] == "c1"
    assert world.ok("show-ip", "c1").stdout == "10.233.1.2\n"
