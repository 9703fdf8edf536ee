#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A fleet of gates over three etcd nodes (fleet_world.py draws them), and what goes wrong with it.

No acknowledged revocation may be lost, every gate must converge, and a gate that is cut off must never
be counted as done. Usage: etcd_test.py PROGRAM [GATES [ROUNDS [PART]]]; exits 77 without etcd or
namespaces.
"""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import fleet_world
from control_client import app
from fleet_world import Gate, converge, nodes, until

STALENESS = 2  # of every gate
LONG = {"lease": 10, "timeout": 3000}  # as a gate has them
SHORT = {"lease": 2, "timeout": 1500}  # for one round: most of the time is waiting
times = SHORT


def everywhere(gate, user, before, wait=20):
    reply = gate.revoke(user, before, fleet=True, wait=wait)
    assert reply["ok"], reply
    return reply


def named(gate, user, before, away):
    """A command for the fleet names the node that is away, and on a busy machine for some seconds
    others that are behind; it never says that it is done."""
    reply = None

    def alone():
        nonlocal reply
        reply = gate.revoke(user, before, fleet=True, wait=1)
        assert reply["code"] == "not_in_force" and reply["in_force"], reply
        names = {n["node"] for n in reply["nodes"] if n["state"] not in ("in force", "fenced")}
        assert away in names and away in reply["error"], reply
        return names == {away}

    until(f"{away} is named, and nobody else", alone)
    return reply


def operators(gates, expected):
    """One operator on each gate, users of their own, and one app that all fight for."""
    outcomes = []

    def run(number, gate):
        for i in range(10):
            reply = gate.revoke(f"op{number}-{i}", 100 + i)
            assert reply["ok"], reply
            outcomes.append((f"s{number}-{i}", gate.rotate(f"s{number}-{i}")))

    threads = [threading.Thread(target=run, args=(n, g)) for n, g in enumerate(gates)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for n in range(len(gates)):
        expected.update({f"op{n}-{i}": 100 + i for i in range(10)})
    good = {name for name, reply in outcomes if reply["ok"]}
    bad = {reply["code"] for _, reply in outcomes if not reply["ok"]}
    assert len(outcomes) == 10 * len(gates) and bad <= {"conflict"}, outcomes
    print(f"rotations of {len(gates)} operators at once: {len(good)} done, "
          f"{len(outcomes) - len(good)} told of the conflict")
    return good


def sealed(etcd):
    """No secret in any file of etcd's."""
    found = subprocess.run(["grep", "-l", "-r", "not-a-secret", etcd.folder, "--include=*.snap",
                            "--include=*.wal", "--include=db"], capture_output=True, text=True,
                           check=False).stdout
    assert not found, found


def counted(gate):
    """What a gate's metrics say of the fleet."""
    return gate.ask(command="stats")["state"]["fleet_nodes"]


def cut(etcd, network, gates, expected, turn):
    """A gate's network is cut, and etcd compacted before it is back."""
    away = gates[-1]
    network.cut(away.name)
    begin = time.monotonic()
    reply = named(gates[0], f"jane{turn}", 6, away.own)
    expected[f"jane{turn}"] = 6
    print(f"a gate that is cut off is named: {reply['error']}")
    revision = gates[0].store()["revision"]
    etcd.call("kv/compaction", {"revision": str(revision), "physical": True})
    assert f"jane{turn}" not in away.cut_offs()
    until("the gate that is cut off admits nobody", lambda: away.ask(command="status")["fenced"])
    until("the metrics count it as silent", lambda: counted(gates[0])["silent"] == 1)
    away.kill()
    away.start()
    assert away.ask(command="status")["fenced"], "a restart lifts no fence"
    assert away.store()["stale_s"] >= STALENESS, away.store()
    reply = gates[0].revoke(f"jill{turn}", 7, fleet=True, wait=30)
    expected[f"jill{turn}"] = 7
    silent = time.monotonic() - begin
    fenced = {n["node"]: n for n in reply["nodes"]}[away.own]
    assert reply["ok"] and silent > times["lease"], (reply, silent)
    assert fenced["state"] == "fenced" and fenced["silent_s"] > STALENESS + times["lease"], fenced
    print(f"fenced, the command is done: {silent:.1f} s after the cut")
    network.join(away.name)
    until("back after a compaction", lambda: not away.ask(command="status")["fenced"])
    assert away.cut_offs() == expected, "it admits with less than the fleet was told"
    everywhere(gates[0], f"joe{turn}", 8)
    every = {"in_force": len(nodes(gates[0])), "behind": 0, "silent": 0}
    until("the metrics count it as in force", lambda: counted(gates[0]) == every)
    expected[f"joe{turn}"] = 8


def two_sides(etcd, network, gates, expected, turn):
    """One etcd node and one gate are on the wrong side; an operator on each."""
    away = gates[-1]
    lonely = (etcd.leader() + 1) % 3
    network.far(away.name, f"etcd{lonely}")
    with ThreadPoolExecutor(1) as pool:
        wrong = pool.submit(away.revoke_once, f"wrong-side{turn}", 9, wait=1)
        # Who was with the lonely node finds another within a few seconds; the one that is away
        # never counts before it is fenced.
        states = {}
        while any(states.get(g.own) != "in force" for g in gates[:-1]):
            reply = gates[0].revoke_once(f"right-side{turn}", 9, fleet=True, wait=1)
            states = {n["node"]: n["state"] for n in reply.get("nodes", [])}
            away_state = states.get(away.own)
            assert away_state != "in force" and (away_state == "fenced" or not reply["ok"]), reply
        expected[f"right-side{turn}"] = 9
        reply = wrong.result()
    assert not reply["ok"] and reply["code"] == "unavailable", reply
    network.join(away.name, f"etcd{lonely}")
    until("both sides agree", lambda: away.cut_offs().get(f"right-side{turn}") == 9)
    # The outcome of the other is not known: it may even come from a buffer of the network much later.
    assert away.revoke(f"wrong-side{turn}", 9)["ok"]
    expected[f"wrong-side{turn}"] = 9
    converge("converged after the cut", gates, expected)


def leader_killed(etcd, gates, expected, turn):
    leader = etcd.leader()
    etcd.stop(leader)
    done = 0
    for i in range(40):
        reply = gates[i % len(gates)].revoke_once(f"late{turn}-{i}", 7)
        if reply["ok"]:
            done += 1
        elif reply["code"] in ("not_in_force", "unavailable"):
            # Its outcome is not known: settle it.
            until("settled", lambda i=i: gates[0].revoke(f"late{turn}-{i}", 7)["ok"])
        else:
            raise AssertionError(reply)
        expected[f"late{turn}-{i}"] = 7
    print(f"leader killed: {done} of 40 changes at the first try, none lost")
    converge("converged without the old leader", gates, expected)
    gates[1].kill()
    gates[1].start()
    converge("a restarted gate has all", gates, expected)
    etcd.start(leader)


def forget(gates, expected, turn):
    """A gate that is gone holds up every command for the fleet until it is forgotten or fenced."""
    gone = gates[-1]
    until("the gate is there", lambda: nodes(gates[0])[gone.own]["state"] == "in force")
    gone.kill()
    named(gates[0], f"gone{turn}", 8, gone.own)
    reply = gates[0].ask(command="node", verb="forget", node="no-such-node")
    assert not reply["ok"] and "no-such-node" in reply["error"], reply
    assert gates[0].ask(command="node", verb="forget", node=gone.own)["ok"]
    assert gone.own not in {n["node"] for n in everywhere(gates[0], f"gone{turn}", 9)["nodes"]}
    expected[f"gone{turn}"] = 9
    gone.start()
    converge("a forgotten gate that comes back has all", gates, expected)
    assert gone.own in {n["node"] for n in everywhere(gates[0], f"again{turn}", 9)["nodes"]}
    expected[f"again{turn}"] = 9
    # Forgotten while it lives: it joins again by itself.
    assert gates[0].ask(command="node", verb="forget", node=gates[1].own)["ok"]
    until("a forgotten gate that lives joins again", lambda: gates[1].own in nodes(gates[0]))


def twins(etcd, network, gates, folder, expected):
    """A gate's memory is copied: two gates run under one name, and must not hide each other."""
    before = set(nodes(gates[0]))
    gates[1].kill()
    shutil.copy(gates[1].config.replace(".json", ".db"), os.path.join(folder, "gate90.db"))
    gates[1].start()
    twin = Gate(gates[1].program, folder, network, etcd, 90, times,
                max_staleness=STALENESS).start()
    try:
        until("twins are told apart", lambda: len(nodes(gates[0])) == len(before) + 1)
        reply = everywhere(gates[0], "twin", 10)
        expected["twin"] = 10
        assert len(reply["nodes"]) == len(before) + 1, reply
        assert twin.cut_offs() == expected == gates[1].cut_offs()
    finally:
        twin.stop()
    # Which of the two took the new name is theirs to settle; the one that left falls silent.
    two = (set(nodes(gates[0])) - before) | {gates[1].own}
    silent = set()

    def one_is_silent():
        silent.update(n for n in two if nodes(gates[0])[n]["state"] in ("silent", "fenced"))
        return silent

    until("the twin is silent", one_is_silent)
    assert len(silent) == 1, silent
    assert gates[0].ask(command="node", verb="forget", node=silent.copy().pop())["ok"]
    gates[1].own = (two - silent).pop()


def collected(gate, before):
    """What a gate's memory holds in place of cut-offs that it has collected: on this gate alone."""
    gate.stop()
    with contextlib.closing(sqlite3.connect(gate.config.replace(".json", ".db"))) as db:
        db.execute("INSERT INTO records VALUES('floor/stream/k', ?, 0)",
                   [json.dumps({"vendor": "stream", "app": "k", "before": before})])
        db.commit()
    gate.start()
    assert floor(gate) == before


def floor(gate):
    return gate.ask(command="app", verb="list")["apps"][0].get("collected_before")


def rewound(etcd, network, gates, folder, expected):
    """All of etcd is brought back from an older day: what was acknowledged since must stay."""
    collected(gates[0], 4)
    etcd.stop_all()
    etcd.copy("-old")
    etcd.start_all()
    everywhere(gates[0], "since", 11, wait=40)
    expected["since"] = 11
    reply = gates[1].revoke("john", 50)
    assert reply["ok"], reply
    expected["john"] = 50
    reply = gates[0].rotate("since", fleet=True, wait=20)
    assert reply["ok"], reply
    etcd.stop_all()
    etcd.restore("-old")
    etcd.start_all()
    # What is given back must not be put over what operators change meanwhile.
    for i in range(10):
        reply = gates[i % len(gates)].revoke("john", 51 + i)
        assert reply["ok"], reply
        expected["john"] = 51 + i
    until("etcd is known to have gone back",
          lambda: all("gone back" in g.tail() for g in gates))
    until("what it lost is given back", lambda: any("given back" in g.tail() for g in gates))
    converge("an etcd of an older day takes nothing back", gates, expected)
    assert all("since" in g.secrets() for g in gates)
    fresh = Gate(gates[0].program, folder, network, etcd, 91, times).start()
    converge("a new gate has it too", [fresh], expected)
    until("a new gate has the new secret", lambda: "since" in fresh.secrets())
    until("and what stands for collected cut-offs",
          lambda: all(floor(g) == 4 for g in [fresh, *gates]))
    until("nobody is in trouble", lambda: all(not g.store()["trouble"] for g in gates))
    name = (set(nodes(fresh)) - {g.own for g in gates}).pop()
    fresh.kill()
    assert gates[0].ask(command="node", verb="forget", node=name)["ok"]
    everywhere(gates[0], "later", 12)
    expected["later"] = 12
    converge("the fleet goes on", gates, expected)


def tampered(etcd, gates, expected):
    """Somebody with access to etcd puts an old record back, or rubbish."""
    key = "/joingate/s/r/app/stream/k"
    old = etcd.get(key)
    before = gates[0].secrets()
    reply = gates[0].rotate("tampered", fleet=True, wait=20)
    assert reply["ok"], reply
    etcd.put(key, old)
    until("an old record is seen", lambda: all("went back" in (g.store()["trouble"] or "")
                                               for g in gates))
    assert all(g.secrets() == before | {"tampered"} for g in gates), "an old record was taken"
    etcd.put(key, b'{"generation": 99, "sealed": "AAAA"}')
    until("rubbish is seen", lambda: all("not sealed" in (g.store()["trouble"] or "")
                                         for g in gates))
    reply = gates[0].revoke("rubbish", 13, fleet=True, wait=1)
    expected["rubbish"] = 13
    assert reply["code"] == "not_in_force", "what cannot be read is not in force"
    until("cut-offs are taken all the same",
          lambda: all(g.cut_offs().get("rubbish") == 13 for g in gates))
    # An operator's next change replaces it, as the error says.
    reply = gates[0].ask(command="rotate", verb="remove", app="k", secret_id="tampered")
    if reply["ok"] or reply["code"] != "conflict":
        print("rubbish is replaced:", reply.get("code", "ok"))


def seeding(etcd, network, gates, folder, _):
    """The first state of a fleet is more than etcd takes at once."""
    state = {"apps": [app("livekit", f"k{i}") for i in range(250)], "cut_offs": [
        {"vendor": "livekit", "app": "k", "scope": "user", "user": "john", "before": 5}]}
    state["apps"].append(app("livekit", "k"))
    keys = {a["key"] for a in state["apps"]}

    def gate(number, prefix):
        return Gate(gates[0].program, folder, network, etcd, number,
                    {**times, "timeout": 1000, "prefix": prefix}, state)

    # Etcd is away when the first gate starts, twice: nobody is admitted by what the file says.
    late = gate(92, "/late/")
    network.cut(late.name)
    late.start().kill()
    late.start()
    assert not late.apps(), "it goes by its file"
    network.join(late.name)
    until("a fleet is seeded when etcd is there", lambda: late.apps() == keys)
    assert late.cut_offs() == {"john": 5} and etcd.get("/late/s/seed") is None
    everywhere(late, "john", 50)
    late.kill()

    # As it is when the gate is killed in between.
    etcd.put("/late/s/seed", b"of another gate")
    lost = etcd.keys("/late/s/r/")[100:]
    for key in lost:
        etcd.delete(key)
    other = gate(93, "/late/").start()
    until("half of a first state is taken", lambda: len(other.apps()) == 100)
    assert etcd.get("/late/s/seed") is not None, "its writer may be alive"
    until("and completed by another gate", lambda: other.apps() == keys)
    until("which is noted", lambda: etcd.get("/late/s/seed") is None)
    assert len(lost) == 151 and other.cut_offs() == {"john": 50}, "an operator's change stays"
    other.kill()


def cuts(etcd, network, gates, _, rounds):
    """One machine without a network."""
    expected = {}
    reply = everywhere(gates[0], "john", 5)
    assert len(reply["nodes"]) == len(gates), reply
    print(f"in force on {len(gates)} gates after {reply['took_ms']:.1f} ms")
    expected["john"] = 5
    assert all(g.cut_offs() == expected for g in gates), "said in force, but not everywhere"
    good = operators(gates[:3], expected)
    converge("converged", gates, expected)
    # The last rotation was for its own gate only: the others are told a moment after the cut-offs.
    until("the secrets are those that were acknowledged",
          lambda: all(g.secrets() == good | {"a"} for g in gates))
    for turn in range(rounds):
        sealed(etcd)
        cut(etcd, network, gates, expected, turn)


def losses(etcd, network, gates, _, rounds):
    """Members of etcd and gates that go, and come back."""
    expected = {}
    for turn in range(rounds):
        two_sides(etcd, network, gates, expected, turn)
        leader_killed(etcd, gates, expected, turn)
        forget(gates, expected, turn)


def histories(etcd, network, gates, folder, _):
    """Copies of an earlier day."""
    expected = {"john": 5}
    everywhere(gates[0], "john", 5)
    twins(etcd, network, gates, folder, expected)
    rewound(etcd, network, gates, folder, expected)
    tampered(etcd, gates, expected)


PARTS = {part.__name__: part for part in (cuts, losses, histories, seeding)}


def in_parts(program, count, rounds):
    """A fleet for each part: at the same time where it is one round, for most of it is waiting."""
    with ThreadPoolExecutor(len(PARTS) if rounds == 1 else 1) as pool:
        done = [pool.submit(subprocess.run, [sys.executable, sys.argv[0], program, str(count),
                                             str(rounds), name], capture_output=rounds == 1,
                            text=True, check=False) for name in PARTS]
        for name, part in zip(PARTS, done):
            print(f"--- {name}\n{part.result().stdout or ''}{part.result().stderr or ''}", flush=True)
    sys.exit(max(part.result().returncode for part in done))


def main():
    global times
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    if len(sys.argv) < 5:
        in_parts(program, count, rounds)
    fleet_world.enter()
    part = PARTS[sys.argv[4]]
    times = SHORT if rounds == 1 else LONG
    fleet_world.run(program, count, lambda *world: part(*world, rounds), times=times,
                    max_staleness=STALENESS)
    print(f"{sys.argv[4]} of a fleet: hold")


if __name__ == "__main__":
    main()
