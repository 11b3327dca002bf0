# SPDX-License-Identifier: GPL-2.0-or-later
"""Includes point downwards only, and every external library has one home."""

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


def rooms(texts):
    """Which rooms of a folder know which: a room is NAME.c with NAME.h. The public header is of all of
    them. @texts: of the files, by their paths.
    """
    known = {}
    for path, text in texts.items():
        folder, _, name = path.rpartition("/")
        room = (folder, name.rsplit(".", 1)[0])
        known.setdefault(room, set())
        for _, _, header in includes(text):
            other = (folder, header.rpartition("/")[2].removesuffix(".h"))
            if header == f"{folder}/{other[1]}.h" and other not in (room, (folder, folder)):
                known[room].add(other)
    return known


def circles(known):
    """Where rooms know each other, directly or by others: one line for each room in a circle."""
    for room in sorted(known):
        seen, ahead = set(), list(known[room])
        while ahead:
            other = ahead.pop()
            if other not in seen:
                seen.add(other)
                ahead.extend(known.get(other, ()))
        if room in seen:
            names = sorted(name for _, name in known[room])
            yield f"{'/'.join(room)} comes back to itself, by one of {names}"


def sources():
    """All C of the product."""
    return tree.files(".c", ".h", below=tree.PRODUCT)


def test_includes_point_downwards():
    """... and outside its own folder a file knows public headers only."""
    tree.insist(check_direction, sources())


def test_rooms_make_no_circles():
    """... within a folder either: each can be read with what is below it."""
    texts = {path: (tree.ROOT / path).read_text(encoding="utf-8") for path in sources()}
    tree.content("\n".join(circles(rooms(texts))))


def test_circle_is_noticed():
    """Of two, of three, and none by the public header."""
    texts = {"nat/a.c": '#include "nat/a.h"\n#include "nat/b.h"\n', "nat/b.h": '#include "nat/c.h"\n',
             "nat/c.c": '#include "nat/nat.h"\n', "nat/nat.h": '#include "nat/a.h"\n'}  # fmt: skip
    assert not list(circles(rooms(texts)))
    texts["nat/c.h"] = '#include "nat/a.h"\n'
    assert len(list(circles(rooms(texts)))) == 3
    texts["nat/c.h"] = '#include "nat/b.h"\n'
    assert len(list(circles(rooms(texts)))) == 2


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
