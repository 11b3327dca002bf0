# SPDX-License-Identifier: GPL-2.0-or-later
"""What people get wrong: every mistake has its exit code, one line that says why, and no effect."""

import os
import subprocess

import pytest
import world as world_module

FAILED, USAGE, NO_CONTAINER, CONFLICT, EXHAUSTED, DENIED = 1, 2, 3, 4, 5, 6

DEFINITION = "/etc/nixos-containers/foo.conf"
BOOK = "/var/lib/nixctr-net/ipam.db"

# The pool's capacity: 127 pairs in each of 254 networks.
CAPACITY = 127 * 254


def definitions(world):
    """All there is below /etc: paths and contents."""
    found = {}
    for directory, _, names in os.walk(world.path("/etc")):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def state(world):
    """What must not change when something is refused. An empty book is as good as none."""
    leases = world.nixctr("ipam", "list", "--json").stdout
    return definitions(world), leases, world.links(), world.namespaces(), world.ruleset()


def refused(world, rc, *arguments, says=()):
    """Runs the program, which must refuse with this code, words and form, and change nothing."""
    before = state(world)
    result = world.nixctr(*arguments)
    assert result.rc == rc, result
    lines = result.stderr.splitlines()
    assert lines and lines[0].startswith("nixctr-net: "), result
    assert all(line.startswith(("  kernel: ", "  try: ")) for line in lines[1:]), result
    assert not lines[0].endswith("."), result
    for words in says:
        assert words in result.stderr, result
    assert state(world) == before
    return result


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "a.localhost"])
def test_name_of_the_host(world, name):
    """What everybody takes for the host itself is not given to a container."""
    refused(world, USAGE, "create", "--no-system", name)
    world.ok("create", "--no-system", "localhost-1")


@pytest.mark.parametrize("host, name", [
    ("web", "web"), ("Web.example.org", "web"), ("web.example.org", "web.example.org"),
])  # fmt: skip
def test_name_that_the_host_has(world, host, name):
    """What the host is called leads to the host, with its domain and without."""
    before = state(world)
    script = 'hostname "$1" && shift && exec "$@"'
    for given, rc in ((name, USAGE), (f"{name}-1", 0)):
        result = world.run("unshare", "--uts", "sh", "-c", script, "sh", host, world_module.BINARY, "create",
                           "--no-system", given)  # fmt: skip
        assert result.rc == rc, result
        if rc:
            assert "programs take it for the host" in result.stderr and state(world) == before


@pytest.mark.parametrize(
    "name",
    ["", "-x", ".x", "_x", "..", "a..b", "a/b", "../a", "/a", "a\nb", "a\n", "a b", "a\tb", "a%b",
     "a;b", "a'b", "$a", "käse", "容器", "a" * 64],
    ids=repr,
)  # fmt: skip
def test_bad_name(world, name):
    """A name that is none creates nothing, whatever the verb."""
    refused(world, USAGE, "create", "--", name)
    for verb in ["destroy"], ["show-ip"], ["net", "up"], ["net", "down"], ["hook", "pre-start"]:
        result = world.nixctr(*verb, "--", name)
        assert result.rc == USAGE, result


def test_longest_name_is_fine(world):
    """63 bytes are allowed, and go all the way."""
    name = "a" * 63
    world.ok("create", name)
    world.ok("net", "up", name)
    assert world.namespaces() == [f"ve-{name}"]
    world.ok("destroy", name)


def addresses(host, local, suffix=""):
    """The options for one pair."""
    return (f"--host-address{suffix}", host, f"--local-address{suffix}", local)


@pytest.mark.parametrize(
    "options, says",
    [
        (addresses("10.1.1", "10.1.1.2"), ["10.1.1"]),
        (addresses("300.1.1.1", "10.1.1.2"), ["300.1.1.1"]),
        (addresses("10.1.1.1", "10.1.1.2x"), ["10.1.1.2x"]),
        (addresses("", "10.1.1.2"), []),
        (addresses("10.1.1.1", "10.1.1.2/24"), ["10.1.1.2/24"]),
        (addresses("10.1.1.1/32", "10.1.1.2"), ["10.1.1.1/32"]),
        (addresses("10.1.1.1", "10.1.1.1"), ["10.1.1.1"]),
        (addresses("10.233.0.0", "10.1.1.2"), ["10.233.0.0"]),
        (addresses("10.1.1.1", "10.233.255.255"), ["10.233.255.255"]),
        (addresses("0.0.0.0", "10.1.1.2"), ["0.0.0.0"]),
        (addresses("10.1.1.1", "127.0.0.1"), ["127.0.0.1"]),
        (addresses("10.1.1.1", "224.0.0.1"), ["224.0.0.1"]),
        (addresses("10.1.1.1", "255.255.255.255"), ["255.255.255.255"]),
        (addresses("fd00::1", "fd00::2"), ["fd00::1", "--host-address"]),
        (addresses("10.1.1.1", "fd00::2"), ["fd00::2", "--local-address"]),
        (addresses("10.1.1.1", "10.1.1.2", "6"), ["10.1.1.1", "--host-address6"]),
        (addresses("fd00::1", "fd00::1", "6"), ["fd00::1"]),
        (addresses("fd00::g", "fd00::2", "6"), ["fd00::g"]),
        (addresses("fe80::1", "fe80::2", "6"), ["fe80::"]),
        (("--host-address", "10.1.1.1"), ["--local-address"]),
        (("--local-address", "10.1.1.2"), ["--host-address"]),
        (("--host-address6", "fd00::1"), ["--local-address6"]),
        (("--local-address6", "fd00::2"), ["--host-address6"]),
        (("--bridge", "a-bridge-of-sixteen", *addresses("10.1.1.1", "10.1.1.2/24")), ["bridge"]),
        (("--bridge", "../br0", *addresses("10.1.1.1", "10.1.1.2/24")), ["bridge"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else "",
)
def test_bad_address(world, options, says):
    """One line names the address or the option."""
    refused(world, USAGE, "create", "foo", *options, says=says)


@pytest.mark.parametrize(
    "pair",
    [("10.233.1.1", "10.9.9.9"), ("10.9.9.9", "10.233.1.2"), ("10.233.1.2", "10.9.9.9"),
     ("10.233.1.1", "10.233.1.2")],
    ids=" ".join,
)  # fmt: skip
def test_leased_address_names_its_holder(world, pair):
    """Neither end may be at either end of somebody else."""
    world.ok("create", "holder")
    refused(world, CONFLICT, "create", "foo", *addresses(*pair), says=["holder"])


def test_leased_address6_names_its_holder(world):
    """Likewise with IPv6, however it is spelt."""
    world.ok("create", "holder", *addresses("fd00::1", "fd00::2", "6"))
    pair = addresses("fd00:0::0001", "fd00::3", "6")
    refused(world, CONFLICT, "create", "foo", *pair, says=["holder"])


def test_explicit_address_is_not_handed_out(world):
    """The automatic order steps over what somebody was given by hand."""
    world.ok("create", "holder", *addresses("10.233.1.1", "10.9.9.9"))
    world.ok("create", "foo")
    assert world.ok("show-ip", "foo").stdout == "10.233.2.2\n"


def test_existing_name(world):
    """A second container of one name is refused; the first stays as it is."""
    world.ok("create", "foo")
    refused(world, CONFLICT, "create", "foo", says=["'foo'", "try: "])


def fill_pool(world):
    """Leaves no address free: definitions that are there hold theirs."""
    for number in range(CAPACITY):
        network, pair = number % 254 + 1, number // 254
        host, local = f"10.233.{network}.{2 * pair + 1}", f"10.233.{network}.{2 * pair + 2}"
        world.path(f"/etc/nixos-containers/c{number}.conf").write_text(
            f"PRIVATE_NETWORK=1\nHOST_ADDRESS={host}\nLOCAL_ADDRESS={local}\n", encoding="ascii"
        )


def test_pool_exhausted(world):
    """The 32,259th container is told so, and what to do."""
    os.mkdir(world.path("/etc/nixos-containers"))
    fill_pool(world)
    refused_once = world.nixctr("create", "foo")
    assert refused_once.rc == EXHAUSTED, refused_once
    assert "10.233.0.0/16" in refused_once.stderr and "try: " in refused_once.stderr
    assert not world.path(DEFINITION).exists()
    world.ok("create", "foo", *addresses("10.1.1.1", "10.1.1.2"))


def write_definition(world, content):
    """Puts a definition in the place of foo's."""
    world.path(DEFINITION).parent.mkdir(exist_ok=True)
    world.path(DEFINITION).write_bytes(content)


GOOD = b"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD + b"A=\0\n",
        GOOD.replace(b"=10.233.1.1", b"=300.1.1.1"),
        GOOD + b"LOCAL_MAC_ADDRESS=rubbish\n",
        GOOD + b"HOST_BRIDGE=" + b"b" * 16 + b"\n",
        GOOD + b"X=" + b"x" * (1 << 20) + b"\n",
        GOOD + b"NETWORK_NAMESPACE_PATH=/run/netns/other\n",
    ],
    ids=["nul", "address", "mac", "bridge", "huge", "namespace"],
)
def test_bad_definition(world, content):
    """A definition that makes no sense is named, and nothing is made of it."""
    write_definition(world, content)
    result = world.nixctr("net", "up", "foo")
    assert result.rc in (FAILED, USAGE), result
    assert "foo.conf" in result.stderr
    assert world.links() == ["eth0", "lo"] and world.namespaces() == []


def test_unknown_keys_are_no_error(world):
    """nixos-container's other keys, and keys nobody knows."""
    write_definition(world, GOOD + b"HOST_PORT=tcp:80:80\nNOBODY_KNOWS=this\n# a remark\n")
    world.ok("net", "up", "foo")
    assert world.ok("show-ip", "foo").stdout == "10.233.1.2\n"


def test_directory_for_a_definition(world):
    """A directory in its place is named."""
    os.makedirs(world.path(DEFINITION))
    result = refused(world, FAILED, "net", "up", "foo", says=["foo.conf"])
    assert "irectory" in result.stderr
    assert world.nixctr("create", "foo").rc == CONFLICT


def test_fifo_for_a_definition(world):
    """A FIFO in its place does not block anybody."""
    world.path(DEFINITION).parent.mkdir()
    os.mkfifo(world.path(DEFINITION))
    result = world.nixctr("net", "up", "foo")
    assert result.rc == FAILED and "foo.conf" in result.stderr


def test_unreadable_definition(world):
    """A definition that cannot be read is named, with the reason. (Root reads everything: a link
    that leads nowhere stands in.)"""
    world.path(DEFINITION).parent.mkdir()
    os.symlink("foo.conf", world.path(DEFINITION))
    result = world.nixctr("net", "up", "foo")
    assert result.rc == FAILED, result
    assert "foo.conf" in result.stderr and "symbolic links" in result.stderr


def test_definition_of_root_alone(world):
    """Who may not read it is told so, and that root may."""
    world.ok("create", "foo")
    world.path(DEFINITION).chmod(0o600)
    result = world.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                       "--bounding-set=-all", world_module.BINARY, "show-ip", "foo")  # fmt: skip
    assert result.rc == DENIED and "foo.conf" in result.stderr, result
    assert "CAP_DAC_OVERRIDE" in result.stderr and "root" in result.stderr, result


def test_dangling_definition_stops_nobody(world):
    """One broken link among the definitions does not keep others from being made."""
    world.path(DEFINITION).parent.mkdir()
    os.symlink("/nonexistent", world.path(DEFINITION))
    world.ok("create", "bar")


@pytest.mark.parametrize(
    "arguments, capability",
    [
        (["create", "--no-system", "bar"], "CAP_DAC_OVERRIDE"),
        (["destroy", "foo"], "CAP_DAC_OVERRIDE"),
        (["net", "up", "foo"], "CAP_SYS_ADMIN"),
        (["net", "down", "up"], "CAP_SYS_ADMIN"),
        (["net", "exec", "up", "true"], "CAP_SYS_ADMIN"),
        (["nat", "enable", "--external", "eth0"], "CAP_"),
        (["nat", "disable"], "CAP_"),
        (["ipam", "list"], "CAP_DAC_OVERRIDE"),
        (["ipam", "show", "foo"], "CAP_DAC_OVERRIDE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_not_root(world, arguments, capability):
    """Whoever may not is told what is missing."""
    world.ok("create", "foo")
    world.ok("create", "up")
    world.ok("net", "up", "up")
    before = state(world)
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
               "--bounding-set=-all"]  # fmt: skip
    result = world.run(*setpriv, world_module.BINARY, *arguments)
    assert result.rc == DENIED, result
    assert capability in result.stderr, result
    assert "root" in result.stderr, result
    assert state(world) == before


def test_foreign_link(world):
    """A link of that name that is not ours stays, and is named."""
    world.ok("create", "foo")
    assert world.run("ip", "link", "add", "ve-foo", "type", "bridge").rc == 0
    for verb in ["net", "up"], ["hook", "pre-start"]:
        result = world.nixctr(*verb, "foo")
        assert result.rc == CONFLICT, result
        assert "ve-foo" in result.stderr
    assert "ve-foo" in world.links()
    assert world.namespaces() == []


def test_foreign_link_survives_destroy(world):
    """Destroying the container takes nothing of anybody else's."""
    world.ok("create", "foo")
    assert world.run("ip", "link", "add", "ve-foo", "type", "bridge").rc == 0
    world.nixctr("destroy", "foo")
    assert "ve-foo" in world.links()


def test_missing_bridge(world):
    """It is named; nothing half done is left."""
    world.ok("create", "foo", "--bridge", "br0", *addresses("192.0.2.1", "192.0.2.2/24"))
    result = world.nixctr("net", "up", "foo")
    assert result.rc == FAILED and "br0" in result.stderr, result
    assert world.links() == ["eth0", "lo"] and world.namespaces() == []


def test_namespace_that_is_gone(world):
    """Somebody has taken it away under a container that is attached: it is named, and made again."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    assert world.run("umount", "/run/netns/ve-foo").rc == 0
    result = world.nixctr("net", "exec", "foo", "true")
    assert result.rc == FAILED and "'foo' has no network" in result.stderr, result
    assert "try: nixctr-net net up foo" in result.stderr, result
    world.ok("net", "up", "foo")
    assert world.nixctr("net", "exec", "foo", "ip", "-br", "link").stdout.count("eth0") == 1


def test_file_for_a_namespace(world):
    """A killed run's file, on which nothing is pinned, is taken over."""
    world.ok("create", "foo")
    world.path("/run/netns").mkdir()
    world.path("/run/netns/ve-foo").touch()
    world.ok("net", "up", "foo")
    world.ok("net", "down", "foo")
    assert world.namespaces() == []


@pytest.mark.parametrize(
    "external, says",
    [(["ve-foo"], "ve-foo"), (["a/b"], "link"), (["a" * 16], "aaaa"), ([""], "")],
    ids=["internal", "slash", "long", "empty"],
)
def test_bad_external_link(world, external, says):
    """What can be no external link is refused before anything is done."""
    refused(world, USAGE, "nat", "enable", "--external", *external, says=[says])


def test_external_is_needed(world):
    """nat enable without --external says so."""
    refused(world, USAGE, "nat", "enable", says=["--external"])


@pytest.mark.parametrize(
    "verb", [["show-ip"], ["net", "up"], ["net", "show"], ["net", "exec"], ["ipam", "show"],
             ["hook", "pre-start"]], ids=" ".join
)  # fmt: skip
def test_no_such_container(world, verb):
    """Where there must be one, its absence is an error of its own code."""
    refused(world, NO_CONTAINER, *verb, "nobody", *(["true"] if "exec" in verb else []),
            says=["nobody"])  # fmt: skip


@pytest.mark.parametrize("verb", [["destroy"], ["net", "down"], ["hook", "post-stop"]], ids=" ".join)
def test_absence_is_fine(world, verb):
    """Where there should be none afterwards, there is none."""
    world.ok(*verb, "nobody")


@pytest.mark.parametrize(
    "arguments",
    [[], ["creat", "foo"], ["create"], ["create", "a", "b"], ["create", "--nope", "a"],
     ["create", "a", "--host-address"], ["net"], ["net", "sideways", "a"], ["status"]],
    ids=lambda value: " ".join(value) or "nothing",
)  # fmt: skip
def test_usage(world, arguments):
    """A mistake in the command line is one line, not the whole help."""
    result = world.nixctr(*arguments)
    assert result.rc == USAGE, result
    assert result.stdout == "" and 1 <= len(result.stderr.splitlines()) <= 3, result


def test_did_you_mean(world):
    """A near miss is guessed."""
    assert "create" in world.nixctr("creat", "foo").stderr


def test_error_as_json(world):
    """With --json the error is an object on stdout, with the same text."""
    result = world.nixctr("show-ip", "nobody", "--json")
    assert result.rc == NO_CONTAINER
    error = result.json["error"]
    assert error["code"] == NO_CONTAINER and "nobody" in error["text"]
    assert {"class", "code", "text", "kernel", "remedy"} <= set(error)


def test_newer_book(world):
    """A book of a later version is refused by name, and not touched."""
    world.ok("create", "foo")
    set_version = f"import sqlite3; sqlite3.connect('{BOOK}').execute('PRAGMA user_version = 9999')"
    assert world.run("/usr/bin/python3", "-c", set_version).rc == 0
    result = refused(world, FAILED, "create", "bar", says=["ipam.db", "newer", "try: "])
    assert "9999" in result.stderr
    assert world.nixctr("ipam", "list").rc == FAILED


def test_corrupted_book(world):
    """A book that is none is named; containers go on without it."""
    world.ok("create", "foo")
    world.path(BOOK).write_bytes(b"this is no database\n" * 400)
    refused(world, FAILED, "create", "bar", says=["ipam.db"])
    world.ok("net", "up", "foo")


def test_read_only_book(world):
    """A book that cannot be written is named, and nothing is half done."""
    world.ok("create", "foo")
    assert world.run("mount", "--bind", "/var/lib/nixctr-net", "/var/lib/nixctr-net").rc == 0
    remount = ["mount", "-o", "remount,bind,ro", "/var/lib/nixctr-net"]
    assert world.run(*remount).rc == 0
    refused(world, FAILED, "create", "bar", says=["ipam.db"])
    assert world.ok("ipam", "list", "--json").json["leases"][0]["container"] == "foo"


@pytest.mark.parametrize("directory", ["/var/lib/nixctr-net", "/etc/nixos-containers"])
def test_disk_full(world, directory):
    """No room for the book, or for the definition: the error says so, the other has no trace."""
    world.ok("create", "foo")
    target = world.path(directory)
    copy = {path.name: path.read_bytes() for path in target.iterdir()
            if path.suffix in (".db", ".conf")}  # fmt: skip
    assert world.run("mount", "-t", "tmpfs", "-o", "size=128k,mode=0700", "tmpfs", directory).rc == 0
    for name, content in copy.items():
        (target / name).write_bytes(content)
        (target / name).chmod(0o600)
    assert world.run("dd", "if=/dev/zero", f"of={directory}/filler", "bs=4k").rc != 0
    refused(world, FAILED, "create", "bar", says=["bar"])
    (target / "filler").unlink()
    assert [lease["container"] for lease in world.ok("ipam", "list", "--json").json["leases"]] == [
        "foo"
    ]
    world.ok("create", "bar")


def test_locked_book_is_waited_for(world):
    """Somebody else's change is waited for, and then it is our turn."""
    world.ok("create", "foo")
    hold = f"""
import sqlite3, sys
book = sqlite3.connect("{BOOK}", isolation_level=None)
book.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        world.command("/usr/bin/python3", "-c", hold),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii",
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == "held\n"
        with subprocess.Popen(world.command(world_module.BINARY, "create", "--no-system", "bar")) as waiting:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(0.3)
            holder.stdin.close()
            assert waiting.wait(world_module.DEADLINE) == 0


@pytest.mark.parametrize(
    "words, meant",
    [
        (("statr", "web"), "start"),
        (("nat", "forwrad", "list"), "nat forward"),
        (("net", "shwo"), "net show"),
        (("list", "--ouput", "name"), "--output"),
        (("list", "-o", "nmae"), "NAME"),
        (("start", "databsae"), "database"),
        (("net", "up", "datbase"), "database"),
        (("net", "link", "database", "wev"), "web"),
        (("show-ip", "databas"), "database"),
        (("nat", "forward", "add", "databace", "80"), "database"),
        (("run", "wbe", "true"), "web"),
    ],
)
def test_did_you_mean(named, words, meant):
    """What is a slip away from something that is there is named."""
    refused(named, NO_CONTAINER if meant in ("web", "database") else USAGE, *words,
            says=[f"did you mean '{meant}'?"])  # fmt: skip


@pytest.fixture(scope="module", name="named")
def fixture_named():
    """A host with two containers and a bridge."""
    with world_module.World() as world:
        world.ok("create", "web")
        world.ok("create", "database")
        world.run("ip", "link", "add", "br-office", "type", "bridge")
        yield world


def test_did_you_mean_this_link_or_setting(named):
    """A bridge, an external link, a setting: what goes on all the same says so."""
    assert "did you mean 'eth0'?" in named.ok("nat", "enable", "--external", "eht0").stderr
    named.ok("nat", "disable")
    for port, why in (("%eht0:8080:80", "link eht0 is not there; did you mean 'eth0'?"),
                      ("192.0.2.7:8080:80", "192.0.2.7 is no address of this host")):  # fmt: skip
        told = named.ok("nat", "forward", "add", "web", port).stderr
        assert f"nobody calls tcp:{port} of container 'web': {why}\n" in told
        named.ok("nat", "forward", "remove", "web", port)
    named.ok("create", "ported", "--bridge", "br-ofice", "--local-address", "192.168.77.2/24")
    result = named.nixctr("net", "up", "ported")
    assert result.rc == FAILED and "did you mean 'br-office'?" in result.stderr
    named.path("/etc/nixctr-net/conf.d/90-slip.conf").write_text("[nat]\nexternl = eth0\n")
    warned = named.ok("nat", "show").stderr
    assert "unknown setting [nat] externl is ignored; did you mean '[nat] external'?" in warned
