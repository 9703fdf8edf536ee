// SPDX-License-Identifier: BSD-3-Clause
#include "measure.h"

#include "clock.h"
#include "sender.h"

#include <errno.h>
#include <stdlib.h>

#define LENGTH 200000000 // ns of each measurement
#define SMALL 1400 // bytes: larger datagrams would measure the kernel's copying

struct bench {
	struct transport *transport;
	struct signer *signer;
	const struct pool *pool;
	uint8_t slots[TRANSPORT_BURST][SMALL];
	uint8_t answers[TRANSPORT_BURST][JG_WIRE_DATAGRAM_MAX];
	struct packet packets[TRANSPORT_BURST];
	uint64_t id;
};

// The next n questions that are not large.
static void fill(struct bench *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct question *q = &b->pool->questions[b->id++ % b->pool->n];
		const uint32_t len = q->len < SMALL ? q->len : b->packets[i].len;
		if (q->len < SMALL)
			memcpy(b->slots[i], q->datagram, len);
		b->packets[i] = (struct packet){.bytes = b->slots[i], .len = len};
	}
}

// False: all questions are large, there is nothing to measure with.
static bool fill_first(struct bench *b)
{
	const struct question *q = NULL;
	for (uint32_t i = 0; i < b->pool->n && q == NULL; i++)
		if (b->pool->questions[i].len < SMALL)
			q = &b->pool->questions[i];
	for (unsigned i = 0; i < TRANSPORT_BURST && q != NULL; i++) {
		memcpy(b->slots[i], q->datagram, q->len);
		b->packets[i] = (struct packet){.bytes = b->slots[i], .len = q->len};
	}
	return q != NULL;
}

static double measure_sending(struct bench *b)
{
	struct packet back[TRANSPORT_BURST];
	const uint64_t begin = clock_now();
	uint64_t sent = 0;
	uint64_t now = begin;
	while (now - begin < LENGTH) {
		fill(b, TRANSPORT_BURST);
		signer_sign(b->signer, b->packets, TRANSPORT_BURST, b->id);
		sent += b->transport->ops->send(b->transport, b->packets, TRANSPORT_BURST);
		while (b->transport->ops->receive(b->transport, back) > 0)
			continue;
		now = clock_now();
	}
	return (double)sent / ((double)(now - begin) / 1e9);
}

static void measure_floor(struct bench *b, struct histogram *h, struct generator *g)
{
	struct packet back[TRANSPORT_BURST];
	const uint64_t begin = clock_now();
	histogram_init(h);
	for (uint64_t now = begin; now - begin < LENGTH;) {
		const uint64_t from = now;
		(void)b->transport->ops->send(b->transport, b->packets, 1);
		do
			now = clock_now();
		while (b->transport->ops->receive(b->transport, back) == 0 && now - from < LENGTH);
		now = clock_now();
		histogram_add(h, now - from);
	}
	g->floor_p50 = (double)histogram_percentile(h, 50);
	g->floor_p99 = (double)histogram_percentile(h, 99);
}

static double measure_pause(void)
{
	const uint64_t begin = clock_now();
	uint64_t longest = 0;
	for (uint64_t last = begin; last - begin < LENGTH / 2;) {
		const uint64_t now = clock_now();
		if (now - last > longest)
			longest = now - last;
		last = now;
	}
	return (double)longest;
}

// An answer that admits, as long as most are; its MAC does not hold, which costs the same to find out.
static uint32_t write_answer(const struct packet *question, uint8_t *out)
{
	struct jg_wire_request wire;
	struct jg_request request;
	const struct jg_verdict verdict = {.identity = JG_STR("user-123456"),
		.room = JG_STR("room-1234"),
		.capabilities = 1,
		.expires_at = JG_TIME_NONE,
		.issued_at = JG_TIME_NONE};
	if (jg_wire_request_parse(question->bytes, question->len, &wire, &request) !=
		JG_WIRE_FATE_OK)
		return 0;
	return (uint32_t)jg_wire_reply_build(
		&wire, &verdict, (struct jg_str){NULL, 0}, out, JG_WIRE_DATAGRAM_MAX);
}

// Checks answers as a sender does, again and again the same burst of them.
static double measure_judging(struct bench *b)
{
	const uint8_t *macs[TRANSPORT_BURST];
	struct packet answers[TRANSPORT_BURST];
	bool holds[TRANSPORT_BURST];
	for (unsigned i = 0; i < TRANSPORT_BURST; i++) {
		answers[i].bytes = b->answers[i];
		answers[i].len = write_answer(&b->packets[i], b->answers[i]);
		macs[i] = signer_mac(b->signer, &b->packets[i]);
	}
	const uint64_t begin = clock_now();
	uint64_t judged = 0;
	uint64_t now = begin;
	for (; now - begin < LENGTH; now = clock_now(), judged += TRANSPORT_BURST) {
		for (unsigned i = 0; i < TRANSPORT_BURST; i++) {
			struct jg_wire_reply reply;
			(void)!jg_wire_reply_parse(answers[i].bytes, answers[i].len, &reply);
		}
		signer_check(b->signer, answers, macs, holds, TRANSPORT_BURST);
	}
	return (double)judged / ((double)(now - begin) / 1e9);
}

static void measure(struct bench *b, struct histogram *h, struct generator *g)
{
	if (!fill_first(b))
		return;
	g->sending = measure_sending(b);
	g->judging = measure_judging(b);
	g->rate = 1 / (1 / g->sending + 1 / g->judging);
	measure_floor(b, h, g);
}

int generator_measure(struct way *way, const struct pool *pool, const struct jg_mac_key *key,
	struct generator *generator, struct jg_error *err)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct histogram *h = malloc(sizeof(*h));
	int rc = b == NULL || h == NULL ? -ENOMEM : 0;
	*generator = (struct generator){0};
	if (rc == 0) {
		b->pool = pool;
		b->signer = signer_new(key, err);
		b->transport = b->signer == NULL ? NULL : way->ops->echo(way, err);
		rc = b->transport == NULL ? -EIO : 0;
	} else {
		jg_error_set(err, "no memory");
	}
	if (rc == 0)
		measure(b, h, generator);
	if (rc == 0)
		generator->pause = measure_pause();
	if (b != NULL && b->transport != NULL)
		b->transport->ops->close(b->transport);
	if (b != NULL)
		signer_free(b->signer);
	free(b);
	free(h);
	return rc;
}

void generator_mints(struct generator *g, const struct pool *pool)
{
	if (pool->spent <= 0 || g->rate <= 0)
		return;
	g->minting = pool->n / pool->spent;
	g->rate = 1 / (1 / g->rate + 1 / g->minting);
}
