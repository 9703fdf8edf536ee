// SPDX-License-Identifier: BSD-3-Clause
// Measures one foreign verifier: PEER FILE [ROUNDS]. One JSON line.
#include "peer.h"

#include "bench.h"

#define TOKENS_MAX 4096

static char *tokens[TOKENS_MAX];
static size_t lens[TOKENS_MAX];
static unsigned tokens_n;

static bool read_tokens(const char *path, char key[64], char secret[64])
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *f = fopen(path, "r");
	bool ok = f != NULL && fscanf(f, "%63s %63s\n", key, secret) == 2;
	while (ok && tokens_n < TOKENS_MAX && (len = getline(&line, &size, f)) > 1) {
		line[len - 1] = '\0';
		tokens[tokens_n] = line;
		lens[tokens_n++] = (size_t)len - 1;
		line = NULL;
	}
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return ok && tokens_n > 0;
}

static double round_of_all(void *self)
{
	(void)self;
	bool good = true;
	double start = bench_cpu_ns();
	for (unsigned i = 0; i < tokens_n; i++)
		good &= peer_verify(tokens[i], lens[i]);
	double took = bench_cpu_ns() - start;
	return good ? took / tokens_n : -1;
}

static bool refuses_bad_signature(void)
{
	char *last = &tokens[0][lens[0] - 20];
	*last ^= 1;
	bool refused = !peer_verify(tokens[0], lens[0]);
	*last ^= 1;
	return refused;
}

int main(int argc, char **argv)
{
	static struct bench_peer peer = {.run = round_of_all};
	char key[64], secret[64];
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 30;
	if (argc < 2 || rounds == 0 || !read_tokens(argv[1], key, secret)) {
		(void)fprintf(stderr, "usage: peer FILE [ROUNDS]   a file of bench_core -d; 30\n");
		return 2;
	}
	if (!peer_open(key, secret) || !refuses_bad_signature() ||
		!bench_alternate(&peer, 1, rounds)) {
		(void)fprintf(stderr, "%s: wrong answers\n", peer_name);
		return EXIT_FAILURE;
	}
	(void)printf("{\"bench\": \"peer\", \"who\": \"%s\", \"best_ns\": %.1f, \"median_ns\": "
		     "%.1f, \"tokens\": %u}\n",
		peer_name, bench_quantile(&peer.samples, 0), bench_quantile(&peer.samples, 0.5),
		tokens_n);
	return EXIT_SUCCESS;
}
