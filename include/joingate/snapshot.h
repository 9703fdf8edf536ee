// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/types.h>
#include <joingate/vendor.h>

#include <stdbool.h>
#include <stddef.h>

struct jg_cut_offs;
struct jg_snapshot;
struct jg_snapshot_builder;

enum jg_secret_status {
	JG_SECRET_ACTIVE = 0, /**< signs and verifies */
	JG_SECRET_VERIFY_ONLY = 1, /**< tried after the active ones */
	JG_SECRET_RETIRED = 2, /**< kept for the record, never used */
};

/** One of an app's secrets. Everything is copied; HMAC secrets become midstates where possible. */
struct jg_secret {
	struct jg_str id; /**< 1..64 bytes, unique within the app */
	struct jg_str secret; /**< HMAC secret or App Certificate text as it is; NULL for RSA */
	struct jg_str public_key; /**< PEM, Vonage */
	struct jg_str private_key; /**< PEM, Vonage, to mint; NULL = cannot mint */
	int64_t not_before; /**< usable from this second on; JG_TIME_NONE (INT64_MIN) = always */
	int64_t not_after; /**< usable while now < not_after; JG_TIME_NONE = for ever */
	uint32_t index; /**< the caller's number for statistics, copied to jg_verdict.key_index */
	uint8_t status; /**< enum jg_secret_status */
};

enum jg_claim_bit {
	JG_CLAIM_EXP = 1 << 0,
	JG_CLAIM_IAT = 1 << 1,
	JG_CLAIM_JTI = 1 << 2,
};

/** A role word and what it may do instead of the vendor's meaning. */
struct jg_role {
	struct jg_str role;
	uint64_t capabilities;
};

/** Rooms whose name matches the glob (* any run, ? one character); the first match counts. */
struct jg_room_rule {
	struct jg_str pattern;
	uint64_t deny; /**< capabilities taken away in these rooms */
};

/** What an app allows beyond its vendor's own rules. Start from jg_policy_default(). */
struct jg_policy {
	uint64_t default_capabilities; /**< Stream user tokens */
	uint64_t deny; /**< taken away; if join goes: not_permitted */
	uint64_t require; /**< each must be there after deny, else not_permitted */
	uint64_t publish_sources; /**< of JG_CAPABILITY_PUBLISH, what may stay */
	const struct jg_role *roles;
	uint32_t roles_n;
	const struct jg_room_rule *rooms; /**< none: every room */
	uint32_t rooms_n;
	int64_t max_lifetime; /**< seconds from issue to expiry; 0 = the vendor's own limit */
	int32_t leeway; /**< seconds, 0..300; -1 = the vendor's own (LiveKit 60, others 0) */
	uint32_t required_claims; /**< enum jg_claim_bit */
	int64_t reconnect_grace; /**< seconds after exp a reconnect is still let in; 0 = off */
	int64_t refresh_until; /**< seconds after the original issue time; 0 = no limit */
	bool refresh; /**< refresh requests are answered */
	bool auth_checks; /**< Stream: false admits development tokens */
};

/** The policy of an app that has none of its own: exactly the vendor's rules. */
JG_API struct jg_policy jg_policy_default(void);

struct jg_app {
	struct jg_str key; /**< API key, project key, application id, App ID; 1..128 bytes */
	const struct jg_secret *secrets;
	uint32_t secrets_n;
	uint32_t index; /**< the caller's number for statistics, copied to jg_verdict.app_index */
	uint8_t vendor; /**< enum jg_vendor */
	struct jg_policy policy;
};

/** What a participant may do is overridden (LiveKit's UpdateParticipant), for later verdicts. */
struct jg_override {
	uint8_t vendor;
	struct jg_str app;
	struct jg_str room;
	struct jg_str identity;
	bool set_capabilities;
	uint64_t capabilities; /**< replaces the token's, before deny and require */
	struct jg_str name; /**< NULL: the token's */
	struct jg_str metadata; /**< NULL: the token's */
};

/** Front ends that can be told apart, caller numbers 1..JG_CALLERS_MAX - 1. */
#define JG_CALLERS_MAX 1024

JG_API JG_MUST_CHECK struct jg_snapshot_builder *jg_snapshot_builder_new(void);
JG_API void jg_snapshot_builder_free(struct jg_snapshot_builder *builder);

/** Add an app. 0, -EEXIST (vendor and key are there already), -EINVAL, -ENOMEM; err says what. */
JG_API JG_MUST_CHECK int jg_snapshot_builder_add(
	struct jg_snapshot_builder *builder, const struct jg_app *app, struct jg_error *err);

/** Let a caller ask about one app, or about every app (key.p == NULL: all of the vendor's; vendor
 * JG_VENDOR_NONE: all). Call after all apps were added. */
JG_API JG_MUST_CHECK int jg_snapshot_builder_allow(struct jg_snapshot_builder *builder,
	unsigned caller, unsigned vendor, struct jg_str key, struct jg_error *err);

JG_API JG_MUST_CHECK int jg_snapshot_builder_override(struct jg_snapshot_builder *builder,
	const struct jg_override *override, struct jg_error *err);

/** Judge by this table too. Borrowed: it must outlive the snapshot. */
JG_API void jg_snapshot_builder_set_cut_offs(
	struct jg_snapshot_builder *builder, const struct jg_cut_offs *cut_offs);

/** Seal: the builder is wiped and freed, also on failure. NULL when memory ran out. */
JG_API JG_MUST_CHECK struct jg_snapshot *jg_snapshot_build(
	struct jg_snapshot_builder *builder, uint64_t epoch, struct jg_error *err);

/** Wipe and free. No verifier may still read it. */
JG_API void jg_snapshot_free(struct jg_snapshot *snapshot);

// clang-format off
/** Cut-off scopes: X(code, SYMBOL, "name", "fields that name it"). */
#define JG_SCOPES(X) \
	X(0, APP,         "app",         "none") \
	X(1, USER,        "user",        "user") \
	X(2, ROOM,        "room",        "room") \
	X(3, PARTICIPANT, "participant", "room, user") \
	X(4, SECRET,      "secret",      "secret") \
	X(5, TOKEN,       "token",       "token_id")
// clang-format on

enum jg_scope {
#define X(code, symbol, name, fields) JG_SCOPE_##symbol = code,
	JG_SCOPES(X)
#undef X
	JG_SCOPE_COUNT
};

/** Refuse what was issued before a time. */
struct jg_cut_off {
	uint8_t scope; /**< enum jg_scope */
	uint8_t vendor;
	struct jg_str app;
	struct jg_str user;
	struct jg_str room;
	struct jg_str secret; /**< id */
	uint8_t token_id[16];
	int64_t before; /**< 1..2^32-2; JG_TIME_NONE undoes the cut-off */
};

/**
 * The live table of cut-offs: one writer, any number of lock-free readers (verifiers). Grows while it
 * is read, without a pause for them; at most 64 bytes an entry. A write is seen by every burst that
 * starts after it; whoever must *know* that publishes an epoch to the workers afterwards.
 *
 * @param expected entries to make room for at once; 0 = small
 */
JG_API JG_MUST_CHECK struct jg_cut_offs *jg_cut_offs_new(size_t expected, struct jg_error *err);
JG_API void jg_cut_offs_free(struct jg_cut_offs *cut_offs);

/** Set or undo one. Writer only. 0, -EINVAL, -ENOMEM. */
JG_API JG_MUST_CHECK int jg_cut_offs_set(
	struct jg_cut_offs *cut_offs, const struct jg_cut_off *cut_off, struct jg_error *err);

/** The time that stands for a subject (its own before aside); JG_TIME_NONE: none. Writer only. */
JG_API int64_t jg_cut_offs_before(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off *subject);

/** Free what growth replaced. Writer only, when every reader has finished the burst it was in when
 * the last jg_cut_offs_set() returned. */
JG_API void jg_cut_offs_reclaim(struct jg_cut_offs *cut_offs);

/** Entries in force, and bytes of memory. Writer only. */
JG_API size_t jg_cut_offs_count(const struct jg_cut_offs *cut_offs);
JG_API size_t jg_cut_offs_memory(const struct jg_cut_offs *cut_offs);
