#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""same_figures.py STATS.JSON SOCKET: every figure of joingatectl's is among those of DPDK's telemetry
socket, under the same name, with the same value unless it moves by itself; and the other way round."""
import json
import re
import socket
import sys

# What moves while nobody asks anything; what passes with time on this machine.
MOVING = {"heartbeat", "cycles_idle", "cycles_busy", "busy", "behind_s", "time", "uptime_s",
          "clock_error_s", "clock_offset_s"}


def flat(value, prefix=""):
    """{"a": {"b": 1}} as {"a/b": "1"}, in the letters that DPDK takes."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        if isinstance(value, bool):
            value = int(value)
        return {re.sub(r"[^\w/]", "_", prefix[:-1]): value}
    found = {}
    for name, inner in items:
        found.update(flat(inner, f"{prefix}{name}/"))
    return found


class Telemetry:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.socket.recv(16384)

    def ask(self, command):
        self.socket.send(command.encode())
        return next(iter(json.loads(self.socket.recv(65536).decode()).values()))

    def rows(self, command):
        """All pages of a list."""
        found, first = {}, 0
        while True:
            page = self.ask(f"{command},{first}")
            count = page.pop("rows")
            found.update(page)
            told = {name.split("/")[0] for name in page}
            first += len(told)
            if first >= count or not told:
                return found


def expected(stats):
    """What each command is to answer."""
    workers = list(stats["workers"].items())
    yield "/joingate/state", flat(stats["state"])
    yield "/joingate/service", flat(stats["service_us"])
    yield "/joingate/stages", flat(stats["stages_us"])
    yield "/joingate/top", flat(stats["top_apps"])
    yield "/joingate/keys", flat(stats["keys"])
    yield "/joingate/verdicts", {name.replace("/", "_"): n for name, n in flat(stats["verdicts"]).items()}
    for i, (name, worker) in enumerate(workers):
        yield f"/joingate/stats,{i}", {"member": name, **flat(worker)}
    for i, port in enumerate(stats["ports"]):
        yield f"/joingate/ports,{i}", flat(port)


def same(one, other):
    if isinstance(one, float):
        return abs(one - float(other)) <= 1e-9 * abs(one)
    return one == other


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        stats = json.load(file)
    telemetry = Telemetry(sys.argv[2])
    wrong, compared = [], 0
    answered = {"ok"}
    for command, want in expected(stats):
        got = telemetry.rows(command) if command in ("/joingate/top", "/joingate/keys") else telemetry.ask(command)
        wrong += [f"{command}: no {name}" for name in sorted(want.keys() - got.keys())]
        wrong += [f"{command}: {name} is in telemetry alone" for name in sorted(got.keys() - want.keys())]
        for name in sorted(want.keys() & got.keys()):
            compared += 1
            if name.split("/")[-1] not in MOVING and not same(want[name], got[name]):
                wrong.append(f"{command}: {name} is {got[name]}, joingatectl says {want[name]}")
    answered |= {"state", "service_us", "stages_us", "top_apps", "keys", "verdicts", "workers", "ports"}
    wrong += [f"joingatectl's {name} is compared with nothing" for name in sorted(stats.keys() - answered)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"{compared} figures, the same both ways")


main()
