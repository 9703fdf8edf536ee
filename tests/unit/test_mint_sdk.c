// SPDX-License-Identifier: BSD-3-Clause
// Tokens of the vendors' own SDKs, minted again from what they say: the same bytes must come out.
#include "agora.h"
#include "deflate.h"
#include "format_agora.h"
#include "internal/base.h"
#include "vectors.h"

#include <joingate/mint.h>

#include <criterion/criterion.h>

#define NOW INT64_C(1800000000)

static struct jg_minter *minter;
static struct jg_verifier *verifier;
static struct jg_agora_tools tools = {.decode = jg_base64_decode};
static char token[JG_TOKEN_MAX];
static struct jg_minted minted;

static void init(void)
{
	struct jg_error err = {""};
	struct jg_verifier_options options = {.mac_engine = "ref", .seed = 1};
	minter = jg_minter_new(&options, &err);
	verifier = jg_verifier_new(&options, &err);
	tools.inflater = jg_inflater_new();
	cr_assert(minter != NULL && verifier != NULL && tools.inflater != NULL, "%s", err.text);
	minted = (struct jg_minted){.token = token, .size = sizeof(token)};
}

static void fini(void)
{
	jg_inflater_free(tools.inflater);
	jg_verifier_free(verifier);
	jg_minter_free(minter);
}

TestSuite(mint_sdk, .init = init, .fini = fini);

// What the verdict says, asked for again.
static struct jg_mint ask_of(const struct vector *v, struct jg_verdict *verdict)
{
	jg_verify_burst(verifier, v->snapshot, v->now, &v->request, verdict, 1);
	cr_assert_eq(verdict->reason, JG_REASON_OK, "%s", v->name);
	return (struct jg_mint){.vendor = verdict->vendor,
		.format = verdict->format,
		.app = verdict->app,
		.identity = verdict->identity,
		.room = verdict->room,
		.name = verdict->name,
		.metadata = verdict->metadata,
		.capabilities = verdict->capabilities,
		.capability_expires = verdict->capability_expires,
		.capability_expires_n = verdict->capability_expires_n,
		.issued_at = verdict->issued_at,
		.not_before = JG_TIME_NONE,
		.expires_at = verdict->expires_at,
		.service = v->request.service};
}

// Agora says channel and user in the token, patterns and "anybody" included.
static void say_as_written(struct jg_mint *ask, struct jg_str text, uint8_t *scratch)
{
	struct jg_agora agora;
	struct jg_agora_service service;
	if (ask->format == JG_FORMAT_AGORA_006) {
		cr_assert_eq(jg_agora_parse_006(text, &tools, scratch, &agora), JG_REASON_OK);
		ask->salt = agora.salt;
		if (agora.crc_uid == 0 && ask->service == JG_SERVICE_RTC)
			ask->identity = (struct jg_str){NULL, 0};
		return;
	}
	cr_assert_eq(jg_agora_parse_007(text, &tools, scratch, &agora), JG_REASON_OK);
	ask->salt = agora.salt;
	cr_assert(jg_agora_service_next(&agora.services, &agora.services_n, &service));
	ask->room = service.channel;
	ask->identity = service.account;
}

static bool same_content(struct jg_str a, struct jg_str b)
{
	static uint8_t scratch[2][JG_AGORA_SCRATCH(JG_TOKEN_MAX)];
	struct jg_agora x, y;
	if (jg_agora_parse_007(a, &tools, scratch[0], &x) != JG_REASON_OK ||
		jg_agora_parse_007(b, &tools, scratch[1], &y) != JG_REASON_OK)
		return false;
	return jg_str_eq(x.signature, y.signature) && jg_str_eq(x.message, y.message);
}

static void mint_again(json_t *line, bool *same)
{
	static uint8_t scratch[JG_AGORA_SCRATCH(JG_TOKEN_MAX)];
	struct vector v = vector_of(line);
	struct jg_verdict verdict;
	struct jg_mint ask = ask_of(&v, &verdict);
	if (ask.vendor == JG_VENDOR_AGORA)
		say_as_written(&ask, v.request.token, scratch);
	if (ask.vendor == JG_VENDOR_LIVEKIT) { // its SDK writes nbf and no iat
		ask.not_before = ask.issued_at;
		ask.issued_at = JG_TIME_NONE;
	}
	jg_mint_burst(minter, v.snapshot, NOW, &ask, &minted, 1);
	cr_assert_null(minted.problem, "%s: %s: %s", v.name,
		minted.field != NULL ? minted.field : "", minted.problem);
	struct jg_str made = {token, minted.len};
	*same = ask.format == JG_FORMAT_AGORA_007 ? same_content(made, v.request.token)
						  : jg_str_eq(made, v.request.token);
	vector_fini(&v);
}

static void check(const char *file, const char *const *names, size_t n)
{
	json_t *lines = vectors_load(file), *line;
	size_t i, found = 0;
	json_array_foreach(lines, i, line)
	{
		const char *name =
			strchr(json_string_value(json_object_get(line, "name")), '/') + 1;
		for (size_t j = 0; j < n; j++) {
			bool same = false;
			if (strcmp(name, names[j]) != 0)
				continue;
			mint_again(line, &same);
			cr_assert(same, "%s/%s: made %.*s", file, name, (int)minted.len, token);
			found++;
		}
	}
	cr_assert_eq(found, n);
	json_decref(lines);
}

Test(mint_sdk, agora_builders_tokens_are_made_again)
{
	static const char *const names[] = {"rtc-publisher-uid", "rtc-subscriber-uid",
		"rtc-publisher-privilege-zero", "rtc-subscriber-privilege-zero",
		"rtc-uid-zero-any-user", "rtc-uid-one", "rtc-uid-max", "rtc-string-account",
		"rtc-string-account-255", "rtc-channel-every-legal-symbol", "rtc-channel-64-bytes",
		"wildcard-channel-star", "wildcard-channel-empty", "wildcard-uid-star",
		"wildcard-pattern-match", "privileges-four-times",
		"privileges-max-uint32-do-not-wrap", "privileges-audio-only",
		"privileges-video-only", "privileges-data-only", "expire-24h", "salt-1",
		"salt-99999999", "salt-max-uint32", "rtc-and-rtm-for-rtc", "convo-ai", "stt"};
	check("agora", names, JG_ARRAY_SIZE(names));
}

Test(mint_sdk, agora_rtm_tokens_are_made_again)
{
	static const char *const names[] = {"rtm-24h", "rtm-10min", "rtm-64-byte-user"};
	check("agora", names, JG_ARRAY_SIZE(names));
}

// The services of a token one by one, as somebody orders them who does not want one user for all.
static void services_of(struct jg_agora agora, struct jg_mint *ask,
	struct jg_mint_service services[16], struct jg_capability_expiry ends[64])
{
	struct jg_agora_service service;
	struct jg_agora_privilege privilege;
	ask->services = services;
	ask->capability_expires = ends;
	ask->salt = agora.salt;
	ask->issued_at = agora.issued_at;
	ask->expires_at = (int64_t)agora.issued_at + agora.expire;
	while (jg_agora_service_next(&agora.services, &agora.services_n, &service)) {
		struct jg_mint_service *to = &services[ask->services_n++];
		*to = (struct jg_mint_service){.type = (uint8_t)service.type,
			.room = service.channel,
			.identity = service.account,
			.rtm_permissions = service.permissions};
		while (jg_agora_privilege_next(&service.privileges, &privilege)) {
			uint64_t meaning = jg_agora_meaning(service.type, privilege.key);
			to->capabilities |= meaning;
			if (privilege.value != 0)
				ends[ask->capability_expires_n++] = (struct jg_capability_expiry){
					meaning, ask->issued_at + privilege.value};
		}
	}
}

static bool made_of_services(json_t *line)
{
	static uint8_t scratch[JG_AGORA_SCRATCH(JG_TOKEN_MAX)];
	static const int16_t roles[] = {-1, 1, 2, 3}; // of aPaaS; the parser reads over them
	struct vector v = vector_of(line);
	struct jg_capability_expiry ends[64];
	struct jg_mint_service services[16];
	struct jg_mint ask = {.vendor = JG_VENDOR_AGORA, .not_before = JG_TIME_NONE};
	struct jg_agora agora;
	bool same = false;
	cr_assert_eq(jg_agora_parse_007(v.request.token, &tools, scratch, &agora), JG_REASON_OK);
	ask.app = agora.app_id;
	services_of(agora, &ask, services, ends);
	for (size_t i = 0; i < JG_ARRAY_SIZE(roles) && !same; i++) {
		for (uint32_t k = 0; k < ask.services_n; k++)
			services[k].apaas_role = roles[i];
		jg_mint_burst(minter, v.snapshot, NOW, &ask, &minted, 1);
		cr_assert_null(minted.problem, "%s: %s: %s", v.name,
			minted.field != NULL ? minted.field : "", minted.problem);
		same = same_content((struct jg_str){token, minted.len}, v.request.token);
	}
	vector_fini(&v);
	return same;
}

Test(mint_sdk, agora_tokens_of_any_services_are_made_again)
{
	static const char *const names[] = {"rtc-publisher-uid", "rtm-24h", "rtm2-permissions",
		"rtm2-large-payload", "rtc-and-rtm-for-rtc", "rtc-and-rtm2-separate-ids",
		"convo-ai", "stt", "chat-user-token-cannot-join", "fpa-token-cannot-join",
		"education-room-user-cannot-join-rtc", "all-ten-services",
		"two-rtc-services-first"};
	json_t *lines = vectors_load("agora"), *line;
	size_t i, found = 0;
	json_array_foreach(lines, i, line)
	{
		const char *name = json_string_value(json_object_get(line, "name"));
		for (size_t j = 0; j < JG_ARRAY_SIZE(names); j++)
			if (strcmp(strchr(name, '/') + 1, names[j]) == 0) {
				cr_assert(made_of_services(line), "%s", name);
				found++;
			}
	}
	cr_assert_eq(found, JG_ARRAY_SIZE(names));
	json_decref(lines);
}

Test(mint_sdk, agora_006_tokens_are_made_again_byte_for_byte)
{
	static const char *const names[] = {"006-publisher", "006-subscriber",
		"006-privilege-zero-lasts-as-token", "006-string-account", "006-uid-zero-any-user",
		"006-rtm-login"};
	check("agora", names, JG_ARRAY_SIZE(names));
}

Test(mint_sdk, stream_tokens_are_made_again_byte_for_byte)
{
	static const char *const names[] = {"user-token", "user-token-exp", "user-token-exp-iat",
		"user-token-iat-only", "user-id-mail", "user-id-long-255"};
	check("stream", names, JG_ARRAY_SIZE(names));
}

Test(mint_sdk, livekit_tokens_are_made_again_byte_for_byte)
{
	static const char *const names[] = {"join-minimal", "secret-64-bytes", "secret-65-bytes",
		"secret-non-ascii", "identity-with-punctuation", "identity-256-bytes", "ttl-10m"};
	check("livekit", names, JG_ARRAY_SIZE(names));
}
