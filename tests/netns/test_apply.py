# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers declared in a file: what is planned and done about them, and what is wrong with files."""

import json
import signal
import subprocess

import pytest
import world as world_module
from systems import DEFINITIONS, PROFILES, ROOTS, builders, let_go, message, store_system, system, write
from killing import KILLED, killed_run

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


def test_file_vanishes(stocked):
    """What it declared stays as it is, and may be declared by another file then, and not before."""
    network = "privateNetwork = true;" + config("a")
    declare(stocked, a=network)
    stocked.ok("apply")
    stocked.ok("net", "up", "a")
    before = everything(stocked)
    declare(stocked, "/run/other.nix", a=network)
    refused = stocked.nixctr("apply", "/run/other.nix")
    assert refused.rc == CONFLICT and f"is declared by {FILE}" in refused.stderr, refused
    stocked.path(FILE).unlink()
    gone = stocked.nixctr("apply")
    assert gone.rc == USAGE and "what it declared stays as it is" in gone.stderr, gone
    assert everything(stocked) == before and stocked.namespaces() == ["ve-a"]
    assert steps(stocked, "/run/other.nix") == {"a": "update"}
    assert definition(stocked, "a")["APPLIED"] == "/run/other.nix"
    # Gone while Nix is at it: nothing was read, so nothing is done.
    write(stocked, "/run/part.nix", "{ }")
    write(stocked, FILE, "{ containers = import /run/part.nix; }")
    stocked.path("/run/part.nix").unlink()
    result = stocked.nixctr("apply")
    assert result.rc == FAILED and "cannot evaluate" in result.stderr, result


def test_json_file(stocked):
    """The same as JSON, with a function of the module system given as data."""
    text = {"containers": {"foo": {"config": {"message": "from json"}, "localMacAddress": None,
                                   "path": None, "specialArgs": None}}}
    write(stocked, "/run/c.json", json.dumps(text))
    stocked.ok("apply", "/run/c.json")
    assert message(stocked, "foo") == "from json"


def test_one_of_several_fails(stocked):
    """A build that fails leaves the others done; a container of somebody else is left alone."""
    stocked.ok("create", "mine")
    names = "a", "b", "c"
    declare(stocked, **{name: config(name) for name in names}, d=config("broken"), mine=config("x"))
    result = stocked.nixctr("apply", "--json")
    assert result.rc == FAILED, result
    rows = {row["name"]: row for row in result.json["containers"]}
    assert {name for name in rows if rows[name]["changed"] and "error" not in rows[name]} == set(names)
    assert "cannot build" in str(rows["d"]["error"]) and "is there already" in str(rows["mine"]["error"])
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


def address_inside(world, name):
    """The IPv4 address of an attached container, as the kernel has it."""
    link = world.ip("address", "show", "dev", "eth0", container=name)[0]
    return next(item["local"] for item in link["addr_info"] if item["family"] == "inet")


def published(world):
    """Which ports of the host lead to whom now."""
    rows = world.ok("nat", "forward", "list", "--json").json["forwards"]
    return {row["port"]: row["container"] for row in rows if row["state"] == "published"}


def test_exchange(stocked):
    """Containers exchange addresses, in a pair and in a ring, and ports: in one run, and after a kill."""
    path = store_system(stocked)

    def options(number, port, more=""):
        return (f'path = {path}; privateNetwork = true; hostAddress = "192.168.{number}.1";'
                f' localAddress = "192.168.{number}.2"; localAddress6 = "fd00:{number}::2";'
                f' hostAddress6 = "fd00:{number}::1"; forwardPorts = [ "{port}:80" "udp:{port}" {more} ];')  # fmt: skip

    def insist(**expected):
        for name, (number, port) in expected.items():
            keys = definition(stocked, name)
            assert keys["LOCAL_ADDRESS"] == f"192.168.{number}.2" and "PENDING" not in keys, keys
            assert address_inside(stocked, name) == f"192.168.{number}.2"
            assert published(stocked)[port] == name
            lease = stocked.ok("ipam", "show", f"192.168.{number}.2", "--json").json
            assert name in str(lease), lease

    names = "a", "b", "c"
    place = {"a": (1, 8001), "b": (2, 8002), "c": (3, 8003)}
    declare(stocked, **{name: options(*place[name]) for name in names})
    assert steps(stocked) == dict.fromkeys(names, "create")
    stocked.ok("net", "up", *names)
    insist(**place)
    # Two exchange their ports: nothing is plugged anew, and a port that stays is never withdrawn.
    inodes = [stocked.path(f"/run/netns/ve-{name}").stat().st_ino for name in names]
    place |= {"a": (1, 8002), "b": (2, 8001)}
    declare(stocked, **{name: options(*place[name]) for name in names})
    assert steps(stocked) == {"a": "update", "b": "update", "c": "leave"}
    insist(**place)
    assert [stocked.path(f"/run/netns/ve-{name}").stat().st_ino for name in names] == inodes
    # Two exchange their addresses; three pass them on, with their ports.
    for place in ({"a": (2, 8002), "b": (1, 8001), "c": (3, 8003)},
                  {"a": (3, 8003), "b": (2, 8002), "c": (1, 8001)}):  # fmt: skip
        declare(stocked, **{name: options(*place[name]) for name in names})
        answer = steps(stocked)
        assert {answer[name] for name in ("a", "b")} == {"update"}, answer
        insist(**place)
        assert steps(stocked) == dict.fromkeys(names, "leave")
    # Killed at each of its steps, and given again.
    place = {"a": (1, 8001), "b": (3, 8003), "c": (2, 8002)}
    declare(stocked, **{name: options(*place[name]) for name in names})
    for step in range(1, 400, 41):
        if killed_run(stocked, step, ["apply"]).rc != KILLED:
            break
        stocked.ok("apply")
        insist(**place)
        place = {"a": place["b"], "b": place["c"], "c": place["a"]}
        declare(stocked, **{name: options(*place[name]) for name in names})
    stocked.ok("apply")
    insist(**place)


def test_one_less(stocked):
    """A family and a link that are not declared any more go while it runs, also after a kill."""
    path = store_system(stocked)
    network = (f'path = {path}; privateNetwork = true; hostAddress = "192.168.1.1"; '
               'localAddress = "192.168.1.2"; forwardPorts = [ "8001:80" ];')  # fmt: skip
    more = 'hostAddress6 = "fd00:1::1"; localAddress6 = "fd00:1::2"; extraVeths.db = { };'

    def insist(with_more):
        links = stocked.ip("address", container="a")
        assert ("fd00:1::2" in str(links), "db" in stocked.links()) == (with_more, with_more), links
        assert {link["ifname"] for link in links} == {"lo", "eth0"} | ({"db"} if with_more else set())
        assert stocked.ok("net", "show", "a", "--json").json["drift"] == []
        assert ("fd00:1::2" in stocked.run("nft", "list", "ruleset").stdout) == with_more

    declare(stocked, a=f"{network} {more}")
    stocked.ok("apply")
    stocked.ok("net", "up", "a")
    insist(True)
    inode = stocked.path("/run/netns/ve-a").stat().st_ino
    declare(stocked, a=network)
    assert steps(stocked) == {"a": "update"}
    insist(False)
    for step in range(1, 400, 53):
        declare(stocked, a=f"{network} {more}")
        assert steps(stocked) == {"a": "update"}
        declare(stocked, a=network)
        killed = killed_run(stocked, step, ["apply"]).rc
        stocked.ok("apply")
        insist(False)
        if killed != KILLED:
            break
    assert stocked.path("/run/netns/ve-a").stat().st_ino == inode


def test_unknown_peers(stocked):
    """Whoever is linked with nobody is named with the nearest there is, before anything is done."""
    path = store_system(stocked)
    stocked.ok("create", "database")
    network = f"path = {path}; privateNetwork = true;"
    for peers, said in (
        ('"wbe"', "'web'?"), ('"database" "databse"', "'database'?"), ('"nobody-at-all"', "declare 'nobody-at-all'"),
        ('"app"', "cannot be linked with itself"),
    ):  # fmt: skip
        declare(stocked, web=network, app=f"{network} linkedTo = [ {peers} ];")
        result = stocked.nixctr("apply")
        assert result.rc == USAGE and said in result.stderr, result
        assert "containers.nix:3:" in result.stderr, result
        assert not stocked.path(f"{DEFINITIONS}/web.conf").exists()
    refused = stocked.nixctr("set", "database", "linkedTo=databaze")
    assert refused.rc == USAGE and "no such container" in refused.stderr, refused
    declare(stocked, web=network, app=f'{network} linkedTo = [ "web" "database" ];')
    assert steps(stocked) == {"web": "create", "app": "create"}


def test_peers_that_share_the_network(stocked):
    """They have no cable that could be linked, whichever way it is said."""
    path = store_system(stocked)
    stocked.ok("create", "foo")
    stocked.path(f"{DEFINITIONS}/old.conf").write_text("PRIVATE_NETWORK=0\n", encoding="ascii")
    before = everything(stocked)
    for peer in "shared", "old":
        declare(stocked, web=f'path = {path}; privateNetwork = true; linkedTo = [ "{peer}" ];',
                shared=f"path = {path};")  # fmt: skip
        result = stocked.nixctr("apply")
        assert result.rc == USAGE and f"'{peer}', which shares the network of the host" in result.stderr, result
        assert everything(stocked) == before
    for words, rc in ((("set", "foo", "linkedTo=old"), USAGE), (("net", "link", "foo", "old"), CONFLICT),
                      (("net", "link", "old", "foo"), CONFLICT)):  # fmt: skip
        result = stocked.nixctr(*words)
        assert result.rc == rc and "shares the network of the host" in result.stderr, result
        assert "  try: give" in result.stderr and everything(stocked) == before


def test_plan_in_words(stocked):
    """What an administrator reads: no keys of definitions, and no column without anything in it."""
    network = f"path = {store_system(stocked)}; privateNetwork = true;"
    address = 'hostAddress = "192.168.{0}.1"; localAddress = "192.168.{0}.2";'
    declare(stocked, foo=network + address.format(6))
    head, row = stocked.ok("apply", "--dry-run").stdout.splitlines()
    assert (head.split(), row.split()) == (["STEP", "NAME"], ["create", "foo"])
    told = stocked.ok("apply")
    assert "create container 'foo'\n" in told.stderr
    declare(stocked, foo=network + address.format(7) + 'forwardPorts = [ "80:80" ]; autoStart = true;')
    head, row = stocked.ok("apply", "--dry-run").stdout.splitlines()
    assert head.split() == ["STEP", "NAME", "WHY"], head
    assert set(row.split("foo", 1)[1].strip().split(", ")) == {"addresses", "ports", "start with the host"}
    why = stocked.ok("apply", "--dry-run", "--json").json["containers"][0]["why"]
    assert "HOST_ADDRESS" in why.split()


def test_addresses_of_the_host(stocked):
    """An address that the host has is refused before any change, and taken with --force."""
    path = store_system(stocked)
    taken = 'hostAddress = "192.168.3.1"; localAddress = "198.51.100.1";'
    network = f"path = {path}; privateNetwork = true;"
    fine = 'hostAddress = "192.168.3.1"; localAddress = "192.168.3.2";'
    declare(stocked, foo=network + taken)
    for words in ("apply", "--dry-run"), ("apply",):
        result = stocked.nixctr(*words)
        assert result.rc == CONFLICT and "container 'foo': 198.51.100.1 is in use on this host" in result.stderr, result
        assert not stocked.path(f"{DEFINITIONS}/foo.conf").exists()
    declare(stocked, foo=network + fine)
    stocked.ok("apply")
    stocked.ok("net", "up", "foo")
    declare(stocked, foo=network + taken)
    result = stocked.nixctr("apply")
    assert result.rc == CONFLICT and "address 198.51.100.1 of link eth0" in result.stderr, result
    assert address_inside(stocked, "foo") == "192.168.3.2"
    assert "PENDING" not in definition(stocked, "foo")
    assert stocked.ok("apply", "--force").rc == 0
    assert definition(stocked, "foo")["LOCAL_ADDRESS"] == "198.51.100.1"
    assert steps(stocked) == {"foo": "leave"}
    stocked.ok("create", "bar")
    refused = stocked.nixctr("set", "bar", "hostAddress=192.168.4.1", "localAddress=198.51.100.1")
    assert refused.rc == CONFLICT and "is in use on this host" in refused.stderr, refused
    assert definition(stocked, "bar")["LOCAL_ADDRESS"] == "10.233.1.2"
    stocked.ok("ipam", "show", "10.233.1.2")


def test_switch(stocked):
    """Nothing but privateNetwork is changed: the network is the host's, and then its own again."""
    path = store_system(stocked)
    rest = f'path = {path}; hostAddress = "192.168.7.1"; localAddress = "192.168.7.2";'

    def insist(private, name="foo", address="192.168.7.2"):
        assert (address in stocked.ok("net", "show", "--json").stdout) is private
        assert (address in stocked.ok("ipam", "list", "--json").stdout) is private
        stocked.ok("net", "up", name)
        assert (f"ve-{name}" in stocked.namespaces()) is private
        stocked.ok("net", "down", name)

    for private in True, False, True:
        declare(stocked, foo=rest + f"privateNetwork = {str(private).lower()};")
        assert steps(stocked)["foo"] != "leave"
        insist(private)
        assert steps(stocked) == {"foo": "leave"}
    # As with NixOS, an address alone is no network of its own.
    declare(stocked, foo=rest)
    assert steps(stocked) == {"foo": "update"}
    insist(False)
    stocked.ok("create", "bar", "--host-address", "192.168.8.1", "--local-address", "192.168.8.2")
    for word, private in ("false", False), ("true", True):
        stocked.ok("set", "bar", f"privateNetwork={word}")
        insist(private, "bar", "192.168.8.2")


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
    assert stocked.ok("set", "foo", "hostAddress=192.168.9.1", "localAddress=192.168.9.2").stderr == ""
    assert "takes effect at the next start" in stocked.ok("set", "foo", "copyResolvConf=true").stderr
    leases = stocked.ok("ipam", "list", "--json").json["leases"]
    assert "192.168.9.2" in str(leases)
    before = definition(stocked, "foo")
    for words, rc, said in (
        (["forwardPorts=443"], CONFLICT, "'bar'"),
        (["localAddress=10.233.2.2"], CONFLICT, "leased to container bar"),
        (["forwardPort=1"], USAGE, "try: write forwardPorts"),
        (["localAddress=nonsense"], USAGE, "nonsense"),
        (["localAddress="], USAGE, "hostAddress would be left without localAddress"),
        (["hostAddress="], USAGE, "try: set both of them"),
        (["localAddress6=fd00::2"], USAGE, "localAddress6 would be left without hostAddress6"),
        (["autoStart=perhaps"], USAGE, "true or false"),
        (["autoStart"], USAGE, "OPTION=VALUE"),
    ):
        result = stocked.nixctr("set", "foo", *words)
        assert (result.rc, said in result.stderr) == (rc, True), result
    assert definition(stocked, "foo") == before
    assert stocked.nixctr("set", "nobody", "autoStart=true").rc == 3
