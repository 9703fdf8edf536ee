// SPDX-License-Identifier: BSD-3-Clause
#include "refusals.h"

#include "log.h"

#include <joingate/verify.h>

#include <inttypes.h>
#include <stdio.h>

void jg_refusals_apply(const struct jg_engine *engine)
{
	jg_log_set((enum jg_log_format)engine->config->log_format,
		(enum jg_log_level)engine->config->log_level);
	for (unsigned i = 0; i < engine->members_n; i++)
		if (engine->members[i].witness != NULL)
			atomic_store(&engine->members[i].witness->refusals,
				(uint32_t)engine->config->log_refusals);
}

const char *jg_note_detail(const struct jg_note *note, char *text, size_t size)
{
	const struct jg_verdict verdict = {.reason = note->reason,
		.rule = note->rule,
		.rule_value = note->rule_value,
		.rule_limit = note->rule_limit,
		.subject = {note->subject, note->subject_len}};
	if (note->rule == JG_RULE_ROOM_DENY) // whose pattern stays out of notes
		(void)snprintf(text, size, "policy.rooms denies join in such rooms");
	else
		(void)jg_verdict_detail(&verdict, text, size);
	return text;
}

static struct jg_str hex(uint64_t number, char text[17])
{
	(void)snprintf(text, 17, "%016" PRIx64, number);
	return (struct jg_str){text, 16};
}

static struct jg_str text_of(const char *text)
{
	return (struct jg_str){text, (uint32_t)strlen(text)};
}

static const char *type_name(unsigned type)
{
	return type == JG_REQUEST_RECONNECT  ? "reconnect"
		: type == JG_REQUEST_REFRESH ? "refresh"
					     : "join";
}

static void log_note(const struct jg_note *note, const char *worker, uint64_t skipped)
{
	char detail[256];
	char sentence[300];
	char fingerprint[17];
	char request[17];
	(void)snprintf(sentence, sizeof(sentence), "refused: %s",
		jg_note_detail(note, detail, sizeof(detail)));
	const struct jg_log_field fields[] = {
		{"reason", text_of(jg_reason_name(note->reason)), 0},
		{"vendor", text_of(jg_vendor_name(note->vendor)), 0},
		{"app", {note->app, note->app_len}, 0},
		{"key", {note->key, note->key_len}, 0},
		{"fingerprint", hex(note->fingerprint, fingerprint), 0},
		{"type", text_of(type_name(note->type)), 0},
		{"request", hex(note->request_id, request), 0},
		{"front_end", {NULL, 0}, note->front_end},
		{"worker", text_of(worker), 0},
		{"skipped", {NULL, 0}, (int64_t)skipped},
	};
	jg_log_fields(JG_LOG_INFO, "refused", sentence, fields, JG_ARRAY_SIZE(fields));
}

static void take(struct jg_refusals *refusals, const struct jg_note *note, const char *worker)
{
	unsigned reason = note->reason;
	if (refusals->left[reason] == 0) {
		refusals->skipped[reason] += 1 + note->skipped;
		return;
	}
	refusals->left[reason]--;
	log_note(note, worker, refusals->skipped[reason] + note->skipped);
	refusals->skipped[reason] = 0;
}

void jg_refusals_turn(struct jg_refusals *refusals, const struct jg_engine *engine, int64_t now)
{
	uint32_t limit = (uint32_t)engine->config->log_refusals;
	if (now != refusals->second || limit != refusals->limit) {
		refusals->second = now;
		refusals->limit = limit;
		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			refusals->left[r] = limit;
	}
	for (unsigned i = 0; i < engine->members_n; i++) {
		const struct jg_control_member *member = &engine->members[i];
		const struct jg_note *note;
		uint32_t len;
		while (member->witness != NULL &&
			(note = jg_spool_peek(member->witness->notes, &len)) != NULL) {
			take(refusals, note, member->name);
			jg_spool_release(member->witness->notes);
		}
	}
}
