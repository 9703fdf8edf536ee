// SPDX-License-Identifier: BSD-3-Clause
#include "locked.h"
#include "record.h"
#include "seal.h"

#include <criterion/criterion.h>

#define KEY "not-a-fleet-key-not-a-fleet-key-not-a-fleet-key"

static struct jg_error err;

static struct jg_str str(const char *text)
{
	return (struct jg_str){text, (uint32_t)strlen(text)};
}

Test(seal, what_was_sealed_is_opened_with_its_generation)
{
	struct jg_seal *seal = jg_seal_new(JG_STR(KEY), &err);
	char *sealed = jg_seal_text(seal, "app/livekit/a", 7, JG_STR("{\"secret\":\"hush\"}"));
	cr_assert_not_null(sealed);
	cr_assert_null(strstr(sealed, "hush"));
	int64_t generation;
	char *text;
	cr_assert(jg_seal_open(seal, "app/livekit/a", str(sealed), &generation, &text));
	cr_assert_eq(generation, 7);
	cr_assert_str_eq(text, "{\"secret\":\"hush\"}");
	jg_locked_free(text);
	jg_text_free(sealed);
	jg_seal_free(seal);
}

Test(seal, another_path_generation_or_key_does_not_open_it)
{
	struct jg_seal *seal = jg_seal_new(JG_STR(KEY), &err);
	struct jg_seal *other = jg_seal_new(JG_STR(KEY "2"), &err);
	char *sealed = jg_seal_text(seal, "app/livekit/a", 7, JG_STR("x"));
	int64_t generation;
	char *text;
	cr_assert_not(jg_seal_open(seal, "app/livekit/b", str(sealed), &generation, &text));
	cr_assert_not(jg_seal_open(other, "app/livekit/a", str(sealed), &generation, &text));
	char *digit = strchr(sealed, '7');
	cr_assert_not_null(digit);
	*digit = '8';
	cr_assert_not(jg_seal_open(seal, "app/livekit/a", str(sealed), &generation, &text));
	cr_assert_null(text);
	jg_text_free(sealed);
	jg_seal_free(seal);
	jg_seal_free(other);
}

Test(seal, no_flipped_bit_opens)
{
	struct jg_seal *seal = jg_seal_new(JG_STR(KEY), &err);
	char *sealed = jg_seal_text(seal, "p", 1, JG_STR("text"));
	json_t *json = json_loads(sealed, 0, NULL);
	size_t len;
	char *bytes = jg_unbase64(jg_str_of(json_object_get(json, "sealed")), &len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		int64_t generation;
		char *text;
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		char *base64 = jg_base64(bytes, len);
		(void)json_object_set_new(json, "sealed", json_string(base64));
		char *changed = jg_text_of(json);
		cr_assert_not(jg_seal_open(seal, "p", str(changed), &generation, &text));
		jg_text_free(changed);
		jg_locked_free(base64);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
	}
	jg_locked_free(bytes);
	json_decref(json);
	jg_text_free(sealed);
	jg_seal_free(seal);
}

Test(seal, nonsense_is_refused)
{
	struct jg_seal *seal = jg_seal_new(JG_STR(KEY), &err);
	static const char *const texts[] = {"", "x", "{}", "[]", "{\"sealed\":7}",
		"{\"generation\":1,\"sealed\":\"\"}", "{\"generation\":1,\"sealed\":\"AAAA\"}",
		"{\"generation\":1,\"sealed\":\"not base64!\"}"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		int64_t generation;
		char *text;
		cr_assert_not(jg_seal_open(seal, "p", str(texts[i]), &generation, &text));
	}
	jg_seal_free(seal);
}

Test(seal, a_short_fleet_key_is_refused_with_a_way_to_make_one)
{
	cr_assert_null(jg_seal_new(JG_STR("short"), &err));
	cr_assert_not_null(strstr(err.text, "/dev/urandom"));
}
