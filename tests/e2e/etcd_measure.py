#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a fleet takes: revoke to in force on every gate, and a million cut-offs in etcd.

Prints one JSON object a line. Usage: etcd_measure.py PROGRAM [GATES [CUT_OFFS]], or --can for the exit
status alone, 77 without etcd or namespaces. Every cut-off must arrive, whatever the time.
"""
import base64
import json
import os
import sys
import time

import fleet_world
from control_client import settled
from fleet_world import Gate, nodes, until

REVOKES = 300
LIST = 10000  # users of one change
PUTS = 100  # records of one transaction


def say(**figures):
    print(json.dumps({"bench": "fleet", **figures}), flush=True)


def quantiles(values):
    values = sorted(values)
    return {"median_ms": round(values[len(values) // 2], 2),
            "p99_ms": round(values[len(values) * 99 // 100], 2)}


def memory(gate):
    with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) >> 10 for line in f if line.startswith("VmRSS"))


def sure(ask):
    """A change that was made: an etcd that is too slow is asked again."""
    reply = settled(ask, 600)
    assert reply["ok"], reply
    return reply


def latencies(gates):
    took = {False: [], True: []}
    for i in range(REVOKES):
        for fleet, list_ in took.items():
            reply = sure(lambda f=fleet, n=i: gates[n % len(gates)].revoke_once(
                f"single-{f}-{n}", 5, fleet=f, wait=30))
            list_.append(reply["took_ms"])
    say(what="revoke to in force on this gate", gates=len(gates), n=REVOKES, **quantiles(took[False]))
    say(what="revoke to in force on every gate", gates=len(gates), n=REVOKES, **quantiles(took[True]))


def count(gate):
    return gate.ask(command="status")["cut_offs"]


def everywhere(gates, n):
    return lambda: all(count(g) >= n for g in gates)


def lists(gates, n):
    """Lists of users through the gates, each in force everywhere before the next."""
    begin = time.monotonic()
    for i in range(n // LIST):
        users = [f"list-{i}-{k}" for k in range(LIST)]
        sure(lambda n=i, u=users: gates[n % len(gates)].ask(
            command="revoke", scope="user", app="k", users=u, before=5, fleet=True, wait=60))
    seconds = time.monotonic() - begin
    say(what="lists of users, each in force on every gate", cut_offs=n, per_change=LIST,
        per_second=round(n / seconds))


def singles(etcd, gates, n, before):
    """A record for each user, as fast as etcd takes them: does the watch keep up?"""
    def b64(text):
        return base64.b64encode(text.encode()).decode()

    begin = time.monotonic()
    for first in range(0, n, PUTS):
        puts = [{"request_put": {
            "key": b64(f"/joingate/s/c/{i:032x}"),
            "value": b64(json.dumps({"list": [{"vendor": "stream", "app": "k", "scope": "user",
                                               "user": f"record-{i}", "before": 5}]}))}}
                for i in range(first, min(first + PUTS, n))]
        etcd.call("kv/txn", {"success": puts})
    written = time.monotonic() - begin
    until("the gates have them", everywhere(gates, before + n), 600)
    say(what="single records through the watch", cut_offs=n, etcd_per_second=round(n / written),
        gates_behind_s=round(time.monotonic() - begin - written, 2))


def load(etcd, network, gates, folder, n):
    """A gate without a memory reads all; one with it reads what is new."""
    begin = time.monotonic()
    fresh = Gate(gates[0].program, folder, network, etcd, 90).start()
    until("a new gate has all", everywhere([fresh], n), 600)
    say(what="a new gate", cut_offs=n, seconds=round(time.monotonic() - begin, 2), rss_mib=memory(fresh))
    own = (set(nodes(fresh)) - {g.own for g in gates}).pop()
    fresh.kill()
    begin = time.monotonic()
    fresh.start()
    until("a restarted gate has all", everywhere([fresh], n), 600)
    reply = sure(lambda: gates[0].revoke_once("after", 5, fleet=True, wait=60))
    assert own in {x["node"] for x in reply["nodes"]}, reply
    say(what="a restarted gate", cut_offs=n, seconds=round(time.monotonic() - begin, 2),
        rss_mib=memory(fresh))
    fresh.stop()


def test(etcd, network, gates, folder, n):
    latencies(gates)
    before = count(gates[0])
    if n == 0:
        return
    lists(gates, n // 2)
    singles(etcd, gates, n - n // 2, before + n // 2)
    load(etcd, network, gates, folder, before + n)
    assert all(count(g) >= before + n for g in gates)


def main():
    fleet_world.enter()
    if sys.argv[1] == "--can":
        return
    gates = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    os.environ.setdefault("GOGC", "50")  # three etcds on one machine
    fleet_world.run(sys.argv[1], gates, lambda *world: test(*world, n))


if __name__ == "__main__":
    main()
