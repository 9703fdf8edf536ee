#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: many Vonage joins at once, and LiveKit joins beside them  --- veth ---  gate
#
# The RS256 lane is bounded: what it cannot take is answered `overloaded` at once, nothing is lost,
# and HMAC tokens go on as if nothing were.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v openssl >/dev/null || skip "openssl is missing"
openssl genrsa -out "$work/rsa.pem" 4096 2>/dev/null
openssl rsa -in "$work/rsa.pem" -pubout -out "$work/rsa.pub" 2>/dev/null
app=5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3
new_client
veth 0
config ".apps += [{vendor: \"vonage\", key: \"$app\",
	secrets: [{id: \"v\", public_key_file: \"rsa.pub\", private_key_file: \"rsa.pem\"}]}]"
chmod 600 "$work/rsa.pem"
gate_start

slow=$(mint "{\"vendor\": \"vonage\", \"app\": \"$app\", \"room\": \"1_MX4x\", \"role\": \"publisher\"}")
good=$(mint '{"vendor": "livekit", "identity": "alice", "room": "lobby"}')
same "one alone" "$(verdict 0 10.0.0.1 --vendor vonage "$slow")" admit
for _ in $(seq 2000); do echo "$slow"; done >"$work/tokens"
asks=()
for i in $(seq 8); do
	ask 0 10.0.0.1 --vendor vonage --timeout 5000 <"$work/tokens" >"$work/verdicts.$i" &
	asks+=($!)
done
for _ in $(seq 5); do same "LiveKit meanwhile" "$(verdict 0 10.0.0.1 "$good")" admit; done
for pid in "${asks[@]}"; do wait "$pid" || fail "a client failed"; done
cat "$work"/verdicts.* | jq -r '.reason // .verdict' | sort | uniq -c >"$work/sum"
awk '$2 != "admit" && $2 != "overloaded" {exit 1} {n += $1} END {exit n != 16000}' "$work/sum" ||
	fail "verdicts: $(cat "$work/sum")"
grep -q overloaded "$work/sum" || fail "never overloaded: $(cat "$work/sum")"
grep -q admit "$work/sum" || fail "never admitted: $(cat "$work/sum")"
same "lane" "$(counter lane_queued)" "$(counter lane_answered)"
fates_add_up 0
gate_stop
