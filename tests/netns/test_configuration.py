# SPDX-License-Identifier: GPL-2.0-or-later
"""A container's own files are all that Nix finds in its root directory, whatever the container does
with them meanwhile. Whoever is root in there may have made of them what he likes."""

import contextlib
import os
import subprocess

import pytest
import world as world_module
from systems import ROOTS, configuration, listing, message, write

FAILED = 1
NIXOS = f"{ROOTS}/foo/etc/nixos"
HOST_FILE = "/run/host/nixos/configuration.nix"
IMPORT = '{ ... }: { imports = [ ./more.nix ]; networking.hostName = "x"; }'


@pytest.fixture(name="foo")
def foo_fixture(stocked):
    """A container, and a configuration of the host that would build as well."""
    stocked.ok("create", "foo", "--config", 'message = "good";')
    for name in "configuration.nix", "more.nix":
        write(stocked, f"/run/host/nixos/{name}",
              '{ ... }: { message = "of the host"; networking.hostName = "x"; }')  # fmt: skip
    return stocked


def put(world, name, text=None, link=None):
    """Puts a file, or a link, in the place of one of etc/nixos."""
    path = world.path(f"{NIXOS}/{name}")
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if link:
        path.symlink_to(link)
    else:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("link", [HOST_FILE, "../../../../../.." + HOST_FILE,
                                  "/proc/self/root" + HOST_FILE])  # fmt: skip
def test_configuration_is_a_link_out(foo, link):
    """It leads to nothing, and what the container booted stays."""
    put(foo, "configuration.nix", link=link)
    result = foo.nixctr("update", "foo")
    assert result.rc == FAILED and "no etc/nixos/configuration.nix" in result.stderr, result
    assert message(foo, "foo") == "good"


@pytest.mark.parametrize("link", [HOST_FILE, "../../../../../.." + HOST_FILE,
                                  "/proc/self/root" + HOST_FILE])  # fmt: skip
@pytest.mark.parametrize("options", [[], ["--config", "imports = [ ./more.nix ];"]],
                         ids=["again", "config"])  # fmt: skip
def test_import_is_a_link_out(foo, link, options):
    """... whoever wrote the line that imports it."""
    put(foo, "configuration.nix", IMPORT)
    put(foo, "more.nix", link=link)
    result = foo.nixctr("update", "foo", *options)
    assert result.rc == FAILED and f"{NIXOS}/more.nix" in result.stderr, result
    assert message(foo, "foo") == "good"


def test_import_through_a_directory_that_is_a_link_out(foo):
    """Links on the way are no better."""
    put(foo, "configuration.nix", IMPORT.replace("./", "./there/"))
    put(foo, "there", link="/run/host/nixos")
    assert foo.nixctr("update", "foo").rc == FAILED
    assert message(foo, "foo") == "good"


@pytest.mark.parametrize("link", ["more.d/inner.nix", "/srv/inner.nix", "../../srv/inner.nix",
                                  "../../../../../srv/inner.nix", "more.d/link.nix"])  # fmt: skip
def test_links_inside_are_followed(foo, link):
    """... to what they are for the container."""
    text = '{ ... }: { message = "inside"; networking.hostName = "x"; }'
    write(foo, f"{ROOTS}/foo/srv/inner.nix", text)
    write(foo, f"{NIXOS}/more.d/inner.nix", text)
    put(foo, "more.d/link.nix", link="/etc/nixos/more.d/inner.nix")
    put(foo, "more.nix", link=link)
    put(foo, "configuration.nix", IMPORT)
    foo.ok("update", "foo")
    assert message(foo, "foo") == "inside"
    put(foo, "configuration.nix", link="more.nix")
    foo.ok("update", "foo")


def test_directories_that_are_links_inside(foo):
    """They are there, and one that lies in itself is no trap."""
    write(foo, f"{ROOTS}/foo/srv/modules/more.nix",
          '{ ... }: { message = builtins.readFile ./text; networking.hostName = "x"; }')  # fmt: skip
    write(foo, f"{ROOTS}/foo/srv/modules/text", "by a link")
    put(foo, "modules", link="../../srv/modules")
    put(foo, "here", link=".")
    put(foo, "up", link="..")
    put(foo, "all", link="/")
    put(foo, "configuration.nix", IMPORT.replace("./", "./here/modules/"))
    foo.ok("update", "foo")
    assert message(foo, "foo") == "by a link"


def test_what_is_no_file_is_left_out(foo):
    """Nobody waits at a FIFO, opens a device, or is sent round in circles."""
    for name, make in {"fifo": os.mkfifo, "null": lambda p: os.mknod(p, 0o20666, os.makedev(1, 3)),
                       "circle": lambda p: p.symlink_to(f"/etc/nixos/{p.name}"),
                       "nothing": lambda p: p.symlink_to("../nothing-there")}.items():  # fmt: skip
        make(foo.path(f"{NIXOS}/{name}"))
    put(foo, "configuration.nix", """{ lib, ... }: { networking.hostName = "x"; message = toString
        (builtins.attrNames (builtins.readDir ./.)); }""")  # fmt: skip
    foo.ok("update", "foo")
    assert message(foo, "foo") == "configuration.nix"


@pytest.mark.parametrize("make, says", [
    ("truncate -s 1G large", "etc/nixos/large"),
    ("for n in 1 2 3; do truncate -s 60M $n; done", "etc/nixos"),
    ("d=.; for n in $(seq 100); do d=$d/d; done; mkdir -p $d", "nested too deeply"),
    ("mkdir many; cd many; seq 20000 | xargs touch", "16384"),
], ids=["file", "together", "deep", "many"])  # fmt: skip
def test_too_much(foo, make, says):
    """A container does not fill the host's memory."""
    made = foo.run("sh", "-euc", f"cd {NIXOS}; {make}")
    assert made.rc == 0, made
    result = foo.nixctr("update", "foo")
    assert result.rc == FAILED and says in result.stderr, result
    assert message(foo, "foo") == "good"


@contextlib.contextmanager
def evaluating(world, *options):
    """While in it, an update is in the midst of evaluating: it waits to read from a FIFO, which it
    does at the end."""
    gate = world.path("/run/gate")
    if not gate.exists():
        os.mkfifo(gate)
    command = world.command(*world.wrap, world_module.BINARY, "update", "foo", *options)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          encoding="utf-8") as process:  # fmt: skip
        try:
            with gate.open("w", encoding="ascii"):  # waits for who reads
                yield process
            process.communicate(timeout=world_module.DEADLINE)
        finally:
            process.kill()


GATED = "imports = [ (builtins.seq (builtins.readFile /run/gate) ./more.nix) ];"


@pytest.mark.parametrize("swapped", ["etc/nixos", "etc", "etc/nixos/more.nix"])
@pytest.mark.parametrize("text", [GATED, None], ids=["config", "again"])
def test_swapped_while_nix_evaluates(foo, swapped, text):
    """Nix reads what there was when the update began, and nothing of the host."""
    put(foo, "more.nix", '{ ... }: { message = "before"; networking.hostName = "x"; }')
    if text is None:
        put(foo, "configuration.nix", f"{{ ... }}: {{ {GATED} }}")
    foo.run("ln", "-s", "/run/host", "/run/host/etc")
    before = listing(foo, "/run/host")
    path = foo.path(f"{ROOTS}/foo/{swapped}")
    with evaluating(foo, *(["--config", text] if text else [])) as update:
        mounts = foo.run("cat", "/proc/self/mountinfo").stdout
        path.rename(f"{foo.path(ROOTS)}/aside")
        path.symlink_to({"etc/nixos": "/run/host/nixos", "etc": "/run/host",
                         "etc/nixos/more.nix": "/run/host/nixos/more.nix"}[swapped])  # fmt: skip
    assert update.returncode == 0
    assert message(foo, "foo") == "before"
    assert listing(foo, "/run/host") == before
    assert f"{ROOTS}/foo" not in mounts


def test_file_of_the_administrator_in_there(foo):
    """Who names a file of etc/nixos with --config-file gets that."""
    put(foo, "mine.nix", '{ ... }: { message = "mine"; }')
    foo.ok("update", "foo", "--config-file", f"{NIXOS}/mine.nix")
    assert message(foo, "foo") == "mine" and "mine.nix" in configuration(foo)


def test_errors_name_the_file(foo):
    """... that is wrong, by the path that it has on the host."""
    put(foo, "configuration.nix", IMPORT)
    put(foo, "more.nix", "{ ... }: { message = ")
    result = foo.nixctr("update", "foo")
    assert result.rc == FAILED and f"{NIXOS}/more.nix" in result.stderr, result


def test_who_may_not_mount(foo):
    """It is said in one line, and nothing has changed."""
    foo.wrap = [*foo.wrap, "setpriv", "--bounding-set=-sys_admin"]
    result = foo.nixctr("update", "foo")
    assert result.rc == 6 and "cannot make a file system" in result.stderr, result
    assert message(foo, "foo") == "good"
