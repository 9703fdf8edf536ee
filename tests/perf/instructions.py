#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""instructions.py PROGRAM COMPILER [--write]: instructions a token, counted by callgrind, against
instructions.json with 5 % room. No noise of the machine is in it. MAC functions are left out: valgrind
knows neither SHA-NI nor AVX-512, so they are not the ones that matter. --write replaces the baseline
of this compiler. Exit status 77: cannot be counted here.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOM = 0.05
BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.json")
MAC = re.compile(r"^jg_(mac_burst|mac_keys_burst|mac_key_init|sha256)([.'].*)?$")


def cost(path):
    """Instructions in a callgrind file, without those in and below the MAC functions."""
    names, total = {}, 0
    callee, call = None, False
    for line in open(path, encoding="utf-8", errors="replace"):
        if line.startswith(("fn=", "cfn=")):
            kind, _, rest = line.strip().partition("=")
            number, _, name = rest.partition(" ")
            names.setdefault(number, name)
            callee = names[number] if kind == "cfn" else None
        elif line.startswith("calls="):
            call = True  # the next line is what the callee cost, with all below it
        elif re.match(r"[0-9+*-]", line):
            if not call:
                total += int(line.split()[1])
            elif MAC.match(callee or ""):
                total -= int(line.split()[1])
            call = False
    return total


def count(program, case, entry):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        run = subprocess.run(["valgrind", "--tool=callgrind", f"--toggle-collect={entry}",
                              f"--callgrind-out-file={out}", program, case],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"instructions: {case}: {run.stderr[-1000:]}")
        counted = cost(out)
    if counted <= 0:
        raise SystemExit(f"instructions: {case}: callgrind counted nothing in {entry}")
    return counted / int(run.stdout)


def judge(counted, known):
    """Lines for people, and whether all is well."""
    lines, good = [], True
    for case, now in counted.items():
        before = known.get(case)
        change = now / before - 1 if before else 0
        bad = before is None or abs(change) > ROOM
        word = "no baseline" if before is None else "SLOWER" if change > ROOM else "faster" if bad else ""
        lines.append(f"{case:24} {now:9.1f}  was {before or 0:9.1f}  {change:+7.1%}  {word}".rstrip())
        good = good and not (before is None or change > ROOM)
    for case in known.keys() - counted.keys():
        lines.append(f"{case:24} is in the baseline alone")
        good = False
    return lines, good


def main():
    program, compiler = sys.argv[1:3]
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return 77
    baseline = json.load(open(BASELINE, encoding="utf-8")) if os.path.exists(BASELINE) else {}
    write = "--write" in sys.argv[3:]
    if compiler not in baseline and not write:
        print(f"no baseline for {compiler}; 'make perf-baseline' makes one")
        return 77
    cases = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    counted = {case: round(count(program, case, entry), 1)
               for case, entry in (line.split() for line in cases.splitlines())}
    if write:
        baseline[compiler] = counted
        with open(BASELINE, "w", encoding="utf-8") as f:
            f.write(json.dumps(baseline, indent=2) + "\n")
    lines, good = judge(counted, baseline[compiler])
    print("instructions a token, without the MAC", *lines, sep="\n")
    if not good:
        print("more than 5 % above the baseline. If it is worth it: 'make perf-baseline', and say why in the commit")
    return 0 if good else 1


sys.exit(main())
