#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   no client: gates that cannot start
#
# Whoever starts a gate wrongly is told what was wrong and what to do.
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

# refused WORD...: the gate must not start, and say all these words
refused() {
	timeout 20 "$joingated" --config "$work/joingate.json" >/dev/null 2>"$work/gate.log" && fail "it started"
	for word in "$@"; do
		grep -qF -- "$word" "$work/gate.log" || fail "not told '$word': $(cat "$work/gate.log")"
	done
}

config .
refused "gate0" "no network interface of this name" "ip link"
ip link add gate0 type veth peer name other
refused "gate0" "is down" "ip link set gate0 up"
ip link set gate0 up
config '.ports[0].mtu = 9000'
refused "mtu is 9000" "interface's own is 1500"
config '.ports = []'
refused "name a network interface"
config '.ports[0].device = "0000:ff:1f.7"'
refused "no DPDK driver took this PCI device" "vfio-pci"
mkdir "$work/sealed" && mount -t tmpfs -o ro tmpfs "$work/sealed"
config ".store.sqlite = \"$work/sealed/gate.db\""
refused "gate.db" "Read-only file system"
umount "$work/sealed"
config '.eal_extra = ["--no-such-word"]'
refused "eal_extra"
config '.ports[0].framesz = 2048 | .ports[0].mbufs = 64 | .workers = 1 | .idle = "doze"'
refused "idle"
rm "$work/joingate.json"
refused "joingate.json"
