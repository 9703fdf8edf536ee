#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0                              gate
#   10.0.0.2, fd00:0::2  --- veth ---  10.0.0.1, fd00:0::1   net_af_packet, one worker
#
# An ordinary host reaches the gate with nothing set by hand, and its joins get the right verdicts.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
veth 0
config .
gate_start

in_client 0 ping -q -c 2 -W 2 10.0.0.1 >/dev/null || fail "no echo over IPv4"
in_client 0 ping -q -c 2 -W 2 fd00:0::1 >/dev/null || fail "no echo over IPv6"
in_client 0 ping -q -c 1 -W 2 -s 6000 fd00:0::1 >/dev/null || fail "no echo in fragments"
[ "$(counter arp)" -ge 1 ] || fail "no ARP request was answered"
[ "$(counter neighbour)" -ge 1 ] || fail "no neighbour solicitation was answered"

good=$(mint '{"identity": "alice", "room": "lobby"}')
expired=$(mint '{"identity": "bob", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}')
foreign=${good%????????????}AAAAAAAAAAAA
for gate in 10.0.0.1 '[fd00:0::1]'; do
	same "good over $gate" "$(verdict 0 "$gate" "$good")" admit
	same "good for its room over $gate" "$(verdict 0 "$gate" --room lobby "$good")" admit
	same "another room over $gate" "$(verdict 0 "$gate" --room attic "$good")" room_mismatch
	same "expired over $gate" "$(verdict 0 "$gate" "$expired")" expired
	same "forged over $gate" "$(verdict 0 "$gate" "$foreign")" bad_signature
	same "dots over $gate" "$(verdict 0 "$gate" ....)" malformed
done
same "identity" "$(ask 0 10.0.0.1 "$good" | jq -r .identity)" alice

# A front end that is not known, and one with a wrong key, get no answer.
printf 'another key than the one of the gate' >"$work/wrong.key"
before=$(counter bad_request_mac)
same "wrong key" "$(in_client 0 "$joingate" ask --gate 10.0.0.1 --front-end 1 --key-file "$work/wrong.key" \
	--timeout 100 --tries 1 "$good" | jq -r .verdict)" none
same "counter of a wrong key" "$(counter bad_request_mac)" $((before + 1))
same "no key" "$(in_client 0 "$joingate" ask --gate 10.0.0.1 --timeout 100 --tries 1 "$good" |
	jq -r .verdict)" none
same "counter of no key" "$(counter unknown_front_end)" 1

# A token in fragments; its metadata comes back in fragments.
metadata=$(head -c 9000 /dev/zero | tr '\0' m)
large=$(mint "{\"identity\": \"carol\", \"room\": \"lobby\", \"metadata\": \"$metadata\"}")
for gate in 10.0.0.1 '[fd00:0::1]'; do
	same "large over $gate" "$(ask 0 "$gate" "$large" | jq -r '.metadata | length')" 9000
done
[ "$(counter reassembled)" -ge 1 ] || fail "nothing was reassembled"
[ "$(counter reply_fragments)" -ge 14 ] || fail "no answer was fragmented"
fates_add_up 0
gate_stop
