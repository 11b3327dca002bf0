# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers declared in a file: what is planned and done about them, and what is wrong with files."""

import json
import signal
import subprocess

import pytest
import world as world_module
from systems import DEFINITIONS, PROFILES, ROOTS, builders, let_go, message, store_system, system, write

FAILED, USAGE, CONFLICT, BUSY = 1, 2, 4, 7
FILE = "/etc/nixctr-net/containers.nix"


def declare(world, path=FILE, **containers):
    """Writes a file that declares these containers, each with the text of its options."""
    text = "".join(f"  {name} = {{ {options} }};\n" for name, options in containers.items())
    write(world, path, "{ containers = {\n" + text + "}; }\n")


def definition(world, name):
    """The keys of a container's definition."""
    text = world.path(f"{DEFINITIONS}/{name}.conf").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines())


def steps(world, *arguments):
    """What "apply" says of each container."""
    answer = world.nixctr("apply", "--json", *arguments)
    return {row["name"]: row["step"] for row in answer.json["containers"]}


def config(text):
    """An option that is built by Nix."""
    return f'config = {{ message = "{text}"; }};'


def everything(world):
    """All definitions, and what each container boots."""
    found = {}
    for path in sorted(world.path(DEFINITIONS).glob("*.conf")):
        keys = definition(world, path.stem)
        found[path.stem] = keys, world.run("readlink", "-f", f"{PROFILES}/{path.stem}/system").stdout
    return found


def test_apply(stocked):
    """Created as declared; then nothing to do; then what changed, and nothing else."""
    path = store_system(stocked)
    first = {
        "auto": f"privateNetwork = true; path = {path};",
        "web": "privateNetwork = true; hostAddress = \"192.168.7.1\"; localAddress = \"192.168.7.2\";"
               " forwardPorts = [ { hostPort = 8080; containerPort = 80; } ];" + config("web"),
        "host": config("host"),
    }  # fmt: skip
    declare(stocked, **first)
    assert steps(stocked, "--dry-run") == dict.fromkeys(first, "create")
    assert not stocked.path(DEFINITIONS).exists()
    assert steps(stocked) == dict.fromkeys(first, "create")
    assert message(stocked, "web") == "web" and system(stocked, "auto") == path
    assert definition(stocked, "auto")["LOCAL_ADDRESS"] == "10.233.1.2"
    assert definition(stocked, "web")["HOST_PORT"] == "tcp:8080:80"
    assert "HOST_ADDRESS" not in definition(stocked, "host")
    before = everything(stocked)
    assert steps(stocked) == dict.fromkeys(first, "leave")
    assert everything(stocked) == before
    # Attached by hand: ports are changed at once, and nothing else of it.
    stocked.ok("net", "up", "web")
    namespace = stocked.path("/run/netns/ve-web").stat().st_ino
    declare(stocked, **{**first, "web": first["web"].replace("8080", "9090")})
    assert steps(stocked) == {"auto": "leave", "web": "update", "host": "leave"}
    assert stocked.path("/run/netns/ve-web").stat().st_ino == namespace
    ports = stocked.ok("nat", "forward", "list", "--json").json["forwards"]
    assert [(row["port"], row["state"]) for row in ports] == [(9090, "published")]
    # One that is not declared any more gives up its port and address, which another has then.
    refused = stocked.nixctr("destroy", "web")
    assert refused.rc == FAILED and FILE in refused.stderr, refused
    declare(stocked, auto=first["auto"], new=first["web"])
    assert steps(stocked) == {"host": "remove", "web": "remove", "auto": "leave", "new": "create"}
    assert stocked.namespaces() == []
    assert stocked.path(f"{ROOTS}/web").is_dir()
    assert definition(stocked, "new")["LOCAL_ADDRESS"] == "192.168.7.2"
    stocked.ok("destroy", "web")
    assert not stocked.path(f"{ROOTS}/web").exists()


BAD = {
    "syntax": ("{ containers = {\n  foo = { autoStart = true };\n}; }\n", "containers.nix:2:", FAILED),
    "evaluation": ('{ containers.foo = { tmpfs = throw "not today"; }; }', "not today", FAILED),
    "misspelt": (
        "{ containers.foo = {\n  hostAdress = \"1.2.3.4\"; path = /x; };\n}",
        "containers.foo.hostAdress (/etc/nixctr-net/containers.nix:2:3) is no option",
        USAGE,
    ),
    "misspelt-within": (
        "{ containers.foo = { path = /x;\n  forwardPorts = [ { hostPort = 1; proto = \"tcp\"; } ]; }; }",
        "containers.foo.forwardPorts[0].proto (",
        USAGE,
    ),
    "type": (
        "{ containers.foo = { path = /x;\n  autoStart = 1; }; }",
        "containers.foo.autoStart (/etc/nixctr-net/containers.nix:2:3) is a number, and should be true",
        USAGE,
    ),
    "address": (
        '{ containers.foo = { path = /x; hostAddress = "fd00::1"; }; }',
        "should be an IPv4 address",
        USAGE,
    ),
    "no-system": ("{ containers.foo = { autoStart = true; }; }", "what it boots", USAGE),
    "beside": ("{ container.foo = { path = /x; }; }", "container (", USAGE),
    "name": ('{ containers."a b" = { path = /x; }; }', "a b", USAGE),
    "same-address": (
        "{ containers = {\n"
        ' a = { path = /x; privateNetwork = true; hostAddress = "1.1.1.1"; localAddress = "1.1.1.2"; };\n'
        ' b = { path = /x; privateNetwork = true; hostAddress = "1.1.1.1"; localAddress = "1.1.1.2"; };'
        " }; }",
        "containers 'a' and 'b' (/etc/nixctr-net/containers.nix:3:2) are both declared with 1.1.1.2",
        CONFLICT,
    ),
    "same-port": (
        "{ containers = {\n"
        " a = { path = /x; privateNetwork = true; forwardPorts = [ { hostPort = 80; } ]; };\n"
        ' b = { path = /x; privateNetwork = true; forwardPorts = [ "tcp:80:8080" ]; }; }; }',
        "both declared with tcp:80",
        CONFLICT,
    ),
    "ports-of-the-host": (
        "{ containers.a = { path = /x; forwardPorts = [ { hostPort = 80; } ]; }; }",
        "privateNetwork = true",
        USAGE,
    ),
}


def test_bad_files(stocked):
    """What is wrong is said with its place and what is right, and nothing changes."""
    for case, (text, said, rc) in BAD.items():
        write(stocked, FILE, text)
        result = stocked.nixctr("apply")
        assert (result.rc, said in result.stderr) == (rc, True), f"{case}: {result}"
    assert not stocked.path(DEFINITIONS).exists()
    write(stocked, FILE, BAD["misspelt"][0])
    assert "try: write hostAddress" in stocked.nixctr("apply").stderr
    stocked.path(FILE).unlink()
    gone = stocked.nixctr("apply")
    assert gone.rc == USAGE and "No such file" in gone.stderr, gone


def test_json_file(stocked):
    """The same as JSON, with a function of the module system given as data."""
    text = {"containers": {"foo": {"config": {"message": "from json"}, "localMacAddress": None}}}
    write(stocked, "/run/c.json", json.dumps(text))
    stocked.ok("apply", "/run/c.json")
    assert message(stocked, "foo") == "from json"


def test_one_of_several_fails(stocked):
    """A build that fails leaves the others done; a container of somebody else is left alone."""
    stocked.ok("create", "mine")
    names = "a", "b", "c"
    declare(stocked, **{name: config(name) for name in names}, d=config("broken"), mine=config("x"))
    result = stocked.nixctr("apply")
    assert result.rc == FAILED, result
    assert "this is why it is broken" in result.stderr
    assert "cannot build the system of container 'd'" in result.stderr
    assert "container 'mine' is there already" in result.stderr
    assert [message(stocked, name) for name in names] == list(names)
    assert not stocked.path(f"{DEFINITIONS}/d.conf").exists()
    assert "APPLIED" not in definition(stocked, "mine")
    declare(stocked, **{name: config(name) for name in (*names, "d")})
    assert steps(stocked) == {"a": "leave", "b": "leave", "c": "leave", "d": "create"}


def test_two_at_once_and_killed(stocked):
    """A second run is refused while the first builds; what a killed run has left the next completes."""
    containers = {"a": "privateNetwork = true;" + config("a"), "z": config("wait")}
    declare(stocked, **containers)
    stocked.run("mkfifo", "/run/go")
    command = stocked.command(*stocked.wrap, world_module.BINARY, "apply")
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
        while "building wait" not in (line := process.stderr.readline()):
            assert line, "it came to its end before it was built"
        # All builds come before any change.
        assert not stocked.path(DEFINITIONS).exists()
        second = stocked.nixctr("apply")
        assert second.rc == BUSY and "another \"apply\"" in second.stderr, second
        process.send_signal(signal.SIGKILL)
        process.wait(world_module.DEADLINE)
    world_module.eventually(lambda: not builders(stocked), "Nix has ended")
    declare(stocked, **{**containers, "z": config("z")})
    assert steps(stocked) == {"a": "create", "z": "create"}
    assert steps(stocked) == {"a": "leave", "z": "leave"}


def test_set(stocked):
    """Settings of a container that a command made: checked, live where they can be, else said so."""
    stocked.ok("create", "foo")
    stocked.ok("create", "bar", "--port", "443")
    stocked.ok("net", "up", "foo")
    stocked.ok("net", "up", "bar")
    assert stocked.ok("set", "foo", "forwardPorts=8080:80,udp:53").stderr == ""
    ports = stocked.ok("nat", "forward", "list", "foo", "--json").json["forwards"]
    assert {(row["port"], row["state"]) for row in ports} == {(8080, "published"), (53, "published")}
    stocked.ok("set", "foo", "linkedTo=bar")
    with stocked.server_in(stocked.container_namespace("bar")):
        reached = stocked.connect_from(stocked.container_namespace("foo"), "10.233.2.2")
    assert reached == "10.233.1.2"
    stocked.ok("set", "foo", "autoStart=true", "LINKED_TO=")
    assert definition(stocked, "foo")["AUTO_START"] == "1"
    assert "LINKED_TO" not in definition(stocked, "foo")
    later = stocked.ok("set", "foo", "hostAddress=192.168.9.1", "localAddress=192.168.9.2")
    assert "takes effect at the next start" in later.stderr
    leases = stocked.ok("ipam", "list", "--json").json["leases"]
    assert "192.168.9.2" in str(leases)
    before = definition(stocked, "foo")
    for words, rc, said in (
        (["forwardPorts=443"], CONFLICT, "'bar'"),
        (["localAddress=10.233.2.2"], CONFLICT, "leased to container bar"),
        (["forwardPort=1"], USAGE, "try: write forwardPorts"),
        (["localAddress=nonsense"], USAGE, "nonsense"),
        (["autoStart=perhaps"], USAGE, "true or false"),
        (["autoStart"], USAGE, "OPTION=VALUE"),
    ):
        result = stocked.nixctr("set", "foo", *words)
        assert (result.rc, said in result.stderr) == (rc, True), result
    assert definition(stocked, "foo") == before
    assert stocked.nixctr("set", "nobody", "autoStart=true").rc == 3
