# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of others: whether they drop what containers send is told as it is, and who they are."""

import os
import shutil
import subprocess

import pytest
from world import HOST, HOST6, OUTSIDE, OUTSIDE6, World, eventually


def at_forward(rules, family="inet", policy="accept", priority=0):
    """Commands for nft that make a base chain with these rules."""
    return f"""
        table {family} wall {{
            chain forward {{
                type filter hook forward priority {priority}; policy {policy};
                {rules}
            }}
        }}"""


BELONGS = "ct state established,related accept;"

# Rules for nft, and whether they let IPv4 and IPv6 pass.
NFT = {
    "policy": (at_forward("", policy="drop"), False, False),
    "policy of IPv4": (at_forward("", "ip", "drop"), False, True),
    "policy of IPv6": (at_forward("", "ip6", "drop"), True, False),
    "early": (at_forward("", policy="drop", priority=-300), False, False),
    "late": (at_forward("", policy="drop", priority=300), False, False),
    "only answers": (at_forward(BELONGS, policy="drop"), False, False),
    "no answers": (at_forward('iifname "ve-*" accept', policy="drop"), False, False),
    "both ways": (at_forward(f'iifname "ve-*" accept; {BELONGS}', policy="drop"), True, True),
    "the other link": (at_forward(f'iifname "ve-*" oifname != "eth0" reject; {BELONGS}'
                                  ' iifname "ve-*" accept', policy="drop"), True, True),
    "its number": (at_forward(f"oif eth0 accept; {BELONGS}", policy="drop"), True, True),
    "end": (at_forward(f'{BELONGS} iifname "eth1" accept; reject with icmpx admin-prohibited'),
            False, False),
    "some ports": (at_forward(f"{BELONGS} tcp dport 25 drop; udp dport 53 reject"), True, True),
    "all but some ports": (at_forward(f"{BELONGS} tcp dport 80 accept; drop"), False, False),
    "mark": (at_forward(f"{BELONGS} meta mark 7 accept; drop"), False, False),
    "limit": (at_forward("limit rate over 100000/second drop"), True, True),
    "protocol": (at_forward("meta l4proto tcp drop"), False, False),
    "other protocol": (at_forward("meta l4proto { icmp, udp } drop"), True, True),
    "family": (at_forward("meta nfproto ipv6 drop"), True, False),
    "source": (at_forward(f"ip saddr 10.233.0.0/16 accept; {BELONGS} drop"), True, False),
    "another source": (at_forward(f"ip saddr 10.234.0.0/16 accept; {BELONGS} drop"), False, False),
    "range": (at_forward("ip saddr 10.233.0.0-10.233.255.255 drop"), False, True),
    "out of range": (at_forward("ip saddr 10.234.0.0-10.255.255.255 drop"), True, True),
    "map": (at_forward("ct state vmap { established : accept, related : accept, new : drop }"),
            False, False),
    "map of links": (at_forward('iifname vmap { "ve-*" : accept, "eth0" : accept }', policy="drop"),
                     True, True),
    "bridge": ("table bridge wall { chain forward { type filter hook forward priority 0;"
               " policy drop; }; }", True, True),
    "chain for NAT": ("table inet wall { chain p { type nat hook postrouting priority 100; policy accept;"
                      " oifname eth1 masquerade; }; }", True, True),
    "prerouting": ("table inet wall { chain pre { type filter hook prerouting priority -310; policy drop;"
                   " iifname eth0 accept; }; }", False, False),
    "reverse path": ("table inet wall { chain pre { type filter hook prerouting priority -310;"
                     " policy drop; fib saddr . mark . iif oif exists accept; }; }", True, True),
    "postrouting": ("table inet wall { chain post { type filter hook postrouting priority 0;"
                    " oifname eth0 drop; }; }", False, False),
    "input": ("table inet wall { chain in { type filter hook input priority 0; policy drop;"
              " meta l4proto 58 accept; }; }", True, True),
    "jump": ("""table inet wall {
        chain inner { tcp dport 25 accept; drop; }
        chain forward { type filter hook forward priority 0; iifname "ve-*" jump inner; }
    }""", False, False),
    "return": ("""table inet wall {
        chain inner { iifname "ve-*" return; drop; }
        chain forward { type filter hook forward priority 0; ct state new jump inner; }
    }""", True, True),
    "goto": ("""table inet wall {
        chain inner { tcp dport 25 drop; }
        chain forward { type filter hook forward priority 0; iifname "ve-*" goto inner; drop; }
    }""", False, False),
    "set": ("""table inet wall {
        set inside { type ifname; flags interval; elements = { "ve-*", "br*" }; }
        chain forward { type filter hook forward priority 0; policy drop;
            iifname @inside accept; oifname @inside accept; }
    }""", True, True),
    "not in a set": ("""table inet wall {
        set inside { type ifname; elements = { "br0", "br1" }; }
        chain forward { type filter hook forward priority 0;
            iifname "ve-*" oifname != @inside drop; }
    }""", False, False),
    "set of pairs": ("""table inet wall {
        set pairs { type ifname . ipv4_addr; flags interval; elements = { "eth0" . 0.0.0.0/0 }; }
        chain forward { type filter hook forward priority 0; oifname . ip saddr @pairs drop; }
    }""", False, True),
}  # fmt: skip

# Rules for iptables, of both families.
IPTABLES = {
    "policy": (["-P FORWARD DROP"], False),
    "answers": (["-P FORWARD DROP", "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"],
                False),
    "both ways": (["-P FORWARD DROP", "-A FORWARD -i ve-+ -j ACCEPT",
                   "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT"], True),
    "end": (["-A FORWARD -i br+ -j ACCEPT", "-A FORWARD -j REJECT"], False),
    "but eth0": (["-A FORWARD -i ve-+ ! -o eth1 -j DROP"], False),
    "some ports": (["-A FORWARD -p tcp -m tcp --dport 25 -j DROP", "-A FORWARD -p udp -j REJECT"],
                   True),
    "comment and log": (["-A FORWARD -m comment --comment why -j LOG",
                         "-A FORWARD -m comment --comment why -j DROP"], False),
    "chain": (["-N wall", "-A wall -p tcp --dport 80 -j ACCEPT", "-A wall -j DROP",
               "-A FORWARD -o eth0 -j wall"], False),
    "return": (["-N wall", "-A wall -i ve-+ -j RETURN", "-A wall -j DROP",
                "-A FORWARD -m conntrack --ctstate NEW -g wall"], True),
    "mangle": (["-t mangle -A POSTROUTING -o eth0 -j DROP"], False),
    "raw": (["-t raw -A PREROUTING -i ve-+ -j DROP"], False),
    "reverse path": (["-t raw -N wall", "-t raw -A wall -m rpfilter --validmark -j RETURN",
                      "-t raw -A wall -j DROP", "-t raw -A PREROUTING -j wall"], True),
    "types of addresses": (["-A FORWARD -m addrtype ! --dst-type LOCAL -j DROP"], False),
    "types of others": (["-A FORWARD -m addrtype --dst-type LOCAL -j DROP",
                         "-A FORWARD -m addrtype --src-type MULTICAST -j DROP"], True),
    "raw, else": (["-t raw -A PREROUTING -i br+ -j DROP"], True),
}  # fmt: skip


def new_host():
    """A host with NAT and an attached container that has IPv4 and IPv6."""
    world = World()
    world.ok("create", "foo", "--host-address6", "fd00::1", "--local-address6", "fd00::2")
    world.ok("net", "up", "foo")
    world.ok("nat", "enable", "--external", "eth0")
    return world


@pytest.fixture(name="shared", scope="module")
def shared_fixture():
    """One for all rules of nft, which are taken away again."""
    with new_host() as world:
        yield world


@pytest.fixture(name="fresh")
def fresh_fixture():
    """One for each test."""
    with new_host() as world:
        yield world


def insist_on_call(world, address, passing, host):
    """The container's call of that address is answered, and masqueraded, or it is not."""
    namespace = world.container_namespace("foo")
    if passing:
        assert world.connect_from(namespace, address) == host
    else:
        assert world.cannot_connect(namespace, address)


def blocked(world):
    """The families that "nat check" says something drops, and all it says."""
    result = world.nixctr("nat", "check", "--json")
    found = result.json["findings"]
    assert result.rc == bool(found), result
    assert not any(one["unread"] for one in found), result
    said = " ".join(one["evidence"] for one in found)
    return "IPv4" in said, "IPv6" in said, found


def insist_on_truth(world, v4, v6):
    """What is said is what happens, and what was expected."""
    insist_on_call(world, OUTSIDE, v4, HOST)
    insist_on_call(world, OUTSIDE6, v6, HOST6)
    told4, told6, found = blocked(world)
    assert (not told4, not told6) == (v4, v6), found
    return found


@pytest.mark.parametrize("name", NFT)
def test_rules_of_nft(shared, name):
    """Each kind of rule, against what really becomes of packets."""
    rules, v4, v6 = NFT[name]
    shared.path("/run/rules").write_text(rules, encoding="ascii")
    try:
        made = shared.run("nft", "--file", "/run/rules")
        assert made.rc == 0, made
        found = insist_on_truth(shared, v4, v6)
        assert all("wall" in one["evidence"] and one["fix"] for one in found), found
    finally:
        for family in "inet", "ip", "ip6", "bridge":
            shared.run("nft", "delete", "table", family, "wall")


@pytest.mark.parametrize("kind", ["nft", "legacy"])
@pytest.mark.parametrize("name", IPTABLES)
def test_rules_of_iptables(fresh, kind, name):
    """The same for those of both kinds of iptables."""
    rules, passing = IPTABLES[name]
    for rule in rules:
        for program in "iptables", "ip6tables":
            made = fresh.run(f"{program}-{kind}", *rule.split())
            assert made.rc == 0, made
    found = insist_on_truth(fresh, passing, passing)
    for one in found:
        assert ("legacy" in one["evidence"]) == (kind == "legacy"), one


def test_nobody_else_no_finding(shared):
    """Without rules of others there is nothing to say."""
    assert insist_on_truth(shared, True, True) == []


def test_wildcard(fresh):
    """Links that a wildcard stands for are looked at as those they are."""
    fresh.ok("nat", "enable", "--external", "eth*")
    fresh.run("nft", at_forward(f"oifname eth0 accept; {BELONGS}", policy="drop"))
    assert insist_on_truth(fresh, True, True) == []
    fresh.run("nft", "insert rule inet wall forward oifname eth0 drop")
    insist_on_truth(fresh, False, False)


def test_published_ports(fresh):
    """Who lets containers out, and answers in, may still drop calls of what they publish."""
    fresh.ok("create", "web", "--port", "8080:80")
    fresh.ok("net", "up", "web")
    fresh.run("nft", at_forward(f'iifname "ve-*" accept; {BELONGS}', policy="drop"))
    [finding] = blocked(fresh)[2]
    assert finding["what"].startswith("calls of published ports: "), finding
    with fresh.server_in(fresh.container_namespace("web"), 80):
        assert fresh.cannot_connect(fresh.outside.namespace, HOST, 8080)
        fresh.run("nft", "insert rule inet wall forward ct status dnat accept")
        assert fresh.connect_from(fresh.outside.namespace, HOST, 8080)
        assert blocked(fresh)[2] == []


def test_what_nobody_knows_is_not_wrong(fresh):
    """A rule that may let packets pass, of a kind we have never heard of, makes the status 2."""
    for words in ("-P FORWARD DROP", "-A FORWARD -m u32 --u32 0=0 -j ACCEPT"):
        assert fresh.run("iptables-nft", *words.split()).rc == 0
    result = fresh.nixctr("nat", "check", "--json")
    assert result.rc == 2, result
    assert all(one["unread"] for one in result.json["findings"])
    assert "match u32" in result.json["findings"][0]["cause"]


def test_who_may_not_read_says_so(fresh):
    """Without the right to look, it could not find out."""
    result = fresh.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                       os.environ["NIXCTR_NET"], "nat", "check", "--json")  # fmt: skip
    assert result.rc == 2, result
    found = {one["id"]: one for one in result.json["findings"]}
    assert found["foreign-firewall"]["unread"] and found["foreign-firewall"]["fix"]


def test_everything_is_said_for_people(fresh):
    """Without --json: what, evidence, cause and fix, and nothing of anybody's terminal."""
    assert fresh.nixctr("nat", "check").stdout == "all is as it should be\n"
    fresh.run("nft", at_forward("", policy="drop"))
    lines = fresh.nixctr("nat", "check").stdout.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == [
        "foreign-firewall", "evidence", "cause", "fix"]  # fmt: skip
    fresh.run("nft", "flush", "ruleset")
    said = fresh.nixctr("nat", "check")
    assert said.rc == 1 and "nat-drift: there is no table inet nixctr-net" in said.stdout, said
    assert "fix: nixctr-net nat apply" in said.stdout
    fresh.ok("nat", "apply")
    assert fresh.nixctr("nat", "check").rc == 0


def test_enable_warns(fresh):
    """Who is about to drop what is let out is told at once."""
    fresh.run("nft", at_forward("", policy="drop"))
    told = fresh.ok("nat", "enable", "--external", "eth0").stderr
    assert "dropped by somebody's rules; see nixctr-net nat check" in told
    fresh.run("nft", "delete table inet wall")
    assert "dropped" not in fresh.ok("nat", "enable", "--external", "eth0").stderr


def test_coexist_says_what_is_left(fresh):
    """What it cannot mend is an error with the command that does."""
    fresh.run("nft", at_forward("", policy="drop"))
    left = fresh.nixctr("nat", "coexist")
    assert left.rc == 1 and "insert rule inet wall forward" in left.stderr, left
    for command in left.stderr.split("try: ")[1].split("; and")[0].split("; "):
        program, *words = command.replace("'", "").split(" ", 1)
        assert fresh.run(program, *words).rc == 0
    assert insist_on_truth(fresh, True, True) == []
    assert fresh.ok("nat", "coexist", "--json").json == {"parties": []}


# What the firewall of NixOS looks like, in our words, when it filters what is forwarded.
NIXOS = """
table inet nixos-fw {
    chain reverse-path {
        type filter hook prerouting priority mangle + 10; policy drop;
        fib saddr . mark . iif oif exists accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state vmap { established : accept, related : accept, new : jump may-forward }
    }
    chain may-forward {
        ct status dnat accept
    }
}"""


def test_nixos_is_told_by_its_configuration(fresh):
    """Its owner changes it by an option, which is named; what that makes lets packets pass."""
    fresh.path("/run/rules").write_text(NIXOS, encoding="ascii")
    assert fresh.run("nft", "--file", "/run/rules").rc == 0
    [finding] = insist_on_truth(fresh, False, False)
    assert "dropped by the firewall of NixOS" in finding["what"]
    assert """extraForwardRules = ''iifname "ve-*" accept''""" in finding["fix"]
    assert fresh.nixctr("nat", "coexist").rc == 1
    fresh.run("nft", 'add rule inet nixos-fw may-forward iifname "ve-*" accept')
    assert insist_on_truth(fresh, True, True) == []


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_coexist_with_iptables(fresh, kind):
    """Rules at the head of FORWARD, once, and only ours go; by its own command where nf_tables does
    not see them."""
    both = f"iptables-{kind}", f"ip6tables-{kind}"
    for program in both:
        fresh.run(program, "-P", "FORWARD", "DROP")
        fresh.run(program, "-A", "FORWARD", "-i", "br0", "-j", "ACCEPT")
    before = [fresh.run(program, "-S").stdout for program in both]
    insist_on_truth(fresh, False, False)
    assert fresh.ok("nat", "coexist", "--dry-run", "--json").json["parties"][0]["changed"]
    insist_on_truth(fresh, False, False)
    for changed in True, False:
        [party] = fresh.ok("nat", "coexist", "--json").json["parties"]
        assert party["name"] == "iptables" and party["changed"] == changed
    insist_on_truth(fresh, True, True)
    # What somebody puts before ours may be meant.
    fresh.run(both[0], "-I", "FORWARD", "-i", "ve-+", "-j", "DROP")
    insist_on_truth(fresh, False, True)
    refused = fresh.nixctr("nat", "coexist")
    assert refused.rc == 1 and "rule 1 of chain FORWARD drops" in refused.stderr, refused
    assert "try: take away what stands before" in refused.stderr, refused
    insist_on_truth(fresh, False, True)
    fresh.run(both[0], "-D", "FORWARD", "-i", "ve-+", "-j", "DROP")
    assert fresh.ok("nat", "coexist", "--remove", "--json").json["parties"][0]["changed"]
    assert [fresh.run(program, "-S").stdout for program in both] == before
    assert fresh.ok("nat", "coexist", "--remove", "--json").json["parties"] == []


def test_no_table_of_legacy_is_made(fresh):
    """Whose table is not there gets no packet: to look does not make it."""
    fresh.run("iptables-nft", "-P", "FORWARD", "DROP")
    fresh.ok("nat", "coexist")
    assert fresh.run("cat", "/proc/net/ip_tables_names").stdout == ""
    fresh.run("iptables-legacy", "-P", "FORWARD", "DROP")
    assert fresh.ok("nat", "coexist", "--json").json["parties"][0]["changed"]
    assert fresh.run("cat", "/proc/net/ip_tables_names").stdout == "filter\n"
    assert fresh.run("cat", "/proc/net/ip6_tables_names").stdout == ""
    assert insist_on_truth(fresh, True, True) == []
    # Half of it is made whole, and there once.
    fresh.run("iptables-legacy", "-D", "FORWARD", "1")
    assert fresh.ok("nat", "coexist", "--json").json["parties"][0]["changed"]
    assert fresh.run("iptables-legacy", "-S", "FORWARD").stdout.count("nixctr-net") == 2
    fresh.ok("nat", "coexist", "--remove")
    for kind in "nft", "legacy":
        assert "ve-+" not in fresh.run(f"iptables-{kind}", "-S").stdout


def test_coexist_with_nobody_there(fresh):
    """Who is named and is not there is an error; a name that is none is a mistake."""
    for whom in "firewalld", "docker", "ufw", "iptables":
        absent = fresh.nixctr("nat", "coexist", "--with", whom)
        assert absent.rc == 1 and f": {whom}: " in absent.stderr, absent
    assert fresh.nixctr("nat", "coexist", "--with", "bogus").rc == 2


def test_dhcpcd(fresh):
    """One that takes every link is named until its configuration denies it ours."""
    program = fresh.path("/run/dhcpcd/dhcpcd")
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen(fresh.command("/run/dhcpcd/dhcpcd", "infinity")) as process:
        try:
            eventually(lambda: open(f"/proc/{process.pid}/comm", encoding="ascii").read()
                       == "dhcpcd\n", "it runs")  # fmt: skip
            pid = fresh.run("pgrep", "--exact", "--newest", "dhcpcd").stdout
            fresh.path("/run/dhcpcd/pid").write_text(pid, encoding="ascii")
            configuration = fresh.path("/etc/dhcpcd.conf")
            for text in None, "denyinterfaces ve-*\n", "#denyinterfaces ve-* vb-*\n":
                if text:
                    configuration.write_text(text, encoding="ascii")
                [finding] = blocked(fresh)[2]
                assert finding["id"] == "dhcpcd" and "denyinterfaces ve-* vb-*" in finding["fix"]
            for text in "a\ndenyinterfaces eth9 ve-* vb-*\n", "allowinterfaces eth0 wlan*\n":
                configuration.write_text(text, encoding="ascii")
                assert blocked(fresh)[2] == []
        finally:
            process.kill()


# ------------------------------------------------------------- internal networks

LAN, LAN6 = "192.168.7.0/24", "fd00:7::/64"


@pytest.fixture(name="inner", scope="module")
def inner_fixture():
    """A host that lets networks of both families behind eth1 get out as well."""
    with new_host() as world:
        for command in ("netns add lan", "link add eth1 type veth peer name eth0 netns lan",
                        "link set eth1 up", "-n lan link set eth0 up", "address add 192.168.7.1/24 dev eth1",
                        "address add fd00:7::1/64 dev eth1 nodad",
                        "-n lan address add 192.168.7.5/24 dev eth0",
                        "-n lan address add fd00:7::5/64 dev eth0 nodad",
                        "-n lan route add default via 192.168.7.1",
                        "-n lan route add default via fd00:7::1"):  # fmt: skip
            assert world.run("ip", *command.split()).rc == 0, command
        world.ok("nat", "enable", "--external", "eth0", "--internal", f"{LAN},{LAN6}")
        yield world


CONTAINERS_PASS = 'iifname "ve-*" accept; oifname "ve-*" accept;'

# Rules for nft, and whether they let IPv4 and IPv6 of the networks pass; containers pass with all.
NETWORKS = {
    "policy": (at_forward(CONTAINERS_PASS, policy="drop"), False, False),
    "by source": (at_forward(f"ip saddr {LAN} drop"), False, True),
    "answers": (at_forward(f"ip6 daddr {LAN6} ct state established drop"), True, False),
    "by link": (at_forward("iifname eth1 oifname eth0 reject"), False, False),
    "another link": (at_forward("iifname eth2 drop; oifname eth2 drop"), True, True),
    "another network": (at_forward("ip saddr 192.168.8.0/24 drop"), True, True),
    "one host": (at_forward("ip saddr 192.168.7.77 drop"), True, True),
    "early": ("table inet wall { chain pre { type filter hook prerouting priority -310;"
              " iifname eth1 drop; }; }", False, False),
    "accepted": (at_forward(f"{CONTAINERS_PASS} ip saddr {LAN} accept; ip6 saddr {LAN6} accept;"
                            f" {BELONGS}", policy="drop"), True, True),
}  # fmt: skip


def insist_on_truth_within(world, v4, v6):
    """What is said of the networks is what happens to them; containers get out in any case."""
    insist_on_call(world, OUTSIDE, True, HOST)
    lan = str(world.path("/run/netns/lan"))
    for address, host, passing in (OUTSIDE, HOST, v4), (OUTSIDE6, HOST6, v6):
        if passing:
            assert world.connect_from(lan, address) == host
        else:
            assert world.cannot_connect(lan, address)
    found = blocked(world)[2]
    said = " ".join(one["what"] for one in found)
    assert (LAN not in said, LAN6 not in said) == (v4, v6), found
    assert "container" not in said, found
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_rules_about_internal_networks(inner, name):
    """What drops other networks that should get out is told, by which and why."""
    rules, v4, v6 = NETWORKS[name]
    inner.path("/run/rules").write_text(rules, encoding="ascii")
    try:
        assert inner.run("nft", "--file", "/run/rules").rc == 0
        insist_on_truth_within(inner, v4, v6)
    finally:
        inner.run("nft", "delete", "table", "inet", "wall")


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_fix_for_internal_networks(inner, kind):
    """The commands that are named let them pass, while what lets containers pass does not."""
    rules = "-P FORWARD DROP", "-A FORWARD -i ve-+ -j ACCEPT", "-A FORWARD -o ve-+ -j ACCEPT"
    for program in "iptables", "ip6tables":
        for rule in rules:
            assert inner.run(f"{program}-{kind}", *rule.split()).rc == 0
    found = insist_on_truth_within(inner, False, False)
    assert inner.nixctr("nat", "coexist").rc == 1
    for command in (command for one in found for command in one["fix"].split("; ")):
        program, *words = command.split()
        assert inner.run(f"{program.removesuffix('-legacy')}-{kind}", *words).rc == 0, command
    insist_on_truth_within(inner, True, True)
    for program in "iptables", "ip6tables":
        for words in ["-F", "FORWARD"], ["-P", "FORWARD", "ACCEPT"]:
            assert inner.run(f"{program}-{kind}", *words).rc == 0
