#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate0 \
#                                   two workers, one queue of each port for each (AF_PACKET fanout)
#   client 1  --- veth ---  gate1 /
#
# 10 000 requests over two ports to two workers: every one gets its verdict, and both workers work.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
new_client
veth 0
veth 1
config '.workers = 2 | .ports += [{device: "gate1", addresses: ["10.0.1.1/24", "fd00:1::1/64"]}]'
gate_start

order='{"identity": "alice", "room": "lobby"}'
expired='{"identity": "bob", "room": "lobby", "issued_at": 1600000000, "expires_at": 1600003600}'
for _ in $(seq 250); do printf '%s\n%s\n%s\n%s\n' "$order" "$order" "$order" "$expired"; done |
	"$joingate" mint --config "$work/joingate.json" | jq -r .token >"$work/tokens"
asks=()
for i in $(seq 10); do
	ask $((i % 2)) "10.0.$((i % 2)).1" <"$work/tokens" >"$work/verdicts.$i" &
	asks+=($!)
done
for pid in "${asks[@]}"; do wait "$pid" || fail "a client failed"; done

cat "$work"/verdicts.* | jq -r '.reason // .verdict' | sort | uniq -c | awk '{print $2 "=" $1}' |
	tr '\n' ' ' >"$work/sum"
same "verdicts" "$(cat "$work/sum")" "admit=7500 expired=2500 "
first=$(counter verdict 0)
second=$(counter verdict 1)
[ $((first < second ? first : second)) -gt 500 ] || fail "uneven: $first and $second"
[ $((first + second)) -ge 10000 ] || fail "only $((first + second)) verdicts"
fates_add_up 0
fates_add_up 1
gate_stop
