// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Apps of every vendor, a minter, a verifier, and made-up tokens to ask for. */

#include "internal/base.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>

#define NOW INT64_C(1800000000)
#define SESSION "1_MX40NzMwMTEyMn4xMjcuMC4wLjF-VGh1IEphbiAxNCAyMDI3IDA4OjAxOjAwfjAuNDgyOTEzMX4"
#define AGORA_APP "3f1c9a7e5b2d4860a1b2c3d4e5f60718"
#define TOKEN_SIZE 8192

struct world {
	struct jg_cut_offs *cut_offs;
	struct jg_snapshot *snapshot;
	struct jg_minter *minter;
	struct jg_verifier *verifier;
	char token[JG_BURST_MAX][TOKEN_SIZE];
	struct jg_minted minted[JG_BURST_MAX];
	struct jg_request requests[JG_BURST_MAX];
	struct jg_verdict verdicts[JG_BURST_MAX];
	/** What was asked for; its strings are in text. */
	struct jg_mint asks[JG_BURST_MAX];
	struct jg_capability_expiry expires[JG_BURST_MAX][2];
	char text[1 << 20];
	size_t text_used;
	uint64_t random;
};

/** Key of the world's app of a vendor; two secrets, "a" active and "b" verify-only. */
struct jg_str world_app(unsigned vendor);

/** The policy of every app allows refreshes and Stream's development tokens. */
struct world *world_new(uint64_t seed, const struct jg_policy *policy);
void world_free(struct world *w);

/** From now on there is one app of this vendor (not Vonage), and its secret "b" has this status. */
void world_rotate(
	struct world *w, unsigned vendor, uint8_t status_b, const struct jg_policy *policy);

/** The same, but the app has this key, and secret "b" stays verify-only. */
void world_rename(
	struct world *w, unsigned vendor, struct jg_str key, const struct jg_policy *policy);

/** 0..n-1 */
uint32_t world_random(struct world *w, uint32_t n);
/** So many random characters, of all lengths of UTF-8 when not plain. */
struct jg_str world_text(struct world *w, uint32_t characters, bool plain);

/** An ask with nothing in it but the app and an hour to live. */
struct jg_mint world_ask(unsigned vendor, unsigned format);

/** Mint the first n asks and judge what came out. Fails the test when minting fails. */
void world_round_trip(struct world *w, unsigned n);

/** The payload's text of a JWT, by a decoder of the tests' own, into payload (TOKEN_SIZE bytes). */
struct jg_str world_payload(const struct jg_minted *minted, char *payload);

/** A JWT of this payload, byte for byte, signed with secret "a". Returns its length. */
uint32_t world_sign_hs256(const char *payload, size_t n, char *token, size_t size);
