// SPDX-License-Identifier: BSD-3-Clause
// One app or more of each vendor: plain ones, some in the middle of a rotation, some with a policy.
#include "world.h"

#include "gen.h"

#include <string.h>

// b still verifies, c is retired, d comes and e is gone with this second, f ends with the next.
#define ROTATING                                                        \
	.more = {{"b", "rotating b", REF_VERIFY_ONLY, 0, 0},            \
		{"c", "rotating c", REF_RETIRED, 0, 0},                 \
		{"d", "rotating d", REF_ACTIVE, GEN_NOW + 1, 0},        \
		{"e", "rotating e", REF_ACTIVE, 0, GEN_NOW},            \
		{"f", "rotating f", REF_ACTIVE, GEN_NOW, GEN_NOW + 1}}, \
	.more_n = 5

static const struct ref_app fixed_apps[] = {
	{.vendor = JG_VENDOR_LIVEKIT,
		.key = "APIq7Rk2ZtVw9LmX",
		.secret = "vN3pQ8sT1uW6yB0dF5hK7mR2xZ4cG9jL",
		.policy = {.refresh = true},
		.overrides =
			{{.room = "lobby", .identity = "Alice A.", .name = "Alice", .metadata = ""},
				{.room = "lobby",
					.identity = "legacy",
					.capabilities_set = true,
					.capabilities = JG_CAPABILITY(SUBSCRIBE)}},
		.overrides_n = 2},
	{.vendor = JG_VENDOR_LIVEKIT,
		.key = "APIsecond",
		.secret = "a secret of more than sixty-four bytes, which HMAC hashes before it is "
			  "used"},
	{.vendor = JG_VENDOR_STREAM,
		.key = "k8mzq2w7rt5x",
		.secret = "u9w2kq7m4tz8hxp3v5rj6s0d1f8g2c4n",
		.policy = {.refresh = true, .refresh_until = 3000},
		.overrides = {{.room = "default:standup",
				      .identity = "john",
				      .capabilities_set = true,
				      .capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(HIDDEN)},
			{.room = "", .identity = "john", .name = "John"}},
		.overrides_n = 2},
	{.vendor = JG_VENDOR_STREAM,
		.key = "devmode",
		.secret = "s1",
		.auth_checks_disabled = true,
		.policy = {.refresh = true}},
	{.vendor = JG_VENDOR_STREAM,
		.key = "apprevoked",
		.secret = "s2",
		.revoke_before = GEN_NOW - 500},
	{.vendor = JG_VENDOR_STREAM,
		.key = "userrevoked",
		.secret = "s3",
		.users = {{"john", GEN_NOW - 500}, {"jane", GEN_NOW + 500}},
		.users_n = 2},
	{.vendor = JG_VENDOR_OPENTOK,
		.key = GEN_OT_KEY,
		.secret = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
		.policy = {.refresh = true}},
	{.vendor = JG_VENDOR_OPENTOK, .key = "47301123", .secret = "another"},
	{.vendor = JG_VENDOR_VONAGE,
		.key = "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3",
		.policy = {.refresh = true}},
	{.vendor = JG_VENDOR_AGORA,
		.key = "3f1c9a7e5b2d4860a1b2c3d4e5f60718",
		.secret = "0123456789abcdef0123456789abcdef",
		.policy = {.refresh = true, .grace = 60},
		.overrides = {{.room = "demo-room",
			.identity = "2882341273",
			.capabilities_set = true,
			.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(PUBLISH_CAMERA) |
				JG_CAPABILITY(ROOM_ADMIN)}},
		.overrides_n = 1},
	{.vendor = JG_VENDOR_AGORA,
		.key = "AA1c9a7e5b2d4860a1b2c3d4e5f60718",
		.secret = "FEDCBA9876543210fedcba9876543210"},
	{.vendor = JG_VENDOR_LIVEKIT,
		.key = "APIrotating",
		.secret = "s4",
		ROTATING,
		.policy = {.own_leeway = true,
			.leeway = 300,
			.grace = 600,
			.refresh = true,
			.refresh_until = 20000},
		.overrides = {{.room = "lobby",
			.identity = "alice",
			.capabilities_set = true,
			.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(PUBLISH_DATA),
			.metadata = "overridden"}},
		.overrides_n = 1,
		.cut_offs = {{.secret = "b", .before = GEN_NOW - 30},
			{.secret = "f", .before = GEN_NOW + 1},
			{.room = "lobby", .before = GEN_NOW - 3600},
			{.room = "lobby", .user = "alice", .before = GEN_NOW - 60}},
		.cut_offs_n = 4},
	{.vendor = JG_VENDOR_LIVEKIT,
		.key = "APIshort",
		.secret = "s5",
		.policy = {.own_leeway = true,
			.max_lifetime = 3600,
			.refresh = true,
			.require_iat = true,
			.require_jti = true}},
	{.vendor = JG_VENDOR_LIVEKIT,
		.key = "APIstrict",
		.secret = "s9",
		.policy = {.deny = JG_CAPABILITY(PUBLISH_DATA) | JG_CAPABILITY(ROOM_ADMIN),
			.require = JG_CAPABILITY(SUBSCRIBE),
			.unpublished =
				JG_CAPABILITY(PUBLISH_SCREEN_SHARE) | JG_CAPABILITY(PUBLISH_OTHER),
			.rooms = {{"l?bby", JG_CAPABILITY(HIDDEN)}, {"*o*m*", 0},
				{"*e*", JG_CAPABILITY(JOIN)}},
			.rooms_n = 3}},
	{.vendor = JG_VENDOR_STREAM,
		.key = "strict",
		.secret = "s6",
		ROTATING,
		.policy = {.own_leeway = true,
			.leeway = 5,
			.grace = 100,
			.refresh = true,
			.max_lifetime = 7200,
			.require_iat = true,
			.default_capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE)},
		.cut_offs = {{.secret = "b", .before = GEN_NOW - 2}},
		.cut_offs_n = 1},
	{.vendor = JG_VENDOR_OPENTOK,
		.key = "47301124",
		.secret = "s7",
		ROTATING,
		.policy = {.grace = 1000,
			.refresh = true,
			.refresh_until = 90000,
			.deny = JG_CAPABILITY(SIGNAL),
			.role = "subscriber",
			.role_capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(FORCE_MUTE)},
		.cut_offs = {{.secret = "f", .before = GEN_NOW - 10}, {.before = GEN_NOW - 5000}},
		.cut_offs_n = 2},
	{.vendor = JG_VENDOR_AGORA,
		.key = "BB1c9a7e5b2d4860a1b2c3d4e5f60718",
		.secret = "s8",
		ROTATING,
		.policy = {.own_leeway = true,
			.leeway = 7,
			.grace = 120,
			.deny = JG_CAPABILITY(PUBLISH_DATA),
			.unpublished = JG_CAPABILITY(PUBLISH_CAMERA)},
		.cut_offs = {{.secret = "b", .before = GEN_NOW - 10}},
		.cut_offs_n = 1},
};

void world_init(struct ref_world *world, int64_t now, EVP_PKEY *public_key)
{
	*world = (struct ref_world){
		.now = now, .apps_n = sizeof(fixed_apps) / sizeof(fixed_apps[0])};
	memcpy(world->apps, fixed_apps, sizeof(fixed_apps));
	for (size_t i = 0; i < world->apps_n; i++)
		world->apps[i].public_key = world->apps[i].secret == NULL ? public_key : NULL;
	// Two of the ids that generated tokens claim to descend from are cut off, for every app.
	for (size_t i = 0; i < 2 * world->apps_n; i++) {
		struct ref_token_cut *cut = &world->token_cuts[world->token_cuts_n++];
		*cut = (struct ref_token_cut){
			.app = &world->apps[i / 2], .before = i % 2 == 0 ? now + 1 : now - 400};
		memcpy(cut->id, GEN_ANCESTOR, REF_ID - 1);
		cut->id[REF_ID - 1] = (uint8_t)('0' + i % 2);
	}
}

const struct ref_app *world_app(const struct ref_world *world, unsigned vendor, const char *key)
{
	for (size_t i = 0; i < world->apps_n; i++)
		if (world->apps[i].vendor == vendor && strcmp(world->apps[i].key, key) == 0)
			return &world->apps[i];
	return NULL;
}

static struct jg_str str(const char *text)
{
	return (struct jg_str){text, text == NULL ? 0 : (uint32_t)strlen(text)};
}

static int set_cut_offs(
	struct jg_cut_offs *cut_offs, const struct ref_app *app, struct jg_error *err)
{
	struct jg_cut_off cut_off = {.vendor = (uint8_t)app->vendor, .app = str(app->key)};
	cut_off.before = app->revoke_before;
	int result = app->revoke_before == 0 ? 0 : jg_cut_offs_set(cut_offs, &cut_off, err);
	cut_off.scope = JG_SCOPE_USER;
	for (size_t i = 0; i < app->users_n && result == 0; i++) {
		cut_off.user = str(app->users[i].user);
		cut_off.before = app->users[i].before;
		result = jg_cut_offs_set(cut_offs, &cut_off, err);
	}
	for (size_t i = 0; i < app->cut_offs_n && result == 0; i++) {
		const struct ref_cut_off *from = &app->cut_offs[i];
		cut_off.user = str(from->user);
		cut_off.room = str(from->room);
		cut_off.secret = str(from->secret);
		cut_off.before = from->before;
		cut_off.scope = from->secret != NULL		   ? JG_SCOPE_SECRET
			: from->room != NULL && from->user != NULL ? JG_SCOPE_PARTICIPANT
			: from->room != NULL			   ? JG_SCOPE_ROOM
			: from->user != NULL			   ? JG_SCOPE_USER
								   : JG_SCOPE_APP;
		result = jg_cut_offs_set(cut_offs, &cut_off, err);
	}
	return result;
}

int world_cut_token(struct jg_cut_offs *cut_offs, const struct ref_token_cut *cut, int64_t before,
	struct jg_error *err)
{
	struct jg_cut_off cut_off = {.scope = JG_SCOPE_TOKEN,
		.vendor = (uint8_t)cut->app->vendor,
		.app = str(cut->app->key),
		.before = before};
	memcpy(cut_off.token_id, cut->id, REF_ID);
	return jg_cut_offs_set(cut_offs, &cut_off, err);
}

static int set_overrides(
	struct jg_snapshot_builder *builder, const struct ref_app *app, struct jg_error *err)
{
	int result = 0;
	for (size_t i = 0; i < app->overrides_n && result == 0; i++) {
		const struct ref_override *from = &app->overrides[i];
		const struct jg_override override = {.vendor = (uint8_t)app->vendor,
			.app = str(app->key),
			.room = str(from->room),
			.identity = str(from->identity),
			.set_capabilities = from->capabilities_set,
			.capabilities = from->capabilities,
			.name = str(from->name),
			.metadata = str(from->metadata)};
		result = jg_snapshot_builder_override(builder, &override, err);
	}
	return result;
}

static size_t secrets_of(const struct ref_app *app, const struct world_keys *keys,
	struct jg_secret out[REF_CUT_OFFS_MAX + 1])
{
	static const uint8_t status[] = {[REF_ACTIVE] = JG_SECRET_ACTIVE,
		[REF_VERIFY_ONLY] = JG_SECRET_VERIFY_ONLY,
		[REF_RETIRED] = JG_SECRET_RETIRED};
	out[0] = (struct jg_secret){.id = str("a"),
		.secret = str(app->secret),
		.public_key = str(app->secret == NULL ? keys->public_pem : NULL),
		.private_key = str(app->secret == NULL ? keys->private_pem : NULL),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	for (size_t i = 0; i < app->more_n; i++) {
		const struct ref_secret *from = &app->more[i];
		out[1 + i] = (struct jg_secret){.id = str(from->id),
			.secret = str(from->text),
			.not_before = from->from == 0 ? JG_TIME_NONE : from->from,
			.not_after = from->until == 0 ? JG_TIME_NONE : from->until,
			.status = status[from->status]};
	}
	return 1 + app->more_n;
}

static void set_policy(struct jg_policy *to, const struct ref_policy *from)
{
	to->leeway = from->own_leeway ? (int32_t)from->leeway : -1;
	to->reconnect_grace = from->grace;
	to->refresh = from->refresh;
	to->refresh_until = from->refresh_until;
	to->max_lifetime = from->max_lifetime;
	to->required_claims = (from->require_exp ? JG_CLAIM_EXP : 0u) |
		(from->require_iat ? JG_CLAIM_IAT : 0u) | (from->require_jti ? JG_CLAIM_JTI : 0u);
	to->deny = from->deny;
	to->require = from->require;
	to->publish_sources &= ~from->unpublished;
	if (from->default_capabilities != 0)
		to->default_capabilities = from->default_capabilities;
}

static int add(struct jg_snapshot_builder *builder, const struct ref_app *from,
	const struct world_keys *keys, struct jg_error *err)
{
	struct jg_secret secrets[REF_CUT_OFFS_MAX + 1];
	struct jg_room_rule rooms[REF_CUT_OFFS_MAX];
	const struct jg_role role = {str(from->policy.role), from->policy.role_capabilities};
	struct jg_app app = {.key = str(from->key),
		.secrets = secrets,
		.secrets_n = (uint32_t)secrets_of(from, keys, secrets),
		.vendor = (uint8_t)from->vendor,
		.policy = jg_policy_default()};
	app.policy.auth_checks = !from->auth_checks_disabled;
	set_policy(&app.policy, &from->policy);
	for (size_t i = 0; i < from->policy.rooms_n; i++)
		rooms[i] = (struct jg_room_rule){
			str(from->policy.rooms[i].pattern), from->policy.rooms[i].deny};
	app.policy.rooms = rooms;
	app.policy.rooms_n = (uint32_t)from->policy.rooms_n;
	app.policy.roles = &role;
	app.policy.roles_n = from->policy.role != NULL;
	return jg_snapshot_builder_add(builder, &app, err);
}

struct jg_snapshot *world_build(const struct ref_world *world, const struct world_keys *keys,
	struct jg_cut_offs *cut_offs, struct jg_error *err)
{
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	for (size_t i = 0; builder != NULL && i < world->apps_n; i++)
		if (add(builder, &world->apps[i], keys, err) != 0 ||
			set_overrides(builder, &world->apps[i], err) != 0 ||
			set_cut_offs(cut_offs, &world->apps[i], err) != 0) {
			jg_snapshot_builder_free(builder);
			return NULL;
		}
	if (builder == NULL)
		return NULL;
	for (size_t i = 0; i < world->token_cuts_n; i++)
		if (world_cut_token(
			    cut_offs, &world->token_cuts[i], world->token_cuts[i].before, err) != 0)
			return NULL;
	jg_snapshot_builder_set_cut_offs(builder, cut_offs);
	return jg_snapshot_build(builder, 1, err);
}
