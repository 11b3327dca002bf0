# SPDX-License-Identifier: GPL-2.0-or-later
"""The host finds containers by their names: what getent says, which asks our module for it.

NSS_DIRECTORY is where the module was built.
"""

import os

import pytest

NIXOS_DEFINITION = "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.9.0.1\nLOCAL_ADDRESS={}\nLOCAL_ADDRESS6=fd09::2\n"


@pytest.fixture(name="named")
def named_fixture(world):
    """A host that asks our module after /etc/hosts."""
    world.path("/etc/nsswitch.conf").write_text("hosts: files nixctr\n", encoding="ascii")
    world.path("/etc/nixos-containers").mkdir()
    return world


def getent(world, *words):
    """What the C library answers, or None when it knows nothing."""
    result = world.run("env", f"LD_LIBRARY_PATH={os.environ['NSS_DIRECTORY']}", "getent", *words)
    assert result.rc in (0, 2), result
    return [line.split() for line in result.stdout.splitlines()] if result.rc == 0 else None


def names(world):
    """All links there are: {path: text}."""
    top = world.path("/run/nixctr-net/names")
    return {str(path.relative_to(top)): os.readlink(path) for path in top.glob("*/*")}


def declare(world, name, address="10.9.0.2", *peers):
    """Writes a definition as NixOS does: a link to a file without a date."""
    store = world.path("/etc/static")
    store.mkdir(exist_ok=True)
    link = world.path(f"/etc/nixos-containers/{name}.conf")
    file = store / f"{name}-{address}.conf"
    linked = f'LINKED_TO="{" ".join(peers)}"\n' if peers else ""
    file.write_text(NIXOS_DEFINITION.format(address) + linked, encoding="ascii")
    os.utime(file, (1, 1))
    link.unlink(missing_ok=True)
    link.symlink_to(f"/etc/static/{file.name}")


def test_a_created_container_has_its_name(named):
    """... before it is attached, in both families, under both names, and the other way round."""
    named.ok("create", "foo", "--host-address6", "fd00::1", "--local-address6", "fd00::2")
    for name in "foo", "foo.containers", "FOO":
        assert getent(named, "ahostsv4", name)[0][0] == "10.233.1.2"
        found = {line[0] for line in getent(named, "ahosts", name)}
        assert found == {"10.233.1.2", "fd00::2"}, name
    assert getent(named, "hosts", "foo") == [["fd00::2", "foo.containers", "foo"]]
    for address in "10.233.1.2", "fd00::2":
        assert getent(named, "hosts", address) == [[address, "foo.containers", "foo"]]
    assert getent(named, "ahosts", "foo.containers")[0][2] == "foo.containers"
    assert getent(named, "hosts", "bar") is None and getent(named, "hosts", "10.233.1.1") is None


def test_a_name_goes_with_its_container(named):
    """... and the address leads to whoever has it next."""
    named.ok("create", "foo")
    named.ok("destroy", "foo")
    assert getent(named, "hosts", "foo") is None and names(named) == {}
    named.ok("create", "bar", "--host-address", "10.233.1.1", "--local-address", "10.233.1.2")
    assert getent(named, "hosts", "10.233.1.2") == [["10.233.1.2", "bar.containers", "bar"]]


def test_programs_connect_by_name(named):
    """A program that knows nothing of us reaches the container."""
    named.ok("create", "foo")
    named.ok("net", "up", "foo")
    with named.server_in(named.container_namespace("foo")):
        script = "import socket; print(socket.create_connection(('foo.containers', 7777)).getpeername()[0])"
        result = named.run("env", f"LD_LIBRARY_PATH={os.environ['NSS_DIRECTORY']}", "python3", "-c", script)
    assert result.stdout == "10.233.1.2\n", result


def test_what_others_define(named):
    """... gets its name when it is attached, or when the path unit has it looked at."""
    declare(named, "web")
    named.ok("hook", "names")
    assert {line[0] for line in getent(named, "ahosts", "web")} == {"10.9.0.2", "fd09::2"}
    before = names(named)
    named.ok("hook", "names")
    assert names(named) == before
    declare(named, "web", "10.9.0.3")
    named.ok("net", "up", "web")
    assert getent(named, "ahostsv4", "web")[0][0] == "10.9.0.3"
    assert getent(named, "hosts", "10.9.0.2") is None


def test_all_names_are_made_right(named):
    """A host without any, stale ones, half-made ones, and those of containers that are not there."""
    named.ok("create", "foo")
    declare(named, "web")
    named.run("rm", "-r", "/run/nixctr-net/names")
    named.ok("hook", "names")
    right = names(named)
    assert set(right) == {"by-name/foo", "by-name/web", "by-address/10.233.1.2",
                          "by-address/10.9.0.2", "by-address/fd09::2"}  # fmt: skip
    top = named.path("/run/nixctr-net/names")
    for link in "by-name/gone", "by-name/.foo", "by-address/10.233.7.2":
        (top / link).symlink_to("gone")
    (top / "by-name/web").unlink()
    (top / "by-name/web").symlink_to("10.9.9.9")
    named.ok("hook", "names")
    assert {link: text for link, text in names(named).items() if "/." not in link} == right
    named.path("/etc/nixos-containers/web.conf").unlink()
    named.ok("hook", "names")
    assert getent(named, "hosts", "web") is None and "by-address/10.9.0.2" not in names(named)


def test_one_that_has_no_address_has_no_name(named):
    """It shares the host's, or whatever the network behind its bridge gave it."""
    named.run("ip", "link", "add", "br0", "type", "bridge")
    named.ok("create", "foo", "--bridge", "br0")
    named.path("/etc/nixos-containers/bar.conf").write_text("LOCAL_ADDRESS6=\n", encoding="ascii")
    named.ok("hook", "names")
    assert names(named) == {}


def test_a_directory_of_others_is_not_trusted(named):
    """Whoever may write to it could lead programs of root elsewhere."""
    named.ok("create", "foo")
    for directory in "/run/nixctr-net", "/run/nixctr-net/names", "/run/nixctr-net/names/by-name":
        named.path(directory).chmod(0o777)
        assert getent(named, "hosts", "foo") is None, directory
        named.path(directory).chmod(0o755)
    os.chown(named.path("/run/nixctr-net/names"), 1000, 1000)
    assert getent(named, "hosts", "foo") is None
    os.chown(named.path("/run/nixctr-net/names"), 0, 0)
    assert getent(named, "hosts", "foo")


def test_names_that_cannot_be_written(named):
    """... keep nobody from his container."""
    named.path("/run/nixctr-net").mkdir(exist_ok=True)
    named.path("/run/nixctr-net/names").write_text("", encoding="ascii")
    told = named.ok("create", "foo")
    assert "by its name" in told.stderr
    named.ok("net", "up", "foo")
    named.ok("destroy", "foo")


@pytest.fixture(name="linked")
def linked_fixture(named):
    """Two containers, a and b, that are linked and have been started before."""
    for name in "a", "b":
        named.ok("create", name)
        named.path(f"/var/lib/nixos-containers/{name}/etc").mkdir(parents=True)
    named.ok("net", "link", "a", "b")
    return named


def hosts(world, name):
    """What a container's hosts file says, without comments: {name: address}."""
    text = world.path(f"/var/lib/nixos-containers/{name}/etc/hosts").read_text(encoding="ascii")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {word: line[0] for line in reversed(lines) for word in line[1:]}


def test_containers_know_the_host_and_each_other(linked):
    """... as long as they are linked, whichever definition says so."""
    for name, other, end in ("a", "b", 1), ("b", "a", 2):
        known = hosts(linked, name)
        assert known["host.containers"] == f"10.233.{end}.1"
        assert known[other] == known[f"{other}.containers"] == f"10.233.{3 - end}.2"
        assert known["localhost"] == "127.0.0.1" and name not in known
    linked.ok("net", "unlink", "b", "a")
    for name, other in ("a", "b"), ("b", "a"):
        assert other not in hosts(linked, name) and "host.containers" in hosts(linked, name)


def undefine(world, name):
    """Takes a definition away as others do."""
    world.path(f"/etc/nixos-containers/{name}.conf").unlink()


def test_those_that_run_follow_what_others_define(linked):
    """Who is linked with it knows it as it is now, whichever definition says so, and nobody that is gone."""
    for name in "a", "b":
        linked.ok("net", "up", name)
    declare(linked, "web", "10.9.0.2", "a")
    linked.ok("hook", "names")
    assert hosts(linked, "a")["web"] == "10.9.0.2" and "web" not in hosts(linked, "b")
    linked.ok("hook", "pre-start", "web")
    declare(linked, "web", "10.9.0.3", "a", "b")
    linked.ok("hook", "names")
    assert hosts(linked, "a")["web"] == hosts(linked, "b")["web"] == "10.9.0.3"
    declare(linked, "web", "10.9.0.4", "a")
    for step in "post-stop", "pre-start":
        linked.ok("hook", step, "web")
    assert hosts(linked, "a")["web"] == "10.9.0.4" and "web" not in hosts(linked, "b")
    declare(linked, "web", "10.9.0.4", "b")
    linked.ok("hook", "pre-start", "web")
    assert hosts(linked, "b")["web"] == "10.9.0.4"
    undefine(linked, "web")
    linked.ok("hook", "post-stop", "web")
    assert "web" not in hosts(linked, "b") and getent(linked, "hosts", "web") is None
    assert hosts(linked, "b")["a"] == "10.233.1.2" and "host.containers" in hosts(linked, "b")


@pytest.mark.parametrize("how", ["names", "stop", "stop many", "dangling"])
def test_nobody_knows_one_whose_definition_others_took_away(linked, how):
    """Stopped before it went, as NixOS does, or behind that, alone or with others; it may leave a link."""
    declare(linked, "web", "10.9.0.2", "a")
    for name in "a", "b", "web":
        linked.ok("net", "up", name)
    assert hosts(linked, "a")["web"] == "10.9.0.2"
    if how == "names":
        linked.ok("net", "down", "web")
        assert hosts(linked, "a")["web"] == "10.9.0.2"  # one that is stopped keeps its name
    if how == "dangling":
        linked.path("/etc/static/web-10.9.0.2.conf").unlink()
    else:
        undefine(linked, "web")
    told = {"names": ["hook", "names"], "stop": ["hook", "post-stop", "web"],
            "stop many": ["net", "down", "b", "web"], "dangling": ["hook", "names"]}  # fmt: skip
    linked.ok(*told[how])
    assert set(hosts(linked, "a")) >= {"b", "host.containers"} and "web" not in hosts(linked, "a")
    assert getent(linked, "hosts", "web") is None and getent(linked, "hosts", "10.9.0.2") is None


@pytest.mark.parametrize("kind", ["own", "nixos", "fifo"])
def test_a_hosts_file_of_the_container_is_left_alone(linked, kind):
    """One it has written, one of NixOS, and one that is none."""
    linked.ok("net", "unlink", "a", "b")
    path = linked.path("/var/lib/nixos-containers/a/etc/hosts")
    path.unlink()
    if kind == "own":
        path.write_text("192.0.2.1 mine\n", encoding="ascii")
    elif kind == "nixos":
        path.symlink_to("/etc/static/hosts")
    else:
        os.mkfifo(path)
    before = path.lstat()
    linked.ok("net", "link", "a", "b")
    assert path.lstat() == before
    assert hosts(linked, "b")["a"] == "10.233.1.2"


def test_links_of_a_container_lead_nowhere(linked):
    """Its /etc may lead to that of the host: it is its own all the same."""
    linked.ok("net", "unlink", "a", "b")
    linked.path("/etc/hosts").write_text("", encoding="ascii")
    root = linked.path("/var/lib/nixos-containers/a")
    (root / "etc/hosts").unlink()
    (root / "etc").rmdir()
    (root / "etc").symlink_to("../../../../../etc")
    linked.ok("net", "link", "a", "b")
    assert linked.path("/etc/hosts").read_text(encoding="ascii") == ""
