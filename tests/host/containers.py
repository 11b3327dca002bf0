# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test does with containers on a booted host, beside what it asks of the program: systems
for them to boot, and a look at them by systemd's and the kernel's own tools."""

import contextlib

from world import OUTSIDE, PORT, eventually

ROOTS = "/var/lib/nixos-containers"
DEFINITIONS = "/etc/nixos-containers"
PROFILES = "/nix/var/nix/profiles/per-container"
GCROOTS = "/nix/var/nix/gcroots/per-container"


def unit(name, body, wanted=True):
    """The configuration of a service of a container, without which it is not ready."""
    text = f'environment.etc."systemd/system/{name}.service".text = \'\'\n{body}\n\'\';\n'
    if wanted:
        text += (f'environment.etc."systemd/system/multi-user.target.d/{name}.conf".text = '
                 f"\"[Unit]\\nRequires={name}.service\\nAfter={name}.service\\n\";\n")  # fmt: skip
    return text


def marker(text):
    """The configuration of a system that has /etc/marker with this text."""
    return f'environment.etc.marker.text = "{text}";\n'


# It fetches something from the server outside before it is ready, and does not give up.
NEEDS_NETWORK = f"""
environment.etc.fetch.text = ''
    until read -r line </dev/tcp/{OUTSIDE}/{PORT}; do sleep 0.1; done
    echo "$line" >/root/fetched
'';
""" + unit("fetch", """
[Service]
Type=oneshot
ExecStart=/bin/bash /etc/fetch
""")  # fmt: skip

# Its first process, before systemd, pings the host and the server outside, and writes down what came
# of it.
FIRST_PROCESS = f"""
boot.postBootCommands = ''
    ping -c 1 -W 2 "$(ip -4 route show default | cut -d ' ' -f 3)" >/root/ping-host 2>&1
    echo "$? $$" >/root/first-host
    ping -c 1 -W 2 {OUTSIDE} >/root/ping-outside 2>&1
    echo "$? $$" >/root/first-outside
'';
"""

NO_INIT = 'system.extraSystemBuilderCmds = "rm $out/init";\n'
INIT_FAILS = 'boot.postBootCommands = "exit 9";\n'
NEVER_READY = unit("never", """
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sleep infinity
""")  # fmt: skip
BUILD_FAILS = 'system.extraSystemBuilderCmds = "echo this is what the builder says; exit 1";\n'
EVALUATION_FAILS = 'environment.etc.marker.text = throw "this is what is wrong with it";\n'


def system_path(host, configuration=""):
    """Builds a system with that configuration; returns its path in the store."""
    expression = f"{{ ... }}: {{ boot.isContainer = true; {configuration} }}"
    result = host.run("sh", "-c", "cat >/tmp/c.nix && nix-build --quiet --no-out-link"
                      " -I nixos-config=/tmp/c.nix '<nixpkgs/nixos>' -A system",
                      stdin=expression)  # fmt: skip
    assert result.rc == 0, result
    return result.stdout.strip()


def create(host, name, *options, configuration=""):
    """Creates a container with that configuration, by a system that is already built."""
    path = system_path(host, configuration)
    host.ok("create", name, "--system-path", path, *options)
    return path


def leader(host, name):
    """The PID that the first process of a container has on the host, of machined; 0: none."""
    told = host.run("machinectl", "show", "--property=Leader", "--value", name).stdout.strip()
    return int(told or 0)


def inside(host, name, script, **options):
    """Runs a shell script in a running container, in all its namespaces, without the program under
    test. Returns what it printed."""
    enter = ["nsenter", f"--target={leader(host, name)}", "--all", "--root", "--wd", "--"]
    result = host.run(*enter, "/bin/sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin; {script}",
                      **options)  # fmt: skip
    assert result.rc == 0, result
    return result.stdout


def unit_state(host, name):
    """(ActiveState, Result) of a container's unit."""
    told = host.sh(f"systemctl show container@{name}.service"
                   " --property=ActiveState --property=Result")  # fmt: skip
    values = dict(line.split("=") for line in told.splitlines())
    return values["ActiveState"], values["Result"]


def machines(host):
    """The machines that run, of machined."""
    told = host.sh("machinectl --no-legend --no-pager list")
    return sorted(line.split()[0] for line in told.splitlines())


def wait_ready(host, name):
    """Waits until a container's unit is active."""
    eventually(lambda: unit_state(host, name)[0] == "active", f"{name} is up")


def traces(host):
    """What there is of containers that do not run: links, namespaces, mounts, processes, machines.
    None of it when all is well."""
    found = [link for link in host.links_at_rest() if link not in ("eth0", "lo")]
    found += host.namespaces() + machines(host)
    found += [line for line in host.sh("cat /proc/self/mountinfo").splitlines()
              if ROOTS in line or "/run/netns/" in line]  # fmt: skip
    found += host.run("pgrep", "-a", "systemd-nspawn").stdout.splitlines()
    found += host.run("find", "/sys/fs/cgroup/machine.slice", "-name", "container*").stdout.split()
    return found


def remains(host):
    """What there is of containers at all: definitions, leases, root directories, profiles, too."""
    found = traces(host)
    for directory in DEFINITIONS, ROOTS, PROFILES, GCROOTS:
        with contextlib.suppress(FileNotFoundError):
            names = host.run("ls", "-A", directory).stdout.split()
            found += [f"{directory}/{name}" for name in names if not name.startswith(".")]
    found += host.run("find", "/var/log/journal", "-type", "l").stdout.splitlines()
    return found + host.ok("ipam", "list", "--json").json["leases"]
