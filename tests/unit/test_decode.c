// SPDX-License-Identifier: BSD-3-Clause
#include "decode.h"

#include <joingate/vendor.h>

#include <criterion/criterion.h>

#include <stdlib.h>

static void decode(struct jg_str token, struct decoded *decoded, struct text *out)
{
	// A copy of its own size, so that ASan sees its end.
	char *copy = malloc(token.len > 0 ? token.len : 1);
	cr_assert_not_null(copy);
	memcpy(copy, token.p, token.len);
	*out = (struct text){0};
	decode_token((struct jg_str){copy, token.len}, decoded, out);
	text_add(out, "", 1);
	free(copy);
}

Test(decode, a_jwt_is_shown_claim_by_claim)
{
	struct decoded decoded;
	struct text out;
	// {"alg":"HS256"} {"iss":"k","exp":1800000000}
	decode(JG_STR("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIiwiZXhwIjoxODAwMDAwMDAwfQ.abc"), &decoded,
		&out);
	cr_expect_eq(decoded.format, JG_FORMAT_JWT_HS256);
	cr_expect_eq(decoded.vendor, JG_VENDOR_LIVEKIT);
	cr_expect_str_eq(decoded.app, "k");
	cr_expect_null(decoded.broken);
	cr_expect_not_null(strstr(out.p, "\"exp\": 1800000000  (2027-01-15 08:00:00 UTC)\n"));
	text_fini(&out);
}

Test(decode, t1_is_shown_field_by_field)
{
	struct decoded decoded;
	struct text out;
	// partner_id=7&sig=x:role=a
	decode(JG_STR("T1==cGFydG5lcl9pZD03JnNpZz14OnJvbGU9YQ=="), &decoded, &out);
	cr_expect_eq(decoded.format, JG_FORMAT_T1);
	cr_expect_str_eq(decoded.app, "7");
	cr_expect_str_eq(out.p, "fields\n  \"partner_id=7\"\n  \"sig=x\"\n  \"role=a\"\n");
	text_fini(&out);
}

Test(decode, broken_tokens_say_where_reading_ended)
{
	static const char *const tokens[] = {"", "x", "0", "00", "007", "007!", "007AAAA", "006",
		"006AAAA", "0063f1c9a7e5b2d4860a1b2c3d4e5f60718", "T1==\x01", "a", "!.b.c", "..",
		".", "e30.e30", "W10.W10.x"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(tokens); i++) {
		struct decoded decoded;
		struct text out;
		decode((struct jg_str){tokens[i], (uint32_t)strlen(tokens[i])}, &decoded, &out);
		cr_expect(decoded.broken != NULL || strcmp(tokens[i], "e30.e30") == 0, "%s",
			tokens[i]);
		text_fini(&out);
	}
}

Test(decode, a_token_of_any_length_is_read_within_its_end)
{
	static const char token[] =
		"007eJxTYNBWf3yQRbYjcYnpzhMf73Oo7npiF1V+VSS78kxLlkvd9WsKDMZphsmWieappklGKSYWZgaJ";
	static const char six[] = "0063f1c9a7e5b2d4860a1b2c3d4e5f60718IACfirPbvHGRBPGGw/"
				  "roexvgadMzHnBX/wqxsDbwmZy3paDf"
				  "QtaIsCQyEABw7nYAgCNLawEAAQAAAAAA";
	for (uint32_t len = 0; len < sizeof(six); len++) {
		struct decoded decoded;
		struct text out;
		decode((struct jg_str){six, len}, &decoded, &out);
		text_fini(&out);
		decode((struct jg_str){token, len < sizeof(token) ? len : 0}, &decoded, &out);
		text_fini(&out);
	}
}
