#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0, asking all the time  --- veth ---  gate  <--- HTTP, loopback --- headless Chromium
#
# The web page shows what the gate does, and goes on showing it; no error, no foreign request.
# page_test.sh FOLDER also takes pictures, for a person to look at: desk-light.png is docs/page.png.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v chromium >/dev/null || skip "chromium is missing"
folder=${1:-}
new_client
veth 0
config '.metrics.listen = "127.0.0.1:9600" |
	.apps += [{vendor: "agora", key: "3f1c9a7e5b2d4860a1b2c3d4e5f60718", secrets: [{id: "a", secret: "5b2d48603f1c9a7ee5f60718a1b2c3d4"}]}]'
gate_start

good=$(mint '{"app": "APIe2e", "identity": "alice", "room": "lobby"}')
expired=$(mint '{"app": "APIe2e", "identity": "bob", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}')
old=$(mint '{"vendor": "agora", "app": "3f1c9a7e5b2d4860a1b2c3d4e5f60718", "identity": "7", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}')
for _ in $(seq 20); do printf '%s\n%s\n%s\n%s....\n' "$good" "$good" "$expired" "$good"; done >"$work/tokens"
while :; do
	ask 0 10.0.0.1 <"$work/tokens" >/dev/null || true
	ask 0 10.0.0.1 --vendor agora "$old" </dev/null >/dev/null || true
	sleep 0.2
done &
asking=$!
python3 "$(dirname "$0")/page_check.py" http://127.0.0.1:9600/ ${folder:+"$folder"} || fail "the page"
kill "$asking"
gate_stop
