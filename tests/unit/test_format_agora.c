// SPDX-License-Identifier: BSD-3-Clause
#include "format_agora.h"

#include <criterion/criterion.h>

static void hmac(
	const void *key, size_t key_len, const void *message, uint32_t len, uint8_t out[32])
{
	struct jg_mac_key states;
	struct jg_error err;
	struct jg_mac *mac = jg_mac_new("ref", &err);
	cr_assert_not_null(mac);
	jg_mac_key_init(&states, JG_MAC_SHA256, key, key_len);
	struct jg_mac_job job = {.message = message, .key = &states, .len = len};
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	memcpy(out, job.digest, 32);
	jg_mac_free(mac);
}

static void chain(
	struct jg_str certificate, uint32_t issued_at, uint32_t salt, struct jg_mac_key *key)
{
	uint8_t number[4], k1[32], k2[32];
	for (unsigned i = 0; i < 4; i++)
		number[i] = (uint8_t)(issued_at >> (8 * i));
	hmac(number, 4, certificate.p, certificate.len, k1);
	for (unsigned i = 0; i < 4; i++)
		number[i] = (uint8_t)(salt >> (8 * i));
	hmac(number, 4, k1, 32, k2);
	jg_mac_key_init(key, JG_MAC_SHA256, k2, 32);
}

Test(format_agora, keys_of_a_batch_equal_those_made_one_by_one)
{
	static struct jg_mac_key keys[JG_AGORA_LANES], expected;
	struct jg_agora_key_job jobs[JG_AGORA_LANES];
	const char certificate[] = "9e8d7c6b5a493827160f1e2d3c4b5a69";
	for (const char *const *engine = jg_mac_engines(); *engine != NULL; engine++) {
		struct jg_error err;
		struct jg_mac *mac = jg_mac_new(*engine, &err);
		cr_assert_not_null(mac);
		for (unsigned n = 0; n <= JG_AGORA_LANES; n += n < 5 ? 1 : 59) {
			for (unsigned i = 0; i < n; i++)
				jobs[i] = (struct jg_agora_key_job){{certificate, 32 - i % 3},
					1800000000 + i, 0x9e3779b9u * i, &keys[i]};
			jg_agora_keys_burst(mac, jobs, n);
			for (unsigned i = 0; i < n; i++) {
				chain(jobs[i].certificate, jobs[i].issued_at, jobs[i].salt,
					&expected);
				cr_assert_eq(memcmp(&keys[i], &expected, sizeof(expected)), 0,
					"%s, %u of %u", *engine, i, n);
			}
		}
		jg_mac_free(mac);
	}
}

Test(format_agora, a_006_token_is_read_beside_channel_and_uid)
{
	struct jg_request rtc = {.room = JG_STR("room"), .identity = JG_STR("42")};
	struct jg_request rtm = {.service = JG_SERVICE_RTM, .identity = JG_STR("ann")};
	struct jg_agora named = {.crc_uid = 1}, anybody = {.crc_uid = 0};
	struct jg_str channel, uid;
	jg_agora_006_beside(&rtc, &named, &channel, &uid);
	cr_assert(jg_str_eq(channel, JG_STR("room")) && jg_str_eq(uid, JG_STR("42")));
	jg_agora_006_beside(&rtc, &anybody, &channel, &uid);
	cr_assert(jg_str_eq(channel, JG_STR("room")) && uid.len == 0);
	jg_agora_006_beside(&rtm, &named, &channel, &uid);
	cr_assert(jg_str_eq(channel, JG_STR("ann")) && uid.len == 0);
}
