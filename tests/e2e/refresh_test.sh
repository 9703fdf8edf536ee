#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   client 0  --- veth ---  gate that refreshes tokens of four vendors
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
	config '.store = {sqlite: ($work + "/gate.db")} | .apps += [
		{vendor: "stream", key: "k8mzq2w7rt5x", secrets: [{id: "a", secret: $secret}]},
		{vendor: "opentok", key: "47301122", secrets: [{id: "a", secret: $secret}]},
		{vendor: "vonage", key: "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3", secrets: [{id: "a",
			public_key_file: ($work + "/rsa.pub"), private_key_file: ($work + "/rsa.key")}]},
		{vendor: "agora", key: "'$agora'", secrets: [{id: "a", secret: "9e8d7c6b5a493827160f1e2d3c4b5a69"}]}]
		| .apps[].policy.refresh = true'
}

ctl() {
	"$build/control/cli/joingatectl" --socket "$work/admin.sock" "$@" >"$work/ctl.log" 2>&1 ||
		fail "joingatectl $*: $(cat "$work/ctl.log")"
}

# question VENDOR APP TYPE TOKEN: the gate's answer as JSON
question() {
	jq -cn --arg vendor "$1" --arg app "$2" --arg type "$3" --arg token "$4" \
		'$ARGS.named | if .vendor == "opentok" or .vendor == "vonage" then . + {room: "'$session'"} else . end' |
		ask 0 10.0.0.1
}

# token of a JSON answer to a refresh; the verdict instead when there is none
successor() {
	jq -r '.token // ((.reason // "no token") + ": " + (.detail // ""))'
}

new_client
veth 0
settings
gate_start

# In the past, because Stream spares what was issued in the second of its revocation.
issued=$(($(date +%s) - 10))

# chain VENDOR APP ORDER
chain() {
	local vendor=$1 app=$2 first second third id
	first=$(mint "$(jq -cn --argjson issued "$issued" "$3"' + {issued_at: $issued, ttl: 700}')")
	second=$(question "$vendor" "$app" refresh "$first" | successor)
	third=$(question "$vendor" "$app" refresh "$second" | successor)
	reason() { question "$vendor" "$app" join "$1" | jq -r '.reason // .verdict'; }
	same "$vendor: the chain" "$(reason "$first") $(reason "$second") $(reason "$third")" "admit admit admit"
	same "$vendor: ancestors" "$(question "$vendor" "$app" join "$third" | jq -r '.ancestors | join(" ")')" \
		"$(for t in "$first" "$second"; do question "$vendor" "$app" join "$t" | jq -r .token_id; done | xargs)"
	same "$vendor: times of issue" "$(question "$vendor" "$app" join "$third" | jq .issued_at)" \
		"$(question "$vendor" "$app" join "$first" | jq .issued_at)"

	id=$(question "$vendor" "$app" join "$first" | jq -r .token_id)
	ctl revoke token "$app" "$id" --vendor "$vendor"
	same "$vendor: first revoked" "$(reason "$first") $(reason "$second") $(reason "$third")" "revoked revoked revoked"
	case $(question "$vendor" "$app" refresh "$third" | successor) in
	revoked:*) ;;
	*) fail "$vendor: a successor of what is revoked" ;;
	esac
	ctl unrevoke token "$app" "$id" --vendor "$vendor"
	same "$vendor: undone" "$(reason "$third")" admit

	id=$(question "$vendor" "$app" join "$second" | jq -r .token_id)
	ctl revoke token "$app" "$id" --vendor "$vendor"
	same "$vendor: second revoked" "$(reason "$first") $(reason "$second") $(reason "$third")" "admit revoked revoked"
	ctl unrevoke token "$app" "$id" --vendor "$vendor"

	ctl revoke secret "$app" a --vendor "$vendor"
	same "$vendor: secret revoked" "$(reason "$first") $(reason "$second") $(reason "$third")" "revoked revoked revoked"
	ctl unrevoke secret "$app" a --vendor "$vendor"
	same "$vendor: undone" "$(reason "$first") $(reason "$third")" "admit admit"
}

chain livekit "$key" '{"vendor": "livekit", "identity": "alice", "room": "lobby"}'
chain stream k8mzq2w7rt5x '{"vendor": "stream", "identity": "john"}'
chain opentok 47301122 '{"vendor": "opentok", "room": "'$session'", "role": "moderator"}'
chain opentok 47301122 '{"vendor": "opentok", "format": "t1", "room": "'$session'", "metadata": "user=42"}'
chain vonage 5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3 '{"vendor": "vonage", "room": "'$session'"}'

token=$(mint '{"vendor": "agora", "room": "room", "identity": "42", "ttl": 700}')
case $(jq -cn --arg token "$token" \
	'{vendor: "agora", app: "'$agora'", room: "room", identity: "42", type: "refresh", token: $token}' |
	ask 0 10.0.0.1 | successor) in
not_permitted:*24\ hours*) ;;
*) fail "an Agora token was refreshed" ;;
esac

# After a rotation the old secret verifies, and its tokens find no successor under the new one.
token=$(mint '{"vendor": "livekit", "identity": "alice", "room": "lobby", "ttl": 700}')
printf 'another-secret-0123456789abcdef0' >"$work/new.secret"
chmod 600 "$work/new.secret"
ctl rotate add "$key" b --secret-file "$work/new.secret"
ctl rotate promote "$key" b
same "of the old secret" "$(question livekit "$key" join "$token" | jq -r .verdict)" admit
case $(question livekit "$key" refresh "$token" | successor) in
not_permitted:*only\ verifies*) ;;
*) fail "a token of a secret that only verifies was refreshed" ;;
esac
fates_add_up 0
gate_stop
