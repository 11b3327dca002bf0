# SPDX-License-Identifier: GPL-2.0-or-later
"""What containers boot: built by a real Nix, from everything it can be built from."""

import os

import pytest
import world as world_module
from systems import (
    DEFINITIONS,
    PROFILES,
    ROOTS,
    configuration,
    everything,
    insist_on_nothing,
    listing,
    message,
    store_system,
    system,
    write,
)

FAILED, USAGE, NO_CONTAINER, CONFLICT = 1, 2, 3, 4

def write_flake(world, path="/run/flake"):
    """Makes a flake with the systems "container" and "other"."""
    nixos = world_module.HERE / "nixpkgs/nixos/default.nix"
    write(world, f"{path}/nixos.nix", nixos.read_text(encoding="utf-8"))
    write(
        world,
        f"{path}/flake.nix",
        """{ outputs = { self }: {
  nixosConfigurations = builtins.mapAttrs (name: message: {
    config.system.build.toplevel = (import ./nixos.nix {
      configuration = { inherit message; networking.hostName = "flake"; };
    }).system;
  }) { container = "default of flake"; other = "other of flake"; };
}; }
""",
    )


# builtins.currentSystem, which the stand-in for NixOS needs, is not for pure flakes.
IMPURE = "--impure"


def test_config(stocked):
    """--config: its text is in a configuration of NixOS's form, and in what was built."""
    stocked.ok("create", "foo", "--config", 'message = "from text";')
    assert message(stocked, "foo") == "from text"
    text = configuration(stocked)
    assert text.startswith("{ config, lib, pkgs, options ? { }, ... }:\n")
    for line in (
        "boot.isContainer = true;",
        'networking.hostName = lib.mkDefault "foo";',
        "networking.useDHCP = false;",
        'message = "from text";',
    ):
        assert line in text, text
    assert os.path.basename(system(stocked, "foo")).endswith("-nixos-system-foo")
    definition = stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii")
    assert "INCOMPLETE" not in definition and "FLAKE" not in definition


@pytest.mark.parametrize("newer", [False, True])
def test_container_by_every_option(stocked, newer):
    """A nixpkgs that has an option of its own for containers of systemd-nspawn finds it set."""
    if newer:
        stocked.wrap = [*stocked.wrap, "env", "NEWER_NIXPKGS=1"]
    stocked.ok("create", "foo", "--config", "")
    write(stocked, "/etc/nixctr-net/containers.nix", '{ containers.bar.config = { }; }')
    stocked.ok("apply")
    for name in "foo", "bar":
        boot = stocked.run("cat", f"{system(stocked, name)}/boot").stdout.split()
        assert boot == ["isContainer", *(["isNspawnContainer"] if newer else [])], name


def test_modes(stocked):
    """Who may see what, as with nixos-container; the umask of the caller has no part in it."""
    stocked.ok("create", "foo", "--config", "")
    modes = {PROFILES: 0o700, f"{PROFILES}/foo": 0o755, ROOTS: 0o700, f"{ROOTS}/foo": 0o755,
             f"{ROOTS}/foo/etc/nixos/configuration.nix": 0o644}  # fmt: skip
    for path, mode in modes.items():
        assert stocked.path(path).stat().st_mode & 0o7777 == mode, path


def test_nothing_said(stocked):
    """Without any option the configuration that NixOS has by itself is built."""
    result = stocked.run(*stocked.wrap, world_module.BINARY, "create", "foo")
    assert result.rc == 0, result
    assert message(stocked, "foo") == ""


def test_name_with_dot(stocked):
    """The name of a host cannot have one."""
    stocked.ok("create", "a.b_c", "--config", "")
    assert 'lib.mkDefault "a-b_c"' in configuration(stocked, "a.b_c")


@pytest.mark.parametrize("name", ["plain.nix", "a b.nix", 'q"uote.nix', "$x.nix", "${x}.nix",
                                  "b\\n.nix", "'s.nix", "new\nline.nix", "$${x}.nix", "ä.nix"],
                         ids=repr)  # fmt: skip
def test_config_file(stocked, name):
    """--config-file: whatever its name is, it is imported, and where it stands."""
    write(stocked, f"/run/c o/{name}", "{ imports = [ ./beside.nix ]; }")
    write(stocked, "/run/c o/beside.nix", '{ message = "from file"; }')
    stocked.ok("create", "foo", "--config-file", f"/run/c o/{name}")
    assert message(stocked, "foo") == "from file"
    stocked.ok("update", "foo")
    assert message(stocked, "foo") == "from file"


def test_relative_config_file(stocked):
    """A relative path is made absolute, so that update finds it from elsewhere."""
    write(stocked, "/run/c/x.nix", '{ message = "relative"; }')
    where = ["env", "--chdir=/run/c", *stocked.wrap, world_module.BINARY]
    created = stocked.run(*where, "create", "foo", "--config-file", "x.nix")
    assert created.rc == 0, created
    stocked.ok("update", "foo")
    assert message(stocked, "foo") == "relative"


def test_system_path(stocked):
    """--system-path: a system of the store, by its path or through a link."""
    path = store_system(stocked)
    stocked.ok("create", "foo", "--system-path", path)
    assert system(stocked, "foo") == path
    stocked.path("/run/result").symlink_to(path)
    where = ["env", "--chdir=/run", *stocked.wrap, world_module.BINARY]
    created = stocked.run(*where, "create", "bar", "--system-path", "result")
    assert created.rc == 0, created
    assert system(stocked, "bar") == path


def test_nixos_path(stocked):
    """--nixos-path: another NixOS."""
    nixos = (world_module.HERE / "nixpkgs/nixos/default.nix").read_text(encoding="utf-8")
    write(stocked, "/run/my nixos/default.nix", nixos.replace("nixos-system", "my-system"))
    stocked.ok("create", "foo", "--nixos-path", "/run/my nixos")
    assert system(stocked, "foo").endswith("my-system-foo")


@pytest.mark.parametrize(
    "reference, flake, attr, says",
    [
        ("/run/flake", "/run/flake", None, "default of flake"),
        ("path:/run/flake", "path:/run/flake", None, "default of flake"),
        ("/run/flake#other", "/run/flake", "other", "other of flake"),
        (".#other", "/run/flake", "other", "other of flake"),
        (".", "/run/flake", None, "default of flake"),
        ("../flake?lastModified=1#other", "/run/flake?lastModified=1", "other", "other of flake"),
    ],
)
def test_flake(stocked, reference, flake, attr, says):
    """--flake: the flake and its attribute are kept for update, whose caller may be elsewhere."""
    write_flake(stocked)
    where = ["env", "--chdir=/run/flake", *stocked.wrap, world_module.BINARY]
    created = stocked.run(*where, "create", "foo", "--flake", reference, IMPURE)
    assert created.rc == 0, created
    assert message(stocked, "foo") == says
    lines = stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii").splitlines()
    assert f"FLAKE={flake}" in [line.replace('"', "") for line in lines]
    assert [line for line in lines if line.startswith("FLAKE_ATTR")] == (
        [f"FLAKE_ATTR={attr}"] if attr else []
    )
    assert listing(stocked, f"{PROFILES}/foo") == sorted(
        [f"{PROFILES}/foo d ", f"{PROFILES}/foo/system l system-1-link",
         f"{PROFILES}/foo/system-1-link l {system(stocked, 'foo')}"]
    )  # fmt: skip
    write(stocked, "/run/flake/nixos.nix",
          stocked.path("/run/flake/nixos.nix").read_text(encoding="utf-8") + "# changed\n")  # fmt: skip
    stocked.ok("update", "foo", IMPURE)
    assert message(stocked, "foo") == says
    stocked.ok("update", "foo", "--flake", "/run/flake#other", IMPURE)
    assert message(stocked, "foo") == "other of flake"


def test_flake_of_nixos_container(stocked):
    """A definition that nixos-container wrote, with the flake as it writes it."""
    write_flake(stocked)
    write(stocked, f"{DEFINITIONS}/foo.conf",
          "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\nHOST_BRIDGE=\n"
          "HOST_PORT=\nAUTO_START=0\nFLAKE=path:/run/flake\n")  # fmt: skip
    before = stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii")
    stocked.ok("update", "foo", IMPURE)
    assert message(stocked, "foo") == "default of flake"
    assert stocked.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii") == before


def test_options_for_nix(stocked):
    """They arrive: in their order, with empty values, and with what looks like an option."""
    recorder = '#!/bin/sh\nfor word; do printf "<%s>" "$word"; done >>/run/words\n'
    for program in "nix-env", "nix":
        write(stocked, f"/run/bin/{program}", recorder)
        stocked.path(f"/run/bin/{program}").chmod(0o755)
    options = ["--option", "a", "", "--log-format", "raw", "--impure", "--update-input", "i",
               "--override-input", "i", "--x", "--commit-lock-file", "--no-registries",
               "--no-update-lock-file", "--no-write-lock-file", "--no-allow-dirty",
               "--recreate-lock-file", "--option", "b", "c d"]  # fmt: skip
    program = ["env", "PATH=/run/bin:/usr/bin:/bin", world_module.BINARY]
    words = "".join(f"<{word}>" for word in options)
    said = stocked.path("/run/words")
    for verb in "create", "update":
        assert stocked.run(*program, verb, "foo", *options).rc == 0
        text = said.read_text(encoding="ascii")
        assert text.endswith(f"<--set><--attr><system>{words}"), text
        assert f"<--profile><{PROFILES}/foo/system>" in text, text
        assert "<-I><nixos-config=" in text and "<--file><<nixpkgs/nixos>>" in text, text
        said.unlink()
    flake = '<--><x#nixosConfigurations."container".config.system.build.toplevel>'
    for verb, name in ("create", "bar"), ("update", "foo"):
        assert stocked.run(*program, verb, name, "--flake", "x", *options).rc == FAILED
        assert said.read_text(encoding="ascii").endswith(words + flake)
        said.unlink()


@pytest.mark.parametrize("text, says", [
    ("message = ", "syntax error"),
    ('message = throw "a reason of mine";', "a reason of mine"),
    ('message = "broken";', "this is why it is broken"),
    ("} evil", "syntax error"),
])  # fmt: skip
def test_failing_build(stocked, text, says):
    """What Nix says is seen; a create leaves nothing; an update leaves all as it was."""
    result = stocked.nixctr("create", "foo", "--config", text)
    assert result.rc == FAILED and says in result.stderr, result
    assert "nixctr-net: cannot create container 'foo'" in result.stderr, result
    insist_on_nothing(stocked)

    stocked.ok("create", "foo", "--config", 'message = "good";')
    before = everything(stocked), configuration(stocked), message(stocked, "foo")
    result = stocked.nixctr("update", "foo", "--config", text)
    assert result.rc == FAILED and says in result.stderr, result
    assert (everything(stocked), configuration(stocked), message(stocked, "foo")) == before


def test_failing_build_as_json(stocked):
    """With --json standard output has the error and nothing of Nix."""
    result = stocked.nixctr("create", "foo", "--config", 'message = "broken";', "--json")
    assert result.json["error"]["code"] == FAILED
    assert "this is why it is broken" in result.stderr
    assert "foo" in stocked.ok("create", "foo", "--json", "--config", "").json["name"]


def test_failing_flake(stocked):
    """A flake that is none, or has no such system, leaves nothing."""
    write_flake(stocked)
    for flake in "/run/nowhere", "/run/flake#nope":
        result = stocked.nixctr("create", "foo", "--flake", flake, IMPURE)
        assert result.rc == FAILED and "error: " in result.stderr, result
        insist_on_nothing(stocked)


def test_failure_keeps_what_was_there(stocked):
    """A root directory that was there before is not taken away with a container that fails."""
    write(stocked, f"{ROOTS}/foo/srv/data", "precious")
    assert stocked.nixctr("create", "foo", "--config", 'message = "broken";').rc == FAILED
    assert stocked.path(f"{ROOTS}/foo/srv/data").read_text(encoding="ascii") == "precious"
    assert everything(stocked)[0] == []
    assert not stocked.path(f"{PROFILES}/foo").exists()
    assert not stocked.path(f"{DEFINITIONS}/foo.conf").exists()


@pytest.mark.parametrize(
    "options, says",
    [
        (["--config", "a", "--config-file", "/run/x.nix"], ["--config", "--config-file"]),
        (["--flake", "x", "--config", "a"], ["--config", "--flake"]),
        (["--system-path", "/x", "--no-system"], ["--system-path", "--no-system"]),
        (["--root-tree", "/x", "--no-system"], ["--root-tree", "--no-system"]),
        (["--config-file", "/run/none.nix"], ["/run/none.nix", "No such file"]),
        (["--config-file", "/run/fifo"], ["/run/fifo"]),
        (["--system-path", "/run/none"], ["/run/none", "init", "try: "]),
        (["--system-path", "/run"], ["/run", "init", "try: "]),
        (["--flake", "a#b#c"], ["a#b#c"]),
        (["--flake", 'a#b"c'], ['a#b"c']),
        (["--flake", "a#"], ["a#"]),
        (["--flake", "a\nb"], ["control character"]),
        (["--flake", "./none"], ["./none"]),
        (["--root-tree", "run/tree"], ["absolute"]),
        (["--root-tree", "/"], ["root directory"]),
        (["--root-tree", "/run/none"], ["/run/none"]),
        (["--root-tree", "/run/fifo"], ["/run/fifo"]),
        (["--root-tree", "/run"], ["/run", "init"]),
        (["--option", "a"], ["--option", "NAME VALUE"]),
    ],
    ids=lambda value: " ".join(value) if value[0].startswith("--") else "",
)
def test_bad_option(stocked, options, says):
    """A mistake is named before anything is made."""
    stocked.path("/run/x.nix").write_text("{ }", encoding="ascii")
    os.mkfifo(stocked.path("/run/fifo"))
    result = stocked.nixctr("create", "foo", *options)
    assert result.rc == USAGE, result
    assert all(words in result.stderr for words in says), result
    insist_on_nothing(stocked)


def test_path_outside_the_store(stocked):
    """Nix's own words are shown, and everything is undone."""
    write(stocked, "/run/x/init", "#!/bin/sh\n")
    stocked.path("/run/x/init").chmod(0o755)
    result = stocked.nixctr("create", "foo", "--system-path", "/run/x")
    assert result.rc == FAILED and "is not in the Nix store" in result.stderr, result
    insist_on_nothing(stocked)


def test_no_nix(world):
    """Where there is none it is said, with what can be made without it."""
    program = ["env", "PATH=/nowhere", world_module.BINARY]
    result = world.run(*program, "create", "foo", "--config", "")
    assert result.rc == FAILED, result
    assert "nix-env" in result.stderr and "--no-system" in result.stderr, result
    insist_on_nothing(world)


def make_tree(world, path, init="usr/lib/systemd/systemd"):
    """Makes what looks like the tree of an operating system."""
    write(world, f"{path}/{init}", "#!/bin/sh\n")
    world.path(f"{path}/{init}").chmod(0o755)
    world.path(f"{path}/sbin").mkdir(exist_ok=True)
    if init != "sbin/init":
        world.path(f"{path}/sbin/init").symlink_to(f"/{init}")


def test_root_tree(world):
    """A tree is used where it stands, by one container, and destroy does not touch it."""
    make_tree(world, "/run/trees/debian")
    world.path("/run/link").symlink_to("trees/debian")
    world.ok("create", "foo", "--root-tree", "/run/link")
    text = world.path(f"{DEFINITIONS}/foo.conf").read_text(encoding="ascii")
    assert "ROOT_TREE=/run/trees/debian\n" in text and "INCOMPLETE" not in text
    assert not world.path(f"{ROOTS}/foo").exists()
    for taken in "/run/trees/debian/", "/run/trees/../link":
        result = world.nixctr("create", "bar", "--root-tree", taken)
        assert result.rc == CONFLICT and "'foo'" in result.stderr, result
    result = world.nixctr("update", "foo", "--config", "")
    assert result.rc == FAILED and "/run/trees/debian" in result.stderr, result
    before = listing(world, "/run/trees")
    world.ok("destroy", "foo")
    assert listing(world, "/run/trees") == before
    world.ok("create", "bar", "--root-tree", "/run/trees/debian")


def test_root_tree_of_another(world):
    """A tree within another's tree, or where destroy removes things, is refused."""
    make_tree(world, "/run/outer")
    make_tree(world, "/run/outer/srv/inner")
    make_tree(world, f"{ROOTS}/other")
    world.ok("create", "foo", "--root-tree", "/run/outer/srv/inner")
    result = world.nixctr("create", "bar", "--root-tree", "/run/outer")
    assert result.rc == CONFLICT and "'foo'" in result.stderr, result
    assert world.nixctr("create", "bar", "--root-tree", f"{ROOTS}/other").rc == USAGE


def test_init_of_the_host_is_none_of_a_tree(world):
    """A link in the tree that leads out of it leads to nothing."""
    write(world, "/run/tree/usr/x", "")
    world.path("/run/tree/sbin").mkdir()
    world.path("/run/tree/sbin/init").symlink_to("/usr/bin/true")
    assert world.nixctr("create", "foo", "--root-tree", "/run/tree").rc == USAGE


def test_what_systemd_nspawn_does_not_boot_is_no_init(world):
    """A program elsewhere, one that cannot be run and a directory are nothing to boot."""
    write(world, "/run/tree/init", "#!/bin/sh\n")
    world.path("/run/tree/init").chmod(0o755)
    write(world, "/run/tree/usr/lib/systemd/systemd", "#!/bin/sh\n")
    world.path("/run/tree/sbin/init").mkdir(parents=True)
    assert world.nixctr("create", "foo", "--root-tree", "/run/tree").rc == USAGE
    world.path("/run/tree/usr/lib/systemd/systemd").chmod(0o755)
    world.ok("create", "foo", "--root-tree", "/run/tree")


def test_update_twice(stocked):
    """The second update to the same makes nothing new."""
    stocked.ok("create", "foo", "--config", 'message = "one";')
    stocked.ok("update", "foo", "--config", 'message = "two";')
    assert message(stocked, "foo") == "two" and "two" in configuration(stocked)
    before = everything(stocked)
    stocked.ok("update", "foo", "--config", 'message = "two";')
    stocked.ok("update", "foo")
    assert everything(stocked) == before


def test_update_sees_what_was_edited(stocked):
    """Without options the configuration is built as it stands, with what it imports."""
    stocked.ok("create", "foo", "--config", "")
    write(stocked, f"{ROOTS}/foo/etc/nixos/more.nix", '{ message = "edited"; }')
    write(stocked, f"{ROOTS}/foo/etc/nixos/configuration.nix",
          '{ ... }: { imports = [ ./more.nix ]; networking.hostName = "x"; }')  # fmt: skip
    stocked.ok("update", "foo")
    assert message(stocked, "foo") == "edited"
    stocked.ok("update", "foo", "--config", "imports = [ ./more.nix ];")
    assert message(stocked, "foo") == "edited"


def test_update_of_what_has_no_configuration(stocked):
    """It is said what can be given."""
    path = store_system(stocked)
    stocked.ok("create", "foo", "--system-path", path)
    stocked.ok("create", "net")
    for name in "foo", "net":
        result = stocked.nixctr("update", name)
        assert result.rc == FAILED and "--config" in result.stderr, result
    stocked.ok("update", "foo", "--system-path", store_system(stocked, "next"))
    assert message(stocked, "foo") == "next"
    stocked.ok("update", "net", "--config", 'message = "now";')
    assert message(stocked, "net") == "now"
    assert stocked.nixctr("update", "nobody").rc == NO_CONTAINER


def test_update_of_declarative(stocked):
    """What the host's configuration defines is refused."""
    write(stocked, "/etc/static/foo.conf", "PRIVATE_NETWORK=1\n")
    stocked.path(DEFINITIONS).mkdir()
    stocked.path(f"{DEFINITIONS}/foo.conf").symlink_to("/etc/static/foo.conf")
    result = stocked.nixctr("update", "foo", "--config", "")
    assert result.rc == FAILED and "declarative" in result.stderr, result


@pytest.mark.parametrize("link", ["", "etc", "etc/nixos"])
def test_hostile_links(stocked, link):
    """Where a container has put a link in the way, nothing is written on the host."""
    stocked.ok("create", "foo", "--config", 'message = "good";')
    write(stocked, "/run/host/nixos/configuration.nix", "precious")
    write(stocked, "/run/host/etc/nixos/configuration.nix", "precious")
    target = {"": "/run/host", "etc": "/run/host", "etc/nixos": "/run/host/nixos"}[link]
    root = stocked.path(f"{ROOTS}/foo")
    (root / link).rename(f"{root}.aside")
    (root / link).symlink_to(target)
    before = listing(stocked, "/run/host")
    for options in [], ["--config", 'message = "new";']:
        result = stocked.nixctr("update", "foo", *options)
        assert result.rc == FAILED and "etc/nixos" in result.stderr, result
    assert listing(stocked, "/run/host") == before
    assert message(stocked, "foo") == "good"


@pytest.mark.parametrize("name", ["configuration.nix", ".configuration.nix.new"])
def test_hostile_files(stocked, name):
    """A link, a FIFO or a directory in the place of our files: no write outside, no waiting."""
    stocked.ok("create", "foo", "--config", 'message = "good";')
    write(stocked, "/run/precious", "precious")
    path = stocked.path(f"{ROOTS}/foo/etc/nixos/{name}")
    path.unlink(missing_ok=True)
    path.symlink_to("/run/precious")
    stocked.ok("update", "foo", "--config", 'message = "two";')
    assert message(stocked, "foo") == "two"
    assert stocked.path("/run/precious").read_text(encoding="ascii") == "precious"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if name == "configuration.nix":
        assert stocked.nixctr("update", "foo").rc == FAILED
    stocked.ok("update", "foo", "--config", 'message = "three";')
    path.unlink(missing_ok=True)
    path.mkdir()
    result = stocked.nixctr("update", "foo", "--config", 'message = "four";')
    assert result.rc == FAILED and "etc/nixos" in result.stderr, result


def test_disk_full(stocked):
    """No room for the configuration: it is said, and everything is undone."""
    stocked.path(ROOTS).mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", ROOTS]
    assert stocked.run(*mount).rc == 0
    stocked.run("dd", "if=/dev/zero", f"of={ROOTS}/filler", "bs=4k")
    result = stocked.nixctr("create", "foo", "--config", "")
    assert result.rc == FAILED and "No space left" in result.stderr, result
    assert everything(stocked)[0] == []
    assert listing(stocked, ROOTS) == [f"{ROOTS} d ", f"{ROOTS}/filler f "]
    stocked.path(f"{ROOTS}/filler").unlink()
    stocked.ok("create", "foo", "--config", "")
