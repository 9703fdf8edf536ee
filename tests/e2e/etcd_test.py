#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A fleet of gates over three etcd nodes on loopback.

     etcd a -- etcd b -- etcd c          (leader killed, compaction while a gate is away)
       |         |         |
     gate 0 .. gate N (control_host)     (an operator on each side)

No acknowledged revocation may be lost, every gate must converge, and a gate that is cut off must never
be counted as done. Usage: etcd_test.py PROGRAM [GATES]; exits 77 without etcd.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from control_client import Host, app


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Etcd:
    def __init__(self, folder):
        self.folder = folder
        self.ports = [(free_port(), free_port()) for _ in range(3)]
        self.nodes = [None] * 3

    def start(self, i):
        cluster = ",".join(f"n{k}=http://127.0.0.1:{p}" for k, (_, p) in enumerate(self.ports))
        client, peer = self.ports[i]
        log = open(os.path.join(self.folder, f"etcd{i}.log"), "a", encoding="utf-8")
        self.nodes[i] = subprocess.Popen(
            ["etcd", "--name", f"n{i}", "--data-dir", os.path.join(self.folder, f"etcd{i}"),
             "--listen-client-urls", f"http://127.0.0.1:{client}",
             "--advertise-client-urls", f"http://127.0.0.1:{client}",
             "--listen-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-cluster", cluster, "--heartbeat-interval", "50",
             "--election-timeout", "500", "--unsafe-no-fsync"],
            stdout=log, stderr=log)

    def urls(self):
        return [f"http://127.0.0.1:{client}" for client, _ in self.ports]

    def call(self, i, method, body):
        request = urllib.request.Request(f"{self.urls()[i]}/v3/{method}",
                                         json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    def wait(self):
        for _ in range(300):
            try:
                self.call(0, "kv/range", {"key": "AA=="})
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("etcd does not start")

    def leader(self):
        for i in range(3):
            status = self.call(i, "maintenance/status", {})
            if status["leader"] == status["header"]["member_id"]:
                return i
        raise RuntimeError("no leader")

    def stop(self):
        for node in self.nodes:
            if node is not None:
                node.kill()
                node.wait()


def cut_offs(gate):
    listed = gate.ask(command="cut_offs", app="k", limit=100000)["list"]
    return {c["user"]: c["before"] for c in listed}


def revoke(gate, user, before, **more):
    return gate.ask(command="revoke", scope="user", app="k", user=user, before=before, **more)


def until(what, check, seconds=30):
    begin = time.monotonic()
    while not check():
        assert time.monotonic() - begin < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    print(f"{what}: {time.monotonic() - begin:.2f} s")


def converged(gates, expected):
    return lambda: all(cut_offs(g) == expected for g in gates)


def operators(gates, expected):
    """One operator on each gate, users of their own, and one app that all fight for."""
    outcomes = []

    def run(number, gate):
        for i in range(10):
            reply = revoke(gate, f"op{number}-{i}", 100 + i)
            assert reply["ok"], reply
            reply = gate.ask(command="rotate", verb="add", app="k",
                             secret_id=f"s{number}-{i}", secret="not-a-secret-" * 3)
            outcomes.append((f"s{number}-{i}", reply))

    threads = [threading.Thread(target=run, args=(n, g)) for n, g in enumerate(gates)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for n in range(len(gates)):
        expected.update({f"op{n}-{i}": 100 + i for i in range(10)})
    good = {name for name, reply in outcomes if reply["ok"]}
    bad = {reply["code"] for _, reply in outcomes if not reply["ok"]}
    assert bad <= {"conflict"}, bad
    print(f"rotations of {len(gates)} operators at once: {len(good)} done, "
          f"{len(outcomes) - len(good)} told of the conflict")
    return good


def secrets(gate):
    shown = gate.ask(command="rotate", verb="show", app="k")
    return {s["id"] for s in shown["secrets"]}


def test(etcd, gates):
    expected = {}
    reply = revoke(gates[0], "john", 5, fleet=True, wait=20)
    assert reply["ok"] and len(reply["nodes"]) == len(gates), reply
    print(f"in force on {len(gates)} gates after {reply['took_ms']:.1f} ms")
    expected["john"] = 5
    assert converged(gates, expected)(), "fleet said in force, but it is not everywhere"

    good = operators(gates[:3], expected)
    until("converged", converged(gates, expected))
    until("secrets converged", lambda: all(secrets(g) == good | {"a"} for g in gates))

    stored = subprocess.run(["grep", "-c", "not-a-secret", "-r", etcd.folder, "--include=*.snap",
                             "--include=*.wal", "--include=db"], capture_output=True, text=True,
                            check=False).stdout
    assert not any(line.rsplit(":", 1)[1] != "0" for line in stored.splitlines()), stored

    away = gates[-1]
    away.process.send_signal(signal.SIGSTOP)
    reply = revoke(gates[0], "jane", 6, fleet=True, wait=3)
    assert reply["code"] == "not_in_force" and len(reply["nodes"]) == len(gates), reply
    assert reply["in_force"], reply
    print(f"a gate that is away is named: {reply['error']}")
    expected["jane"] = 6
    revision = gates[0].ask(command="status")["store"]["revision"]
    etcd.call(0, "kv/compaction", {"revision": str(revision), "physical": True})
    away.process.send_signal(signal.SIGCONT)
    until("back after a compaction", converged(gates, expected))

    leader = etcd.leader()
    etcd.nodes[leader].kill()
    etcd.nodes[leader].wait()
    done = 0
    for i in range(60):
        reply = revoke(gates[i % len(gates)], f"late-{i}", 7)
        if reply["ok"]:
            expected[f"late-{i}"] = 7
            done += 1
        elif reply["code"] in ("not_in_force", "unavailable"):
            # Its outcome is not known: settle it.
            until("settled", lambda i=i: revoke(gates[0], f"late-{i}", 7)["ok"])
            expected[f"late-{i}"] = 7
        else:
            raise AssertionError(reply)
    print(f"leader killed: {done} of 60 changes at the first try, none lost")
    until("converged without the old leader", converged(gates, expected))

    gates[1].kill()
    gates[1].start()
    until("a restarted gate has all", converged(gates, expected))
    forget(gates, expected)


def forget(gates, expected):
    """A gate that is gone holds up every command for the fleet until it is forgotten."""
    names = {n["node"] for n in gates[0].ask(command="node", verb="list")["nodes"]}
    assert len(names) == len(gates), names
    gone = gates[-1]
    gone.kill()
    reply = revoke(gates[0], "gone", 8, fleet=True, wait=2)
    expected["gone"] = 8
    assert reply["code"] == "not_in_force", reply
    behind = [n["node"] for n in reply["nodes"] if n["state"] not in ("in force", "fenced")]
    assert len(behind) == 1 and behind[0] in reply["error"], reply
    reply = gates[0].ask(command="node", verb="forget", node="no-such-node")
    assert not reply["ok"] and "no-such-node" in reply["error"], reply
    reply = gates[0].ask(command="node", verb="forget", node=behind[0])
    assert reply["ok"], reply
    reply = revoke(gates[0], "gone", 9, fleet=True, wait=20)
    expected["gone"] = 9
    assert reply["ok"] and behind[0] not in {n["node"] for n in reply["nodes"]}, reply
    gone.start()
    until("a forgotten gate that comes back has all", converged(gates, expected))


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    if shutil.which("etcd") is None:
        print("etcd is not installed (apt-get install etcd-server)")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="joingate-etcd-") as folder:
        key = os.path.join(folder, "fleet.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write("not-a-fleet-key-" * 3)
        etcd = Etcd(folder)
        gates = []
        try:
            for i in range(3):
                etcd.start(i)
            etcd.wait()
            for i in range(count):
                store = {"sqlite": os.path.join(folder, f"gate{i}.db"),
                         "etcd": {"endpoints": etcd.urls()[i % 3:] + etcd.urls()[:i % 3],
                                  "insecure": True, "fleet_key_file": key}}
                gates.append(Host(program, folder, f"gate{i}", apps=[app("stream", "k")],
                                  store=store).start())
            test(etcd, gates)
        except BaseException:
            for i in range(count):
                path = os.path.join(folder, f"gate{i}.log")
                if os.path.exists(path):
                    print(f"gate {i}:", open(path, encoding="utf-8").read()[-2000:])
            raise
        finally:
            for gate in gates:
                gate.stop()
            etcd.stop()
    print("fleet: holds")


if __name__ == "__main__":
    main()
