#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0                  gate
#   10.0.0.2  --- veth ---  10.0.0.1   net_af_packet, one worker and the RSA lane
#
# Tokens that the vendors' SDKs mint now get the right verdicts and capabilities from a running gate,
# which judges by its own clock; what must be refused is refused, for the right reason. What the gate
# makes of them when it refreshes them is taken by the vendors' verifiers.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/../e2e/_init.sh"

interop=$(dirname "$0")/run
now=$(date +%s)
export JG_NOW=$now
"$interop" gate_cases.mjs mint "$work"
config ".apps = $(cat "$work/apps.json") | .apps[].policy.refresh = true"
new_client
veth 0
gate_start

ask 0 10.0.0.1 <"$work/requests" >"$work/verdicts"
"$interop" gate_cases.mjs compare "$work"
ask 0 10.0.0.1 <"$work/refreshes" >"$work/successors"
JG_NOW=$(date +%s) "$interop" gate_cases.mjs refreshed "$work"
admitted=$(jq -s '[.[] | select(.verdict == "admit")] | length' "$work/verdicts")
[ "$admitted" -gt 20 ] || fail "only $admitted tokens were admitted"
same "packets with a verdict" "$(counter verdict)" $(($(wc -l <"$work/requests") + $(wc -l <"$work/refreshes")))
fates_add_up 0
gate_stop
