// SPDX-License-Identifier: BSD-3-Clause
// OpenTok's and Vonage's fields, and T1 tokens as the vendor's SDK for Node writes them.
#include "minter.h"
#include "profile.h"
#include "simd/decoders.h"
#include "utf8.h"

#define DAY 86400
#define SIGNATURE_AT(key_len) (sizeof("partner_id=") - 1 + (key_len) + sizeof("&sig=") - 1)

static bool check_times(struct jg_mint_slot *slot)
{
	int64_t exp = slot->ask->expires_at;
	if (exp == JG_TIME_NONE)
		return jg_mint_fail(slot, "expires_at", "a token for a session must expire");
	if (exp < slot->issued_at || exp - slot->issued_at > 30 * DAY)
		return jg_mint_fail(slot, "expires_at", "not within 30 days after issued_at");
	return true;
}

static bool check_role(struct jg_mint_slot *slot, struct jg_str *role)
{
	const struct jg_mint *ask = slot->ask;
	uint64_t capabilities;
	*role = ask->role;
	if (role->len == 0 && ask->capabilities == 0)
		*role = JG_STR("publisher"); // as the SDKs do
	else if (role->len == 0)
		*role = jg_opentok_role_with(ask->capabilities);
	if (role->len == 0)
		return jg_mint_fail(slot, "capabilities", "no role has exactly these");
	jg_mint_note(slot, *role);
	if (!jg_opentok_role_find(slot->app, *role, &capabilities))
		return jg_mint_fail(slot, "role",
			"not subscriber, publisher, publisheronly, moderator or one of "
			"policy.roles");
	return true;
}

// Words with single spaces between them, which is how a verdict gives them back.
static bool check_layout_classes(struct jg_mint_slot *slot)
{
	struct jg_str text = slot->ask->layout_classes;
	for (uint32_t i = 0; i < text.len; i++)
		if (text.p[i] == ' ' && (i == 0 || i + 1 == text.len || text.p[i + 1] == ' '))
			return jg_mint_fail(
				slot, "layout_classes", "not words with single spaces between");
	if (!jg_mint_check_text(slot, "layout_classes", text, JG_MINT_CONTENT_MAX))
		return false;
	if (jg_utf8_count(text) > JG_OPENTOK_LAYOUT_CLASSES_MAX)
		return jg_mint_fail(slot, "layout_classes", "more than 1024 characters");
	return true;
}

bool jg_mint_check_opentok(struct jg_minter *m, struct jg_mint_slot *slot, struct jg_str *role)
{
	const struct jg_mint *ask = slot->ask;
	if (ask->room.len == 0)
		return jg_mint_fail(slot, "room", "a token needs a session id");
	if (!jg_mint_check_text(slot, "room", ask->room, JG_OPENTOK_SESSION_MAX))
		return false;
	if (ask->vendor == JG_VENDOR_OPENTOK &&
		!jg_opentok_session_is_of(m->decoders->base64_decode, ask->room, slot->app->key))
		return jg_mint_fail(slot, "room", "not a session id of this project key");
	if (!jg_mint_check_text(slot, "metadata", ask->metadata, JG_MINT_CONTENT_MAX))
		return false;
	if (jg_utf8_count(ask->metadata) > JG_OPENTOK_DATA_MAX)
		return jg_mint_fail(slot, "metadata", "more than 1000 characters");
	jg_mint_note_app(m, slot);
	return check_times(slot) && check_role(slot, role) && check_layout_classes(slot) &&
		jg_mint_check_empty(slot, "identity", ask->identity) &&
		jg_mint_check_empty(slot, "name", ask->name) &&
		jg_mint_check_empty(slot, "kind", ask->kind) &&
		jg_mint_check_empty(slot, "rtm_permissions", ask->rtm_permissions) &&
		jg_mint_check_empty(slot, "attributes", ask->attributes);
}

static void write_field(struct jg_writer *w, const char *name, struct jg_str value)
{
	jg_write_text(w, "&");
	jg_write_text(w, name);
	jg_write_text(w, "=");
	jg_write_escaped(w, value);
}

bool jg_mint_t1(struct jg_minter *m, struct jg_mint_slot *slot)
{
	static const char no_signature[40] = "0000000000000000000000000000000000000000";
	const struct jg_mint *ask = slot->ask;
	struct jg_writer *w = &slot->content;
	struct jg_str role;
	if (!jg_mint_check_opentok(m, slot, &role) || !jg_mint_check_plain(slot))
		return false;
	jg_write_text(w, "partner_id=");
	jg_write_str(w, slot->app->key);
	jg_write_text(w, "&sig=");
	jg_write_bytes(w, no_signature, sizeof(no_signature));
	jg_write_text(w, ":");
	size_t start = w->at;
	jg_write_text(w, "session_id=");
	jg_write_escaped(w, ask->room);
	jg_write_text(w, "&create_time=");
	jg_write_int(w, slot->issued_at);
	jg_write_text(w, "&nonce=0.");
	jg_write_int(w, (int64_t)(jg_mint_random(m, slot) >> 11));
	write_field(w, "role", role);
	jg_write_text(w, "&expire_time=");
	jg_write_int(w, ask->expires_at);
	if (ask->metadata.len > 0)
		write_field(w, "connection_data", ask->metadata);
	write_field(w, "initial_layout_class_list", ask->layout_classes);
	write_field(w, "scope", JG_STR("session.connect"));
	if (slot->ancestors.len > 0) {
		jg_write_text(w, "&" JG_ANCESTORS_CLAIM "=");
		jg_write_str(w, slot->ancestors);
	}
	slot->message = (struct jg_str){w->p + start, (uint32_t)(w->at - start)};
	return w->full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

bool jg_mint_finish_t1(struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[20])
{
	struct jg_writer hex = {
		.p = slot->content.p + SIGNATURE_AT(slot->app->key.len), .size = 40};
	jg_write_hex(&hex, signature, 20);
	jg_write_text(&slot->token, "T1==");
	jg_write_base64(
		&slot->token, m->decoders->base64_encode, slot->content.p, slot->content.at);
	return slot->token.full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}
