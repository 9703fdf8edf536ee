#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate that refreshes tokens: JWTs, T1, RSA on the lane
#
# A chain of refreshed tokens is admitted, and refused as soon as its first token, one in between or
# the secret is revoked. A secret that only verifies brings no successors; neither does Agora.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

command -v openssl >/dev/null || skip "openssl is missing"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.key" 2>/dev/null ||
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.key" 2>/dev/null
chmod 600 "$work/rsa.key"
openssl pkey -in "$work/rsa.key" -pubout -out "$work/rsa.pub"
session=1_MX40NzMwMTEyMn4xMjcuMC4wLjF-VGh1IEphbiAxNCAyMDI3IDA4OjAxOjAwfjAuNDgyOTEzMX4
agora=3f1c9a7e5b2d4860a1b2c3d4e5f60718

settings() {
	# shellcheck disable=SC2016 # variables of jq
	config '.store = {sqlite: ($work + "/gate.db")} | .apps += [
		{vendor: "opentok", key: "47301122", secrets: [{id: "a", secret: $secret}]},
		{vendor: "stream", key: "k8mzq2w7rt5x", secrets: [{id: "a", secret: $secret}]},
		{vendor: "vonage", key: "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3", secrets: [{id: "a",
			public_key_file: ($work + "/rsa.pub"), private_key_file: ($work + "/rsa.key")}]},
		{vendor: "agora", key: "'$agora'", secrets: [{id: "a", secret: "9e8d7c6b5a493827160f1e2d3c4b5a69"}]}]
		| .apps[].policy.refresh = true'
}

ctl() {
	"$build/control/cli/joingatectl" --socket "$work/admin.sock" "$@" >"$work/ctl.log" 2>&1 ||
		fail "joingatectl $*: $(cat "$work/ctl.log")"
}

# questions VENDOR APP TYPE:TOKEN...: the gate's answers as JSON, a line each
questions() {
	local vendor=$1 app=$2
	shift 2
	printf '%s\n' "$@" | jq -cR --arg vendor "$vendor" --arg app "$app" --arg session "$session" '
		split(":") | {vendor: $vendor, app: $app, type: .[0], token: .[1]}
		| if $vendor == "opentok" or $vendor == "vonage" then . + {room: $session} else . end
		| if $vendor == "agora" then . + {room: "room", identity: "42"} else . end' | ask 0 10.0.0.1
}

# What the answers say, in one line: admit or the reason; of a refresh, the token or the reason and detail
said() {
	jq -r 'if .verdict == "admit" then .token // "admit" elif $refresh then "\(.reason): \(.detail)" else .reason end' \
		--argjson refresh "${1:-false}" | xargs
}

new_client
veth 0
settings
gate_start

issued=$(($(date +%s) - 10))

# chain VENDOR APP ORDER
chain() {
	local vendor=$1 app=$2 first second third ids
	first=$(mint "$(jq -cn --argjson issued "$issued" "$3"' + {issued_at: $issued, ttl: 700}')")
	second=$(questions "$vendor" "$app" "refresh:$first" | said true)
	third=$(questions "$vendor" "$app" "refresh:$second" | said true)
	joins=("join:$first" "join:$second" "join:$third")
	questions "$vendor" "$app" "${joins[@]}" >"$work/chain"
	same "$vendor: the chain" "$(said <"$work/chain")" "admit admit admit"
	same "$vendor: times of issue" "$(jq .issued_at "$work/chain" | xargs)" "$issued $issued $issued"
	mapfile -t ids < <(jq -r .token_id "$work/chain")
	same "$vendor: ancestors" "$(jq -r '.ancestors // [] | length' "$work/chain" | xargs)" "0 1 2"
	same "$vendor: names of ancestors" "$(jq -r '.ancestors // [] | .[]' "$work/chain" | tail -n 2 | xargs)" "${ids[0]} ${ids[1]}"

	ctl revoke token "$app" "${ids[0]}" --vendor "$vendor"
	same "$vendor: first revoked" "$(questions "$vendor" "$app" "${joins[@]}" "refresh:$third" | said)" \
		"revoked revoked revoked revoked"
	ctl unrevoke token "$app" "${ids[0]}" --vendor "$vendor"
	ctl revoke token "$app" "${ids[1]}" --vendor "$vendor"
	same "$vendor: second revoked" "$(questions "$vendor" "$app" "${joins[@]}" | said)" "admit revoked revoked"
	ctl unrevoke token "$app" "${ids[1]}" --vendor "$vendor"
	ctl revoke secret "$app" a --vendor "$vendor"
	same "$vendor: secret revoked" "$(questions "$vendor" "$app" "${joins[@]}" | said)" "revoked revoked revoked"
	ctl unrevoke secret "$app" a --vendor "$vendor"
	same "$vendor: undone" "$(questions "$vendor" "$app" "${joins[@]}" | said)" "admit admit admit"
}

chain livekit "$key" '{"vendor": "livekit", "identity": "alice", "room": "lobby"}'
chain opentok 47301122 '{"vendor": "opentok", "format": "t1", "room": "'$session'", "metadata": "user=42"}'
chain opentok 47301122 '{"vendor": "opentok", "format": "jwt-hs256", "room": "'$session'", "metadata": "user=42"}'
chain stream k8mzq2w7rt5x '{"vendor": "stream", "identity": "alice"}'
chain vonage 5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3 '{"vendor": "vonage", "room": "'$session'"}'

for format in agora-007 agora-006; do
	token=$(mint '{"vendor": "agora", "format": "'$format'", "room": "room", "identity": "42", "ttl": 700}')
	case $(questions agora "$agora" "refresh:$token" | said true) in
	not_permitted:*24\ hours*) ;;
	*) fail "an $format token was refreshed" ;;
	esac
done

# After a rotation the old secret verifies, and its tokens find no successor under the new one.
token=$(mint '{"vendor": "livekit", "identity": "alice", "room": "lobby", "ttl": 700}')
printf 'another-secret-0123456789abcdef0' >"$work/new.secret"
chmod 600 "$work/new.secret"
ctl rotate add "$key" b --secret-file "$work/new.secret"
ctl rotate promote "$key" b
same "of the old secret" "$(questions livekit "$key" "join:$token" | said)" admit
case $(questions livekit "$key" "refresh:$token" | said true) in
not_permitted:*only\ verifies*) ;;
*) fail "a token of a secret that only verifies was refreshed" ;;
esac
fates_add_up 0
gate_stop
