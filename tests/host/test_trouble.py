# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with a container or its host: told, survived, with nothing of the host lost."""

import contextlib
import subprocess

import pytest
from containers import (DEFINITIONS, INIT_FAILS, NO_INIT, PROFILES, ROOTS, create, inside, machines, marker,
                        remains, system_path, traces, unit_state)  # fmt: skip
from world import eventually

ROOT = f"{ROOTS}/foo"
SECRET = "this belongs to the host"


def fails_to_start(host, said):
    """Insists that foo does not start, that this is said, and that nothing is left of the try."""
    result = host.nixctr("start", "foo")
    assert result.rc == 1, result
    assert said in result.stderr
    assert unit_state(host, "foo")[0] in ("inactive", "failed"), "systemd tries again by itself"
    assert traces(host) == []
    assert host.ok("status", "foo").stdout == "down\n"


def test_system_without_init(host):
    """create refuses it; one that loses its init later does not start, and that is told."""
    result = host.nixctr("create", "foo", "--system-path", system_path(host, NO_INIT))
    assert result.rc != 0 and "init" in result.stderr, result
    assert remains(host) == []
    create(host, "foo")
    host.sh(f"sed -i '/^SYSTEM_PATH=/d' {DEFINITIONS}/foo.conf;"
            f" echo SYSTEM_PATH={system_path(host, NO_INIT)} >>{DEFINITIONS}/foo.conf")  # fmt: skip
    fails_to_start(host, "init")


def test_init_that_ends(host):
    """The unit's result and the container's last words are shown."""
    create(host, "foo", configuration='boot.postBootCommands = "echo last words; exit 9";\n')
    result = host.nixctr("start", "foo")
    assert result.rc == 1, result
    assert "last words" in result.stderr and "9" in result.stderr
    host.ok("stop", "foo")
    assert traces(host) == []


def test_failed_container_can_be_mended(host):
    """A failure leaves nothing that keeps the next start from succeeding."""
    create(host, "foo", configuration=INIT_FAILS)
    assert host.nixctr("start", "foo").rc == 1
    host.ok("update", "foo", "--system-path", system_path(host))
    host.ok("start", "foo")
    assert unit_state(host, "foo") == ("active", "success")


@pytest.mark.parametrize("what", ["missing", "link", "file"])
def test_root_directory_that_is_none(host, what):
    """Missing, it is made anew; a link or a file in its place is refused, and not followed."""
    create(host, "foo")
    host.sh(f"rm -rf {ROOT}; mkdir /srv/elsewhere")
    if what == "missing":
        host.ok("start", "foo")
        return
    host.sh(f"ln -s /srv/elsewhere {ROOT}" if what == "link" else f"touch {ROOT}")
    fails_to_start(host, ROOT)
    assert host.sh("ls -A /srv/elsewhere") == ""
    host.ok("destroy", "foo")
    assert host.run("test", "-d", "/srv/elsewhere").rc == 0


@pytest.mark.parametrize(
    "trap",
    [
        "rm -rf $root/etc; ln -s /srv/secret $root/etc",
        "mkdir -p $root/etc; rm -f $root/etc/resolv.conf; ln -s /srv/secret/file $root/etc/resolv.conf",
        "mkdir -p $root/etc; rm -f $root/etc/resolv.conf;"
        " ln -s ../../../../../srv/secret/file $root/etc/resolv.conf",
        "mkdir -p $root/etc; rm -f $root/etc/resolv.conf; mkfifo $root/etc/resolv.conf",
        "mkdir -p $root/etc; rm -f $root/etc/os-release; ln -s /srv/secret/file $root/etc/os-release",
        "rm -rf $root/var; ln -s /srv/secret $root/var",
        "rm -rf $root/root; ln -s /srv/secret $root/root",
        "rm -rf $root/nix; ln -s /srv/secret $root/nix",
        "rm -rf $root/usr; ln -s /srv/secret $root/usr",
    ],
    ids=["etc", "resolv.conf", "resolv.conf-relative", "resolv.conf-fifo", "os-release", "var", "root",
         "nix", "usr"],
)
@pytest.mark.parametrize("copied", ["COPY_RESOLV_CONF=1", ""], ids=["copied", "written"])
def test_hostile_root_directory(host, trap, copied):
    """Whatever a container has put in its root directory: neither start nor destroy write through it
    to files of the host, nor hang."""
    create(host, "foo")
    host.sh(f"mkdir /srv/secret; echo {SECRET} >/srv/secret/file; chmod 700 /srv/secret;"
            f" echo {copied} >>{DEFINITIONS}/foo.conf; mkdir -p {ROOT}; root={ROOT}; {trap}")  # fmt: skip
    before = host.sh("find /srv/secret -ls; cat /srv/secret/file; cat /etc/resolv.conf")
    host.nixctr("start", "foo", deadline=90)
    host.ok("destroy", "foo", deadline=90)
    assert host.sh("find /srv/secret -ls; cat /srv/secret/file; cat /etc/resolv.conf") == before
    assert remains(host) == []


def test_loopback_resolver_is_not_handed_on(host):
    """A container gets the resolvers behind the host's own, and new ones when they change."""
    host.sh("mkdir -p /run/systemd/resolve; echo nameserver 192.0.2.53 >/run/systemd/resolve/resolv.conf;"
            "echo nameserver 127.0.0.53 >/etc/resolv.conf")  # fmt: skip
    create(host, "foo")
    host.ok("start", "foo")
    text = inside(host, "foo", "cat /etc/resolv.conf")
    assert "192.0.2.53" in text and "127.0.0.53" not in text
    host.sh("echo nameserver 192.0.2.54 >/etc/resolv.conf")
    eventually(lambda: "192.0.2.54" in inside(host, "foo", "cat /etc/resolv.conf"), "it is told")


def test_destroy_spares_what_is_mounted(host):
    """Data of the host that is bound into the root directory survives, as does an immutable file's
    neighbour; the immutable directory itself is removed."""
    create(host, "foo")
    host.ok("start", "foo")
    host.ok("stop", "foo")
    host.sh(f"mkdir -p /srv/data {ROOT}/data; echo {SECRET} >/srv/data/file;"
            f" mount --bind /srv/data {ROOT}/data; chattr +i {ROOT}/var/empty || true")  # fmt: skip
    host.nixctr("destroy", "foo")
    assert host.sh("cat /srv/data/file") == f"{SECRET}\n"
    host.run("umount", f"{ROOT}/data")
    host.ok("destroy", "foo")
    assert remains(host) == []
    assert host.sh("cat /srv/data/file") == f"{SECRET}\n"


def test_full_disk(host):
    """create fails and leaves nothing; what was there before is as it was."""
    create(host, "old")
    definition = host.sh(f"cat {DEFINITIONS}/old.conf")
    host.sh(f"mount -t tmpfs -o size=4k,nr_inodes=3 tmpfs {DEFINITIONS}; "
            f"cat >{DEFINITIONS}/old.conf; dd if=/dev/zero of={DEFINITIONS}/full 2>/dev/null || true",
            stdin=definition)  # fmt: skip
    result = host.nixctr("create", "foo")
    assert result.rc == 1 and "space" in result.stderr, result
    host.sh(f"umount {DEFINITIONS}")
    assert host.ok("list").stdout == "old\n"
    assert [lease["container"] for lease in host.ok("ipam", "list", "--json").json["leases"]] == ["old"]
    host.ok("start", "old")


def fill(host, directory):
    """Moves a directory to a disk of its own, which is full."""
    host.sh(f"mkdir -p {directory}; cp -a {directory} /srv/before;"
            f" mount -t tmpfs -o size=1m,mode=0755 tmpfs {directory};"
            f" cp -a /srv/before/. {directory}; dd if=/dev/zero of={directory}/full bs=4k 2>/dev/null || true")  # fmt: skip


@pytest.mark.parametrize("directory", [ROOTS, f"{PROFILES}/foo", "/run/nixctr-net"])
def test_disk_that_is_full_later(host, directory):
    """Neither update nor start hang or break anything; what fails says why. When there is room again
    all goes on, and a full disk keeps nobody from destroying."""
    host.ok("create", "foo", "--config", marker("one"))
    before = host.sh(f"cat {DEFINITIONS}/foo.conf {ROOTS}/foo/etc/nixos/configuration.nix")
    fill(host, directory)
    for arguments in ("update", "foo", "--config", marker("two")), ("start", "foo"), ("stop", "foo"):
        result = host.nixctr(*arguments, deadline=90)
        if result.rc != 0:
            assert "No space left" in result.stderr or "no space" in result.stderr.lower(), result
            now = host.sh(f"cat {DEFINITIONS}/foo.conf {ROOTS}/foo/etc/nixos/configuration.nix")
            assert arguments[0] != "update" or now == before
    assert traces(host) == [] or directory == ROOTS
    host.sh(f"rm {directory}/full")
    host.ok("update", "foo", "--config", marker("three"))
    host.ok("start", "foo")
    assert inside(host, "foo", "cat /etc/marker") == "three"
    host.sh(f"dd if=/dev/zero of={directory}/full bs=4k 2>/dev/null || true")
    host.ok("destroy", "foo")
    host.sh(f"rm -f {directory}/full; umount {directory} || true")


def test_destroy_of_what_is_busy(host):
    """Somebody on the host works in a file system that is mounted in the root directory, and in a
    directory of it: both are taken away, the data stays."""
    create(host, "foo")
    host.sh(f"mkdir -p /srv/data {ROOT}/data {ROOT}/work; echo {SECRET} >/srv/data/file;"
            f" mount -t tmpfs tmpfs {ROOT}/data; mkdir {ROOT}/data/deep;"
            f" mount --bind /srv/data {ROOT}/data/deep")  # fmt: skip
    with contextlib.ExitStack() as stack:
        for directory in "data", "data/deep", "work":
            call = host.command("sh", "-c", f"cd {ROOT}/{directory}; exec 5<.; echo; exec sleep 1000")
            busy = stack.enter_context(subprocess.Popen(call, stdout=subprocess.PIPE, text=True))
            stack.callback(busy.kill)
            assert busy.stdout.readline() == "\n"
        host.ok("destroy", "foo")
        assert remains(host) == []
        assert host.sh("cat /srv/data/file") == f"{SECRET}\n"


@pytest.mark.parametrize("verb", ["create", "start", "update", "destroy"])
@pytest.mark.parametrize("milliseconds", [5, 30, 100, 300])
def test_killed_verbs_can_be_repeated(host, verb, milliseconds):
    """SIGKILL at some moment, then the same command again: it succeeds, and destroy leaves nothing.
    A create whose work was done when it was killed has made a whole container."""
    arguments = {"create": ("foo", "--config", marker("one")), "start": ("foo",),
                 "update": ("foo", "--config", marker("two")), "destroy": ("foo",)}  # fmt: skip
    if verb != "create":
        host.ok("create", *arguments["create"])
    if verb == "destroy":
        host.ok("start", "foo")
    with subprocess.Popen(
        host.command("timeout", "-s", "KILL", f"{milliseconds / 1000}", "nixctr-net", verb,
                     *arguments[verb]), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    ) as killed:  # fmt: skip
        killed.wait(60)
    again = host.nixctr(verb, *arguments[verb])
    done_before = verb == "create" and again.rc == 4
    assert again.rc == 0 or done_before, again
    assert done_before or verb != "create" or killed.returncode != 0
    if verb in ("start", "update") or done_before:
        host.ok("start", "foo")
        assert machines(host) == ["foo"]
    if verb == "update" or done_before:
        wanted = {"update": "two", "create": "one"}[verb]
        assert inside(host, "foo", "cat /etc/marker").strip() == wanted
    host.ok("destroy", "foo")
    assert remains(host) == []
