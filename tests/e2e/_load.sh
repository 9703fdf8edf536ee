# SPDX-License-Identifier: BSD-3-Clause
# Sourced after _init.sh by what loads a gate: one app of every vendor, and the load tester in a
# client's namespace.
# shellcheck shell=bash disable=SC2154
load=$build/bench/load/joingate-load
[ -x "$load" ] || skip "$load is not built"

# config_all: a gate with an app of every vendor, an RSA key made anew, users that were cut off and an
# app with closed rooms: what every kind of bad token needs
config_all() {
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.pem" 2>/dev/null
	openssl pkey -in "$work/rsa.pem" -pubout -out "$work/rsa.pub"
	chmod 600 "$work"/rsa.*
	# shellcheck disable=SC2016 # jq's variables
	config '.apps += [
		{vendor: "stream", key: "k8mzq2w7rt5x", secrets: [{id: "a", secret: $secret}]},
		{vendor: "opentok", key: "47301122", secrets: [{id: "a", secret: $secret}]},
		{vendor: "vonage", key: "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3",
		 secrets: [{id: "a", public_key_file: "rsa.pub", private_key_file: "rsa.pem"}]},
		{vendor: "agora", key: "3f1c9a7e5b2d4860a1b2c3d4e5f60718",
		 secrets: [{id: "a", secret: "9e8d7c6b5a493827160f1e2d3c4b5a69"}]},
		{vendor: "livekit", key: "APIclosed", secrets: [{id: "a", secret: $secret}],
		 policy: {rooms: [{pattern: "room-*"}]}}]
		| .cut_offs = [
		{vendor: "livekit", app: $key, scope: "user", user: "banned", before: (now - 60 | floor)},
		{vendor: "stream", app: "k8mzq2w7rt5x", scope: "user", user: "banned", before: (now - 60 | floor)}]'
}

# run_load ARGS...: load_command with them; the exit status goes to status, the result to result.json
load_command=("$load")
run_load() {
	status=0
	"${load_command[@]}" --seed 1 --json "$work/result.json" "$@" >"$work/load.log" 2>&1 || status=$?
}
result() { jq -r "$1" "$work/result.json"; }
load_failed() {
	sed 's/^/load: /' "$work/load.log" >&2
	fail "$@"
}

# load_gate ARGS...: load the gate of client 0
load_gate() {
	in_client 0 "$load" --socket --gate 10.0.0.1 --front-end 1 --key-file "$work/front.key" "$@"
}

# needs_ports: skip where the load tester has none
needs_ports() {
	"$load" --in-process --config /dev/null 2>&1 | grep -q 'without DPDK' && skip "built without DPDK"
	return 0
}

# kill_gate_under RUNNER: kill the gate when that run has gone on for two seconds
kill_gate_under() {
	until grep -q '^ *2 s target' "$work/load.log" 2>/dev/null; do
		kill -0 "$1" 2>/dev/null || load_failed "the run ended early"
		sleep 0.1
	done
	kill -KILL "$gate_pid"
	wait "$gate_pid" || true
}
