#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   kernel of this namespace: gtap 10.0.0.2, fd00:0::2  --- TAP ---  gate 10.0.0.1, fd00:0::1  net_tap
#
# Over TAP the kernel sends IPv4 in fragments: here our own reassembly is asked.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

[ -c /dev/net/tun ] || skip "no /dev/net/tun"
config '.ports = [{device: "gtap", driver: "tap", addresses: ["10.0.0.1/24", "fd00:0::1/64"]}]'
gate_start
# The new interface has the port's own MAC; a host needs another one to talk to it.
ip link set gtap address 02:00:00:00:00:99
ip addr add 10.0.0.2/24 dev gtap
ip addr add fd00:0::2/64 dev gtap nodad
ip link set gtap up

tap_ask() {
	"$joingate" ask --gate "$1" --front-end 1 --key-file "$work/front.key" "$2" </dev/null
}
good=$(mint '{"identity": "alice", "room": "lobby"}')
metadata=$(head -c 9000 /dev/zero | tr '\0' m)
large=$(mint "{\"identity\": \"carol\", \"room\": \"lobby\", \"metadata\": \"$metadata\"}")
ping -q -c 1 -W 2 -s 5000 10.0.0.1 >/dev/null || fail "no echo in fragments over IPv4"
for gate in 10.0.0.1 '[fd00:0::1]'; do
	same "good over $gate" "$(tap_ask "$gate" "$good" | jq -r .verdict)" admit
	same "large over $gate" "$(tap_ask "$gate" "$large" | jq -r '.metadata | length')" 9000
done
[ "$(counter reassembled)" -ge 3 ] || fail "only $(counter reassembled) reassembled"
fates_add_up 0
gate_stop
