#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate, reloaded again and again while the client asks
#
# SIGHUP puts new settings in force; a bad file changes nothing; no verdict is wrong meanwhile.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
veth 0
config .
gate_start
good=$(mint '{"identity": "alice", "room": "lobby"}')
same "before" "$(verdict 0 10.0.0.1 "$good")" admit

# expect VERDICT: within five seconds
expect() {
	for _ in $(seq 50); do
		[ "$(verdict 0 10.0.0.1 "$good")" != "$1" ] || return 0
		sleep 0.1
	done
	fail "no $1 after the reload: $(verdict 0 10.0.0.1 "$good")"
}

config '.apps[0].policy = {deny: ["join"]}'
kill -HUP "$gate_pid"
expect not_permitted
echo '{"apps": [' >"$work/joingate.json"
kill -HUP "$gate_pid"
sleep 0.3
same "after a bad file" "$(verdict 0 10.0.0.1 "$good")" not_permitted
kill -0 "$gate_pid" || fail "a bad file ended the gate"
config .
kill -HUP "$gate_pid"
expect admit

# Reloads under load: the settings stay the same, so must all verdicts.
for _ in $(seq 2000); do echo "$good"; done >"$work/tokens"
ask 0 10.0.0.1 <"$work/tokens" >"$work/verdicts" &
client=$!
while kill -0 "$client" 2>/dev/null; do
	kill -HUP "$gate_pid"
	sleep 0.02
done
wait "$client" || fail "the client failed"
same "verdicts under reloads" "$(jq -r .verdict "$work/verdicts" | sort | uniq -c | xargs)" "2000 admit"
fates_add_up 0
gate_stop
