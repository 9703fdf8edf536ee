// SPDX-License-Identifier: BSD-3-Clause
// Tokens that are refused, for each reason.
#include "apps.h"

#include <stdio.h>

// Another app than the token's turn, by its place behind the plan's own.
static uint32_t use_app(
	const struct bench_plan *plan, unsigned more, struct jg_mint *ask, char *text)
{
	ask->app = (struct jg_str){text, bench_app_key(plan->vendor, plan->apps + more, text)};
	return 40;
}

uint32_t bench_spoil_ask(
	const struct bench_plan *plan, unsigned number, struct jg_mint *ask, char *text)
{
	switch (plan->bad_reason) {
	case JG_REASON_UNKNOWN_KEY:
		return use_app(plan, BENCH_APP_UNKNOWN, ask, text);
	case JG_REASON_LIFETIME:
		return use_app(plan, BENCH_APP_SHORT_LIVES, ask, text);
	case JG_REASON_NOT_PERMITTED:
		return use_app(plan, BENCH_APP_DENIED, ask, text);
	case JG_REASON_EXPIRED:
		ask->not_before = BENCH_NOW - 7200;
		ask->expires_at = BENCH_NOW - 3600;
		return 0;
	case JG_REASON_NOT_YET_VALID:
		ask->not_before = BENCH_NOW + 3600;
		return 0;
	case JG_REASON_BAD_CLAIM:
		ask->claims = JG_STR("{\"name\":5}");
		return 0;
	case JG_REASON_MISSING_CLAIM:
		ask->claims = JG_STR("{\"exp\":null}");
		return 0;
	case JG_REASON_NO_JOIN:
		ask->claims = JG_STR("{\"video\":{\"roomList\":true}}");
		return 0;
	case JG_REASON_REVOKED:
		ask->identity = bench_user(BENCH_REVOKED_USERS + number, text);
		return 24;
	default:
		return 0;
	}
}

void bench_spoil_token(
	const struct bench_plan *plan, struct jg_request *request, char *token, char *text)
{
	uint32_t len = request->token.len;
	uint32_t payload = (uint32_t)((char *)memchr(token, '.', len) - token) + 1;
	uint32_t end = len - 44; // of the payload
	switch (plan->bad_reason) {
	case JG_REASON_TOO_LONG:
		request->token.len = JG_TOKEN_MAX + 1;
		break;
	case JG_REASON_MALFORMED:
		token[payload - 1] = 'A';
		break;
	case JG_REASON_BAD_ENCODING:
		token[(payload + end) / 2] = '!';
		break;
	case JG_REASON_BAD_JSON: // three quotes near the end
		memcpy(token + payload + (end - payload) / 4 * 4 - 4, "IiIi", 4);
		break;
	case JG_REASON_BAD_ALG: // HS384
		memcpy(token, "eyJhbGciOiJIUzM4NCJ9", 20);
		break;
	case JG_REASON_BAD_SIGNATURE:
		token[len - 20] = token[len - 20] == 'A' ? 'B' : 'A';
		break;
	case JG_REASON_DEV_TOKEN:
		memcpy(token + end + 1, "devtoken", 8);
		request->token.len = end + 9;
		break;
	case JG_REASON_ROOM_MISMATCH:
		request->room = (struct jg_str){text, request->room.len};
		memset(text, 'x', request->room.len);
		break;
	case JG_REASON_IDENTITY_MISMATCH:
		request->identity = JG_STR("somebody-else");
		break;
	default:
		break;
	}
}
