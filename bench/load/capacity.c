// SPDX-License-Identifier: BSD-3-Clause
#include "capacity.h"

#define STEPS_MAX 24
#define PRECISION 1.05 // broken / kept

void capacity_init(struct capacity *c, double lowest, double highest)
{
	*c = (struct capacity){.rate = lowest, .highest = highest};
}

bool capacity_next(struct capacity *c, bool kept)
{
	c->steps++;
	if (kept && c->rate > c->kept)
		c->kept = c->rate;
	if (!kept && (c->broken <= 0 || c->rate < c->broken))
		c->broken = c->rate;
	if (c->steps >= STEPS_MAX || c->kept <= 0 || c->kept >= c->highest ||
		(c->broken > 0 && c->broken < c->kept * PRECISION))
		return false;
	c->rate = c->broken > 0 ? (c->kept + c->broken) / 2 : c->kept * 2;
	if (c->rate > c->highest)
		c->rate = c->highest;
	return true;
}
