#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# publish_model.sh [EPOCHS]: check tests/model/publish.pml exhaustively: assertions and deadlocks with
# three changes, then convergence, which costs ten times as much, with EPOCHS (default 2). A model
# with a planted mistake must fail, so that the check itself is checked.
set -eu

command -v spin >/dev/null || { echo "spin is not installed (apt-get install spin)"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

epochs=${1:-2}

# build NAME SED-SCRIPT EPOCHS MODE...: the verifier of a variant of the model
build() {
	variant=$1 script=$2 changes=$3
	shift 3
	sed -e "$script" "$here/publish.pml" >"$variant.pml"
	[ "$script" = "" ] || ! cmp -s "$variant.pml" "$here/publish.pml" ||
		{ echo "$variant: nothing to mutate"; exit 1; }
	spin -a -DEPOCHS="$changes" "$variant.pml" >/dev/null
	gcc -O1 -o "$variant" "$@" pan.c
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

build safe "" 3 -DNOREDUCE -DSAFETY -DNOCLAIM
echo "assertions, deadlocks, 3 changes:"
holds ./safe -m1000000
build live "" "$epochs" -DNFAIR=4
echo "everything published ends up in force, $epochs changes:"
holds ./live -m1000000 -a -f

fails() {
	build "$1" "$2" 3 -DNOREDUCE -DSAFETY -DNOCLAIM
	"./$1" -m1000000 >out 2>&1 || true
	! grep -q 'errors: 0' out || { echo "mutant $1 was not found out"; exit 1; }
	echo "mutant $1: found"
}
fails early_free 's/retired_until\[i\] <= least/retired_until[i] <= least + 1/'
fails early_report 's/^\tin_force = least;/\tin_force = epoch;/'
fails acknowledge_first 's|^\t\t\tobeyed = e;|\t\t\tskip;|'
fails lost_snapshot 's/:: snapshot_sent\[w\] != snapshot -> ring/:: snapshot_sent[w] == 0 -> ring/'
fails early_reclaim 's/reclaim_epoch = epoch + 1;/reclaim_epoch = epoch;/'
echo "publish model: holds"
