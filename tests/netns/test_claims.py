# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may have which port: what definitions ask for, what overlaps, what nobody can have."""

import os
import re
import subprocess

import pytest
from test_bad_input import refused
from test_ports import create, elements
from world import BINARY, HOST

FAILED, USAGE, NO_CONTAINER, CONFLICT = 1, 2, 3, 4

DEFINITION = "/etc/nixos-containers/web.conf"


def test_the_definition_keeps_its_lines(world):
    """What means nothing to us stays as it is, to the byte."""
    world.ok("create", "web")
    path = world.path(DEFINITION)
    text = path.read_text()
    path.write_text("# mine\nFOO='b a r'\n" + text + "; a comment\nBAR=\"x\\\"y\"\n")
    world.ok("nat", "forward", "add", "web", "8080:80")
    assert path.read_text() == "# mine\nFOO='b a r'\n" + text.replace(
        "HOST_PORT=", "HOST_PORT=tcp:8080:80") + "; a comment\nBAR=\"x\\\"y\"\n"  # fmt: skip
    assert oct(path.stat().st_mode & 0o777) == "0o644"
    world.ok("net", "up", "web")
    assert len(elements(world, "forwards4")) == 1


def test_a_container_that_is_not_attached(world):
    """The definition counts; nothing is published before its time."""
    world.ok("create", "web")
    answer = world.ok("nat", "forward", "add", "web", "8080:80", "--json").json
    assert answer == {"container": "web", "changed": True, "applied": False}
    [row] = world.ok("nat", "forward", "list", "--json").json["forwards"]
    assert row["state"] == "detached" and row["reached_by"] == "nobody"
    assert not world.path("/run/nixctr-net/forwards").exists()
    answer = world.ok("nat", "forward", "add", "web", "8080:80", "--json").json
    assert answer == {"container": "web", "changed": False, "applied": False}
    world.ok("nat", "forward", "remove", "web", "8080", "9999")
    assert world.ok("nat", "forward", "list", "--json").json["forwards"] == []


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_who_cannot_be_changed(world, verb):
    """Nobody, what the configuration of the host defines, what shares the network of the host."""
    refused(world, NO_CONTAINER, "nat", "forward", verb, "web", "80", says=["'web'"])
    refused(world, USAGE, "nat", "forward", verb, "we/b", "80")
    world.ok("create", "web", "--port", "80")
    path = world.path(DEFINITION)
    text = path.read_text()
    path.write_text(re.sub(r"PRIVATE_NETWORK=1|HOST_ADDRESS=.*|LOCAL_.*", "", text))
    refused(world, FAILED, "nat", "forward", verb, "web", "80", says=["shares the network of the host"])
    world.path("/etc/static").mkdir()
    path.rename(world.path("/etc/static/web.conf"))
    os.symlink("/etc/static/web.conf", path)
    refused(world, FAILED, "nat", "forward", verb, "web", "80",
            says=["declarative", "containers.web.forwardPorts"])  # fmt: skip


TAKEN = [
    # what web has, what somebody else asks for, as whose it is refused
    ("8080", "8080:1", "tcp port 8080 of the host"),
    ("8000-8010", "8010-8020", "tcp port 8010 of the host"),
    ("8000-8010", "7990-8000:90-100", "tcp port 8000 of the host"),
    ("8000-8010", "127.0.0.1:8005", "tcp port 8005 of the host"),
    ("8000-8010", "%eth0:8005", "tcp port 8005 of the host"),
    ("127.0.0.1:8080", "8080", "tcp port 8080 of the host by 127.0.0.1"),
    ("[2001:db8:51::1]:8080", "8080", "tcp port 8080 of the host by "),
    ("%eth0:8080", "8080", "tcp port 8080 of the host "),
    ("%eth0:8080", "198.51.100.1:8080", "tcp port 8080 of the host "),
    ("198.51.100.1:8080", "%eth0:8080", "tcp port 8080 of the host by 198.51.100.1"),
    ("198.51.100.1:8080", "198.51.100.1%eth0:8070-8080", "tcp port 8080 of the host by 198.51.100.1"),
    ("198.51.100.1%eth0:8070-8080", "%eth0:8080", "tcp port 8080 of the host by 198.51.100.1"),
    ("198.51.100.1%eth0:8080", "8080", "tcp port 8080 of the host by 198.51.100.1"),
    ("udp:[2001:db8:51::1]%eth0:53", "udp:50-60", "udp port 53 of the host by "),
]

FREE = [
    ("8080", "udp:8080"),
    ("8000-8010", "8011-8020,7999"),
    ("127.0.0.1:8080", "198.51.100.1:8080,[::1]:8080,%eth0:8081,127.0.0.2:8080"),
    ("%eth0:8080", "%eth1:8080,127.0.0.1:8080"),
    ("198.51.100.1%eth0:8080", "198.51.100.1%eth1:8080,198.51.100.9:8080,[2001:db8:51::1]%eth0:8080"),
]


def families(number):
    """Options for addresses of both families."""
    return ["--host-address6", f"fd00:{number}::1", "--local-address6", f"fd00:{number}::2"]


@pytest.mark.parametrize("held, wanted, says", TAKEN)
def test_one_holder_of_what_overlaps(world, held, wanted, says):
    """Refused by create, by nat forward add, and by net up, each naming port and holder."""
    create(world, "web", 1, "--port", held)
    says = [says, "container 'web'", "try:"]
    refused(world, CONFLICT, "create", "thief", *families(2), "--port", wanted, says=says)
    create(world, "thief", 2, "--port", "1")
    before = world.ok("nat", "forward", "list", "--json").json
    for _ in "web is attached", "web is not":
        refused(world, CONFLICT, "nat", "forward", "add", "thief", wanted, says=says)
        assert world.ok("nat", "forward", "list", "thief", "--json").json["forwards"] == [
            row for row in before["forwards"] if row["container"] == "thief"]  # fmt: skip
        world.ok("net", "down", "web")
        world.links_at_rest()
    world.ok("net", "up", "web")
    path = world.path("/etc/nixos-containers/thief.conf")
    path.write_text(re.sub("HOST_PORT=.*", f'HOST_PORT="{wanted}"', path.read_text()))
    result = world.nixctr("net", "up", "thief")
    assert result.rc == CONFLICT and all(word in result.stderr for word in says), result
    assert world.ok("nat", "forward", "list", "web", "--json").json["forwards"] == [
        row for row in before["forwards"] if row["container"] == "web"]  # fmt: skip


@pytest.mark.parametrize("held, wanted", FREE)
def test_what_does_not_overlap_is_free(world, held, wanted):
    """... for create, and while both are attached."""
    create(world, "web", 1, "--port", held)
    create(world, "friend", 2, "--port", wanted)
    rows = world.ok("nat", "forward", "list", "--json").json["forwards"]
    assert {row["state"] for row in rows} == {"published"}
    assert {row["container"] for row in rows} == {"web", "friend"}


def test_what_is_remembered_of_definitions(world):
    """It spares reading them, and is not believed when somebody else has been there."""

    def read_by(*arguments):
        """Which definitions a command opens."""
        traced = world.run("env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", "/run/trace", "-e", "trace=openat", BINARY, *arguments)
        opened = world.path("/run/trace").read_text()
        names = set(re.findall(r"/etc/nixos-containers/([a-z0-9]+)\.conf", opened))
        return traced.rc, names

    def write(name, ports):
        """Adds a definition as others do: beside its place, and renamed."""
        path = world.path(f"/etc/nixos-containers/{name}.conf")
        path.with_suffix(".new").write_text(f"PRIVATE_NETWORK=1\nHOST_PORT={ports}\n")
        path.with_suffix(".new").rename(path)

    create = ["create", "--no-system"]
    world.ok("create", "web", "--port", "8080")
    world.ok("create", "other", "--port", "8081")
    assert read_by(*create, "c1", "--port", "8082") == (0, set())
    assert read_by(*create, "thief", "--port", "8082") == (CONFLICT, set())
    assert read_by("nat", "forward", "add", "c1", "8083") == (0, {"c1"})
    assert read_by("nat", "forward", "add", "other", "8083") == (CONFLICT, {"other"})
    assert read_by("nat", "forward", "remove", "c1", "8083")[0] == 0
    world.ok("destroy", "web")
    assert read_by(*create, "c2", "--port", "8080,8083") == (0, set())
    write("foreign", "9000-9010")
    assert read_by(*create, "thief", "--port", "9010")[0] == CONFLICT
    world.path("/run/nixctr-net/ports-seen").write_bytes(b"x" * 5000)
    assert read_by(*create, "thief", "--port", "9010")[0] == CONFLICT
    world.path("/etc/nixos-containers/foreign.conf").unlink()
    assert read_by(*create, "c3", "--port", "9010")[0] == 0
    assert read_by(*create, "thief", "--port", "9010")[0] == CONFLICT
    assert read_by(*create, "thief", "--port", "9010") == (CONFLICT, set())


@pytest.mark.parametrize("port, says", [
    ("0", "'0' is no port"), ("65536", "'65536' is no port"), ("8010-8000", "runs backwards"),
    ("8000-8010:9000-9005", "are 11 ports and 9000-9005 are 6"), ("80,8080:80,8080:81", "overlap"),
    ("8000-8010,8005", "overlap"), ("8080,127.0.0.1:8080", "overlap"),
    ("[2001:db8::g]:80", "is no IPv6 address"), ("2001:db8::1:80", "in brackets"),
    ("[2001:db8::1]:80", "is an IPv6 address of the host and the container has none"),
    ("1-65535", "more than 4096 ports"), ("127.0.0.1%eth0:80", "through no link"),
    ("%a-name-of-16-byt:80", "no name of a link"), ("0.0.0.0:80", "is any address"),
])  # fmt: skip
def test_bad_specs(world, port, says):
    """... by create and by nat forward add: one line, what mends it, and nothing is changed."""
    refused(world, USAGE, "create", "web", "--port", port, says=[says, "try:"])
    world.ok("create", "web")
    world.ok("net", "up", "web")
    refused(world, USAGE, "nat", "forward", "add", "web", "udp:7", port, says=[says, "try:"])
    path = world.path(DEFINITION)
    path.write_text(path.read_text().replace("HOST_PORT=", f'HOST_PORT="{port}"'))
    result = world.nixctr("net", "up", "web")
    assert result.rc == FAILED and "HOST_PORT" in result.stderr and says in result.stderr


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_listener_of_the_host_is_named(world, kind):
    """A port that a program of the host listens on is published, with a warning that names it."""
    script = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_{});"
              "s.bind(('127.0.0.1', 8080)); {}; print('ready', flush=True); sys.stdin.read()")  # fmt: skip
    script = script.format("STREAM", "s.listen()") if kind == "tcp" else script.format("DGRAM", "0")
    with subprocess.Popen(world.command("python3", "-c", script), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, encoding="ascii") as server:  # fmt: skip
        assert server.stdout.readline()
        words = f"{kind} port 8080 of the host is listened on by python3 (pid {server.pid})"
        assert words in world.ok("create", "web", "--port", f"{kind}:8080").stderr
        assert words in world.ok("net", "up", "web").stderr
        world.ok("nat", "forward", "remove", "web", f"{kind}:8080")
        assert words.replace("host", "host by 127.0.0.1") in world.ok(
            "nat", "forward", "add", "web", f"{kind}:127.0.0.1:8000-8090").stderr  # fmt: skip
        for free in f"{kind}:{HOST}:8080", f"{kind}:%eth0:8080", "udp:8080" if kind == "tcp" else "8080":
            world.ok("nat", "forward", "remove", "web", f"{kind}:127.0.0.1:8000-8090")
            assert "listened on" not in world.ok("nat", "forward", "add", "web", free).stderr
            world.ok("nat", "forward", "remove", "web", free)
        server.stdin.close()
