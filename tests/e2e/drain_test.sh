#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: Vonage and LiveKit joins, sent while the gate stands still  --- veth ---  gate
#
# SIGTERM ends a gate without losing what it was asked before: requests that wait in the port and
# those that wait for the RS256 lane get their verdicts, then the process ends.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v openssl >/dev/null || skip "openssl is missing"
openssl genrsa -out "$work/rsa.pem" 4096 2>/dev/null
openssl rsa -in "$work/rsa.pem" -pubout -out "$work/rsa.pub" 2>/dev/null
chmod 600 "$work/rsa.pem"
app=5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3
new_client
veth 0
config ".apps += [{vendor: \"vonage\", key: \"$app\",
	secrets: [{id: \"v\", public_key_file: \"rsa.pub\", private_key_file: \"rsa.pem\"}]}]"
gate_start

slow=$(mint "{\"vendor\": \"vonage\", \"app\": \"$app\", \"room\": \"1_MX4x\", \"role\": \"publisher\"}")
good=$(mint '{"vendor": "livekit", "identity": "alice", "room": "lobby"}')
same "before" "$(verdict 0 10.0.0.1 --vendor vonage "$slow")" admit

# received: packets that have come to the gate's side of the wire
received() {
	ip -s -j link show gate0 | jq '.[0].stats64.rx.packets'
}

# The gate holds its breath; 60 requests gather in its port, and the order to end after them.
kill -STOP "$gate_pid"
before=$(received)
for _ in $(seq 30); do
	printf '{"token": "%s", "vendor": "vonage"}\n{"token": "%s"}\n' "$slow" "$good"
done >"$work/requests"
ask 0 10.0.0.1 --timeout 20000 --tries 1 <"$work/requests" >"$work/verdicts" &
asker=$!
for _ in $(seq 100); do
	[ $(($(received) - before)) -lt 60 ] || break
	sleep 0.1
done
[ $(($(received) - before)) -ge 60 ] || fail "the client sent only $(($(received) - before)) requests"
kill -TERM "$gate_pid"
kill -CONT "$gate_pid"
wait "$gate_pid" || fail "the gate ended with status $?"
gate_pid=
wait "$asker" || fail "the client failed: $(sort "$work/verdicts" | uniq -c)"
same "verdicts" "$(jq -r .verdict "$work/verdicts" | sort | uniq -c | xargs)" "60 admit"
grep -q 'stopping on Terminated' "$work/gate.log" || fail "the log does not say why it ended"
