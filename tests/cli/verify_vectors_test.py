#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every shared vector through `joingate verify`: verdict, reason and every expected field.

usage: verify_vectors_test.py JOINGATE
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import vectors

FIELDS = ["vendor", "app", "identity", "name", "room", "capabilities", "capability_expires", "role", "kind",
          "attributes", "layout_classes", "metadata", "issued_at", "expires_at", "key", "token_id", "epoch"]


def main():
    joingate = sys.argv[1]
    groups = {}
    for vector in filter(vectors.askable, vectors.load()):
        groups.setdefault(json.dumps(vectors.config(vector), sort_keys=True), []).append(vector)
    failed = total = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "c.json"
        for config, group in groups.items():
            path.touch(0o600)
            path.write_text(config, encoding="utf-8")
            lines = "".join(json.dumps(vectors.request(v)) + "\n" for v in group)
            run = subprocess.run([joingate, "verify", "--config", str(path)], input=lines.encode(),
                                 capture_output=True, check=False)
            verdicts = run.stdout.decode().splitlines()  # all kinds of line ends: none may stand within a line
            if len(verdicts) != len(group):
                sys.exit(f"{len(verdicts)} verdicts to {len(group)} requests, status {run.returncode}: "
                         f"{run.stderr.decode()}")
            status = 1 if any(json.loads(text)["verdict"] == "reject" for text in verdicts) else 0
            if run.returncode != status:
                sys.exit(f"status {run.returncode}, expected {status}: {run.stderr.decode()}")
            for vector, text in zip(group, verdicts):
                verdict = json.loads(text)
                wrong = vectors.disagreements(vector, verdict)
                head = ["verdict"] if verdict["verdict"] == "admit" else ["verdict", "reason", "detail"]
                if list(verdict) != head + FIELDS:
                    wrong.append(f"fields {list(verdict)}")
                total += 1
                failed += bool(wrong)
                for text in wrong:
                    print(f"{vector['name']}: {text}")
    print(f"{total - failed} of {total} vectors agree")
    sys.exit(1 if failed or total < 639 else 0)


if __name__ == "__main__":
    main()
