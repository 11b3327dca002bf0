#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet frames, byte by byte: what whoever is root in a container can send.

As a program it sends some, and runs in the container:

	frames.py LINK HEX...
"""

import ipaddress
import socket
import struct
import sys

BROADCAST = "ff:ff:ff:ff:ff:ff"
BRIDGE_GROUP = "01:80:c2:00:00:00"
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
ARP, IP, IP6, VLAN = 0x0806, 0x0800, 0x86DD, 0x8100
REDIRECT, ROUTER_ADVERTISEMENT_V4 = 5, 9  # ICMP
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134  # ICMPv6
SOLICITATION, ADVERTISEMENT, REDIRECT_V6 = 135, 136, 137
MORE = 0x2000  # of an IPv4 packet: this is not the last piece


def mac_bytes(mac):
    """A MAC as six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def address_bytes(address):
    """An address of either family as bytes."""
    return ipaddress.ip_address(address).packed


def text(packed):
    """An address as it is written, from its bytes."""
    return str(ipaddress.ip_address(packed))


def link_local(mac):
    """The IPv6 address of the link that follows from a MAC."""
    m = mac_bytes(mac)
    return str(ipaddress.ip_address(b"\xfe\x80" + bytes(6) + bytes([m[0] ^ 2]) + m[1:3]
                                    + b"\xff\xfe" + m[3:]))  # fmt: skip


def ethernet(source, target, kind, payload):
    """A frame."""
    return mac_bytes(target) + mac_bytes(source) + struct.pack("!H", kind) + payload


def tagged(frame, *tags):
    """The same frame behind VLAN tags, the outermost first."""
    return frame[:12] + b"".join(struct.pack("!HH", VLAN, tag) for tag in tags) + frame[12:]


def untagged(frame):
    """The same frame without its tags, as a receiver sees it."""
    while frame[12:14] == struct.pack("!H", VLAN):
        frame = frame[:12] + frame[16:]
    return frame


def bpdu(source, root):
    """A spanning tree frame (IEEE 802.1D): "the best root is this, and I am it"."""
    identity = bytes(2) + mac_bytes(root)
    what = struct.pack("!HBBB8sL8sHHHHH", 0, 0, 0, 0, identity, 0, identity, 0x8001, 0,
                       20 << 8, 2 << 8, 15 << 8)  # fmt: skip
    llc = b"\x42\x42\x03" + what
    return ethernet(source, BRIDGE_GROUP, len(llc), llc).ljust(60, b"\0")


def topology_change(source):
    """A spanning tree frame that has all bridges forget who is where."""
    llc = b"\x42\x42\x03" + struct.pack("!HBB", 0, 0, 0x80)
    return ethernet(source, BRIDGE_GROUP, len(llc), llc).ljust(60, b"\0")


def checksum(data):
    """RFC 1071."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload, at=0):
    """An IPv4 packet, or a piece of one: eight times that far into it, with MORE when others follow."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, at, 64, protocol, 0,
                       address_bytes(source), address_bytes(target))  # fmt: skip
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(source, target, protocol, payload, hops=255):
    """An IPv6 packet."""
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + address_bytes(
        source) + address_bytes(target) + payload  # fmt: skip


def piece(source, target, at, payload, upper=socket.IPPROTO_DSTOPTS, last=False):
    """A piece of an IPv6 packet: eight times that far into it."""
    head = struct.pack("!BBHI", upper, 0, at << 3 | (not last), 77)
    return ipv6(source, target, socket.IPPROTO_FRAGMENT, head + payload)


def in_pieces(whole, upper=socket.IPPROTO_DSTOPTS):
    """An IPv6 packet in two, whose first has nothing but options, so that what it is comes later. The
    second says what it likes of itself (upper)."""
    source, target = (str(ipaddress.ip_address(whole[at:at + 16])) for at in (8, 24))
    options = bytes([whole[6], 0, 1, 4, 0, 0, 0, 0])
    return [piece(source, target, 0, options),
            piece(source, target, 1, whole[40:], upper, True)]  # fmt: skip


def packet(source, target, protocol, payload):
    """A packet of the family of its addresses."""
    return (ipv6 if ":" in target else ipv4)(source, target, protocol, payload)


def pseudo(source, target, protocol, length):
    """What the checksum of a transport counts as well."""
    if ":" in target:
        return address_bytes(source) + address_bytes(target) + struct.pack("!II", length, protocol)
    return address_bytes(source) + address_bytes(target) + struct.pack("!HH", protocol, length)


def udp(source, target, from_port, to_port, payload):
    """A datagram, whole."""
    head = struct.pack("!HHHH", from_port, to_port, 8 + len(payload), 0)
    total = checksum(pseudo(source, target, socket.IPPROTO_UDP, len(head) + len(payload))
                     + head + payload)  # fmt: skip
    return packet(source, target, socket.IPPROTO_UDP,
                  head[:6] + struct.pack("!H", total) + payload)  # fmt: skip


def tcp_syn(source, target, from_port, to_port):
    """What begins a connection."""
    head = struct.pack("!HHIIBBHHH", from_port, to_port, 1, 0, 5 << 4, 2, 1024, 0, 0)
    total = checksum(pseudo(source, target, socket.IPPROTO_TCP, len(head)) + head)
    return packet(source, target, socket.IPPROTO_TCP,
                  head[:16] + struct.pack("!H", total) + head[18:])  # fmt: skip


def tcp_data(source, target, from_port, to_port, sequence, acknowledged, payload):
    """What belongs to a connection that is there."""
    head = struct.pack("!HHIIBBHHH", from_port, to_port, sequence, acknowledged, 5 << 4, 0x18, 1024, 0, 0)
    total = checksum(pseudo(source, target, socket.IPPROTO_TCP, len(head) + len(payload))
                     + head + payload)  # fmt: skip
    return packet(source, target, socket.IPPROTO_TCP,
                  head[:16] + struct.pack("!H", total) + head[18:] + payload)  # fmt: skip


def icmp(source, target, kind, body, code=0):
    """ICMP."""
    head = struct.pack("!BBH", kind, code, 0) + body
    return ipv4(source, target, socket.IPPROTO_ICMP,
                head[:2] + struct.pack("!H", checksum(head)) + body)  # fmt: skip


def icmp6(source, target, kind, body):
    """ICMPv6."""
    head = struct.pack("!BBH", kind, 0, 0) + body
    total = checksum(pseudo(source, target, socket.IPPROTO_ICMPV6, len(head)) + head)
    return ipv6(source, target, socket.IPPROTO_ICMPV6,
                head[:2] + struct.pack("!H", total) + body)  # fmt: skip


def group_mac(group):
    """The MAC under which a group is heard (RFC 1112, RFC 2464)."""
    a = address_bytes(group)
    head = b"\x33\x33" + a[12:] if ":" in group else b"\x01\x00\x5e" + bytes([a[1] & 0x7F]) + a[2:]
    return head.hex(":")


def igmp(source, target, kind, body, at=0):
    """IGMP, or what calls itself a piece of it."""
    head = struct.pack("!BBH", kind, 0, 0) + body
    return ipv4(source, target, socket.IPPROTO_IGMP,
                head[:2] + struct.pack("!H", checksum(head)) + body, at)  # fmt: skip


def mld(source, target, kind, body):
    """MLD, as bridges heed it: behind the option for routers (RFC 2711), one hop far."""
    said = icmp6(source, target, kind, body)[40:]
    return ipv6(source, target, 0, bytes([socket.IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0]) + said, 1)


def arp(operation, mac, source, target, target_mac="00:00:00:00:00:00"):
    """1 asks, 2 answers."""
    return struct.pack("!HHBBH", 1, IP, 6, 4, operation) + mac_bytes(mac) + address_bytes(
        source) + mac_bytes(target_mac) + address_bytes(target)  # fmt: skip


def option(kind, mac):
    """An option of neighbour discovery: 1, whose MAC the sender has, or 2, the target."""
    return bytes([kind, 1]) + mac_bytes(mac)


def advertisement(source, target, options=b"", to=ALL_NODES):
    """I have this address."""
    return icmp6(source, to, ADVERTISEMENT, b"\x20\0\0\0" + address_bytes(target) + options)


def solicitation(source, target, options=b"", to=None):
    """Who has this address."""
    group = address_bytes("ff02::1:ff00:0")[:13] + address_bytes(target)[13:]
    return icmp6(source, to or str(ipaddress.ip_address(group)), SOLICITATION,
                 bytes(4) + address_bytes(target) + options)  # fmt: skip


def router_advertisement(source, to=ALL_NODES):
    """I am a router, for half an hour, and hand out addresses of a prefix."""
    prefix = bytes([3, 4, 64, 0xC0]) + struct.pack("!III", 1800, 1800, 0) + address_bytes(
        "2001:db8:666::")  # fmt: skip
    return icmp6(source, to, ROUTER_ADVERTISEMENT,
                 struct.pack("!BBHII", 64, 0, 1800, 0, 0) + prefix)  # fmt: skip


def main():
    """Sends frames."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((sys.argv[1], 0))
        for frame in sys.argv[2:]:
            sender.send(bytes.fromhex(frame))


if __name__ == "__main__":
    main()
