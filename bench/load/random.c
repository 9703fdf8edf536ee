// SPDX-License-Identifier: BSD-3-Clause
#include "random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

// splitmix64
uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

double random_unit(struct random *random)
{
	return (double)(random_next(random) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *random, uint64_t n)
{
	return (uint64_t)(random_unit(random) * (double)n);
}

double random_gap(struct random *random)
{
	return -log1p(-random_unit(random));
}

int choice_init(struct choice *choice, const double *weights, unsigned n)
{
	double sum = 0;
	choice->n = n;
	choice->sums = malloc(n * sizeof(*choice->sums));
	if (choice->sums == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		choice->sums[i] = sum += weights[i];
	return 0;
}

int choice_init_zipf(struct choice *choice, unsigned n, double exponent)
{
	double sum = 0;
	choice->n = n;
	choice->sums = malloc(n * sizeof(*choice->sums));
	if (choice->sums == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		choice->sums[i] = sum += pow(i + 1, -exponent);
	return 0;
}

void choice_fini(struct choice *choice)
{
	free(choice->sums);
	choice->sums = NULL;
}

unsigned choice_pick(const struct choice *choice, struct random *random)
{
	double at = random_unit(random) * choice->sums[choice->n - 1];
	unsigned low = 0;
	unsigned high = choice->n - 1;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (choice->sums[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
