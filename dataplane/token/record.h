// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One token of a burst on its way through the stages of verify.c. Private to dataplane/token. */

#include "internal/base.h"
#include "internal/mac.h"
#include "state.h"

#include <joingate/verify.h>

/** JSON types, and where the value stands. Numbers and strings: the raw text without quotes. */
enum jg_json_type {
	JG_JSON_NONE = 0, /**< absent */
	JG_JSON_NULL,
	JG_JSON_FALSE,
	JG_JSON_TRUE,
	JG_JSON_NUMBER,
	JG_JSON_STRING,
	JG_JSON_OBJECT, /**< text from '{' to '}' */
	JG_JSON_ARRAY, /**< text from '[' to ']' */
};

/** A known member's value; its text is syntactically valid JSON by then. */
struct jg_claim {
	uint32_t start; /**< offset in the decoded payload */
	uint32_t len;
	uint8_t type; /**< enum jg_json_type */
	bool escaped; /**< string with backslashes: decode before use */
};

#define JG_CLAIMS_MAX 64

/** Known members of one JSON text, by slot number of the vendor's schema. */
struct jg_claims {
	uint64_t present; /**< bit per slot; the others are garbage */
	uint8_t *text; /**< decoded payload, writable scratch of the verifier */
	uint32_t len;
	struct jg_claim slot[JG_CLAIMS_MAX];
};

/** What T1 and Agora parsers yield live in their own headers: t1.h, agora.h. */
struct jg_t1;
struct jg_agora;

struct jg_record {
	const struct jg_request *request;
	struct jg_verdict *verdict; /**< verdict->reason != OK: this record is out */
	const struct jg_app_entry *app;
	const struct jg_key *key; /**< that fitted */
	uint64_t app_hash;
	struct jg_str message; /**< signed bytes */
	uint8_t signature[32]; /**< HMAC formats: decoded */
	struct jg_str rsa_signature; /**< RS256: decoded, in scratch */
	union {
		struct jg_claims *claims; /**< JWT */
		struct jg_t1 *t1;
		struct jg_agora *agora;
	};
	uint16_t next_key; /**< of app->keys, for the rounds after the first */
	uint8_t format; /**< enum jg_format */
	bool dev_token; /**< Stream: unsigned development token */
	bool refused_late; /**< a cheap check found a reason that ranks after the signature's */
};
