#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   joingate-load 10.0.0.3  --- memif; AF_XDP on a veth; two TAPs on a bridge ---  gate 10.0.0.1
#
# The ways over which two processes meet without a NIC, but for the veth and AF_PACKET of load_port:
# every verdict is right over each. What a machine does not have is passed over.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_load.sh
. "$(dirname "$0")/_load.sh"
needs_ports

# load_over WAY DEVICE: a second of load from there on the gate that runs, which ends then
load_over() {
	run_load --port "$2" --address 10.0.0.3/24 --gate 10.0.0.1 --front-end 1 \
		--key-file "$work/front.key" --config "$work/joingate.json" --bad 20 --extra 0..3000 \
		--tokens 300 --rate 300 --duration 1 --timeout 3000 --slo 'wrong==0'
	[ "$status" -eq 0 ] || load_failed "over $1 the run ended with $status"
	[[ "$(result .settings.over)" == *"(net_$1)" ]] || load_failed "over $1: the way is '$(result .settings.over)'"
	[ "$(result '.totals.answered > 0.9 * .totals.sent')" = true ] || load_failed "over $1 answers are missing"
	[ "$(result '.kinds | length > 10')" = true ] || load_failed "over $1 kinds are missing"
	gate_stop
}

# gate_over FILTER: a gate with this port; false: this machine has none
gate_over() {
	config_all
	jq ".ports = [$1]" "$work/joingate.json" >"$work/ports.json"
	chmod 600 "$work/ports.json"
	mv "$work/ports.json" "$work/joingate.json"
	"$joingated" --config "$work/joingate.json" 2>"$work/try.log" &
	local try=$!
	for _ in $(seq 100); do
		! grep -q 'joingated: ready' "$work/try.log" || break
		if ! kill -0 $try 2>/dev/null; then
			echo "not here: $(grep joingated "$work/try.log" | tail -1)" >&2
			return 1
		fi
		sleep 0.1
	done
	kill -TERM $try
	wait $try || fail "the gate ended with status $?"
	gate_start
}

memif='"driver": "memif", "args": "socket='$work'/memif.sock,socket-abstract=no,role='
gate_over "{\"device\": \"memif0\", \"addresses\": [\"10.0.0.1/24\"], ${memif}server\"}" ||
	fail "no memif, which needs nothing but memory"
load_over memif "{\"device\": \"memif0\", ${memif}client\"}"

new_client
veth 0
xdp='"driver": "af_xdp", "args": "force_copy=1"'
if gate_over "{\"device\": \"gate0\", \"addresses\": [\"10.0.0.1/24\"], $xdp}"; then
	load_command=(in_client 0 "$load")
	load_over af_xdp "{\"device\": \"client0\", $xdp}"
	load_command=("$load")
fi

# The kernel must not have the ports' own addresses, or it keeps their frames to itself.
if [ -c /dev/net/tun ] && ip link add br0 type bridge 2>/dev/null &&
	gate_over '{"device": "gtap", "driver": "tap", "addresses": ["10.0.0.1/24"]}'; then
	ip link set br0 up
	ip link set gtap address 02:00:00:00:00:98
	ip link set gtap master br0 up
	(
		until ip link show ltap >/dev/null 2>&1; do sleep 0.02; done
		sleep 0.3
		ip link set ltap address 02:00:00:00:00:99
		ip link set ltap master br0 up
	) &
	load_over tap '{"device": "ltap", "driver": "tap"}'
fi
