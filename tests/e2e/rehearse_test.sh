#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `make rehearse` in eight seconds: ends well, with a report of what the long form does.
set -euo pipefail
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
fail() {
	echo "FAIL: $*" >&2
	sed 's/^/rehearse: /' "$out/log" >&2
	exit 1
}
# same WHAT FILTER EXPECTED
same() {
	got=$(jq -r "$2" "$out/result.json")
	[ "$got" = "$3" ] || fail "$1: got '$got', expected '$3'"
}

status=0
RATE=750 SEED=7 "$(dirname "$0")/../tools/rehearse" "$JG_BUILD" 8 "$out" >"$out/log" 2>&1 || status=$?
[ "$status" -ne 77 ] || exit 77
[ "$status" -eq 0 ] || fail "it ended with $status"
same "profile" .settings.profile launch
same "wrong verdicts" '.totals.wrong + .warm_up.wrong' 0
same "a fifth is bad" '(.kinds.good.sent / .totals.sent) > 0.75 and (.kinds.good.sent / .totals.sent) < 0.85' true
same "every way there is to be bad" '(.kinds | keys | length)' "$(jq '.settings.kinds | length' "$out/result.json")"
same "reasons beside ok" '(.reasons | keys | length) >= 19' true
same "seconds told" '.seconds | length' 8
same "answers and losses" '.totals.answered + .totals.unanswered == .totals.sent' true
[ "$(wc -l <"$out/seconds.csv")" -eq 9 ] || fail "the CSV has not a line for each second"
grep -q '^#\[Histogram log' "$out/latency.hlog" || fail "no histogram log"
grep -q 'all kept' "$out/report.html" || fail "the report does not say that all was kept"
! grep -qE '<script|https?:' "$out/report.html" || fail "the report needs more than itself"
