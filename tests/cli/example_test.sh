#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The program of docs/library.md against tokens of the vendors' SDKs.
# usage: example_test.sh PROGRAM VECTORS
set -eu
program=$1
vectors=$2

# field NAME FIELD: of the vector with that name
field() {
	jq -r --arg name "$1" "select(.name == \$name) | .$2" "$vectors"
}

ask() {
	"$program" "$(field "$1" app_key)" "$2" "$(field "$1" token)" "$(field "$1" now)"
}

expect() {
	[ "$2" = "$3" ] || { echo "$1: got '$2', expected '$3'" >&2; exit 1; }
}

good=livekit/subscribe-only
expect "a good token" "$(ask "$good" "$(field "$good" secret)")" \
	"admit alice to lobby: join subscribe"
set +e
said=$(ask "$good" "another secret")
status=$?
set -e
expect "another secret" "${said%%: *}" reject
expect "its status" "$status" 1
