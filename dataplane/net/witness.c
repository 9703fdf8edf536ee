// SPDX-License-Identifier: BSD-3-Clause
#include "witness.h"

#include "idle.h"
#include "internal/fingerprint.h"
#include "judge.h"

#include <errno.h>

#define NOTES_BYTES (128 * 1024)
#define PACKETS_BYTES (1024 * 1024)

int jg_witness_init(struct jg_witness *witness, struct jg_error *err)
{
	*witness = (struct jg_witness){.notes = jg_spool_new(NOTES_BYTES, err)};
	if (witness->notes != NULL)
		witness->packets = jg_spool_new(PACKETS_BYTES, err);
	return witness->packets != NULL ? 0 : -ENOMEM;
}

void jg_witness_fini(struct jg_witness *witness)
{
	jg_spool_free(witness->notes);
	jg_spool_free(witness->packets);
	*witness = (struct jg_witness){.notes = NULL};
}

static uint8_t copy(char *to, size_t size, struct jg_str from)
{
	size_t n = from.len < size ? from.len : size;

	if (n > 0)
		memcpy(to, from.p, n);
	return (uint8_t)n;
}

static void describe(
	const struct jg_packet *packet, const struct jg_verdict *v, struct jg_note *note)
{
	*note = (struct jg_note){.request_id = packet->wire.id,
		.rule_value = v->rule_value,
		.rule_limit = v->rule_limit,
		.front_end = packet->wire.front_end,
		.vendor = v->vendor,
		.reason = v->reason,
		.rule = v->rule,
		.type = packet->wire.type};
	note->app_len = copy(note->app, sizeof(note->app), v->app);
	note->key_len = copy(note->key, sizeof(note->key), v->key);
	// A pattern of the policy may be a room's name in full.
	if (v->rule != JG_RULE_ROOM_DENY)
		note->subject_len = copy(note->subject, sizeof(note->subject), v->subject);
}

// The token's bytes end where its field's length says.
static uint64_t fingerprint(const struct jg_packet *packet)
{
	const uint8_t *token = packet->bytes + packet->wire.token_at;

	return jg_fingerprint(token, (size_t)(token[-2] << 8 | token[-1]));
}

static void tell(struct jg_judge *judge, unsigned i)
{
	uint64_t *skipped = &judge->sampler.skipped[judge->verdicts[i].reason];
	struct jg_note *note = jg_spool_reserve(judge->witness->notes, sizeof(*note));

	if (note == NULL) {
		jg_count_add(&judge->counters->value[JG_COUNTER_NOTES_LOST], 1);
		++*skipped;
		return;
	}
	describe(judge->live[i], &judge->verdicts[i], note);
	note->fingerprint = fingerprint(judge->live[i]);
	note->skipped = *skipped;
	*skipped = 0;
	jg_spool_commit(judge->witness->notes);
}

static void tell_refusals(struct jg_judge *judge, int64_t now)
{
	struct jg_sampler *sampler = &judge->sampler;

	if (now != sampler->second) {
		uint32_t most =
			atomic_load_explicit(&judge->witness->refusals, memory_order_relaxed);

		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			sampler->left[r] = most;
		sampler->second = now;
	}
	for (unsigned i = 0; i < judge->live_n; i++) {
		unsigned reason = judge->verdicts[i].reason;

		if (reason == JG_REASON_OK)
			continue;
		if (sampler->left[reason] == 0) {
			sampler->skipped[reason]++;
			continue;
		}
		sampler->left[reason]--;
		tell(judge, i);
	}
}

static bool is_wanted(uint64_t capture, const struct jg_verdict *verdict)
{
	uint32_t app = (uint32_t)(capture >> 40);

	return (capture >> verdict->reason & 1) != 0 &&
		(capture >> (32 + verdict->vendor) & 1) != 0 &&
		(app == 0 || app == jg_capture_app(verdict->app));
}

// False: there was no room, which is counted.
static bool capture(struct jg_judge *judge, unsigned i, bool reply, int64_t time_ns)
{
	const struct jg_packet *packet = judge->live[i];
	const struct jg_frame *frame = &packet->frame;
	struct jg_captured *to =
		jg_spool_reserve(judge->witness->packets, (uint32_t)sizeof(*to) + packet->len);

	if (to == NULL) {
		jg_count_add(&judge->counters->value[JG_COUNTER_CAPTURE_LOST], 1);
		return false;
	}
	describe(packet, &judge->verdicts[i], &to->note);
	to->time_ns = time_ns;
	to->len = packet->len;
	to->peer_port = frame->source_port;
	to->family = frame->family;
	to->reply = reply;
	memcpy(to->peer, frame->source, sizeof(to->peer));
	memcpy(to->own, frame->target, sizeof(to->own));
	memcpy(to + 1, packet->bytes, packet->len);
	jg_spool_commit(judge->witness->packets);
	jg_count_add(&judge->counters->value[JG_COUNTER_CAPTURED], 1);
	return true;
}

void jg_witness_verdicts(struct jg_judge *judge, unsigned refused, int64_t now)
{
	struct jg_sampler *sampler = &judge->sampler;

	sampler->captured_n = 0;
	if (judge->witness == NULL)
		return;
	if (refused > 0)
		tell_refusals(judge, now);
	uint64_t wanted = atomic_load_explicit(&judge->witness->capture, memory_order_relaxed);
	if (wanted == 0)
		return;
	int64_t time_ns = jg_clock_realtime();
	for (unsigned i = 0; i < judge->live_n; i++)
		if (is_wanted(wanted, &judge->verdicts[i]) && capture(judge, i, false, time_ns))
			sampler->captured[sampler->captured_n++] = (uint16_t)i;
}

void jg_witness_replies(struct jg_judge *judge)
{
	struct jg_sampler *sampler = &judge->sampler;

	if (sampler->captured_n == 0)
		return;
	int64_t time_ns = jg_clock_realtime();
	for (unsigned i = 0; i < sampler->captured_n; i++)
		if (judge->live[sampler->captured[i]]->fate == JG_COUNTER_VERDICT)
			(void)capture(judge, sampler->captured[i], true, time_ns);
	sampler->captured_n = 0;
}
