// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * When each request is meant to leave. A profile is a curve of rates; its integral tells which
 * request is due when, whatever became of those before it: an open loop.
 */

#include "random.h"

// clang-format off
/** X(SYMBOL, "name", "help") */
#define PROFILES(X) \
	X(CONSTANT, "constant", "--rate for --duration") \
	X(RAMP,     "ramp",     "from --from up to --rate in a straight line") \
	X(SPIKE,    "spike",    "--from, with --rate for the middle fifth") \
	X(LAUNCH,   "launch",   "a launch event: log-normal arrivals that peak at --rate") \
	X(STEPS,    "steps",    "constant runs, faster until the SLO breaks, then between: the capacity")
// clang-format on

enum profile_kind {
#define X(symbol, name, help) PROFILE_##symbol,
	PROFILES(X)
#undef X
	PROFILE_COUNT
};

struct profile {
	enum profile_kind kind;
	double rate; // requests a second: the highest
	double from; // ramp: at its start; spike: before and after
	double seconds; // without the warm-up
	double sigma; // launch: of the logarithm of the time
	double warm_up; // seconds before the start, at warm_rate
	double warm_rate;
};

const char *profile_name(enum profile_kind kind);
/** PROFILE_COUNT when there is none of this name. */
enum profile_kind profile_find(const char *name);

/** Requests meant in all, without the warm-up. */
double profile_total(const struct profile *profile);
/** Requests a second meant at a time after the start, in seconds; before it: the warm-up's. */
double profile_rate(const struct profile *profile, double time);
/** Requests meant from the start up to a time, 0..seconds. */
double profile_sum(const struct profile *profile, double time);
/** The time at which the sum is reached; its inverse. */
double profile_time(const struct profile *profile, double sum);

/** One sender's share of a profile. */
struct schedule {
	struct profile profile;
	struct random random;
	bool poisson; // else evenly spaced on the curve
	double position; // in requests of all senders, from the begin of the warm-up
	double step;
	double total; // with the warm-up
	double warm; // requests of the warm-up
	// The stretch of a launch's curve that position is on, taken as straight.
	double from_sum;
	double from_time;
	double to_sum;
	double to_time;
};

/** Sender number `sender` of `senders`. */
void schedule_init(struct schedule *schedule, const struct profile *profile, bool poisson,
	uint64_t seed, unsigned sender, unsigned senders);

/** Nanoseconds from the begin of the warm-up to the next request; UINT64_MAX: no more. */
uint64_t schedule_next(struct schedule *schedule);
