#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0: joingate-load, net_af_packet        gate
#   10.0.0.3, fd00:0::3  -------- veth --------  10.0.0.1, fd00:0::1   net_af_packet, one worker
#
# The load tester over ports of its own: large tokens in fragments both ways, IPv4 and IPv6, every
# verdict right. What may not be loaded, or is not there, is told. Then the gate within the load
# tester's own process, without any right, and the search for its capacity.
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
mix=(--config "$work/joingate.json" --bad 20 --reconnect 10 --extra 0..3000 --tokens 1000 --timeout 5000)

for gate in 10.0.0.1 fd00:0::1; do
	address=10.0.0.3/24
	[ "$gate" = 10.0.0.1 ] || address=fd00:0::3/64
	before=$(counter verdict)
	run_load --port client0 --address "$address" --gate "$gate" --front-end 1 \
		--key-file "$work/front.key" "${mix[@]}" --rate 400 --duration 3 --slo 'wrong==0'
	[ "$status" -eq 0 ] || load_failed "over a port to $gate the run ended with $status"
	same "wrong verdicts" "$(result .totals.wrong)" 0
	same "the way" "$(result .settings.over)" "port client0 (net_af_packet)"
	[ "$(result '.totals.answered > 0.9 * .totals.sent')" = true ] || load_failed "answers are missing"
	same "answers and losses" "$(result '.totals.answered + .totals.unanswered == .totals.sent')" true
	same "kinds that were sent" "$(result '(.kinds | keys) == (.settings.kinds | keys) and (.kinds | length) > 15')" true
	answered=$(result '.totals.answered + .warm_up.answered + .totals.after_timeout')
	[ $(($(counter verdict) - before)) -ge "$answered" ] || fail "the gate gave fewer verdicts than came"
done
fates_add_up 0

# Nobody there; a way out; a device without a wire that is not there.
run_load --port client0 --address 10.0.0.3/24 --gate 10.0.0.77 "${mix[@]}"
same "status when nobody answers for the address" "$status" 2
grep -q -- '--gate-mac' "$work/load.log" || load_failed "it is not told what to do"
in_client 0 ip route add default via 10.0.0.1
run_load --port client0 --address 10.0.0.3/24 --gate 10.0.0.1 "${mix[@]}"
same "status with a way out" "$status" 1
grep -q -- '--allow' "$work/load.log" || load_failed "it is not told how to allow it"
gate_stop

# A gate within the process: nothing but memory is asked for.
load_command=("$load")
run_load --in-process --front-end 5 "${mix[@]}" --rate 400 --duration 3 --slo 'wrong==0' \
	--html "$work/report.html"
[ "$status" -eq 0 ] || load_failed "the gate inside: status $status"
same "wrong verdicts inside" "$(result .totals.wrong)" 0
same "kinds inside" "$(result '(.kinds | keys) == (.settings.kinds | keys) and (.kinds | length) > 15')" true
[ "$(result '.totals.answered > 0.9 * .totals.sent')" = true ] || load_failed "answers are missing inside"
[ "$(result '.generator.rate > 0 and .seconds[0].gate_busy >= 0')" = true ] ||
	load_failed "no figures of generator and gate"

# RS256 has a lane of its own that refuses what it cannot take: a capacity that is found in steps.
run_load --in-process --config "$work/joingate.json" --vendors vonage --tokens 100 --profile steps \
	--from 500 --rate 1000000 --duration 0.3 --warm-up 0 --timeout 300 --slo 'loss<0.5,wrong==0'
[ "$status" -eq 0 ] || load_failed "the search for the capacity ended with $status"
grep -q '^capacity .* kept, .* did not$' "$work/load.log" || load_failed "no capacity was found"
[ "$(result '[.steps[] | select(.kept)] | length')" -ge 1 ] || load_failed "no step kept the objective"
[ "$(result '[.steps[] | select(.kept | not)] | length')" -ge 1 ] || load_failed "no step broke it"
[ "$(result '([.steps[] | select(.kept) | .rate] | max) < ([.steps[] | select(.kept | not) | .rate] | min)')" = true ] ||
	load_failed "what was kept is not below what was not"
same "the outcome's rate" "$(result '.totals.intended / .settings.duration | round')" \
	"$(result '[.steps[] | select(.kept) | .rate] | max | round')"

# Where the slowest step is too fast already there is no capacity to tell.
run_load --in-process "${mix[@]}" --profile steps --from 100 --rate 200 --duration 0.2 \
	--warm-up 0 --timeout 300 --slo 'p50<1ns'
same "status when no step keeps it" "$status" 99
same "steps taken" "$(result '.steps | length')" 1
