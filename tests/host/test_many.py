# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred containers that boot at once."""

import time

from containers import machines, remains, traces
from world import HOST, OUTSIDE

COUNT = 100
# On two cores, also while other tests run.
MINUTES = 8


def test_hundred_containers(host):
    """start --all brings all of them up, each is reached and reaches the world; stop --all and
    destroy leave nothing."""
    names = [f"c{number:02}" for number in range(COUNT)]
    path = host.sh("cat /srv/system-path").strip()
    host.ok("nat", "enable", "--external", "eth0")
    host.sh(f"for name in {' '.join(names)}; do"
            f" nixctr-net create $name --system-path {path}; done")  # fmt: skip
    begin = time.monotonic()
    host.ok("start", "--all", deadline=60 * MINUTES)
    started = time.monotonic()
    assert machines(host) == names
    addresses = [row["local_address"] for row in host.ok("list", "--json").json["containers"]]
    assert len(set(addresses)) == COUNT
    host.sh(f"for address in {' '.join(addresses)}; do ping -q -c 1 -W 5 $address; done")
    for name in names:
        assert host.connect_from(host.container_namespace(name), OUTSIDE) == HOST, name
    stopping = time.monotonic()
    host.ok("stop", "--all", deadline=60 * MINUTES)
    print(f"start {started - begin:.0f} s, stop {time.monotonic() - stopping:.0f} s")
    assert traces(host) == []
    host.ok("destroy", *names, deadline=60 * MINUTES)
    assert remains(host) == []
