# SPDX-License-Identifier: GPL-2.0-or-later
"""What containers boot, on a throwaway host: a Nix for it, and what it has made."""

import contextlib
import os
import subprocess

import world as world_module

PROFILES = "/nix/var/nix/profiles/per-container"
ROOTS = "/var/lib/nixos-containers"
DEFINITIONS = "/etc/nixos-containers"


def stock_nix(world):
    """Gives a host a Nix of its own, and tests/netns/nixpkgs as <nixpkgs>.

    Its store is on a tmpfs, see throwaway/host.c; nothing can be downloaded; builders are run as they
    are, for a host in a namespace has no users to build as and cannot make a sandbox."""
    assert world.run("findmnt", "--types", "tmpfs", "/nix").rc == 0, "there is no /nix to mount on"
    for name, text in {
        "/etc/passwd": "root:x:0:0::/run/home:/bin/sh\n",
        "/etc/group": "root:x:0:\n",
        "/etc/nix/nix.conf": "sandbox = false\nbuild-users-group =\nsubstituters =\n",
        "/run/home/empty": "",
    }.items():
        world.path(name).parent.mkdir(exist_ok=True)
        world.path(name).write_text(text, encoding="ascii")
    nixpkgs = world_module.HERE / "nixpkgs"
    world.wrap = [*world.wrap, "env", "HOME=/run/home", f"NIX_PATH=nixpkgs={nixpkgs}"]


def store_system(world, mark="built"):
    """Puts a system into the host's store. Returns its path, the same on every host."""
    tree = world.path(f"/run/systems/{mark}")
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "message").write_text(mark, encoding="ascii")
    (tree / "init").write_text("#!/bin/sh\n", encoding="ascii")
    (tree / "init").chmod(0o755)
    added = world.run("env", "HOME=/run/home", "nix-store", "--add", f"/run/systems/{mark}")
    assert added.rc == 0, added
    return added.stdout.strip()


def system(world, name):
    """The store path that a container boots."""
    found = world.run("readlink", "--canonicalize-existing", f"{PROFILES}/{name}/system")
    assert found.rc == 0 and found.stdout.startswith("/nix/store/"), found
    return found.stdout.strip()


def message(world, name):
    """What the system of a container says it was built from."""
    return world.run("cat", f"{system(world, name)}/message").stdout


def configuration(world, name="foo"):
    """The text of a container's configuration."""
    path = world.path(f"{ROOTS}/{name}/etc/nixos/configuration.nix")
    return path.read_text(encoding="utf-8")


def listing(world, *directories):
    """All paths below directories of the host, as the host names them."""
    if not directories:
        return []
    found = world.run("find", *directories, "-printf", "%p %y %l\\n")
    return sorted(found.stdout.splitlines())


def everything(world):
    """All that creating a container makes."""
    leases = world.ok("ipam", "list", "--json").json["leases"]
    there = [path for path in (DEFINITIONS, ROOTS, PROFILES) if world.path(path).exists()]
    return [lease["container"] for lease in leases], listing(world, *there)


def insist_on_nothing(world):
    """No container has left anything but the directories for all of them."""
    leases, found = everything(world)
    assert leases == []
    assert found in ([], sorted(f"{path} d " for path in (DEFINITIONS, ROOTS, PROFILES))), found


def write(world, path, text):
    """Writes a file of the host, with the directories it is in."""
    world.path(path).parent.mkdir(parents=True, exist_ok=True)
    world.path(path).write_text(text, encoding="utf-8")


@contextlib.contextmanager
def building(world, verb="create", name="foo"):
    """While in it, a command is in the midst of a build that goes on when told."""
    go = world.path("/run/go")
    if not go.exists():
        os.mkfifo(go)
    command = world.command(*world.wrap, world_module.BINARY, verb, name, "--config",
                            'message = "wait";')  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          encoding="utf-8") as process:  # fmt: skip
        try:
            while "building wait" not in (line := process.stderr.readline()):
                assert line, "it came to its end before it was built"
            yield process
        finally:
            process.kill()


def let_go(world):
    """Lets the build go on, when it has come to that."""
    with world.path("/run/go").open("w", encoding="ascii"):
        pass


def builders(world):
    """The processes of Nix, and of what it builds, that are on the host."""
    # Nix has a mount namespace of its own.
    where = ["--ns", str(world.holder), "--nslist", "net"]
    return world.run("pgrep", *where, "--exact", "nix-env|nix|sh").stdout.split()
