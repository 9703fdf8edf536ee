#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Check tests/model/publish.pml exhaustively: assertions and deadlocks, then convergence. A model
# with a planted mistake must fail, so that the check itself is checked.
set -eu

command -v spin >/dev/null || { echo "spin is not installed (apt-get install spin)"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# build NAME SED-SCRIPT: the verifier of a variant of the model
build() {
	sed -e "$2" "$here/publish.pml" >"$1.pml"
	[ "$2" = "" ] || ! cmp -s "$1.pml" "$here/publish.pml" || { echo "$1: nothing to mutate"; exit 1; }
	spin -a "$1.pml" >/dev/null
	gcc -O2 -DNOREDUCE -o "$1.safe" -DSAFETY -DNOCLAIM pan.c
	gcc -O2 -DNFAIR=4 -o "$1.live" pan.c
}

# holds PROGRAM ARGS: no error, and the search was not cut short
holds() {
	"$@" >out 2>&1
	if ! grep -q 'errors: 0' out || grep -q 'max search depth too small' out; then
		cat out
		exit 1
	fi
	grep -E 'states, stored|errors:' out
}

build model ""
echo "assertions, deadlocks:"
holds ./model.safe -m1000000
echo "everything published ends up in force:"
holds ./model.live -m1000000 -a -f

fails() {
	build "$1" "$2"
	"./$1.safe" -m1000000 >out 2>&1 || true
	! grep -q 'errors: 0' out || { echo "mutant $1 was not found out"; exit 1; }
	echo "mutant $1: found"
}
fails early_free 's/retired_until\[i\] <= least/retired_until[i] <= least + 1/'
fails early_report 's/^\tin_force = least;/\tin_force = epoch;/'
fails acknowledge_first 's|^\t\t\tobeyed = e;|\t\t\tskip;|'
fails lost_snapshot 's/:: snapshot_sent\[w\] != snapshot -> ring/:: snapshot_sent[w] == 0 -> ring/'
fails early_reclaim 's/reclaim_epoch = epoch + 1;/reclaim_epoch = epoch;/'
echo "publish model: holds"
