# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in Nix's language: it can be parsed, and says nothing that the program does not know."""

import ipaddress
import json
import re
import subprocess

import pytest
import tree

# A key of a definition, where the module writes one; a capability is none.
KEY = re.compile(r'"(?!CAP_)([A-Z][A-Z_]+[A-Z])(?:=|")')
SUBDIRECTORY = re.compile(r"^subdir\('(\w+)'\)", re.MULTILINE)


def parse(text):
    """What the parser of Nix has against a text, or ""."""
    answer = subprocess.run(["nix-instantiate", "--parse", "-"], input=text, capture_output=True,
                            text=True, check=False)  # fmt: skip
    return "" if answer.returncode == 0 else answer.stderr


def unknown_keys(path, text):
    """Keys of definitions that the manual does not know."""
    known = tree.read("man/nixctr-net-container.5.scd") + tree.read("man/nixctr-net.8.scd")
    for key in KEY.findall(text):
        if f"*{key}*" not in known:
            yield f"{path}: {key} is no key of a definition"


def real_nixpkgs():
    """A nixpkgs, or its library, that the machine has: the directory <nixpkgs>. None: it has none."""
    answer = subprocess.run(["nix-instantiate", "--eval", "--expr",
                             "if builtins.pathExists <nixpkgs/lib> then toString <nixpkgs> else null"],
                            capture_output=True, text=True, check=False)  # fmt: skip
    return json.loads(answer.stdout) if answer.returncode == 0 else None


# What stands in for the library of nixpkgs where there is none, and nixpkgs where there is one.
LIBRARIES = [None, *filter(None, [real_nixpkgs()])]


def evaluate(expression):
    """The value of an expression."""
    answer = subprocess.run(["nix-instantiate", "--eval", "--strict", "--json", "-"], input=expression,
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def evaluated(nixpkgs, options, containers="{ }", nat="{ }"):
    """What the module makes of options, as a NixOS with it would have them: its configuration.

    @nat: of NixOS's own."""
    if nixpkgs:
        return evaluate(f"""import {tree.ROOT}/tests/lint/module-host.nix {{
            nixpkgs = {nixpkgs}; ours = {options}; containers = {containers};
            nat = {nat}; }}""")
    return evaluate(f"""
      let
        lib = import {tree.ROOT}/tests/lint/module-library.nix;
        pkgs = {{ callPackage = _: _: "/package"; runCommand = name: _: _: "/units"; }};
        ours = given: lib.fill "services.nixctr-net" module.options.services.nixctr-net given;
        ours_of = builtins.intersectAttrs {{ linkedTo = 1; pinned = 1; routed = 1; automaticAddresses = 1; }};
        container = given: {{ privateNetwork = false; hostAddress = null; localAddress = null;
          hostAddress6 = null; localAddress6 = null; hostBridge = null; interfaces = [ ]; macvlans = [ ];
          ephemeral = false; enableTun = false; tmpfs = [ ]; extraVeths = {{ }};
          additionalCapabilities = [ ]; }} // given
          // (module.options.containers.type.take {{ it = ours_of given; }}).it;
        config = {{
          services.nixctr-net = ours {options};
          containers = builtins.mapAttrs (_: container) {containers};
          system.stateVersion = "26.05";
          networking.nat = {{ enable = false; internalInterfaces = [ ]; }} // {nat};
        }};
        module = import {tree.ROOT}/nix/module.nix {{ inherit config lib pkgs; }};
      in module.config
    """)


def missing_folders(path, text):
    """Folders that the build needs and the package leaves out."""
    for folder in SUBDIRECTORY.findall(tree.read("meson.build")):
        if folder != "tests" and f"../{folder}\n" not in text:
            yield f"{path}: {folder}/ is not in the source of the package"


@pytest.mark.parametrize("path", tree.files(".nix"))
def test_parsed(path):
    """By Nix itself."""
    tree.content(parse(tree.read(path)))


def test_keys_of_definitions():
    """The module writes no key that nobody reads."""
    assert "EPHEMERAL" in KEY.findall(tree.read("nix/module.nix"))
    tree.insist(unknown_keys, ["nix/module.nix"])


def test_source_of_the_package():
    """Has all that is built."""
    tree.insist(missing_folders, ["nix/package.nix"])


def test_package_evaluates():
    """With what nixpkgs has, and libcsv and the static archive of libc, which it has not or keeps apart."""
    expression = f"""
      let
        every = names: value: builtins.listToAttrs (map (name: {{ inherit name value; }}) names);
        made = set: let whole = if builtins.isFunction set then set whole else set; in whole;
        given = {{
          lib = {{
            optional = yes: one: if yes then [ one ] else [ ];
            fileset = {{ toSource = set: set.root; unions = list: list; }};
            makeLibraryPath = toString; licenses = every [ "gpl2Plus" "lgpl21Plus" ] 1;
            platforms = every [ "linux" "unix" ] 1;
          }};
          stdenv = {{ mkDerivation = made; cc.libc.static = "libc-static"; }};
          fetchurl = source: source;
          callPackage = path: _: call (import path) {{ }};
        }};
        call = function: more: function (
          builtins.mapAttrs (name: _: given.${{name}} or name)
            (removeAttrs (builtins.functionArgs function) [ "libcsv" ]) // more);
        package = call (import {tree.ROOT}/nix/package.nix) {{ }};
      in {{ inherit (package) version;
           inputs = map (input: input.pname or input) package.buildInputs;
           urls = map (input: input.src.url or "") package.buildInputs; }}
    """
    package = evaluate(expression)
    assert {"libcsv", "libc-static", "jansson"} <= set(package["inputs"]), package
    assert any(url.endswith("/libcsv-3.0.3.tar.gz") for url in package["urls"]), package


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_evaluates(nixpkgs):
    """By itself it asks for nothing but what every host gets; switched off, for nothing."""
    off = evaluated(nixpkgs, "{ }")
    assert "nixctr" not in json.dumps(off) if nixpkgs else off == {}  # what others set is there by a real one
    plain = evaluated(nixpkgs, "{ enable = true; }")
    assert not plain["systemd"]["services"].get("nixctr-net-pools")
    assert plain["systemd"]["services"]["nixctr-net-watch"]["wantedBy"] == ["multi-user.target"]
    conf = plain["environment"]["etc"]["nixctr-net/nixctr-net.conf"]["text"]
    assert conf == "[nat]\nenable = no\nisolate = yes\nown_table = no\n"


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_options(nixpkgs):
    """Every option reaches what it is about, in the words of the manual."""
    config = evaluated(
        nixpkgs,
        """{ enable = true; isolate = false; watch = true; settings.ipam.cooldown = 5;
             nat = { enable = true; external = [ "eth0" "wl*" ]; internal = [ "10.7.0.0/16" ];
                     source = "198.51.100.7"; source6 = "2001:db8::7"; ownTable = true; };
             pools = [ { name = "lab"; prefix = "10.50.0.0/16"; exclude = [ "10.50.0.1" ]; }
                       { name = "lan"; prefix = "10.9.0.0/24"; bridge = "br0"; gateway = "10.9.0.1";
                         ranges = [ "10.9.0.10-10.9.0.99" "10.9.0.200-10.9.0.210" ]; force = true; } ]; }""",
        """{ a = { ephemeral = true; pinned = false; routed = true; tmpfs = [ "/tmp" ]; enableTun = true; linkedTo = [ "b" ];
                   extraVeths.db = { hostAddress = "10.8.0.1"; localAddress = "10.8.0.2";
                     hostAddress6 = null; localAddress6 = null; hostBridge = null;
                     localMacAddress = "02:00:00:00:00:09"; }; }; b = { }; }""",
    )
    etc = config["environment"]["etc"]
    conf = etc["nixctr-net/nixctr-net.conf"]["text"]
    manual = tree.read("man/nixctr-net.conf.5.scd")
    for key in re.findall(r"^(\w+) = ", conf, re.MULTILINE):
        assert f"*{key}* = " in manual or key == "enable", key
    program = re.search(r"\S+/bin/nixctr-net", config["systemd"]["services"]["nixctr-net-pools"]["script"])[0]
    for said in "external = eth0, wl*", "isolate = no", "own_table = yes", "source6 = 2001:db8::7", "cooldown = 5":
        assert f"{said}\n" in conf
    pools = config["systemd"]["services"]["nixctr-net-pools"]
    add = f"{program} ipam pool add"
    assert pools["script"].splitlines() == [
        "failed=0",
        f"{add} lab 10.50.0.0/16 --exclude 10.50.0.1 || failed=1",
        f"{add} lan 10.9.0.0/24 --bridge br0 --gateway 10.9.0.1"
        " --range 10.9.0.10-10.9.0.99,10.9.0.200-10.9.0.210 --force || failed=1",
        "exit $failed",
    ]  # fmt: skip
    assert pools["before"] == ["machines.target", "container@a.service", "container@b.service"]
    assert config["system"]["nssDatabases"]["hosts"] == ["files", "nixctr"]
    manual = tree.read("man/nixctr-net-ipam.8.scd")
    assert "*ipam pool add*" in manual
    for option in re.findall("--[a-z]+", pools["script"]):
        assert f"*{option}*" in manual, option
    ours = [
        "EPHEMERAL=1", "PINNED=0", "ROUTED=1", 'TMPFS="/tmp"', 'ADDITIONAL_CAPABILITIES="CAP_NET_ADMIN"',
        'EXTRA_VETHS="db,host=10.8.0.1,local=10.8.0.2,mac=02:00:00:00:00:09"', 'LINKED_TO="b"']  # fmt: skip
    assert etc["nixos-containers/a.conf"]["text"].splitlines()[-len(ours):] == ours  # behind those of NixOS
    assert all(entry["assertion"] for entry in config["assertions"])


def pairs(nixpkgs, options, containers):
    """The pairs of addresses that the module chooses: {container: (host, local)}."""
    found = {}
    config = evaluated(nixpkgs, f"{{ enable = true; {options} }}", containers)
    for path, file in config["environment"]["etc"].items():
        keys = dict(line.split("=", 1) for line in file["text"].splitlines() if line[0].isupper())
        if "AUTO_ADDRESS" in keys:
            assert keys["AUTO_ADDRESS"] == "1"
            found[path.split("/")[1].removesuffix(".conf")] = keys["HOST_ADDRESS"], keys["LOCAL_ADDRESS"]
    return found


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_gives_addresses(nixpkgs):
    """To those that nothing connects, when it is asked to; the same whoever else there is."""
    private = "privateNetwork = true;"
    some = f"""a = {{ {private} }}; b = {{ {private} }}; shared = {{ }};
               own = {{ {private} localAddress = "10.0.0.2"; }}; bridged = {{ {private} hostBridge = "br0"; }};
               veth = {{ {private} extraVeths.db = {{ hostAddress = null; localAddress = null; hostAddress6 = null;
                 localAddress6 = null; hostBridge = null; localMacAddress = null; }}; }};
               not = {{ {private} automaticAddresses = false; }};"""
    assert pairs(nixpkgs, "", f"{{ {some} }}") == {}
    chosen = pairs(nixpkgs, "automaticAddresses = true;", f"{{ {some} }}")
    assert set(chosen) == {"a", "b"}
    assert chosen["a"] == ("10.233.224.253", "10.233.224.254")  # a host that has it keeps it
    for host, local in chosen.values():
        assert re.fullmatch(r"10\.233\.([1-9]\d*)\.253", host) and local == host[:-1] + "4"
    assert pairs(nixpkgs, "", f"{{ a = {{ {private} automaticAddresses = true; }}; }}") == {"a": chosen["a"]}
    taken = f'{{ a = {{ {private} }}; other = {{ localAddress = "{chosen["a"][1]}"; }}; }}'
    assert pairs(nixpkgs, "automaticAddresses = true;", taken)["a"] != chosen["a"]


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_gives_many_addresses(nixpkgs):
    """More containers than 10.233 has networks get one each, far from where the pool begins. One that comes
    moves nobody in other networks; what any cable is given, also with a length, is nobody else's."""
    private = "privateNetwork = true;"
    many = " ".join(f"c{number} = {{ {private} }};" for number in range(600))
    every = pairs(nixpkgs, "automaticAddresses = true;", f"{{ {many} }}")
    assert len(every) == len(set(every.values())) == 600
    for host, local in every.values():
        assert ipaddress.ip_address(host) + 1 == ipaddress.ip_address(local)
        assert re.fullmatch(r"10\.233\.([1-9]\d*)\.(2[0-5]\d)", host) and int(host.split(".")[3]) % 2
    homes = {host.split(".")[2] for host, _ in every.values()}
    assert {f"10.233.{home}.253" for home in homes} <= {host for host, _ in every.values()}
    more = pairs(nixpkgs, "automaticAddresses = true;", f"{{ {many} a = {{ {private} }}; }}")
    moved = {pair[0].split(".")[2] for name, pair in more.items() if every.get(name) != pair}
    assert moved == {more["a"][0].split(".")[2]}
    ends = [every["c0"][0], every["c1"][1] + "/24", every["c2"][1], every["c3"][0] + "/24"]
    none = "hostAddress6 = null; localAddress6 = null; hostBridge = null; localMacAddress = null;"
    given = f"""g = {{ {private} hostAddress = "{ends[0]}"; localAddress = "{ends[1]}";
      extraVeths.x = {{ localAddress = "{ends[2]}"; hostAddress = "{ends[3]}"; {none} }}; }};"""
    others = pairs(nixpkgs, "automaticAddresses = true;", f"{{ {many} {given} }}")
    chosen = [address for name, pair in others.items() for address in pair if name != "g"]
    assert len(set(chosen)) == 1200 and not set(chosen) & {end.split("/")[0] for end in ends}


def test_module_gives_the_last_address():
    """All of 10.233.0.0/16 but three pairs is given: three containers get these, wherever they are, one fails."""
    free = {"10.233.1.1", "10.233.7.127", "10.233.254.253"}
    hosts = [f"10.233.{n}.{end}" for n in range(1, 255) for end in range(1, 255, 2)]
    cables = " ".join(f'{{ name = "v{number}"; value = {{ hostAddress = "{host}"; localAddress = null; '
                      "hostAddress6 = null; localAddress6 = null; hostBridge = null; }; }"
                      for number, host in enumerate(hosts) if host not in free)  # fmt: skip
    few = " ".join(f"{name} = {{ privateNetwork = true; automaticAddresses = true; }};" for name in "abcd")
    containers = f"{{ {few} full.extraVeths = builtins.listToAttrs [ {cables} ]; }}"
    chosen = pairs(None, "", containers)
    assert {host for host, _ in chosen.values()} == free and len(chosen) == 3
    (last,) = set("abcd") - set(chosen)
    full = evaluated(None, "{ enable = true; }", containers)
    failed = [entry["message"] for entry in full["assertions"] if not entry["assertion"]]
    assert len(failed) == 1 and f"containers.{last}.automaticAddresses: all 32,258 pairs" in failed[0]


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_warns(nixpkgs):
    """Of a masquerade of NixOS for the same links, and of no other."""
    for enabled, nat, warned in (
        (True, '{ enable = true; internalInterfaces = [ "ve-+" ]; }', True),
        (True, '{ enable = true; internalInterfaces = [ "lan0" ]; }', False),
        (True, '{ internalInterfaces = [ "ve-+" ]; }', False),
        (False, '{ enable = true; internalInterfaces = [ "ve-+" ]; }', False),
    ):
        options = "nat = { enable = true; external = [ \"eth0\" ]; };" if enabled else ""
        warnings = evaluated(nixpkgs, f"{{ enable = true; {options} }}", nat=nat)["warnings"]
        assert bool(warnings) == warned and all("internalInterfaces" in text for text in warnings)


@pytest.mark.parametrize("nixpkgs", LIBRARIES)
def test_module_refuses(nixpkgs):
    """What cannot be is an assertion with the name of the option."""
    config = evaluated(nixpkgs, '{ enable = true; watch = false; nat.ownTable = true; }',
                       '{ a.linkedTo = [ "c" ]; }')
    failed = [entry["message"] for entry in config["assertions"] if not entry["assertion"]]
    assert any("services.nixctr-net.watch" in message for message in failed)
    assert any("containers.a.linkedTo: there is no other container 'c'" in message for message in failed)
    services = config["systemd"]["services"]
    assert services["nixctr-net-apply"]["wantedBy"] == ["nftables.service"]
    assert services["nixctr-net-apply-firewalld"]["wantedBy"] == ["firewalld.service"]


@pytest.mark.parametrize("check, sample", [
    (lambda path, text: [parse(text)] if parse(text) else [], "{ a = 1 }"),
    (unknown_keys, 'line "NOBODY_KNOWS" []'),
    (missing_folders, "../base\n"),
], ids=["syntax", "key", "folder"])  # fmt: skip
def test_bad_sample(check, sample):
    """Each check objects to one."""
    assert list(check("sample.nix", sample))
