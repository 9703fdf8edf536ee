// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What joingate-load is told. */

#include "mix.h"
#include "run.h"
#include "target.h"

struct options {
	const char *config; // apps to mint for
	const char *tokens_file; // or tokens that somebody made
	const char *gate;
	const char *ports[SENDERS_MAX]; // devices of ours, one a sender
	unsigned ports_n; // 0: a kernel socket
	const char *address; // ours, on a port
	uint8_t gate_mac[6];
	bool gate_mac_given;
	bool socket; // said so
	bool inside; // a gate within this process
	const char *key_file;
	const char *json;
	const char *csv;
	const char *hlog;
	const char *html;
	const char *allow[TARGET_ALLOW_MAX];
	unsigned allow_n;
	uint32_t front_end;
	uint32_t tokens;
	int64_t ttl;
	uint64_t seed;
	bool seeded;
	bool poisson;
	bool fresh; // each token is minted when it is due
	bool quiet;
	bool plan_only;
	struct mix mix;
	struct profile profile;
	struct slo slo;
	uint64_t timeout; // ns
	uint64_t late; // ns
	unsigned senders;
	int cpus[SENDERS_MAX];
};

extern const char options_help[];

/** 1: help was asked for. 0. -EINVAL with err. */
JG_MUST_CHECK int options_read(
	struct options *options, int argc, char **argv, struct jg_error *err);
