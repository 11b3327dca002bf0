# SPDX-License-Identifier: GPL-2.0-or-later
"""What destroy takes away, and what it never touches."""

import os

import pytest
import systems
import world as world_module

FAILED, CONFLICT, DENIED = 1, 4, 6

PROFILES = "/nix/var/nix/profiles/per-container"
GCROOTS = "/nix/var/nix/gcroots/per-container"
MACHINES = "/run/nixos-containers"
ROOTS = "/var/lib/nixos-containers"
DEFINITIONS = "/etc/nixos-containers"


def furnish(world, name="foo"):
    """Gives a container all the directories that one can have."""
    for above, inside in (PROFILES, ""), (GCROOTS, ""), (MACHINES, ""), (ROOTS, "etc/nixos"):
        world.path(f"{above}/{name}/{inside}").mkdir(parents=True, exist_ok=True)
    world.path(f"{PROFILES}/{name}/system").symlink_to("system-1-link")
    world.path(f"{GCROOTS}/{name}/current").symlink_to("/nowhere")
    world.path(f"{ROOTS}/{name}/etc/nixos/configuration.nix").write_text("{ }", encoding="ascii")


def is_gone(world, name="foo"):
    """Whether there is nothing of a container."""
    paths = [f"{above}/{name}" for above in (PROFILES, GCROOTS, MACHINES, ROOTS)]
    leases = world.ok("ipam", "list", "--json").json["leases"]
    return not leases and not any(
        os.path.lexists(world.path(path)) for path in [*paths, f"{DEFINITIONS}/{name}.conf"]
    )


def mount(world, *arguments):
    """Mounts something on the host."""
    result = world.run("mount", *arguments)
    assert result.rc == 0, result


def test_all_of_it(stocked):
    """Network, directories, definition and lease; neighbours stay."""
    path = systems.store_system(stocked)
    for name in "foo", "bar":
        stocked.ok("create", name, "--system-path", path)
        stocked.ok("net", "up", name)
    result = stocked.ok("destroy", "foo", "--json")
    assert result.json["containers"] == [{"name": "foo", "changed": True}]
    stocked.ok("destroy", "foo")
    for above in PROFILES, ROOTS:
        assert os.listdir(stocked.path(above)) == ["bar"]
    assert stocked.namespaces() == ["ve-bar"]
    stocked.ok("destroy", "bar")
    assert is_gone(stocked, "bar")


def test_remnants_without_definition(world):
    """What a removed declaration, or nixos-container, left behind goes as well."""
    furnish(world)
    world.path(DEFINITIONS).mkdir()
    assert world.ok("destroy", "foo", "--json").json["containers"][0]["changed"]
    assert is_gone(world)
    assert not world.ok("destroy", "foo", "--json").json["containers"][0]["changed"]


def test_made_by_nixos_container(world):
    """Its definition is all it needs to be destroyed, down to the root directory."""
    furnish(world)
    world.path(DEFINITIONS).mkdir()
    world.path(f"{DEFINITIONS}/foo.conf").write_text(
        "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\nHOST_BRIDGE=\n"
        "HOST_PORT=\nAUTO_START=0\n", encoding="ascii",
    )  # fmt: skip
    world.ok("net", "up", "foo")
    world.ok("destroy", "foo")
    assert is_gone(world) and world.namespaces() == []


def test_declarative(world):
    """What a configuration defines keeps everything."""
    furnish(world)
    world.path(DEFINITIONS).mkdir()
    world.path("/etc/static.conf").write_text("PRIVATE_NETWORK=0\n", encoding="ascii")
    world.path(f"{DEFINITIONS}/foo.conf").symlink_to("/etc/static.conf")
    result = world.nixctr("destroy", "foo")
    assert result.rc == FAILED and "declarative" in result.stderr, result
    assert world.path(f"{ROOTS}/foo/etc/nixos/configuration.nix").exists()
    assert os.path.lexists(world.path(f"{PROFILES}/foo/system"))


def test_not_root(world):
    """A plain permission error is told as that."""
    world.ok("create", "foo")
    furnish(world)
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    result = world.run(*setpriv, world_module.BINARY, "destroy", "foo")
    assert result.rc == DENIED and "declarative" not in result.stderr, result
    assert "root" in result.stderr, result
    assert world.path(f"{ROOTS}/foo/etc/nixos/configuration.nix").exists()


def test_mounts(world):
    """What is mounted below the root directory survives, however deep it is mounted."""
    world.ok("create", "foo")
    furnish(world)
    world.path("/run/data/deep").mkdir(parents=True)
    world.path("/run/data/deep/file").write_text("precious", encoding="ascii")
    for inside in "srv/data", "srv/data/deep", "home":
        world.path(f"{ROOTS}/foo/{inside}").mkdir(parents=True, exist_ok=True)
    mount(world, "--bind", "/run/data", f"{ROOTS}/foo/srv/data")
    mount(world, "-t", "tmpfs", "tmpfs", f"{ROOTS}/foo/srv/data/deep")
    mount(world, "--bind", "/run/data/deep/file", f"{ROOTS}/foo/etc/nixos/configuration.nix")
    world.ok("destroy", "foo")
    assert is_gone(world)
    assert world.path("/run/data/deep/file").read_text(encoding="ascii") == "precious"
    assert ROOTS + "/foo" not in world.run("cat", "/proc/self/mountinfo").stdout


def test_root_directory_is_a_mount(world):
    """A root directory on a file system of its own is unmounted, not emptied."""
    world.ok("create", "foo")
    world.path("/run/disk").mkdir()
    world.path("/run/disk/file").write_text("precious", encoding="ascii")
    world.path(f"{ROOTS}/foo").mkdir(parents=True)
    mount(world, "--bind", "/run/disk", f"{ROOTS}/foo")
    world.ok("destroy", "foo")
    assert is_gone(world)
    assert world.path("/run/disk/file").read_text(encoding="ascii") == "precious"


def test_links_are_not_followed(world):
    """A root directory that is a link, and links in it, lead nowhere."""
    for directory in "one", "two":
        world.path(f"/run/{directory}").mkdir()
        world.path(f"/run/{directory}/file").write_text("precious", encoding="ascii")
    world.ok("create", "foo")
    furnish(world)
    world.path(f"{ROOTS}/foo/var").symlink_to("/run/one")
    world.path(f"{ROOTS}/foo/empty").symlink_to("../../../../run/two")
    world.ok("destroy", "foo")
    world.ok("create", "bar")
    world.path(f"{ROOTS}/bar").symlink_to("/run/one")
    world.ok("destroy", "bar")
    assert is_gone(world) and is_gone(world, "bar")
    assert [world.path(f"/run/{name}/file").exists() for name in ("one", "two")] == [True, True]


def test_deep_tree(world):
    """A tree whose paths are longer than any path can be."""
    world.ok("create", "foo")
    world.path(f"{ROOTS}/foo").mkdir(parents=True)
    script = """
import os
os.chdir("/var/lib/nixos-containers/foo")
for level in range(300):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
"""
    assert world.run("/usr/bin/python3", "-c", script).rc == 0
    world.ok("destroy", "foo")
    assert is_gone(world)


def test_immutable(world):
    """systemd-tmpfiles makes var/empty immutable where it can; tmpfs can since Linux 6.6."""
    world.ok("create", "foo")
    world.path(f"{ROOTS}/foo/var/empty").mkdir(parents=True)
    immutable = world.run("chattr", "+i", f"{ROOTS}/foo/var/empty")
    if immutable.rc != 0:
        pytest.skip(f"no immutable files here: {immutable.stderr}")
    assert world.run("rmdir", f"{ROOTS}/foo/var/empty").rc != 0
    world.ok("destroy", "foo")
    assert is_gone(world)
