# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of all containers drawn: for a terminal, for Graphviz, and as an SVG that is read here by a
parser of XML, with every text, box and line held against each other."""

import fcntl
import os
import re
import struct
import subprocess
import termios
import xml.etree.ElementTree as ElementTree

import world as world_module

USAGE, FAILED = 2, 1
SVG = "{http://www.w3.org/2000/svg}"
LONG = "a-really-rather-long-name-of-a-container-that-no-card-has-room"
# What the kernel takes for a link and no file format takes as it is.
ODD = "<&\"'\\>\x01\xff"


def populate(world, count):
    """Makes containers of all kinds: on cables, on a bridge, on the host, linked, with ports."""
    world.ok("create", "web", "--port", "8080:80,udp:53", "--host-address6", "fd00:1::1",
             "--local-address6", "fd00:1:2345:6789:abcd:ef01:2345:6789")  # fmt: skip
    world.ok("net", "up", "web")
    if count > 1:
        assert world.run("ip", "link", "add", "br0", "type", "bridge").rc == 0
        world.ok("nat", "enable", "--external", "eth0")
        world.ok("create", "db", "--port", "%eth0:7000-7010:6000-6010")
        world.ok("create", "one", "--bridge", "br0", "--local-address", "10.9.0.2/24")
        world.ok("create", "two", "--bridge", "br0", "--local-address", "10.9.0.3/24")
        world.path("/etc/nixos-containers/shared.conf").write_text("AUTO_START=0\n")
        world.ok("net", "up", "db", "one")
        world.ok("net", "link", "web", "db")
    for number in range(count - 5):
        name = LONG if number == 7 else f"node-{number:02}"
        world.ok("create", name, *(["--port", f"{9000 + number}:80"] if number % 3 == 0 else []))
        if 0 < number % 11 < 3:
            world.ok("net", "link", name, f"node-{number - 1:02}")
            world.ok("net", "link", name, "web")


def styles(root):
    """Which classes say how large texts are, and where they are anchored."""
    found = {}
    for match in re.finditer(r"\.(\w+)\{([^}]*)\}", root.find(f"{SVG}style").text.split("@media")[0]):
        found[match[1]] = dict(item.split(":", 1) for item in match[2].split(";"))
    return found


def extents(root):
    """Where all texts are: (text, left, top, right, bottom), as wide as a font of one width may be."""
    rules = styles(root)
    for element in root.iter(f"{SVG}text"):
        rule = {}
        for name in element.get("class").split():
            rule |= rules.get(name, {})
        size = float(rule.get("font-size", "12px").removesuffix("px"))
        x, y, width = float(element.get("x")), float(element.get("y")), 0.605 * size * len(element.text)
        left = x - width / 2 if rule.get("text-anchor") == "middle" else x
        yield element.text, left, y - 0.95 * size, left + width, y + 0.25 * size


def box(element):
    """Where a rectangle is: (left, top, right, bottom)."""
    x, y, width, height = (float(element.get(key, 0)) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def segments(path):
    """The straight lines of a path that has nothing else: each as a flat box."""
    x = y = 0.0
    for command, first, second in re.findall(r"([MHV])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        before = x, y
        if command == "M":
            x, y = float(first), float(second)
            continue
        x, y = (float(first), y) if command == "H" else (x, float(first))
        yield min(before[0], x), min(before[1], y), max(before[0], x), max(before[1], y)


def apart(one, other):
    """Whether two boxes have nothing in common."""
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def within(inner, outer):
    """Whether a box lies in another."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def insist_on_readable(root):
    """No text meets another text or a line, and each is on its card, or at least in the picture."""
    texts = list(extents(root))
    for number, one in enumerate(texts):
        for other in texts[:number]:
            assert apart(one[1:], other[1:]), f"{one} and {other}"
        for path in root.iter(f"{SVG}path"):
            for line in segments(path.get("d")):
                assert apart(one[1:], line), f"{one} and the line {path.get('d')}"
        assert within(one[1:], (0, 0, float(root.get("width")), float(root.get("height")))), one
    for card in root.iter(f"{SVG}g"):
        around = box(card.find(f"{SVG}rect"))
        for text in extents_of(root, card):
            assert within(text[1:], around), f"{text} on the card {card.find(f'{SVG}title').text}"


def extents_of(root, card):
    """The texts of one card."""
    lone = ElementTree.Element("lone")
    lone.append(root.find(f"{SVG}style"))
    lone.append(card)
    return list(extents(lone))


def svg_of(world):
    """The network as SVG, parsed."""
    root = ElementTree.fromstring(world.ok("net", "graph", "--format", "svg").stdout.encode())
    assert root.tag == f"{SVG}svg"
    return root


def dot_of(world):
    """The network for Graphviz, taken apart by the grammar of its language: (nodes, edges)."""
    text = world.ok("net", "graph", "--format", "dot").stdout
    name = r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*)'
    attributes = rf"(?: \[{name}=(?:{name}|[\d.]+)(?:, {name}=(?:{name}|[\d.]+))*\])?"
    head, *lines, tail = text.splitlines()
    assert head == 'graph "nixctr-net" {' and tail == "}"
    nodes, edges = set(), set()
    for line in lines:
        match = re.fullmatch(rf"\t({name})(?: -- ({name}))?{attributes};", line)
        assert match, line
        if match[2]:
            edges.add((match[1].strip('"'), match[2].strip('"')))
        else:
            nodes.add(match[1].strip('"'))
    assert {end for edge in edges for end in edge} <= nodes
    return nodes - {"graph", "node", "edge"}, edges


def on_terminal(world, columns, *arguments, locale="C.UTF-8"):
    """What is shown on a terminal of so many columns: its lines."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    command = world.command("env", f"LC_ALL={locale}", "TERM=xterm", world_module.BINARY, *arguments)
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        try:
            while data := os.read(master, 65536):
                shown += data
        except OSError:
            pass  # the other end is closed: all was read
        assert process.wait(world_module.DEADLINE) == 0, shown
    os.close(master)
    return re.sub(r"\x1b\[[\d;]*m", "", shown.decode()).splitlines()


def test_readable(world):
    """One container, five, fifty: all of them are there, and nothing covers anything."""
    for count in 1, 5, 50:
        fresh = count == 1 or not world.run("ip", "link", "delete", "br0")
        for name in [] if fresh else world.ok("list").stdout.split():
            world.ok("destroy", name)
        populate(world, count)
        root = svg_of(world)
        titles = [card.find(f"{SVG}title").text for card in root.iter(f"{SVG}g")]
        assert sorted(titles) == sorted(world.ok("list").stdout.split())
        assert len(titles) == count
        insist_on_readable(root)
        shown = [text for text, *_ in extents(root)]
        assert {"fd00:1:2345:6789:abcd:ef01:2345:6789", "tcp 8080 → 80", "tcp 8080 → web:80"} <= set(shown)
        assert ("masqueraded behind eth0" in shown) == (count > 1)
        assert ("⇄ web" in shown) == (count > 1)
        nodes, edges = dot_of(world)
        assert {f"container {name}" for name in titles} <= nodes
        assert (("external eth0", "host") in edges) == (count > 1)
        assert (("container db", "container web") in edges) == (count > 1)
        assert (("bridge br0", "container two") in edges) == (count > 1)


def test_terminal(world):
    """As wide as the terminal, with lines of its character set; the same as JSON."""
    populate(world, 5)
    for columns in 60, 80, 200:
        shown = on_terminal(world, columns, "net", "graph")
        assert max(map(len, shown)) <= columns, shown
        for words in "outside", "└─", "web", "attached", "two", "detached", "shared", "linked", "8080":
            assert any(words in line for line in shown), f"{words}: {shown}"
    plain = on_terminal(world, 80, "net", "graph", locale="C")
    assert all(line.isascii() for line in plain) and any("`-" in line for line in plain), plain
    answer = world.ok("net", "graph", "--json").json
    assert answer["external"] == ["eth0"] and answer["outside"] and answer["isolated"]
    assert answer["links"] == [["db", "web"]]
    status = {row["name"]: row["status"] for row in answer["containers"]}
    assert status == {"db": "attached", "one": "attached", "shared": "host", "two": "detached",
                      "web": "attached"}  # fmt: skip
    web = answer["containers"][-1]
    assert web["ports"][0] == {"host": "tcp 8080", "inside": "80"} and web["link"] == "ve-web"


def test_trouble_shows(world):
    """A cable that somebody has changed, and a definition that cannot be read."""
    world.ok("create", "foo")
    world.ok("net", "up", "foo")
    assert world.run("ip", "link", "set", "ve-foo", "mtu", "1280").rc == 0
    world.path("/etc/nixos-containers/bad.conf").write_text("HOST_ADDRESS=nonsense\n")
    result = world.ok("net", "graph", "--json")
    assert "bad.conf" in result.stderr
    assert [row["status"] for row in result.json["containers"]] == ["broken", "changed"]
    root = svg_of(world)
    assert {"changed · ve-foo", "broken"} <= {text for text, *_ in extents(root)}


def test_escaped(world):
    """Names of links that are no text of XML or of Graphviz, and none of the locale."""
    odd = ODD.encode("latin-1")
    assert subprocess.run(world.command("ip", "link", "add", odd, "type", "bridge"), check=True)
    path = world.path("/etc/nixos-containers/foo.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"HOST_BRIDGE=" + re.sub(rb"(['\"\\])", rb"\\\1", odd) + b"\n")
    root = svg_of(world)
    assert any("<&\"'\\>\\x01\\xff" in text for text, *_ in extents(root)), list(extents(root))
    insist_on_readable(root)
    nodes, _ = dot_of(world)
    assert any("<&\\\"'\\\\>\\\\x01\\\\xff" in node for node in nodes), nodes


def test_file(world):
    """A file is replaced all at once; what is none is left alone, and mistakes are named."""
    world.ok("create", "foo")
    world.path("/run/net.svg").write_text("old")
    world.ok("net", "graph", "--file", "/run/net.svg")
    assert ElementTree.parse(world.path("/run/net.svg")).getroot().tag == f"{SVG}svg"
    world.ok("net", "graph", "--file", "/run/net.dot")
    assert world.path("/run/net.dot").read_text().startswith("graph ")
    world.ok("net", "graph", "--format", "svg", "--file", "/run/net.other")
    assert world.path("/run/net.other").read_text() == world.path("/run/net.svg").read_text()
    assert sorted(path.name for path in world.path("/run").glob("*net.*")) == [
        "net.dot", "net.other", "net.svg"]  # fmt: skip
    assert world.run("mkfifo", "/run/pipe.svg").rc == 0
    for words, said, rc in (
        (("--file", "/run/pipe.svg"), "/run/pipe.svg is there and is not a file", FAILED),
        (("--file", "/nowhere/net.svg"), "cannot write /nowhere/net.svg", FAILED),
        (("--file", "/run/net.txt"), "add --format", USAGE),
        (("--format", "png"), "the formats text, dot and svg, not 'png'", USAGE),
        (("--format", "svg", "--json"), "takes no --format", USAGE),
        (("foo",), "net graph", USAGE),
    ):
        result = world.nixctr("net", "graph", *words)
        assert (result.rc, said in result.stderr + result.stdout) == (rc, True), result
    assert world.path("/run/pipe.svg").is_fifo()
