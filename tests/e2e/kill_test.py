#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 the control plane at random moments during changes and start it again.

     3 clients --revoke, grant, rotate, app--> admin socket [ control_host ] --> SQLite
                                                      ^ kill -9, start

Every change that was acknowledged must be there afterwards, one without an answer must be there
whole or not at all. Usage: kill_test.py PROGRAM [ROUNDS]; the seed is printed, JG_SEED repeats it.
"""
import os
import random
import sys
import tempfile
import threading
import time

from control_client import Host, Lost, app

SEED = int(os.environ.get("JG_SEED", random.SystemRandom().randrange(1 << 32)))


class Client(threading.Thread):
    """One operator with subjects of its own: what it knows is exactly what must be there."""

    def __init__(self, host, number, seed):
        super().__init__()
        self.host, self.number, self.random = host, number, random.Random(seed)
        self.cut_offs = {}  # user: before
        self.app = False
        self.secrets = ["a"]
        self.unknown = None  # a change without an answer: (kind, subject, values)
        self.changes = 0
        self.stopping = False

    def change(self):
        kind = self.random.choice(["user", "users", "undo", "app", "rotate"])
        me = f"{self.number}-"
        before = self.random.randrange(1, 1 << 31)
        if kind == "user":
            user = me + str(self.random.randrange(50))
            return kind, {user: before}, dict(command="revoke", scope="user", app="k", user=user,
                                              before=before)
        if kind == "users":
            users = [me + str(self.random.randrange(1000)) for _ in range(300)]
            return kind, {u: before for u in users}, dict(
                command="revoke", scope="user", app="k", users=users, before=before)
        if kind == "undo" and self.cut_offs:
            user = self.random.choice(sorted(self.cut_offs))
            return kind, {user: None}, dict(command="unrevoke", scope="user", app="k", user=user)
        if kind == "rotate" and self.app and len(self.secrets) < 30:
            new = f"s{len(self.secrets)}-{before}"
            return kind, new, dict(command="rotate", verb="add", app=me + "app", secret_id=new,
                                   secret="not-a-secret-" * 3)
        if self.app:
            return "remove", False, dict(command="app", verb="remove", app=me + "app")
        return "add", True, dict(command="app", verb="add", object=app("livekit", me + "app"))

    def note(self, kind, what):
        if kind in ("user", "users", "undo"):
            for user, before in what.items():
                if before is None:
                    self.cut_offs.pop(user, None)
                else:
                    self.cut_offs[user] = before
        elif kind == "rotate":
            self.secrets = self.secrets + [what]
        else:
            self.app, self.secrets = what, ["a"]

    def run(self):
        while not self.stopping:
            kind, what, request = self.change()
            try:
                reply = self.host.ask(**request)
            except (Lost, OSError):
                self.unknown = (kind, what)
                return
            assert reply["ok"], reply
            self.note(kind, what)
            self.changes += 1


def state_of(host, number, listed):
    me = f"{number}-"
    cut_offs = {c["user"]: c["before"] for c in listed if c["user"].startswith(me)}
    shown = host.ask(command="rotate", verb="show", app=me + "app")
    secrets = [s["id"] for s in shown["secrets"]] if shown["ok"] else None
    return cut_offs, secrets


def check(host, client, listed):
    """Either what the client knows, or that and the whole of the change without an answer."""
    found = state_of(host, client.number, listed)
    known = (client.cut_offs, client.secrets if client.app else None)
    if found == known:
        return
    assert client.unknown is not None, f"client {client.number}: {found} is not {known}"
    client.cut_offs = dict(client.cut_offs)
    client.note(*client.unknown)
    known = (client.cut_offs, client.secrets if client.app else None)
    assert found == known, f"client {client.number}: {client.unknown[0]} is half there"


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="joingate-kill-") as folder:
        host = Host(program, folder, apps=[app("stream", "k")],
                    store={"sqlite": os.path.join(folder, "gate.db")})
        clients = [Client(host, n, dice.random()) for n in range(3)]
        changes = 0
        try:
            host.start()
            for _ in range(rounds):
                for c in clients:
                    c.start()
                time.sleep(dice.random() * 0.05)
                host.kill()
                for c in clients:
                    c.stopping = True
                    c.join()
                host.start()
                listed = host.ask(command="cut_offs", app="k", limit=100000)["list"]
                fresh = []
                for c in clients:
                    check(host, c, listed)
                    changes += c.changes
                    n = Client(host, c.number, dice.random())
                    n.cut_offs, n.app, n.secrets = c.cut_offs, c.app, c.secrets
                    fresh.append(n)
                clients = fresh
            trail = host.ask(command="status")["epoch"]
        finally:
            host.stop()
    assert changes > rounds, "too few changes to tell anything"
    print(f"{rounds} kills, {changes} acknowledged changes, none lost, none half; epoch {trail}")


if __name__ == "__main__":
    main()
