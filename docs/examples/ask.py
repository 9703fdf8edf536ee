#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks a joingate whether a LiveKit token may join: docs/wire.md in code.

usage: ask.py ADDRESS PORT FRONT_END_ID KEY_FILE TOKEN
"""
import hashlib, hmac, itertools, os, socket, struct, sys

HEADER, VERDICT, MAC = 24, 64, 16
JOIN, REPLY, LIVEKIT = 1, 0x80, 1
IDENTITY, ROOM, TOKEN, CUT = 1, 2, 5, 1 << 31
WANT = 1 << IDENTITY | 1 << ROOM
IDS = itertools.count(int.from_bytes(os.urandom(4), "big") << 32)  # 32 random bits, a counter


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()[:MAC]


def build_request(key, front_end, request_id, token):
    fields = struct.pack(">HH", TOKEN, len(token)) + token
    size = HEADER + len(fields) + MAC
    head = struct.pack(">2sBBIQIHBB", b"JG", 1, JOIN, size, request_id, WANT, front_end, LIVEKIT, 0)
    binding = token[-43:] if token[-44:-43] == b"." else token
    signed = head + fields[:4] + binding
    return head + fields + mac(key, signed)


def parse_reply(key, request, reply):
    """The verdict, or None for whatever is not the authentic answer to exactly this request."""
    if len(reply) < VERDICT + MAC or reply[:3] != b"JG\x01" or reply[3] != request[3] | REPLY:
        return None
    if struct.unpack_from(">I", reply, 4)[0] != len(reply) or reply[8:16] != request[8:16]:
        return None
    if not hmac.compare_digest(mac(key, reply[:-MAC] + request[-MAC:]), reply[-MAC:]):
        return None
    capabilities, epoch, issued, expires, reason = struct.unpack_from(">QQqqB", reply, HEADER)
    verdict = {"admit": reason == 0, "reason": reason, "capabilities": capabilities,
               "expires_at": None if expires == -1 << 63 else expires, "epoch": epoch,
               "cut": bool(struct.unpack_from(">I", reply, 16)[0] & CUT)}
    at, names = VERDICT, {IDENTITY: "identity", ROOM: "room"}
    while at < len(reply) - MAC:
        code, size = struct.unpack_from(">HH", reply, at)
        verdict[names.get(code, code)] = reply[at + 4:at + 4 + size].decode()
        at += 4 + size
    return verdict


def ask(address, front_end, key, token, tries=3, timeout=0.5):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.connect(address)
        udp.settimeout(timeout)
        for _ in range(tries):  # each with an id of its own
            request = build_request(key, front_end, next(IDS), token)
            udp.send(request)
            try:
                while (verdict := parse_reply(key, request, udp.recv(65535))) is None:
                    pass  # forged, late or garbled: go on listening
                return verdict
            except (socket.timeout, ConnectionRefusedError):
                continue
    return None


if __name__ == "__main__":
    host, port, front_end, key_file, token = sys.argv[1:6]
    with open(key_file, "rb") as file:
        secret = file.read().removesuffix(b"\n")
    answer = ask((host, int(port)), int(front_end), secret, token.encode())
    print(answer or "no answer")
    sys.exit(2 if answer is None else 0 if answer["admit"] else 1)
