// SPDX-License-Identifier: BSD-3-Clause
// What OpenTok JWT, T1 and Vonage tokens have in common: roles, data, layout classes, sessions.
#include "profile.h"
#include "simd/decoders.h"
#include "utf8.h"
#include "verifier.h"

#define SUBSCRIBER (JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE))
#define PUBLISHER (SUBSCRIBER | JG_CAPABILITY_PUBLISH | JG_CAPABILITY(SIGNAL))

// Exactly these lower-case words.
static const struct jg_role roles[] = {
	{{"subscriber", 10}, SUBSCRIBER},
	{{"publisher", 9}, PUBLISHER},
	{{"publisheronly", 13}, JG_CAPABILITY(JOIN) | JG_CAPABILITY_PUBLISH},
	{{"moderator", 9},
		PUBLISHER | JG_CAPABILITY(FORCE_DISCONNECT) | JG_CAPABILITY(FORCE_UNPUBLISH) |
			JG_CAPABILITY(FORCE_MUTE)},
};

bool jg_opentok_role_find(
	const struct jg_app_entry *app, struct jg_str role, uint64_t *capabilities)
{
	if (jg_role_of_policy(app, role, capabilities))
		return true;
	for (size_t i = 0; i < JG_ARRAY_SIZE(roles); i++)
		if (jg_str_eq(roles[i].role, role)) {
			*capabilities = roles[i].capabilities;
			return true;
		}
	return false;
}

struct jg_str jg_opentok_role_with(uint64_t capabilities)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(roles); i++)
		if (roles[i].capabilities == capabilities)
			return roles[i].role;
	return (struct jg_str){NULL, 0};
}

bool jg_opentok_role(struct jg_record *r, struct jg_str role)
{
	r->verdict->role = role;
	if (jg_opentok_role_find(r->app, role, &r->capabilities))
		return true;
	jg_refuse_claim(r, "role");
	return false;
}

bool jg_opentok_data(struct jg_record *r, struct jg_str data)
{
	size_t characters = jg_utf8_count(data);
	r->verdict->metadata = data;
	if (characters <= JG_OPENTOK_DATA_MAX)
		return true;
	jg_refuse_length(r, "connection_data", (uint32_t)characters, JG_OPENTOK_DATA_MAX);
	return false;
}

// Collapse runs of spaces; none at either end.
static struct jg_str tidy(struct jg_scratch *scratch, struct jg_str words)
{
	char *out = jg_scratch_bytes(scratch, words.len);
	uint32_t n = 0;
	for (uint32_t i = 0; out != NULL && i < words.len; i++)
		if (words.p[i] != ' ' || (n > 0 && out[n - 1] != ' '))
			out[n++] = words.p[i];
	while (n > 0 && out[n - 1] == ' ')
		n--;
	return (struct jg_str){out, n};
}

bool jg_opentok_layout_classes(struct jg_burst *b, struct jg_record *r, struct jg_str classes)
{
	size_t characters = jg_utf8_count(classes);
	if (characters > JG_OPENTOK_LAYOUT_CLASSES_MAX) {
		jg_refuse_length(r, "initial_layout_class_list", (uint32_t)characters,
			JG_OPENTOK_LAYOUT_CLASSES_MAX);
		return false;
	}
	r->verdict->layout_classes = classes;
	if (memchr(classes.p != NULL ? classes.p : "", ' ', classes.len) != NULL)
		r->verdict->layout_classes = tidy(&b->verifier->scratch, classes);
	return true;
}

bool jg_opentok_session(struct jg_record *r, struct jg_str session)
{
	r->verdict->room = session;
	if (session.len == 0)
		jg_refuse_missing(r, "session_id");
	else if (session.len > JG_OPENTOK_SESSION_MAX)
		jg_refuse_length(r, "session_id", session.len, JG_OPENTOK_SESSION_MAX);
	return r->reason == JG_REASON_OK;
}

bool jg_opentok_session_is_of(jg_base64_decode_fn *decode, struct jg_str session, struct jg_str key)
{
	uint8_t text[JG_OPENTOK_SESSION_MAX];
	if (session.len < 2 || session.len > JG_OPENTOK_SESSION_MAX || session.p[1] != '_' ||
		(session.p[0] != '1' && session.p[0] != '2'))
		return false;
	int n = jg_base64_decode_any(decode, (struct jg_str){session.p + 2, session.len - 2}, text);
	if (n < 2 || (text[0] != '1' && text[0] != '2') || text[1] != '~')
		return false;
	size_t left = (size_t)n - 2;
	return left > key.len && memcmp(text + 2, key.p, key.len) == 0 && text[2 + key.len] == '~';
}

void jg_opentok_compare_session(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str wanted = r->request->room;
	if (r->layout->vendor == JG_VENDOR_OPENTOK &&
		!jg_opentok_session_is_of(
			b->verifier->decoders->base64_decode, r->verdict->room, r->app->key))
		jg_refuse_mismatch(r, JG_REASON_ROOM_MISMATCH, "project key in session_id");
	else if (wanted.p != NULL && !jg_str_eq(wanted, r->verdict->room))
		jg_refuse_mismatch(r, JG_REASON_ROOM_MISMATCH, "session_id");
}
