#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""etcd with TLS, client certificates and users: what a gate accepts, and what it says of the rest.

     gate (control_host) -- https, user and password -- etcd on a free port of loopback

Usage: etcd_tls_test.py PROGRAM; exits 77 without etcd or openssl.
"""
import base64
import itertools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from control_client import Host, app, free_port, settled

PASSWORD = "not-a-password-not-a-password"
TOKEN_S = 2  # life of a login
TIMEOUT_MS = 1000  # store.etcd.timeout: a gate that is refused waits for that before it goes on


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """Certificates of a CA of our own."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self.serials = itertools.count(1)
        self.cert = self.path(name + ".pem")
        self.key = self.path(name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.cert, "-days", "2", "-subj", "/CN=" + name)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, days="2", hosts="IP:127.0.0.1"):
        key, request, cert = self.path(name + ".key"), self.path(name + ".csr"), \
            self.path(name + ".pem")
        extensions = self.path(name + ".ext")
        with open(extensions, "w", encoding="utf-8") as f:
            f.write(f"subjectAltName={hosts}\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-set_serial", str(next(self.serials)), "-out", cert, "-days", days, "-extfile", extensions)
        return cert, key


class Etcd:
    def __init__(self, folder, name, authority, cert, *more):
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        peer = f"http://127.0.0.1:{free_port()}"
        self.context = ssl.create_default_context(cafile=authority.cert)
        self.process = None
        self.token = None
        self.command = ["etcd", "--data-dir", os.path.join(folder, name), "--listen-client-urls",
                        self.url, "--advertise-client-urls", self.url, "--listen-peer-urls", peer,
                        "--initial-advertise-peer-urls", peer, "--initial-cluster",
                        f"default={peer}", "--cert-file", cert[0], "--key-file", cert[1],
                        "--auth-token-ttl", str(TOKEN_S), "--unsafe-no-fsync", *more]
        self.log = os.path.join(folder, name + ".log")

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("etcd does not start")

    def call(self, method, body):
        request = urllib.request.Request(f"{self.url}/v3/{method}", json.dumps(body).encode())
        if self.token is not None:
            request.add_header("Authorization", self.token)
        for _ in range(100):
            try:
                with urllib.request.urlopen(request, timeout=5, context=self.context) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as e:
                if e.code != 503:  # no leader yet
                    raise
                time.sleep(0.1)
        raise RuntimeError("etcd has no leader")

    def enable_auth(self):
        def b64(text):
            return base64.b64encode(text.encode()).decode()

        self.call("auth/user/add", {"name": "root", "password": PASSWORD + "root"})
        self.call("auth/role/add", {"name": "root"})
        self.call("auth/user/grant", {"user": "root", "role": "root"})
        self.call("auth/user/add", {"name": "gate", "password": PASSWORD})
        self.call("auth/role/add", {"name": "gate"})
        self.call("auth/role/grant", {"name": "gate", "perm": {
            "permType": "READWRITE", "key": b64("/joingate/"), "range_end": b64("/joingate0")}})
        self.call("auth/user/grant", {"user": "gate", "role": "gate"})
        self.call("auth/enable", {})

    def change_users(self):
        """What makes every token of before useless."""
        self.token = self.call("auth/authenticate", {"name": "root",
                                                     "password": PASSWORD + "root"})["token"]
        self.call("auth/role/add", {"name": f"other{time.monotonic_ns()}"})

    def stop(self):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.numbers = itertools.count(1)
        self.hosts = []
        self.fleet_key = self.secret("fleet.key", "not-a-fleet-key-" * 3)

    def secret(self, name, text):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def gate(self, etcd, **settings):
        number = next(self.numbers)
        name = f"gate{number}"
        settings = {"endpoints": [etcd.url], "fleet_key_file": self.fleet_key, **settings}
        host = Host(self.program, self.folder, name, apps=[app("stream", "k")],
                    store={"sqlite": os.path.join(self.folder, name + ".db"), "etcd": settings})
        self.hosts.append(host)
        return host.start()

    def refused(self, etcd, *cases):
        """Gates start all the same, with what they know, and say what is wrong: in parallel, for
        each waits a while for its etcd. A case is what, words of the error, settings."""
        with ThreadPoolExecutor(len(cases)) as pool:
            for done in [pool.submit(self.refuse, etcd, *case) for case in cases]:
                done.result()

    def refuse(self, etcd, what, words, settings):
        gate = self.gate(etcd, timeout=TIMEOUT_MS, **settings)
        end = time.monotonic() + 30
        trouble = ""
        while not any(w in trouble for w in words):
            assert time.monotonic() < end, (what, store)
            store = gate.ask(command="status")["store"]
            trouble = store["trouble"] or ""
        assert store["stale_s"] == -1, (what, store)
        reply = gate.ask(command="revoke", scope="user", app="k", user="nobody", before=1)
        assert not reply["ok"], reply
        assert PASSWORD not in trouble + json.dumps(reply), "a password in an error"
        gate.stop()
        print(f"{what}: {trouble}", flush=True)


def revoke(gate, user):
    gate.seeded()
    reply = settled(lambda: gate.ask(command="revoke", scope="user", app="k", user=user, before=5,
                                     fleet=True, wait=20))
    assert reply["ok"], reply


def test_users(world, ours, other, folder):
    etcd = Etcd(folder, "users", ours, ours.issue("server")).start()
    try:
        etcd.enable_auth()
        good = {"ca_file": ours.cert, "user": "gate",
                "password_file": world.secret("password", PASSWORD)}
        gate = world.gate(etcd, **good)
        revoke(gate, "john")
        audit = gate.ask(command="audit")["audit"]
        assert any("etcd user gate" in line["who"] for line in audit), audit
        time.sleep(TOKEN_S + 1)  # the token runs out meanwhile
        revoke(gate, "jane")
        etcd.change_users()
        revoke(gate, "joe")
        print("a token that ran out, or is refused since users changed, is renewed")
        plain = etcd.url.replace("https", "http")
        world.refused(
            etcd,
            ("wrong password", ["invalid user ID or password"],
             {**good, "password_file": world.secret("wrong", PASSWORD + "x")}),
            ("no user", ["store.etcd.user"], {"ca_file": ours.cert}),
            ("no right to the prefix", ["permission denied"], {"prefix": "/elsewhere/", **good}),
            ("another authority", ["certificate"], {**good, "ca_file": other.cert}),
            ("http where etcd wants https", ["400", "reset", "nonsense", "Empty"],
             {**good, "endpoints": [plain], "insecure": True}))
        assert gate.ask(command="status")["store"]["trouble"] is None
    finally:
        etcd.stop()


def test_servers(world, ours, folder):
    etcd = Etcd(folder, "expired", ours, ours.issue("expired", days="0")).start()
    try:
        time.sleep(1)
        world.refused(etcd, ("certificate that ran out", ["expired"], {"ca_file": ours.cert}))
    finally:
        etcd.stop()
    etcd = Etcd(folder, "name", ours, ours.issue("name", hosts="DNS:elsewhere")).start()
    try:
        world.refused(etcd, ("certificate of another host", ["subject name"],
                             {"ca_file": ours.cert}))
    finally:
        etcd.stop()


def test_client_certificates(world, ours, other, folder):
    etcd = Etcd(folder, "client", ours, ours.issue("server2"), "--client-cert-auth",
                "--trusted-ca-file", ours.cert).start()
    try:
        cert, key = ours.issue("node")
        revoke(world.gate(etcd, ca_file=ours.cert, cert_file=cert, key_file=key), "john")
        print("a client certificate of the right authority is taken")
        words = ["bad certificate", "client certificate"]
        cert, key = other.issue("stranger")
        world.refused(
            etcd,
            ("no client certificate", words, {"ca_file": ours.cert}),
            ("client certificate of another authority", words,
             {"ca_file": ours.cert, "cert_file": cert, "key_file": key}))
    finally:
        etcd.stop()


def test_plain(program, folder):
    """Without TLS only where the configuration says insecure."""
    host = Host(program, folder, "plain", apps=[app("stream", "k")],
                store={"sqlite": os.path.join(folder, "plain.db"),
                       "etcd": {"endpoints": ["http://127.0.0.1:1"],
                                "fleet_key_file": os.path.join(folder, "fleet.key")}})
    try:
        host.start()
    except RuntimeError:
        pass
    else:
        host.stop()
        raise AssertionError("an endpoint without TLS was taken")
    with open(host.log.name, encoding="utf-8") as f:
        text = f.read()
    assert "is not encrypted" in text, text
    print("plain http is refused unless insecure is set")


def main():
    for tool in ("etcd", "openssl"):
        if shutil.which(tool) is None:
            print(f"SKIP: {tool} is not installed")
            sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="joingate-tls-") as folder:
        ours, other = Authority(folder, "ours"), Authority(folder, "other")
        world = World(sys.argv[1], folder)
        try:
            test_plain(world.program, folder)
            # At the same time: most of it is waiting.
            with ThreadPoolExecutor(3) as pool:
                for done in [pool.submit(test_users, world, ours, other, folder),
                             pool.submit(test_servers, world, ours, folder),
                             pool.submit(test_client_certificates, world, ours, other, folder)]:
                    done.result()
        except BaseException:
            for host in world.hosts:
                with open(host.log.name, encoding="utf-8") as f:
                    print(f"{host.log.name}: {f.read()[-1500:]}", flush=True)
            raise
        finally:
            for host in world.hosts:
                host.stop()
    print("tls and users: hold")


if __name__ == "__main__":
    main()
