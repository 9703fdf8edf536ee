# SPDX-License-Identifier: BSD-3-Clause
# Sourced by every end-to-end script: runs it again inside namespaces of its own (root, else a user
# namespace), and gives it words for topologies, the gate, questions and counters.
# shellcheck shell=bash
set -euo pipefail

skip() {
	echo "SKIP: $*" >&2
	exit 77
}

if [ -z "${JG_E2E_INSIDE:-}" ]; then
	for tool in ip jq nsenter python3 unshare; do
		command -v "$tool" >/dev/null || skip "$tool is missing"
	done
	flags=(--net --mount --pid --fork --kill-child)
	[ "$(id -u)" -eq 0 ] || flags+=(--user --map-root-user)
	unshare "${flags[@]}" true 2>/dev/null || skip "namespaces are not allowed here"
	# The first process of a namespace inherits orphans, and bash may take one's status for that of the
	# process it waits for: a shell of its own is there for them.
	# shellcheck disable=SC2016
	JG_E2E_INSIDE=1 exec unshare "${flags[@]}" sh -c '"$@"; exit $?' sh "$BASH" "$0" "$@"
fi

build=${JG_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build}
joingate=$build/control/cli/joingate
joingated=$build/control/daemon/joingated
[ -x "$joingated" ] || skip "$joingated is not built"
mount -t proc proc /proc
mount -t tmpfs tmpfs /run || skip "no private /run"
work=$(mktemp -d)
gate_pid=
clients=()

clean_up() {
	status=$?
	[ -z "$gate_pid" ] || kill -KILL "$gate_pid" 2>/dev/null || true
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || [ ! -f "$work/gate.log" ] ||
		sed 's/^/gate: /' "$work/gate.log" >&2
	rm -rf "$work"
}
trap clean_up EXIT

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# same WHAT GOT EXPECTED
same() {
	[ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}

ip link set lo up

# A client: a network namespace that a sleeper holds. new_client; its number is the last of clients.
new_client() {
	unshare --net sleep infinity &
	clients+=($!)
	until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do :; done
	in_client $((${#clients[@]} - 1)) ip link set lo up
}

# in_client N COMMAND...
in_client() {
	local n=$1
	shift
	nsenter --target "${clients[$n]}" --net "$@"
}

# veth N [MTU]: gateN here, clientN in client N: 10.0.N.2/24 and fd00:N::2/64; the gate shall be ...1.
veth() {
	ip link add "gate$1" type veth peer name "client$1" netns "${clients[$1]}"
	ip link set "gate$1" mtu "${2:-1500}" up
	in_client "$1" ip link set "client$1" mtu "${2:-1500}" up
	in_client "$1" ip addr add "10.0.$1.2/24" dev "client$1"
	in_client "$1" ip addr add "fd00:$1::2/64" dev "client$1" nodad
}

secret=e2e-secret-0123456789abcdef
key=APIe2e

# config JQ-FILTER: the settings of a gate on gate0, changed by the filter.
config() {
	jq -n --arg key "$key" --arg secret "$secret" --arg work "$work" '
		{apps: [{vendor: "livekit", key: $key, secrets: [{id: "a", secret: $secret}]}],
		 ports: [{device: "gate0", addresses: ["10.0.0.1/24", "fd00:0::1/64"]}],
		 front_ends: [{id: 1, key_file: "front.key", from: ["10.0.0.0/16", "fd00::/16"], apps: ["*"]}],
		 admin: {socket: ($work + "/admin.sock")}, metrics: {listen: ""}}
		| '"${1:-.}" >"$work/joingate.json.new"
	chmod 600 "$work/joingate.json.new"
	mv "$work/joingate.json.new" "$work/joingate.json"
}
printf 'a front end key of the end-to-end tests\n' >"$work/front.key"
chmod 600 "$work/front.key"

gate_start() {
	"$joingated" --config "$work/joingate.json" 2>"$work/gate.log" &
	gate_pid=$!
	for _ in $(seq 300); do
		grep -qE 'joingated: ready|"event":"ready"' "$work/gate.log" && return
		kill -0 "$gate_pid" 2>/dev/null || fail "the gate did not start"
		sleep 0.1
	done
	fail "the gate is not ready"
}

gate_stop() {
	kill -TERM "$gate_pid"
	wait "$gate_pid" || fail "the gate ended with status $?"
	gate_pid=
}

# mint JSON-ORDER...: one token a line
mint() {
	printf '%s\n' "$@" | "$joingate" mint --config "$work/joingate.json" | jq -r .token
}

# ask N GATE ARGS...: verdicts as the front end of client N gets them; the exit status is ignored
ask() {
	local n=$1 gate=$2
	shift 2
	in_client "$n" "$joingate" ask --gate "$gate" --front-end 1 --key-file "$work/front.key" "$@" ||
		[ $? -eq 1 ]
}

# verdict N GATE ARGS...: "admit", or the reason
verdict() {
	ask "$@" </dev/null | jq -r 'if .verdict == "admit" then "admit" else .reason // .verdict end'
}

# telemetry COMMAND: the answer of DPDK's telemetry socket
telemetry() {
	python3 - "$1" /run/dpdk/joingate-*/dpdk_telemetry.v2 <<'PYTHON'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[2])
s.recv(16384)
s.send(sys.argv[1].encode())
print(s.recv(65536).decode())
PYTHON
}

# counter NAME [WORKER]
counter() {
	telemetry "/joingate/stats,${2:-0}" | jq -r --arg name "$1" '.["/joingate/stats"][$name]'
}

fates='["verdict","ping","arp","neighbour","echo","fragment_held","not_for_us","other_protocol",
	"too_short","truncated","bad_header","bad_source","bad_checksum","fragment_overlap",
	"fragment_limit","fragment_no_room","bad_request","unknown_front_end","front_end_source",
	"bad_request_mac","not_ready","no_buffer","tx_full"]'

# fates_add_up [WORKER]: every packet that came in had exactly one fate
fates_add_up() {
	telemetry "/joingate/stats,${1:-0}" | jq -e --argjson fates "$fates" \
		'.["/joingate/stats"] | . as $c | ([$fates[] | $c[.]] | add) == .rx_packets' >/dev/null ||
		fail "packets and fates differ: $(telemetry "/joingate/stats,${1:-0}")"
}
