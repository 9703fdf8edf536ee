#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate  --- admin socket, with a descriptor ---  joingatectl capture FILE
#
# A capture holds the requests and replies that were asked for, each with its verdict, and no token unless
# root asks for them. Whoever goes away, the gate goes on and the file can be read.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

ctl=$build/control/cli/joingatectl
new_client
veth 0
config '.apps += [{vendor: "livekit", key: "APIother", secrets: [{id: "b", secret: "another-secret-0123456789abcdef"}]}]'
gate_start
good=$(mint '{"app": "'"$key"'", "identity": "alice", "room": "lobby"}')
other=$(mint '{"app": "APIother", "identity": "alice", "room": "lobby"}')
expired=$(mint '{"app": "'"$key"'", "identity": "bob", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}')
large=$(mint "{\"app\": \"$key\", \"identity\": \"carol\", \"room\": \"lobby\", \"metadata\": \"$(printf 'm%.0s' {1..6000})\"}")

# asked GATE TOKEN: the verdict; never asked twice, however slow this machine is
asked() { verdict 0 "$1" --timeout 20000 "$2"; }

# packets FILE: what a reader of pcapng makes of it, a JSON object each
packets() { python3 "$(dirname "$0")/pcapng_read.py" "$1"; }

# capture FILE ARGS...: in the background; returns when the gate has begun
capture() {
	"$ctl" --socket "$work/admin.sock" capture "$@" >"$work/capture.out" 2>&1 &
	capture_pid=$!
	for _ in $(seq 100); do
		[ ! -s "$1" ] || return 0
		kill -0 "$capture_pid" 2>/dev/null || fail "no capture: $(cat "$work/capture.out")"
		sleep 0.1
	done
	fail "no capture begins"
}

# Everything, over IPv4 and IPv6, in one packet and in fragments.
capture "$work/all.pcapng" --seconds 60 --count 6
same "mode" "$(stat -c %a "$work/all.pcapng")" 600
sleep 0.3
same "admitted" "$(asked 10.0.0.1 "$good")" admit
same "expired" "$(asked '[fd00:0::1]' "$expired")" expired
same "large" "$(asked 10.0.0.1 "$large")" admit
wait "$capture_pid" || fail "capture: $(cat "$work/capture.out")"
grep -q '^captured 6 packets, lost 0; .*ended: packets$' "$work/capture.out" || fail "told: $(cat "$work/capture.out")"
packets "$work/all.pcapng" >"$work/all.json"
same "packets" "$(wc -l <"$work/all.json")" 6
! grep -qa eyJ "$work/all.pcapng" || fail "a token is in the capture"
for token in "$good" "$expired" "$large"; do
	print=$(printf %s "$token" | sha256sum | cut -c1-16)
	grep -q "token $print" "$work/all.json" ||
		fail "no packet names $print: $(jq -r .comment "$work/all.json")"
done
jq -s -e --arg key "$key" 'map(select(.direction == "in")) | map(.target_port == 7600 and .checksums) | all' \
	"$work/all.json" >/dev/null || fail "requests: $(cat "$work/all.json")"
jq -s -e 'map(select(.direction == "out")) | map(.source_port == 7600 and .checksums) | all' "$work/all.json" >/dev/null ||
	fail "replies: $(cat "$work/all.json")"
jq -s -e --arg key "$key" 'map(select(.comment | test("reject expired \\(expired [0-9]+ s ago"))) | map(.family == 6 and (.comment | test($key))) | all and length >= 1' \
	"$work/all.json" >/dev/null || fail "the expired one: $(cat "$work/all.json")"

# Filters: one reason of one app.
capture "$work/some.pcapng" --verdict reject --reason expired,revoked --app "$key" --count 2
sleep 0.3
same "admitted" "$(asked 10.0.0.1 "$good")" admit
same "of another app" "$(asked 10.0.0.1 "$other")" admit
same "expired" "$(asked 10.0.0.1 "$expired")" expired
wait "$capture_pid" || fail "capture: $(cat "$work/capture.out")"
same "packets" "$(packets "$work/some.pcapng" | jq -r '.comment | split(",")[0] | split(" (")[0]' | sort -u)" \
	"reply: reject expired
request: reject expired"

# Tokens only when root asks, and only by asking.
capture "$work/tokens.pcapng" --with-tokens --count 2
sleep 0.3
same "admitted" "$(asked 10.0.0.1 "$good")" admit
wait "$capture_pid" || fail "capture: $(cat "$work/capture.out")"
grep -qaF "$good" "$work/tokens.pcapng" || fail "the token is not in the capture"

# Into a pipe; a file that is there already; two at a time.
"$ctl" --socket "$work/admin.sock" capture - --seconds 1 2>/dev/null | packets /dev/stdin >"$work/pipe.json" || fail "into a pipe"
same "an empty capture" "$(wc -l <"$work/pipe.json")" 0
"$ctl" --socket "$work/admin.sock" capture "$work/all.pcapng" 2>"$work/err" && fail "it wrote over a file"
grep -q 'File exists' "$work/err" || fail "told: $(cat "$work/err")"
capture "$work/first.pcapng" --seconds 60
"$ctl" --socket "$work/admin.sock" capture "$work/second.pcapng" 2>"$work/err" && fail "two captures at once"
grep -q 'somebody captures already' "$work/err" || fail "told: $(cat "$work/err")"
[ ! -e "$work/second.pcapng" ] || fail "an empty file is left"

# An interrupt ends it, with an answer.
sleep 0.3
same "admitted" "$(asked 10.0.0.1 "$good")" admit
sleep 0.3
kill -INT "$capture_pid"
wait "$capture_pid" || fail "interrupted: $(cat "$work/capture.out")"
grep -q '^captured 2 packets, lost 0; .*ended: stopped$' "$work/capture.out" || fail "told: $(cat "$work/capture.out")"

# Who captures goes away: the gate ends it, and the file is whole.
capture "$work/killed.pcapng" --seconds 60
sleep 0.3
same "admitted" "$(asked 10.0.0.1 "$good")" admit
sleep 0.3
kill -KILL "$capture_pid"
for _ in $(seq 100); do
	[ "$(grep -c 'captured [0-9]* packets.*ended: stopped' "$work/gate.log")" -lt 2 ] || break
	sleep 0.1
done
same "packets of the one that went" "$(packets "$work/killed.pcapng" | jq -r .direction | sort -u | tr '\n' ' ')" "in out "
same "still there" "$(asked 10.0.0.1 "$good")" admit
fates_add_up 0
if grep -qE 'eyJ|alice|lobby' "$work/gate.log"; then
	fail "a token, an identity or a room is in the log"
fi
gate_stop
