# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses on their way: to another host, into a backup and back, and from nixos-container's files."""

import csv
import io
import json
import os
import subprocess
import threading
import time

import pytest
from world import BINARY, World, run

BOOK = "/var/lib/nixctr-net/ipam.db"
KEPT = f"{BOOK}.backup"


@pytest.fixture(scope="module", name="beta")
def second_host():
    """Another host, to which containers move."""
    with World() as host:
        yield host


def leases(host):
    """What containers hold, by name."""
    return {row["container"]: row for row in host.ok("ipam", "list", "--json").json["leases"]}


def put(host, path, text):
    """Writes a file of the host, and gives its path back."""
    file = host.path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def define(host, name, *lines, directory="/etc/nixos-containers"):
    """Writes a definition as nixos-container does, with all the keys it always has."""
    text = ["PRIVATE_NETWORK=1", *lines, "HOST_BRIDGE=", "HOST_PORT=", "AUTO_START=0",
            'EXTRA_NSPAWN_FLAGS=""']  # fmt: skip
    put(host, f"{directory}/{name}.conf", "\n".join(text) + "\n")


def clear(host):
    """Takes away all that other tests have left in the book and among definitions."""
    for path in ("/etc/nixos-containers", "/etc/containers", "/var/lib/nixctr-net"):
        run(host.command("rm", "-rf", path))
    run(host.command("rm", "-f", "/run/nixctr-net/definitions-seen"))


def refused(host, text, *said, status=2):
    """Insists that a document is refused in one line with these words, and that nothing changes."""
    before = leases(host)
    result = host.nixctr("ipam", "import", put(host, "/tmp/import", text))
    assert result.rc == status, result
    first = result.stderr.splitlines()[0]
    assert all(word in first for word in said), result.stderr
    assert leases(host) == before


def document(*rows, **head):
    """A document in JSON."""
    return json.dumps({"version": 1, "leases": list(rows), **head})


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_container_moves(world, beta, form):
    """Exported here, imported and created there: it has addresses and MAC that it had."""
    clear(beta)
    world.ok("create", "filler")
    world.ok("create", "web")
    world.ok("create", "v6", "--host-address6", "fd00::1", "--local-address6", "fd00::2")
    world.ok("net", "up", "web")
    [before] = world.ip("link", "show", "dev", "eth0", container="web")
    text = world.ok("ipam", "export", "web", "v6", "--format", form).stdout
    assert "filler" not in text
    path = put(beta, "/tmp/export", text)
    dry = beta.ok("ipam", "import", "--dry-run", "--json", path).json
    assert (dry["changed"], leases(beta)) == (2, {})
    beta.ok("ipam", "import", path)
    assert beta.ok("ipam", "import", "--json", path).json["changed"] == 0
    kept = leases(beta)
    assert {row["state"] for row in kept.values()} == {"reserved"}
    beta.ok("create", "first")  # not given what is reserved
    assert beta.ok("show-ip", "first").stdout == "10.233.1.2\n"
    beta.ok("create", "web")
    beta.ok("net", "up", "web")
    [after] = beta.ip("link", "show", "dev", "eth0", container="web")
    [address] = beta.ip("address", "show", "dev", "eth0", container="web")
    assert after["address"] == before["address"]
    assert "10.233.2.2" in [entry["local"] for entry in address["addr_info"]]
    beta.ok("create", "v6")
    there, here = leases(beta), leases(world)
    for name in ("web", "v6"):
        for key in ("host_address", "local_address", "host_address6", "local_address6", "mac",
                    "automatic"):  # fmt: skip
            assert there[name][key] == here[name][key]
    for name in ("first", "web", "v6"):
        beta.ok("destroy", name)


def test_what_is_written(world):
    """The document in JSON has a version and the pools; Python reads the CSV as we do."""
    world.ok("ipam", "reserve", "a", "--reason", 'say "hi", twice')
    define(world, "other", "HOST_ADDRESS=10.233.9.1", "LOCAL_ADDRESS=10.233.9.2")
    answer = json.loads(world.ok("ipam", "export").stdout)
    assert answer["version"] == 1 and answer["pools"][0]["prefix"] == "10.233.0.0/16"
    rows = {row["container"]: row for row in answer["leases"]}
    assert rows["other"]["local_address"] == "10.233.9.2"
    text = world.run(BINARY, "ipam", "export", "--format", "csv").stdout
    [first, second] = csv.DictReader(io.StringIO(text))
    assert (first["reason"], first["automatic"]) == ('say "hi", twice', "true")
    assert second["container"] == "other" and second["mac"] == rows["other"]["mac"]
    world.ok("net", "up", "other")  # its MAC is in no file: it follows from the host's identity
    [eth0] = world.ip("link", "show", "dev", "eth0", container="other")
    assert eth0["address"] == second["mac"]
    assert world.ok("ipam", "import", put(world, "/tmp/x", text), "--json").json["changed"] == 0
    done = world.ok("ipam", "export", "a", "--file", "/tmp/out", "--json").json
    assert done == {"file": "/tmp/out", "count": 1}
    assert world.path("/tmp/out").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_exported(world):
    """A name that holds nothing, and words that do not go together."""
    world.ok("ipam", "reserve", "a")
    result = world.nixctr("ipam", "export", "a", "nobody")
    assert (result.rc, result.stdout) == (3, "") and "'nobody' holds no address" in result.stderr
    assert world.nixctr("ipam", "export", "--format", "yaml").rc == 2
    assert world.nixctr("ipam", "export", "--format", "csv", "--json").rc == 2


def test_two_hosts_with_the_same_addresses(world, beta):
    """Both gave away 10.233.1.2: refused, with both names, the place and what to do."""
    clear(beta)
    world.ok("create", "alpha-web")
    beta.ok("create", "beta-web")
    text = beta.ok("ipam", "export").stdout
    refused(world, text, "leases[0]", "container 'beta-web' of host",
            "10.233.1.1 is leased to container alpha-web", status=4)  # fmt: skip
    result = world.nixctr("ipam", "import", "/tmp/import")
    assert "leave 'beta-web' out of the file" in result.stderr
    rows = document({"container": "alpha-web", "local_address": "192.0.2.1"})
    refused(world, rows, "leases[0]", "alpha-web holds 10.233.1.2 already", status=4)
    beta.ok("destroy", "beta-web")


def test_documents_that_are_wrong(world):
    """Each is refused as a whole, with its place; more of them are in the unit tests."""
    world.ok("create", "web")
    good = {"container": "good", "local_address": "192.0.2.1"}
    refused(world, document(good, {"container": "x", "local_address": "10.233.0.0"}),
            "/tmp/import: leases[1]", "network address")  # fmt: skip
    refused(world, document(good, {"container": "x"}), "leases[1]", "no address")
    refused(world, document(good, {**good, "container": "y"}), "leases[1]", "also in leases[0]")
    refused(world, document(good, version=2), "version 2, this program knows version 1")
    refused(world, document(good)[:-5], "ends in the middle")
    refused(world, "container,colour\nx,red\n", "line 1: there is no column 'colour'")
    refused(world, "container,local_address\ngood,192.0.2.1\nx,\"192.0", "line 3: a quote")
    refused(world, b"container\n\xff\n", "line 2: container: ")
    missing = world.nixctr("ipam", "import", "/tmp/nowhere")
    assert missing.rc == 1 and "/tmp/nowhere" in missing.stderr
    assert "ipam export" in missing.stderr.splitlines()[1]
    unread = world.nixctr("ipam", "import", "/tmp")
    assert unread.rc == 1 and "ipam export" in unread.stderr.splitlines()[1]


def test_addresses_outside_every_pool(world):
    """Automatic there, chosen here, and that is said."""
    row = {"container": "far", "host_address": "172.16.0.1", "local_address": "172.16.0.2",
           "automatic": True}  # fmt: skip
    path = put(world, "/tmp/import", document(row))
    assert world.ok("ipam", "import", "-n", "--json", path).json["chosen"] == 1
    result = world.ok("ipam", "import", path)
    assert "1 pairs were automatic there and count as chosen here" in result.stderr
    assert leases(world)["far"]["automatic"] is False


def test_a_hundred_thousand(world):
    """All of them in seconds, from standard input as well."""
    rows = [f"c{i},172.{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(1, 100_001)]
    put(world, "/tmp/many", "container,local_address\n" + "\n".join(rows) + "\n")
    began = time.monotonic()
    words = world.command("sh", "-c", f"{BINARY} ipam import - < /tmp/many")
    answer = subprocess.run(words, capture_output=True, encoding="ascii", check=False)
    assert answer.returncode == 0 and "100000 leases reserved" in answer.stderr, answer
    assert time.monotonic() - began < 30
    put(world, "/tmp/more", "container,local_address\n" + "\n".join(rows) + "\nlast,172.16.0.9\n")
    result = world.nixctr("ipam", "import", "/tmp/more")
    assert result.rc == 2 and "line 100002" in result.stderr and "in line 10," in result.stderr


def test_backup_and_restore(world):
    """What was reserved since is lost, what was created is not, and both books are kept."""
    world.ok("create", "old")
    world.ok("ipam", "reserve", "back")
    assert world.ok("ipam", "backup").stdout == f"{KEPT}\n"
    world.ok("ipam", "release", "back")
    world.ok("create", "new")
    world.ok("ipam", "reserve", "lost")
    before = leases(world)
    dry = world.ok("ipam", "restore", "--dry-run", "--json").json
    changes = {row["container"]: row["change"] for row in dry["differences"]}
    assert changes == {"back": "back", "lost": "lost"} and not dry["restored"]
    assert leases(world) == before
    done = world.ok("ipam", "restore", "--json").json
    after = leases(world)
    assert set(after) == {"old", "back", "new"} and after["new"]["state"] == "bound"
    assert after["new"]["local_address"] == before["new"]["local_address"]
    world.ok("create", "next")
    assert leases(world)["next"]["local_address"] not in {
        row["local_address"] for row in before.values()
    } - {before["lost"]["local_address"]}
    again = world.nixctr("ipam", "restore", "--json", done["aside"])  # next has that address now
    assert again.rc == 1 and [row["container"] for row in again.json["refused"]] == ["lost"]
    assert set(leases(world)) == {"old", "new", "next"}
    world.ok("ipam", "backup")
    assert world.path(f"{KEPT}.1").exists()


def test_a_living_definition_beats_the_copy(world):
    """What was destroyed since is not back, and whoever has its address now keeps it."""
    put(world, "/etc/nixctr-net.conf", "[ipam]\ncooldown = 0\n")
    world.ok("create", "gone", "--local-address", "10.233.50.2", "--host-address", "10.233.50.1")
    world.ok("ipam", "reserve", "kept", "--local-address", "10.233.51.2",
             "--host-address", "10.233.51.1")  # fmt: skip
    world.ok("ipam", "backup")
    world.ok("destroy", "gone")
    world.ok("ipam", "release", "kept")
    world.ok("create", "new", "--local-address", "10.233.50.2", "--host-address", "10.233.50.1")
    world.ok("ipam", "restore")
    assert {n: row["state"] for n, row in leases(world).items()} == {
        "new": "bound", "kept": "reserved"}  # fmt: skip
    assert leases(world)["new"]["local_address"] == "10.233.50.2"
    world.ok("ipam", "check", "--grace", "0")
    world.ok("ipam", "release", "kept")
    world.ok("create", "other", "--local-address", "10.233.51.2",
             "--host-address", "10.233.51.1")  # fmt: skip
    result = world.nixctr("ipam", "restore", "--json")
    assert result.rc == 1, result
    assert [row["container"] for row in result.json["refused"]] == ["kept"]
    assert "other" in result.json["refused"][0]["what"] and set(leases(world)) == {"new", "other"}


def test_what_came_since_the_copy(world):
    """Cool-downs, pools and history go on; what differs otherwise is told."""
    world.ok("create", "web")
    world.ok("create", "gone")
    world.ok("ipam", "pool", "add", "early", "10.234.0.0/24")
    world.ok("ipam", "backup")
    world.ok("create", "brief")
    for name in ("gone", "brief"):
        world.ok("destroy", name)
    world.ok("ipam", "describe", "web", "front")
    world.ok("ipam", "pool", "remove", "early")
    world.ok("ipam", "pool", "add", "late", "10.235.0.0/24")
    before = world.ok("ipam", "history", "--json").json["history"]
    answer = world.ok("ipam", "restore", "--json").json
    assert [(row["pool"], row["change"]) for row in answer["pools"]] == [("early", "back")]
    assert [(row["container"], row["change"]) for row in answer["differences"]] == [("web", "note")]
    after = world.ok("ipam", "history", "--json").json["history"]
    assert after[: len(before)] == before
    for address in ("10.233.2.2", "10.233.3.2"):
        told = world.ok("ipam", "describe", address, "--json").json["address"]
        assert told["state"] == "cooling", told
    pools = {row["name"] for row in world.ok("ipam", "list", "--json").json["pools"]}
    assert pools == {"default", "early", "late"}
    world.ok("ipam", "check", "--grace", "0")
    world.ok("create", "next")
    assert leases(world)["next"]["local_address"] == "10.233.4.2"
    assert leases(world)["next"]["automatic"] is True


def test_a_damaged_book_is_restored(world):
    """... in place of what nobody can open; a backup of it is not made."""
    world.ok("create", "web")
    world.ok("ipam", "backup")
    good = world.path(KEPT).read_bytes()
    world.path(BOOK).write_bytes(good[: len(good) // 2])
    broken = world.nixctr("ipam", "backup")
    assert broken.rc == 1 and "ipam restore" in broken.stderr
    assert world.path(KEPT).read_bytes() == good
    answer = world.ok("ipam", "restore", "--json").json
    assert answer["damage"] and answer["leases"] == 1
    assert leases(world)["web"]["state"] == "bound"
    world.path(BOOK).unlink()
    assert world.ok("ipam", "restore", "--json").json["aside"] is None


def test_what_is_no_backup(world):
    """Refused by name, and the book stays."""
    world.ok("create", "web")
    assert world.nixctr("ipam", "restore").rc == 1
    for content in (b"", b"rubbish", world.path(BOOK).read_bytes()[:8192]):
        path = put(world, "/tmp/copy", content)
        result = world.nixctr("ipam", "restore", path)
        assert result.rc == 1 and path in result.stderr and "name another file" in result.stderr
    assert "web" in leases(world)


def test_backup_if_changed(world):
    """One that is as the book is will do; the time of the book tells."""
    assert world.nixctr("ipam", "backup").rc == 1  # there is no book yet
    world.ok("create", "web")
    world.ok("ipam", "backup")
    os.utime(world.path(BOOK), (1, 1))
    assert world.ok("ipam", "backup", "--if-changed", "--json").json["changed"]
    assert not world.ok("ipam", "backup", "--if-changed", "--json").json["changed"]
    world.ok("ipam", "reserve", "more")
    assert world.ok("ipam", "backup", "--if-changed", "--json").json["changed"]
    assert not [name for name in os.listdir(world.path(BOOK).parent) if "new" in name]
    result = world.nixctr("ipam", "backup", "/nowhere/copy.db")
    assert result.rc == 1 and "make its directory first" in result.stderr


def test_backups_and_restores_while_others_create(world):
    """Nobody fails, and no address is anybody else's than a definition says."""
    failures = []

    def create(first):
        for i in range(first, 40, 2):
            result = world.nixctr("create", f"c{i}")
            if result.rc != 0:
                failures.append(result)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if world.path(BOOK).exists():
            world.ok("ipam", "backup")
            world.ok("ipam", "restore")
    for thread in threads:
        thread.join()
    assert not failures
    held = {name: row["local_address"] for name, row in leases(world).items()}
    assert len(held) == 40 and len(set(held.values())) == 40
    for name, address in held.items():
        assert world.ok("show-ip", name).stdout.strip() == address


def test_migrate(world):
    """All that can be taken over is, the rest is named, and the second time there is nothing to do."""
    define(world, "one", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2")
    define(world, "two", "HOST_ADDRESS=10.233.1.1", "LOCAL_ADDRESS=10.233.1.2")
    define(world, "out", "HOST_ADDRESS=192.168.100.10", "LOCAL_ADDRESS=192.168.100.11")
    define(world, "bad", "LOCAL_ADDRESS=10.233.400.2")
    define(world, "edge", "HOST_ADDRESS=10.233.0.0", "LOCAL_ADDRESS=10.233.0.9")
    define(world, "sp ace", "LOCAL_ADDRESS=10.233.7.2")
    put(world, "/etc/nixos-containers/shared.conf", "PRIVATE_NETWORK=0\nHOST_ADDRESS=\n")
    store = put(world, "/nix/store/abc-declared.conf",
                "PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=192.0.2.5/24\n")  # fmt: skip
    os.symlink(store, world.path("/etc/nixos-containers/declared.conf"))
    define(world, "old", "HOST_ADDRESS=10.233.8.1", "LOCAL_ADDRESS=10.233.8.2",
           directory="/etc/containers")  # fmt: skip
    put(world, "/etc/containers/registries.conf", 'unqualified-search-registries = ["x"]\n')
    expected = {"one": "entered", "two": "conflict", "out": "entered", "bad": "broken",
                "edge": "broken", "sp ace": "broken", "shared": "no-address",
                "declared": "entered", "old": "elsewhere"}  # fmt: skip

    def results(*options):
        result = world.nixctr("migrate", "--json", *options)
        assert result.rc == 4
        return {row["name"]: row for row in result.json["containers"]}

    dry = results("--dry-run")
    assert {name: row["result"] for name, row in dry.items()} == expected
    assert not world.path(BOOK).exists()
    done = results()
    assert {name: row["result"] for name, row in done.items()} == expected
    assert "leased to container one" in done["two"]["problem"]
    assert done["declared"]["kind"] == "declarative" and done["declared"]["network"] == "bridge"
    held = leases(world)
    assert set(held) == {"one", "out", "declared", "old"}
    assert held["old"]["state"] == "reserved" and held["declared"]["local_address"] == "192.0.2.5/24"
    again = {name: row["result"] for name, row in results().items()}
    assert again == {name: "known" if word == "entered" else word
                     for name, word in expected.items()}  # fmt: skip
    assert leases(world) == held
    run(world.command("mv", "/etc/containers/old.conf", "/etc/nixos-containers/"))
    for name in ("two", "bad", "edge", "sp ace"):
        world.path(f"/etc/nixos-containers/{name}.conf").unlink()
    text = world.ok("migrate").stderr
    assert "nat enable" in text and "0 only reserved, 0 refused" in text
    assert leases(world)["old"]["state"] == "bound"
