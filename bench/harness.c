// SPDX-License-Identifier: BSD-3-Clause
// Peers taking turns.
#include "bench.h"

bool bench_alternate(struct bench_peer *peers, unsigned n, unsigned rounds)
{
	for (unsigned i = 0; i < n; i++) {
		peers[i].samples.n = 0;
		if (peers[i].run(peers[i].self) < 0) // warms up
			return false;
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < n; i++) {
			// Nobody always follows the same peer.
			struct bench_peer *peer = &peers[(i + round) % n];
			double took = peer->run(peer->self);
			if (took < 0)
				return false;
			bench_add(&peer->samples, took);
		}
	}
	return true;
}

double bench_paired(const struct bench_peer *peer, const struct bench_peer *by)
{
	static struct bench_samples ratios;
	ratios.n = 0;
	for (unsigned i = 0; i < peer->samples.n && i < by->samples.n; i++)
		bench_add(&ratios, peer->samples.value[i] / by->samples.value[i]);
	return bench_quantile(&ratios, 0.5);
}
