// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** LiveKit tokens of any content, signed with the portable MAC. */

#include "internal/mac.h"

#include <joingate/snapshot.h>

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#define TOKEN_KEY "APIq7Rk2ZtVw9LmX"
#define TOKEN_SECRET "a secret of no particular length"

static inline size_t token_base64url(const void *bytes, size_t n, char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *p = bytes;
	size_t len = 0;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;
		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		size_t digits = i + 2 < n ? 4 : i + 1 < n ? 3 : 2;
		for (size_t d = 0; d < digits; d++)
			out[len++] = alphabet[v >> (18 - 6 * d) & 63];
	}
	return len;
}

/** Header and payload as a JWT, signed. */
static inline struct jg_str token_sign(const char *header, const char *payload, char *out)
{
	struct jg_error err;
	struct jg_mac *mac = jg_mac_new("ref", &err);
	struct jg_mac_key key;

	size_t len = token_base64url(header, strlen(header), out);
	out[len++] = '.';
	len += token_base64url(payload, strlen(payload), out + len);
	jg_mac_key_init(&key, JG_MAC_SHA256, TOKEN_SECRET, sizeof(TOKEN_SECRET) - 1);
	struct jg_mac_job job = {.message = (uint8_t *)out, .key = &key, .len = (uint32_t)len};
	cr_assert_not_null(mac);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	jg_mac_free(mac);
	out[len++] = '.';
	len += token_base64url(job.digest, 32, out + len);
	return (struct jg_str){out, (uint32_t)len};
}

/** A token that may join room "r" as "u" and never seems to expire; metadata fills it up. */
static inline struct jg_str token_join(size_t metadata, char *out)
{
	static char payload[20000];
	int n = snprintf(payload, sizeof(payload),
		"{\"iss\":\"" TOKEN_KEY "\",\"sub\":\"u\",\"exp\":4000000000,"
		"\"video\":{\"room\":\"r\",\"roomJoin\":true},\"metadata\":\"");

	memset(payload + n, 'm', metadata);
	memcpy(payload + n + metadata, "\"}", 3);
	return token_sign("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", payload, out);
}

/** A builder with the app of these tokens. */
static inline struct jg_snapshot_builder *token_apps(void)
{
	struct jg_secret secret = {.id = {"a", 1},
		.secret = JG_STR(TOKEN_SECRET),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	struct jg_app app = {.key = JG_STR(TOKEN_KEY),
		.secrets = &secret,
		.secrets_n = 1,
		.vendor = JG_VENDOR_LIVEKIT,
		.policy = jg_policy_default()};

	app.policy.refresh = true;
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	struct jg_error err = {.text = ""};

	cr_assert_not_null(builder);
	cr_assert_eq(jg_snapshot_builder_add(builder, &app, &err), 0, "%s", err.text);
	return builder;
}
