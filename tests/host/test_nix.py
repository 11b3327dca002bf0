# SPDX-License-Identifier: GPL-2.0-or-later
"""Systems built by Nix: create and update from a configuration, a file, a flake; failures of it."""

import subprocess

import pytest
from containers import (BUILD_FAILS, DEFINITIONS, EVALUATION_FAILS, PROFILES, ROOTS, inside, leader,
                        marker, remains, system_path)  # fmt: skip

MARKER = "cat /etc/marker"
SWITCHED = f"{ROOTS}/foo/var/log/switch-to-configuration"


def profile(host, name):
    """The store path that a container's profile leads to."""
    return host.sh(f"readlink -f {PROFILES}/{name}/system").strip()


def test_create_from_configuration(host):
    """--config: the text is part of the configuration.nix that is kept below the root directory."""
    host.ok("create", "foo", "--config", marker("one"))
    text = host.sh(f"cat {ROOTS}/foo/etc/nixos/configuration.nix")
    assert marker("one").strip() in text
    assert "boot.isContainer = true" in text
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == "one"
    assert inside(host, "foo", "readlink /run/current-system").strip() == profile(host, "foo")


def test_create_without_options(host):
    """An empty configuration, with the container's name as its host name."""
    host.ok("create", "foo")
    host.ok("start", "foo")
    assert inside(host, "foo", "hostname") == "foo\n"


def test_create_from_file(host):
    """--config-file: the file is imported from where it is."""
    host.sh("cat >/root/foo.nix", stdin="{ ... }: { %s }" % marker("file"))
    host.ok("create", "foo", "--config-file", "/root/foo.nix")
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == "file"


def test_create_from_another_nixos(host):
    """--nixos-path names another NixOS than <nixpkgs/nixos>."""
    host.sh("mv /srv/nixpkgs/nixos /srv/elsewhere")
    assert host.nixctr("create", "foo").rc != 0
    assert remains(host) == []
    host.ok("create", "foo", "--nixos-path", "/srv/elsewhere", "--config", marker("else"))
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == "else"


@pytest.mark.parametrize("attribute, text", [("", "container"), ("#other", "other")])
def test_create_from_flake(host, attribute, text):
    """--flake, which is written down in the definition."""
    host.ok("create", "foo", "--flake", f"/srv/flake{attribute}")
    assert "\nFLAKE=/srv/flake\n" in host.sh(f"cat {DEFINITIONS}/foo.conf")
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == text


def test_declared_flake_is_built_by_its_first_start(host):
    """NixOS writes down the flake and nothing else; update builds it again."""
    host.sh(f"mkdir -p /etc/static {DEFINITIONS}; cat >/etc/static/foo.conf;"
            f" ln -s /etc/static/foo.conf {DEFINITIONS}/foo.conf",
            stdin="FLAKE=/srv/flake\nCOPY_RESOLV_CONF=0\nPRIVATE_USERS=no\n")  # fmt: skip
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == "container"
    before = profile(host, "foo")
    host.ok("restart", "foo")
    assert profile(host, "foo") == before
    host.sh("sed -i 's/\"container\"/\"changed\"/' /srv/flake/flake.nix")
    host.ok("update", "foo")
    assert inside(host, "foo", MARKER) == "changed"
    host.sh("rm /etc/static/foo.conf; echo FLAKE=/srv/flake#broken >/etc/static/bar.conf;"
            f" ln -s /etc/static/bar.conf {DEFINITIONS}/bar.conf")  # fmt: skip
    result = host.nixctr("start", "bar")
    assert result.rc == 1 and "cannot build it from flake" in result.stderr, result


def test_nothing_of_a_build_is_seen_on_the_host(host):
    """A container that runs has put links to files of the host in its /etc/nixos, and swaps it for one
    while Nix evaluates: nothing of the host is built in, and no mount gets out of the build."""
    host.ok("create", "foo", "--config", marker("one"))
    host.ok("start", "foo")
    host.sh("mkdir /srv/of-the-host; mkfifo /run/gate; cat >/srv/of-the-host/more.nix",
            stdin="{ ... }: { %s }" % marker("of the host"))  # fmt: skip
    inside(host, "foo", "cat >/etc/nixos/more.nix", stdin="{ ... }: { %s }" % marker("two"))
    text = "imports = [ (builtins.seq (builtins.readFile /run/gate) ./more.nix) ];"
    mounts = host.sh("cut -d ' ' -f 3- /proc/self/mountinfo")
    with subprocess.Popen(host.command("nixctr-net", "update", "foo", "--config", text),
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as update:  # fmt: skip
        with (host.root / "run/gate").open("w", encoding="ascii"):
            inside(host, "foo", "mv /etc/nixos /etc/aside; ln -s /srv/of-the-host /etc/nixos")
            assert host.sh("cut -d ' ' -f 3- /proc/self/mountinfo") == mounts
        said = update.communicate(timeout=60)[1]
    assert update.returncode == 0, said
    assert inside(host, "foo", MARKER) == "two"
    inside(host, "foo", "rm /etc/nixos; mv /etc/aside /etc/nixos;"
           " ln -sf /srv/of-the-host/more.nix /etc/nixos/configuration.nix")  # fmt: skip
    assert host.nixctr("update", "foo").rc == 1
    assert inside(host, "foo", MARKER) == "two"


def test_options_are_passed_on(host):
    """Nix gets them: one that it does not know is an error of Nix's own, others do what they do."""
    host.ok("create", "foo", "--flake", "/srv/flake", "--no-write-lock-file")
    assert host.run("ls", "/srv/flake/flake.lock").rc != 0
    host.ok("create", "bar", "--option", "build-cores", "1", "--log-format", "raw")
    host.sh("cp -r /srv/nixpkgs /srv/other; sed -i 's/stand-in/replaced/' /srv/other/nixos/default.nix")
    host.ok("create", "baz", "--flake", "/srv/flake", "--no-write-lock-file",
            "--override-input", "nixpkgs", "path:/srv/other")  # fmt: skip
    assert "replaced" in profile(host, "baz")
    assert "replaced" not in profile(host, "foo")


@pytest.mark.parametrize(
    "options, said",
    [
        (["--config", BUILD_FAILS], "this is what the builder says"),
        (["--config", EVALUATION_FAILS], "this is what is wrong with it"),
        (["--config", "{"], "syntax error"),
        (["--flake", "/srv/flake#broken"], "it is broken"),
        (["--flake", "/srv/flake#absent"], "absent"),
        (["--config-file", "/nonexistent.nix"], "/nonexistent.nix"),
        (["--nixos-path", "/nonexistent"], "/nonexistent"),
        (["--system-path", "/nonexistent"], "/nonexistent"),
        (["--system-path", "/srv"], "/srv"),
    ],
    ids=["build", "evaluation", "syntax", "broken-flake", "no-attribute", "no-file", "no-nixos",
         "no-path", "no-system"],
)
def test_failed_create_leaves_nothing(host, options, said):
    """What Nix says is shown, and it is all undone."""
    result = host.nixctr("create", "foo", *options)
    assert result.rc != 0, result
    assert said in result.stderr
    assert remains(host) == []
    assert host.ok("create", "foo").stderr.count("10.233.") == 2


def test_update_of_a_running_container(host):
    """It gets the new system without a restart, by its switch-to-configuration."""
    host.ok("create", "foo", "--config", marker("one"))
    host.ok("start", "foo")
    before = leader(host, "foo")
    host.ok("update", "foo", "--config", marker("two"))
    assert inside(host, "foo", MARKER) == "two"
    assert leader(host, "foo") == before
    assert host.sh(f"cat {SWITCHED}") == f"test {profile(host, 'foo')}\n"
    host.ok("restart", "foo")
    assert inside(host, "foo", MARKER) == "two"


def test_update_of_a_stopped_container(host):
    """It has the new system when it starts; nothing is switched."""
    host.ok("create", "foo", "--config", marker("one"))
    host.ok("update", "foo", "--config", marker("two"))
    host.ok("start", "foo")
    assert inside(host, "foo", MARKER) == "two"
    assert host.run("test", "-e", SWITCHED).rc != 0


def test_update_builds_what_was_edited(host):
    """Without options: the configuration.nix as it is now, or the flake of the definition."""
    host.ok("create", "foo", "--config", marker("one"))
    host.sh(f"sed -i s/one/edited/ {ROOTS}/foo/etc/nixos/configuration.nix")
    host.ok("create", "bar", "--flake", "/srv/flake#other")
    host.sh("sed -i 's/\"other\"/\"changed\"/' /srv/flake/flake.nix")
    for name, text in ("foo", "edited"), ("bar", "changed"):
        host.ok("update", name)
        host.ok("start", name)
        assert inside(host, name, MARKER) == text


@pytest.mark.parametrize("configuration", [BUILD_FAILS, EVALUATION_FAILS], ids=["build", "evaluate"])
def test_failed_update_changes_nothing(host, configuration):
    """The running container keeps what it has, and the next start boots that, too."""
    host.ok("create", "foo", "--config", marker("one"))
    host.ok("start", "foo")
    before = profile(host, "foo")
    result = host.nixctr("update", "foo", "--config", configuration)
    assert result.rc not in (0, 2), result
    assert "this is what" in result.stderr
    assert profile(host, "foo") == before
    host.ok("restart", "foo")
    assert inside(host, "foo", MARKER) == "one"


def test_failed_switch_is_told(host):
    """The new system is there, but switching to it failed: update fails as well."""
    host.ok("create", "foo")
    host.ok("start", "foo")
    fails = 'system.extraSystemBuilderCmds = "cd $out/bin; rm switch-to-configuration;'
    fails += ' echo -e \'#!/bin/sh\\nexit 4\' >switch-to-configuration; chmod +x *";'
    result = host.nixctr("update", "foo", "--system-path", system_path(host, fails))
    assert result.rc == 1, result
    assert "switch-to-configuration" in result.stderr or "reload" in result.stderr


def test_systems_are_kept_from_the_collector(host):
    """The garbage collector leaves what containers boot, and takes it when they are destroyed."""
    host.ok("create", "foo", "--config", marker("kept"))
    path = profile(host, "foo")
    host.sh("nix-collect-garbage --quiet")
    assert host.run("test", "-e", f"{path}/init").rc == 0
    host.ok("destroy", "foo")
    host.sh("nix-collect-garbage --quiet")
    assert host.run("test", "-e", path).rc != 0
