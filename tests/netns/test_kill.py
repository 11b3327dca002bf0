# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of a command; then the same command again, and all is as if undisturbed.

tests/fault/kill-at.c tells why its steps are every moment there is. Each is one case of a fresh host.
"""

import difflib
import fcntl
import json
import os
import re

import pytest
import systems
import world as world_module

KILL_AT = os.environ.get("KILL_AT", "")
KILLED = 99

CONFLICT = 4

# LeakSanitizer cannot work while the process is traced.
ENVIRONMENT = ["env", "ASAN_OPTIONS=detect_leaks=0"]

# What differs between any two runs: numbers the kernel gives, and times.
VOLATILE = {"ifindex", "link_index", "link_netnsid", "handle", "since", "stats64", "packets", "bytes",
            "gc_timer", "hello_timer", "message_age_timer", "forward_delay_timer", "hold_timer"}

MAC = re.compile(r"\b(?!ff:ff)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")

# Files that make no difference to anybody: locks of the whole host, and what is only remembered.
IGNORED = re.compile(
    r".*/(ipam\.db|rules|forwarding|forwards|apply)\.lock"
    r"|/run/nixctr-net/(definitions-seen|ports-seen|claims/.*|\.?rules(\.new)?)"
)

# Only every so manieth moment, where the build is slow; see meson.build.
STRIDE = int(os.environ.get("KILL_STRIDE", "1"))

# A command with very many moments, most of which are those of others: every eleventh of them.
APPLY_STRIDE = 11 * STRIDE

def stock(world):
    """A host with Nix, and two systems for --system-path."""
    systems.stock_nix(world)
    for mark in "one", "two":
        path = systems.store_system(world, mark)
        world.path(f"/run/{mark}").symlink_to(path)
        world.path(f"/run/{mark}.nix").write_text(f'{{ message = "{mark}"; }}', encoding="ascii")


def furnish(world):
    """What a container has that has been running: more in its directories, and a mount."""
    root = world.path("/var/lib/nixos-containers/foo")
    for directory in "var/empty", "srv/data", "etc/ssh":
        (root / directory).mkdir(parents=True)
    (root / "etc/ssh/key").write_text("key", encoding="ascii")
    world.path("/run/data").mkdir()
    world.path("/run/data/precious").write_text("precious", encoding="ascii")
    bind = ["mount", "--bind", "/run/data", "/var/lib/nixos-containers/foo/srv/data"]
    assert world.run(*bind).rc == 0
    gcroots = world.path("/nix/var/nix/gcroots/per-container/foo")
    gcroots.mkdir(parents=True)
    (gcroots / "current").symlink_to("/nowhere")


def bridge(world):
    """A bridge with an address, and two containers on it, of which one is attached."""
    for command in ("link add br0 address 02:00:00:00:00:01 type bridge", "link set br0 up",
                    "address add 10.7.0.1/24 dev br0", "address add fd07::1/64 dev br0 nodad"):  # fmt: skip
        assert world.run("ip", *command.split()).rc == 0, command
    for number, name in enumerate(["other", "foo"], 2):
        world.ok("create", name, "--bridge", "br0", "--local-address", f"10.7.0.{number}/24",
                 "--host-address", "10.7.0.1", "--local-address6", f"fd07::{number}/64",
                 "--host-address6", "fd07::1")  # fmt: skip
    world.ok("net", "up", "other")


ENABLE = ["nat", "enable", "--external", "eth*", "--internal", "10.99.0.0/16,fd99::/64",
          "--source", "198.51.100.1"]  # fmt: skip
MAKE_ONE = ["create", "foo", "--system-path", "/run/one"]

FILE = "/etc/nixctr-net/containers.nix"


def declare(text):
    """What writes a file that declares containers."""
    return lambda world: systems.write(world, FILE, "{ containers = { " + text + " }; }")


FOO = "foo = { privateNetwork = true; path = /run/%s; forwardPorts = [ %s ]; };"

# The commands: what comes before, the command itself, and exit codes fit for its second run.
COMMANDS = {
    "create": ([], ["create", "--no-system", "foo"], {0, CONFLICT}),
    "net-up": ([["create", "foo"]], ["net", "up", "foo"], {0}),
    "net-up-6": (
        [["create", "foo", "--host-address6", "fd00::1", "--local-address6", "fd00::2"],
         ["nat", "enable", "--external", "eth0"]],
        ["net", "up", "foo"],
        {0},
    ),  # fmt: skip
    "net-down": ([["create", "foo"], ["net", "up", "foo"]], ["net", "down", "foo"], {0}),
    "destroy": ([["create", "foo"], ["net", "up", "foo"]], ["destroy", "foo"], {0}),
    "nat-enable": (
        [["create", "foo"], ["net", "up", "foo"]],
        ENABLE,
        {0},
    ),
    "net-up-ports": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,udp:53"]],
        ["net", "up", "foo"],
        {0},
    ),
    "net-down-ports": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,udp:53"],
         ["net", "up", "foo"]],
        ["net", "down", "foo"],
        {0},
    ),  # fmt: skip
    "net-up-bridge": ([bridge], ["net", "up", "foo"], {0}),
    "net-link-bridge": ([bridge, ["net", "up", "foo"]], ["net", "link", "foo", "other"], {0}),
    "net-unlink": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo"], ["net", "up", "foo"],
         ["net", "link", "foo", "other"]],
        ["net", "unlink", "foo", "other"],
        {0},
    ),  # fmt: skip
    "forward-add": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80"],
         ["net", "up", "foo"]],
        ["nat", "forward", "add", "foo", "8000-8002", "127.0.0.1:53"],
        {0},
    ),
    "forward-remove": (
        [["create", "other"], ["net", "up", "other"], ["create", "foo", "--port", "8080:80,53"],
         ["net", "up", "foo"]],
        ["nat", "forward", "remove", "foo", "53"],
        {0},
    ),
    "create-system": ([stock], MAKE_ONE, {0, CONFLICT}),
    "create-config": (
        [stock],
        ["create", "foo", "--config-file", "/run/one.nix"],
        {0, CONFLICT},
    ),
    "update-config": (
        [stock, ["create", "foo", "--config-file", "/run/one.nix"]],
        ["update", "foo", "--config-file", "/run/two.nix"],
        {0},
    ),
    "update-path": ([stock, MAKE_ONE], ["update", "foo", "--system-path", "/run/two"], {0}),
    "destroy-system": (
        [stock, MAKE_ONE, furnish, ["net", "up", "foo"]],
        ["destroy", "foo"],
        {0},
    ),
    "apply-create": ([stock, declare(FOO % ("one", '"80"'))], ["apply"], {0}),
    "apply-update": (
        [stock, declare(FOO % ("one", '"80"')), ["apply"], ["net", "up", "foo"],
         declare(FOO % ("two", '"81"'))],
        ["apply"],
        {0},
    ),  # fmt: skip
    "apply-remove": (
        [stock, declare(FOO % ("one", '"80"')), ["apply"], ["net", "up", "foo"], declare("")],
        ["apply"],
        {0},
    ),
    "nat-disable": (
        [["create", "foo"], ["net", "up", "foo"], ENABLE],
        ["nat", "disable"],
        {0},
    ),
}


def stable(value):
    """A value without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: stable(item) for key, item in value.items() if key not in VOLATILE}
    return [stable(item) for item in value] if isinstance(value, list) else value


def numbered_macs(text):
    """Ethernet addresses are drawn by lot: the n-th that appears becomes "mac-n" everywhere."""
    names = {}
    return MAC.sub(lambda match: names.setdefault(match[0], f"mac-{len(names)}"), text)


def files(world):
    """Everything the host has below its directories: contents of text, names of databases."""
    found = {}
    for top in "/etc", "/var/lib", "/run":
        for directory, _, names in os.walk(world.path(top)):
            inside = world_module.inside(directory)
            if inside.startswith(("/run/outside", "/run/netns")):
                continue
            for name in names:
                if os.path.islink(os.path.join(directory, name)):
                    continue
                with open(os.path.join(directory, name), "rb") as file:
                    content = file.read()
                if not IGNORED.fullmatch(f"{inside}/{name}"):
                    found[f"{inside}/{name}"] = "" if b"\0" in content else content.decode()
    return found


# What a container boots and has.
TREES = ["/var/lib/nixos-containers", "/nix/var/nix/profiles/per-container",
         "/nix/var/nix/gcroots/per-container"]  # fmt: skip


def trees(world):
    """The directories of containers: everything in them, and where links lead."""
    there = [tree for tree in TREES if world.path(tree).exists()]
    if not there:
        return []
    return sorted(world.run("find", *there, "-printf", "%p %M %l\\n").stdout.splitlines())


# What the kernel and the book have, each answer on a line of its own below what it answers.
LOOK = """
look() { echo "$*"; "$@" || echo null; }
network() {
	look ip -json -details "$@" address
	look ip -json -4 "$@" route show table all
	look ip -json -6 "$@" route show table all
}
network
for namespace in $(ls /run/netns 2>/dev/null); do
	network -n "$namespace"
done
echo leases
"$1" ipam list --json | tr -d "\\n"
echo
look grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv[46]/conf/*/forwarding
look nft --stateless list ruleset
"""


def state(world):
    """All there is, as text that is the same for two hosts in the same state."""
    world.carriers_at_rest()
    seen = world.run("sh", "-c", LOOK, "sh", world_module.BINARY)
    assert seen.rc == 0 and not seen.stderr, seen
    lines = seen.stdout.splitlines() + [f"{path}: {text!r}" for path, text in files(world).items()]
    lines += trees(world)
    for number, line in enumerate(lines):
        if line.startswith(("[", "{")) and len(line) > 1:
            lines[number] = json.dumps(stable(json.loads(line)), indent=1, sort_keys=True)
    return numbered_macs("\n".join(lines))


def killed_run(world, victim, command):
    """Runs a command that is killed at its victim-th effective call. Returns its Result."""
    return world.run(
        *ENVIRONMENT, *world.wrap, KILL_AT, str(victim), world_module.BINARY, *command
    )


def wait_for_locks(world):
    """Waits until nobody has a lock of ours. The child that closes a socket of nf_tables later (session.c) has
    those of its parent for a moment, and whoever finds one taken makes one more step, to wait for it.
    """
    for path in [world.path("/run/lock/nixos-container"), *world.path("/run/nixctr-net").rglob("*.lock")]:
        if path.is_file():
            with open(path, "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)


def prepare(world, before):
    """Takes the steps before a command: words, or functions of the host."""
    for step in before:
        if callable(step):
            step(world)
        else:
            world.ok(*step)
    wait_for_locks(world)


@pytest.fixture(params=COMMANDS)
def story(request):
    """One of the commands with what belongs to it."""
    return COMMANDS[request.param]


def insist_on_same(state_now, undisturbed, when):
    """Fails with what differs, if anything does."""
    if state_now != undisturbed:
        difference = difflib.unified_diff(
            undisturbed.split("\n"), state_now.split("\n"), "undisturbed", when, n=4, lineterm=""
        )
        pytest.fail("\n".join(difference), pytrace=False)


def test_killed_anywhere(story):
    """See above."""
    before, command, fit = story
    with world_module.World() as world:
        prepare(world, before)
        whole = killed_run(world, 0, command)
        assert whole.rc == 0, whole
        effective = int(whole.stderr.split()[-1])
        world.links_at_rest()
        undisturbed = state(world)
    assert effective >= 3
    stride = APPLY_STRIDE if command == ["apply"] else STRIDE
    for victim in range(1, effective + 1, stride):
        with world_module.World() as world:
            prepare(world, before)
            killed = killed_run(world, victim, command)
            assert killed.rc == KILLED, f"only at {victim} of {effective}: {killed}"
            again = world.nixctr(*command)
            assert again.rc in fit, f"killed at {victim} of {effective}: {again}"
            world.links_at_rest()
            insist_on_same(state(world), undisturbed, f"killed at {victim} of {effective}")


def test_comparison_can_fail(world):
    """The comparison notices a leftover of each kind."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    leftovers = [
        "touch /etc/nixos-containers/.foo.conf.new",
        "ip link add x type bridge",
        "ip -n ve-foo address add 10.1.1.1/32 dev lo",
        "ip route add 10.2.2.2 dev ve-foo",
        "nft add table inet x",
        "sh -c 'echo 1 >/proc/sys/net/ipv4/conf/lo/forwarding'",
        "ip netns add ve-x",
        "mkdir -p /var/lib/nixos-containers/foo",
        "ln -s x /var/lib/nixos-containers/foo/x",
    ]
    seen = [state(world)]
    for leftover in leftovers:
        assert world.run("sh", "-c", leftover).rc == 0, leftover
        seen.append(state(world))
    assert len(set(seen)) == len(leftovers) + 1
