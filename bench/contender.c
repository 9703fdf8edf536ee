// SPDX-License-Identifier: BSD-3-Clause
// Samples of one contender.
#include "contender.h"

#include <stdio.h>

static _Thread_local struct jg_verdict verdicts[JG_BURST_MAX];

// Where the next burst of a sample begins.
static unsigned next_place(struct bench_contender *c)
{
	if (c->place + c->burst > c->population->plan.tokens)
		c->place = 0;
	unsigned place = c->place;
	c->place += c->burst;
	return place;
}

double bench_verify_sample(void *contender)
{
	struct bench_contender *c = contender;
	const struct bench_population *p = c->population;
	unsigned wrong = 0;
	double start = bench_cpu_ns();
	for (unsigned done = 0; done < c->items; done += c->burst) {
		unsigned place = next_place(c);
		jg_verify_burst(c->verifier, p->snapshot, BENCH_NOW, p->requests + place, verdicts,
			c->burst);
		for (unsigned i = 0; i < c->burst; i++)
			wrong |= verdicts[i].reason ^ p->expected[place + i];
	}
	double took = bench_cpu_ns() - start;
	return wrong != 0 ? -1 : took / c->items;
}

double bench_mint_sample(void *contender)
{
	// No power of two: all tokens would share a few sets of the cache.
	static char tokens[JG_BURST_MAX][2048 + JG_CACHE_LINE];
	static struct jg_minted minted[JG_BURST_MAX];
	struct bench_contender *c = contender;
	const struct bench_population *p = c->population;
	bool wrong = false;
	for (unsigned i = 0; i < c->burst; i++)
		minted[i] = (struct jg_minted){.token = tokens[i], .size = sizeof(tokens[i])};
	double start = bench_cpu_ns();
	for (unsigned done = 0; done < c->items; done += c->burst) {
		unsigned place = next_place(c);
		jg_mint_burst(c->minter, p->snapshot, BENCH_NOW, p->asks + place, minted, c->burst);
		for (unsigned i = 0; i < c->burst; i++)
			wrong |= minted[i].len == 0;
	}
	double took = bench_cpu_ns() - start;
	return wrong ? -1 : took / c->items;
}

static void prefetch(const struct bench_message *messages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		__builtin_prefetch(messages[i].key);
		for (uint32_t at = 0; at < messages[i].len; at += JG_CACHE_LINE)
			__builtin_prefetch(messages[i].p + at);
	}
}

double bench_raw_sample(void *contender)
{
	static struct jg_mac_job jobs[JG_BURST_MAX];
	struct bench_contender *c = contender;
	const struct bench_population *p = c->population;
	const bool cold = p->plan.tokens > JG_BURST_MAX;
	double start = bench_cpu_ns();
	for (unsigned done = 0; done < c->items; done += c->burst) {
		const struct bench_message *messages = p->messages + next_place(c);
		if (cold && c->place + c->burst <= p->plan.tokens)
			prefetch(p->messages + c->place, c->burst);
		for (unsigned i = 0; i < c->burst; i++) {
			jg_mac_job_set(&jobs[i], messages[i].p, messages[i].len, messages[i].key);
		}
		jg_mac_burst(c->mac, p->alg, jobs, c->burst);
	}
	return (bench_cpu_ns() - start) / c->items;
}

static bool says_what_was_asked(
	const struct jg_verdict *v, const struct jg_mint *ask, unsigned expected)
{
	if (v->reason != expected)
		return false;
	if (expected != JG_REASON_OK)
		return v->capabilities == 0;
	return (v->capabilities & (JG_CAPABILITY(JOIN) | JG_CAPABILITY(CHAT_USER))) != 0 &&
		jg_str_eq(v->app, ask->app) && jg_str_eq(v->identity, ask->identity) &&
		(ask->room.len == 0 || jg_str_eq(v->room, ask->room)) &&
		jg_str_eq(v->name, ask->name) && jg_str_eq(v->metadata, ask->metadata) &&
		v->expires_at == ask->expires_at;
}

bool bench_check_all(struct bench_contender *c)
{
	const struct bench_population *p = c->population;
	for (unsigned at = 0; at < p->plan.tokens; at += c->burst) {
		unsigned left = p->plan.tokens - at, n = left < c->burst ? left : c->burst;
		jg_verify_burst(c->verifier, p->snapshot, BENCH_NOW, p->requests + at, verdicts, n);
		for (unsigned i = 0; i < n; i++) {
			if (says_what_was_asked(
				    &verdicts[i], &p->asks[at + i], p->expected[at + i]))
				continue;
			char detail[160];
			(void)jg_verdict_detail(&verdicts[i], detail, sizeof(detail));
			(void)fprintf(stderr,
				"bench: token %u of %s: %s (%s), expected %s; or its strings are "
				"wrong: %.*s\n",
				at + i, jg_vendor_name(p->plan.vendor),
				jg_reason_name(verdicts[i].reason), detail,
				jg_reason_name(p->expected[at + i]),
				(int)p->requests[at + i].token.len, p->requests[at + i].token.p);
			return false;
		}
	}
	return true;
}
