#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: joingate-load, net_af_packet        gate
#   10.0.0.3  --------------- veth ------------  10.0.0.1   net_af_packet, one worker
#
# The gate is killed in the middle of a run over a port, and started again: the run goes on, what was
# lost is told to the second, in the result, the report and the exit status, and all that was answered
# before and after is right. It goes on for long: on a busy machine a gate takes many seconds to be ready.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_load.sh
. "$(dirname "$0")/_load.sh"
needs_ports

new_client
veth 0
config_all
gate_start
load_command=(in_client 0 "$load")

run_load --port client0 --address 10.0.0.3/24 --gate 10.0.0.1 --front-end 1 \
	--key-file "$work/front.key" --config "$work/joingate.json" --vendors livekit,stream,agora \
	--bad 20 --tokens 500 --rate 200 --duration 24 --timeout 1500 --slo 'loss<0.001,wrong==0' \
	--html "$work/report.html" --csv "$work/seconds.csv" &
runner=$!
kill_gate_under "$runner"
sleep 1.5
gate_start
wait "$runner" || true

same "status" "$(result .status)" 99
same "the broken objective" "$(result '[.slo[] | select(.kept | not) | .term] | join(" ")')" "loss<0.001"
same "wrong verdicts" "$(result '.totals.wrong + .warm_up.wrong')" 0
same "answers and losses" "$(result '.totals.answered + .totals.unanswered == .totals.sent')" true
same "all was sent" "$(result .totals.sent)" 4800
same "before it" "$(result '[.seconds[0, 1].unanswered] | add')" 0
same "the sum of the seconds" "$(result '([.seconds[].unanswered] | add) == .totals.unanswered')" true
[ "$(result '[.seconds[] | select(.unanswered > 0)] | length >= 2')" = true ] ||
	load_failed "an outage of more than 1.5 s fits no single second"
[ "$(result '.seconds[-1] | .answered > 0 and .unanswered == 0')" = true ] ||
	load_failed "the gate that came back is not seen"
# As long as its requests say, at 200 a second.
[ "$(result '.totals | .outage >= 1.5 and .outage * 200 - 2 <= .unanswered')" = true ] ||
	load_failed "an outage of $(result .totals.outage) s does not fit the losses"
[ "$(result '(.totals.outage_from | floor) == ([.seconds[] | select(.unanswered > 0) | .t] | min)')" = true ] ||
	load_failed "the outage does not begin where the losses do"
[ "$(result '.latency_with_unanswered.max >= 1500000000')" = true ] || load_failed "a loss cost less than the timeout"
grep -q '^outage ' "$work/load.log" || load_failed "the outage is not told"
grep -q '>broken<' "$work/report.html" || fail "the report does not say that it broke"
grep -q 'longest outage' "$work/report.html" || fail "the report does not name the outage"
grep -q 'rect class=lost' "$work/report.html" || fail "the report does not show the outage"
