// SPDX-License-Identifier: BSD-3-Clause
#include "limit.h"

#define PUNCTUAL 0.99 // share of the requests that must leave, and in time
#define LOSS 0.001 // share of them that may go unanswered unnoticed
#define BLOCKED 0.001 // times that there was no room, for each request
#define NEAR 0.8 // of what the senders can do by themselves
#define FULL 0.9 // share of the senders' time

static const char *const names[] = {
#define X(symbol, name, help) name,
	LIMITS(X)
#undef X
};

static const char *const helps[] = {
#define X(symbol, name, help) help,
	LIMITS(X)
#undef X
};

const char *limit_name(enum limit limit)
{
	return names[limit];
}

const char *limit_help(enum limit limit)
{
	return helps[limit];
}

const char *limit_explain(const char *name)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return helps[i];
	return "";
}

static bool left_in_time(const struct outcome *o)
{
	const double sent = (double)o->totals.tally[1][TALLY_SENT];
	const double late = (double)o->totals.tally[1][TALLY_LATE];
	return sent >= o->intended * PUNCTUAL && late <= sent * (1 - PUNCTUAL);
}

enum limit limit_find(const struct outcome *o, double rate)
{
	const uint64_t *t = o->totals.tally[1];
	const double lost = (double)(t[TALLY_UNANSWERED] + t[TALLY_OVERLOADED]);
	if (left_in_time(o))
		return lost > (double)t[TALLY_SENT] * LOSS ? LIMIT_GATE : LIMIT_NONE;
	if (rate > 0 && o->sending > 0 && (double)t[TALLY_SENT] / o->sending >= rate * NEAR)
		return LIMIT_GENERATOR;
	// A sender that finds no room has time, or spends it on trying.
	if ((double)o->totals.transport.blocked > (double)t[TALLY_SENT] * BLOCKED)
		return LIMIT_WAY;
	return o->busiest >= FULL ? LIMIT_GENERATOR : LIMIT_MACHINE;
}
