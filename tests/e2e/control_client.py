# SPDX-License-Identifier: BSD-3-Clause
"""A gate's admin socket for tests: start control_host, ask, kill, start again."""
import json
import os
import random
import signal
import socket
import subprocess
import time

SECRET = "not-a-secret-not-a-secret-not-a-secret"


def app(vendor, key, secret_id="a", secret=SECRET):
    return {"vendor": vendor, "key": key, "secrets": [{"id": secret_id, "secret": secret}]}


def free_port():
    """On loopback, below the ports that the kernel hands out by itself: nobody takes it meanwhile."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def settled(ask, seconds=30):
    """A reply that says what came of a change that may be repeated: on a busy machine etcd may take
    longer than the time-out."""
    end = time.monotonic() + seconds
    while True:
        reply = ask()
        if reply.get("code") != "unavailable" or time.monotonic() > end:
            return reply


class Lost(Exception):
    """The connection ended before the reply: the outcome is not known."""


class Host:
    def __init__(self, program, folder, name="gate", inside=(), **members):
        self.program = program
        self.inside = list(inside)  # a command that enters a namespace
        self.config = os.path.join(folder, name + ".json")
        self.socket = os.path.join(folder, name + ".sock")
        self.log = open(os.path.join(folder, name + ".log"), "a", encoding="utf-8")
        self.process = None
        members.setdefault("admin", {})["socket"] = self.socket
        with open(os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as f:
            json.dump(members, f)

    def start(self, timeout=30):
        self.process = subprocess.Popen(self.inside + [self.program, self.config],
                                        stderr=self.log)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.program} ended with {self.process.returncode}")
            try:
                if self.ask(command="version")["ok"]:
                    return self
            except (Lost, OSError):
                time.sleep(0.005)
        raise RuntimeError(f"{self.program} does not answer")

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(90)
            s.connect(self.socket)
            try:
                s.sendall(json.dumps(request).encode() + b"\n")
                data = b""
                while not data.endswith(b"\n"):
                    part = s.recv(1 << 16)
                    if not part:
                        raise Lost()
                    data += part
            except (ConnectionError, BrokenPipeError) as e:
                raise Lost() from e
        return json.loads(data)

    def seeded(self, seconds=60):
        """Wait for its apps: an etcd that is slow to start is seeded when it answers."""
        end = time.monotonic() + seconds
        while not self.ask(command="app", verb="list")["apps"]:
            assert time.monotonic() < end, f"{self.log.name}: no apps after {seconds} s"
            time.sleep(0.02)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            assert self.process.wait(30) == 0, f"{self.log.name}: ended with {self.process.returncode}"
