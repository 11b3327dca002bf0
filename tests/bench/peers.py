# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever can give a container its network, each in the way that is quickest for it.

A peer's "before" and "after" are not timed: they are what somebody else has to do for it. CNI
plugins and netavark do not make namespaces, so theirs are made before and dropped after, which is
in their favour: all others make and drop their own within the time that is measured.
"""

import dataclasses
import json
import os
import shutil

CNI_DIRECTORY = "/usr/lib/cni"
NETAVARK = "/usr/lib/podman/netavark"
CNI_CONF = "/run/bench/cni.json"
LEASES = "/run/bench/cni-leases"


@dataclasses.dataclass(frozen=True)
class Container:
    """The n-th container, counted from 0."""

    number: int

    @property
    def name(self):
        """Its name, short enough for every peer's link names."""
        return f"c{self.number}"

    @property
    def pin(self):
        """The name of its namespace."""
        return f"ve-{self.name}"

    def _address(self, offset):
        column, row = divmod(self.number, 254)
        return f"10.233.{row + 1}.{2 * column + offset}"

    @property
    def host(self):
        """The host's address."""
        return self._address(1)

    @property
    def local(self):
        """Its own address."""
        return self._address(2)


@dataclasses.dataclass(frozen=True)
class Tools:
    """What has been built."""

    timer: str
    floor: str
    ipam_alloc: str
    lease_floor: str
    forward_floor: str
    program: str
    hook: str
    static_hook: str
    image: str

    @classmethod
    def of(cls, build, static_build):
        """Those of a build directory, and one with -Dhook_link=static or None."""
        bench, cli = os.path.join(build, "tests/bench"), os.path.join(build, "cli")
        return cls(
            timer=os.path.join(bench, "bench-timer"),
            floor=os.path.join(bench, "bench-floor"),
            ipam_alloc=os.path.join(bench, "bench-ipam-alloc"),
            lease_floor=os.path.join(bench, "bench-lease-floor"),
            forward_floor=os.path.join(bench, "bench-forward-floor"),
            program=os.path.join(cli, "nixctr-net"),
            hook=os.path.join(cli, "nixctr-net-hook"),
            static_hook=os.path.join(static_build or "/nonexistent", "cli/nixctr-net-hook"),
            image=os.path.join(build, "tests/host/image"),
        )


class Peer:
    """One way to do it. Methods return lists of commands."""

    name = ""

    def __init__(self, tools):
        self.tools = tools

    def needs(self):
        """The programs without which it cannot take part."""
        return []

    def missing(self):
        """The first of them that is not there, or None."""
        return next((program for program in self.needs() if not shutil.which(program)), None)

    def furnish(self, host):
        """Sets up a host once."""

    def before(self, host, container):
        """What precedes an attach and is not timed."""
        return []

    def attach(self, container):
        """The attach."""
        raise NotImplementedError

    def detach(self, container):
        """The detach."""
        raise NotImplementedError

    def after(self, container):
        """What follows a detach and is not timed."""
        return []


class Floor(Peer):
    """The kernel's own price: see floor.c."""

    name = "floor"

    def needs(self):
        return [self.tools.floor]

    def attach(self, container):
        return [[self.tools.floor, "attach", container.name, container.host, container.local]]

    def detach(self, container):
        return [[self.tools.floor, "detach", container.name]]


class Ours(Peer):
    """A container of ours; how its hooks are called is up to those below."""

    def needs(self):
        return [self.tools.program, self.hook()[0]]

    def hook(self):
        """The words before the hook's name."""
        raise NotImplementedError

    def furnish(self, host):
        host.do([[self.tools.program, "nat", "enable", "--external", "eth0"]])

    def before(self, host, container):
        known = host.path(f"/etc/nixos-containers/{container.name}.conf").exists()
        return [] if known else [[self.tools.program, "create", "--no-system", container.name]]

    def attach(self, container):
        return [[*self.hook(), "pre-start", container.name]]

    def detach(self, container):
        return [[*self.hook(), "post-stop", container.name]]


class Hook(Ours):
    """The small executable that units call."""

    name = "hook"

    def hook(self):
        return [self.tools.hook]


class StaticHook(Ours):
    """The same, linked statically."""

    name = "hook static"

    def hook(self):
        return [self.tools.static_hook]


class Program(Ours):
    """The same over the big executable."""

    name = "nixctr-net hook"

    def hook(self):
        return [self.tools.program, "hook"]


class Ip(Peer):
    """Nine calls of ip and one of nft, with nothing asked and nothing checked."""

    name = "ip + nft"

    def needs(self):
        return ["ip", "nft"]

    def furnish(self, host):
        host.write(
            "/run/bench/table",
            "table inet bench {\n"
            "\tset containers { type ipv4_addr; }\n"
            "\tchain postrouting { type nat hook postrouting priority srcnat;\n"
            '\t\tip saddr @containers oifname "eth0" masquerade\n\t}\n}\n',
        )
        host.do([["nft", "-f", "/run/bench/table"]])

    def outside(self, container):
        """What is to be done on the host, as words behind "ip"."""
        link = container.pin
        return [
            f"netns add {container.pin}",
            f"link add {link} type veth peer name eth0 netns {container.pin}",
            f"address add {container.host}/32 dev {link}",
            f"link set {link} up",
            f"route add {container.local}/32 dev {link}",
        ]

    def inside(self, container):
        """What is to be done in the container."""
        return [
            "link set lo up",
            f"address add {container.local} peer {container.host} dev eth0",
            "link set eth0 up",
            f"route add default via {container.host}",
        ]

    def element(self, verb, container):
        """The call of nft."""
        return ["nft", verb, "element", "inet", "bench", "containers", f"{{{container.local}}}"]

    def attach(self, container):
        outside = [["ip", *line.split()] for line in self.outside(container)]
        inside = [["ip", "-n", container.pin, *line.split()] for line in self.inside(container)]
        return [*outside, *inside, self.element("add", container)]

    def detach(self, container):
        return [
            self.element("delete", container),
            ["ip", "link", "delete", container.pin],
            ["ip", "netns", "delete", container.pin],
        ]


class IpBatch(Ip):
    """The same with two calls of ip -batch, one in each namespace."""

    name = "ip -batch"

    def batch(self, container, side):
        """The file of one batch."""
        return f"/run/bench/batch/{container.name}.{side}"

    def before(self, host, container):
        host.write(self.batch(container, "outside"), "\n".join(self.outside(container)) + "\n")
        host.write(self.batch(container, "inside"), "\n".join(self.inside(container)) + "\n")
        host.write(
            self.batch(container, "end"),
            f"link delete {container.pin}\nnetns delete {container.pin}\n",
        )
        return []

    def attach(self, container):
        return [
            ["ip", "-batch", self.batch(container, "outside")],
            ["ip", "-n", container.pin, "-batch", self.batch(container, "inside")],
            self.element("add", container),
        ]

    def detach(self, container):
        return [
            self.element("delete", container),
            ["ip", "-batch", self.batch(container, "end")],
        ]


class Guest(Peer):
    """A peer that wants a namespace handed to it."""

    def before(self, host, container):
        return [["ip", "netns", "add", container.pin]]

    def after(self, container):
        return [["ip", "netns", "delete", container.pin]]


class Cni(Guest):
    """CNI's ptp with host-local and ipMasq."""

    name = "CNI ptp"
    plugin = "ptp"

    def needs(self):
        return [f"{CNI_DIRECTORY}/{self.plugin}", f"{CNI_DIRECTORY}/host-local", "iptables"]

    def furnish(self, host):
        ipam = {
            "type": "host-local",
            "dataDir": LEASES,
            "ranges": [[{"subnet": "10.233.0.0/16"}]],
        }
        conf = {"cniVersion": "0.4.0", "name": "bench", "type": "ptp", "ipMasq": True, "ipam": ipam}
        host.write(CNI_CONF, json.dumps(conf))

    def call(self, verb, container):
        """The call of the plugin."""
        return [
            f"CNI_COMMAND={verb}",
            f"CNI_CONTAINERID={container.name}",
            f"CNI_NETNS=/run/netns/{container.pin}",
            "CNI_IFNAME=eth0",
            f"CNI_PATH={CNI_DIRECTORY}",
            f"<{CNI_CONF}",
            f"{CNI_DIRECTORY}/{self.plugin}",
        ]

    def attach(self, container):
        return [self.call("ADD", container)]

    def detach(self, container):
        return [self.call("DEL", container)]


class HostLocal(Cni):
    """CNI's allocation alone."""

    name = "host-local"
    plugin = "host-local"


class Netavark(Guest):
    """Podman's: a port of a bridge."""

    name = "netavark"

    def needs(self):
        return [NETAVARK, "iptables"]

    def conf(self, container):
        """The file of one container."""
        return f"/run/bench/netavark/{container.name}.json"

    def before(self, host, container):
        network = {
            "name": "bench",
            "id": "be" * 32,
            "driver": "bridge",
            "network_interface": "podman0",
            "subnets": [{"subnet": "10.233.0.0/16", "gateway": "10.233.0.1"}],
            "ipv6_enabled": False,
            "internal": False,
            "dns_enabled": False,
            "ipam_options": {"driver": "host-local"},
        }
        conf = {
            "container_id": container.name,
            "container_name": container.name,
            "networks": {
                "bench": {"static_ips": [container.local], "interface_name": "eth0"},
            },
            "network_info": {"bench": network},
        }
        host.write(self.conf(container), json.dumps(conf))
        return super().before(host, container)

    def call(self, verb, container):
        """The call of the program."""
        return [
            "NETAVARK_FW=iptables",
            f"<{self.conf(container)}",
            NETAVARK,
            "--config",
            "/run/bench/netavark",
            verb,
            f"/run/netns/{container.pin}",
        ]

    def attach(self, container):
        return [self.call("setup", container)]

    def detach(self, container):
        return [self.call("teardown", container)]


# In the order in which they take turns and are printed.
PEERS = (Floor, StaticHook, Hook, Program, IpBatch, Ip, Netavark, Cni)
