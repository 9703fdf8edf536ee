// SPDX-License-Identifier: BSD-3-Clause
// Checks an app as people wrote it and compiles it.
#include "app.h"

#include "rs256.h"

#include <joingate/capability.h>

#include <errno.h>

#define APP_KEY_MAX 128
#define SECRET_ID_MAX 64
#define LEEWAY_MAX 300
#define SECONDS_MAX ((int64_t)1 << 40)
#define RULES_MAX 4096
#define WORD_MAX 1024

struct jg_policy jg_policy_default(void)
{
	return (struct jg_policy){
		.default_capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) |
			JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_MICROPHONE) |
			JG_CAPABILITY(PUBLISH_SCREEN_SHARE) |
			JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO) | JG_CAPABILITY(SIGNAL),
		.publish_sources = JG_CAPABILITY_PUBLISH,
		.leeway = -1,
		.auth_checks = true,
	};
}

struct jg_shown jg_show(struct jg_str text)
{
	struct jg_shown shown;
	size_t n = 0;
	while (n < text.len && n < sizeof(shown.text) - 4) {
		char c = text.p[n];
		shown.text[n++] = c >= 0x20 && c < 0x7f ? c : '?';
	}
	if (n < text.len) {
		memcpy(shown.text + n, "...", 3);
		n += 3;
	}
	shown.text[n] = '\0';
	return shown;
}

// Where a message stands: "livekit API key "APIx": secret "a": ".
struct place {
	struct jg_shown app;
	struct jg_shown secret;
	const char *vendor;
	struct jg_error *err;
};

static int refuse_app(const struct place *at, const char *what, const char *expected)
{
	jg_error_set(at->err, "%s app \"%s\": %s; expected %s", at->vendor, at->app.text, what,
		expected);
	return -EINVAL;
}

static int refuse_secret(const struct place *at, const char *what, const char *expected)
{
	jg_error_set(at->err, "%s app \"%s\", secret \"%s\": %s; expected %s", at->vendor,
		at->app.text, at->secret.text, what, expected);
	return -EINVAL;
}

static int check_roles(const struct place *at, const struct jg_policy *policy)
{
	if (policy->roles_n > RULES_MAX || policy->rooms_n > RULES_MAX)
		return refuse_app(at, "policy has too many roles or rooms", "at most 4096 of each");
	for (uint32_t i = 0; i < policy->roles_n; i++) {
		const struct jg_role *role = &policy->roles[i];
		if (role->role.len == 0 || role->role.len > WORD_MAX)
			return refuse_app(at, "policy.roles has a role of no or too many bytes",
				"1 to 1024 bytes");
		if (role->capabilities & ~JG_CAPABILITY_ALL)
			return refuse_app(at, "policy.roles has an unknown capability bit",
				"bits of capability.h");
		for (uint32_t j = 0; j < i; j++)
			if (jg_str_eq(role->role, policy->roles[j].role))
				return refuse_app(
					at, "policy.roles names a role twice", "each role once");
	}
	for (uint32_t i = 0; i < policy->rooms_n; i++) {
		const struct jg_room_rule *room = &policy->rooms[i];
		if (room->pattern.len == 0 || room->pattern.len > WORD_MAX)
			return refuse_app(at, "policy.rooms has a pattern of no or too many bytes",
				"1 to 1024 bytes");
		if (room->deny & ~JG_CAPABILITY_ALL)
			return refuse_app(at, "policy.rooms denies an unknown capability bit",
				"bits of capability.h");
	}
	return 0;
}

static bool seconds_ok(int64_t seconds)
{
	return seconds >= 0 && seconds <= SECONDS_MAX;
}

static int check_policy(const struct place *at, const struct jg_policy *policy, unsigned vendor)
{
	uint64_t bits = policy->default_capabilities | policy->deny | policy->require;
	if (bits & ~JG_CAPABILITY_ALL)
		return refuse_app(
			at, "policy has an unknown capability bit", "bits of capability.h");
	if (policy->publish_sources & ~JG_CAPABILITY_PUBLISH)
		return refuse_app(at, "policy.publish_sources has a bit that is no source",
			"publish capabilities");
	if (policy->leeway < -1 || policy->leeway > LEEWAY_MAX)
		return refuse_app(at, "policy.leeway is out of range",
			"0 to 300 seconds, or -1 for the vendor's own");
	if (!seconds_ok(policy->max_lifetime) || !seconds_ok(policy->reconnect_grace) ||
		!seconds_ok(policy->refresh_until))
		return refuse_app(at,
			"policy.max_lifetime, reconnect_grace or refresh_until is out of range",
			"0 to 2^40 seconds");
	if (policy->required_claims & ~(uint32_t)(JG_CLAIM_EXP | JG_CLAIM_IAT | JG_CLAIM_JTI))
		return refuse_app(
			at, "policy.required_claims has an unknown claim", "exp, iat or jti");
	if (!policy->auth_checks && vendor != JG_VENDOR_STREAM)
		return refuse_app(at, "policy.auth_checks is off",
			"true: only Stream has development tokens");
	return check_roles(at, policy);
}

static int check_material(const struct place *at, const struct jg_secret *secret, unsigned vendor)
{
	if (vendor == JG_VENDOR_VONAGE) {
		if (secret->secret.p != NULL)
			return refuse_secret(at, "an HMAC secret is given",
				"public_key (RS256), as Vonage applications sign");
		if (secret->public_key.p == NULL && secret->private_key.p == NULL)
			return refuse_secret(at, "there is no key",
				"public_key, or private_key to mint as well");
		return 0;
	}
	if (secret->public_key.p != NULL || secret->private_key.p != NULL)
		return refuse_secret(
			at, "an RSA key is given", "secret: this vendor signs by HMAC");
	if (secret->secret.p == NULL || secret->secret.len == 0)
		return refuse_secret(at, "the secret is empty", "at least one byte");
	if (secret->secret.len > JG_SECRET_MAX)
		return refuse_secret(at, "the secret is too long", "at most 65536 bytes");
	return 0;
}

static int check_secrets(struct place *at, const struct jg_app *app)
{
	if (app->secrets_n > JG_APP_SECRETS_MAX)
		return refuse_app(at, "it has too many secrets", "at most 1024");
	for (uint32_t i = 0; i < app->secrets_n; i++) {
		const struct jg_secret *secret = &app->secrets[i];
		at->secret = jg_show(secret->id);
		if (secret->id.len == 0 || secret->id.len > SECRET_ID_MAX)
			return refuse_secret(
				at, "its id has no or too many bytes", "an id of 1 to 64 bytes");
		for (uint32_t j = 0; j < i; j++)
			if (jg_str_eq(secret->id, app->secrets[j].id))
				return refuse_secret(at, "the app has this id twice",
					"each secret under an id of its own");
		if (secret->status > JG_SECRET_RETIRED)
			return refuse_secret(
				at, "its status is unknown", "active, verify-only or retired");
		if (secret->not_after != JG_TIME_NONE && secret->not_before >= secret->not_after)
			return refuse_secret(
				at, "its window is empty", "not_before earlier than not_after");
		int status = check_material(at, secret, app->vendor);
		if (status != 0)
			return status;
	}
	return 0;
}

static int check_app(struct place *at, const struct jg_app *app)
{
	if (app->vendor == JG_VENDOR_NONE || app->vendor >= JG_VENDOR_COUNT)
		return refuse_app(
			at, "its vendor is unknown", "livekit, stream, opentok, vonage or agora");
	if (app->key.p == NULL || app->key.len == 0 || app->key.len > APP_KEY_MAX)
		return refuse_app(at, "its key has no or too many bytes", "1 to 128 bytes");
	int status = check_secrets(at, app);
	return status != 0 ? status : check_policy(at, &app->policy, app->vendor);
}

static size_t strings_size(const struct jg_app *app)
{
	size_t size = app->key.len;
	for (uint32_t i = 0; i < app->secrets_n; i++)
		size += (size_t)app->secrets[i].id.len + app->secrets[i].secret.len;
	for (uint32_t i = 0; i < app->policy.roles_n; i++)
		size += app->policy.roles[i].role.len;
	for (uint32_t i = 0; i < app->policy.rooms_n; i++)
		size += app->policy.rooms[i].pattern.len;
	return size;
}

// Takes the next bytes of an app's block.
static void *take(char **next, size_t size)
{
	void *p = *next;
	*next += size;
	return p;
}

static struct jg_str take_str(char **next, struct jg_str text)
{
	char *p = take(next, text.len);
	if (text.len > 0)
		memcpy(p, text.p, text.len);
	return (struct jg_str){p, text.len};
}

static int compile_rsa(const struct place *at, struct jg_key *key, const struct jg_secret *secret)
{
	struct jg_error why = {""};
	if (secret->private_key.p != NULL)
		key->private_key = jg_rs256_private(secret->private_key, &why);
	if (why.text[0] == '\0')
		key->public_key = secret->public_key.p != NULL
			? jg_rs256_public(secret->public_key, &why)
			: jg_rs256_share(key->private_key);
	if (why.text[0] != '\0') {
		jg_error_set(at->err, "%s app \"%s\", secret \"%s\": %s", at->vendor, at->app.text,
			at->secret.text, why.text);
		return -EINVAL;
	}
	if (key->private_key != NULL && !jg_rs256_same(key->public_key, key->private_key))
		return refuse_secret(at, "private_key and public_key do not belong together",
			"the two halves of one key pair");
	return 0;
}

static int compile_key(const struct place *at, struct jg_key *key, const struct jg_secret *secret,
	unsigned vendor, char **strings)
{
	key->not_before = secret->not_before; // JG_TIME_NONE is the smallest number already
	key->not_after = secret->not_after == JG_TIME_NONE ? INT64_MAX : secret->not_after;
	key->index = secret->index;
	key->status = secret->status;
	key->id = take_str(strings, secret->id);
	if (vendor == JG_VENDOR_VONAGE)
		return compile_rsa(at, key, secret);
	jg_mac_key_init(&key->mac, JG_MAC_SHA256, secret->secret.p, secret->secret.len);
	if (vendor == JG_VENDOR_OPENTOK)
		jg_mac_key_init(&key->sha1, JG_MAC_SHA1, secret->secret.p, secret->secret.len);
	if (vendor == JG_VENDOR_AGORA)
		key->certificate = take_str(strings, secret->secret);
	return 0;
}

// In the order they are tried: active, then verify-only. Retired ones stay out, but an RSA key that
// cannot be read is a mistake in any status.
static int compile_keys(struct place *at, struct jg_app_entry *entry, struct jg_key *keys,
	const struct jg_app *app, char **strings)
{
	static const uint8_t order[] = {JG_SECRET_ACTIVE, JG_SECRET_VERIFY_ONLY, JG_SECRET_RETIRED};
	for (unsigned pass = 0; pass < JG_ARRAY_SIZE(order); pass++) {
		for (uint32_t i = 0; i < app->secrets_n; i++) {
			const struct jg_secret *secret = &app->secrets[i];
			if (secret->status != order[pass])
				continue;
			at->secret = jg_show(secret->id);
			struct jg_key *key = &keys[entry->keys_n];
			// Counted before it is complete, so that a release finds its RSA keys.
			entry->keys_n++;
			int status = compile_key(at, key, secret, app->vendor, strings);
			if (status != 0)
				return status;
			if (secret->status != JG_SECRET_RETIRED)
				continue;
			jg_rs256_free(key->public_key);
			jg_rs256_free(key->private_key);
			explicit_bzero(key, sizeof(*key));
			entry->keys_n--;
		}
	}
	return 0;
}

static bool changes_nothing(const struct jg_policy *policy)
{
	return policy->deny == 0 && policy->require == 0 && policy->roles_n == 0 &&
		policy->rooms_n == 0 && policy->max_lifetime == 0 && policy->required_claims == 0 &&
		policy->publish_sources == JG_CAPABILITY_PUBLISH;
}

static void compile_policy(
	struct jg_app_entry *entry, const struct jg_policy *policy, char **next, char **strings)
{
	entry->policy = *policy;
	if (policy->leeway < 0)
		entry->policy.leeway = entry->vendor == JG_VENDOR_LIVEKIT ? 60 : 0;
	entry->leeway = entry->policy.leeway;
	struct jg_role *roles = take(next, policy->roles_n * sizeof(*roles));
	for (uint32_t i = 0; i < policy->roles_n; i++) {
		roles[i] = policy->roles[i];
		roles[i].role = take_str(strings, policy->roles[i].role);
	}
	struct jg_room_rule *rooms = take(next, policy->rooms_n * sizeof(*rooms));
	for (uint32_t i = 0; i < policy->rooms_n; i++) {
		rooms[i] = policy->rooms[i];
		rooms[i].pattern = take_str(strings, policy->rooms[i].pattern);
	}
	entry->policy.roles = roles;
	entry->policy.rooms = rooms;
	entry->plain_policy = changes_nothing(policy);
}

struct jg_app_entry *jg_app_compile(
	struct jg_arena *arena, const struct jg_app *app, int *status, struct jg_error *err)
{
	struct place at = {
		.app = jg_show(app->key), .vendor = jg_vendor_name(app->vendor), .err = err};
	*status = check_app(&at, app);
	if (*status != 0)
		return NULL;
	size_t size = sizeof(struct jg_app_entry) + app->secrets_n * sizeof(struct jg_key) +
		app->policy.roles_n * sizeof(struct jg_role) +
		app->policy.rooms_n * sizeof(struct jg_room_rule);
	char *next = jg_arena_alloc(arena, size + strings_size(app));
	if (next == NULL) {
		jg_error_set(err, "no memory for %s app \"%s\"", at.vendor, at.app.text);
		*status = -ENOMEM;
		return NULL;
	}
	char *strings = next + size;
	struct jg_app_entry *entry = take(&next, sizeof(*entry));
	struct jg_key *keys = take(&next, app->secrets_n * sizeof(*keys));
	entry->vendor = app->vendor;
	entry->index = app->index;
	entry->key = take_str(&strings, app->key);
	compile_policy(entry, &app->policy, &next, &strings);
	*status = compile_keys(&at, entry, keys, app, &strings);
	if (*status != 0) {
		jg_app_release(entry);
		return NULL;
	}
	return entry;
}

void jg_app_release(struct jg_app_entry *entry)
{
	for (unsigned i = 0; i < entry->keys_n; i++) {
		jg_rs256_free(jg_app_keys(entry)[i].public_key);
		jg_rs256_free(jg_app_keys(entry)[i].private_key);
	}
	entry->keys_n = 0;
}
