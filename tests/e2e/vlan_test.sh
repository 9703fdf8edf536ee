#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: raw frames with no, one and two VLAN tags  --- veth ---  gate 10.0.0.1
#
# The gate answers under the tags that a request came with; it needs no setting for that. Frames are
# raw, so that the kernel needs no VLAN support of its own. (net_af_packet of 22.11 puts every outer
# tag back as 0x8100; 0x88a8 is tested over net_ring.)
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
veth 0
config '.insecure = true'
gate_start
gate_mac=$(cat /sys/class/net/gate0/address 2>/dev/null || ip -j link show gate0 | jq -r '.[0].address')

in_client 0 python3 - client0 "$gate_mac" <<'PYTHON' || fail "answers under tags"
import socket, struct, sys
from ipaddress import ip_address

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel takes received tags off
link.bind((sys.argv[1], 0))
link.settimeout(2)
ours, gate = link.getsockname()[4], bytes.fromhex(sys.argv[2].replace(":", ""))
here, there = ip_address("10.0.0.2").packed, ip_address("10.0.0.1").packed

def sum16(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def receive():
    """The next frame for us that the gate sent, its tags put back."""
    while True:
        frame, extra, _, _ = link.recvmsg(4096, 256)
        if frame[6:12] != gate or frame[0:6] != ours:
            continue
        for level, kind, data in extra:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if level == 263 and kind == 8 and status & 16:
                frame = frame[:12] + struct.pack("!HH", tpid if status & 64 else 0x8100, tci) + frame[12:]
        return frame

def exchange(tags, kind, packet):
    link.send(gate + ours + tags + struct.pack("!H", kind) + packet)
    head = tags + struct.pack("!H", kind)
    while True:  # the kernel here asks for addresses too, and is answered without tags
        frame = receive()
        if frame[12:].startswith(head) and (tags or kind == 0x0800 or frame[20:22] == b"\0\2"):
            return frame[12 + len(head):]

# A ping of the wire: header of 24 bytes, 36 bytes of padding to the least length of 64.
ping = b"JG\x01\x04" + struct.pack("!IQIHBB", 64, 42, 0, 0, 0, 0) + struct.pack("!HH", 4, 36) + bytes(36)
udp = struct.pack("!HHHH", 40000, 7600, 8 + len(ping), 0) + ping
ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + here + there
ip = ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + ours + here + bytes(6) + there

for tags in (b"", b"\x81\x00\x60\x64", b"\x81\x00\x00\xc8\x81\x00\x00\x07"):
    answer = exchange(tags, 0x0806, arp)
    assert answer[6:18] == b"\x00\x02" + gate + there, answer.hex()
    answer = exchange(tags, 0x0800, ip + udp)
    assert answer[12:20] == there + here and answer[28:32] == b"JG\x01\x84", answer.hex()
    assert answer[36:44] == struct.pack("!Q", 42), answer.hex()
PYTHON
same "packets under tags" "$(counter vlan)" 4
same "pings" "$(counter ping)" 3
fates_add_up 0
gate_stop
