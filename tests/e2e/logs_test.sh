#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate  ---> stderr: JSON lines, then text
#
# Refused joins are logged with reason, detail and the token's fingerprint, a few of each reason in a
# second; never a token, an identity or a room.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

ctl=$build/control/cli/joingatectl
new_client
veth 0
config '.log = {format: "json", refusals: 2} | .apps[0].policy = {rooms: [{pattern: "vault-*", deny: ["join"]}, {pattern: "*"}]}'
gate_start

# refusals JQ-FILTER: of the lines of refused joins, once there are N: refusals N FILTER
refusals() {
	for _ in $(seq 100); do
		[ "$(jq -c 'select(.event == "refused")' "$work/gate.log" | wc -l)" -lt "$1" ] || break
		sleep 0.1
	done
	jq -s -r "map(select(.event == \"refused\")) | $2" "$work/gate.log"
}

expired=$(mint '{"identity": "mallory", "room": "lobby-7", "issued_at": 1600000000, "expires_at": 1600003600}')
same "expired" "$(verdict 0 10.0.0.1 "$expired")" expired
[ "$(refusals 1 length)" -ge 1 ] || fail "no line"
same "reason" "$(refusals 1 '.[0] | [.level, .reason, .vendor, .app, .key, .front_end, .type, .skipped] | @csv')" \
	"\"info\",\"expired\",\"livekit\",\"$key\",\"a\",1,\"join\",0"
same "fingerprint" "$(refusals 1 '.[0].fingerprint')" "$(printf %s "$expired" | sha256sum | cut -c1-16)"
refusals 1 '.[0].message' | grep -q '^refused: expired [0-9]* s ago (leeway 60 s)$' || fail "detail: $(refusals 1 '.[0].message')"

# A thousand more in a few seconds: few lines, and none is forgotten. A second later a last one tells.
# Under load a question may be asked twice: what counts is what the gate counted.
for _ in $(seq 1000); do echo "$expired"; done >"$work/tokens"
ask 0 10.0.0.1 <"$work/tokens" | tail -1 | jq -e '.reason == "expired"' >/dev/null || fail "asking"
sleep 1.1
same "expired again" "$(verdict 0 10.0.0.1 "$expired")" expired
counted() { "$ctl" --socket "$work/admin.sock" --json stats | jq .verdicts.livekit.expired; }
told() { refusals 2 'map(select(.reason == "expired") | 1 + .skipped) | add'; }
for _ in $(seq 100); do
	[ "$(told)" != "$(counted)" ] || break
	sleep 0.1
done
[ "$(counted)" -ge 1002 ] || fail "the gate refused $(counted) joins"
same "lines and what they skipped" "$(told)" "$(counted)"
[ "$(refusals 2 length)" -le 200 ] || fail "$(refusals 2 length) lines"

# Every other refusal has its line as well, and no more than it may tell.
forged=${expired%.*}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
same "forged" "$(verdict 0 10.0.0.1 "$forged")" bad_signature
same "policy" "$(verdict 0 10.0.0.1 "$(mint '{"identity": "mallory", "room": "vault-3"}')")" not_permitted
same "other room" "$(verdict 0 10.0.0.1 --room elsewhere "$(mint '{"identity": "mallory", "room": "lobby-7"}')")" room_mismatch
for reason in bad_signature not_permitted room_mismatch; do
	for _ in $(seq 100); do
		[ "$(refusals 1 "map(select(.reason == \"$reason\")) | length")" -eq 0 ] || break
		sleep 0.1
	done
	[ "$(refusals 1 "map(select(.reason == \"$reason\")) | length")" -ge 1 ] || fail "no line of $reason"
done
if grep -qE 'mallory|lobby-7|vault|elsewhere|eyJ' "$work/gate.log"; then
	fail "an identity, a room or a token is in the log"
fi

# What happens to the gate is there too, and a reload changes how it is told.
"$ctl" --socket "$work/admin.sock" drain >/dev/null
"$ctl" --socket "$work/admin.sock" drain --undo >/dev/null
config '.log = {format: "text", refusals: 0}'
"$ctl" --socket "$work/admin.sock" reload >/dev/null
same "events" "$(jq -R -r 'fromjson? | select(.event != "refused") | .event' "$work/gate.log" | uniq | tr '\n' ' ')" \
	"start port ready drain "
lines=$(wc -l <"$work/gate.log")
same "forged" "$(verdict 0 10.0.0.1 "$forged")" bad_signature
sleep 0.5
same "no lines of refusals" "$(wc -l <"$work/gate.log")" "$lines"
gate_stop
tail -1 "$work/gate.log" | grep -q '^joingated: stopping on Terminated$' || fail "the last line is no text: $(tail -1 "$work/gate.log")"
