// SPDX-License-Identifier: BSD-3-Clause
#include "random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

double random_gap(struct random *random)
{
	return -log1p(-random_unit(random));
}

struct stack {
	uint32_t *things;
	unsigned n;
};

// Fill each light place up with a piece of a heavy thing until all are full.
static void share_places(
	struct choice *choice, double *weights, struct stack *light, struct stack *heavy)
{
	while (light->n > 0 && heavy->n > 0) {
		const uint32_t low = light->things[--light->n];
		const uint32_t high = heavy->things[heavy->n - 1];
		choice->places[low] = (struct place){(uint32_t)(weights[low] * 0x1p32), high};
		weights[high] -= 1 - weights[low];
		if (weights[high] >= 1)
			continue;
		heavy->n--;
		light->things[light->n++] = high;
	}
}

// Weights become multiples of the average.
static int fill(struct choice *choice, double *weights, unsigned n)
{
	uint32_t *things = malloc(2 * n * sizeof(*things));
	struct stack light = {things, 0};
	struct stack heavy = {things + n, 0};
	double sum = 0;
	uint32_t heaviest = 0;
	choice->n = n;
	choice->places = malloc(n * sizeof(*choice->places));
	if (choice->places == NULL || things == NULL) {
		free(things);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++) {
		sum += weights[i];
		heaviest = weights[i] > weights[heaviest] ? i : heaviest;
	}
	for (unsigned i = 0; i < n; i++) {
		// Rounding may leave some light ones over: all theirs, unless they weigh nothing.
		choice->places[i] = (struct place){weights[i] > 0 ? UINT32_MAX : 0, heaviest};
		weights[i] *= n / sum;
		struct stack *stack = weights[i] < 1 ? &light : &heavy;
		stack->things[stack->n++] = i;
	}
	share_places(choice, weights, &light, &heavy);
	free(things);
	return 0;
}

int choice_init(struct choice *choice, const double *weights, unsigned n)
{
	double *copy = malloc(n * sizeof(*copy));
	*choice = (struct choice){0};
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, weights, n * sizeof(*copy));
	const int rc = fill(choice, copy, n);
	free(copy);
	return rc;
}

int choice_init_zipf(struct choice *choice, unsigned n, double exponent)
{
	double *weights = malloc(n * sizeof(*weights));
	*choice = (struct choice){0};
	if (weights == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		weights[i] = pow(i + 1, -exponent);
	const int rc = fill(choice, weights, n);
	free(weights);
	return rc;
}

void choice_fini(struct choice *choice)
{
	free(choice->places);
	*choice = (struct choice){0};
}
