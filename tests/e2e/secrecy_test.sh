#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0, tokens of all vendors, good and bad  --- veth ---  gate  ---> everything it tells of itself
#
# No identity, room, name, token or secret is in what a gate says: metrics, figures, page, probes, telemetry,
# joingatectl's views, the log; and no token or secret in a capture.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

for tool in curl openssl; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
here=$(cd "$(dirname "$0")" && pwd)
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.pem" 2>/dev/null
chmod 600 "$work/rsa.pem"
openssl pkey -in "$work/rsa.pem" -pubout -out "$work/rsa.pub"
session=1_MX40NzMwMTEyMn4xMjcuMC4wLjF-VGh1IEphbiAxNCAyMDI3IDA4OjAxOjAwfjAuNDgyOTEzMX4
config '.metrics.listen = "127.0.0.1:9600" | .log = {format: "json", refusals: 100} | .store.sqlite = "gate.db" | .apps += [
	{vendor: "opentok", key: "47301122", secrets: [{id: "a", secret: "opentok-secret-of-the-test"}]},
	{vendor: "stream", key: "k8mzq2w7rt5x", secrets: [{id: "a", secret: "stream-secret-of-the-test"}]},
	{vendor: "vonage", key: "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3",
		secrets: [{id: "a", public_key_file: "rsa.pub", private_key_file: "rsa.pem"}]},
	{vendor: "agora", key: "3f1c9a7e5b2d4860a1b2c3d4e5f60718", secrets: [{id: "a", secret: "9e8d7c6b5a493827160f1e2d3c4b5a69"}]}]
	| .apps[].policy.refresh = true
	| .apps[0].policy.rooms = [{pattern: "zugspitze-*", deny: ["join"]}, {pattern: "*"}]'
new_client
veth 0
gate_start

printf '%s\n' wilhelmina matterhorn mina-harker carfax-abbey 4711471147 "$session" \
	eiger-nordwand hercule-poirot zugspitze nobody-has-this-key >"$work/names"
printf '%s\n' "$secret" opentok-secret stream-secret 9e8d7c6b5a493827160f1e2d3c4b5a69 \
	"$(cat "$work/front.key")" "$(sed -n 2p "$work/rsa.pem")" >"$work/secrets"

# Orders of a good and an expired token of each vendor; how each vendor is asked.
orders() {
	jq -c --arg session "$session" '.apps[] | {vendor, app: .key, identity: "wilhelmina", room: "matterhorn", ttl: 700}
		| if .vendor == "opentok" or .vendor == "vonage" then del(.identity) + {room: $session, metadata: "carfax-abbey"} else . end
		| if .vendor == "stream" then del(.room) else . end
		| if .vendor == "agora" then .identity = "4711471147" else . end
		| if .vendor == "livekit" then . + {name: "mina-harker", metadata: "carfax-abbey"} else . end
		| ., (del(.ttl) + {issued_at: 1600000000, expires_at: 1600003600})' "$work/joingate.json"
}
orders >"$work/orders"
"$joingate" mint --config "$work/joingate.json" <"$work/orders" | jq -r .token >"$work/tokens"
same "tokens" "$(wc -l <"$work/tokens")" 10
paste -d ' ' "$work/orders" "$work/tokens" | sed 's/ \([^ ]*\)$/\t\1/' | jq -cR '
	split("\t") | .[1] as $token | .[0] | fromjson | {vendor, app, room, identity, type: "join", token: $token}
	| if .vendor == "livekit" then del(.room, .identity) else . end
	| ., (.type = "refresh"), (.token = .token[:-8] + "AAAAAAAA"), (.room = "eiger-nordwand"),
		(.identity = "hercule-poirot"), (.app = "nobody-has-this-key")' >"$work/questions"
mint '{"vendor": "livekit", "app": "'"$key"'", "identity": "wilhelmina", "room": "zugspitze-1"}' >"$work/denied"
jq -cnR 'inputs | {vendor: "livekit", token: .}' "$work/denied" >>"$work/questions"

"$build/control/cli/joingatectl" --socket "$work/admin.sock" capture "$work/all.pcapng" --count 1000 --seconds 60 >"$work/capture.out" 2>&1 &
capture=$!
for _ in $(seq 100); do
	[ ! -s "$work/all.pcapng" ] || break
	sleep 0.1
done
ask 0 10.0.0.1 --timeout 20000 <"$work/questions" >"$work/verdicts"
same "answers" "$(wc -l <"$work/verdicts")" 61
reasons=$(jq -r 'if .verdict == "admit" then "admit" else .reason end' "$work/verdicts" | sort -u | xargs)
same "reasons" "$reasons" "admit bad_signature expired identity_mismatch malformed not_permitted room_mismatch unknown_key"
"$build/control/cli/joingatectl" --socket "$work/admin.sock" revoke user "$key" wilhelmina >"$work/revoked"
same "revoked" "$(verdict 0 10.0.0.1 --timeout 20000 "$(head -n 1 "$work/tokens")")" revoked
# Tokens that the gate made are as secret as those that it got.
jq -r '.token // empty' "$work/verdicts" >>"$work/tokens"
cat "$work/denied" >>"$work/tokens"
[ "$(wc -l <"$work/tokens")" -ge 14 ] || fail "no token was refreshed"
kill -INT "$capture"
wait "$capture" || fail "capture: $(cat "$work/capture.out")"

# Everything that is told.
mkdir "$work/told"
for path in metrics stats.json livez readyz page.js page.css nothing; do
	curl -sS --max-time 10 -o "$work/told/$path" "http://127.0.0.1:9600/$path"
done
curl -sS --max-time 10 -H 'Accept: application/openmetrics-text' -o "$work/told/openmetrics" http://127.0.0.1:9600/metrics
for view in status stats version "app list"; do
	# shellcheck disable=SC2086 # words
	"$build/control/cli/joingatectl" --socket "$work/admin.sock" $view >"$work/told/${view/ /_}"
	# shellcheck disable=SC2086
	"$build/control/cli/joingatectl" --socket "$work/admin.sock" --json $view >"$work/told/${view/ /_}.json"
done
timeout 3 "$build/control/cli/joingatectl" --socket "$work/admin.sock" stats --watch >"$work/told/watch" || true
for command in $(telemetry / | jq -r '.["/"][] | select(startswith("/joingate/"))'); do
	telemetry "$command" >"$work/told/telemetry_${command##*/}"
done
[ "$(find "$work/told" -name 'telemetry_*' | wc -l)" -ge 9 ] || fail "telemetry has only $(ls "$work/told")"
for _ in $(seq 100); do
	[ "$(jq -r 'select(.event == "refused") | .reason' "$work/gate.log" | sort -u | wc -l)" -lt 8 ] || break
	sleep 0.1
done
same "reasons in the log" "$(jq -r 'select(.event == "refused") | .reason' "$work/gate.log" | sort -u | xargs)" "$(tr ' ' '\n' <<<"${reasons#admit } revoked" | sort | xargs)"
cp "$work/gate.log" "$work/told/log"
cat "$work/names" "$work/secrets" >"$work/words"
python3 "$here/secrecy_check.py" "$work/words" "$work/tokens" "$work"/told/* || fail "the gate tells what it must not"
! python3 "$here/secrecy_check.py" "$work/words" "$work/tokens" "$work/verdicts" 2>"$work/found" ||
	fail "the check finds nothing in the verdicts, which have all of it"
# A capture has identities and rooms: it is what was asked.
python3 "$here/secrecy_check.py" "$work/secrets" "$work/tokens" "$work/all.pcapng" || fail "the capture tells what it must not"
gate_stop
