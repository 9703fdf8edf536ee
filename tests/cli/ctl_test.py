#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`joingatectl`: what it asks a gate for, and what it refuses before it asks.

usage: ctl_test.py JOINGATECTL
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading


class Gate:
    """Takes one request of one caller and answers that it is done."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "admin.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.requests = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            caller, _ = self.listener.accept()
            with caller, caller.makefile("rw") as lines:
                self.requests.append(json.loads(lines.readline()))
                lines.write('{"ok":true}\n')
                lines.flush()


def main():
    ctl = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(folder)
        users = os.path.join(folder, "users")

        def run(*words):
            return subprocess.run([ctl, "--socket", gate.path, *words], capture_output=True, text=True, check=False,
                                  timeout=60)

        def asks(*words):
            before = len(gate.requests)
            done = run(*words)
            assert len(gate.requests) == before + 1, done
            return gate.requests[-1]

        def refuses(words, *told):
            before = len(gate.requests)
            done = run(*words)
            assert done.returncode == 2 and len(gate.requests) == before, done
            assert all(text in done.stderr for text in told), (told, done.stderr)

        def listed(text):
            with open(users, "wb") as out:
                out.write(text)
            return "revoke", "users", "APIdoc", users

        # A list as editors of several systems leave it.
        for text in (b"u1\nu 2\n", b"u1\r\nu 2\r\n", b"u1\n\nu 2", b"\r\nu1\r\nu 2"):
            assert asks(*listed(text))["users"] == ["u1", "u 2"], text
        refuses(listed(b"u1\nu2 \n"), "users:2", "blank")
        refuses(listed(b" u1\n"), "users:1", "blank")
        refuses(listed(b"u1\nu2\0\nu3\n"), "users:2", "control character")
        refuses(listed(b"u1\nu2\t\n"), "users:2", "control character")
        refuses(listed(b"u1\n\xff\n"), "users:2", "UTF-8")

        # An option of another command is not passed over.
        refuses(("revoke", "user", "APIdoc", "alice", "--undo"), "--undo is for drain", "joingatectl unrevoke")
        refuses(("--undo", "revoke", "user", "APIdoc", "alice"), "--undo is for drain")
        refuses(("unrevoke", "user", "APIdoc", "alice", "--before", "5"), "--before is for revoke")
        refuses(("status", "--follow"), "--follow is for audit")
        refuses(("audit", "--count", "5"), "--count is for capture")
        assert asks("drain", "--undo")["drain"] is False
        assert asks("cut_offs", "APIdoc", "--limit", "7")["limit"] == 7
        assert asks("revoke", "user", "APIdoc", "--before", "5", "--", "--undo")["user"] == "--undo"
    print("joingatectl asks for what was meant")


if __name__ == "__main__":
    main()
