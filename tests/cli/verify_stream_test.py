#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingate verify` as a stream: a lone line is answered at once, memory stays flat, broken lines end the
run after what came before has been answered.

usage: verify_stream_test.py JOINGATE [LINES]
"""
import json
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile

import vectors

SELECTED = "livekit/join-minimal"
WAIT = 20  # seconds until a pipe that stays silent fails the test


class Verify:
    """A running `joingate verify`."""

    def __init__(self, joingate, config, *options):
        self.process = subprocess.Popen([joingate, "verify", "--config", config, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], WAIT)
        assert ready, "no verdict though the input paused"
        return json.loads(self.process.stdout.readline())

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def run(joingate, config, text, *options):
    return subprocess.run([joingate, "verify", "--config", config, *options], input=text, capture_output=True,
                          check=False)


def lone_line_is_answered_at_once(joingate, config, good):
    verify = Verify(joingate, config)
    for _ in range(3):
        verify.process.stdin.write(good)
        verify.process.stdin.flush()
        assert verify.line()["verdict"] == "admit"
    # Half a line is no line.
    verify.process.stdin.write(good[:20])
    verify.process.stdin.flush()
    ready, _, _ = select.select([verify.process.stdout], [], [], 0.2)
    assert not ready
    verify.process.stdin.write(good[20:])
    verify.process.stdin.flush()
    assert verify.line()["verdict"] == "admit"
    verify.process.stdin.close()
    assert verify.process.wait() == 0


def memory_is_flat(joingate, config, good, lines):
    verify = Verify(joingate, config)
    peaks = []
    block = good * 256
    for i in range(lines // 256):
        verify.process.stdin.write(block)
        verify.process.stdin.flush()
        for _ in range(256):
            verify.process.stdout.readline()
        if i in (4, lines // 256 - 1):
            peaks.append(verify.resident())
    verify.process.stdin.close()
    assert verify.process.wait() == 0
    assert peaks[1] - peaks[0] < 2048, f"{peaks} kB resident after few and after all lines"


def order_is_kept(joingate, config, good):
    request = json.loads(good)
    lines = []
    for i in range(1000):
        request["now"] = 1800000000 + (i % 3) * 100000
        lines.append(json.dumps(request))
    done = run(joingate, config, "\n".join(lines).encode())
    verdicts = [json.loads(v)["verdict"] for v in done.stdout.splitlines()]
    assert verdicts == ["admit" if i % 3 == 0 else "reject" for i in range(1000)]
    assert done.returncode == 1


def any_text_is_a_token(joingate, config):
    tokens = ["", "\0", "a\nb\r", "x" * 70000, "\0" * 70000, "." * 70000, "\u2028\u00e9\U0001f3a5", '"\\']
    text = "".join(json.dumps({"token": t}) + "\n" for t in tokens)
    text += '{"token": "\\ud800"}\n{"token": "\\\\ud800\\udc00\\ud83c\\udfa5"}\n'
    done = run(joingate, config, text.encode())
    verdicts = [json.loads(v) for v in done.stdout.splitlines()]
    assert done.returncode == 1 and len(verdicts) == len(tokens) + 2, done.stderr
    assert all(v["verdict"] == "reject" for v in verdicts)
    assert [v["reason"] for v in verdicts[3:6]] == ["too_long"] * 3


def broken_lines_end_the_run(joingate, config, good):
    broken = [b"", b"{", b"[]", b"5", b'"x"', b"{}", b'{"token": 5}', b'{"token": null}', b'{"token": "a", "tokn": 1}',
              b'{"token": "a", "token": "b"}', b'{"token": "a", "now": "5"}', b'{"token": "a", "now": 1.5}',
              b'{"token": "a", "vendor": "zoom"}', b'{"token": "a", "type": "ping"}', b'{"token": "a", "service": 1}',
              b'{"token": "\xff"}', b'{"token": "a"} x', b'{"token": "\\x"}', b'{"token": "a", "room": ["r"]}',
              b'{"token": "a", "app": {}}', b'{"token": "a", "now": 99999999999999999999}']
    for line in broken:
        done = run(joingate, config, good * 3 + line + b"\n" + good)
        assert done.returncode == 2, (line, done.returncode)
        assert len(done.stdout.splitlines()) == 3, (line, done.stdout)
        assert b"line 4:" in done.stderr, (line, done.stderr)
    done = run(joingate, config, good + b'{"token": "' + b"x" * (5 << 20) + b'"}\n')
    assert done.returncode == 2 and b"line 2: longer than" in done.stderr and done.stdout.count(b"\n") == 1


def usage_is_checked(joingate, config, good):
    assert run(joingate, config, b"").returncode == 0
    assert run(joingate, config, good.rstrip(b"\n")).returncode == 0
    assert run(joingate, config, good, "--now", "x").returncode == 2
    assert run(joingate, config, good, "--nwo", "5").returncode == 2
    assert run(joingate, config, good, "extra").returncode == 2
    assert run(joingate, config + ".none", good).returncode == 2
    # A line's own time wins.
    assert run(joingate, config, good, "--now", "1").returncode == 0
    late = json.loads(good)
    del late["now"]
    assert run(joingate, config, json.dumps(late).encode(), "--now", "1900000000").returncode == 1


def vendors_are_found(joingate, config, good):
    request = json.loads(good)
    del request["vendor"]
    verdict = json.loads(run(joingate, config, json.dumps(request).encode()).stdout)
    assert verdict["vendor"] == "livekit"
    request["app"] = ""
    assert json.loads(run(joingate, config, json.dumps(request).encode()).stdout)["verdict"] == "admit"
    request["app"] = "q"
    assert json.loads(run(joingate, config, json.dumps(request).encode()).stdout)["vendor"] == "stream"


def main():
    joingate = sys.argv[1]
    # Freed memory that AddressSanitizer keeps is not growth.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
    vector = next(v for v in vectors.load() if v["name"] == SELECTED)
    good = json.dumps(vectors.request(vector)).encode() + b"\n"
    made = vectors.config(vector)
    made["apps"].append({"vendor": "stream", "key": "q", "secrets": [{"id": "a", "secret": "s"}]})
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "c.json")
        with open(os.open(config, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
            json.dump(made, out)
        lone_line_is_answered_at_once(joingate, config, good)
        order_is_kept(joingate, config, good)
        any_text_is_a_token(joingate, config)
        broken_lines_end_the_run(joingate, config, good)
        usage_is_checked(joingate, config, good)
        vendors_are_found(joingate, config, good)
        memory_is_flat(joingate, config, good, lines)


if __name__ == "__main__":
    main()
