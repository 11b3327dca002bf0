# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers with a system of NixOS, whose /etc/hosts is a link into the store, know the host and
whom they are linked with: what getent says inside, of the file alone."""

import fcntl

import pytest
from containers import ROOTS, create, inside, leader, system_path
from host import Host

OWN = 'environment.etc.hosts.text = "127.0.0.1 localhost\\n192.0.2.9 {}\\n";\n'
SECRET = "192.0.2.66 of-the-host"


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for all."""
    with Host() as host:
        host.boot()
        yield host


@pytest.fixture(name="linked", scope="module")
def linked_fixture(host):
    """Three that run, of one system; a and b are linked."""
    for name in "a", "b", "c":
        create(host, name, configuration=OWN.format("mine"))
    host.ok("net", "link", "a", "b")
    for name in "a", "b", "c":
        host.ok("start", name)
        assert inside(host, name, "readlink /etc/hosts").startswith("/nix/store/")
    return host


def known(host, name, *others):
    """{other: what a container finds it at}, without those that it does not find."""
    script = "for name; do getent -s files ahostsv4 $name || :; done"
    told = inside(host, name, f"set -- {' '.join(others)}; {script}")
    found = [line.split() for line in told.splitlines() if " STREAM" in line]
    return {line[2]: line[0] for line in found}


EVERYBODY = "host.containers", "a.containers", "b.containers", "c.containers", "mine"


def test_who_is_linked_is_known(linked):
    """... and the host, beside what the system says itself; nobody else."""
    ends = {name: linked.ok("show-ip", name).stdout.strip() for name in ("a", "b", "c")}
    host_end = {name: address[:-1] + str(int(address[-1]) - 1) for name, address in ends.items()}
    assert known(linked, "a", *EVERYBODY) == {"host.containers": host_end["a"], "mine": "192.0.2.9",
                                              "b.containers": ends["b"]}  # fmt: skip
    assert known(linked, "b", *EVERYBODY) == {"host.containers": host_end["b"], "mine": "192.0.2.9",
                                              "a.containers": ends["a"]}  # fmt: skip
    assert known(linked, "c", *EVERYBODY) == {"host.containers": host_end["c"], "mine": "192.0.2.9"}
    inside(linked, "a", "ping -q -c 1 -W 5 b.containers")
    # What all of them have is as it was, and no container can change what it was given.
    assert "containers" not in linked.sh(f"cat $(readlink {ROOTS}/a/etc/hosts)")
    assert inside(linked, "a", "echo x >>$(readlink /etc/hosts) || echo refused") == "refused\n"


def test_links_change_while_they_run(linked):
    """Both learn of it at once, and what they knew otherwise stays."""
    before = leader(linked, "a"), leader(linked, "c")
    linked.ok("net", "link", "c", "a")
    assert "c.containers" in known(linked, "a", *EVERYBODY)
    assert "a.containers" in known(linked, "c", *EVERYBODY)
    linked.ok("net", "unlink", "a", "c")
    for name, other in ("a", "b.containers"), ("c", None):
        assert set(known(linked, name, *EVERYBODY)) == {"host.containers", "mine", other} - {None}
        assert "\0" not in inside(linked, name, "cat /etc/hosts")
    assert (leader(linked, "a"), leader(linked, "c")) == before


def test_nobody_inside_has_the_host_wait(linked):
    """Whoever can read a file can lock it, and a container can read its own: the host does not ask."""
    [copy] = linked.path("/run/nixctr-net/hosts/a").iterdir()
    with copy.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        linked.ok("net", "link", "c", "a")
        assert "c.containers" in known(linked, "a", *EVERYBODY)
        linked.ok("net", "unlink", "a", "c")


def test_another_system_knows_them_too(linked):
    """A reload switches to it while the container runs; its own names are others."""
    for name in "a", "b":
        was = leader(linked, name)
        linked.ok("update", name, "--system-path", system_path(linked, OWN.format("another")))
        linked.sh(f"systemctl reload container@{name}")
        other = "b.containers" if name == "a" else "a.containers"
        now = known(linked, name, *EVERYBODY, "another")
        assert set(now) == {"host.containers", "another", other} and leader(linked, name) == was
    linked.ok("net", "unlink", "a", "b")
    assert set(known(linked, "b", *EVERYBODY)) == {"host.containers"}
    linked.sh("systemctl reload container@b")
    mounts = inside(linked, "b", "grep -c hosts /proc/self/mountinfo")
    assert mounts == "2\n"  # of the first system and of this one, and not of each reload


def test_nothing_stays(linked):
    """... of one that has stopped."""
    assert linked.sh("ls /run/nixctr-net/hosts/c") != ""
    linked.ok("net", "link", "b", "c")
    linked.ok("stop", "c")
    assert linked.run("ls", "/run/nixctr-net/hosts/c").rc != 0
    assert "c.containers" in known(linked, "b", *EVERYBODY)  # a stop changes no name


def test_a_definition_that_others_take_away(linked):
    """... takes the name of its container along, once that has stopped."""
    linked.ok("net", "link", "a", "b")
    linked.sh("rm /etc/nixos-containers/a.conf; systemctl stop container@a")
    assert set(known(linked, "b", *EVERYBODY)) == {"host.containers", "c.containers"}


TRAPS = {
    "link": "ln -s /srv/secret $out/etc/hosts",
    "up": "ln -s ../../../../srv/secret $out/etc/hosts",
    "fifo": "ln -s /srv/fifo $out/etc/hosts",
    "directory": "mkdir $out/etc/hosts",
    "large": "truncate -s 1G $out/etc/hosts",
}


def test_a_system_that_leads_elsewhere(host):
    """It starts, and of what is on the host it gets nothing."""
    host.sh(f"echo {SECRET} >/srv/secret; mkfifo /srv/fifo")
    for name, file in TRAPS.items():
        create(host, name, configuration=f'system.extraSystemBuilderCmds = "{file}";')
    host.sh("systemctl start " + " ".join(f"container@{name}" for name in TRAPS))
    for name in TRAPS:
        assert host.sh(f"find /run/nixctr-net/hosts/{name} -type f 2>/dev/null || :") == ""
        assert "of-the-host" not in inside(host, name, "timeout 1 head -c 1K /etc/hosts || :")
    assert host.sh("cat /srv/secret").strip() == SECRET
