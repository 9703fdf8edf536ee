// SPDX-License-Identifier: BSD-3-Clause
// verify(mint(x)) gives x back, and what cannot be said is refused.
#include "mint_world.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include <stddef.h>

#define SEED UINT64_C(0x6a6f696e67617465)
#define MEDIA (JG_CAPABILITY_PUBLISH)
#define MODERATOR                                                      \
	(JG_CAPABILITY(ROOM_ADMIN) | JG_CAPABILITY(FORCE_DISCONNECT) | \
		JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE))

static void expect_text(struct jg_str is, struct jg_str expected, const char *what, unsigned i)
{
	cr_assert(jg_str_eq(is, expected), "seed %llx, token %u: %s is '%.*s', expected '%.*s'",
		(unsigned long long)SEED, i, what, (int)is.len, is.p, (int)expected.len,
		expected.p);
}

// What every format gives back.
static void expect_admitted(const struct world *w, unsigned i, uint64_t capabilities)
{
	const struct jg_verdict *v = &w->verdicts[i];
	cr_assert_eq(v->reason, JG_REASON_OK, "seed %llx, token %u: %s %.*s: %s, %.*s",
		(unsigned long long)SEED, i, jg_vendor_name(v->vendor), (int)v->subject.len,
		v->subject.p, jg_reason_name(v->reason), (int)w->minted[i].len, w->token[i]);
	cr_assert_eq(v->capabilities, capabilities, "seed %llx, token %u: %llx, expected %llx",
		(unsigned long long)SEED, i, (unsigned long long)v->capabilities,
		(unsigned long long)capabilities);
	cr_assert_eq(v->expires_at, w->asks[i].expires_at, "token %u", i);
	cr_assert_eq(v->issued_at, w->asks[i].issued_at, "token %u", i);
	expect_text(v->key, JG_STR("a"), "key", i);
	expect_text(v->identity, w->asks[i].identity, "identity", i);
	expect_text(v->metadata, w->asks[i].metadata, "metadata", i);
	expect_text(v->name, w->asks[i].name, "name", i);
	expect_text(v->attributes, w->asks[i].attributes, "attributes", i);
	expect_text(v->layout_classes, w->asks[i].layout_classes, "layout_classes", i);
}

static void ask_livekit(struct world *w, struct jg_mint *ask)
{
	static const char *const kinds[] = {
		"standard", "ingress", "egress", "sip", "agent", "connector", "bridge"};
	static const char *const attributes[] = {
		"", "{}", "{\"a\":\"b\"}", "{ \"x\\n\" : \"\\u00e9\" , \"y\":\"\"}"};
	const char *kind = kinds[world_random(w, JG_ARRAY_SIZE(kinds))];
	const char *attribute = attributes[world_random(w, JG_ARRAY_SIZE(attributes))];
	*ask = world_ask(JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256);
	ask->identity = world_text(w, 1 + world_random(w, 60), false);
	ask->room = world_text(w, 1 + world_random(w, 60), false);
	ask->name = world_text(w, world_random(w, 20), false);
	ask->metadata = world_text(w, world_random(w, 300), false);
	ask->kind = (struct jg_str){kind, (uint32_t)strlen(kind)};
	ask->attributes = (struct jg_str){attribute, (uint32_t)strlen(attribute)};
	for (unsigned bit = 0; bit <= JG_CAPABILITY_BIT_OBSERVABILITY_WRITE; bit++)
		ask->capabilities |= (uint64_t)world_random(w, 2) << bit;
	ask->capabilities &= ~(MODERATOR | JG_CAPABILITY(SIGNAL));
	ask->capabilities |= JG_CAPABILITY(JOIN) | (world_random(w, 2) ? MODERATOR : 0);
	if (world_random(w, 4) == 0)
		ask->capabilities |= MEDIA;
	if (world_random(w, 4) == 0)
		ask->capabilities &= ~MEDIA;
	ask->not_before = world_random(w, 2) ? NOW : JG_TIME_NONE;
	ask->expires_at = NOW + 1 + world_random(w, 1000000);
}

Test(mint, livekit_tokens_give_back_what_was_asked)
{
	struct world *w = world_new(SEED, NULL);
	for (unsigned i = 0; i < JG_BURST_MAX; i++)
		ask_livekit(w, &w->asks[i]);
	world_round_trip(w, JG_BURST_MAX);
	for (unsigned i = 0; i < JG_BURST_MAX; i++) {
		expect_admitted(w, i, w->asks[i].capabilities);
		expect_text(w->verdicts[i].room, w->asks[i].room, "room", i);
		expect_text(w->verdicts[i].kind, w->asks[i].kind, "kind", i);
	}
	world_free(w);
}

Test(mint, a_livekit_token_says_no_more_than_the_sdk)
{
	struct world *w = world_new(SEED, NULL);
	char payload[TOKEN_SIZE];
	w->asks[0] = world_ask(JG_VENDOR_LIVEKIT, JG_FORMAT_NONE);
	w->asks[0].identity = JG_STR("alice");
	w->asks[0].room = JG_STR("lobby");
	w->asks[0].issued_at = JG_TIME_NONE;
	w->asks[0].not_before = NOW;
	jg_mint_burst(w->minter, w->snapshot, NOW, w->asks, w->minted, 1);
	expect_text(world_payload(&w->minted[0], payload),
		JG_STR("{\"video\":{\"roomJoin\":true,\"room\":\"lobby\"},\"iss\":"
		       "\"APIq7Rk2ZtVw9LmX\",\"exp\":1800003600,\"nbf\":1800000000,\"sub\":"
		       "\"alice\"}"),
		"payload", 0);
	world_free(w);
}

Test(mint, stream_tokens_give_back_what_was_asked)
{
	struct world *w = world_new(SEED, NULL);
	static const uint8_t types[] = {JG_TOKEN_USER, JG_TOKEN_CALL, JG_TOKEN_DEVELOPMENT};
	for (unsigned i = 0; i < 96; i++) {
		struct jg_mint *ask = &w->asks[i];
		*ask = world_ask(JG_VENDOR_STREAM, JG_FORMAT_NONE);
		ask->type = types[i % 3];
		ask->identity = world_text(w, 1 + world_random(w, 40), false);
		if (ask->type == JG_TOKEN_CALL) {
			ask->room = world_text(w, 1 + world_random(w, 40), false);
			ask->role = world_text(w, world_random(w, 10), true);
		}
		ask->issued_at = world_random(w, 2) ? NOW - world_random(w, 1000) : JG_TIME_NONE;
		ask->expires_at = world_random(w, 2) ? NOW + 60 : JG_TIME_NONE;
		if (ask->type == JG_TOKEN_DEVELOPMENT)
			ask->issued_at = ask->expires_at = JG_TIME_NONE;
	}
	world_round_trip(w, 96);
	uint64_t capabilities = jg_policy_default().default_capabilities;
	for (unsigned i = 0; i < 96; i++) {
		w->verdicts[i].key = i % 3 == 2 ? JG_STR("a") : w->verdicts[i].key; // unsigned
		expect_admitted(w, i, capabilities);
		expect_text(w->verdicts[i].role, w->asks[i].role, "role", i);
		expect_text(w->verdicts[i].room, w->asks[i].room, "room", i);
	}
	world_free(w);
}

Test(mint, a_stream_server_token_never_joins)
{
	struct world *w = world_new(SEED, NULL);
	w->asks[0] = world_ask(JG_VENDOR_STREAM, JG_FORMAT_NONE);
	w->asks[0].type = JG_TOKEN_SERVER;
	world_round_trip(w, 1);
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_NO_JOIN);
	cr_assert(w->verdicts[0].verified);
	world_free(w);
}

static void round_trip_sessions(unsigned vendor, unsigned format, unsigned n)
{
	static const char *const roles[] = {
		"subscriber", "publisher", "publisheronly", "moderator"};
	static const uint64_t meanings[] = {JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
		JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) | MEDIA | JG_CAPABILITY(SIGNAL),
		JG_CAPABILITY(JOIN) | MEDIA,
		JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) | MEDIA | JG_CAPABILITY(SIGNAL) |
			JG_CAPABILITY(FORCE_DISCONNECT) | JG_CAPABILITY(FORCE_UNPUBLISH) |
			JG_CAPABILITY(FORCE_MUTE)};
	struct world *w = world_new(SEED, NULL);
	for (unsigned i = 0; i < n; i++) {
		struct jg_mint *ask = &w->asks[i];
		*ask = world_ask(vendor, format);
		ask->room = JG_STR(SESSION);
		ask->metadata = world_text(w, world_random(w, 1001), false);
		if (i % 2 == 0)
			ask->layout_classes = JG_STR("focus gr\xc3\xb6\xc3\x9f"
						     "e");
		if (i % 3 == 0)
			ask->capabilities = meanings[i % 4];
		else
			ask->role = (struct jg_str){roles[i % 4], (uint32_t)strlen(roles[i % 4])};
		ask->issued_at = NOW - world_random(w, 100);
		ask->expires_at = ask->issued_at + 101 + world_random(w, 30 * 86400 - 100);
	}
	w->asks[0].metadata = world_text(w, 1000, false);
	world_round_trip(w, n);
	for (unsigned i = 0; i < n; i++) {
		expect_admitted(w, i, meanings[i % 4]);
		expect_text(w->verdicts[i].room, JG_STR(SESSION), "room", i);
		cr_assert_eq(w->verdicts[i].format, format);
		expect_text(w->verdicts[i].role,
			(struct jg_str){roles[i % 4], (uint32_t)strlen(roles[i % 4])}, "role", i);
	}
	world_free(w);
}

Test(mint, opentok_jwts_give_back_what_was_asked)
{
	round_trip_sessions(JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256, 64);
}

Test(mint, t1_tokens_give_back_what_was_asked)
{
	round_trip_sessions(JG_VENDOR_OPENTOK, JG_FORMAT_T1, 64);
}

Test(mint, vonage_tokens_give_back_what_was_asked)
{
	round_trip_sessions(JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256, 8);
}

// Capabilities that one privilege stands for.
static const uint64_t privileges[] = {
	JG_CAPABILITY(PUBLISH_MICROPHONE) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO),
	JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE),
	JG_CAPABILITY(PUBLISH_DATA), JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL),
	JG_CAPABILITY(RTM_LOGIN), JG_CAPABILITY(CHAT_USER), JG_CAPABILITY(CHAT_APP),
	JG_CAPABILITY(STREAM_PUSH_MIX), JG_CAPABILITY(STREAM_PUSH_RAW), JG_CAPABILITY(FPA_LOGIN),
	JG_CAPABILITY(CDN_PUBLISH), JG_CAPABILITY(CDN_PLAY), JG_CAPABILITY(APAAS_ROOM_USER),
	JG_CAPABILITY(APAAS_USER), JG_CAPABILITY(APAAS_APP), JG_CAPABILITY(CONVO_AI),
	JG_CAPABILITY(STT)};

static void ask_agora(struct world *w, unsigned i, unsigned format, bool rtm)
{
	struct jg_mint *ask = &w->asks[i];
	uint64_t join = rtm ? JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL)
			    : JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE);
	unsigned n = format == JG_FORMAT_AGORA_007 ? JG_ARRAY_SIZE(privileges) : 3;
	*ask = world_ask(JG_VENDOR_AGORA, format);
	ask->service = rtm ? JG_SERVICE_RTM : JG_SERVICE_RTC;
	ask->room = rtm ? (struct jg_str){NULL, 0} : world_text(w, 1 + world_random(w, 60), true);
	ask->identity = world_text(w, 1 + world_random(w, 15), true);
	ask->capabilities = join;
	for (unsigned j = 0; j < n && !rtm; j++)
		ask->capabilities |= world_random(w, 2) ? privileges[j] : 0;
	ask->expires_at =
		format == JG_FORMAT_AGORA_006 ? NOW + 86400 : NOW + 1 + world_random(w, 86400);
	ask->salt = world_random(w, 2) ? 1 + world_random(w, 99999999) : 0;
	ask->capability_expires = w->expires[i];
	ask->capability_expires_n = world_random(w, 3);
	w->expires[i][0] = (struct jg_capability_expiry){join, NOW + 1 + world_random(w, 9999)};
	w->expires[i][1] = (struct jg_capability_expiry){
		privileges[0] & ask->capabilities, NOW + 10001 + world_random(w, 9999)};
	if (w->expires[i][1].capabilities == 0 && ask->capability_expires_n == 2)
		ask->capability_expires_n = 1;
}

static void round_trip_agora(unsigned format, bool rtm)
{
	struct world *w = world_new(SEED, NULL);
	for (unsigned i = 0; i < 100; i++)
		ask_agora(w, i, format, rtm);
	world_round_trip(w, 100);
	for (unsigned i = 0; i < 100; i++) {
		const struct jg_mint *ask = &w->asks[i];
		const struct jg_verdict *v = &w->verdicts[i];
		expect_admitted(w, i, ask->capabilities);
		expect_text(v->room, ask->room, "room", i);
		cr_assert_eq(v->capability_expires_n, ask->capability_expires_n, "token %u", i);
		for (unsigned j = 0; j < v->capability_expires_n; j++) {
			cr_assert_eq(v->capability_expires[j].capabilities,
				ask->capability_expires[j].capabilities);
			cr_assert_eq(v->capability_expires[j].expires_at,
				ask->capability_expires[j].expires_at);
		}
	}
	world_free(w);
}

Test(mint, agora_007_tokens_give_back_what_was_asked)
{
	round_trip_agora(JG_FORMAT_AGORA_007, false);
}

Test(mint, agora_007_rtm_tokens_give_back_what_was_asked)
{
	round_trip_agora(JG_FORMAT_AGORA_007, true);
}

Test(mint, agora_006_tokens_give_back_what_was_asked)
{
	round_trip_agora(JG_FORMAT_AGORA_006, false);
}

Test(mint, agora_006_rtm_tokens_give_back_what_was_asked)
{
	round_trip_agora(JG_FORMAT_AGORA_006, true);
}

Test(mint, formats_in_one_burst_do_not_disturb_each_other)
{
	struct world *w = world_new(SEED, NULL);
	for (unsigned i = 0; i < 70; i++) {
		struct jg_mint *ask = &w->asks[i];
		unsigned vendor = 1 + i % 5;
		if (vendor == JG_VENDOR_VONAGE && i > 10)
			vendor = JG_VENDOR_LIVEKIT; // RSA takes its time
		*ask = world_ask(vendor,
			vendor == JG_VENDOR_OPENTOK && i % 2	     ? JG_FORMAT_T1
				: vendor == JG_VENDOR_AGORA && i % 2 ? JG_FORMAT_AGORA_006
								     : JG_FORMAT_NONE);
		ask->room = vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE
			? JG_STR(SESSION)
			: JG_STR("room");
		ask->identity = vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE
			? JG_STR("")
			: JG_STR("me");
		if (vendor == JG_VENDOR_STREAM)
			ask->type = JG_TOKEN_CALL;
	}
	world_round_trip(w, 70);
	for (unsigned i = 0; i < 70; i++) {
		cr_assert_eq(w->verdicts[i].reason, JG_REASON_OK, "token %u: %s", i,
			jg_reason_name(w->verdicts[i].reason));
		expect_text(w->verdicts[i].identity, w->asks[i].identity, "identity", i);
	}
	world_free(w);
}

static void mint_twice(struct jg_mint ask, char *first, char *second)
{
	char *const out[] = {first, second};
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = world_new(SEED + i, NULL);
		w->asks[0] = ask;
		world_round_trip(w, 1);
		memcpy(out[i], w->token[0], w->minted[0].len);
		out[i][w->minted[0].len] = '\0';
		world_free(w);
	}
}

// A field that holds any text: where an ask, a verdict and a payload have it.
struct place {
	const char *field;
	size_t ask_at, verdict_at;
	uint8_t vendor, format;
	uint32_t longest; // bytes; 0: as long as a token may be
	const char *outer, *member; // of the payload; both NULL: the token is no JWT
};

// clang-format off
#define PLACE(vendor, format, field, longest, outer, member) \
	{#field, offsetof(struct jg_mint, field), offsetof(struct jg_verdict, field), \
		JG_VENDOR_##vendor, JG_FORMAT_##format, longest, outer, member}
// clang-format on
static const struct place places[] = {
	PLACE(LIVEKIT, JWT_HS256, identity, 256, NULL, "sub"),
	PLACE(LIVEKIT, JWT_HS256, room, 256, "video", "room"),
	PLACE(LIVEKIT, JWT_HS256, name, 0, NULL, "name"),
	PLACE(LIVEKIT, JWT_HS256, metadata, 0, NULL, "metadata"),
	PLACE(STREAM, JWT_HS256, identity, 0, NULL, "user_id"),
	PLACE(STREAM, JWT_HS256, room, 0, "call_cids", NULL),
	PLACE(STREAM, JWT_HS256, role, 0, NULL, "role"),
	PLACE(OPENTOK, JWT_HS256, metadata, 1000, NULL, "connection_data"),
	PLACE(OPENTOK, JWT_HS256, layout_classes, 1024, NULL, "initial_layout_class_list"),
	PLACE(OPENTOK, T1, metadata, 1000, NULL, NULL),
	PLACE(OPENTOK, T1, layout_classes, 1024, NULL, NULL),
	PLACE(VONAGE, JWT_RS256, room, 255, NULL, "session_id"),
	PLACE(VONAGE, JWT_RS256, metadata, 1000, NULL, "connection_data"),
	PLACE(VONAGE, JWT_RS256, layout_classes, 1024, NULL, "initial_layout_class_list"),
	PLACE(AGORA, AGORA_007, identity, 255, NULL, NULL),
	PLACE(AGORA, AGORA_006, identity, 255, NULL, NULL),
};

// Of the place's vendor, all its texts plain but the one that is given.
static struct jg_mint ask_with(const struct place *place, struct jg_str text)
{
	const bool session =
		place->vendor == JG_VENDOR_OPENTOK || place->vendor == JG_VENDOR_VONAGE;
	struct jg_mint ask = world_ask(place->vendor, place->format);
	ask.type = JG_TOKEN_CALL;
	ask.salt = 5; // one jti in all of them
	ask.room = session ? JG_STR(SESSION) : JG_STR("lobby");
	if (!session)
		ask.identity = JG_STR("me");
	if (place->vendor == JG_VENDOR_LIVEKIT)
		ask.name = JG_STR("Myself");
	memcpy((char *)&ask + place->ask_at, &text, sizeof(text));
	return ask;
}

static json_t *payload_of(const struct jg_minted *minted)
{
	char bytes[TOKEN_SIZE];
	json_error_t err;
	struct jg_str text = world_payload(minted, bytes);
	json_t *payload = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &err);
	cr_assert_not_null(payload, "%s: %.*s", err.text, (int)text.len, text.p);
	return payload;
}

// It is that of a plain text, with this text in its place.
static void expect_payload(const struct place *place, const json_t *plain,
	const struct jg_minted *minted, struct jg_str text)
{
	json_t *expected = json_deep_copy(plain), *is = payload_of(minted);
	json_t *value = json_stringn(text.p, text.len);
	if (place->member == NULL)
		json_array_set_new(json_object_get(expected, place->outer), 0, value);
	else if (place->outer != NULL)
		json_object_set_new(json_object_get(expected, place->outer), place->member, value);
	else
		json_object_set_new(expected, place->member, value);
	cr_assert(json_equal(is, expected), "vendor %u: %s of '%.*s'", place->vendor, place->field,
		(int)text.len, text.p);
	json_decref(is);
	json_decref(expected);
}

// Mint and judge a token of the place with this text in it.
static void carry(struct world *w, const struct place *place, struct jg_str text)
{
	struct jg_str back;
	w->asks[0] = ask_with(place, JG_STR("plain"));
	w->asks[1] = ask_with(place, text);
	world_round_trip(w, 2);
	cr_assert_eq(w->verdicts[1].reason, JG_REASON_OK, "vendor %u: %s of '%.*s'", place->vendor,
		place->field, (int)text.len, text.p);
	memcpy(&back, (const char *)&w->verdicts[1] + place->verdict_at, sizeof(back));
	expect_text(back, text, place->field, place->vendor);
	if (place->member == NULL && place->outer == NULL)
		return;
	json_t *plain = payload_of(&w->minted[0]);
	expect_payload(place, plain, &w->minted[1], text);
	json_decref(plain);
}

static void expect_refused(struct world *w, const struct place *place, struct jg_str text)
{
	const struct jg_mint ask = ask_with(place, text);
	jg_mint_burst(w->minter, w->snapshot, NOW, &ask, w->minted, 1);
	cr_assert_eq(w->minted[0].len, 0, "vendor %u: %s", place->vendor, place->field);
	cr_assert_not_null(w->minted[0].field, "vendor %u: %s", place->vendor, place->field);
	cr_assert_str_eq(w->minted[0].field, place->field, "vendor %u: %s: %s", place->vendor,
		place->field, w->minted[0].problem);
}

// So many bytes, these n at their start or end.
static struct jg_str text_with(const char *odd, size_t n, size_t len, bool at_end)
{
	static char text[2048];
	memset(text, 'a', len);
	memcpy(at_end ? text + len - n : text, odd, n);
	return (struct jg_str){text, (uint32_t)len};
}

static void carry_at_all_lengths(struct world *w, const struct place *place, const char *odd)
{
	const uint32_t lengths[] = {1, 15, 16, 17, 40, 255, 256, 257, place->longest};
	const size_t n = strlen(odd);
	for (size_t i = 0; i < JG_ARRAY_SIZE(lengths); i++) {
		if (lengths[i] < n || (place->longest > 0 && lengths[i] > place->longest))
			continue;
		carry(w, place, text_with(odd, n, lengths[i], false));
		carry(w, place, text_with(odd, n, lengths[i], true));
	}
	if (place->longest > 0)
		expect_refused(w, place, text_with("a", 1, place->longest + 1, false));
}

// Whatever a text holds, it cannot become another part of what is signed.
Test(mint, a_single_odd_text_stands_in_its_place_as_it_is)
{
	static const char *const odd[] = {
		"\"", "\\", "\n", "\x01", "\x1f", "\x7f", "\xc3\xa9", "\",\"admin\":\"1"};
	struct world *w = world_new(SEED, NULL);
	for (size_t i = 0; i < JG_ARRAY_SIZE(places); i++)
		for (size_t j = 0; j < JG_ARRAY_SIZE(odd); j++)
			carry_at_all_lengths(w, &places[i], odd[j]);
	world_free(w);
}

Test(mint, a_single_text_that_is_no_utf8_is_refused_by_its_name)
{
	static const struct jg_str bad[] = {JG_STR_INIT("\xff"), JG_STR_INIT("\xc3"),
		JG_STR_INIT("\xed\xa0\x80"), JG_STR_INIT("\0")};
	struct world *w = world_new(SEED, NULL);
	for (size_t i = 0; i < JG_ARRAY_SIZE(places); i++)
		for (size_t j = 0; j < JG_ARRAY_SIZE(bad); j++)
			for (size_t len = 3; len < 40; len += 13) {
				struct jg_str text =
					text_with(bad[j].p, bad[j].len, len, j % 2 == 0);
				expect_refused(w, &places[i], text);
			}
	world_free(w);
}

// What a load is made of must not depend on who mints it, or in which order.
Test(mint, of_a_salt_all_that_is_random_follows)
{
	static char first[TOKEN_SIZE], second[TOKEN_SIZE];
	static const unsigned formats[][2] = {{JG_VENDOR_OPENTOK, JG_FORMAT_T1},
		{JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256}, {JG_VENDOR_AGORA, JG_FORMAT_AGORA_007}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(formats); i++) {
		struct jg_mint ask = world_ask(formats[i][0], formats[i][1]);
		const bool agora = formats[i][0] == JG_VENDOR_AGORA;
		ask.room = agora ? JG_STR("lobby") : JG_STR(SESSION);
		ask.identity = agora ? JG_STR("17") : (struct jg_str){NULL, 0};
		mint_twice(ask, first, second);
		cr_assert_str_neq(first, second, "format %u", formats[i][1]);
		ask.salt = 5;
		mint_twice(ask, first, second);
		cr_assert_str_eq(first, second, "format %u", formats[i][1]);
	}
}
