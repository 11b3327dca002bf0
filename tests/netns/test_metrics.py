# SPDX-License-Identifier: GPL-2.0-or-later
"""What is counted, as a parser of OpenMetrics that is not ours reads it."""

import os

from prometheus_client.openmetrics import parser
from world import OUTSIDE, PORT, eventually


def read(text):
    """Samples by name and labels: {(name, frozenset of labels): value}. Whatever breaks the rules of the
    format is an error."""
    samples = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"{key} is there twice"
            samples[key] = sample.value
    return samples


def metrics(world):
    """What the command prints."""
    return read(world.ok("metrics").stdout)


def value(samples, name, **labels):
    """The value of one sample."""
    return samples["nixctr_net_" + name, frozenset(labels.items())]


def pairs(samples, state):
    """How many pairs of the pool are in that state."""
    return value(samples, "pool_pairs", pool="default", prefix="10.233.0.0/16", state=state)


def test_nothing_yet(world):
    """A host without a book, a container or a table."""
    samples = metrics(world)
    assert value(samples, "containers") == value(samples, "cables") == 0
    assert value(samples, "leases", state="bound") == 0
    assert all(value(samples, "read_success", part=part) == 1
               for part in ("addresses", "containers", "cables", "nat"))  # fmt: skip
    assert not [name for name, _ in samples if name.endswith("_total")]
    [version] = [dict(labels)["version"] for name, labels in samples if name.endswith("_build_info")]
    assert world.ok("--version").stdout.strip().endswith(version)


def traffic_is_told(world):
    """Whether what is told of c1's traffic is what its link has counted: a call is answered before its last
    packets have passed."""
    samples = metrics(world)
    [link] = world.ip("-s", "link", "show", "ve-c1")
    labels = {"container": "c1", "link": "ve-c1"}
    told = {name: value(samples, f"container_{name}_total", **labels)
            for name in ("sent_bytes", "received_bytes", "sent_packets", "received_packets")}  # fmt: skip
    assert all(count > 0 for count in told.values()), told
    sent, received = link["stats64"]["rx"], link["stats64"]["tx"]
    return told == {"sent_bytes": sent["bytes"], "received_bytes": received["bytes"],
                    "sent_packets": sent["packets"], "received_packets": received["packets"]}  # fmt: skip


def test_what_is_counted_is_what_was_done(networked):
    """Pools, leases, ports, traffic of each container, and what the rules have seen."""
    networked.ok("create", "c3", "--host-address", "10.233.9.1", "--local-address", "10.233.9.2")
    networked.ok("create", "c4", "--port", "8080-8082,udp:53")
    networked.ok("net", "up", "c4")
    before = metrics(networked)
    assert value(before, "containers") == value(before, "leases", state="bound") == 4
    assert value(before, "cables") == 3
    assert (pairs(before, "bound"), pairs(before, "blocked")) == (3, 1)
    networked.ok("ipam", "reserve", "c5")
    networked.ok("ipam", "reserve", "c6")
    networked.ok("ipam", "release", "c6")
    before = metrics(networked)
    assert value(before, "leases", state="reserved") == pairs(before, "reserved") == 1
    assert pairs(before, "cooling") == 1
    assert sum(pairs(before, state) for state in
               ("bound", "reserved", "blocked", "cooling", "free")) == 32258  # fmt: skip
    assert value(before, "published_ports", protocol="tcp") == 3
    assert value(before, "published_ports", protocol="udp") == 1
    assert networked.connect_from(networked.container_namespace("c1"), OUTSIDE, PORT)
    assert networked.cannot_connect(networked.container_namespace("c1"), "10.233.2.2", PORT)
    after = metrics(networked)
    masqueraded = {"family": "inet", "verdict": "masqueraded"}
    assert value(after, "nat_packets_total", **masqueraded) == 1 + value(
        before, "nat_packets_total", **masqueraded
    )
    assert value(after, "nat_packets_total", family="inet", verdict="dropped") > 0
    for verdict in "outgoing", "incoming":
        packets = {"family": "inet", "verdict": verdict}
        assert value(after, "nat_packets_total", **packets) > value(before, "nat_packets_total", **packets)
        assert value(after, "nat_bytes_total", **packets) > 0
    eventually(lambda: traffic_is_told(networked), "the counters of the link are told")


def test_bridges_are_counted(world):
    """What the table for bridges has counted is told beside the other."""
    world.run("ip", "link", "add", "br0", "type", "bridge")
    world.ok("create", "foo", "--bridge", "br0", "--local-address", "192.168.7.2/24", "--force")
    world.ok("net", "up", "foo")
    samples = metrics(world)
    assert value(samples, "nat_packets_total", family="bridge", verdict="spoofed") == 0
    labels = {"container": "foo", "link": "vb-foo"}
    assert ("nixctr_net_container_sent_bytes_total", frozenset(labels.items())) in samples


def test_file_is_replaced(networked):
    """... all at once, readable for the collector, with nothing left beside it and nothing printed."""
    networked.path("/run/textfiles").mkdir()
    for _ in range(2):
        assert networked.ok("metrics", "--file", "/run/textfiles/nixctr-net.prom").stdout == ""
        file = networked.path("/run/textfiles/nixctr-net.prom")
        assert value(read(file.read_text(encoding="utf-8")), "cables") == 2
        inode = file.stat().st_ino
        assert file.stat().st_mode & 0o777 == 0o644
    assert os.listdir(networked.path("/run/textfiles")) == ["nixctr-net.prom"]
    networked.ok("metrics", "--file", "/run/textfiles/nixctr-net.prom")
    assert file.stat().st_ino != inode
    assert networked.nixctr("metrics", "--file", "/run/nowhere/a.prom").rc == 1


def test_json(networked):
    """The same numbers, once the links have said all that new links say."""

    def as_json():
        return {
            (row["name"], frozenset(row["labels"].items())): row["value"]
            for row in networked.ok("metrics", "--json").json["metrics"]
        }

    eventually(lambda: as_json() == metrics(networked), "they are the same", 20)


def test_a_part_that_cannot_be_read(networked):
    """The rest is told, and which it is."""
    networked.path("/var/lib/nixctr-net/ipam.db").write_bytes(b"no database" * 1000)
    result = networked.nixctr("metrics")
    assert result.rc == 1 and "metrics of addresses" in result.stderr
    samples = read(result.stdout)
    assert value(samples, "read_success", part="addresses") == 0
    assert value(samples, "read_success", part="cables") == 1
    assert value(samples, "cables") == 2
    assert not [name for name, _ in samples if "pool" in name or "leases" in name]
