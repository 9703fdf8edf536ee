#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: joingate-load               gate
#   10.0.0.2  ----------- veth ------  10.0.0.1   net_af_packet, one worker, all vendors
#
# A rehearsal in small: on a launch curve every kind of bad token gets its verdict. Wrong
# expectations, a gate that dies in the middle and an address that is not ours are told.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_load.sh
. "$(dirname "$0")/_load.sh"

load_command=(load_gate)
new_client
veth 0
config_all
gate_start

run_load --config "$work/joingate.json" --profile launch --rate 750 --duration 6 --bad 20 \
	--reconnect 10 --extra 0..2000 --tokens 2500 --timeout 5000 --slo 'wrong==0' \
	--csv "$work/seconds.csv" --hlog "$work/load.hlog" --html "$work/report.html"
[ "$status" -eq 0 ] || load_failed "a rehearsal ended with $status"
same "wrong verdicts" "$(result .totals.wrong)" 0
[ "$(result '.totals.answered > 0.9 * .totals.sent')" = true ] || load_failed "answers are missing"
same "answers and losses" "$(result '.totals.answered + .totals.unanswered == .totals.sent')" true
same "kinds that were sent" "$(result '.kinds | keys | length')" 19
same "lines of the CSV" "$(wc -l <"$work/seconds.csv")" 7
grep -q '^#\[Histogram log' "$work/load.hlog" || fail "no histogram log"
grep -q 'all kept' "$work/report.html" || fail "the report does not say that all was kept"
"$load" report "$work/result.json" | cmp -s - "$work/report.html" || fail "two reports of one result differ"
"$load" compare "$work/result.json" "$work/result.json" >/dev/null || fail "a run is worse than itself"

# Somebody expects something else than the gate says.
jq -cn --arg good "$(mint '{"app": "APIe2e", "identity": "alice", "room": "lobby"}')" '
	{token: $good, expect: "admit"}, {token: $good, expect: "expired"}' >"$work/tokens"
run_load --tokens-file "$work/tokens" --rate 50 --duration 1
same "status of a wrong verdict" "$status" 99
same "what was expected and came" "$(result '.wrong[0] | .expected + " " + .got')" "expired ok"

# The gate dies in the middle and comes back: the seconds without it are told, and the rest too.
run_load --config "$work/joingate.json" --rate 200 --duration 10 --timeout 1500 --tokens 500 \
	--vendors livekit --slo 'loss<0.001' --html "$work/report.html" &
runner=$!
kill_gate_under "$runner"
gate_start
wait "$runner" || true
same "status kept" "$(result .status)" 99
[ "$(result '[.seconds[] | select(.unanswered > 0)] | length')" -ge 1 ] || load_failed "no outage is told"
same "before it" "$(result '.seconds[0].unanswered')" 0
same "the sum of the seconds" "$(result '([.seconds[].unanswered] | add) == .totals.unanswered')" true
grep -q 'rect class=lost' "$work/report.html" || fail "the report does not show the outage"

status=0
load_gate --gate 192.0.2.1 --config "$work/joingate.json" >"$work/load.log" 2>&1 || status=$?
same "status for a foreign address" "$status" 1
grep -q -- '--allow' "$work/load.log" || load_failed "it is not told how to allow it"
gate_stop
status=0
load_gate --config "$work/joingate.json" --duration 1 --rate 20 --timeout 200 --tokens 20 \
	--vendors livekit >"$work/load.log" 2>&1 || status=$?
same "status without a gate" "$status" 2
