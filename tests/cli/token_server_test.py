#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingate token-server`: fetch a token and join with it; everything else is refused.

usage: token_server_test.py JOINGATE
"""
import http.client
import json
import signal
import socket
import subprocess
import sys
import tempfile

import world

KEY = "web-key-0123456789"
NARROW = "narrow-key-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, body, key=KEY, method="POST", path="/token"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    connection.request(method, path, body if isinstance(body, (bytes, str)) else json.dumps(body), headers)
    reply = connection.getresponse()
    text = reply.read().decode()
    assert reply.getheader("Content-Type") == "application/json" and reply.getheader("Cache-Control") == "no-store"
    connection.close()
    return reply.status, json.loads(text)


GOOD = {"app": "APIx", "identity": "ann", "room": "lobby-1", "capabilities": ["join", "subscribe"]}
AGORA = {"vendor": "agora", "identity": "42", "room": "lobby-1", "capabilities": ["join", "subscribe"]}
OPENTOK = {"vendor": "opentok", "room": world.SESSION, "role": "publisher"}
# (key, order changed, status, words)
REFUSED = [
    (KEY, {"app": "APIy"}, 403, "of this app"),
    (KEY, {"capabilities": ["join", "room_admin", "force_disconnect", "force_unpublish", "force_mute"]}, 403, "may not give"),
    (KEY, {"capabilities": ["join", "hidden"]}, 403, "may not give hidden"),
    (KEY, {"kind": "agent"}, 403, "kind"),
    (KEY, {"ttl": 601}, 403, "at most 600 s"),
    (KEY, {"expires_at": None}, 403, "at most 600 s"),
    (KEY, {"room": ""}, 400, "room"),
    (KEY, {"capabilities": ["subscribe"]}, 403, "no_join"),
    (KEY, {"claims": {"sub": "root"}}, 400, "unknown field"),
    (KEY, {"issued_at": 1900000000}, 400, "unknown field"),
    (KEY, {"identity": 5}, 400, "not text"),
    (NARROW, {"room": "lounge"}, 403, "for this room"),
    (NARROW, {"identity": "bob"}, 403, "for this identity"),
]


def check_all(joingate, path, port):
    status, reply = ask(port, GOOD)
    assert status == 200 and reply["expires_at"] == world.NOW + 600, reply
    verdict, = world.verify(joingate, path, [{"token": reply["token"]}])
    assert verdict["verdict"] == "admit" and verdict["identity"] == "ann" and verdict["room"] == "lobby-1", verdict
    status, reply = ask(port, {**GOOD, "ttl": 60}, key=NARROW)
    assert status == 200 and reply["expires_at"] == world.NOW + 60, reply
    status, reply = ask(port, AGORA)
    assert status == 200, reply
    status, reply = ask(port, OPENTOK)
    assert status == 200, reply
    status, reply = ask(port, {"vendor": "stream", "identity": "john"})
    assert status == 200 and reply["expires_at"] == world.NOW + 600, reply

    for key, change, status, words in REFUSED:
        got, reply = ask(port, {**GOOD, **change}, key=key)
        assert got == status and words in reply["error"], (change, got, reply)
    # A wildcard would let anybody in as anybody.
    for change in ({"room": "*"}, {"identity": ""}, {"identity": "ann*"}):
        got, reply = ask(port, {**AGORA, "identity": "ann", **change}, key=NARROW)
        assert got == 403, (change, reply)
    assert ask(port, {**OPENTOK, "role": "moderator"})[0] == 403
    assert ask(port, {"vendor": "stream", "identity": "john", "type": "development"})[0] in (400, 403)
    assert ask(port, {"vendor": "stream", "type": "server"})[0] in (400, 403)

    for key in (None, "", KEY[:-1], KEY + "0", "x" * len(KEY)):
        assert ask(port, GOOD, key=key)[0] == 401
    assert ask(port, GOOD, method="GET")[0] == 405
    assert ask(port, GOOD, path="/")[0] == 404
    assert ask(port, b"")[0] == 400
    assert ask(port, b"{")[0] == 400
    assert ask(port, b"\xff" * 100)[0] == 400
    assert ask(port, b"x" * 65536)[0] == 400
    assert ask(port, b"x" * 65537)[0] == 413
    # Half a request holds nothing up.
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /token HTTP/1.1\r\n")
        assert ask(port, GOOD)[0] == 200


def main():
    joingate = sys.argv[1]
    config = world.config()
    port = free_port()
    config["token_server"] = {"listen": f"127.0.0.1:{port}", "callers": [
        {"id": "web", "key": KEY, "apps": ["livekit:APIx", "agora:*", "stream:*", "opentok:*"], "max_ttl": 600},
        {"id": "narrow", "key": NARROW, "apps": ["*"], "rooms": ["lobby-?", "x*y"], "identities": ["ann*"]}]}
    # With it, unsigned tokens would be admitted; they are still not given out.
    config["apps"][2]["policy"] = {"auth_checks": False}
    # The vendor's own servers know of no policy: what it denies is still not handed out.
    for app in (config["apps"][0], config["apps"][3]):
        app["policy"] = {"deny": ["room_admin", "force_disconnect", "force_unpublish", "force_mute", "hidden"]}
    with tempfile.TemporaryDirectory() as folder:
        path = world.write(folder, config)
        server = subprocess.Popen([joingate, "token-server", "--config", path, "--now", str(world.NOW)],
                                  stderr=subprocess.PIPE, text=True)
        try:
            assert "listening" in server.stderr.readline()
            check_all(joingate, path, port)
            second = world.run(joingate, "token-server", "--config", path)
            assert second.returncode == 2 and "cannot listen" in second.stderr, second
        finally:
            server.send_signal(signal.SIGTERM)
            errors = server.stderr.read()
            assert server.wait(timeout=20) == 0
        assert not any(secret in errors for secret in world.SECRETS + [KEY, NARROW])
        path = world.write(folder, world.config())
        done = world.run(joingate, "token-server", "--config", path)
        assert done.returncode == 2 and "callers" in done.stderr, done


if __name__ == "__main__":
    main()
