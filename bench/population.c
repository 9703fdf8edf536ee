// SPDX-License-Identifier: BSD-3-Clause
// Tokens to measure with, minted as the product mints them.
#include "population.h"

#include "apps.h"

#include <stdio.h>
#include <stdlib.h>

#define SESSION "1_MX40NzMwMTEyMn4xMjcuMC4wLjF-VGh1IEphbiAxNCAyMDI3IDA4OjAxOjAwfjAuNDgyOTEzMX4"
// Token bytes that are not metadata, at most, and what stands behind each token.
#define TOKEN_REST 1200u
#define TOKEN_GAP 8u
// Strings of one token.
#define TEXT_SLOT 384u

static char metadata[JG_TOKEN_MAX];

static bool spoilt(const struct bench_plan *plan, unsigned i)
{
	return plan->bad_reason != JG_REASON_OK && i % 5 < plan->bad_percent / 20u;
}

// What a LiveKit SDK writes: the grants spelt out, and a member that tells shapes apart.
static struct jg_str livekit_claims(const struct bench_plan *plan, unsigned i, char *text)
{
	int n = snprintf(text, 200,
		"{\"video\":{\"roomJoin\":true,\"room\":\"daily-standup-%u\",\"canPublish\":true,"
		"\"canSubscribe\":true,\"canPublishData\":true}",
		i % 97);
	if (plan->shapes != 1)
		n += snprintf(text + n, 200 - (size_t)n, ",\"x%05u\":1",
			plan->shapes == 0 ? i : i % plan->shapes);
	text[n] = '}';
	return (struct jg_str){text, (uint32_t)n + 1};
}

static char *ask_livekit(const struct bench_plan *plan, unsigned i, struct jg_mint *ask, char *text)
{
	ask->room = (struct jg_str){text, (uint32_t)snprintf(text, 24, "daily-standup-%u", i % 97)};
	text += 24;
	ask->not_before = BENCH_NOW;
	ask->issued_at = JG_TIME_NONE;
	if (plan->token_bytes != 0 && plan->token_bytes < 300)
		return text;
	ask->name = (struct jg_str){text, (uint32_t)snprintf(text, 40, "Participant number %u", i)};
	text += 40;
	ask->claims = livekit_claims(plan, i, text);
	text += 200;
	if (plan->token_bytes > 450)
		ask->metadata =
			(struct jg_str){metadata + i % 61, (plan->token_bytes - 366) / 4 * 3};
	return text;
}

static char *ask_agora(unsigned i, struct jg_mint *ask, char *text)
{
	ask->room = (struct jg_str){text, (uint32_t)snprintf(text, 24, "room-%u", i % 97)};
	ask->salt = i + 1;
	ask->expires_at = BENCH_NOW + 86400;
	return text + 24;
}

static void ask_for(const struct bench_plan *plan, unsigned i, struct jg_mint *ask, char *text)
{
	unsigned app = i % plan->apps;
	*ask = (struct jg_mint){.vendor = plan->vendor,
		.format = plan->format,
		.app = {text, bench_app_key(plan->vendor, app, text)},
		.issued_at = BENCH_NOW,
		.not_before = JG_TIME_NONE,
		.expires_at = BENCH_NOW + 21600};
	text += 40;
	if (plan->vendor == JG_VENDOR_OPENTOK || plan->vendor == JG_VENDOR_VONAGE) {
		ask->room = JG_STR(SESSION);
		ask->metadata =
			(struct jg_str){text, (uint32_t)snprintf(text, 24, "name=person-%08u", i)};
	} else {
		ask->identity = bench_user(i, text);
	}
	text += 24;
	if (plan->vendor == JG_VENDOR_LIVEKIT)
		text = ask_livekit(plan, i, ask, text);
	else if (plan->vendor == JG_VENDOR_AGORA)
		text = ask_agora(i, ask, text);
	if (spoilt(plan, i))
		(void)bench_spoil_ask(plan, i, ask, text);
}

static bool allocate(struct bench_population *p)
{
	const struct bench_plan *plan = &p->plan;
	size_t n = plan->tokens;
	p->tokens_size = n * (plan->token_bytes + TOKEN_REST) + JG_TOKEN_MAX + TOKEN_GAP;
	p->tokens = bench_map(p->tokens_size);
	p->text = bench_map(n * TEXT_SLOT);
	p->keys = aligned_alloc(JG_CACHE_LINE, plan->apps * sizeof(*p->keys));
	p->asks = calloc(n, sizeof(*p->asks));
	p->requests = calloc(n, sizeof(*p->requests));
	p->messages = calloc(n, sizeof(*p->messages));
	p->expected = calloc(n, 1);
	return p->tokens != NULL && p->text != NULL && p->keys != NULL && p->asks != NULL &&
		p->requests != NULL && p->messages != NULL && p->expected != NULL;
}

static bool build_apps(struct bench_population *p)
{
	const struct bench_plan *plan = &p->plan;
	struct bench_rsa *rsa = calloc(1, sizeof(*rsa));
	bool ok = rsa != NULL && (plan->vendor != JG_VENDOR_VONAGE || bench_rsa_make(rsa));
	if (ok && (plan->cut_offs != 0 || plan->bad_reason == JG_REASON_REVOKED)) {
		p->cut_offs = bench_apps_cut_offs(plan);
		ok = p->cut_offs != NULL;
	}
	unsigned more = plan->bad_reason != JG_REASON_OK ? BENCH_APPS_MORE : 0;
	if (ok)
		p->snapshot = bench_apps_build(plan, plan->apps + more, p->cut_offs, rsa);
	if (ok && more != 0)
		p->mint_snapshot = bench_apps_build(plan, plan->apps + more + 1, NULL, rsa);
	free(rsa);
	p->alg = plan->format == JG_FORMAT_T1 ? JG_MAC_SHA1 : JG_MAC_SHA256;
	char secret[33];
	for (unsigned i = 0; i < plan->apps; i++) {
		bench_secret(i, 0, secret);
		jg_mac_key_init(&p->keys[i], p->alg, secret, 32);
	}
	return p->snapshot != NULL && (more == 0 || p->mint_snapshot != NULL);
}

// What stands beside the minted token, and which bytes of it are signed.
static void finish(struct bench_population *p, unsigned i, char *token, uint32_t len)
{
	const struct jg_mint *ask = &p->asks[i];
	struct jg_request *request = &p->requests[i];
	*request = (struct jg_request){
		.token = {token, len}, .vendor = ask->vendor, .type = JG_REQUEST_JOIN};
	if (ask->vendor != JG_VENDOR_LIVEKIT) {
		request->app = ask->app;
		request->room = ask->room;
		request->identity = ask->identity;
	}
	if (spoilt(&p->plan, i)) {
		bench_spoil_token(&p->plan, request, token, p->text + i * TEXT_SLOT + 120);
		p->expected[i] = p->plan.bad_reason;
	}
	p->messages[i] = (struct bench_message){
		.p = (const uint8_t *)token, .key = &p->keys[i % p->plan.apps]};
	if (p->plan.vendor != JG_VENDOR_AGORA && p->plan.vendor != JG_VENDOR_VONAGE &&
		p->plan.format != JG_FORMAT_T1)
		p->messages[i].len = len - 44;
	p->token_bytes += request->token.len;
}

static bool mint_burst(
	struct bench_population *p, struct jg_minter *minter, unsigned from, unsigned n, char **at)
{
	static struct jg_minted minted[JG_BURST_MAX];
	const uint32_t room = p->plan.token_bytes + TOKEN_REST - TOKEN_GAP;
	char *place = *at;
	for (unsigned i = 0; i < n; i++)
		minted[i] = (struct jg_minted){.token = place + i * (size_t)room, .size = room};
	jg_mint_burst(minter, p->mint_snapshot != NULL ? p->mint_snapshot : p->snapshot, BENCH_NOW,
		p->asks + from, minted, n);
	for (unsigned i = 0; i < n; i++) {
		if (minted[i].problem != NULL) {
			(void)fprintf(stderr, "bench: token %u of %s: %s: %s\n", from + i,
				jg_vendor_name(p->plan.vendor),
				minted[i].field != NULL ? minted[i].field : "", minted[i].problem);
			return false;
		}
		// Packed, with no more between them than spoiling may need.
		memmove(place, minted[i].token, minted[i].len);
		finish(p, from + i, place, minted[i].len);
		place += minted[i].len + TOKEN_GAP;
	}
	*at = place;
	return true;
}

static bool mint_all(struct bench_population *p)
{
	struct jg_error err = {""};
	struct jg_verifier_options options = {.seed = 1};
	struct jg_minter *minter = jg_minter_new(&options, &err);
	if (minter == NULL) {
		(void)fprintf(stderr, "bench: %s\n", err.text);
		return false;
	}
	char *at = p->tokens;
	bool ok = true;
	for (unsigned i = 0; i < p->plan.tokens; i++)
		ask_for(&p->plan, i, &p->asks[i], p->text + i * (size_t)TEXT_SLOT);
	for (unsigned i = 0; i < p->plan.tokens && ok; i += 32) {
		unsigned left = p->plan.tokens - i;
		ok = mint_burst(p, minter, i, left < 32 ? left : 32, &at);
	}
	jg_minter_free(minter);
	return ok;
}

#define SWAP(type, a, b)         \
	do {                     \
		type swap = (a); \
		(a) = (b);       \
		(b) = swap;      \
	} while (0)

// An order that the memory cannot guess.
static void shuffle(struct bench_population *p)
{
	uint64_t random = 1;
	for (unsigned i = p->plan.tokens - 1; i > 0; i--) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		unsigned j = (unsigned)((random >> 33) % (i + 1));
		SWAP(struct jg_mint, p->asks[i], p->asks[j]);
		SWAP(struct jg_request, p->requests[i], p->requests[j]);
		SWAP(struct bench_message, p->messages[i], p->messages[j]);
		SWAP(uint8_t, p->expected[i], p->expected[j]);
	}
}

struct bench_population *bench_population_new(const struct bench_plan *plan)
{
	struct bench_population *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	memset(metadata, 'm', sizeof(metadata));
	p->plan = *plan;
	if (!allocate(p) || !build_apps(p) || !mint_all(p)) {
		bench_population_free(p);
		return NULL;
	}
	if (plan->tokens > JG_BURST_MAX)
		shuffle(p);
	return p;
}

void bench_population_free(struct bench_population *p)
{
	if (p == NULL)
		return;
	jg_snapshot_free(p->snapshot);
	jg_snapshot_free(p->mint_snapshot);
	jg_cut_offs_free(p->cut_offs);
	bench_unmap(p->tokens, p->tokens_size);
	bench_unmap(p->text, p->plan.tokens * (size_t)TEXT_SLOT);
	free(p->keys);
	free(p->asks);
	free(p->requests);
	free(p->messages);
	free(p->expected);
	free(p);
}
