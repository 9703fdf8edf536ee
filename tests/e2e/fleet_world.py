# SPDX-License-Identifier: BSD-3-Clause
"""Three etcd nodes and some gates, each in a network namespace of its own on a bridge.

     etcd 0 .. etcd 2        gate 0 .. gate N          this test: 10.9.0.254
    10.9.0.1 .. 10.9.0.3   10.9.0.10 ..  |                |
        |          |           |         |                |
     ===+==========+===========+=========+=== near =======+=== (or far: cut off from near)
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from control_client import Host, app, settled


def enter(*tools):
    """Run this script again in namespaces of its own, as _init.sh does for shell scripts."""
    for tool in ("ip", "nsenter", "unshare", "etcd") + tools:
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is missing")
            sys.exit(77)
    if "JG_E2E_INSIDE" in os.environ:
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        ip("link", "set", "lo", "up")
        return
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.getuid() != 0:
        command += ["--user", "--map-root-user"]
    if subprocess.run(command + ["true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("SKIP: namespaces are not allowed here")
        sys.exit(77)
    os.environ["JG_E2E_INSIDE"] = "1"
    os.execvp("unshare", command + [sys.executable] + sys.argv)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Network:
    """Namespaces on a bridge; cut() takes one off it, join() brings it back."""

    def __init__(self):
        self.holders = {}
        for bridge in ("near", "far"):
            ip("link", "add", bridge, "type", "bridge")
            ip("link", "set", bridge, "up")
        ip("addr", "add", "10.9.0.254/24", "dev", "near")

    def add(self, name, address):
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.holders[name] = holder
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == ours:
            time.sleep(0.001)
        ip("link", "add", name, "type", "veth", "peer", "name", "up0", "netns", str(holder.pid))
        ip("link", "set", name, "master", "near", "up")
        inside = self.inside(name)
        for command in (["link", "set", "lo", "up"], ["addr", "add", address + "/24", "dev", "up0"],
                        ["link", "set", "up0", "up"]):
            subprocess.run(inside + ["ip"] + command, check=True)

    def inside(self, name):
        return ["nsenter", "--target", str(self.holders[name].pid), "--net"]

    def cut(self, *names):
        for name in names:
            ip("link", "set", name, "down")

    def far(self, *names):
        for name in names:
            ip("link", "set", name, "master", "far")

    def join(self, *names):
        for name in names:
            ip("link", "set", name, "master", "near", "up")


class Etcd:
    """Three members, started, killed, brought back from a copy of an earlier day."""

    def __init__(self, folder, network):
        self.folder = folder
        self.network = network
        self.nodes = [None] * 3
        for i in range(3):
            network.add(f"etcd{i}", self.address(i))

    @staticmethod
    def address(i):
        return f"10.9.0.{i + 1}"

    def urls(self):
        return [f"http://{self.address(i)}:2379" for i in range(3)]

    def data(self, i):
        return os.path.join(self.folder, f"etcd{i}")

    def start(self, i):
        cluster = ",".join(f"n{k}=http://{self.address(k)}:2380" for k in range(3))
        with open(self.data(i) + ".log", "a", encoding="utf-8") as log:
            self.nodes[i] = subprocess.Popen(
                self.network.inside(f"etcd{i}") +
                ["etcd", "--name", f"n{i}", "--data-dir", self.data(i),
                 "--listen-client-urls", f"http://{self.address(i)}:2379",
                 "--advertise-client-urls", f"http://{self.address(i)}:2379",
                 "--listen-peer-urls", f"http://{self.address(i)}:2380",
                 "--initial-advertise-peer-urls", f"http://{self.address(i)}:2380",
                 "--initial-cluster", cluster, "--heartbeat-interval", "50",
                 "--election-timeout", "500", "--unsafe-no-fsync"],
                stdout=log, stderr=log)

    def start_all(self):
        for i in range(3):
            self.start(i)
        self.wait()

    def stop(self, i):
        self.nodes[i].kill()
        self.nodes[i].wait()

    def stop_all(self):
        for i in range(3):
            if self.nodes[i] is not None:
                self.stop(i)

    def copy(self, name):
        for i in range(3):
            shutil.copytree(self.data(i), self.data(i) + name)

    def restore(self, name):
        for i in range(3):
            shutil.rmtree(self.data(i))
            os.rename(self.data(i) + name, self.data(i))

    def call(self, method, body, i=0):
        request = urllib.request.Request(f"{self.urls()[i]}/v3/{method}",
                                         json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.load(reply)

    def put(self, key, value):
        self.call("kv/put", {"key": base64.b64encode(key.encode()).decode(),
                             "value": base64.b64encode(value).decode()})

    def keys(self, folder):
        found = self.call("kv/range", {
            "key": base64.b64encode(folder.encode()).decode(),
            "range_end": base64.b64encode(folder[:-1].encode() + b"0").decode(), "keys_only": True})
        return [base64.b64decode(kv["key"]).decode() for kv in found.get("kvs", [])]

    def delete(self, key):
        self.call("kv/deleterange", {"key": base64.b64encode(key.encode()).decode()})

    def get(self, key):
        kvs = self.call("kv/range", {"key": base64.b64encode(key.encode()).decode()}).get("kvs")
        return base64.b64decode(kvs[0]["value"]) if kvs else None

    def wait(self):
        for _ in range(600):
            try:
                self.call("kv/range", {"key": "AA=="})
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("etcd does not start")

    def leader(self):
        for attempt in range(600):
            try:
                status = self.call("maintenance/status", {}, attempt % 3)
            except OSError:
                continue
            # In an election there is none.
            if status.get("leader") == status["header"]["member_id"]:
                return attempt % 3
            time.sleep(0.02)
        raise RuntimeError("no leader")


class Gate(Host):
    """A gate of the fleet in a namespace of its own."""

    def __init__(self, program, folder, network, etcd, number, times=None, state=None, **store):
        """times: of store.etcd, where the usual ones are too long for a test; state: of the
        configuration, to seed with."""
        self.name = f"gate{number}"
        network.add(self.name, f"10.9.0.{number + 10}")
        urls = etcd.urls()
        settings = {"sqlite": os.path.join(folder, self.name + ".db"),
                    "etcd": {"endpoints": urls[number % 3:] + urls[:number % 3],
                             "insecure": True, "fleet_key_file": key_file(folder),
                             **(times or {})}}
        settings.update(store)
        super().__init__(program, folder, self.name, inside=network.inside(self.name),
                         **(state or {"apps": [app("stream", "k")]}), store=settings)

    def store(self):
        return self.ask(command="status")["store"]

    def cut_offs(self):
        listed = self.ask(command="cut_offs", app="k", limit=100000)["list"]
        return {c["user"]: c["before"] for c in listed}

    def revoke_once(self, user, before, **more):
        return self.ask(command="revoke", scope="user", app="k", user=user, before=before, **more)

    def revoke(self, user, before, **more):
        return settled(lambda: self.revoke_once(user, before, **more))

    def rotate(self, secret_id, **more):
        """Add a secret. Where etcd did not answer in time it is asked for again until it is there,
        which it may be from the first time."""
        codes = []
        while True:
            reply = self.ask(command="rotate", verb="add", app="k", secret_id=secret_id,
                             secret="not-a-secret-" * 3, **more)
            codes.append(reply.get("code"))
            unknown = "unavailable" in codes
            if unknown and codes[-1] == "exists":
                return {**reply, "ok": True}
            if reply["ok"] or not unknown or len(codes) > 20:
                return reply

    def secrets(self):
        shown = self.ask(command="rotate", verb="show", app="k")
        return {s["id"] for s in shown["secrets"]}

    def apps(self):
        return {a["app"] for a in self.ask(command="app", verb="list")["apps"]}

    def tail(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()[-3000:]


def key_file(folder):
    path = os.path.join(folder, "fleet.key")
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write("not-a-fleet-key-" * 3)
    return path


def until(what, check, seconds=60):
    begin = time.monotonic()
    while not check():
        assert time.monotonic() - begin < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    print(f"{what}: {time.monotonic() - begin:.2f} s", flush=True)


def converge(what, gates, expected):
    until(what, lambda: all(g.cut_offs() == expected for g in gates))


def nodes(gate):
    listed = settled(lambda: gate.ask(command="node", verb="list"))
    return {n["node"]: n for n in listed["nodes"]}


def stop(gates):
    """Together: each may have to wait for an answer of etcd's."""
    with ThreadPoolExecutor(len(gates) or 1) as pool:
        for done in [pool.submit(gate.stop) for gate in gates]:
            done.result()


def run(program, count, test, **store):
    """A fleet for a test function test(etcd, network, gates, folder)."""
    with tempfile.TemporaryDirectory(prefix="joingate-fleet-") as folder:
        network = Network()
        etcd = Etcd(folder, network)
        gates = []
        try:
            etcd.start_all()
            for number in range(count):
                known = set(nodes(gates[0])) if gates else set()
                gate = Gate(program, folder, network, etcd, number, **store)
                gates.append(gate.start().seeded())
                while not (new := set(nodes(gates[0])) - known):
                    time.sleep(0.02)
                gate.own = new.pop()
            test(etcd, network, gates, folder)
        except BaseException:
            for gate in gates:
                print(gate.name, gate.tail(), flush=True)
            raise
        finally:
            stop(gates)
            etcd.stop_all()
