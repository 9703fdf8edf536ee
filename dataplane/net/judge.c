// SPDX-License-Identifier: BSD-3-Clause
#include "judge.h"

#include "internal/address.h"
#include "internal/wire_reply.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int jg_judge_init(struct jg_judge *judge, struct jg_counters *counters,
	const struct jg_verifier_options *options, struct jg_error *err)
{
	*judge = (struct jg_judge){.counters = counters};
	judge->verifier = jg_verifier_new(options, err);
	judge->minter = judge->verifier == NULL ? NULL : jg_minter_new(options, err);
	judge->mac = judge->minter == NULL ? NULL : jg_mac_new(options->mac_engine, err);
	if (judge->mac == NULL) {
		jg_judge_fini(judge);
		return -EINVAL;
	}
	judge->slots = calloc(JG_JUDGE_SLOTS, JG_WIRE_DATAGRAM_MAX);
	judge->mac_scratch = aligned_alloc(JG_CACHE_LINE, JG_BURST_MAX * JG_WIRE_MAC_SCRATCH);
	if (judge->slots == NULL || judge->mac_scratch == NULL) {
		jg_error_set(err, "no memory for a worker's buffers");
		jg_judge_fini(judge);
		return -ENOMEM;
	}
	return 0;
}

void jg_judge_fini(struct jg_judge *judge)
{
	jg_verifier_free(judge->verifier);
	jg_minter_free(judge->minter);
	jg_mac_free(judge->mac);
	free(judge->slots);
	free(judge->mac_scratch);
	*judge = (struct jg_judge){.verifier = NULL};
}

void jg_judge_begin(struct jg_judge *judge)
{
	judge->slots_used = 0;
}

uint8_t *jg_judge_slot(struct jg_judge *judge)
{
	if (judge->slots_used == JG_JUDGE_SLOTS)
		return NULL;
	return judge->slots + (size_t)judge->slots_used++ * JG_WIRE_DATAGRAM_MAX;
}

static enum jg_counter fate_of(enum jg_wire_fate fate)
{
	switch (fate) {
	case JG_WIRE_FATE_OK:
		return JG_FATE_NONE;
	case JG_WIRE_FATE_FRONT_END:
		return JG_COUNTER_UNKNOWN_FRONT_END;
	case JG_WIRE_FATE_SOURCE:
		return JG_COUNTER_FRONT_END_SOURCE;
	case JG_WIRE_FATE_MAC:
		return JG_COUNTER_BAD_REQUEST_MAC;
	default:
		return JG_COUNTER_BAD_REQUEST;
	}
}

// Parses and admits; the request's place is the next live one.
static enum jg_counter read_one(struct jg_judge *judge, struct jg_packet *packet, bool insecure)
{
	struct jg_request *request = &judge->requests[judge->live_n];
	const struct jg_frame *frame = &packet->frame;

	enum jg_wire_fate fate =
		jg_wire_request_parse(packet->bytes, packet->len, &packet->wire, request);
	if (fate == JG_WIRE_FATE_OK && !(insecure && packet->wire.front_end == 0))
		fate = jg_front_ends_admit(judge->state->front_ends, &packet->wire, frame->family,
			frame->source, &packet->front_end);
	if (fate != JG_WIRE_FATE_OK)
		return fate_of(fate);
	if (packet->front_end != NULL) {
		request->flags |= JG_REQUEST_AUTHENTICATED;
		request->caller = packet->front_end->caller;
		judge->signers[judge->signers_n++] = packet;
	}
	if (packet->wire.type == JG_WIRE_PING) {
		judge->pings_n++;
		return JG_FATE_NONE;
	}
	if (packet->wire.type == JG_REQUEST_REFRESH)
		judge->refreshes_n++;
	judge->live[judge->live_n++] = packet;
	return JG_FATE_NONE;
}

// Returns how many do not hold.
static unsigned check_macs(struct jg_judge *judge)
{
	size_t used = 0;
	unsigned bad = 0;

	for (unsigned i = 0; i < judge->signers_n; i++) {
		const struct jg_packet *packet = judge->signers[i];

		used += jg_wire_request_mac_job(&packet->wire, &packet->front_end->key,
			judge->mac_scratch + used, &judge->jobs[i]);
	}
	jg_mac_burst(judge->mac, JG_MAC_SHA256, judge->jobs, judge->signers_n);
	for (unsigned i = 0; i < judge->signers_n; i++) {
		if (jg_wire_request_mac_holds(&judge->signers[i]->wire, &judge->jobs[i]))
			continue;
		judge->signers[i]->fate = JG_COUNTER_BAD_REQUEST_MAC;
		bad++;
	}
	return bad;
}

// Takes those whose MAC does not hold out of the live ones.
static void close_ranks(struct jg_judge *judge)
{
	unsigned n = 0;

	for (unsigned i = 0; i < judge->live_n; i++) {
		if (judge->live[i]->fate != JG_FATE_NONE)
			continue;
		judge->live[n] = judge->live[i];
		if (n != i)
			judge->requests[n] = judge->requests[i];
		n++;
	}
	judge->live_n = n;
}

void jg_judge_read(struct jg_judge *judge, struct jg_packet *packets, unsigned n, bool trusted)
{
	assert(n <= JG_BURST_MAX);
	judge->live_n = 0;
	judge->shed_n = 0;
	judge->signers_n = 0;
	judge->pings_n = 0;
	judge->refreshes_n = 0;
	bool insecure = judge->state != NULL && jg_front_ends_insecure(judge->state->front_ends);
	for (unsigned i = 0; i < n; i++) {
		packets[i].front_end = NULL;
		packets[i].fate =
			(uint8_t)(judge->state == NULL ? JG_COUNTER_NOT_READY
						       : read_one(judge, &packets[i], insecure));
	}
	if (!trusted && judge->signers_n > 0 && check_macs(judge) > 0)
		close_ranks(judge);
}

// Are two verdicts counted under the same? The indices of app and key stand side by side.
static bool counts_alike(const struct jg_verdict *a, const struct jg_verdict *b)
{
	const size_t at = offsetof(struct jg_verdict, app_index);
	uint64_t indices[2];

	static_assert(offsetof(struct jg_verdict, key_index) ==
			offsetof(struct jg_verdict, app_index) + sizeof(uint32_t),
		"eight bytes");
	memcpy(&indices[0], (const uint8_t *)a + at, 8);
	memcpy(&indices[1], (const uint8_t *)b + at, 8);
	return indices[0] == indices[1] && a->reason == b->reason && a->vendor == b->vendor;
}

static void count_run(
	struct jg_counters *counters, const struct jg_verdict *verdict, unsigned n, int64_t now)
{
	uint32_t app = verdict->app_index;

	if (verdict->key_index < JG_COUNTER_KEYS)
		jg_count_set(&counters->key_used[verdict->key_index], (uint64_t)now);
	jg_count_add(&counters->verdicts[verdict->vendor][verdict->reason], n);
	if (app == UINT32_MAX)
		return;
	app = app < JG_COUNTER_APPS ? app : JG_COUNTER_APPS;
	jg_count_add(&counters->apps[app][verdict->reason], n);
}

// Runs of like verdicts are counted at once: adding each to a counter that the one before has just been
// added to waits for that. Returns how many are refusals.
static unsigned count_verdicts(struct jg_judge *judge, unsigned n, int64_t now)
{
	unsigned refused = 0;
	unsigned run = 0;

	for (unsigned i = 0; i < n; i += run) {
		const struct jg_verdict *verdict = &judge->verdicts[i];

		for (run = 1; i + run < n && counts_alike(verdict, verdict + run);)
			run++;
		refused += verdict->reason == JG_REASON_OK ? 0 : run;
		count_run(judge->counters, verdict, run, now);
	}
	judge->verdicts_given += n;
	return refused;
}

// What the gate could not judge now; says nothing about the token.
static struct jg_verdict overloaded(const struct jg_judge *judge, unsigned vendor)
{
	return (struct jg_verdict){.reason = JG_REASON_OVERLOADED,
		.vendor = (uint8_t)vendor,
		.issued_at = JG_TIME_NONE,
		.expires_at = JG_TIME_NONE,
		.epoch = judge->epoch,
		.app_index = UINT32_MAX,
		.key_index = UINT32_MAX};
}

// A token that may be refreshed, yet cannot be written: nobody shall wait for a successor.
static void refuse_refresh(struct jg_verdict *verdict, const char *why)
{
	verdict->reason = JG_REASON_NOT_PERMITTED;
	verdict->capabilities = 0;
	verdict->rule = JG_RULE_NOT_REFRESHABLE;
	verdict->subject = (struct jg_str){why, (uint32_t)strlen(why)};
}

static void refresh(struct jg_judge *judge, int64_t now)
{
	unsigned wanted = 0;

	if (judge->refreshes_n == 0)
		return;
	for (unsigned i = 0; i < judge->live_n; i++) {
		judge->minted[i].len = 0;
		judge->minted[i].token = NULL;
		if (judge->requests[i].type != JG_REQUEST_REFRESH ||
			judge->verdicts[i].reason != JG_REASON_OK)
			continue;
		judge->minted[i].token = (char *)jg_judge_slot(judge);
		if (judge->minted[i].token == NULL) {
			judge->verdicts[i] = overloaded(judge, judge->requests[i].vendor);
			continue;
		}
		judge->minted[i].size = JG_TOKEN_MAX;
		wanted++;
	}
	if (wanted == 0)
		return;
	jg_refresh_burst(judge->minter, judge->state->snapshot, now, judge->requests,
		judge->verdicts, judge->minted, judge->live_n);
	for (unsigned i = 0; i < judge->live_n; i++) {
		if (judge->minted[i].len > 0)
			jg_count_add(&judge->counters->value[JG_COUNTER_REFRESHED], 1);
		else if (judge->minted[i].token != NULL)
			refuse_refresh(&judge->verdicts[i], judge->minted[i].problem);
	}
}

void jg_judge_fence(struct jg_judge *judge, int64_t now)
{
	if (judge->live_n == 0 || judge->state->admit_until == NULL ||
		now <= atomic_load_explicit(judge->state->admit_until, memory_order_acquire))
		return;
	for (unsigned i = 0; i < judge->live_n; i++)
		judge->shed[judge->shed_n++] = judge->live[i];
	judge->live_n = 0;
}

void jg_judge_decide(struct jg_judge *judge, int64_t now)
{
	assert(judge->live_n + judge->shed_n <= JG_BURST_MAX);
	if (judge->live_n > 0) {
		jg_verify_burst(judge->verifier, judge->state->snapshot, now, judge->requests,
			judge->verdicts, judge->live_n);
		refresh(judge, now);
	}
	for (unsigned i = 0; i < judge->shed_n; i++) {
		struct jg_packet *packet = judge->shed[i];

		judge->live[judge->live_n] = packet;
		judge->minted[judge->live_n] = (struct jg_minted){.token = NULL};
		judge->verdicts[judge->live_n++] = overloaded(judge, packet->wire.vendor);
	}
	judge->shed_n = 0;
	jg_witness_verdicts(judge, count_verdicts(judge, judge->live_n, now), now);
}

// No reply to this verdict can be longer.
static size_t reply_bound(const struct jg_verdict *v, struct jg_str token)
{
	return JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE + 4 * JG_WIRE_FIELD_COUNT + 32 + token.len +
		v->app.len + v->key.len + v->identity.len + v->room.len + v->name.len +
		v->metadata.len + v->attributes.len + v->role.len + v->kind.len +
		v->layout_classes.len + v->subject.len + v->ancestors.len + v->rtm_permissions.len +
		16 * (size_t)v->capability_expires_n;
}

static void write_reply(struct jg_judge *judge, unsigned i)
{
	struct jg_packet *packet = judge->live[i];
	const struct jg_verdict *verdict = &judge->verdicts[i];
	const struct jg_minted *minted = &judge->minted[i];
	struct jg_str token = {NULL, 0};

	if (judge->refreshes_n > 0 && minted->len > 0)
		token = (struct jg_str){minted->token, minted->len};
	// Unauthenticated replies never outgrow their request.
	if (packet->front_end != NULL && reply_bound(verdict, token) > packet->cap) {
		uint8_t *slot = jg_judge_slot(judge);

		if (slot != NULL) {
			packet->bytes = slot;
			packet->cap = JG_WIRE_DATAGRAM_MAX;
			packet->in_mbuf = false;
		}
	}
	if (jg_wire_is_lone(&packet->wire))
		packet->len = (uint32_t)jg_wire_reply_build_apart(
			&packet->wire, verdict, token, packet->bytes, packet->cap);
	else
		packet->len = (uint32_t)jg_wire_reply_build(
			&packet->wire, verdict, token, packet->bytes, packet->cap);
	packet->fate = packet->len > 0 ? JG_COUNTER_VERDICT : JG_COUNTER_NO_BUFFER;
}

static void write_ping(struct jg_judge *judge, struct jg_packet *packet, int64_t now)
{
	struct jg_wire_load load = {.verdicts = judge->verdicts_given,
		.epoch = judge->epoch,
		.now = now,
		.busy = judge->busy};

	packet->len =
		(uint32_t)jg_wire_ping_build(&packet->wire, &load, packet->bytes, packet->cap);
	packet->fate = packet->len > 0 ? JG_COUNTER_PING : JG_COUNTER_NO_BUFFER;
}

static bool is_answered(const struct jg_packet *packet)
{
	return packet->fate == JG_COUNTER_VERDICT || packet->fate == JG_COUNTER_PING;
}

static void sign_replies(struct jg_judge *judge)
{
	unsigned jobs = 0;

	for (unsigned i = 0; i < judge->signers_n; i++) {
		struct jg_packet *packet = judge->signers[i];

		if (!is_answered(packet))
			continue;
		judge->signers[jobs] = packet;
		jg_wire_reply_mac_job(
			packet->bytes, packet->len, &packet->front_end->key, &judge->jobs[jobs]);
		jobs++;
	}
	if (jobs > 0)
		jg_mac_burst(judge->mac, JG_MAC_SHA256, judge->jobs, jobs);
	for (unsigned i = 0; i < jobs; i++)
		jg_wire_mac_store(
			judge->signers[i]->bytes, judge->signers[i]->len, &judge->jobs[i]);
}

void jg_judge_write(struct jg_judge *judge, struct jg_packet *packets, unsigned n, int64_t now)
{
	for (unsigned i = 0; i < judge->live_n; i++)
		write_reply(judge, i);
	for (unsigned i = 0; judge->pings_n > 0 && i < n; i++)
		if (packets[i].fate == JG_FATE_NONE && packets[i].wire.type == JG_WIRE_PING)
			write_ping(judge, &packets[i], now);
	sign_replies(judge);
	jg_witness_replies(judge);
}
