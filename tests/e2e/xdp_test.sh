#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  10.0.0.2, fd00:0::2  --- veth ---  gate 10.0.0.1, fd00:0::1   net_af_xdp, copy mode
#
# AF_XDP takes packets before the kernel touches them: IPv4 comes in fragments, and checksums as the
# sending kernel left them.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
veth 0
config '.ports[0] += {driver: "af_xdp", args: "force_copy=1"}'
"$joingated" --config "$work/joingate.json" 2>"$work/try.log" &
for _ in $(seq 100); do
	! grep -q 'joingated: ready' "$work/try.log" || break
	kill -0 $! 2>/dev/null || skip "no AF_XDP here: $(grep joingated "$work/try.log" | tail -1)"
	sleep 0.1
done
kill -TERM $!
wait $! || fail "the gate ended with status $?"
gate_start

good=$(mint '{"identity": "alice", "room": "lobby"}')
metadata=$(head -c 9000 /dev/zero | tr '\0' m)
large=$(mint "{\"identity\": \"carol\", \"room\": \"lobby\", \"metadata\": \"$metadata\"}")
for gate in 10.0.0.1 '[fd00:0::1]'; do
	same "good over $gate" "$(verdict 0 "$gate" "$good")" admit
	same "large over $gate" "$(ask 0 "$gate" "$large" | jq -r '.metadata | length')" 9000
done
[ "$(counter reassembled)" -ge 2 ] || fail "only $(counter reassembled) reassembled"
[ "$(counter unfinished_checksum)" -ge 2 ] || fail "no checksum was unfinished"
fates_add_up 0
gate_stop
