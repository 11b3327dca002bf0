# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts whose container units are those of NixOS: our steps come in by a drop-in."""

import pytest
from containers import (DEFINITIONS, FIRST_PROCESS, PROFILES, ROOTS, create, inside, leader, remains,
                        traces, unit_state)  # fmt: skip
from world import eventually

DROP_IN = "/usr/share/nixctr-net/container-stock-unit.conf"
PLACE = "/etc/systemd/system/container@.service.d"

# What NixOS's own unit looks like from outside, in our words: it reads the definition as its
# environment, has a shell script for each step, and makes the host's end when the container is ready.
STOCK_UNIT = """
[Unit]
Description=Stock container '%i'
RequiresMountsFor=/var/lib/nixos-containers/%i
[Service]
Type=notify
EnvironmentFile=-/etc/nixos-containers/%i.conf
Environment=INSTANCE=%i root=/var/lib/nixos-containers/%i
ExecStartPre=/bin/sh -c 'echo stock-pre-start; touch /run/stock-pre-start'
ExecStart=/bin/sh -c 'echo stock-start; exec systemd-nspawn --keep-unit -M "$$INSTANCE" -D "$$root" \
    --notify-ready=yes --bind-ro=/nix/store --network-veth "$$SYSTEM_PATH/init"'
ExecStartPost=/bin/sh -c 'echo stock-post-start; ip address add "$$HOST_ADDRESS" dev "ve-$$INSTANCE"'
ExecReload=/bin/sh -c 'echo stock-reload'
ExecStopPost=/bin/sh -c 'echo stock-post-stop; touch /run/stock-post-stop'
SyslogIdentifier=container %i
Restart=on-failure
RestartForceExitStatus=133
SuccessExitStatus=133
KillMode=mixed
KillSignal=TERM
Slice=machine.slice
Delegate=true
DevicePolicy=closed
"""


@pytest.fixture(name="stock")
def stock_fixture(host):
    """A host with the stock unit in the place of ours, and the drop-in."""
    host.sh(f"cat >/etc/systemd/system/container@.service; mkdir -p {PLACE};"
            f" ln -s {DROP_IN} {PLACE}/10-nixctr-net.conf; systemctl daemon-reload", stdin=STOCK_UNIT)  # fmt: skip
    return host


def test_network_comes_before_the_first_process(stock):
    """The stock unit starts the container by our steps, and by none of its own."""
    stock.ok("nat", "enable", "--external", "eth0")
    create(stock, "foo", configuration=FIRST_PROCESS)
    stock.ok("start", "foo")
    assert stock.sh("systemctl show -P Description container@foo") == "Stock container 'foo'\n"
    assert stock.sh("cat " + " ".join(f"{ROOTS}/foo/root/first-{who}" for who in ("host", "outside"))
                    ) == "0 1\n0 1\n"  # fmt: skip
    stock.sh("systemctl reload container@foo")
    first = leader(stock, "foo")
    inside(stock, "foo", "systemctl --no-block reboot")
    eventually(lambda: leader(stock, "foo") not in (0, first)
               and unit_state(stock, "foo")[0] == "active", "it has rebooted")  # fmt: skip
    stock.ok("stop", "foo")
    assert traces(stock) == []
    assert stock.run("sh", "-c", "ls /run/stock-*").stdout == ""
    assert "stock-" not in stock.journal(1000)
    stock.ok("destroy", "foo")
    assert remains(stock) == []


# What nixos-container writes, in the order that it does.
DEFINITION = """PRIVATE_NETWORK=1
HOST_ADDRESS=10.233.1.1
LOCAL_ADDRESS=10.233.1.2
HOST_BRIDGE=
HOST_PORT=
AUTO_START=0
"""


def test_container_of_nixos_container(host):
    """One that was made by the other program is taken as it is, and what we make is like it."""
    path = host.sh("cat /srv/system-path").strip()
    host.sh(f"mkdir -p {DEFINITIONS} {ROOTS}/foo/etc/nixos {PROFILES}/foo; chmod 700 {ROOTS} {PROFILES};"
            f" cat >{DEFINITIONS}/foo.conf; nix-env -p {PROFILES}/foo/system --set {path};"
            f" cp /srv/configuration.nix {ROOTS}/foo/etc/nixos", stdin=DEFINITION)  # fmt: skip
    assert host.ok("list").stdout == "foo\n"
    assert host.ok("status", "foo").stdout == "down\n"
    assert host.ok("show-ip", "foo").stdout == "10.233.1.2\n"
    host.ok("start", "foo")
    assert " 10.233.1.2 peer 10.233.1.1/32 " in inside(host, "foo", "ip -o -4 address show eth0")
    assert host.ok("run", "foo", "--", "echo", "here").stdout == "here\n"
    host.ok("update", "foo")
    host.ok("update", "foo", "--config", "")
    assert host.sh(f"cat {DEFINITIONS}/foo.conf") == DEFINITION
    host.ok("create", "bar", "--system-path", path)
    lines = host.sh(f"cat {DEFINITIONS}/bar.conf").splitlines()
    for line in "PRIVATE_NETWORK=1", "HOST_ADDRESS=10.233.2.1", "LOCAL_ADDRESS=10.233.2.2", "AUTO_START=0":
        assert line in lines
    host.ok("destroy", "foo", "bar")
    assert remains(host) == []


def test_stock_unit_would_act(stock):
    """Without the drop-in its own steps run: the test above can fail."""
    create(stock, "foo", configuration=FIRST_PROCESS)
    stock.sh(f"rm {PLACE}/10-nixctr-net.conf; systemctl daemon-reload")
    stock.nixctr("start", "foo")
    stock.ok("terminate", "foo")
    assert stock.run("sh", "-c", "ls /run/stock-*").stdout.split() == [
        "/run/stock-post-stop", "/run/stock-pre-start"]  # fmt: skip
