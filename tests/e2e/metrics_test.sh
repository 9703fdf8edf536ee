#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate  <--- HTTP, loopback --- curl, promtool, Prometheus
#
# What the gate says of itself agrees with what it was asked, is text that Prometheus accepts, and is
# all that the dashboard and the alert rules name. /livez and /readyz follow the gate's state.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

for tool in curl promtool prometheus; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
root=$(cd "$(dirname "$0")/../.." && pwd)
ctl=$build/control/cli/joingatectl
at=127.0.0.1:9600
new_client
veth 0
config '.metrics.listen = "127.0.0.1:9600" | .metrics.hosts = ["gate.example"]'
gate_start

# get PATH CURL-ARGS...
get() { curl -sS --max-time 10 "${@:2}" "http://$at$1"; }
# status PATH CURL-ARGS...
status() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
# sample NAME-WITH-LABELS: its value
sample() { get /metrics | awk -v name="$1" 'index($0, name " ") == 1 {print substr($0, length(name) + 2)}'; }

good=$(mint '{"identity": "alice", "room": "lobby"}')
expired=$(mint '{"identity": "bob", "room": "attic", "issued_at": 1600000000, "expires_at": 1600003600}')
for _ in $(seq 7); do echo "$good"; done >"$work/tokens"
for _ in $(seq 3); do echo "$expired"; done >>"$work/tokens"
ask 0 10.0.0.1 --timeout 20000 <"$work/tokens" >"$work/verdicts" # asked twice, it would count twice
same "answers" "$(wc -l <"$work/verdicts")" 10

# The figures are those of the questions.
same "admitted" "$(sample 'joingate_verdicts_total{vendor="livekit",verdict="admit",reason="ok"}')" 7
same "expired" "$(sample 'joingate_verdicts_total{vendor="livekit",verdict="reject",reason="expired"}')" 3
same "by app" "$(sample "joingate_app_verdicts_total{vendor=\"livekit\",app=\"$key\",verdict=\"admit\",reason=\"ok\"}")" 7
same "fate" "$(sample 'joingate_packets_total{worker="worker 0",fate="verdict"}')" 10
same "lag" "$(sample 'joingate_worker_epoch_lag{worker="worker 0"}')" 0
same "ready" "$(sample joingate_ready)" 1
same "port" "$(sample 'joingate_port_up{port="gate0"}')" 1
same "missed" "$(sample 'joingate_port_rx_missed_total{port="gate0"}')" 0
# As the kernel says to others who ask: struct timex, maxerror and status.
kernel=$(python3 -c '
import ctypes
t = (ctypes.c_long * 32)()
state = ctypes.CDLL(None).adjtimex(t)
print(int(state == 5 or bool(ctypes.c_int(t[5]).value & 0x40)))')
same "the clock" "$(sample joingate_clock_unsynchronised)" "$kernel"
[[ $(sample joingate_clock_error_seconds) =~ ^(-1|[0-9.e-]+)$ ]] || fail "the clock's error is no number"
[ "$(sample joingate_verify_duration_seconds_count)" -ge 10 ] || fail "service times are not counted"
same "secrets" "$(sample 'joingate_keys{vendor="livekit",status="active"}')" 1
same "secrets of others" "$(sample 'joingate_keys{vendor="agora",status="active"}')" 0
same "nodes without a fleet" "$(sample 'joingate_fleet_nodes{state="in_force"}')" 0
used=$(sample "joingate_key_last_use_timestamp_seconds{vendor=\"livekit\",app=\"$key\",secret=\"a\",status=\"active\"}")
[ "${used%%.*}" -ge 1600000000 ] || fail "the secret's last use is '$used'"

# Never a token, an identity or a room.
get /metrics >"$work/metrics.txt"
get /metrics -H 'Accept: application/openmetrics-text;version=1.0.0' >"$work/openmetrics.txt"
get /stats.json >"$work/stats.json"
if grep -qE 'alice|bob|lobby|attic|eyJ' "$work/metrics.txt" "$work/openmetrics.txt" "$work/stats.json"; then
	fail "an identity, a room or a token is in the metrics"
fi

# Three ways to the same figures.
same "JSON" "$(jq -c .verdicts "$work/stats.json")" '{"livekit":{"ok":7,"expired":3}}'
same "joingatectl" "$("$ctl" --socket "$work/admin.sock" --json stats | jq -c .verdicts)" '{"livekit":{"ok":7,"expired":3}}'
same "telemetry" "$(telemetry /joingate/verdicts | jq -c '.["/joingate/verdicts"]')" '{"livekit_ok":7,"livekit_expired":3}'

same "telemetry of workers" "$(telemetry /joingate/workers | jq -c '.["/joingate/workers"] | [keys, .worker_0.verdict]')" '[["lane","worker_0"],10]'
# A neighbour's packet may come between the two looks.
for _ in $(seq 5); do
	"$ctl" --socket "$work/admin.sock" --json stats >"$work/stats.json"
	! python3 "$(dirname "$0")/same_figures.py" "$work/stats.json" /run/dpdk/joingate-*/dpdk_telemetry.v2 2>"$work/differ" || break
done
[ ! -s "$work/differ" ] || fail "figures differ: $(cat "$work/differ")"
# DPDK's own client, where it is installed, sees them beside its own.
if command -v dpdk-telemetry.py >/dev/null; then
	prefix=$(basename "$(dirname /run/dpdk/joingate-*/dpdk_telemetry.v2)")
	stock=$(printf '/joingate/verdicts\n/ethdev/list\nquit\n' | dpdk-telemetry.py -f "$prefix")
	same "the stock client" "$(head -1 <<<"$stock" | jq -c '.["/joingate/verdicts"]')" '{"livekit_ok":7,"livekit_expired":3}'
	same "the stock client's ports" "$(tail -1 <<<"$stock" | jq -c '.["/ethdev/list"]')" '[0]'
fi
watched=$(timeout 3 "$ctl" --socket "$work/admin.sock" stats --watch || true)
jq -r '(.verdicts | to_entries[].value | to_entries[] | "\(.key) 0 \(.value)"),
	(.workers | to_entries[] | "\(.key) \(.value.epoch) \(.value.epoch_lag) 0"),
	"epoch \(.state.in_force) of \(.state.epoch) in force, \(.state.cut_offs) cut-offs",
	"p99.9 \(.service_us["p99.9"] * 10 | round / 10)",
	(.top_apps[] | select(.app != "other") | "\(.vendor) \(.app) 3 10 expired")' "$work/stats.json" |
	while read -r line; do
		tr -s ' ' <<<"$watched" | grep -qF "$line" || fail "stats --watch does not say '$line': $watched"
	done
"$ctl" --socket "$work/admin.sock" status --watch 2>/dev/null && fail "status --watch is nonsense"

# Prometheus' own tools take it, and it has every name that the documents use.
promtool check metrics <"$work/metrics.txt" || fail "promtool check metrics"
promtool check rules "$root/docs/prometheus/alerts.yml" || fail "promtool check rules"
(cd "$root/tests/prometheus" && promtool test rules alerts_test.yml keys_test.yml) || fail "promtool test rules"
"$root/tests/tools/metric-names" "$work/metrics.txt" || fail "the documents name metrics that are not there"

# Only reading, only by our names.
same "POST" "$(status /metrics -X POST)" 405
same "DELETE" "$(status / -X DELETE)" 405
same "nothing there" "$(status /../etc/passwd --path-as-is)" 404
same "a foreign Host" "$(status / -H 'Host: evil.example:9600')" 421
same "a foreign Host for the figures" "$(status /stats.json -H 'Host: evil.example')" 421
same "a Host of the list" "$(status /metrics -H 'Host: gate.example:9600')" 200
same "localhost" "$(status / -H 'Host: localhost:9600')" 200
same "another port" "$(status / -H 'Host: localhost:80')" 421
same "HEAD" "$(status /metrics --head)" 200
get / --head | grep -q "default-src 'none'" || fail "no Content-Security-Policy"
# More connections than are served do no harm.
for _ in $(seq 40); do
	sleep 20 >"/dev/tcp/127.0.0.1/9600" &
done
sleep 0.2
kill %% 2>/dev/null || true
for _ in $(seq 100); do
	[ "$(status /livez 2>/dev/null)" != 200 ] || break
	sleep 0.1
done
same "after many connections" "$(status /livez)" 200

# Prometheus scrapes it.
cat >"$work/prometheus.yml" <<YML
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [$root/docs/prometheus/alerts.yml]
scrape_configs: [{job_name: joingate, static_configs: [{targets: ["$at"]}]}]
YML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
	--web.listen-address=127.0.0.1:9090 --log.level=warn 2>"$work/prometheus.log" &
prometheus_pid=$!
# query PROMQL: the first value
query() {
	curl -sS --max-time 10 --get http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result[0].value[1] // "none"'
}
for _ in $(seq 300); do
	[ "$(query 'sum(joingate_verdicts_total{verdict="admit"})' 2>/dev/null)" != 7 ] || break
	kill -0 "$prometheus_pid" 2>/dev/null || fail "Prometheus ended: $(cat "$work/prometheus.log")"
	sleep 0.1
done
same "what Prometheus has" "$(query 'sum(joingate_verdicts_total{verdict="admit"})')" 7
same "up" "$(query 'up{job="joingate"}')" 1
same "rules" "$(curl -sS http://127.0.0.1:9090/api/v1/rules | jq -r '[.data.groups[].rules[].lastError // ""] | add')" ""
# Every panel's expression is one that Prometheus can answer.
jq -r '.panels[].targets[].expr | gsub("[$]instance"; ".*") | gsub("[$]__rate_interval"; "1m")' \
	"$root/docs/grafana/joingate.json" >"$work/panels"
while read -r expression; do
	same "$expression" "$(curl -sS --max-time 10 --get http://127.0.0.1:9090/api/v1/query \
		--data-urlencode "query=$expression" | jq -r .status)" success
done <"$work/panels"
[ "$(wc -l <"$work/panels")" -gt 20 ] || fail "the dashboard has $(wc -l <"$work/panels") expressions"
kill "$prometheus_pid"

# Probes follow the gate: drained it is live and not ready.
same "live" "$(status /livez)" 200
same "ready" "$(status /readyz)" 200
"$ctl" --socket "$work/admin.sock" drain >/dev/null
same "live while draining" "$(status /livez)" 200
same "ready while draining" "$(status /readyz)" 503
"$ctl" --socket "$work/admin.sock" drain --undo >/dev/null
same "ready again" "$(status /readyz)" 200

# link_logged EVENT: the log says so
link_logged() {
	for _ in $(seq 100); do
		! grep -q "port gate0: link $1" "$work/gate.log" || return 0
		sleep 0.1
	done
	fail "the log does not say that the link is $1"
}

# A port without a link is none to send joins to: af_packet does not know, the kernel does.
# until_status PATH CODE: what it comes to
until_status() {
	for _ in $(seq 100); do
		[ "$(status "$1")" != "$2" ] || break
		sleep 0.1
	done
	status "$1"
}
in_client 0 ip link set client0 down
same "ready without a carrier" "$(until_status /readyz 503)" 503
same "the port" "$(sample 'joingate_port_up{port="gate0"}')" 0
same "telemetry of the port" "$(telemetry /joingate/ports | jq '.["/joingate/ports"].up')" 0
same "live without a carrier" "$(status /livez)" 200
link_logged down # the gate looks once a second
in_client 0 ip link set client0 up
link_logged up
same "ready with it" "$(until_status /readyz 200)" 200
ip link set gate0 down
same "ready while down" "$(until_status /readyz 503)" 503
ip link set gate0 up
same "ready when up" "$(until_status /readyz 200)" 200
gate_stop
