# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of declared containers that are about more than the network: from the file through
"apply" to what a booted container has of them, as its kernel tells it."""

import pytest
from containers import DEFINITIONS, GCROOTS, inside, leader, marker
from test_apply import FILE, steps

# Bits of linux/capability.h; no container has the last by itself.
NET_ADMIN, SYS_CHROOT, SYS_TIME = 12, 18, 25
FUSE = "c 10 229"  # a device that no container may use by itself

DECLARED = """
{ containers = {
    tuned = {
      autoStart = true; privateNetwork = true; path = "%(system)s";
      bindMounts."/data" = { hostPath = "/srv/with blank:colon"; };
      bindMounts."/srv/same" = { isReadOnly = false; };
      bindMounts.device = { hostPath = "/dev/own-fuse"; mountPoint = "/dev/own-fuse"; isReadOnly = false; };
      tmpfs = [ "/memory" "/small:size=1M" ];
      enableTun = true; additionalCapabilities = [ "CAP_SYS_TIME" ];
      allowedDevices = [ { node = "/dev/own-fuse"; modifier = "r"; } ];
      extraFlags = [ "--setenv=SAID=something" "--drop-capability=CAP_SYS_CHROOT" ];
      ephemeral = true; timeoutStartSec = "2min 5s"; copyResolvConf = true;
    };
    still = {
      autoStart = true; restartIfChanged = false; path = "%(system)s"; networkNamespace = "/run/netns/own";
      copyResolvConf = false; bindMounts."/dev/own-fuse".isReadOnly = false; %(still)s
    };
    mapped = { autoStart = true; privateNetwork = true; path = "%(system)s"; privateUsers = 1048576; };
    special = {
      autoStart = true; nixpkgs = /srv/other; specialArgs.word = { said = "by specialArgs"; };
      config = { word, ... }: { environment.etc.word.text = word.said; %(marker)s };
    };
  };
}
"""


def declare(host, still=""):
    """Writes the file, with more options for the one that is not to be restarted."""
    system = host.sh("cat /srv/system-path").strip()
    text = DECLARED % {"system": system, "still": still, "marker": marker("special")}
    host.sh(f"mkdir -p $(dirname {FILE}); cat >{FILE}", stdin=text)


def prepare(host):
    """What the options name: files, a device, a network namespace, another nixpkgs and resolvers."""
    host.sh("mkdir '/srv/with blank:colon' /srv/same; echo here >'/srv/with blank:colon/file'")
    host.sh(f"mknod /dev/own-fuse {FUSE}; test -c /dev/net/tun")
    host.sh("ip netns add own; ip -n own link set lo up; ip -n own link add own0 type bridge")
    host.sh("cp -r /srv/nixpkgs /srv/other; sed -i 's/stand-in/other/' /srv/other/nixos/default.nix")


def capabilities(host, name):
    """What a container's first process may have at most."""
    return int(host.sh(f"grep CapBnd /proc/{leader(host, name)}/status").split()[1], 16)


def may_open(host, name, how):
    """Whether the control group of a container lets it open a device."""
    told = host.ok("run", name, "--", "sh", "-c", f"(: {how}) 2>&1; :").stdout
    return "not permitted" not in told


def insist_on_mounts(host):
    """Read-only unless it is said otherwise; in memory, with its options; all of it where it should be."""
    assert inside(host, "tuned", "cat /data/file; ! touch /data/new 2>/dev/null; echo new >/srv/same/new") == "here\n"
    assert host.sh("cat /srv/same/new") == "new\n"
    mounts = [line.split() for line in inside(host, "tuned", "cat /proc/self/mounts").splitlines()]
    at = {words[1]: words for words in mounts}
    assert at["/memory"][2] == at["/small"][2] == "tmpfs" and "size=1024k" in at["/small"][3]
    assert "ro" in at["/data"][3].split(",") and "rw" in at["/srv/same"][3].split(",")


def insist_on_rights(host):
    """Capabilities and devices: what was asked for, and no more; another container has none of it."""
    assert capabilities(host, "tuned") & 1 << SYS_TIME and capabilities(host, "tuned") & 1 << NET_ADMIN
    assert not capabilities(host, "special") & 1 << SYS_TIME
    assert capabilities(host, "special") & 1 << SYS_CHROOT
    assert host.ok("run", "tuned", "--", "sh", "-c",
                   "ip tuntap add dev own mode tun && ls /sys/class/net").stdout.split() == [
        "eth0", "lo", "own"]  # fmt: skip
    # The kernel answers "not permitted" before it looks whether there is such a device.
    assert may_open(host, "tuned", "</dev/own-fuse") and not may_open(host, "tuned", ">/dev/own-fuse")
    assert not may_open(host, "still", "</dev/own-fuse")


def insist_on_the_rest(host):
    """extraFlags, ephemeral, timeoutStartSec, copyResolvConf, networkNamespace, privateUsers, specialArgs."""
    told = host.sh(f"tr '\\0' '\\n' </proc/{leader(host, 'tuned')}/environ")
    assert "SAID=something" in told.splitlines()
    assert not capabilities(host, "tuned") & 1 << SYS_CHROOT
    assert host.sh("systemctl show -P TimeoutStartUSec container@tuned") == "2min 5s\n"
    assert "198.51.100.2" in inside(host, "tuned", "cat /etc/resolv.conf")
    assert inside(host, "still", "cat /etc/resolv.conf 2>/dev/null || :") == ""
    namespace = host.sh(f"stat -L -c %i /proc/{leader(host, 'still')}/ns/net")
    assert namespace == host.sh("stat -c %i /run/netns/own")
    assert inside(host, "mapped", "cat /proc/1/uid_map").split()[:2] == ["0", "1048576"]
    assert inside(host, "mapped", "ls /sys/class/net").split() == ["eth0", "lo"]
    assert inside(host, "special", "cat /etc/word /etc/marker") == "by specialArgsspecial"
    assert "-other" in inside(host, "special", "readlink /run/current-system")


@pytest.mark.in_memory("/nix", "/var/lib")
def test_options(host):
    """Every option has its effect inside; one that is not to be restarted has its own at its next start."""
    prepare(host)
    declare(host)
    assert set(steps(host).values()) == {"create"}
    insist_on_mounts(host)
    insist_on_rights(host)
    insist_on_the_rest(host)
    inside(host, "tuned", "echo gone >/root/file")
    assert set(steps(host).values()) == {"leave"}
    before = leader(host, "still")
    declare(host, still='tmpfs = [ "/later" ];')
    row = next(row for row in host.ok("apply", "--json").json["containers"] if row["name"] == "still")
    assert row["at_next_start"] and leader(host, "still") == before
    assert "/later" in host.sh(f"cat {DEFINITIONS}/still.conf")
    assert set(steps(host).values()) == {"leave"} and leader(host, "still") == before
    host.ok("restart", "still", "tuned")
    assert " /later tmpfs " in inside(host, "still", "cat /proc/self/mounts")
    assert inside(host, "tuned", "ls /root") == ""


# Mentions what Nix has to build first, and what is in the store already, by a path that somebody wrote.
STORED = """
let built = derivation {
  name = "built"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo built >$out" ];
};
in { containers.foo = {
  path = "%s"; bindMounts."/built".hostPath = "${built}"; extraFlags = [ "%s" ];
}; }
"""


def collected(host, *paths):
    """Those of these paths that the garbage collector takes away."""
    host.sh("nix-collect-garbage --quiet")
    return [path for path in paths if host.run("test", "-e", path).rc != 0]


def test_what_options_mention_is_kept(host):
    """Built before anything is changed, and not collected as long as the container is defined."""
    system = host.sh("cat /srv/system-path").strip()
    added = host.sh("echo added >/root/added; nix-store --add /root/added").strip()
    host.sh(f"mkdir -p $(dirname {FILE}); cat >{FILE}",
            stdin=STORED % (system, f"--bind-ro={added}:/added"))  # fmt: skip
    assert steps(host, "--dry-run") == {"foo": "create"}
    assert host.run("ls", "-A", GCROOTS).stdout == ""
    assert steps(host) == {"foo": "create"}
    [word] = [word for word in host.sh(f"cat {DEFINITIONS}/foo.conf").split() if "-built:" in word]
    built = word.removeprefix("BIND_RO=").split(":")[0].strip('"')
    assert collected(host, built, added) == []
    host.ok("start", "foo")
    assert inside(host, "foo", "cat /built /added") == "built\nadded\n"
    assert steps(host) == {"foo": "leave"} and collected(host, built, added) == []
    host.sh(f"cat >{FILE}", stdin=STORED % (system, "--setenv=SAID=nothing"))
    assert steps(host) == {"foo": "restart"}
    assert collected(host, built, added) == [added]
    host.sh(f"echo '{{ containers = {{ }}; }}' >{FILE}")
    assert steps(host) == {"foo": "remove"} and collected(host, built) == []
    host.ok("destroy", "foo")
    assert collected(host, built) == [built] and host.run("ls", "-A", GCROOTS).stdout == ""
