#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   gate  ---> $NOTIFY_SOCKET: a service manager's
#
# The gate says when it is ready, feeds the watchdog while its loops turn, and says that it stops.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

new_client
veth 0
config .
# What the manager hears, a line each.
python3 - "$work/notify" >"$work/heard" <<'PYTHON' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode(), flush=True)
PYTHON
listener=$!
until [ -S "$work/notify" ]; do sleep 0.1; done

# hears WORD
hears() {
	for _ in $(seq 200); do
		! grep -q "^$1$" "$work/heard" || return 0
		sleep 0.1
	done
	fail "the manager did not hear $1, but: $(cat "$work/heard")"
}

export NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=200000
gate_start
hears READY=1
hears WATCHDOG=1
same "the first word" "$(head -1 "$work/heard")" READY=1
kill -HUP "$gate_pid"
cp "$work/heard" "$work/heard.before"
for _ in $(seq 100); do
	[ "$(grep -c WATCHDOG=1 "$work/heard")" -le "$(grep -c WATCHDOG=1 "$work/heard.before")" ] || break
	sleep 0.1
done
[ "$(grep -c WATCHDOG=1 "$work/heard")" -gt "$(grep -c WATCHDOG=1 "$work/heard.before")" ] || fail "the watchdog is not fed"
gate_stop
hears STOPPING=1

# Another process' watchdog is none of ours, and a socket that is gone does no harm.
kill "$listener"
rm "$work/notify"
WATCHDOG_PID=1 gate_start
gate_stop
unit=$(cd "$(dirname "$0")/../.." && pwd)/docs/systemd/joingate.service
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify "$unit" >"$work/verified" 2>&1 || true
	! grep -v 'joingated is not executable\|Command /usr' "$work/verified" | grep joingate.service ||
		fail "systemd does not take the unit"
fi
