# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary under valgrind: every verb once, and the ways they fail."""

import pytest

MEMCHECK = 99

VALGRIND = [
    "valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
    f"--error-exitcode={MEMCHECK}", "--vgdb=no", "--child-silent-after-fork=yes",
]  # fmt: skip

SUCCEED = """
create foo --auto-start
create bar --host-address 10.9.9.1 --local-address 10.9.9.2 --host-address6 fd00::1 --local-address6 fd00::2
create foo --ensure-unique-name
net up foo
net up foo
hook pre-start bar
nat enable --external eth0
nat enable --external auto
nat enable --external eth*,wl+ --internal 192.168.7.0/24,fd00:7::/64 --source 198.51.100.1,2001:db8:51::1
nat show
nat show --json
nat check
nat check --json
nat coexist
nat coexist --with iptables --dry-run
nat coexist --with iptables
nat coexist --with iptables --json
nat coexist --remove
net show
net show foo
net show foo --json
net graph
net graph --json
net graph --format dot
net graph --format svg
list
list --json
status foo
show-ip foo
ipam list
ipam list --json
ipam show foo
ipam show 10.233.1.2
ipam pool add one 10.77.0.0/24 --exclude 10.77.0.5
ipam pool add lan 192.0.2.0/24 --bridge br0 --gateway 192.0.2.1 --range 192.0.2.2-192.0.2.9 --json
ipam pool show lan --json
ipam pool resize default 10.233.0.0/17
ipam pool remove one
net exec foo -- true
nat forward add foo 8000-8010:9000-9010 127.0.0.1:53 %eth0:90 198.51.100.1%eth0:91
nat forward add bar [2001:db8:51::1]:7000
nat forward list
nat forward list foo --json
nat forward remove foo 8003 127.0.0.1:53
nat list
nat disable
hook post-stop bar
net down foo
destroy foo
destroy bar foo-0
destroy nobody
--version
--help
nat --help
create --help
"""

FAIL = """
create
create ../foo
create foo --host-address 1.2.3.4
create foo --host-address 300.2.3.4 --local-address 1.2.3.5
create foo --port 8010-8000
ipam pool add one 10.77.0.0/24 --range 10.77.1.1-10.77.1.2
create foo --port 2001:db8::1:80
create foo --port [2001:db8::1]:80
nat forward add nobody 80
nat forward remove foo 80
net up nobody
net up nobody --json
show-ip nobody
nat enable --external a/b
nat enable --external eth0 --internal 192.168.7.1/24
nat enable --external eth0 --source 127.0.0.1
nat coexist --with ufw
nat coexist --with firewalld
nat coexist --with nobody
creat foo
"""


@pytest.fixture
def watched(world):
    """A host on which the program runs under valgrind."""
    world.wrap = VALGRIND
    return world


def test_valgrind_objects(watched):
    """If there were something to find, we would hear of it."""
    leak = "import ctypes; ctypes.CDLL(None).malloc(12345)"
    result = watched.run(*VALGRIND, "--show-leak-kinds=all", "--errors-for-leak-kinds=all",
                         "/usr/bin/python3", "-I", "-S", "-c", leak)  # fmt: skip
    assert result.rc == MEMCHECK


def test_life(watched):
    """Nothing is leaked or misread in a life from create to destroy."""
    # Rules of others, of all kinds, for "nat check" to read.
    for command in ("iptables-nft -N other", "iptables-nft -A FORWARD -i br0 -m conntrack"
                    " --ctstate NEW -j other", "iptables-legacy -A FORWARD -i br0 -j DROP",
                    "ip6tables-legacy -N other", "ip6tables-legacy -A FORWARD -g other"):  # fmt: skip
        assert watched.run(*command.split()).rc == 0
    for line in SUCCEED.strip().splitlines():
        watched.ok(*line.split())


def test_failures(watched):
    """Nor on the way out of a failure."""
    for line in FAIL.strip().splitlines():
        result = watched.nixctr(*line.split())
        assert result.rc not in (0, MEMCHECK), result
