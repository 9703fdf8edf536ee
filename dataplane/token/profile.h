// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What each vendor's claims mean: the functions of jg_layout rows, and what profiles share. */

#include "base64.h"
#include "json.h"

extern const struct jg_json_schema jg_livekit_schema;
void jg_livekit_claims(struct jg_burst *b, struct jg_record *r);
void jg_livekit_session(struct jg_burst *b, struct jg_record *r);

extern const struct jg_json_schema jg_stream_schema;
void jg_stream_claims(struct jg_burst *b, struct jg_record *r);
void jg_stream_session(struct jg_burst *b, struct jg_record *r);

extern const struct jg_json_schema jg_opentok_schema;
void jg_opentok_claims(struct jg_burst *b, struct jg_record *r);

extern const struct jg_json_schema jg_vonage_schema;
void jg_vonage_claims(struct jg_burst *b, struct jg_record *r);

/** The policy's own meaning of a role word; false when it has none. */
bool jg_role_of_policy(const struct jg_app_entry *app, struct jg_str role, uint64_t *capabilities);

/** Limits of OpenTok's and Vonage's fields: characters, characters, bytes. */
#define JG_OPENTOK_DATA_MAX 1000
#define JG_OPENTOK_LAYOUT_CLASSES_MAX 1024
#define JG_OPENTOK_SESSION_MAX 255

/** A role word's meaning: the policy's, else the vendor's; false when neither knows it. */
bool jg_opentok_role_find(
	const struct jg_app_entry *app, struct jg_str role, uint64_t *capabilities);

/** The vendor's role with exactly these capabilities; p == NULL: none has. */
struct jg_str jg_opentok_role_with(uint64_t capabilities);

/**
 * OpenTok and Vonage, JWT and T1 alike. A role word: the policy's meaning, else the vendor's;
 * bad_claim for a word that neither knows.
 */
bool jg_opentok_role(struct jg_record *r, struct jg_str role);

/** Connection data: at most 1000 characters, handed over unchanged. */
bool jg_opentok_data(struct jg_record *r, struct jg_str data);

/** Layout classes: at most 1024 characters; single spaces between them in the verdict. */
bool jg_opentok_layout_classes(struct jg_burst *b, struct jg_record *r, struct jg_str classes);

/** The session the token opens: there, and at most 255 bytes. */
bool jg_opentok_session(struct jg_record *r, struct jg_str session);

/** A session id "N_" and base64 of "M~key~...", N and M 1 or 2, with this project key in it. */
bool jg_opentok_session_is_of(
	jg_base64_decode_fn *decode, struct jg_str session, struct jg_str key);

/** jg_layout.session of OpenTok (JWT and T1) and Vonage: the session is the project's own (OpenTok)
 * and the one asked for. */
void jg_opentok_compare_session(struct jg_burst *b, struct jg_record *r);
