#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate: two workers, one of them held  <--- HTTP, admin socket
#
# A worker that stands still is named by /livez, by revocations and by the page's figures, and does not
# keep the rest of the gate from working. When it goes on, what was revoked is in force there too.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v curl >/dev/null || skip "curl is missing"
ctl=$build/control/cli/joingatectl
new_client
veth 0
config '.metrics.listen = "127.0.0.1:9600" | .workers = 2 | .store.sqlite = "state.db"'
gate_start

get() { curl -sS --max-time 10 "${@:2}" "http://127.0.0.1:9600$1"; }
# until_status PATH CODE: what it comes to
until_status() {
	for _ in $(seq 100); do
		[ "$(get "$1" -o /dev/null -w '%{http_code}')" != "$2" ] || break
		sleep 0.1
	done
	get "$1" -o /dev/null -w '%{http_code}'
}
# sample NAME-WITH-LABELS: its value
sample() { get /metrics | awk -v name="$1" 'index($0, name " ") == 1 {print substr($0, length(name) + 2)}'; }

same "live" "$(get /livez)" live
epoch=$(sample joingate_epoch)
mkfifo "$work/hold"
python3 "$(dirname "$0")/hold_thread.py" "$gate_pid" rte-worker-2 <"$work/hold" >"$work/held" 2>&1 &
holder=$!
exec 9>"$work/hold"
for _ in $(seq 100); do
	! grep -q held "$work/held" || break
	kill -0 "$holder" 2>/dev/null || skip "ptrace is not allowed here: $(cat "$work/held")"
	sleep 0.1
done

same "live" "$(until_status /livez 503)" 503
get /livez | grep -qE '^worker 1 has stood still for [0-9]+ s$' || fail "/livez says: $(get /livez)"
same "nobody else" "$(get /livez | wc -l)" 1

# The figures are still served, and say who is behind.
same "metrics" "$(get /metrics -o /dev/null -w '%{http_code}')" 200
if "$ctl" --socket "$work/admin.sock" --json --wait 1 revoke user "$key" alice >"$work/revoked"; then
	fail "a revocation was in force without worker 1"
else
	same "exit status" "$?" 3
fi
same "why" "$(jq -r .code "$work/revoked")" not_in_force
jq -r .error "$work/revoked" | grep -qE "1 of 3 workers have not acknowledged epoch $((epoch + 1)): worker 1 \\(epoch $epoch\\)\$" ||
	fail "the revocation says: $(jq -r .error "$work/revoked")"
same "lag" "$(sample 'joingate_worker_epoch_lag{worker="worker 1"}')" 1
same "lag of the other" "$(sample 'joingate_worker_epoch_lag{worker="worker 0"}')" 0
[ "$(sample 'joingate_worker_behind_seconds{worker="worker 1"}' | cut -d. -f1)" -ge 1 ] || fail "worker 1 is not behind"
beat=$(sample 'joingate_worker_heartbeat_total{worker="worker 1"}')
same "its heart" "$(sample 'joingate_worker_heartbeat_total{worker="worker 1"}')" "$beat"

# It goes on: live, and the revocation holds on both.
exec 9>&-
wait "$holder" || fail "$(cat "$work/held")"
same "live again" "$(until_status /livez 200)" 200
for _ in $(seq 100); do
	[ "$(sample joingate_epoch_in_force)" != $((epoch + 1)) ] || break
	sleep 0.1
done
same "in force" "$(sample joingate_epoch_in_force)" $((epoch + 1))
token=$(mint '{"identity": "alice", "room": "lobby", "issued_at": 1600000000, "expires_at": 4000000000}')
for _ in $(seq 100); do echo "$token"; done >"$work/tokens"
same "verdicts" "$(ask 0 10.0.0.1 <"$work/tokens" | jq -r .reason | sort -u)" revoked
gate_stop
