// SPDX-License-Identifier: BSD-3-Clause
// What the wire adds to a join: parse, both MACs, reply; per request, best of many bursts.
#include "internal/wire_mac.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BURST 64
#define ROUNDS 4000
#define SLOT 2048

enum stage {
	STAGE_PARSE,
	STAGE_REQUEST_MAC,
	STAGE_REPLY,
	STAGE_REPLY_MAC,
	STAGE_COUNT
};

static const char *const stage_names[] = {"parse", "request_mac", "reply", "reply_mac"};
static uint8_t sent[BURST][SLOT];
static uint8_t frames[BURST][SLOT];
static alignas(JG_CACHE_LINE) uint8_t scratch[BURST * JG_WIRE_MAC_SCRATCH];
static size_t lengths[BURST];
static struct jg_wire_request wires[BURST];
static struct jg_request requests[BURST];
static struct jg_mac_job jobs[BURST];
static struct jg_mac_key key;
static double best[STAGE_COUNT];

static double nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// A LiveKit token of ordinary length; only its shape counts here.
static void fill(void)
{
	static char token[400];
	struct jg_error err;
	struct jg_wire_key *client = jg_wire_key_new("0123456789abcdef", 16, &err);
	if (client == NULL)
		exit(1);
	memset(token, 'a', sizeof(token));
	token[20] = token[sizeof(token) - JG_WIRE_BINDING - 1] = '.';
	for (unsigned i = 0; i < BURST; i++) {
		const struct jg_wire_request wire = {.id = i,
			.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM) | JG_WIRE_WANT(NAME),
			.front_end = 1,
			.type = JG_REQUEST_JOIN};
		const struct jg_request request = {
			.token = {token, sizeof(token)}, .vendor = JG_VENDOR_LIVEKIT};
		lengths[i] = jg_wire_request_build(&wire, &request, sent[i], SLOT);
		if (!jg_wire_request_sign(client, sent[i], lengths[i]))
			exit(1);
	}
	jg_wire_key_free(client);
}

static void note(enum stage stage, double *from)
{
	const double now = nanoseconds();
	const double each = (now - *from) / BURST;
	if (best[stage] == 0 || each < best[stage])
		best[stage] = each;
	*from = now;
}

static void check_requests(struct jg_mac *mac)
{
	uint8_t *at = scratch;
	for (unsigned i = 0; i < BURST; i++)
		at += jg_wire_request_mac_job(&wires[i], &key, at, &jobs[i]);
	jg_mac_burst(mac, JG_MAC_SHA256, jobs, BURST);
	for (unsigned i = 0; i < BURST; i++) {
		if (!jg_wire_request_mac_holds(&wires[i], &jobs[i]))
			exit(1);
	}
}

static void answer_all(void)
{
	const struct jg_verdict verdict = {.capabilities = 0xff,
		.identity = {"participant-1234", 16},
		.room = {"room-5678", 9},
		.name = {"Somebody", 8},
		.vendor = JG_VENDOR_LIVEKIT};
	for (unsigned i = 0; i < BURST; i++)
		lengths[i] = jg_wire_reply_build(
			&wires[i], &verdict, (struct jg_str){NULL, 0}, frames[i], SLOT);
}

static void seal_all(struct jg_mac *mac)
{
	for (unsigned i = 0; i < BURST; i++)
		jg_wire_reply_mac_job(frames[i], lengths[i], &key, &jobs[i]);
	jg_mac_burst(mac, JG_MAC_SHA256, jobs, BURST);
	for (unsigned i = 0; i < BURST; i++)
		jg_wire_mac_store(frames[i], lengths[i], &jobs[i]);
}

static void run_burst(struct jg_mac *mac, const size_t *sizes)
{
	memcpy(frames, sent, sizeof(frames));
	double from = nanoseconds();
	for (unsigned i = 0; i < BURST; i++) {
		if (jg_wire_request_parse(frames[i], sizes[i], &wires[i], &requests[i]) !=
			JG_WIRE_FATE_OK)
			exit(1);
	}
	note(STAGE_PARSE, &from);
	check_requests(mac);
	note(STAGE_REQUEST_MAC, &from);
	answer_all();
	note(STAGE_REPLY, &from);
	seal_all(mac);
	note(STAGE_REPLY_MAC, &from);
}

int main(void)
{
	struct jg_error err;
	size_t sizes[BURST];
	struct jg_mac *mac = jg_mac_new(NULL, &err);
	if (mac == NULL) {
		fprintf(stderr, "bench_wire: %s\n", err.text);
		return 1;
	}
	jg_mac_key_init(&key, JG_MAC_SHA256, "0123456789abcdef", 16);
	fill();
	memcpy(sizes, lengths, sizeof(sizes));
	for (unsigned i = 0; i < ROUNDS; i++)
		run_burst(mac, sizes);
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		printf("{\"bench\": \"wire\", \"stage\": \"%s\", \"ns\": %.1f, \"burst\": %d, "
		       "\"request_bytes\": %zu, \"reply_bytes\": %zu, \"mac\": \"%s\"}\n",
			stage_names[i], best[i], BURST, sizes[0], lengths[0], jg_mac_name(mac));
	jg_mac_free(mac);
	return 0;
}
