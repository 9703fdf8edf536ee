// SPDX-License-Identifier: BSD-3-Clause
// Whole verification. Text that starts with '{' is taken as claims and signed, so that what stands
// behind the MAC is reached; anything else is judged as the token of every vendor.
#include "base64.h"
#include "internal/mac.h"
#include "utf8.h"

#include <joingate/snapshot.h>
#include <joingate/verify.h>

#include <assert.h>

static const struct jg_str keys[] = {[JG_VENDOR_LIVEKIT] = {"APIq7Rk2ZtVw9LmX", 16},
	[JG_VENDOR_STREAM] = {"k8mzq2w7rt5x", 12},
	[JG_VENDOR_OPENTOK] = {"47301122", 8}};
static struct jg_verifier *verifier;
static struct jg_snapshot *snapshot;

static void set_up(void)
{
	struct jg_verifier_options options = {.mac_engine = "ref", .seed = 1};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	struct jg_secret secret = {.id = {"a", 1}, .secret = {"secret", 6}};
	secret.not_before = secret.not_after = JG_TIME_NONE;
	for (uint8_t vendor = JG_VENDOR_LIVEKIT; vendor <= JG_VENDOR_OPENTOK; vendor++) {
		struct jg_app app = {.vendor = vendor,
			.key = keys[vendor],
			.secrets = &secret,
			.secrets_n = 1,
			.policy = jg_policy_default()};
		app.policy.auth_checks = vendor != JG_VENDOR_STREAM;
		int status = jg_snapshot_builder_add(builder, &app, NULL);
		assert(status == 0);
	}
	snapshot = jg_snapshot_build(builder, 1, NULL);
	verifier = jg_verifier_new(&options, NULL);
	assert(snapshot != NULL && verifier != NULL);
}

static struct jg_str sign(const uint8_t *claims, size_t size)
{
	static char token[2 * JG_TOKEN_MAX] = "eyJhbGciOiJIUzI1NiJ9.";
	static struct jg_mac *mac;
	struct jg_mac_key key;
	size_t n = 21 + jg_base64url_encode(claims, size, token + 21);
	struct jg_mac_job job = {
		.message = (const uint8_t *)token, .len = (uint32_t)n, .key = &key};
	if (mac == NULL)
		mac = jg_mac_new("ref", NULL);
	jg_mac_key_init(&key, JG_MAC_SHA256, "secret", 6);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	token[n++] = '.';
	n += jg_base64url_encode(job.digest, sizeof(job.digest), token + n);
	return (struct jg_str){token, (uint32_t)n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (verifier == NULL)
		set_up();
	bool claims = size > 0 && data[0] == '{' && size < JG_TOKEN_MAX;
	struct jg_str token =
		claims ? sign(data, size) : (struct jg_str){(const char *)data, (uint32_t)size};
	struct jg_request requests[JG_VENDOR_COUNT] = {0};
	struct jg_verdict verdicts[JG_VENDOR_COUNT];
	for (uint8_t v = 0; v < JG_VENDOR_COUNT; v++)
		requests[v] = (struct jg_request){.token = token,
			.vendor = v,
			.type = JG_REQUEST_JOIN,
			.app = v == JG_VENDOR_STREAM ? keys[v] : (struct jg_str){0}};
	jg_verify_burst(verifier, snapshot, 1800000000, requests, verdicts, JG_VENDOR_COUNT);
	char text[128];
	for (unsigned v = 0; v < JG_VENDOR_COUNT; v++) {
		assert(verdicts[v].reason == JG_REASON_OK ? verdicts[v].verified
							  : verdicts[v].capabilities == 0);
		assert(jg_utf8_valid(verdicts[v].identity) && jg_utf8_valid(verdicts[v].room));
		assert(jg_utf8_valid(verdicts[v].metadata));
		assert(jg_verdict_detail(&verdicts[v], text, sizeof(text)) < sizeof(text));
	}
	return 0;
}
