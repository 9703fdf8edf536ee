#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""pcapng_read.py FILE: the packets of a joingate capture as JSON objects, one a line. Written from the
pcapng draft, not from the gate: whatever is not as it should be there ends it with an error."""
import ipaddress
import json
import struct
import sys


def words(data):
    """Sum of the internet checksum, folded: 0xffff when a checksum within holds."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def options(data):
    found = {}
    while data:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4:4 + length]
        data = data[4 + (length + 3) // 4 * 4:]
    return found


def blocks(data):
    while data:
        kind, length = struct.unpack_from("<II", data)
        if length % 4 or length > len(data) or struct.unpack_from("<I", data, length - 4)[0] != length:
            raise SystemExit(f"a block of type {kind} with a bad length {length}")
        yield kind, data[8:length - 4]
        data = data[length:]


def packet(data):
    """Addresses, ports and payload of a raw IP packet with UDP in it."""
    family = data[0] >> 4
    header = 20 if family == 4 else 40
    if family == 4:
        total, protocol = struct.unpack_from("!H", data, 2)[0], data[9]
        source, target = data[12:16], data[16:20]
    else:
        total, protocol = 40 + struct.unpack_from("!H", data, 4)[0], data[6]
        source, target = data[8:24], data[24:40]
    udp = data[header:]
    source_port, target_port, length, _ = struct.unpack_from("!HHHH", udp)
    if total != len(data) or length != len(udp) or protocol != 17:
        raise SystemExit("lengths of a packet's headers contradict each other")
    sums = words(source + target + struct.pack("!HH", 17, length) + udp) == 0xffff
    if family == 4:
        sums = sums and words(data[:20]) == 0xffff
    return {"family": family, "source": str(ipaddress.ip_address(source)), "target": str(ipaddress.ip_address(target)),
            "source_port": source_port, "target_port": target_port, "checksums": sums}, udp[8:]


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    kinds, seen, totals = [], 0, None
    for kind, body in blocks(data):
        kinds.append(kind)
        if kind == 0x0A0D0D0A and struct.unpack_from("<IHH", body) != (0x1A2B3C4D, 1, 0):
            raise SystemExit("no section of version 1.0")
        if kind == 1 and (struct.unpack_from("<H", body)[0] != 101 or options(body[8:])[9] != b"\x09"):
            raise SystemExit("no interface of raw IP with nanoseconds")
        if kind == 5:
            found = options(body[12:])
            totals = struct.unpack("<Q", found[4])[0], struct.unpack("<Q", found[5])[0]
        if kind != 6:
            continue
        _, high, low, captured, length = struct.unpack_from("<IIIII", body)
        found = options(body[20 + (captured + 3) // 4 * 4:])
        row, payload = packet(body[20:20 + captured])
        if captured != length or payload[:2] != b"JG" or struct.unpack_from("!I", payload, 4)[0] != len(payload):
            raise SystemExit("a packet that holds no whole datagram of the wire")
        row |= {"time": ((high << 32) + low) / 1e9, "bytes": len(payload), "comment": found[1].decode(),
                "direction": {1: "in", 2: "out"}[struct.unpack("<I", found[2])[0]]}
        seen += 1
        print(json.dumps(row))
    if kinds[:2] != [0x0A0D0D0A, 1]:
        raise SystemExit("it does not begin with a section and an interface")
    if totals is not None and totals[0] != seen:
        raise SystemExit(f"{seen} packets, but the totals say {totals[0]}")
    if totals is None:
        raise SystemExit("it has no end")


main()
