# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether all that NAT promises holds on a booted host, whatever else is on it: a container gets out and
is seen as the host, its published port is called, and what it sends in another's name goes nowhere."""

import contextlib
import socket
import threading

import frames
from test_attack import STRANGER, STRANGER6, Listener, counters, frame_from
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, _in_namespace

PUBLISHED, SERVED = 8080, 80
LOCAL6, END6 = "fd00:1::2", "fd00:1::1"
# What a container that can be asked all this is created with.
OPTIONS = ("--port", f"{PUBLISHED}:{SERVED}", "--host-address6", END6, "--local-address6", LOCAL6)


def insist_on_masquerade(host):
    """The server outside is called by the container, over IPv4 and IPv6, and has seen the host."""
    for outside, seen in (OUTSIDE, HOST), (OUTSIDE6, HOST6):
        assert host.connect_from(host.container_namespace("foo"), outside) == seen
        assert host.outside.peers[-1] == seen


def answer(server):
    """Says who it is to each caller, until the server is shut down."""
    with contextlib.suppress(OSError):
        while True:
            with server.accept()[0] as connection:
                connection.sendall(b"foo\n")


@contextlib.contextmanager
def served(host):
    """While in it, a server answers in the container."""
    server = _in_namespace(
        host.container_namespace("foo"),
        lambda: socket.create_server(("::", SERVED), family=socket.AF_INET6, dualstack_ipv6=True),
    )
    thread = threading.Thread(target=answer, args=(server,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        server.close()


def insist_on_forward(host):
    """The port is called from outside and by the host as localhost, and answered in the container."""
    outside = host.outside.namespace
    callers = {HOST: outside, HOST6: outside, "127.0.0.1": host.namespace, "::1": host.namespace}
    with served(host):
        for address, caller in callers.items():
            assert host.connect_from(caller, address, PUBLISHED) == "foo", address


def insist_on_pinning(host):
    """A lie of the container about its address is counted and not heard outside, the truth is heard."""
    namespace = host.container_namespace("foo")
    host.inside = host.ip("link", "show", "eth0", container="foo")[0]["address"]
    host.end = host.ip("link", "show", "ve-foo")[0]["address"]
    local = host.ok("show-ip", "foo").stdout.strip()
    link = _in_namespace(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    with link:
        link.bind(("eth0", 0))
        for liar, honest, target in (STRANGER, local, OUTSIDE), (STRANGER6, LOCAL6, OUTSIDE6):
            before = counters(host)["spoofed"]
            listener = Listener(host.outside.namespace, "wire")
            for source, says in (liar, b"I am not myself"), (honest, b"I am myself"):
                link.send(frame_from(host, frames.udp(source, target, 7, 9999, says)))
            assert not any(b"not myself" in frame for frame in listener.until(b"I am myself"))
            assert counters(host)["spoofed"] == before + 1, liar


def findings(host, status=None):
    """What "nat check" finds, {id: finding}, and that its status tells so."""
    result = host.nixctr("nat", "check", "--json")
    found = {finding["id"]: finding for finding in result.json["findings"]}
    assert result.rc == (bool(found) if status is None else status), result
    return found


def insist_on_passing(host):
    """All of it, and there is nothing to be said."""
    insist_on_masquerade(host)
    insist_on_forward(host)
    insist_on_pinning(host)
    assert findings(host, 0) == {}


def coexist(host, *options):
    """nat coexist. Returns {whom: whether something was done}."""
    told = host.ok("nat", "coexist", *options, "--json").json["parties"]
    return {party["name"]: party["changed"] for party in told}


def firewalld(host, verb="start"):
    """Starts firewalld. systemd takes it for started before it has made its rules; it answers after."""
    host.sh(f"systemctl {verb} firewalld; firewall-cmd --quiet --state")


def docker_chains(host):
    """What Docker does to a host: forwarding is dropped, but for what its own chains accept."""
    host.sh("iptables -P FORWARD DROP; iptables -N DOCKER-USER; iptables -N DOCKER-FORWARD;"
            " iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-FORWARD;"
            " iptables -A DOCKER-USER -j RETURN")  # fmt: skip
