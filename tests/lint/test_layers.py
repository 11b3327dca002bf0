# SPDX-License-Identifier: GPL-2.0-or-later
"""Includes point downwards only, in a folder with rooms too, and every external library has one home."""

import re

import pytest
import tree

# Which folders a folder may include from. Its own and base/ need no entry.
BELOW = {
    "base": set(),
    "ipam": set(),
    "veth": set(),
    "nat": set(),
    "nss": set(),
    "machine": set(),
    "managers": set(),
    "container": {"ipam", "veth", "nat", "nss", "machine", "managers"},
    "declare": {"container"},
    "audit": {"container", "ipam", "veth", "nat"},
    "graph": set(),
    "transfer": {"container", "ipam"},
    "cli": {"audit", "declare", "graph", "transfer", "container", "ipam", "veth", "nat", "machine", "managers"},
}

# The rooms of container/, its folders, and which others each may know. Who is outside knows none of
# them: container/container.h has what they show.
_ASKED = {"settings", "definitions"}
_MADE = _ASKED | {"addresses", "rules", "boot"}
ROOMS = {
    "settings": set(),
    "definitions": {"settings"},
    "addresses": _ASKED,
    "rules": _ASKED,
    "boot": _ASKED,
    "attach": _MADE,
    "life": _MADE | {"attach"},
    "declared": _MADE | {"attach", "life"},
    "watch": (_MADE | {"attach"}) - {"boot"},
}

# Where the headers of an external library may be included. That of systemd is loaded and connected
# by base/, for two folders that talk over its bus. JSON is what cli/ writes, what Nix makes of a file
# that declare/ reads, what other engines keep their configuration in, which managers/ reads, the
# reports of audit/, and the documents of transfer/.
HOMES = {
    r"sqlite3\.h": {"ipam"},
    r"netlink/.*": {"veth"},
    r"libmnl/.*": {"nat"},
    r"libnftnl/.*": {"nat"},
    r"systemd/.*": {"base", "machine", "managers"},
    r"ini\.h": {"container"},
    r"jansson\.h": {"audit", "cli", "declare", "managers", "transfer"},
    r"csv\.h": {"transfer"},
    r"expat\.h": {"managers"},
    r"libsmartcols(/.*)?\.h": {"cli"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(text):
    """The includes of a file: (line, quote, header)."""
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1], match[2]


def check_direction(path, text):
    """An include of ours is "folder/file.h", of a folder below, and there of the public header."""
    own = path.split("/")[0]
    for line, quote, header in includes(text):
        folder, _, name = header.partition("/")
        if quote == "<" and folder in BELOW:
            yield f"{path}:{line}: <{header}> is ours and belongs in quotes"
        if quote == "<":
            continue
        if folder not in BELOW:
            yield f'{path}:{line}: "{header}" is not folder/file.h'
        elif folder not in (own, "base") and folder not in BELOW[own]:
            yield f"{path}:{line}: {own}/ must not know {folder}/"
        elif folder not in (own, "base") and name != f"{folder}.h":
            yield f"{path}:{line}: {header} is private to {folder}/"


def check_homes(path, text):
    """The header of an external library appears in its home only."""
    own = path.split("/")[0]
    for line, _, header in includes(text):
        for pattern, home in HOMES.items():
            if re.fullmatch(pattern, header) and own not in home:
                yield f"{path}:{line}: <{header}> belongs in {'/, '.join(sorted(home))}/ only"


def check_rooms(path, text):
    """A file of container/ lies in a room, and knows that room and those it may know."""
    folder, _, rest = path.partition("/")
    room, _, name = rest.partition("/")
    if folder != "container" or rest == "container.h":
        return
    if not name:
        yield f"{path}:1: lies in no room of {folder}/"
    elif room not in ROOMS:
        yield f"{path}:1: {room}/ is no room of {folder}/"
    for line, _, header in includes(text):
        top, _, known = header.partition("/")
        other = known.partition("/")[0]
        if header == "container/container.h":
            yield f"{path}:{line}: {header} is for who is outside"
        elif top == folder and other != room and other not in ROOMS.get(room, ()):
            yield f"{path}:{line}: {room}/ must not know {other}/"


def modules(texts):
    """Which modules of a folder know which: a module is NAME.c with NAME.h. The public header, of a layer or
    a room, is of all of them. @texts: of the files, by their paths.
    """
    known = {}
    for path, text in texts.items():
        folder, _, name = path.rpartition("/")
        module = (folder, name.rsplit(".", 1)[0])
        known.setdefault(module, set())
        for _, _, header in includes(text):
            there, _, name = header.rpartition("/")
            other = (there, name.removesuffix(".h"))
            if there == folder and other not in (module, (folder, folder.rpartition("/")[2])):
                known[module].add(other)
    return known


def circles(known):
    """Where modules know each other, directly or by others: one line for each module in a circle."""
    for module in sorted(known):
        seen, ahead = set(), list(known[module])
        while ahead:
            other = ahead.pop()
            if other not in seen:
                seen.add(other)
                ahead.extend(known.get(other, ()))
        if module in seen:
            names = sorted(name for _, name in known[module])
            yield f"{'/'.join(module)} comes back to itself, by one of {names}"


def sources():
    """All C of the product."""
    return tree.files(".c", ".h", below=tree.PRODUCT)


def test_includes_point_downwards():
    """... and outside its own folder a file knows public headers only."""
    tree.insist(check_direction, sources())


def test_rooms_know_those_below():
    """... and no file lies beside them."""
    tree.insist(check_rooms, (path for path in sources() if path.startswith("container/")))


def test_rooms_have_one_direction():
    """What is written down of them has an order: each stands behind those it may know."""
    before = set()
    for room, below in ROOMS.items():
        assert below <= before, f"{room}/ may know {sorted(below - before)}, which stand behind it"
        before.add(room)


def test_modules_make_no_circles():
    """... within a folder either: each can be read with what is below it."""
    texts = {path: (tree.ROOT / path).read_text(encoding="utf-8") for path in sources()}
    tree.content("\n".join(circles(modules(texts))))


def test_circle_is_noticed():
    """Of two, of three, and none by the public header."""
    texts = {"nat/a.c": '#include "nat/a.h"\n#include "nat/b.h"\n', "nat/b.h": '#include "nat/c.h"\n',
             "nat/c.c": '#include "nat/nat.h"\n', "nat/nat.h": '#include "nat/a.h"\n'}  # fmt: skip
    tree.content("\n".join(circles(modules(texts))))
    texts["nat/c.h"] = '#include "nat/a.h"\n'
    assert len(list(circles(modules(texts)))) == 3
    texts["nat/c.h"] = '#include "nat/b.h"\n'
    assert len(list(circles(modules(texts)))) == 2


def test_libraries_have_one_home():
    """... so that each can be replaced in one place."""
    tree.insist(check_homes, sources())


@pytest.mark.parametrize(
    "path, line",
    [
        ("ipam/a.c", '#include "veth/veth.h"'),
        ("base/a.c", '#include "ipam/ipam.h"'),
        ("nat/a.h", '#include "container/container.h"'),
        ("managers/a.c", '#include "machine/machine.h"'),
        ("container/a.c", '#include "cli/verb.h"'),
        ("container/a.c", '#include "veth/message.h"'),
        ("cli/a.c", '#include "container/life/life.h"'),
        ("cli/a.c", '#  include "nat/table.h"'),
        ("veth/a.c", '#include "link.h"'),
        ("veth/a.c", "#include <veth/link.h>"),
    ],
)
def test_upward_include_is_noticed(path, line):
    """Every way around the layers brings one complaint."""
    assert len(list(check_direction(path, f"int x;\n{line}\n"))) == 1


@pytest.mark.parametrize(
    "path, line",
    [
        ("container/a.c", "int y;"),
        ("container/drawer/a.c", "int y;"),
        ("container/rules/a.c", '#include "container/attach/network.h"'),
        ("container/rules/a.h", '#include "container/addresses/addresses.h"'),
        ("container/watch/a.c", '#include "container/life/life.h"'),
        ("container/life/a.c", '#include "container/container.h"'),
    ],
)
def test_back_door_is_noticed(path, line):
    """Every way around the rooms brings one complaint."""
    assert len(list(check_rooms(path, f"int x;\n{line}\n"))) == 1


@pytest.mark.parametrize(
    "path, line",
    [
        ("container/container.h", '#include "container/life/life.h"'),
        ("container/life/a.c", '#include "container/life/life.h"'),
        ("container/life/a.c", '#include "container/rules/masquerade.h"'),
        ("cli/a.c", '#include "container/container.h"'),
    ],
)
def test_door_is_fine(path, line):
    """No complaint about what is right."""
    assert not list(check_rooms(path, line))


@pytest.mark.parametrize(
    "path, line",
    [
        ("veth/a.c", '#include "veth/link.h"'),
        ("veth/a.c", '#include "base/error.h"'),
        ("cli/a.c", '#include "ipam/ipam.h"'),
        ("cli/a.c", "#include <netinet/in.h>"),
    ],
)
def test_downward_include_is_fine(path, line):
    """No complaint about what is right."""
    assert not list(check_direction(path, line))


@pytest.mark.parametrize(
    "path, header",
    [
        ("container/a.c", "sqlite3.h"),
        ("nat/a.c", "netlink/netlink.h"),
        ("veth/a.c", "libmnl/libmnl.h"),
        ("base/a.h", "libnftnl/set.h"),
        ("cli/a.c", "ini.h"),
        ("container/a.c", "jansson.h"),
        ("container/a.c", "expat.h"),
        ("nat/a.c", "systemd/sd-bus.h"),
        ("container/a.c", "libsmartcols/libsmartcols.h"),
    ],
)
def test_stray_library_is_noticed(path, header):
    """Every library outside its home brings one complaint."""
    assert len(list(check_homes(path, f"#include <{header}>\n"))) == 1
