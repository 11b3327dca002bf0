# SPDX-License-Identifier: GPL-2.0-or-later
"""What a container has put in its own root directory leads nobody to files of the host: not the one
who starts it, nor the one who asks for its key."""

import pytest
from containers import DEFINITIONS, ROOTS, traces
from host import Host

ROOT = f"{ROOTS}/foo"
CANARY = "/srv/canary"

# A tree of the host that has whatever might be written to, with modes that would be changed.
MAKE_CANARY = f"""
    mkdir -p {CANARY}/ssh {CANARY}/lib/private {CANARY}/empty
    for file in resolv.conf machine-id os-release ssh/ssh_host_ed25519_key.pub; do
        echo "ssh-ed25519 c2VjcmV0 of-the-host" >{CANARY}/$file
        chmod 0640 {CANARY}/$file
    done
    chmod 0711 {CANARY} {CANARY}/lib; chmod 0750 {CANARY}/lib/private {CANARY}/empty
"""
LIST = f"""
    find {CANARY} -printf '%p %y %m %u %g %i %s %T@ %C@ %l\\n' | sort
    find {CANARY} -type f -exec cat {{}} +
    stat -c '%n %a %u %g %i' / /etc /etc/machine-id /etc/resolv.conf /etc/os-release /var /var/lib /usr /root
    cat /etc/resolv.conf /etc/machine-id
"""

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@foo"
ECDSA = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= root@foo"


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for all."""
    with Host() as host:
        host.boot()
        host.sh(MAKE_CANARY)
        yield host


@pytest.fixture(name="foo")
def foo_fixture(host):
    """... and a container, foo, that has never run."""
    host.ok("create", "foo", "--system-path", host.sh("cat /srv/system-path").strip())
    host.sh(f"mkdir -p {ROOT}/etc {ROOT}/var")
    yield host
    host.ok("destroy", "foo")


TRAPS = {
    "etc": "rm -r etc; ln -s {to} etc",
    "etc-up": "rm -r etc; ln -s ../../../../../../../..{to} etc",
    "resolv.conf": "ln -s {to}/resolv.conf etc/resolv.conf",
    "resolv.conf-new": "ln -s {to}/new etc/resolv.conf",
    "resolv.conf-up": "ln -s ../../../../../../../../{to}/resolv.conf etc/resolv.conf",
    "resolv.conf-proc": "ln -s /proc/1/root{to}/resolv.conf etc/resolv.conf",
    "resolv.conf-fifo": "mkfifo etc/resolv.conf",
    "resolv.conf-directory": "mkdir etc/resolv.conf",
    "resolv.conf-sparse": "truncate -s 1G etc/resolv.conf",
    "machine-id": "ln -s {to}/machine-id etc/machine-id",
    "machine-id-new": "ln -s {to}/new etc/machine-id",
    "machine-id-fifo": "mkfifo etc/machine-id",
    "os-release": "ln -s {to}/new etc/os-release",
    "var": "rm -r var; ln -s {to} var",
    "var-lib": "ln -s {to}/lib var/lib",
    "var-lib-private": "mkdir var/lib; ln -s {to}/lib/private var/lib/private",
    "var-lib-file": "touch var/lib",
    "root": "rm -rf root; ln -s {to} root",
    "usr": "rm -rf usr; ln -s {to} usr",
    "usr-bin": "mkdir -p usr; ln -s {to}/empty usr/bin",
    "nix": "rm -rf nix; ln -s {to} nix",
    "nix-store": "mkdir -p nix; ln -s {to}/empty nix/store",
    "profiles": "mkdir -p nix/var/nix; ln -s {to}/empty nix/var/nix/profiles",
    "loop": "ln -s resolv.conf etc/resolv.conf; ln -s lib var/lib",
}


@pytest.mark.parametrize("copied", ["", "COPY_RESOLV_CONF=1"], ids=["written", "copied"])
@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_start_touches_nothing_of_the_host(foo, trap, copied):
    """Nothing there is made, written, or given other permissions. The container starts, or the error
    says what is wrong; either way it can be stopped."""
    foo.sh(f"echo {copied} >>{DEFINITIONS}/foo.conf; cd {ROOT}; {trap.format(to=CANARY)}")
    before = foo.sh(LIST)
    result = foo.nixctr("start", "foo", deadline=90)
    assert foo.sh(LIST) == before
    if result.rc != 0:
        assert "cannot start container 'foo'" in result.stderr, result
    foo.ok("stop", "foo")
    assert foo.sh(LIST) == before and traces(foo) == []


@pytest.mark.parametrize("to", [CANARY, "/", "/nonexistent"])
def test_root_directory_is_a_link(foo, to):
    """It is not followed, and the error names it."""
    foo.sh(f"rm -r {ROOT}; ln -s {to} {ROOT}")
    before = foo.sh(LIST)
    result = foo.nixctr("start", "foo")
    assert result.rc == 1 and ROOT in result.stderr, result
    assert foo.sh(LIST) == before and traces(foo) == []


def test_missing_root_directory_is_made(foo):
    """... as a first start does, closed to the users of the host."""
    foo.sh(f"rm -r {ROOT}")
    foo.ok("start", "foo")
    assert foo.sh(f"stat -c %a {ROOTS} {ROOT}").split() == ["700", "755"]


def give_keys(host, **keys):
    """Gives foo these public keys and no others."""
    host.sh(f"rm -rf {ROOT}/etc/ssh; mkdir -p {ROOT}/etc/ssh")
    for kind, text in keys.items():
        host.sh(f"cat >{ROOT}/etc/ssh/ssh_host_{kind}_key.pub", stdin=text)


def test_host_key(foo):
    """That of ed25519 first, else that of ecdsa, else none."""
    rsa = "ssh-rsa AAAAB3NzaC1yc2E root@foo"
    give_keys(foo, ed25519=f"{ED25519}\n", ecdsa=f"{ECDSA}\n", rsa=rsa)
    assert foo.ok("show-host-key", "foo").stdout == f"{ED25519}\n"
    give_keys(foo, ecdsa=ECDSA, rsa=rsa)
    assert foo.ok("show-host-key", "foo").stdout == f"{ECDSA}\n"
    give_keys(foo, rsa=rsa)
    result = foo.nixctr("show-host-key", "foo")
    assert (result.rc, result.stdout) == (1, "")
    foo.sh(f"rm -r {ROOT}/etc/ssh")
    assert foo.nixctr("show-host-key", "foo").rc == 1
    assert foo.nixctr("show-host-key", "nobody").rc == 3


KEY = "etc/ssh/ssh_host_ed25519_key.pub"
KEY_TRAPS = {
    "key": f"ln -s {CANARY}/{KEY[4:]} {KEY}",
    "key-up": f"ln -s ../../../../../../../../{CANARY}/{KEY[4:]} {KEY}",
    "key-proc": f"ln -s /proc/1/root{CANARY}/{KEY[4:]} {KEY}",
    "ssh": f"rm -r etc/ssh; ln -s {CANARY}/ssh etc/ssh",
    "etc": f"rm -r etc; ln -s {CANARY} etc",
    "fifo": f"mkfifo {KEY}",
    "device": f"mknod {KEY} c 1 5",
    "sparse": f"truncate -s 1G {KEY}",
    "loop": f"ln -s {KEY[8:]} {KEY}",
    "directory": f"mkdir {KEY}",
    "escape": f"printf 'ssh-ed25519 AAAA \\033]0;owned\\007\\n' >{KEY}",
    "two-lines": f"printf 'ssh-ed25519 AAAA\\nssh-ed25519 BBBB\\n' >{KEY}",
    "carriage-return": f"printf 'ssh-ed25519 AAAA\\rssh-ed25519 BBBB\\n' >{KEY}",
    "other-text": f"echo root:x:0:0:root:/root:/bin/sh >{KEY}",
    "zero": f"printf 'ssh-ed25519 AA\\0AA\\n' >{KEY}",
}


@pytest.mark.parametrize("trap", KEY_TRAPS.values(), ids=KEY_TRAPS)
def test_host_key_that_is_none(foo, trap):
    """No file of the host is shown, nothing hangs, nothing reaches the terminal but text."""
    foo.sh(f"mkdir -p {ROOT}/etc/ssh; cd {ROOT}; {trap}")
    result = foo.run("timeout", "10", "nixctr-net", "show-host-key", "foo")
    assert (result.rc, result.stdout) == (1, ""), result
    assert "c2VjcmV0" not in result.stderr and "\033" not in result.stderr, result


def test_host_key_by_a_link_inside(foo):
    """A link that stays in the container is nothing bad."""
    give_keys(foo)
    foo.sh(f"cd {ROOT}; mkdir keys; cat >keys/key; ln -s /keys/key {KEY}", stdin=ED25519)
    assert foo.ok("show-host-key", "foo").stdout == f"{ED25519}\n"
