# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at every moment of a command; then the same command again, and all is as if undisturbed.

tests/fault/kill-at.c tells why its steps are every moment there is. Each begins on a host that is as
if new: one whose network and files are put back costs half of a new one. What it is compared to was seen
on a host that nothing had happened to, so what putting back forgets is found.
"""

import difflib
import fcntl
import json
import os
import re
import shutil

import pytest
import world as world_module

KILL_AT = os.environ.get("KILL_AT", "")
KILLED = 99

# What differs between any two runs: numbers the kernel gives, and times.
VOLATILE = {"ifindex", "link_index", "link_netnsid", "handle", "since", "stats64", "packets", "bytes",
            "tentative", "gc_timer", "hello_timer", "message_age_timer", "forward_delay_timer", "hold_timer"}

MAC = re.compile(r"\b(?!ff:ff)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")

# Files that make no difference to anybody: locks of the whole host, and what is only remembered.
IGNORED = re.compile(
    r".*/(ipam\.db|rules|forwarding|forwards|apply)\.lock"
    r"|/run/nixctr-net/(definitions-seen|ports-seen|claims/.*|\.?rules(\.new)?)"
)

# Only every so manieth moment, where the build is slow; see meson.build.
STRIDE = int(os.environ.get("KILL_STRIDE", "1"))


def is_soon(value):
    """Whether this is the route that a link-local address gets once the kernel has asked whether another
    machine has it, which takes a second; the address itself is there before."""
    return isinstance(value, dict) and value.get("type") == "local" and value.get("dst", "").startswith("fe80:")


def stable(value):
    """A value without what differs between any two runs. Of a group that was chosen for a MAC, which is an odd
    one and another each time, it counts that it was."""
    if isinstance(value, dict):
        return {key: "chosen" if key == "group" and re.fullmatch(r"\d*[13579]", item) else stable(item)
                for key, item in value.items() if key not in VOLATILE}  # fmt: skip
    return [stable(item) for item in value if not is_soon(item)] if isinstance(value, list) else value


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
look grep --no-messages . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv[46]/conf/*/forwarding
look nft --stateless list ruleset
"""


def are_routed(links, routes):
    """Whether each IPv6 address of links that are up has the route by which it is the host's: one of the kernel's
    workers adds it, a moment after the address."""
    local = {(route["dev"], route["dst"]) for route in routes if route.get("type") == "local"}
    return all((link["ifname"], address["local"]) in local
               for link in links if link["operstate"] == "UP" for address in link["addr_info"]
               if (address["family"], address["scope"]) == ("inet6", "global")
               and "tentative" not in address)  # fmt: skip


def look(world):
    """What LOOK says, in lines of which those of JSON are parsed. None while the kernel has yet to take apart what
    was detached, which is called ve-.N then, to tell a cable that is up about its other end, or to route what
    is for an address, or is at it."""
    seen = world_module.not_interrupted(world.run("sh", "-c", LOOK, "sh", world_module.BINARY))
    if not seen:
        return None
    assert seen.rc == 0 and not seen.stderr, seen
    lines = [json.loads(line) if line.startswith(("[", "{")) and len(line) > 1 else line
             for line in seen.stdout.splitlines()]  # fmt: skip
    answers = [line for line in lines if isinstance(line, list)]  # of each namespace: links, IPv4, IPv6 routes
    if not all(map(are_routed, answers[0::3], answers[2::3])):
        return None
    links = [item for line in answers for item in line if "operstate" in item]
    if any("-." in link["ifname"] for link in links):
        return None
    cables = [link for link in links if link.get("linkinfo", {}).get("info_kind") == "veth"]
    return all("UP" not in link["flags"] or link["operstate"] == "UP" for link in cables) and lines


def state(world):
    """All there is, as text that is the same for two hosts in the same state."""
    lines = world_module.eventually(lambda: look(world), "all links are at rest")
    lines += [f"{path}: {text!r}" for path, text in files(world).items()] + trees(world)
    for number, line in enumerate(lines):
        if not isinstance(line, str):
            lines[number] = json.dumps(stable(line), sort_keys=True)
    return numbered_macs("\n".join(lines))


def killed_run(world, victim, command):
    """Runs a command that is killed at its victim-th effective call. Returns its Result."""
    return world.run(
        *world.wrap, KILL_AT, str(victim), world_module.BINARY, *command
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


# Takes away what a host has in the kernel, and brings its switches of forwarding back to what they were.
CLEAR = """
for place in $(cut -d" " -f5 /proc/self/mountinfo); do
	case $place in /run/netns*|/var/lib/*) umount --lazy "$place" 2>/dev/null ;; esac
done
until nft flush ruleset && [ -z "$(nft list ruleset)" ]; do :; done
until links=$(ip -oneline link 2>&1) && [ "${links%Dump was interrupted*}" = "$links" ]; do :; done
for link in $(echo "$links" | cut -d: -f2 | cut -d@ -f1); do
	case $link in eth0|lo) ;; *) ip link delete "$link" 2>/dev/null ;; esac
done
while IFS=: read -r path value; do
	echo "$value" >"$path"
done </run/outside/switches
"""

SWITCHES = "grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv[46]/conf/*/forwarding >/run/outside/switches"


class Stage:
    """A host that can be put back to what it was in the beginning."""

    TOPS = ("/etc", "/run", "/var/lib", "/var/log", "/nix")

    def __init__(self, world, begin=()):
        """@begin: the first steps; they change files only."""
        self.world = world
        prepare(world, begin)
        assert world.run("sh", "-c", SWITCHES).rc == 0
        self._copy = world.path("/run/outside/copy")
        for top in self.TOPS:
            for path in self._entries(top):
                self._copy_to(path, self._copy / world_module.inside(path).lstrip("/"))

    def _entries(self, top):
        """What is in a directory and may change."""
        top = self.world.path(top)
        return [path for path in top.iterdir() if path.name != "outside"] if top.is_dir() else []

    @staticmethod
    def _copy_to(path, target):
        """Copies a file or directory to where there is none."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, target, symlinks=True)
        else:
            shutil.copy2(path, target, follow_symlinks=False)

    def put_back(self):
        """Puts it back."""
        cleared = self.world.run("sh", "-c", CLEAR)
        assert cleared.rc == 0 and not cleared.stderr, cleared
        world_module.eventually(lambda: self.world.links() == ["eth0", "lo"], "no link of ours is left")
        for top in self.TOPS:
            for path in self._entries(top):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            kept = self._copy / top.lstrip("/")
            for path in kept.iterdir() if kept.exists() else ():
                self._copy_to(path, self.world.path(top) / path.name)


def spread(text):
    """The lines of a state, with JSON spread over many: only a difference is worth the time that takes."""
    for line in text.split("\n"):
        is_json = line.startswith(("[", "{"))
        yield from json.dumps(json.loads(line), indent=1).split("\n") if is_json else [line]


def insist_on_same(state_now, undisturbed, when):
    """Fails with what differs, if anything does."""
    if state_now != undisturbed:
        difference = difflib.unified_diff(
            list(spread(undisturbed)), list(spread(state_now)), "undisturbed", when, n=4, lineterm=""
        )
        pytest.fail("\n".join(difference), pytrace=False)


def insist_on_story(story, begin=(), stride=STRIDE):
    """Kills the command of a story at every so manieth of its moments: see above. What all stories begin
    with changes files only."""
    before, command, fit = story
    with world_module.World() as world:
        prepare(world, [*begin, *before])
        whole = killed_run(world, 0, command)
        assert whole.rc == 0, whole
        effective = int(whole.stderr.split()[-1])
        undisturbed = state(world)
    assert effective >= 3
    with world_module.World() as world:
        stage = Stage(world, begin)
        for victim in range(1, effective + 1, stride):
            stage.put_back()
            prepare(world, before)
            killed = killed_run(world, victim, command)
            assert killed.rc == KILLED, f"only at {victim} of {effective}: {killed}"
            again = world.nixctr(*command)
            assert again.rc in fit, f"killed at {victim} of {effective}: {again}"
            insist_on_same(state(world), undisturbed, f"killed at {victim} of {effective}")
