#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ten million user cut-offs on one machine with SQLite: written, counted, there after a restart.

     lists of 50 000 users --> admin socket [ control_host ] --> SQLite, 10 million rows
     restart, settled            count, time to start, bytes of the table, resident memory

Usage: ten_million_test.py PROGRAM [CUT_OFFS]; prints its figures. At most 64 bytes a cut-off.
"""
import os
import sys
import tempfile
import time

from control_client import Host, app

LIST = 50000


def resident(host):
    with open(f"/proc/{host.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS"))


def write(host, total):
    start = time.monotonic()
    for first in range(0, total, LIST):
        users = [f"{n * 2654435761 % (1 << 32):08x}" for n in range(first, first + LIST)]
        reply = host.ask(command="revoke", scope="user", app="k", users=users, wait=60)
        assert reply["ok"], reply
    return time.monotonic() - start


def check(host, total, when):
    status = host.ask(command="status")
    assert status["cut_offs"] == total, f"{when}: {status['cut_offs']} of {total}"
    each = status["cut_off_bytes"] / total
    assert each <= 64, f"{when}: {each:.1f} bytes a cut-off"
    print(f"{when}: {total} cut-offs, {each:.1f} bytes each, resident {resident(host) >> 20} MiB",
          flush=True)


def restart(host, total, when):
    host.stop()
    start = time.monotonic()
    host.start(timeout=600)
    took = time.monotonic() - start
    check(host, total, f"{when}, started in {took:.1f} s")


def main():
    program, total = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10000000
    with tempfile.TemporaryDirectory(prefix="joingate-ten-million-") as folder:
        store = os.path.join(folder, "gate.db")
        host = Host(program, folder, apps=[app("stream", "k")], store={"sqlite": store})
        try:
            host.start()
            took = write(host, total)
            print(f"written in {took:.1f} s, {total / took:.0f} a second", flush=True)
            check(host, total, "written")
            restart(host, total, "from the log")
            start = time.monotonic()
            while host.ask(command="status")["unsettled"] > 0:
                time.sleep(1)
            print(f"settled in {time.monotonic() - start:.0f} s", flush=True)
            restart(host, total, "from the table")
            print(f"store {os.path.getsize(store) >> 20} MiB")
        finally:
            host.stop()


if __name__ == "__main__":
    main()
