#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""haproxy.py FILE [ROUNDS]: what HAProxy's jwt_verify costs a token; FILE is one of bench_core -d.

HAProxy verifies within HTTP requests only. One thread of it answers two frontends, over UNIX sockets,
that read the token from a header; one of them calls jwt_verify. The figure is the difference of
the CPU time that the process spends on a request of each, measured in turns: its own clock, so that
this client's pace does not matter. It is the signature alone: neither claims nor times are looked at.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

REQUESTS = 1000  # a sample
FLYING = 50  # pipelined at once

CONFIG = """
global
    nbthread 1
defaults
    mode http
    timeout client 1m
    timeout server 1m
    timeout connect 1s
    option http-keep-alive
frontend without
    bind {without}
    http-request set-var(txn.token) req.hdr(x-token)
    http-request return status 200
frontend with
    bind {with_}
    http-request set-var(txn.token) req.hdr(x-token)
    http-request return status 200 if {{ var(txn.token),jwt_verify("HS256","{secret}") -m int 1 }}
    http-request return status 401
"""


def cpu_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0])


def connect(path):
    for _ in range(500):
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            return connection
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"haproxy.py: nobody listens on {path}")


def ask(connection, requests):
    """Number of answers with status 200."""
    good = 0
    for at in range(0, len(requests), FLYING):
        batch = requests[at:at + FLYING]
        connection.sendall(b"".join(batch))
        answers = b""
        while answers.count(b"\r\n\r\n") < len(batch):
            more = connection.recv(1 << 16)
            if not more:
                raise SystemExit("haproxy.py: HAProxy closed the connection")
            answers += more
        good += answers.count(b"HTTP/1.1 200")
    return good


def measure(pid, connection, requests):
    before = cpu_ns(pid)
    if ask(connection, requests) != len(requests):
        raise SystemExit("haproxy.py: a good token was refused")
    return (cpu_ns(pid) - before) / len(requests)


def run(folder, tokens, secret, rounds):
    paths = {name: os.path.join(folder, name) for name in ("without", "with")}
    config = os.path.join(folder, "haproxy.cfg")
    with open(config, "w", encoding="utf-8") as f:
        f.write(CONFIG.format(without=paths["without"], with_=paths["with"], secret=secret))
    with subprocess.Popen(["haproxy", "-q", "-db", "-f", config]) as server:
        try:
            connections = {name: connect(path) for name, path in paths.items()}
            requests = [f"GET / HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\n\r\n".encode()
                        for token in tokens[:REQUESTS]]
            broken = [requests[0].replace(b"\r\n\r\n", b"A\r\n\r\n")]
            if ask(connections["with"], broken) != 0 or ask(connections["without"], broken) != 1:
                raise SystemExit("haproxy.py: a broken signature was accepted")
            samples = {"without": [], "with": []}
            for _ in range(rounds):
                for name, connection in connections.items():
                    samples[name].append(measure(server.pid, connection, requests))
            for connection in connections.values():
                connection.close()
        finally:
            server.terminate()
    return {name: sorted(values) for name, values in samples.items()}


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        lines = f.read().split("\n")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    with tempfile.TemporaryDirectory() as folder:
        samples = run(folder, [line for line in lines[1:] if line], lines[0].split()[1], rounds)
    plain, jwt = samples["without"], samples["with"]
    print(json.dumps({"bench": "peer", "who": "HAProxy jwt_verify, signature only", "best_ns": jwt[0] - plain[0],
                      "median_ns": jwt[rounds // 2] - plain[rounds // 2], "request_ns": jwt[0],
                      "request_without_ns": plain[0]}))


if __name__ == "__main__":
    main()
