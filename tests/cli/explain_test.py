#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingate explain`: every layout decoded, every refusal with its measure, never a secret.

usage: explain_test.py JOINGATE
"""
import sys
import tempfile

import vectors
import world


def main():
    joingate = sys.argv[1]

    def explain(status, *words, text=""):
        done = world.run(joingate, "explain", *words, text=text)
        assert done.returncode == status, (words, done)
        assert not any(secret in done.stdout + done.stderr for secret in world.SECRETS), done.stdout
        return done.stdout

    with tempfile.TemporaryDirectory() as folder:
        path = world.write(folder, world.config())
        order = {"app": "APIx", "identity": "ann", "room": "r", "capabilities": ["join"], "ttl": 100}
        token, stream, t1, seven, six = world.mint(joingate, path, [
            order, {"vendor": "stream", "identity": "john"},
            {"vendor": "opentok", "format": "t1", "room": world.SESSION, "role": "publisher"},
            {"vendor": "agora", "identity": "42", "room": "demo", "capabilities": ["join", "subscribe"]},
            {"vendor": "agora", "format": "agora-006", "identity": "42", "room": "demo",
             "capabilities": ["join", "subscribe"]}])
        at = ["--config", path, "--now"]

        shown = explain(0, *at, str(world.NOW), token)
        for text in ("jwt-hs256", "livekit", '"sub": "ann"', "2027-01-15 08:01:40 UTC", "admit", 'room "r"'):
            assert text in shown, (text, shown)
        shown = explain(1, *at, str(world.NOW + 225), token)
        assert "reject: expired: expired 125 s ago" in shown and "leeway 60 s" in shown, shown
        assert "verdict" not in explain(0, token)
        assert explain(0, *at, str(world.NOW), "-", text=token + "\n") == explain(0, *at, str(world.NOW), token)

        assert "user_id" in explain(0, *at, str(world.NOW), "--app", "q", "--identity", "john", stream)
        assert "identity_mismatch" in explain(1, *at, str(world.NOW), "--app", "q", "--identity", "jane", stream)
        assert "role=publisher" in explain(0, *at, str(world.NOW), t1)
        shown = explain(0, *at, str(world.NOW), "--room", "demo", "--identity", "42", seven)
        assert "service 1: RTC" in shown and 'channel: "demo"' in shown, shown
        assert "room_mismatch" in explain(1, *at, str(world.NOW), "--room", "other", "--identity", "42", seven)
        assert "privilege 1" in explain(0, *at, str(world.NOW), "--room", "demo", "--identity", "42", six)

        other = world.config()
        other["apps"][0]["key"] = "APIz"
        moved = world.write(folder, other, "moved.json")
        assert "signed with the secret of another app: APIz" in explain(1, "--config", moved, token)
        other = world.config()
        other["apps"][0]["secrets"][0]["secret"], other["apps"][1]["secrets"][0]["secret"] = "x", world.SECRETS[0]
        swapped = world.write(folder, other, "swapped.json")
        assert "signed with the secret of another app: APIy" in explain(1, "--config", swapped, token)
        other = world.config()
        other["apps"][0]["secrets"][0]["secret"], other["apps"][0]["secrets"][1]["secret"] = "x", world.SECRETS[0]
        retired = world.write(folder, other, "retired.json")
        assert 'signed with secret "old" of this app' in explain(1, "--config", retired, token)
        other["apps"][0]["secrets"][1]["secret"] = "y"
        strange = world.write(folder, other, "strange.json")
        assert "no secret in this configuration" in explain(1, "--config", strange, token)

        # Whatever it is given, it ends in order.
        for bad in ("", "x", ".", "..", "a.b.c", "T1==", "T1==!", "007", "007AAAA", "006", "006" + "0" * 40, "\u00e9.."):
            assert explain(1, *at, str(world.NOW), bad).startswith("token\n")
        for vector in vectors.load():
            if len(vector["token"]) < 100000 and "\0" not in vector["token"]:
                done = world.run(joingate, "explain", "--vendor", vector["vendor"], "--", vector["token"])
                assert done.returncode in (0, 1), (vector["name"], done)
        explain(2)
        explain(2, "a", "b")
        explain(2, "--vendor", "zoom", token)
        explain(2, "--config", path + ".none", token)


if __name__ == "__main__":
    main()
