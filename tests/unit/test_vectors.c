// SPDX-License-Identifier: BSD-3-Clause
// Every shared vector, alone and in company: verdict, reason and every field.
#include "internal/base.h"
#include "vectors.h"

#include <criterion/criterion.h>

static struct jg_verifier *new_verifier(const char *engine)
{
	struct jg_error err = {0};
	struct jg_verifier_options options = {.mac_engine = engine, .seed = 7};
	struct jg_verifier *verifier = jg_verifier_new(&options, &err);
	cr_assert_not_null(verifier, "%s", err.text);
	return verifier;
}

static void judge(struct jg_verifier *verifier, const struct vector *v, struct jg_verdict *verdict)
{
	jg_verify_burst(verifier, v->snapshot, v->now, &v->request, verdict, 1);
}

// Judge a file's vectors one by one; every difference is told, then the test fails.
static void check_file(const char *file, size_t expected)
{
	struct jg_verifier *verifier = new_verifier("ref");
	json_t *lines = vectors_load(file), *line;
	size_t i, bad = 0;
	cr_assert_eq(json_array_size(lines), expected);
	json_array_foreach(lines, i, line)
	{
		struct vector v = vector_of(line);
		struct jg_verdict verdict;
		judge(verifier, &v, &verdict);
		const char *found = vector_compare(&v, &verdict);
		bad += found != NULL;
		if (found != NULL)
			cr_log_error("%s: %s", v.name, found);
		vector_fini(&v);
	}
	json_decref(lines);
	jg_verifier_free(verifier);
	cr_assert_eq(bad, 0, "%zu of %zu vectors of %s differ", bad, expected, file);
}

Test(vectors, livekit_tokens_get_the_expected_verdicts)
{
	check_file("livekit", 180);
}

Test(vectors, stream_tokens_get_the_expected_verdicts)
{
	check_file("stream", 93);
}

Test(vectors, opentok_tokens_get_the_expected_verdicts)
{
	check_file("opentok", 125);
}

Test(vectors, vonage_tokens_get_the_expected_verdicts)
{
	check_file("vonage", 53);
}

Test(vectors, agora_tokens_get_the_expected_verdicts)
{
	check_file("agora", 133);
}

Test(vectors, policies_change_verdicts_as_expected)
{
	check_file("policy", 57);
}

static const char *const files[] = {"livekit", "stream", "opentok", "vonage", "agora", "policy"};

// Reasons that no token provokes, and the end-to-end test that does.
static const struct {
	uint8_t reason;
	char test[32];
} elsewhere[] = {{JG_REASON_OVERLOADED, "tests/e2e/overload.sh"}};

Test(vectors, every_reason_is_provoked_by_a_vector)
{
	bool seen[JG_REASON_COUNT] = {[JG_REASON_OK] = true};
	for (size_t i = 0; i < JG_ARRAY_SIZE(elsewhere); i++)
		seen[elsewhere[i].reason] = true;
	for (size_t f = 0; f < JG_ARRAY_SIZE(files); f++) {
		json_t *lines = vectors_load(files[f]), *line;
		size_t i;
		json_array_foreach(lines, i, line)
		{
			const json_t *expect = json_object_get(line, "expect");
			const char *name = json_string_value(json_object_get(expect, "reason"));
			for (unsigned r = 0; name != NULL && r < JG_REASON_COUNT; r++)
				seen[r] |= strcmp(name, jg_reason_name(r)) == 0;
		}
		json_decref(lines);
	}
	for (unsigned r = 0; r < JG_REASON_COUNT; r++)
		cr_expect(seen[r], "no vector is refused as %s", jg_reason_name(r));
}
