// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What a member of the gate (a worker or the RS256 lane) tells control about requests that it judged:
 * refusals for the log, a few of each reason in a second, and packets while somebody captures. Control
 * says what it wants through two numbers; the member answers through spools and never waits.
 */

#include "internal/spool.h"

#include <joingate/reason.h>
#include <joingate/wire.h>

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define JG_NOTE_KEY_MAX 64 /**< bytes of a secret's id */
#define JG_NOTE_SUBJECT_MAX 48

/** A verdict without anything that its token says: no token, identity or room. */
struct jg_note {
	uint64_t request_id;
	uint64_t fingerprint; /**< of the token; 0 in a captured packet */
	uint64_t skipped; /**< refusals of this reason and member since the last note of it */
	int64_t rule_value;
	int64_t rule_limit;
	uint16_t front_end;
	uint8_t vendor;
	uint8_t reason;
	uint8_t rule;
	uint8_t type; /**< of the request */
	uint8_t app_len;
	uint8_t key_len;
	uint8_t subject_len;
	char app[JG_WIRE_APP_MAX]; /**< a configured one's, once it is known */
	char key[JG_NOTE_KEY_MAX];
	char subject[JG_NOTE_SUBJECT_MAX]; /**< static text of the rule */
};

/** A captured packet; its UDP payload of len bytes follows. */
struct jg_captured {
	struct jg_note note;
	int64_t time_ns; /**< since the Unix epoch */
	uint32_t len;
	uint16_t peer_port;
	uint8_t family; /**< 4 or 6 */
	bool reply; /**< to the peer; else from it */
	uint8_t peer[16]; /**< who asked; IPv4 in the first four bytes */
	uint8_t own[16];
};

struct jg_witness {
	/** What to capture, 0 = nothing: reasons in bits 0..31, vendors in 32..39, jg_capture_app() in
	 * 40..63. Control writes, the member reads it once a burst. */
	_Atomic uint64_t capture;
	/** Refusals of one reason to tell in one second. Control writes. */
	_Atomic uint32_t refusals;
	struct jg_spool *notes; /**< struct jg_note each */
	struct jg_spool *packets; /**< struct jg_captured each */
};

static_assert(JG_REASON_COUNT <= 32 && JG_VENDOR_COUNT <= 8, "what to capture is one word");

/** The place of an app in what to capture: never 0, which is any app. FNV-1a; others may share it. */
static inline uint32_t jg_capture_app(struct jg_str key)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.p[i]) * 16777619u;
	hash = (hash ^ hash >> 24) & 0xffffff;
	return hash == 0 ? 1 : hash;
}
