// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Claims that OpenTok JWTs and Vonage's unified tokens share. */

#include "ancestors.h"
#include "profile.h"

enum jg_opentok_slot {
	JG_OPENTOK_IST = JG_SLOT_VENDOR,
	JG_OPENTOK_SCOPE,
	JG_OPENTOK_SESSION,
	JG_OPENTOK_ROLE,
	JG_OPENTOK_DATA,
	JG_OPENTOK_LAYOUT_CLASSES,
	JG_OPENTOK_NEXT, /**< first slot that is Vonage's own */
};

#define JG_OPENTOK_MEMBERS                                                                 \
	JG_JSON_MEMBER("scope", JG_OPENTOK_SCOPE, 0),                                      \
		JG_JSON_MEMBER("session_id", JG_OPENTOK_SESSION, 0),                       \
		JG_JSON_MEMBER("role", JG_OPENTOK_ROLE, 0),                                \
		JG_JSON_MEMBER("connection_data", JG_OPENTOK_DATA, 0),                     \
		JG_JSON_MEMBER("initial_layout_class_list", JG_OPENTOK_LAYOUT_CLASSES, 0), \
		JG_JSON_MEMBER(JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, 0)

// clang-format off
/** Types of the claims that OpenTok and Vonage have in common. */
#define JG_OPENTOK_RULES \
	{JG_ANCESTORS_CLAIM, JG_SLOT_ANCESTORS, JG_TYPE(STRING)}, \
	{"ist", JG_OPENTOK_IST, JG_TYPE(STRING)}, \
	{"scope", JG_OPENTOK_SCOPE, JG_TYPE(STRING)}, \
	{"session_id", JG_OPENTOK_SESSION, JG_TYPE(STRING)}, \
	{"role", JG_OPENTOK_ROLE, JG_TYPE(STRING)}, \
	{"connection_data", JG_OPENTOK_DATA, JG_TYPE(STRING)}, \
	{"initial_layout_class_list", JG_OPENTOK_LAYOUT_CLASSES, JG_TYPE(STRING) | JG_TYPE(ARRAY)}
// clang-format on

/** Types and times of the shared claims; exp is required. */
bool jg_opentok_check_types(struct jg_burst *b, struct jg_record *r);

/** Is the string in this slot exactly this word? */
bool jg_opentok_is_word(
	struct jg_burst *b, const struct jg_record *r, unsigned slot, struct jg_str word);

/** A token to connect to a session: scope, session, role, data, layout classes. */
void jg_opentok_connect(struct jg_burst *b, struct jg_record *r);
