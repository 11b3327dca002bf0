# SPDX-License-Identifier: GPL-2.0-or-later
"""What the manual shows can be typed, and what it says of answers is what they have.

tests/lint/test_manual.py holds the pages against the table of commands.
"""

import shlex

import pages
import pytest
import world as world_module

# What is called for its effects inside containers, never ends, says what --help says, or is for units: no JSON.
SILENT = {"run", "login", "root-login", "watch", "net exec", "help"}

# What takes a system that Nix builds, or that boots, or another book: all of its fields are seen elsewhere.
BOOTING = {"apply", "update", "start", "restart", "ipam restore", "ipam import", "migrate"}

# Commands with which every field that there is can be seen; in their order.
CALLS = """
create web --port 8080:80
create db
net up web
nat enable --external auto
nat isolate off
nat isolate on
net link web db
net unlink web db
net show web
net show
net graph
nat show
nat list
nat forward add web 81
nat forward list
nat forward remove web 81
nat check
nat coexist --with iptables
nat apply
list
status web
show-ip web
show-host-key keyed
ipam list
ipam show web
ipam pool add office 192.168.77.0/24 --bridge br0 --gateway 192.168.77.1
ipam pool list
ipam pool show office
ipam pool resize office 192.168.76.0/23
ipam pool drain office
ipam pool remove office
ipam conflicts
ipam check --report /run/report.json
ipam repair --dry-run /run/report.json
ipam describe web
ipam describe 10.233.1.2
ipam describe web words
ipam history
ipam reserve other
ipam backup /run/book.db
ipam restore --dry-run /run/book.db
ipam export --file /run/leases.json
ipam import --dry-run /run/leases.json
migrate --dry-run
ipam release other
metrics
set web autoStart=true
apply --dry-run
net down web
start web db
stop web
terminate web
restart web db
update web
nat disable
ipam rebuild --force
destroy web db
"""


@pytest.fixture(scope="module", name="host")
def fixture_host():
    """One with something in every list: a finding, a conflict, a file that nobody understands, a container
    that says another thing than the book and has a twin."""
    with world_module.World() as world:
        world.ok("create", "keyed", "--host-address", "10.9.9.1", "--local-address", "10.9.9.2")
        key = world.path("/var/lib/nixos-containers/keyed/etc/ssh/ssh_host_ed25519_key.pub")
        key.parent.mkdir(parents=True)
        key.write_text("ssh-ed25519 AAAA root@keyed\n", encoding="ascii")
        world.run("sh", "-c", "for n in 2 4; do ip address add 10.9.9.$n/32 dev lo; done")
        definitions = world.path("/etc/nixos-containers")
        twin = (definitions / "keyed.conf").read_text(encoding="ascii").replace("10.9.9.2", "10.9.9.4")
        (definitions / "keyed.conf").write_text(twin, encoding="ascii")
        (definitions / "twin.conf").write_text(twin, encoding="ascii")
        world.path("/etc/docker").mkdir(exist_ok=True)
        world.path("/etc/docker/daemon.json").write_text("{", encoding="ascii")
        world.run("nft", "add table ip filter; add chain ip filter FORWARD "
                         "{ type filter hook forward priority 0; policy drop; }")  # fmt: skip
        world.path("/etc/containers.json").write_text(
            '{"containers": {"declared": {"rootTree": "/nowhere"}}}', encoding="ascii")
        yield world


def keys_of(value, at=""):
    """All names of fields in an answer. Those of labels are not ours to name, those of every failure are
    said once."""
    if isinstance(value, list):
        return set().union(*(keys_of(item, at) for item in value))
    if not isinstance(value, dict) or at in ("labels", "error"):
        return set()
    return set(value).union(*(keys_of(item, key) for key, item in value.items()))


def command_of(words, known):
    """The command that words begin with."""
    return next(c for n in (3, 2, 1) if (c := " ".join(words[:n])) in known)


def test_every_field_is_in_the_manual(host):
    """And every field of the manual in some answer."""
    table = [line.split("\t")[0] for line in host.ok("complete").stdout.splitlines()]
    commands = {name for name in table if name and not name.startswith("hook ")} - SILENT
    named, seen = {}, {}
    for path in pages.COMMANDS:
        named |= pages.fields(pages.read(path))
    assert set(named) == commands
    for line in CALLS.strip().splitlines():
        words = line.split()
        command = command_of(words, commands)
        if command == "apply":
            words[1:1] = ["/etc/containers.json"]
        answer = host.nixctr(*words, "--json").json
        seen.setdefault(command, set()).update(keys_of(answer))
    assert set(seen) == commands
    wrong = {}
    for command, fields in seen.items():
        unseen = set() if command in BOOTING else named[command] - fields - {"error"}
        if fields - named[command] or unseen:
            wrong[command] = (fields - named[command], unseen)
    assert not wrong


def test_every_metric_is_in_the_manual(host):
    """By its name without what they all begin with, and the kind it is."""
    page = pages.read("man/nixctr-net.8.scd")
    for metric in host.ok("metrics", "--json").json["metrics"]:
        name = metric["name"].removeprefix("nixctr_net_").removesuffix("_total").removesuffix("_info")
        assert f"*{name}*" in page


@pytest.mark.parametrize("path", [path for path in pages.COMMANDS if pages.noun(path) in
                                  ("net", "nat", "ipam")])  # fmt: skip
def test_examples_work(world, path):
    """From top to bottom, on a host that has the containers they speak of."""
    for name in ("web", "db"):
        world.ok("create", name)
    world.ok("net", "up", "--all")
    lines = list(pages.examples(pages.read(path)))
    assert len(lines) > 5
    for line in lines:
        script = line.replace("/srv/backup/", "/run/").replace("/tmp/", "/run/")
        script = script.replace("nixctr-net ", f"{shlex.quote(world_module.BINARY)} ", 1)
        if "ssh " in line:
            continue  # takes another host
        result = world.run("sh", "-c", f"cd /run && {script.split(' | jq')[0]}")
        assert result.rc == 0, (line, result)
