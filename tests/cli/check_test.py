#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingate check` and the other commands' manners: statuses, streams, help.

usage: check_test.py JOINGATE
"""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


def write(folder, text):
    path = os.path.join(folder, "joingate.json")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    return path


def main():
    joingate = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, '{"workers": 2}')
        done = run(joingate, "check", path)
        assert done.returncode == 0 and done.stderr == "" and "good" in done.stdout, done

        path = write(folder, '{\n  "workers": 700,\n  "lissten": {"udp": 1},\n  "apps": [{"vendor": "zoom"}]\n}')
        done = run(joingate, "check", "joingate.json", cwd=folder)
        assert done.returncode == 1 and done.stdout == "", done
        assert done.stderr.splitlines() == [
            "joingate.json:2:14: workers is 700; expected 1..128",
            "joingate.json:3:3: lissten is not a setting; did you mean listen?",
            "joingate.json:4:12: apps[0].key is not given; expected 1..128 bytes: API key, project key, "
            "application id or App ID",
            "joingate.json:4:12: apps[0].secrets is not given; expected 1..64 secrets: what signs this app's "
            "tokens; several overlap during a rotation",
            'joingate.json:4:23: apps[0].vendor is "zoom"; expected livekit, stream, opentok, vonage or agora',
            "joingate.json: 5 mistakes",
        ], done.stderr

        write(folder, '{"workers": 700,\n"x" 1}')
        done = run(joingate, "check", path)
        assert done.returncode == 1 and ":2:5: not JSON:" in done.stderr and "700" not in done.stderr, done

    assert run(joingate, "check").returncode == 2
    assert run(joingate, "check", "a", "b").returncode == 2
    assert run(joingate, "check", "--frob", "a").returncode == 2
    assert run(joingate, "check", "/nonexistent").returncode == 1
    assert run(joingate).returncode == 2
    assert run(joingate, "frob").returncode == 2
    assert run(joingate, "help", "frob").returncode == 2
    assert run(joingate, "--version").stdout.startswith("joingate ")
    listed = run(joingate, "help").stdout
    for line in listed.splitlines():
        if line.startswith("  ") and not line.startswith("  joingate"):
            name = line.split()[0]
            text = run(joingate, name, "--help")
            assert text.returncode == 0 and text.stdout.startswith(f"joingate {name} - "), name
            assert run(joingate, "help", name).stdout == text.stdout
            assert all(len(row) <= 100 for row in text.stdout.splitlines()), name
    settings = run(joingate, "help", "settings").stdout
    for name in ("workers", "apps[].secrets[].not_after", "ports[].device", "store.etcd.endpoints"):
        assert f"  {name}" in settings, name

    example = ROOT / "docs" / "joingate.json"
    done = run(joingate, "check", str(example))
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
