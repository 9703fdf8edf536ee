#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An etcd that answers nonsense, or very slowly.

     gate (control_host) -- liar -- etcd on loopback

The liar relays, or answers as no etcd would. The gate must say what is wrong, keep its state and its
memory, and go on as soon as the truth is told. What gates give back to an etcd of an older day must not take
the place of anything newer. Usage: etcd_nonsense_test.py PROGRAM; 77 without etcd.
"""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from control_client import Host, app, free_port, settled

LIARS = 5
TIMES = {"timeout": 600, "lease": 2}  # of store.etcd: most of the test is waiting for them
PATIENT = {"timeout": 60000}  # who is overtaken does not give up meanwhile
MEMORY_MAX = 64 << 20  # that a gate may take more than before the lies; a sanitizer keeps books beside


def reply(body, status="200 OK", more=""):
    body = body.encode() if isinstance(body, str) else body
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Liar:
    def __init__(self, etcd):
        self.etcd = etcd
        self.mode = "honest"
        self.faster = None  # called once, right before a transaction whose keys are such
        self.overtakes = None
        self.open = set()
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def tell(self, mode):
        """From now on; what is open is closed."""
        with self.lock:
            self.mode = mode
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open.clear()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            with self.lock:
                self.open.add(client)
                mode = self.mode
            threading.Thread(target=self.serve, args=(client, mode), daemon=True).start()

    def serve(self, client, mode):
        try:
            if mode == "honest":
                self.relay(client)
            else:
                self.lie(client, mode)
        except (OSError, ValueError, urllib.error.URLError):
            pass
        finally:
            client.close()

    def relay(self, client):
        upstream = socket.create_connection(("127.0.0.1", self.etcd))
        with self.lock:
            self.open.add(upstream)

        def copy(a, b):
            try:
                while data := a.recv(1 << 16):
                    if a is client:
                        self.overtake(data)
                    b.sendall(data)
            except OSError:
                pass
            for s in (a, b):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
        back.start()
        copy(client, upstream)
        back.join()
        upstream.close()

    def overtake(self, data):
        if self.faster is None or b"/kv/txn" not in data:
            return
        puts = [o["request_put"] for o in json.loads(data.split(b"\r\n\r\n", 1)[1])["success"]
                if "request_put" in o]
        keys = [base64.b64decode(put["key"]) for put in puts]
        if self.overtakes(keys):
            faster, self.faster = self.faster, None
            faster()

    def ask(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.etcd}{path}", body)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def lie(self, client, mode):
        file = client.makefile("rb")
        while True:
            if not (request := file.readline()):
                return
            path = request.split()[1].decode()
            length = 0
            while (line := file.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = file.read(length)
            if mode in ("base64", "backwards", "types"):
                answer = {"result": {"header": {"revision": "1"}, "created": True}} \
                    if path.endswith("watch") else self.ask(path, body)
                client.sendall(reply(json.dumps(twist(answer, mode)) + "\n"))
            elif mode in ANSWERS:
                client.sendall(ANSWERS[mode])
            elif mode == "endless":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n{\"kvs\":[")
                while True:
                    client.sendall(b'{"key":"AAAA"},' * 4096)
            elif mode == "headers":
                client.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    client.sendall(b"X-Nonsense: " + b"x" * 1000 + b"\r\n")
            elif mode == "drip":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n{")
                while True:
                    client.sendall(b" ")
                    time.sleep(0.3)
            elif mode == "silent":
                time.sleep(3600)
            else:
                raise ValueError(mode)


ANSWERS = {
    "html": reply("<html><body>It works!</body></html>\n"),
    "error": reply('{"error":"etcdserver: mvcc: database space exceeded","code":8}\n',
                   "500 Internal Server Error"),
    "nothing": reply("{}\n"),
    "half": reply('{"header":{"revision":"12"},"kvs":[{"key":"'),
    "list": reply("[1,2,3]\n"),
    "deep": reply(b"[" * 300000 + b"\n"),
    "redirect": reply("", "302 Found", "Location: http://127.0.0.1:1/\r\n"),
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
}

# What the gate must say of each.
MODES = {
    "html": ["no JSON object"],
    "error": ["database space exceeded"],
    "nothing": ["nonsense"],
    "half": ["no JSON object"],
    "list": ["no JSON object"],
    "deep": ["no JSON object"],
    "redirect": ["answers 302"],
    "no http": ["HTTP/0.9"],
    "base64": ["nonsense"],
    "types": ["nonsense"],
    "backwards": ["gone back"],
    "endless": ["larger than", "timed out"],
    "headers": ["timed out", "header"],
    "drip": ["timed out"],
    "silent": ["timed out"],
}


def twist(value, mode):
    """A true answer with something wrong in it."""
    if isinstance(value, dict):
        return {k: twist_member(k, v, mode) for k, v in value.items()}
    return [twist(v, mode) for v in value] if isinstance(value, list) else value


def twist_member(name, value, mode):
    if mode == "base64" and name in ("key", "value"):
        return value[:-1] + "!"
    if mode == "backwards" and name in ("revision", "mod_revision"):
        return "1"
    if mode == "types" and not isinstance(value, (dict, list)):
        return [value]
    return twist(value, mode)


def memory(gate):
    with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmRSS"))


def sanitized():
    with open(sys.argv[1], "rb") as f:
        return b"__tsan_init" in f.read()


def cut_offs(gate):
    return {c["user"]: c["before"] for c in
            gate.ask(command="cut_offs", app="k", limit=1000)["list"]}


def revoke(gate, user, before, wait=20):
    return gate.ask(command="revoke", scope="user", app="k", user=user, before=before, fleet=True,
                    wait=wait)


def until(what, check):
    end = time.monotonic() + 60
    while not (result := check()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return result


def lies(gate, liar, modes):
    expected = {"john": 50}
    assert settled(lambda: revoke(gate, "john", 50))["ok"]
    secrets = gate.ask(command="rotate", verb="show", app="k")["secrets"]
    before = memory(gate)
    for number, mode in enumerate(modes):
        liar.tell(mode)
        answer = revoke(gate, "john", 1, wait=1)  # older than what is there: must change nothing
        assert not answer["ok"] and answer["error"], answer

        def said():
            trouble = gate.ask(command="status")["store"]["trouble"] or ""
            return trouble if any(w in trouble for w in MODES[mode]) else None

        trouble = until(f"{mode}: {MODES[mode]}", said)
        grown = memory(gate) - before
        assert grown < MEMORY_MAX or sanitized(), f"{mode}: {grown >> 20} MiB more"
        print(f"{mode}: {answer['code']}; {trouble}", flush=True)
        # Where only the answers are twisted the request had its effect, but is not known to.
        assert mode in ("backwards", "base64", "types") or cut_offs(gate) == expected, mode
        liar.tell("honest")
        until("contact again", lambda n=number: revoke(gate, "john", 51 + n)["ok"])
        expected["john"] = 51 + number
        until("nothing is wrong any more",
              lambda: not gate.ask(command="status")["store"]["trouble"])
        assert cut_offs(gate) == expected, (mode, cut_offs(gate))
        assert gate.ask(command="rotate", verb="show", app="k")["secrets"] == secrets
    liar.tell("silent")
    until("staleness is shown", lambda: gate.ask(command="status")["store"]["stale_s"] > TIMES["lease"])
    gate.kill()
    gate.start()
    assert cut_offs(gate) == expected, "the last state is gone"


def start_etcd(folder, port):
    url, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
    with open(folder + ".log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            ["etcd", "--data-dir", folder, "--listen-client-urls", url, "--advertise-client-urls", url,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
             f"default={peer}", "--unsafe-no-fsync"], stdout=log, stderr=log)


def stop_etcd(etcd):
    etcd.kill()
    etcd.wait()


def below(part, keys):
    return any(part in key for key in keys)


def make_gate(folder, key, liar, name, apps=("k",), cut_offs=(), fleet=None, **times):
    return Host(sys.argv[1], folder, name, apps=[app("stream", k) for k in apps],
                cut_offs=list(cut_offs), store={
        "sqlite": os.path.join(folder, f"{name}.db"),
        "etcd": {"endpoints": [f"http://127.0.0.1:{liar.port}"], "insecure": True,
                 "fleet_key_file": key, "prefix": f"/{fleet or name}/", **TIMES, **times}})


def user(name, before):
    return {"vendor": "stream", "app": "k", "scope": "user", "user": name, "before": before}


def put_cut_offs(liar, gate, **users):
    """As another gate of the same fleet does it."""
    other = {"list": [user(name, before) for name, before in users.items()]}
    body = {"key": base64.b64encode(f"/{gate}/s/c/other".encode()).decode(),
            "value": base64.b64encode(json.dumps(other).encode()).decode()}
    liar.ask("/v3/kv/put", json.dumps(body).encode())


def overtaken(folder, key, gates):
    """An etcd of an older day, and another gate that is faster: its operator revokes anew, and it gives back
    something older than this gate has."""
    port = free_port()
    data = os.path.join(folder, "old-etcd")
    etcd = start_etcd(data, port)
    try:
        liar = Liar(port)
        gate = make_gate(folder, key, liar, "slow")
        gates.append(gate)
        gate.start().seeded()
        assert settled(lambda: revoke(gate, "joe", 49))["ok"]
        stop_etcd(etcd)
        shutil.copytree(data, data + "-copy")
        etcd = start_etcd(data, port)
        assert settled(lambda: revoke(gate, "jane", 50))["ok"]
        assert settled(lambda: revoke(gate, "jack", 60))["ok"]
        stop_etcd(etcd)
        shutil.rmtree(data)
        os.rename(data + "-copy", data)

        # An operator's change has a line of the audit beside it; what is given back has none.
        liar.overtakes = lambda keys: below(b"/s/c/", keys) and not below(b"/a/", keys)
        liar.faster = lambda: put_cut_offs(liar, "slow", jane=77, jack=20)
        etcd = start_etcd(data, port)
        until("something is given back", lambda: liar.faster is None)
        until("what the other revoked", lambda: cut_offs(gate).get("jane") == 77)
        until("all is given back", lambda: not gate.ask(command="status")["store"]["trouble"])
        # The next change is told behind whatever was given back.
        assert settled(lambda: revoke(gate, "jill", 51))["ok"]
        assert cut_offs(gate) == {"joe": 49, "jane": 77, "jack": 60, "jill": 51}, cut_offs(gate)
    finally:
        stop_etcd(etcd)


def overtaken_seeding(folder, key, gates, port):
    """A fleet's first state, and another gate's operator who revokes while it is written."""
    liar = Liar(port)
    gate = make_gate(folder, key, liar, "first", cut_offs=[user("john", 5), user("jim", 6)], **PATIENT)
    gates.append(gate)
    liar.overtakes = lambda keys: below(b"/s/c/", keys) and below(b"/s/r/", keys)
    liar.faster = lambda: put_cut_offs(liar, "first", john=77)
    gate.start()
    until("it was overtaken", lambda: liar.faster is None)
    gate.seeded()
    # The next change is told behind whatever was written before.
    assert settled(lambda: revoke(gate, "jill", 51))["ok"]
    assert cut_offs(gate) == {"john": 77, "jim": 6, "jill": 51}, cut_offs(gate)


def outrun_seeding(folder, key, gates, port):
    """Two gates begin to seed one fleet, and the slower one's file is not today's: it adds nothing."""
    liar, honest = Liar(port), Liar(port)
    slow = make_gate(folder, key, liar, "stale", apps=("gone",), fleet="two", **PATIENT)
    fast = make_gate(folder, key, honest, "today", cut_offs=[user("jim", 6)], fleet="two")
    gates += [slow, fast]
    liar.overtakes = lambda keys: below(b"/s/r/", keys)
    liar.faster = lambda: fast.start().seeded()
    slow.start().seeded()
    assert liar.faster is None
    time.sleep(0.5)
    mark = {"key": base64.b64encode(b"/two/s/seed").decode()}
    assert "kvs" not in liar.ask("/v3/kv/range", json.dumps(mark).encode()), "begun anew"
    assert settled(lambda: revoke(fast, "jill", 51))["ok"]
    for gate in (fast, slow):
        until("both have the same", lambda g=gate: cut_offs(g) == {"jim": 6, "jill": 51})
        apps = [a["app"] for a in gate.ask(command="app", verb="list")["apps"]]
        assert apps == ["k"], apps


def main():
    if shutil.which("etcd") is None:
        print("SKIP: etcd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="joingate-nonsense-") as folder:
        key = os.path.join(folder, "fleet.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write("not-a-fleet-key-" * 3)
        port = free_port()
        etcd = start_etcd(os.path.join(folder, "etcd"), port)
        gates = []

        def some(number):
            """A gate and a liar of its own for some of the lies: most of the time is waiting."""
            liar = Liar(port)
            gate = make_gate(folder, key, liar, f"gate{number}")
            gates.append(gate)
            lies(gate.start().seeded(), liar, list(MODES)[number::LIARS])

        try:
            with ThreadPoolExecutor(LIARS + 3) as pool:
                parts = [pool.submit(some, number) for number in range(LIARS)]
                parts.append(pool.submit(overtaken, folder, key, gates))
                parts.append(pool.submit(overtaken_seeding, folder, key, gates, port))
                parts.append(pool.submit(outrun_seeding, folder, key, gates, port))
                for done in parts:
                    done.result()
        except BaseException:
            for gate in gates:
                with open(gate.log.name, encoding="utf-8") as f:
                    print(f.read()[-3000:], flush=True)
            raise
        finally:
            for gate in gates:
                gate.stop()
            stop_etcd(etcd)
    print("nonsense: changes nothing")


if __name__ == "__main__":
    main()
