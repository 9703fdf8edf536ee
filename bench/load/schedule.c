// SPDX-License-Identifier: BSD-3-Clause
#include "schedule.h"

#include <math.h>

#define SPIKE_BEGIN 0.4 // of the duration
#define SPIKE_END 0.6
#define STRETCH 50e-6 // seconds of a launch's curve that are taken as straight
#define LAUNCH_TAIL 2.5758293035489004 // 99.5 % of the arrivals within the duration

static const char *const names[] = {
#define X(symbol, name, help) name,
	PROFILES(X)
#undef X
};

const char *profile_name(enum profile_kind kind)
{
	return names[kind];
}

enum profile_kind profile_find(const char *name)
{
	unsigned kind = 0;
	while (kind < PROFILE_COUNT && strcmp(names[kind], name) != 0)
		kind++;
	return (enum profile_kind)kind;
}

static double normal_share(double z)
{
	return erfc(-z * M_SQRT1_2) / 2;
}

// The inverse of normal_share(), by bisection on a function that is smooth and rising.
static double normal_quantile(double share)
{
	double low = -9;
	double high = 9;
	for (unsigned i = 0; i < 54; i++) {
		double middle = (low + high) / 2;
		if (normal_share(middle) < share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

static double launch_mu(const struct profile *p)
{
	return log(p->seconds) - LAUNCH_TAIL * p->sigma;
}

static double launch_density(const struct profile *p, double time)
{
	if (time <= 0)
		return 0;
	double z = (log(time) - launch_mu(p)) / p->sigma;
	return exp(-z * z / 2) / (time * p->sigma * sqrt(2 * M_PI));
}

// Requests for each unit of density, so that the rate at the mode is the profile's.
static double launch_scale(const struct profile *p)
{
	return p->rate / launch_density(p, exp(launch_mu(p) - p->sigma * p->sigma));
}

static double spike_sum(const struct profile *p, double time)
{
	double in_spike = fmin(
		fmax(time - SPIKE_BEGIN * p->seconds, 0), (SPIKE_END - SPIKE_BEGIN) * p->seconds);
	return p->from * time + (p->rate - p->from) * in_spike;
}

double profile_sum(const struct profile *p, double time)
{
	time = fmin(fmax(time, 0), p->seconds);
	switch (p->kind) {
	case PROFILE_RAMP:
		return p->from * time + (p->rate - p->from) * time * time / (2 * p->seconds);
	case PROFILE_SPIKE:
		return spike_sum(p, time);
	case PROFILE_LAUNCH:
		return time <= 0
			? 0
			: launch_scale(p) * normal_share((log(time) - launch_mu(p)) / p->sigma);
	default:
		return p->rate * time;
	}
}

double profile_total(const struct profile *p)
{
	return profile_sum(p, p->seconds);
}

double profile_rate(const struct profile *p, double time)
{
	if (time < 0)
		return time < -p->warm_up ? 0 : p->warm_rate;
	if (time >= p->seconds)
		return 0;
	switch (p->kind) {
	case PROFILE_RAMP:
		return p->from + (p->rate - p->from) * time / p->seconds;
	case PROFILE_SPIKE:
		return time >= SPIKE_BEGIN * p->seconds && time < SPIKE_END * p->seconds ? p->rate
											 : p->from;
	case PROFILE_LAUNCH:
		return launch_scale(p) * launch_density(p, time);
	default:
		return p->rate;
	}
}

static double ramp_time(const struct profile *p, double sum)
{
	double slope = (p->rate - p->from) / p->seconds;
	if (fabs(slope) < 1e-9)
		return sum / p->rate;
	return (sqrt(p->from * p->from + 2 * slope * sum) - p->from) / slope;
}

static double spike_time(const struct profile *p, double sum)
{
	double begin = SPIKE_BEGIN * p->seconds;
	double end = SPIKE_END * p->seconds;
	if (sum <= spike_sum(p, begin))
		return sum / p->from;
	if (sum <= spike_sum(p, end))
		return begin + (sum - spike_sum(p, begin)) / p->rate;
	return end + (sum - spike_sum(p, end)) / p->from;
}

double profile_time(const struct profile *p, double sum)
{
	switch (p->kind) {
	case PROFILE_RAMP:
		return ramp_time(p, sum);
	case PROFILE_SPIKE:
		return spike_time(p, sum);
	case PROFILE_LAUNCH:
		return fmin(p->seconds,
			exp(launch_mu(p) + p->sigma * normal_quantile(sum / launch_scale(p))));
	default:
		return sum / p->rate;
	}
}

void schedule_init(struct schedule *s, const struct profile *profile, bool poisson, uint64_t seed,
	unsigned sender, unsigned senders)
{
	s->profile = *profile;
	s->random.state = seed ^ (sender + 1) * UINT64_C(0xd1342543de82ef95);
	s->poisson = poisson;
	s->step = senders;
	s->position = poisson ? random_gap(&s->random) * senders : sender;
	s->warm = profile->warm_up * profile->warm_rate;
	s->total = s->warm + profile_total(profile);
	s->from_sum = s->from_time = s->to_sum = 0;
	s->to_time = profile_time(profile, 0);
}

// A launch's time by its curve is a microsecond's work: at a million requests a second too long for
// each of them.
static double launch_time(struct schedule *s, double sum)
{
	while (sum >= s->to_sum) {
		const double rate = profile_rate(&s->profile, s->to_time);
		s->from_sum = s->to_sum;
		s->from_time = s->to_time;
		s->to_sum = fmax(s->from_sum + fmax(1, rate * STRETCH), floor(sum));
		s->to_time = profile_time(&s->profile, s->to_sum);
	}
	return s->from_time +
		(s->to_time - s->from_time) * (sum - s->from_sum) / (s->to_sum - s->from_sum);
}

static double time_of(struct schedule *s, double sum)
{
	return s->profile.kind == PROFILE_LAUNCH ? launch_time(s, sum)
						 : profile_time(&s->profile, sum);
}

uint64_t schedule_next(struct schedule *s)
{
	const double at = s->position;
	if (at >= s->total - 1e-9)
		return UINT64_MAX;
	s->position += s->poisson ? random_gap(&s->random) * s->step : s->step;
	double time = at < s->warm ? at / s->profile.warm_rate
				   : s->profile.warm_up + time_of(s, at - s->warm);
	return (uint64_t)(time * 1e9);
}
