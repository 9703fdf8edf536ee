// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Agora's AccessToken2 (007: base64 of zlib of binary content) and AccessToken (006). Integers are
 * little-endian; strings and maps carry 16-bit counts.
 */

#include "base64.h"
#include "cursor.h"

#include <joingate/reason.h>

struct jg_inflater;
struct jg_mac_key;

/** Inflated content of a 007 token, at most. */
#define JG_AGORA_CONTENT_MAX 16384
/** A token is over so many seconds after its issue, whatever it says. */
#define JG_AGORA_LIFE_MAX 86400
/** Text before the base64 of a 006 token: version and App ID. */
#define JG_AGORA_006_HEAD 35

enum jg_agora_service_type {
	JG_AGORA_RTC = 1,
	JG_AGORA_RTM = 2,
	JG_AGORA_STREAMING = 3,
	JG_AGORA_FPA = 4,
	JG_AGORA_CHAT = 5,
	JG_AGORA_FCDN = 6,
	JG_AGORA_APAAS = 7,
	JG_AGORA_RTM2 = 8,
	JG_AGORA_CONVO_AI = 9,
	JG_AGORA_STT = 10,
	JG_AGORA_SERVICE_COUNT
};

struct jg_agora_privilege {
	uint16_t key;
	uint32_t value; /**< 007: seconds after issue; 006: absolute; 0: no end of its own */
};

/** One service of a 007 token. */
struct jg_agora_service {
	uint16_t type;
	struct jg_cursor privileges; /**< for jg_agora_privilege_next() */
	struct jg_str channel; /**< RTC, streaming, FCDN; aPaaS: room; p == NULL: none */
	struct jg_str account; /**< the user's id; p == NULL: none */
	struct jg_str permissions; /**< RTM2: raw; p == NULL: none */
};

struct jg_agora {
	struct jg_str app_id;
	struct jg_str signature; /**< any length */
	struct jg_str message; /**< signed bytes; 006: without what is not in the token */
	uint32_t issued_at; /**< 007 */
	uint32_t expire; /**< 007: seconds after issue */
	uint32_t salt;
	uint32_t ends_at; /**< 006: absolute */
	uint32_t crc_channel; /**< 006 */
	uint32_t crc_uid; /**< 006 */
	struct jg_cursor services; /**< 007: for jg_agora_service_next() */
	uint16_t services_n; /**< 007: as written */
	struct jg_cursor privileges; /**< 006 */
	struct jg_mac_key *key; /**< 007: room for the signature's key; the parser leaves NULL */
};

/** What the parsers unpack with. */
struct jg_agora_tools {
	jg_base64_decode_fn *decode;
	struct jg_inflater *inflater; /**< 007 */
};

/** Scratch bytes that the parsers need for a token of n characters. */
#define JG_AGORA_SCRATCH(n) (JG_BASE64_DECODED(n) + JG_AGORA_CONTENT_MAX)

/**
 * Take a token apart, every service to its end. An unknown service type ends the list; bytes after
 * the last service are malformed.
 *
 * @param scratch JG_AGORA_SCRATCH(token.len) bytes; agora points into it
 * @return OK, MALFORMED or BAD_ENCODING
 */
JG_MUST_CHECK enum jg_reason jg_agora_parse_007(struct jg_str token,
	const struct jg_agora_tools *tools, uint8_t *scratch, struct jg_agora *agora);

/** The same for 006; scratch needs no room for inflated content. */
JG_MUST_CHECK enum jg_reason jg_agora_parse_006(struct jg_str token,
	const struct jg_agora_tools *tools, uint8_t *scratch, struct jg_agora *agora);

/** Read the next of n services; false at the end, at an unknown type or at a broken one (then
 * services->failed). */
bool jg_agora_service_next(
	struct jg_cursor *services, uint16_t *left, struct jg_agora_service *service);

/** Read the next privilege of a map that was found whole; false at its end. */
bool jg_agora_privilege_next(struct jg_cursor *privileges, struct jg_agora_privilege *privilege);

/** A map of privileges: its count and the bytes of its entries. */
struct jg_cursor jg_agora_privileges(struct jg_cursor *c);

/** Are these the permissions of one RTM2 service, whole and nothing behind them? */
bool jg_agora_permissions_whole(struct jg_str permissions);

/** Wildcard match of a token's text with the request's: '*' is any run, the rest is literal. */
bool jg_agora_match(struct jg_str pattern, struct jg_str text);
