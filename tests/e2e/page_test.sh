#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0, asking all the time  --- veth ---  gate  <--- HTTP, loopback --- headless Chromium
#
# The web page shows what the gate does, and goes on showing it; no error, no foreign request.
# page_test.sh [SCREENSHOT.png] also takes the picture of docs/.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v chromium >/dev/null || skip "chromium is missing"
picture=${1:-}
new_client
veth 0
config '.metrics.listen = "127.0.0.1:9600"'
gate_start

good=$(mint '{"identity": "alice", "room": "lobby"}')
expired=$(mint '{"identity": "bob", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}')
for _ in $(seq 20); do printf '%s\n%s\n%s\n%s....\n' "$good" "$good" "$expired" "$good"; done >"$work/tokens"
while :; do
	ask 0 10.0.0.1 <"$work/tokens" >/dev/null || true
	sleep 0.2
done &
asking=$!
python3 "$(dirname "$0")/page_check.py" http://127.0.0.1:9600/ ${picture:+"$picture"} || fail "the page"
kill "$asking"
gate_stop
