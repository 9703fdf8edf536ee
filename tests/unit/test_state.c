// SPDX-License-Identifier: BSD-3-Clause
#include "state.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#define SECRET "not-a-secret-not-a-secret-not-a-secret"
#define APP(key)                                 \
	"{\"vendor\":\"livekit\",\"key\":\"" key \
	"\",\"secrets\":[{\"id\":\"a\",\"secret\":\"" SECRET "\"}]}"

static struct jg_error err;

static struct jg_record record(const char *path, const char *value)
{
	struct jg_record r = {.path = {path, (uint32_t)strlen(path)}, .revision = 1};
	if (value != NULL)
		r.value = (struct jg_str){value, (uint32_t)strlen(value)};
	return r;
}

static struct jg_state *fresh(void)
{
	struct jg_state *state = jg_state_new(&err);
	cr_assert_not_null(state);
	return state;
}

Test(state, a_record_is_found_replaced_and_removed)
{
	struct jg_state *state = fresh();
	struct jg_record r = record("app/livekit/a", APP("a"));
	cr_assert_eq(jg_state_apply(state, &r, &err), 0, "%s", err.text);
	r.revision = 2;
	cr_assert_eq(jg_state_apply(state, &r, &err), 0);
	struct jg_state_app found;
	cr_assert(jg_state_find(state, JG_VENDOR_LIVEKIT, JG_STR("a"), &found));
	cr_assert_eq(found.revision, 2);
	cr_assert_eq(jg_state_apps_count(state), 1);
	cr_assert_not(jg_state_find(state, JG_VENDOR_STREAM, JG_STR("a"), &found));
	r = record("app/livekit/a", NULL);
	cr_assert_eq(jg_state_apply(state, &r, &err), 0);
	cr_assert_eq(jg_state_apply(state, &r, &err), 0, "twice is no harm");
	cr_assert_eq(jg_state_apps_count(state), 0);
	jg_state_free(state);
}

Test(state, an_app_keeps_its_index_for_counters)
{
	struct jg_state *state = fresh();
	struct jg_record a = record("app/livekit/a", APP("a"));
	struct jg_record b = record("app/livekit/b", APP("b"));
	cr_assert_eq(jg_state_apply(state, &a, &err), 0);
	cr_assert_eq(jg_state_apply(state, &b, &err), 0);
	cr_assert_eq(jg_state_apply(state, &a, &err), 0);
	struct jg_state_app found;
	cr_assert(jg_state_find(state, JG_VENDOR_LIVEKIT, JG_STR("a"), &found));
	cr_assert_eq(found.index, 0);
	cr_assert(jg_state_find(state, JG_VENDOR_LIVEKIT, JG_STR("b"), &found));
	cr_assert_eq(found.index, 1);
	jg_state_free(state);
}

Test(state, a_record_at_the_path_of_another_is_refused)
{
	struct jg_state *state = fresh();
	struct jg_record r = record("app/livekit/b", APP("a"));
	cr_assert_eq(jg_state_apply(state, &r, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "belongs at app/livekit/a"));
	r = record("override/livekit/a/r/x",
		"{\"vendor\":\"livekit\",\"app\":\"a\",\"room\":\"r\",\"identity\":\"y\","
		"\"name\":\"n\"}");
	cr_assert_eq(jg_state_apply(state, &r, &err), -EINVAL);
	jg_state_free(state);
}

Test(state, broken_records_are_refused_and_leave_the_old_in_place)
{
	struct jg_state *state = fresh();
	struct jg_record good = record("app/livekit/a", APP("a"));
	cr_assert_eq(jg_state_apply(state, &good, &err), 0);
	static const char *const broken[] = {"", "x", "[]", "{}", "{\"vendor\":\"livekit\"}",
		"{\"vendor\":\"livekit\",\"key\":\"a\",\"secrets\":[]}"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(broken); i++) {
		struct jg_record r = record("app/livekit/a", broken[i]);
		cr_assert_eq(jg_state_apply(state, &r, &err), -EINVAL, "%zu", i);
		cr_assert_eq(jg_state_check(&r, &err), -EINVAL);
	}
	struct jg_record strange = record("flag/x", "{}");
	cr_assert_eq(jg_state_apply(state, &strange, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "no kind"));
	cr_assert_eq(jg_state_apps_count(state), 1);
	jg_state_free(state);
}

Test(state, foreign_bytes_in_names_are_escaped_one_to_one)
{
	char path[JG_PATH_MAX];
	char other[JG_PATH_MAX];
	cr_assert(jg_path_override(
		path, JG_VENDOR_LIVEKIT, JG_STR("a/b"), JG_STR(""), JG_STR("x%\n")));
	cr_assert_str_eq(path, "override/livekit/a%2Fb//x%25%0A");
	cr_assert(jg_path_override(
		other, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("b/"), JG_STR("x%\n")));
	cr_assert_str_neq(path, other);
	static char longest[1024];
	memset(longest, '/', sizeof(longest));
	const struct jg_str name = {longest, sizeof(longest)};
	cr_assert(jg_path_override(path, JG_VENDOR_LIVEKIT, JG_STR("a"), name, name));
	static char beyond[9000];
	cr_assert_not(
		jg_path_app(path, JG_VENDOR_LIVEKIT, (struct jg_str){beyond, sizeof(beyond)}));
}

Test(state, thousands_of_apps_compile_into_one_snapshot)
{
	struct jg_state *state = fresh();
	for (unsigned i = 0; i < 3000; i++) {
		char path[64];
		char value[256];
		snprintf(path, sizeof(path), "app/livekit/k%u", i);
		snprintf(value, sizeof(value),
			"{\"vendor\":\"livekit\",\"key\":\"k%u\",\"secrets\":[{\"id\":\"a\","
			"\"secret\":\"" SECRET "\"}]}",
			i);
		struct jg_record r = record(path, value);
		cr_assert_eq(jg_state_apply(state, &r, &err), 0);
	}
	cr_assert_eq(jg_state_apps_count(state), 3000);
	const struct jg_config config = {.insecure = true};
	struct jg_gate_state *compiled = jg_state_compile(state, &config, 7, NULL, &err);
	cr_assert_not_null(compiled, "%s", err.text);
	cr_assert_not_null(compiled->snapshot);
	cr_assert_not_null(compiled->front_ends);
	jg_compiled_free(compiled);
	jg_compiled_free(NULL);
	jg_state_free(state);
}

Test(state, cut_offs_are_read_from_json_and_written_back)
{
	static const char *const texts[] = {
		"{\"vendor\":\"stream\",\"app\":\"k\",\"scope\":\"user\",\"user\":\"u\",\"before\":"
		"5}",
		"{\"vendor\":\"agora\",\"app\":\"k\",\"scope\":\"token\",\"token_id\":"
		"\"00112233445566778899aabbccddeeff\",\"before\":null}",
	};
	for (size_t i = 0; i < 2; i++) {
		json_t *json = json_loads(texts[i], 0, NULL);
		struct jg_cut_off c;
		cr_assert(jg_record_cut_off(&c, json, &err), "%s", err.text);
		json_t *back = jg_record_cut_off_json(&c);
		cr_assert(json_equal(json, back));
		json_decref(back);
		json_decref(json);
	}
}

#define TWO(first, second)                                                    \
	"{\"vendor\":\"livekit\",\"key\":\"a\",\"secrets\":[{\"id\":\"" first \
	"\",\"secret\":\"" SECRET "\"},{\"id\":\"" second "\",\"secret\":\"" SECRET "\"}]}"

Test(state, a_secret_keeps_its_place_for_last_uses_while_others_come_and_go)
{
	struct jg_state *state = fresh();
	struct jg_record r = record("app/livekit/a", TWO("x", "y"));
	uint32_t x, y, again;
	int64_t since;
	cr_assert_eq(jg_state_apply(state, &r, &err), 0, "%s", err.text);
	cr_assert(jg_state_secret(state, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("x"), &x, &since));
	cr_assert(jg_state_secret(state, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("y"), &y, &since));
	cr_assert_neq(x, y);
	r = record("app/livekit/a", TWO("z", "y"));
	cr_assert_eq(jg_state_apply(state, &r, &err), 0);
	cr_assert(jg_state_secret(
		state, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("y"), &again, &since));
	cr_assert_eq(again, y);
	cr_assert_not(jg_state_secret(
		state, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("x"), &again, &since));
	cr_assert_not(jg_state_secret(
		state, JG_VENDOR_LIVEKIT, JG_STR("b"), JG_STR("x"), &again, &since));
	for (unsigned i = 0; i < 1000; i++) {
		r = record("app/livekit/a", i % 2 == 0 ? TWO("p", "y") : TWO("q", "y"));
		cr_assert_eq(jg_state_apply(state, &r, &err), 0);
	}
	cr_assert(jg_state_secret(
		state, JG_VENDOR_LIVEKIT, JG_STR("a"), JG_STR("q"), &again, &since));
	cr_assert_lt(again, 5, "places are used again");
	jg_state_free(state);
}
