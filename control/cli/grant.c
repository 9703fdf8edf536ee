// SPDX-License-Identifier: BSD-3-Clause
#include "grant.h"

#include "order.h"
#include "request.h"

#include <stdarg.h>

bool grant_matches(struct jg_str pattern, struct jg_str text)
{
	uint32_t p = 0, t = 0, star = UINT32_MAX, resume = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != UINT32_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

// Agora reads a star, or nothing at all, as a wildcard; only who may have everything gets one.
static bool may_have(const struct jg_str *patterns, uint32_t n, struct jg_str text, unsigned vendor)
{
	bool wild = vendor == JG_VENDOR_AGORA &&
		(text.len == 0 || memchr(text.p, '*', text.len) != NULL);
	for (uint32_t i = 0; i < n; i++)
		if (wild ? jg_str_eq(patterns[i], JG_STR("*")) : grant_matches(patterns[i], text))
			return true;
	return false;
}

static bool may_use(const struct jg_config_caller *caller, const struct jg_mint *mint)
{
	for (uint32_t i = 0; i < caller->apps_n; i++) {
		const struct jg_allowed *app = &caller->apps[i];
		if (app->vendor == JG_VENDOR_NONE ||
			(app->vendor == mint->vendor &&
				(app->key.p == NULL || jg_str_eq(app->key, mint->app))))
			return true;
	}
	return false;
}

const struct jg_config_caller *grant_caller(const struct jg_config *config, struct jg_str key)
{
	const struct jg_config_caller *found = NULL;
	for (uint32_t i = 0; i < config->token_server_callers_n; i++) {
		const struct jg_config_caller *caller = &config->token_server_callers[i];
		if (caller->key.len == key.len && jg_memeq_ct(caller->key.p, key.p, key.len))
			found = caller;
	}
	return found;
}

JG_COLD JG_PRINTF(3, 4) static bool refuse(
	struct granted *granted, unsigned status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(granted->err.text, sizeof(granted->err.text), format, args);
	va_end(args);
	granted->status = status;
	return false;
}

// Of what is asked: the app, the names, and a life within what the caller may give.
static bool check_order(const struct jg_config_caller *caller, struct jg_mint *mint,
	const json_t *json, int64_t now, struct granted *granted)
{
	int64_t longest = now + caller->max_ttl;
	bool timed =
		json_object_get(json, "ttl") != NULL || json_object_get(json, "expires_at") != NULL;
	if (!may_use(caller, mint))
		return refuse(granted, 403, "this caller may not have tokens of this app");
	if (!may_have(caller->rooms, caller->rooms_n, mint->room, mint->vendor))
		return refuse(granted, 403, "this caller may not have tokens for this room");
	if (!may_have(caller->identities, caller->identities_n, mint->identity, mint->vendor))
		return refuse(granted, 403, "this caller may not have tokens for this identity");
	if (!timed && (mint->expires_at == JG_TIME_NONE || mint->expires_at > longest))
		mint->expires_at = longest;
	if (mint->expires_at == JG_TIME_NONE || mint->expires_at > longest)
		return refuse(granted, 403, "this caller's tokens live for at most %lld s",
			(long long)caller->max_ttl);
	return true;
}

struct jg_snapshot *grant_bare(const struct jg_config *config, struct jg_error *err)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL) {
		jg_error_set(err, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < config->apps_n; i++) {
		struct jg_app app = config->apps[i];
		const struct jg_policy policy = app.policy;
		app.policy = jg_policy_default();
		// What Stream's users and roles may do stands in no token.
		app.policy.default_capabilities = policy.default_capabilities;
		if (app.vendor == JG_VENDOR_STREAM) {
			app.policy.roles = policy.roles;
			app.policy.roles_n = policy.roles_n;
		}
		if (jg_snapshot_builder_add(builder, &app, err) != 0) {
			jg_snapshot_builder_free(builder);
			return NULL;
		}
	}
	return jg_snapshot_build(builder, 1, err);
}

// Neither at a gate nor at the vendor's own servers may the token give what the caller may not.
static bool check_capabilities(
	const struct jg_config_caller *caller, uint64_t capabilities, struct granted *granted)
{
	uint64_t extra = capabilities & ~caller->capabilities;
	return extra == 0 ||
		refuse(granted, 403, "this caller's tokens may not give %s",
			jg_capability_name((unsigned)__builtin_ctzll(extra)));
}

// Of what was made: a gate admits it, and to nothing more than the caller may give.
static bool check_token(struct granter *granter, const struct jg_config_caller *caller,
	const struct jg_mint *mint, int64_t now, struct granted *granted)
{
	const struct jg_request request = {
		.token = {granted->token, (uint32_t)strlen(granted->token)},
		.app = mint->vendor == JG_VENDOR_LIVEKIT ? (struct jg_str){NULL, 0} : mint->app,
		.room = mint->room.len > 0 ? mint->room : (struct jg_str){NULL, 0},
		.identity = mint->identity.len > 0 && mint->vendor != JG_VENDOR_OPENTOK &&
				mint->vendor != JG_VENDOR_VONAGE
			? mint->identity
			: (struct jg_str){NULL, 0},
		.vendor = mint->vendor,
		.type = JG_REQUEST_JOIN,
		.service = mint->service,
	};
	struct jg_verdict verdict;
	char detail[256];
	jg_verify_burst(granter->judge->verifier, granter->bare, now, &request, &verdict, 1);
	if (!check_capabilities(caller, verdict.capabilities, granted))
		return false;
	jg_verify_burst(
		granter->judge->verifier, granter->judge->snapshot, now, &request, &verdict, 1);
	if (verdict.reason != JG_REASON_OK) {
		(void)jg_verdict_detail(&verdict, detail, sizeof(detail));
		return refuse(granted, 403, "a gate would refuse this token: %s: %s",
			jg_reason_name(verdict.reason), detail);
	}
	if (!verdict.verified)
		return refuse(granted, 403, "only signed tokens are given out");
	if (!check_capabilities(caller, verdict.capabilities, granted))
		return false;
	if (verdict.kind.len > 0 && !jg_str_eq(verdict.kind, JG_STR("standard")))
		return refuse(granted, 403, "only participants of kind standard are given tokens");
	if (verdict.expires_at == JG_TIME_NONE || verdict.expires_at > now + caller->max_ttl)
		return refuse(granted, 403, "this caller's tokens live for at most %lld s",
			(long long)caller->max_ttl);
	granted->expires_at = verdict.expires_at;
	return true;
}

void grant_token(struct granter *granter, const struct jg_config_caller *caller, char *body,
	size_t len, int64_t now, struct granted *granted)
{
	// Not among them: claims, which could say anything, and times of issue, which cut-offs trust.
	static const char *const names[] = {"vendor", "app", "identity", "name", "room",
		"capabilities", "capability_expires", "role", "kind", "attributes",
		"layout_classes", "metadata", "expires_at", "ttl", "format", "service", "type",
		NULL};
	struct order order;
	granted->status = 400;
	json_t *json = line_parse(body, len, names, &granted->err);
	if (json == NULL)
		return;
	if (!order_read(&order, json, granter->judge->config, now, &granted->err)) {
		json_decref(json);
		return;
	}
	struct jg_minted minted = {.token = granted->token, .size = JG_TOKEN_MAX};
	if (check_order(caller, &order.mint, json, now, granted)) {
		jg_mint_burst(
			granter->minter, granter->judge->snapshot, now, &order.mint, &minted, 1);
		granted->token[minted.len] = '\0';
		if (minted.problem != NULL)
			(void)refuse(granted, 400, "%s%s%s",
				minted.field != NULL ? minted.field : "",
				minted.field != NULL ? ": " : "", minted.problem);
		else if (check_token(granter, caller, &order.mint, now, granted))
			granted->status = 200;
	}
	order_fini(&order);
	json_decref(json);
}
