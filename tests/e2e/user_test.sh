#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate, started by root, that becomes the user nobody
#
# Store and admin socket belong to that user: changes, reloads and joingatectl work, and what was
# acknowledged is there after a restart.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

user=nobody
setpriv --reuid "$user" --clear-groups true 2>/dev/null || skip "cannot become $user here"
mkdir "$work/home"
chmod 711 "$work"
chown "$user" "$work/home"

# settings JQ-FILTER: with a store, readable by the user
settings() {
	config ".user = \"$user\" | .store = {sqlite: (\$work + \"/home/gate.db\")}
		| .admin.socket = (\$work + \"/home/admin.sock\") | ${1:-.}"
	chown "$user" "$work/joingate.json" "$work/front.key"
}

# ctl ARGS...: as the user
ctl() {
	setpriv --reuid "$user" --clear-groups "$build/control/cli/joingatectl" --socket "$work/home/admin.sock" "$@"
}

owner() {
	stat -c '%U %a' "$work/home/$1"
}

new_client
veth 0
settings
gate_start
same "all of its users" "$(awk '/^Uid/ {print $2, $3, $4, $5}' "/proc/$gate_pid/status")" \
	"$(id -u "$user") $(id -u "$user") $(id -u "$user") $(id -u "$user")"
same "its capabilities" "$(awk '/^Cap(Prm|Eff|Amb)/ {print $2}' "/proc/$gate_pid/status" | sort -u)" 0000000000000000
same "its cores" "$(awk '/^Max core file size/ {print $5, $6}' "/proc/$gate_pid/limits")" "0 0"
same "who may look into it" "$(stat -c %U "/proc/$gate_pid/environ")" root
# AddressSanitizer locks nothing.
grep -q __asan_init "$joingated" ||
	[ "$(awk '/^VmLck/ {print $2}' "/proc/$gate_pid/status")" -gt 0 ] || fail "nothing is locked in memory"
same "store" "$(owner gate.db)" "$user 600"
same "write-ahead log" "$(owner gate.db-wal)" "$user 600"
same "socket" "$(owner admin.sock)" "$user 600"
token=$(mint '{"identity": "alice", "room": "lobby"}')
same "before" "$(verdict 0 10.0.0.1 "$token")" admit

ctl revoke user "$key" alice >"$work/revoked" || fail "revoke: $(cat "$work/revoked")"
same "revoked" "$(verdict 0 10.0.0.1 "$token")" revoked
ctl reload >"$work/reloaded" || fail "reload: $(cat "$work/reloaded")"
"$build/control/cli/joingatectl" --socket "$work/home/admin.sock" status >/dev/null || fail "root cannot ask"
# The user may capture, tokens are for root alone; no file is left of what was refused.
ctl capture "$work/home/some.pcapng" --seconds 1 >"$work/captured" 2>&1 || fail "capture: $(cat "$work/captured")"
same "capture" "$(owner some.pcapng)" "$user 600"
ctl capture "$work/home/tokens.pcapng" --with-tokens 2>"$work/err" && fail "$user captures tokens"
grep -q 'only root may capture with_tokens' "$work/err" || fail "told: $(cat "$work/err")"
[ ! -e "$work/home/tokens.pcapng" ] || fail "a file of tokens is left"
# Much at once: more than the user's own limit of locked memory is not needed.
seq 20000 | sed 's/^/user-/' >"$work/users"
ctl revoke users "$key" - <"$work/users" >"$work/revoked" || fail "revoke users: $(cat "$work/revoked")"

gate_stop
gate_start
same "after a restart" "$(verdict 0 10.0.0.1 "$token")" revoked
ctl unrevoke user "$key" alice >/dev/null || fail "unrevoke after a restart"
same "undone" "$(verdict 0 10.0.0.1 "$token")" admit
gate_stop

ln -s gate.db "$work/home/link.db"
settings ".store.sqlite = \"$work/home/link.db\""
"$joingated" --config "$work/joingate.json" 2>"$work/gate.log" && fail "it started on a symbolic link"
grep -q 'link.db' "$work/gate.log" || fail "not told which file"
