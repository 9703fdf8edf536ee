// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The compiled form of apps, secrets and policies: what a burst reads, written only by snapshot.c. */

#include "internal/base.h"
#include "internal/mac.h"

#include <joingate/snapshot.h>
#include <joingate/verify.h>

struct evp_pkey_st; // OpenSSL's EVP_PKEY; only rs256.c looks inside

/** One usable secret. Active ones stand before verify-only ones; retired ones are not here. */
struct jg_key {
	struct jg_mac_key mac; /**< SHA-256, or unused for RSA */
	int64_t not_before; /**< INT64_MIN = always */
	int64_t not_after; /**< INT64_MAX = for ever */
	struct jg_str id;
	uint32_t index; /**< jg_secret.index */
	uint8_t status; /**< enum jg_secret_status */
	struct jg_mac_key sha1; /**< OpenTok: for T1 */
	struct jg_str certificate; /**< Agora: the text itself, it is a message there; else empty */
	struct evp_pkey_st *public_key; /**< Vonage */
	struct evp_pkey_st *private_key; /**< Vonage, to mint; NULL = cannot */
};

/** One app. Most tokens need no more of it than its row. */
struct jg_app_entry {
	alignas(JG_CACHE_LINE) uint64_t hash;
	struct jg_str key;
	uint64_t cut_off_hash; /**< jg_cut_offs_app_hash() of the snapshot's table; 0: has none */
	uint32_t index;
	int32_t leeway; /**< of the policy, resolved to seconds */
	uint16_t keys_n;
	uint16_t caller_set; /**< index of the bit set of callers that may ask */
	uint8_t vendor;
	bool plain_policy; /**< the policy changes nothing: skip the stage */
	struct jg_policy policy; /**< strings live in the snapshot */
};

#define JG_APP_KEY_SHORT 16u

/** What most tokens need of an app, as its entry and its first secret have it. Rows stand side by side, so that those
 * of many apps share pages. */
struct jg_app_row {
	alignas(JG_CACHE_LINE) char begin[JG_APP_KEY_SHORT]; /**< of the key; most are no longer */
	const struct jg_app_entry *app;
	const char *first_id; /**< of the first secret, as is what follows */
	uint32_t first_index;
	uint8_t first_id_len;
	bool first_usable; /**< at any time */
	uint8_t key_len;
	uint8_t vendor;
	uint64_t cut_off_hash;
	uint32_t index;
	uint16_t caller_set;
	int16_t leeway;
	bool plain_policy;
	struct jg_mac_key first; /**< its SHA-256 states */
};
static_assert(sizeof(struct jg_app_row) == 2 * JG_CACHE_LINE, "two lines are fetched");

/** Its usable secrets, in the order they are tried: they stand behind it, so that nobody waits for the app
 * to know where the secrets are. */
static inline struct jg_key *jg_app_keys(const struct jg_app_entry *app)
{
	return (struct jg_key *)(uintptr_t)(app + 1);
}

struct jg_cut_offs;

/** The app with this vendor and key, or NULL. */
const struct jg_app_entry *jg_snapshot_find(
	const struct jg_snapshot *snapshot, unsigned vendor, struct jg_str key);

/** Are there overrides at all? */
bool jg_snapshot_overrides_any(const struct jg_snapshot *snapshot);

/** The override of a participant, or NULL. */
const struct jg_override *jg_snapshot_override(const struct jg_snapshot *snapshot,
	const struct jg_app_entry *app, struct jg_str room, struct jg_str identity);

uint64_t jg_snapshot_epoch(const struct jg_snapshot *snapshot);
const struct jg_cut_offs *jg_snapshot_cut_offs(const struct jg_snapshot *snapshot);

/** Glob: '*' any run, '?' one character; linear work in both lengths' product at worst, bounded. */
bool jg_glob_match(struct jg_str pattern, struct jg_str text);

/** What a token's issue is compared with. */
struct jg_cut_off_query {
	uint64_t app_hash; /**< jg_cut_offs_app_hash(); 0: of the vendor and app below */
	unsigned vendor;
	struct jg_str app;
	struct jg_str user; /**< empty: no user scope */
	struct jg_str room; /**< empty: no room scope */
	struct jg_str secret;
	const uint8_t *token_id; /**< 16 bytes; NULL: not computed, no token scope asked */
	int64_t issued_at; /**< JG_TIME_NONE counts as 0 */
};

/** The scopes that there are cut-offs of, a bit each, so that a burst can skip the rest. NULL table:
 * none. Any thread. */
unsigned jg_cut_offs_scopes(const struct jg_cut_offs *cut_offs);

/** What the table knows an app by, for as long as the table lives; never 0. */
uint64_t jg_cut_offs_app_hash(
	const struct jg_cut_offs *cut_offs, unsigned vendor, struct jg_str app);

/** The scope and time of a cut-off that refuses (issued_at < time), -1 when none does. NULL table:
 * -1. Any thread, lock-free. */
int jg_cut_offs_check(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off_query *query, int64_t *before);

/** A query made ready: what to look for, a stage ahead of the look. */
struct jg_cut_off_probe {
	uint64_t fingerprint[JG_SCOPE_COUNT];
	int64_t issued_at;
	uint8_t scopes; /**< bit per scope to look at; 0: nothing can refuse */
};

/** Hash the query and prefetch what tells whether there is anything to find. NULL table: nothing to look at. Any
 * thread. */
void jg_cut_offs_probe(const struct jg_cut_offs *cut_offs, const struct jg_cut_off_query *query,
	struct jg_cut_off_probe *probe);

/** Prefetch what is to be searched for a query made ready in the same burst. It need not be called. */
void jg_cut_offs_fetch(const struct jg_cut_offs *cut_offs, const struct jg_cut_off_probe *probe);

/** jg_cut_offs_check() for a query made ready in the same burst. */
int jg_cut_offs_judge(
	const struct jg_cut_offs *cut_offs, const struct jg_cut_off_probe *probe, int64_t *before);
