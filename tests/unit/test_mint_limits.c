// SPDX-License-Identifier: BSD-3-Clause
// What the minter refuses, with the field that is to blame.
#include "mint_world.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct world *w;
static struct jg_mint ask;

static void init(void)
{
	w = world_new(7, NULL);
}

static void fini(void)
{
	world_free(w);
}

TestSuite(mint_limits, .init = init, .fini = fini);

static void start(unsigned vendor, unsigned format)
{
	bool session = vendor == JG_VENDOR_OPENTOK || vendor == JG_VENDOR_VONAGE;
	ask = world_ask(vendor, format);
	ask.room = session ? JG_STR(SESSION) : JG_STR("room");
	if (!session)
		ask.identity = JG_STR("me");
	if (vendor == JG_VENDOR_STREAM)
		ask.room = (struct jg_str){NULL, 0};
}

// Mint the ask; field NULL: it must work.
static void expect(const char *field, const char *what)
{
	jg_mint_burst(w->minter, w->snapshot, NOW, &ask, w->minted, 1);
	const struct jg_minted *m = &w->minted[0];
	if (field == NULL) {
		cr_assert_null(m->problem, "%s: %s", what, m->problem);
		return;
	}
	cr_assert_not_null(m->problem, "%s: was minted", what);
	cr_assert_eq(m->len, 0);
	cr_assert_not_null(m->field, "%s: %s", what, m->problem);
	cr_assert_str_eq(m->field, field, "%s: %s: %s", what, m->field, m->problem);
}

#define REFUSES(vendor, format, change, field)                  \
	do {                                                    \
		start(JG_VENDOR_##vendor, JG_FORMAT_##format);  \
		expect(NULL, "unchanged " #vendor);             \
		change;                                         \
		expect(field, #vendor " " #format " " #change); \
	} while (0)

#define BAD_UTF8 JG_STR("a\xff")

Test(mint_limits, apps_keys_and_formats_are_looked_up)
{
	REFUSES(LIVEKIT, NONE, ask.app = JG_STR("APIx"), "app");
	REFUSES(LIVEKIT, NONE, ask.vendor = JG_VENDOR_STREAM, "app");
	REFUSES(LIVEKIT, NONE, ask.vendor = 99, "app");
	REFUSES(LIVEKIT, NONE, ask.key = JG_STR("c"), "key");
	REFUSES(LIVEKIT, NONE, ask.key = JG_STR("b"), "key"); // verify-only
	REFUSES(LIVEKIT, NONE, ask.format = JG_FORMAT_T1, "format");
	REFUSES(STREAM, NONE, ask.format = JG_FORMAT_JWT_RS256, "format");
	REFUSES(VONAGE, NONE, ask.format = JG_FORMAT_JWT_HS256, "format");
	REFUSES(AGORA, NONE, ask.format = 99, "format");
}

Test(mint_limits, livekit_fields_have_limits)
{
	REFUSES(LIVEKIT, NONE, ask.identity = world_text(w, 257, true), "identity");
	REFUSES(LIVEKIT, NONE, ask.identity = JG_STR(""), "identity");
	REFUSES(LIVEKIT, NONE, ask.identity = BAD_UTF8, "identity");
	REFUSES(LIVEKIT, NONE, ask.identity = JG_STR("a\0b"), "identity");
	REFUSES(LIVEKIT, NONE, ask.room = world_text(w, 257, true), "room");
	REFUSES(LIVEKIT, NONE, ask.room = JG_STR(""), "room");
	REFUSES(LIVEKIT, NONE, ask.name = BAD_UTF8, "name");
	REFUSES(LIVEKIT, NONE, ask.name = world_text(w, 20481, true), "name");
	REFUSES(LIVEKIT, NONE, ask.metadata = world_text(w, 20481, true), "metadata");
	REFUSES(LIVEKIT, NONE, ask.metadata = BAD_UTF8, "metadata");
	REFUSES(LIVEKIT, NONE, ask.kind = JG_STR("toaster"), "kind");
	REFUSES(LIVEKIT, NONE, ask.kind = JG_STR("AGENT"), "kind");
	REFUSES(LIVEKIT, NONE, ask.role = JG_STR("host"), "role");
	REFUSES(LIVEKIT, NONE, ask.layout_classes = JG_STR("a"), "layout_classes");
	REFUSES(LIVEKIT, NONE, ask.expires_at = JG_TIME_NONE, "expires_at");
	REFUSES(LIVEKIT, NONE, ask.expires_at = -1, "expires_at");
	REFUSES(LIVEKIT, NONE, ask.expires_at = INT64_MAX, "expires_at");
	REFUSES(LIVEKIT, NONE, ask.issued_at = -5, "issued_at");
	REFUSES(LIVEKIT, NONE, ask.not_before = INT64_MAX, "not_before");
}

Test(mint_limits, livekit_capabilities_must_have_a_grant)
{
	uint64_t join = JG_CAPABILITY(JOIN);
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | JG_CAPABILITY(SIGNAL), "capabilities");
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | JG_CAPABILITY(SERVER), "capabilities");
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | JG_CAPABILITY(RTM_LOGIN), "capabilities");
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | UINT64_C(1) << 60, "capabilities");
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | JG_CAPABILITY(ROOM_ADMIN), "capabilities");
	REFUSES(LIVEKIT, NONE, ask.capabilities = join | JG_CAPABILITY(FORCE_MUTE), "capabilities");
}

Test(mint_limits, json_that_is_handed_on_is_strict)
{
	REFUSES(LIVEKIT, NONE, ask.attributes = JG_STR("{\"a\":1}"), "attributes");
	REFUSES(LIVEKIT, NONE, ask.attributes = JG_STR("{\"a\":null}"), "attributes");
	REFUSES(LIVEKIT, NONE, ask.attributes = JG_STR("{\"a\":\"b\"},\"x\":{"), "attributes");
	REFUSES(LIVEKIT, NONE, ask.attributes = JG_STR("[]"), "attributes");
	REFUSES(LIVEKIT, NONE, ask.attributes = JG_STR("{\"a\":\"b\",\"a\":\"c\"}"), "attributes");
	REFUSES(LIVEKIT, NONE, ask.claims = JG_STR(""), "claims");
	REFUSES(LIVEKIT, NONE, ask.claims = JG_STR("\"x\""), "claims");
	REFUSES(LIVEKIT, NONE, ask.claims = JG_STR("[1]"), "claims");
	REFUSES(LIVEKIT, NONE, ask.claims = JG_STR("{\"a\":1} x"), "claims");
	REFUSES(LIVEKIT, NONE, ask.claims = JG_STR("{\"a\":1,\"\\u0061\":2}"), "claims");
	REFUSES(STREAM, NONE, ask.claims = JG_STR("{\"a\":01}"), "claims");
}

Test(mint_limits, stream_types_have_their_own_fields)
{
	REFUSES(STREAM, NONE, ask.identity = JG_STR(""), "identity");
	REFUSES(STREAM, NONE, ask.identity = BAD_UTF8, "identity");
	REFUSES(STREAM, NONE, ask.room = JG_STR("default:a"), "room");
	REFUSES(STREAM, NONE, ask.role = JG_STR("host"), "role");
	REFUSES(STREAM, NONE, ask.type = JG_TOKEN_CALL, "room");
	REFUSES(STREAM, NONE, ask.type = JG_TOKEN_SERVER, "identity");
	REFUSES(STREAM, NONE, ask.type = JG_TOKEN_DEVELOPMENT, "expires_at");
	REFUSES(STREAM, NONE, ask.metadata = JG_STR("m"), "metadata");
	REFUSES(STREAM, NONE, ask.name = JG_STR("n"), "name");
	REFUSES(STREAM, NONE, ask.kind = JG_STR("agent"), "kind");
}

#define SESSION_REFUSES(vendor, format)                                                          \
	do {                                                                                     \
		REFUSES(vendor, format, ask.room = JG_STR(""), "room");                          \
		REFUSES(vendor, format, ask.room = world_text(w, 256, true), "room");            \
		REFUSES(vendor, format, ask.role = JG_STR("Publisher"), "role");                 \
		REFUSES(vendor, format, ask.capabilities = JG_CAPABILITY(JOIN), "capabilities"); \
		REFUSES(vendor, format, ask.metadata = world_text(w, 1001, true), "metadata");   \
		REFUSES(vendor, format, ask.metadata = BAD_UTF8, "metadata");                    \
		REFUSES(vendor, format, ask.layout_classes = JG_STR("a  b"), "layout_classes");  \
		REFUSES(vendor, format, ask.layout_classes = JG_STR(" a"), "layout_classes");    \
		REFUSES(vendor, format, ask.identity = JG_STR("me"), "identity");                \
		REFUSES(vendor, format, ask.name = JG_STR("me"), "name");                        \
		REFUSES(vendor, format, ask.expires_at = JG_TIME_NONE, "expires_at");            \
		REFUSES(vendor, format, ask.expires_at = NOW + 30 * 86400 + 1, "expires_at");    \
		REFUSES(vendor, format, ask.expires_at = NOW - 1, "expires_at");                 \
	} while (0)

Test(mint_limits, session_tokens_have_limits)
{
	SESSION_REFUSES(OPENTOK, JWT_HS256);
	SESSION_REFUSES(OPENTOK, T1);
	SESSION_REFUSES(VONAGE, NONE);
	REFUSES(OPENTOK, T1, ask.room = JG_STR("1_MX40ODAwMDAwMH4x"), "room"); // another key's
	REFUSES(OPENTOK, T1, ask.claims = JG_STR("{}"), "claims");
	REFUSES(OPENTOK, T1, ask.not_before = NOW, "not_before");
	start(JG_VENDOR_VONAGE, JG_FORMAT_NONE);
	ask.key = JG_STR("b");
	expect("key", "a public key cannot sign");
}

#define AGORA_REFUSES(format)                                                                     \
	do {                                                                                      \
		REFUSES(AGORA, format, ask.room = world_text(w, 65, true), "room");               \
		REFUSES(AGORA, format, ask.room = JG_STR("a/b"), "room");                         \
		REFUSES(AGORA, format, ask.room = JG_STR("\xc3\xa9"), "room");                    \
		REFUSES(AGORA, format, ask.identity = world_text(w, 256, true), "identity");      \
		REFUSES(AGORA, format, ask.identity = BAD_UTF8, "identity");                      \
		REFUSES(AGORA, format, ask.role = JG_STR("moderator"), "role");                   \
		REFUSES(AGORA, format, ask.metadata = JG_STR("m"), "metadata");                   \
		REFUSES(AGORA, format, ask.claims = JG_STR("{}"), "claims");                      \
		REFUSES(AGORA, format, ask.capabilities = JG_CAPABILITY(JOIN), "capabilities");   \
		REFUSES(AGORA, format, ask.capabilities = JG_CAPABILITY(SIGNAL), "capabilities"); \
		REFUSES(AGORA, format, ask.capabilities = JG_CAPABILITY(HIDDEN), "capabilities"); \
	} while (0)

Test(mint_limits, agora_tokens_have_limits)
{
	AGORA_REFUSES(AGORA_007);
	AGORA_REFUSES(AGORA_006);
	REFUSES(AGORA, AGORA_007, ask.expires_at = NOW + 86401, "expires_at");
	REFUSES(AGORA, AGORA_007, ask.expires_at = NOW, "expires_at");
	REFUSES(AGORA, AGORA_007, ask.expires_at = JG_TIME_NONE, "expires_at");
	REFUSES(AGORA, AGORA_007, ask.issued_at = INT64_C(1) << 32, "issued_at");
	REFUSES(AGORA, AGORA_006, ask.expires_at = INT64_C(1) << 32, "expires_at");
	REFUSES(AGORA, AGORA_006, ask.capabilities = JG_CAPABILITY(STT), "capabilities");
	REFUSES(AGORA, AGORA_007, ask.service = JG_SERVICE_RTM;
		ask.identity = JG_STR(""), "identity");
}

Test(mint_limits, services_are_checked_one_by_one)
{
	static const struct {
		struct jg_mint_service service;
		const char *field;
	} rows[] = {{{.type = 1, .room = JG_STR_INIT("r"), .identity = JG_STR_INIT("u")}, NULL},
		{{.type = 0}, "services"}, {{.type = 11}, "services"},
		{{.type = 1, .capabilities = JG_CAPABILITY(RTM_LOGIN)}, "services"},
		{{.type = 1, .capabilities = JG_CAPABILITY(JOIN)}, "capabilities"},
		{{.type = 1, .room = JG_STR_INIT("\xc3\xa9")}, "room"},
		{{.type = 2, .room = JG_STR_INIT("r")}, "services"},
		{{.type = 2, .identity = JG_STR_INIT("\xff")}, "services"},
		{{.type = 4, .identity = JG_STR_INIT("u")}, "services"},
		{{.type = 2, .rtm_permissions = JG_STR_INIT("\0\0")}, "rtm_permissions"},
		{{.type = 8, .rtm_permissions = JG_STR_INIT("\0\0")}, NULL},
		{{.type = 8, .rtm_permissions = JG_STR_INIT("\1\0")}, "rtm_permissions"}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		char what[32];
		(void)snprintf(what, sizeof(what), "service of row %zu", i);
		start(JG_VENDOR_AGORA, JG_FORMAT_AGORA_007);
		ask.room = ask.identity = (struct jg_str){NULL, 0};
		ask.services = &rows[i].service;
		ask.services_n = 1;
		expect(rows[i].field, what);
	}
}

Test(mint_limits, services_stand_alone_and_only_in_agora_007)
{
	static const struct jg_mint_service services[65] = {{.type = 9}};
	REFUSES(AGORA, AGORA_007, ask.services = services; ask.services_n = 1, "room");
	REFUSES(AGORA, AGORA_007, ask.services = services; ask.services_n = 1;
		ask.capabilities = JG_CAPABILITY(STT), "capabilities");
	REFUSES(AGORA, AGORA_007, ask.services = services; ask.services_n = 65, "services");
	REFUSES(AGORA, AGORA_006, ask.services = services; ask.services_n = 1, "services");
	REFUSES(LIVEKIT, NONE, ask.services = services; ask.services_n = 1, "services");
}

Test(mint_limits, ends_of_capabilities_must_fit_their_privilege)
{
	uint64_t pair = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE);
	struct jg_capability_expiry ends[] = {{pair, NOW + 5}, {0, NOW + 9}};
	start(JG_VENDOR_AGORA, JG_FORMAT_AGORA_007);
	ask.capabilities = pair;
	ask.capability_expires = ends;
	ask.capability_expires_n = 2;
	expect(NULL, "both together");
	ends[0].capabilities = JG_CAPABILITY(JOIN);
	expect("capability_expires", "one of the two");
	ends[1].capabilities = JG_CAPABILITY(SUBSCRIBE);
	expect("capability_expires", "each with its own");
	ends[0] = (struct jg_capability_expiry){pair, NOW};
	expect("capability_expires", "ends when it begins");
	ends[0].expires_at = NOW + (INT64_C(1) << 32);
	expect("capability_expires", "too far away");
}

Test(mint_limits, a_buffer_that_is_too_small_is_never_overrun)
{
	static const uint8_t formats[][2] = {{JG_VENDOR_LIVEKIT, JG_FORMAT_NONE},
		{JG_VENDOR_STREAM, JG_FORMAT_NONE}, {JG_VENDOR_OPENTOK, JG_FORMAT_T1},
		{JG_VENDOR_AGORA, JG_FORMAT_AGORA_007}, {JG_VENDOR_AGORA, JG_FORMAT_AGORA_006}};
	for (size_t i = 0; i < JG_ARRAY_SIZE(formats); i++) {
		start(formats[i][0], formats[i][1]);
		ask.salt = 7;
		w->minted[0].size = TOKEN_SIZE;
		expect(NULL, "enough room");
		uint32_t enough = w->minted[0].len;
		// T1's nonce and deflate's blocks vary a little.
		for (uint32_t size = 0; size + 4 < enough; size++) {
			w->minted[0].size = size;
			memset(w->token[0], 0x55, TOKEN_SIZE);
			jg_mint_burst(w->minter, w->snapshot, NOW, &ask, w->minted, 1);
			cr_assert_not_null(w->minted[0].problem, "row %zu, %u bytes", i, size);
			cr_assert_eq(w->minted[0].len, 0);
			cr_assert_eq(w->token[0][size], 0x55);
		}
	}
}

Test(mint_limits, own_claims_stand_in_place_of_generated_ones)
{
	start(JG_VENDOR_LIVEKIT, JG_FORMAT_NONE);
	ask.claims = JG_STR(" { \"s\\u0075b\" : \"other\", \"jti\":\"x\" } ");
	w->asks[0] = ask;
	world_round_trip(w, 1);
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_OK);
	cr_assert(jg_str_eq(w->verdicts[0].identity, JG_STR("other")));
	ask.claims = JG_STR("{\n}");
	expect(NULL, "no claims in it");
}

#define BREAKS_OUT JG_STR_INIT("a\",\"scope\":\"b")

// Not asked for, but configured: the app's key, and a role of its policy. One of them at a time.
Test(mint_limits, what_an_app_is_configured_with_cannot_break_out_of_its_string)
{
	static const struct jg_role roles[] = {{BREAKS_OUT, JG_CAPABILITY(JOIN)}};
	static const struct {
		uint8_t vendor, format;
		struct jg_str key, role; // NULL: the usual one
	} rows[] = {{JG_VENDOR_LIVEKIT, JG_FORMAT_JWT_HS256, .key = BREAKS_OUT},
		{JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256, .key = BREAKS_OUT},
		{JG_VENDOR_VONAGE, JG_FORMAT_JWT_RS256, .role = BREAKS_OUT},
		{JG_VENDOR_OPENTOK, JG_FORMAT_JWT_HS256, .role = BREAKS_OUT},
		{JG_VENDOR_OPENTOK, JG_FORMAT_T1, .role = BREAKS_OUT}};
	struct jg_policy policy = jg_policy_default();
	policy.roles = roles;
	policy.roles_n = JG_ARRAY_SIZE(roles);
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		start(rows[i].vendor, rows[i].format);
		if (rows[i].key.p != NULL)
			ask.app = rows[i].key;
		ask.role = rows[i].role;
		world_rename(w, rows[i].vendor, ask.app, &policy);
		w->asks[0] = ask;
		world_round_trip(w, 1);
		const struct jg_verdict *v = &w->verdicts[0];
		cr_assert_eq(v->reason, JG_REASON_OK, "row %zu: %s", i, jg_reason_name(v->reason));
		cr_assert(jg_str_eq(v->app, ask.app), "row %zu", i);
		cr_assert(ask.role.p == NULL || jg_str_eq(v->role, ask.role), "row %zu", i);
	}
}
