#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0, 100 000 tokens of as many apps that nobody has  --- veth ---  gate  ---> metrics, log
#
# Whoever floods the gate with names of his own makes no label, no line of the log and no memory of it.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v curl >/dev/null || skip "curl is missing"
config '.metrics.listen = "127.0.0.1:9600" | .log = {format: "json", refusals: 1}'
new_client
veth 0
gate_start

# flood FIRST N: tokens of apps APIstranger<number>, whose signatures are as good as any
flood() {
	python3 - "$1" "$2" <<'PYTHON'
import base64, json, sys
def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
for number in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
    claims = {"iss": f"APIstranger{number}", "sub": f"user{number}", "exp": 4000000000,
              "video": {"roomJoin": True, "room": f"room{number}"}}
    print(part({"alg": "HS256", "typ": "JWT"}), part(claims), "A" * 43, sep=".")
PYTHON
}
# asked N: asks what is in tokens, which must be so many, and tells the reasons
asked() {
	ask 0 10.0.0.1 --timeout 2000 <"$work/tokens" | jq -r '.reason // .verdict' | sort | uniq -c | awk '{print $2 "=" $1}' | xargs
}
# How many series the gate has, and its memory: KiB that are its own. The page and Prometheus look meanwhile.
series() { curl -sS --max-time 10 "http://127.0.0.1:9600/metrics" | grep -vc '^#'; }
memory() { awk '/^RssAnon/ {print $2}' "/proc/$gate_pid/status"; }
look() {
	for _ in $(seq 5); do
		curl -sS --max-time 10 -o "$work/metrics" http://127.0.0.1:9600/metrics
		curl -sS --max-time 10 -o "$work/stats.json" http://127.0.0.1:9600/stats.json
	done
}

# What a first thousand make is there once and for all: the row of the reason, warm tables, arenas.
flood 0 1000 >"$work/tokens"
same "first strangers" "$(asked)" "unknown_key=1000"
look
sleep 1.1
series_before=$(series)
memory_before=$(memory)
lines_before=$(wc -l <"$work/gate.log")

SECONDS=0
flood 1000 100000 >"$work/tokens"
same "strangers" "$(asked)" "unknown_key=100000"
look
sleep 1.1
passed=$((SECONDS + 1))
same "series" "$(series)" "$series_before"
grown=$(($(memory) - memory_before))
[ "$grown" -le 1024 ] || fail "the gate has grown by $grown KiB"
lines=$(($(wc -l <"$work/gate.log") - lines_before))
[ "$lines" -le $((passed + 2)) ] || fail "$lines lines of the log in $passed seconds"
same "what the log says of them" \
	"$(jq -s 'map(select(.event == "refused" and .reason == "unknown_key") | 1 + .skipped) | add >= 1000' "$work/gate.log")" true
if grep -qE 'stranger|user[0-9]|room[0-9]' "$work/metrics" "$work/stats.json" "$work/gate.log"; then
	fail "a stranger's name is told"
fi
[ "$(curl -sS "http://127.0.0.1:9600/metrics" | awk '/^joingate_verdicts_total\{vendor="livekit",verdict="reject",reason="unknown_key"\}/ {print $2}')" -ge 101000 ] ||
	fail "not all strangers were counted"
echo "$(series) series as before, $grown KiB more, $lines lines in $passed s"
gate_stop
