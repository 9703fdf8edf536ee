#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hold_thread.py PID NAME: stop the one thread of that name, as nothing but a debugger can, and say
"held"; let it go on when standard input ends."""
import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # of waitpid(): threads too
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise SystemExit(f"ptrace: {os.strerror(ctypes.get_errno())}")


def main():
    pid, name = sys.argv[1:]
    threads = [int(t) for t in os.listdir(f"/proc/{pid}/task")
               if open(f"/proc/{pid}/task/{t}/comm", encoding="utf-8").read().strip() == name]
    if len(threads) != 1:
        raise SystemExit(f"{len(threads)} threads are called {name}")
    ptrace(PTRACE_SEIZE, threads[0])
    ptrace(PTRACE_INTERRUPT, threads[0])
    os.waitpid(threads[0], WALL)
    print("held", flush=True)
    sys.stdin.read()
    ptrace(PTRACE_DETACH, threads[0])


main()
