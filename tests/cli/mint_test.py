#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingate mint`: what it makes, `joingate verify` gives back; what it cannot make, it tells.

usage: mint_test.py JOINGATE
"""
import json
import sys
import tempfile

import world

ALL = ["join", "subscribe", "publish_camera", "publish_microphone", "publish_screen_share",
       "publish_screen_share_audio", "publish_other", "publish_data"]
# One resource type, to be read: "m1" and "m2".
PERMISSIONS = "0100" "0100" "0100" "0000" "0200" "02006d31" "02006d32"
# Orders, what is sent beside their tokens, and what a verdict adds to what was ordered.
GOOD = [
    ({"app": "APIx", "identity": "ann", "room": "r", "name": "Ann \u00e9\u2028\"", "metadata": "m\n\u0001",
      "attributes": {"a": "b", "\u00e9": ""}, "kind": "sip", "capabilities": ["join", "subscribe", "hidden"],
      "issued_at": world.NOW - 5, "expires_at": world.NOW + 100}, {}, {"vendor": "livekit", "key": "a"}),
    ({"vendor": "livekit", "app": "APIy", "identity": "i", "room": "r", "capabilities": ALL, "ttl": 60}, {},
     {"expires_at": world.NOW + 60, "issued_at": world.NOW, "kind": "standard"}),
    ({"vendor": "livekit", "app": "APIx", "identity": "i", "room": "r", "capabilities": ["join"],
      "claims": {"sub": "other", "extra": [1]}}, {}, {"identity": "other", "expires_at": world.NOW + 21600}),
    ({"vendor": "stream", "identity": "john", "issued_at": None}, {"app": "q"},
     {"issued_at": None, "expires_at": None}),
    ({"vendor": "stream", "identity": "john", "type": "call", "room": "default:x", "role": "host", "ttl": 9},
     {"app": "q", "room": "default:x"}, {"room": "default:x", "expires_at": world.NOW + 9}),
    ({"vendor": "opentok", "room": world.SESSION, "role": "moderator", "metadata": "user=1&x",
      "layout_classes": ["x", "y"]}, {"room": world.SESSION}, {"expires_at": world.NOW + 86400}),
    ({"vendor": "opentok", "format": "t1", "room": world.SESSION, "role": "publisheronly",
      "metadata": "a b+c~\u00e9"}, {"room": world.SESSION}, {}),
    ({"vendor": "vonage", "room": "s", "role": "subscriber"}, {"room": "s"}, {"app": world.VONAGE}),
    ({"vendor": "agora", "identity": "42", "room": "demo", "salt": 7,
      "capabilities": ["join", "subscribe", "publish_camera", "publish_screen_share"],
      "capability_expires": {"join": world.NOW + 60, "subscribe": world.NOW + 60}},
     {"app": world.AGORA, "room": "demo", "identity": "42"}, {"expires_at": world.NOW + 86400}),
    ({"vendor": "agora", "format": "agora-006", "identity": "42", "room": "demo",
      "capabilities": ["join", "subscribe"]}, {"room": "demo", "identity": "42"}, {}),
    # One user joins, another logs in.
    ({"vendor": "agora", "services": [
        {"type": "rtc", "room": "demo", "identity": "42", "capabilities": ["join", "subscribe"]},
        {"type": "rtm2", "identity": "ann", "capabilities": ["rtm_login"], "rtm_permissions": PERMISSIONS},
        {"type": "apaas", "room": "class", "identity": "ann", "apaas_role": 2}]},
     {"room": "demo", "identity": "42"},
     {"identity": "42", "room": "demo", "capabilities": ["join", "subscribe", "rtm_login"],
      "rtm_permissions": PERMISSIONS}),
    ({"vendor": "agora", "service": "rtm", "identity": "ann", "capabilities": ["rtm_login"],
      "rtm_permissions": PERMISSIONS}, {"service": "rtm", "identity": "ann"}, {"room": ""}),
]
NOT_GIVEN_BACK = {"format", "type", "service", "services", "salt", "claims", "ttl"}
BAD = [
    ({}, "several apps"),
    ({"app": "nope"}, "no such app"),
    ({"vendor": "zoom"}, "which is none"),
    ({"app": "APIx", "tokn": 1}, "unknown field"),
    ({"app": "APIx", "identity": 5}, "not text"),
    ({"app": "APIx", "ttl": 1, "expires_at": 5}, "both given"),
    ({"app": "APIx", "ttl": -1}, "out of range"),
    ({"app": "APIx", "format": "jwt-none"}, "none of its words"),
    ({"app": "APIx", "capabilities": ["fly"]}, "not a capability"),
    ({"app": "APIx", "capabilities": "join"}, "not a list"),
    ({"vendor": "agora", "services": {}}, "not a list"),
    ({"vendor": "agora", "services": [1]}, "not an object"),
    ({"vendor": "agora", "services": [{"type": "video"}]}, "none of its words"),
    ({"vendor": "agora", "services": [{}]}, "none of its words"),
    ({"vendor": "agora", "services": [{"type": "stt", "uid": 1}]}, "unknown field"),
    ({"vendor": "agora", "services": [{"type": "apaas", "apaas_role": 40000}]}, "out of range"),
    ({"vendor": "agora", "services": [{"type": "rtc", "identity": 5}]}, "not text"),
    ({"vendor": "agora", "services": [{"type": "rtc", "capabilities": ["stt"]}]}, "no privilege"),
    ({"vendor": "agora", "rtm_permissions": "0g"}, "hex"),
    ({"vendor": "agora", "rtm_permissions": "000"}, "hex"),
    ({"app": "APIx", "services": [{"type": "rtc"}]}, "only agora-007"),
    ({"app": "APIx", "attributes": []}, "not an object"),
    ({"app": "APIx", "key": "none", "identity": "i", "room": "r", "capabilities": ["join"]}, "key"),
]


def check_good(joingate, path):
    tokens = world.mint(joingate, path, [order for order, _, _ in GOOD])
    requests = [{"token": token, "vendor": order.get("vendor", "livekit"), **beside}
                for token, (order, beside, _) in zip(tokens, GOOD)]
    verdicts = world.verify(joingate, path, requests)
    for (order, _, added), verdict in zip(GOOD, verdicts):
        assert verdict["verdict"] == "admit", (order, verdict)
        for name, value in {**order, **added}.items():
            if name not in NOT_GIVEN_BACK and not (name in order and name in added and name == "identity"):
                assert verdict[name] == value, (name, order, verdict)
    assert verdicts[2]["identity"] == "other"

    # A verdict is itself an order of the same token.
    again = world.verify(joingate, path, [
        {**request, "token": token} for request, token in zip(requests, world.mint(joingate, path, verdicts))])
    for first, second, (order, _, _) in zip(verdicts, again, GOOD):
        assert {**first, "token_id": ""} == {**second, "token_id": ""}, order


def main():
    joingate = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        path = world.write(folder, world.config(world.rsa_pair(folder)))
        check_good(joingate, path)
        good = json.dumps(GOOD[1][0]) + "\n"
        for order, problem in BAD:
            done = world.run(joingate, "mint", "--config", path, text=good * 2 + json.dumps(order) + "\n" + good)
            assert done.returncode == 2 and done.stdout.count("\n") == 2, (order, done)
            assert "line 3:" in done.stderr and problem in done.stderr, (order, done.stderr)
            assert not any(secret in done.stdout + done.stderr for secret in world.SECRETS)
        assert world.run(joingate, "mint").returncode == 2
        assert world.run(joingate, "mint", "--config", path, "x").returncode == 2

        # A stream of many, in bursts, in order.
        orders = [{"app": "APIx", "identity": f"u{i}", "room": "r", "capabilities": ["join"]} for i in range(2000)]
        tokens = world.mint(joingate, path, orders)
        verdicts = world.verify(joingate, path, [{"token": token} for token in tokens])
        assert [v["identity"] for v in verdicts] == [o["identity"] for o in orders]


if __name__ == "__main__":
    main()
