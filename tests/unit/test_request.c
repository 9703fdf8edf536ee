// SPDX-License-Identifier: BSD-3-Clause
#include "control_harness.h"

static struct harness h;

static void setup(void)
{
	harness_init(&h);
	harness_write(&h, true, HARNESS_APPS);
	harness_start(&h, false);
}

static void teardown(void)
{
	harness_fini(&h);
}

TestSuite(request, .init = setup, .fini = teardown);

static json_int_t status_of(const char *name)
{
	json_t *reply = harness_ask(&h, "{\"command\":\"status\"}");
	json_int_t value = json_integer_value(json_object_get(reply, name));
	json_decref(reply);
	return value;
}

Test(request, a_change_says_when_it_is_durable_and_in_force)
{
	json_t *r = harness_ask(
		&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert(json_is_true(json_object_get(r, "ok")));
	cr_assert(json_is_true(json_object_get(r, "in_force")));
	cr_assert_gt(json_real_value(json_object_get(r, "durable_at")), 0);
	cr_assert_geq(json_real_value(json_object_get(r, "in_force_at")),
		json_real_value(json_object_get(r, "durable_at")));
	const json_t *worker = json_array_get(json_object_get(r, "workers"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(worker, "name")), "worker 0");
	cr_assert_eq(json_integer_value(json_object_get(worker, "lag")), 0);
	json_decref(r);
	cr_assert_eq(status_of("cut_offs"), 1);
}

Test(request, a_stuck_worker_is_named)
{
	h.channel.stuck = true;
	json_t *r = harness_ask(&h,
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\","
		"\"user\":\"john\",\"wait\":0}");
	cr_assert_str_eq(json_string_value(json_object_get(r, "code")), "not_in_force");
	cr_assert_not_null(strstr(json_string_value(json_object_get(r, "error")), "worker 0"));
	cr_assert(json_is_false(json_object_get(r, "in_force")));
	json_decref(r);
}

Test(request, now_is_the_next_full_second_except_for_stream)
{
	json_t *stream =
		harness_ask(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	json_t *livekit =
		harness_ask(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"APItest\"}");
	double at = json_real_value(json_object_get(stream, "durable_at"));
	json_int_t s = json_integer_value(json_object_get(stream, "before"));
	json_int_t l = json_integer_value(json_object_get(livekit, "before"));
	cr_assert_leq((double)s, at);
	cr_assert_gt((double)l, json_real_value(json_object_get(livekit, "durable_at")) - 1);
	cr_assert_gt(l, s);
	json_decref(stream);
	json_decref(livekit);
}

Test(request, every_scope_can_be_revoked_and_undone)
{
	static const char *const subjects[] = {
		"\"scope\":\"app\"",
		"\"scope\":\"user\",\"user\":\"u\"",
		"\"scope\":\"room\",\"room\":\"r\"",
		"\"scope\":\"participant\",\"room\":\"r\",\"user\":\"u\"",
		"\"scope\":\"secret\",\"secret\":\"a\"",
		"\"scope\":\"token\",\"token_id\":\"00112233445566778899aabbccddeeff\"",
	};
	for (size_t i = 0; i < 6; i++) {
		ASK_OK(&h, "{\"command\":\"revoke\",\"app\":\"APItest\",\"before\":5,%s}",
			subjects[i]);
		cr_assert_eq(status_of("cut_offs"), (json_int_t)i + 1);
	}
	for (size_t i = 0; i < 6; i++)
		ASK_OK(&h, "{\"command\":\"unrevoke\",\"app\":\"APItest\",%s}", subjects[i]);
	cr_assert_eq(status_of("cut_offs"), 0);
}

Test(request, a_list_of_users_is_all_or_nothing)
{
	ASK_OK(&h,
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\","
		"\"users\":[\"a\",\"b\",\"c\"]}");
	cr_assert_eq(status_of("cut_offs"), 3);
	ASK_FAILS(&h, "invalid", "users[1]",
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"users\":[\"d\",7]}");
	ASK_FAILS(&h, "invalid", "list of 0",
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"users\":[]}");
	cr_assert_eq(status_of("cut_offs"), 3);
}

Test(request, malformed_revocations_are_refused_in_words)
{
	ASK_FAILS(&h, "invalid", "scope", "{\"command\":\"revoke\",\"app\":\"k\"}");
	ASK_FAILS(&h, "invalid", "scope",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"everything\"}");
	ASK_FAILS(&h, "invalid", "expected user",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"user\"}");
	ASK_FAILS(&h, "invalid", "expected user",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"user\",\"user\":\"\"}");
	ASK_FAILS(&h, "invalid", "32 hex digits",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"token\",\"token_id\":\"xyz\"}");
	ASK_FAILS(&h, "not_found", "no app",
		"{\"command\":\"revoke\",\"app\":\"nobody\",\"scope\":\"app\"}");
	ASK_FAILS(&h, "not_found", "no secret",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"secret\",\"secret\":\"zz\"}");
	ASK_FAILS(&h, "invalid", "vendor is unknown",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"app\",\"vendor\":\"acme\"}");
	static const char *const times[] = {"0", "-1", "4294967295", "\"x\"", "1.5", "true"};
	for (size_t i = 0; i < 6; i++)
		ASK_FAILS(&h, "invalid", "before is not a time",
			"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"app\",\"before\":%s}",
			times[i]);
	cr_assert_eq(status_of("cut_offs"), 0);
	cr_assert_eq(status_of("changes"), 0);
}

Test(request, unknown_commands_and_waits_are_refused)
{
	ASK_FAILS(&h, "invalid", "no command", "{\"command\":\"destroy\"}");
	ASK_FAILS(&h, "invalid", "command is missing", "{}");
	ASK_FAILS(&h, "invalid", "command is missing", "{\"command\":[\"status\"]}");
	ASK_FAILS(&h, "invalid", "wait", "{\"command\":\"status\",\"wait\":61}");
	ASK_FAILS(&h, "invalid", "wait", "{\"command\":\"status\",\"wait\":\"x\"}");
	ASK_FAILS(&h, "invalid", "no app", "{\"command\":\"app\",\"verb\":\"burn\"}");
	ASK_FAILS(&h, "invalid", "limit", "{\"command\":\"audit\",\"limit\":5000}");
	ASK_FAILS(&h, "invalid", "not part of a fleet", "{\"command\":\"node\",\"verb\":\"list\"}");
}

#define NEW_APP                                                                           \
	"{\"vendor\":\"opentok\",\"key\":\"4711\",\"secrets\":[{\"id\":\"x\",\"secret\":" \
	"\"" HARNESS_SECRET "\"}]}"

Test(request, an_app_is_added_shown_set_and_removed)
{
	ASK_OK(&h, "{\"command\":\"app\",\"verb\":\"add\",\"object\":" NEW_APP "}");
	cr_assert_eq(status_of("apps"), 3);
	ASK_FAILS(&h, "exists", "already",
		"{\"command\":\"app\",\"verb\":\"add\",\"object\":" NEW_APP "}");
	json_t *r = harness_ask(&h, "{\"command\":\"app\",\"verb\":\"show\",\"app\":\"4711\"}");
	const json_t *secret =
		json_array_get(json_object_get(json_object_get(r, "object"), "secrets"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(secret, "id")), "x");
	cr_assert(!json_is_string(json_object_get(secret, "secret")));
	json_decref(r);
	ASK_OK(&h,
		"{\"command\":\"app\",\"verb\":\"set\",\"app\":\"4711\","
		"\"object\":{\"policy\":{\"leeway\":30}}}");
	ASK_OK(&h, "{\"command\":\"app\",\"verb\":\"remove\",\"app\":\"4711\"}");
	cr_assert_eq(status_of("apps"), 2);
	ASK_FAILS(&h, "not_found", "no app",
		"{\"command\":\"app\",\"verb\":\"remove\",\"app\":\"4711\"}");
}

Test(request, a_bad_app_changes_nothing)
{
	ASK_FAILS(&h, "invalid", "object", "{\"command\":\"app\",\"verb\":\"add\"}");
	ASK_FAILS(&h, "invalid", "secrets",
		"{\"command\":\"app\",\"verb\":\"add\",\"object\":{\"vendor\":\"livekit\","
		"\"key\":\"b\"}}");
	ASK_FAILS(&h, "invalid", "names files",
		"{\"command\":\"app\",\"verb\":\"add\",\"object\":{\"vendor\":\"livekit\","
		"\"key\":\"b\",\"secrets\":[{\"id\":\"a\",\"secret_file\":\"/etc/shadow\"}]}}");
	ASK_FAILS(&h, "invalid", "leeway",
		"{\"command\":\"app\",\"verb\":\"set\",\"app\":\"k\",\"object\":{\"policy\":"
		"{\"leeway\":301}}}");
	ASK_FAILS(&h, "invalid", "nothing to set",
		"{\"command\":\"app\",\"verb\":\"set\",\"app\":\"k\",\"object\":{}}");
	ASK_FAILS(&h, "invalid", "",
		"{\"command\":\"app\",\"verb\":\"add\",\"object\":{\"vendor\":\"vonage\","
		"\"key\":\"b\",\"secrets\":[{\"id\":\"a\",\"public_key\":\"no pem\"}]}}");
	cr_assert_eq(status_of("apps"), 2);
	cr_assert_eq(status_of("changes"), 0);
}

static void secret_status(const char *expected)
{
	json_t *r =
		harness_ask(&h, "{\"command\":\"rotate\",\"verb\":\"show\",\"app\":\"APItest\"}");
	char text[256] = "";
	size_t i;
	json_t *secret;
	json_array_foreach(json_object_get(r, "secrets"), i, secret)
	{
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s=%s ",
			json_string_value(json_object_get(secret, "id")),
			json_string_value(json_object_get(secret, "status")));
	}
	json_decref(r);
	cr_assert_str_eq(text, expected);
}

Test(request, a_secret_is_rotated_step_by_step)
{
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"add\",\"app\":\"APItest\",\"secret_id\":"
		"\"b\",\"secret\":\"" HARNESS_SECRET "2\"}");
	secret_status("a=active b=verify-only ");
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"promote\",\"app\":\"APItest\","
		"\"secret_id\":\"b\"}");
	secret_status("b=active a=verify-only ");
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"retire\",\"app\":\"APItest\","
		"\"secret_id\":\"a\"}");
	secret_status("b=active a=retired ");
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"remove\",\"app\":\"APItest\","
		"\"secret_id\":\"a\"}");
	secret_status("b=active ");
}

Test(request, a_rotation_out_of_step_is_refused)
{
	ASK_FAILS(&h, "conflict", "only active",
		"{\"command\":\"rotate\",\"verb\":\"retire\",\"app\":\"APItest\",\"secret_id\":"
		"\"a\"}");
	ASK_FAILS(&h, "conflict", "retire it first",
		"{\"command\":\"rotate\",\"verb\":\"remove\",\"app\":\"APItest\",\"secret_id\":"
		"\"a\"}");
	ASK_FAILS(&h, "exists", "already",
		"{\"command\":\"rotate\",\"verb\":\"add\",\"app\":\"APItest\",\"secret_id\":\"a\","
		"\"secret\":\"x\"}");
	ASK_FAILS(&h, "not_found", "no secret",
		"{\"command\":\"rotate\",\"verb\":\"promote\",\"app\":\"APItest\",\"secret_id\":"
		"\"q\"}");
	ASK_FAILS(&h, "invalid", "",
		"{\"command\":\"rotate\",\"verb\":\"add\",\"app\":\"APItest\",\"secret_id\":"
		"\"b\"}");
	ASK_FAILS(&h, "invalid", "no rotate",
		"{\"command\":\"rotate\",\"verb\":\"spin\",\"app\":\"APItest\",\"secret_id\":"
		"\"a\"}");
	secret_status("a=active ");
}

Test(request, a_policy_diff_changes_nothing_and_set_does)
{
	static const char wanted[] =
		"\"app\":\"k\",\"policy\":{\"leeway\":30,\"deny\":[\"signal\"]}}";
	json_t *r = harness_ask(&h, "{\"command\":\"policy\",\"verb\":\"diff\",%s", wanted);
	cr_assert_eq(json_object_size(json_object_get(r, "changes")), 2);
	json_decref(r);
	cr_assert_eq(status_of("changes"), 0);
	ASK_OK(&h, "{\"command\":\"policy\",\"verb\":\"set\",%s", wanted);
	r = harness_ask(&h, "{\"command\":\"policy\",\"verb\":\"diff\",%s", wanted);
	cr_assert_eq(json_object_size(json_object_get(r, "changes")), 0);
	json_decref(r);
	ASK_OK(&h,
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":{\"leeway\":"
		"null}}");
	r = harness_ask(&h, "{\"command\":\"policy\",\"verb\":\"show\",\"app\":\"k\"}");
	cr_assert(json_is_null(json_object_get(json_object_get(r, "policy"), "leeway")));
	json_decref(r);
	ASK_FAILS(&h, "invalid", "policy is missing",
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\"}");
	ASK_FAILS(&h, "invalid", "",
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":{\"nonsense\":1}"
		"}");
}

Test(request, a_grant_is_set_and_cleared)
{
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"APItest\",\"room\":\"r/1\","
		"\"identity\":\"x y\",\"capabilities\":[\"join\",\"subscribe\"],\"name\":\"N\"}");
	cr_assert_eq(status_of("overrides"), 1);
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"clear\",\"app\":\"APItest\",\"room\":\"r/1\","
		"\"identity\":\"x y\"}");
	cr_assert_eq(status_of("overrides"), 0);
	ASK_FAILS(&h, "invalid", "none of that name",
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"APItest\",\"room\":\"r\","
		"\"identity\":\"x\",\"capabilities\":[\"fly\"]}");
	ASK_FAILS(&h, "invalid", "nothing to override",
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"APItest\",\"room\":\"r\","
		"\"identity\":\"x\"}");
	ASK_FAILS(&h, "invalid", "room and identity",
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"APItest\",\"room\":\"r\"}");
}

Test(request, what_was_acknowledged_survives_a_restart)
{
	ASK_OK(&h, "{\"command\":\"app\",\"verb\":\"add\",\"object\":" NEW_APP "}");
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"APItest\",\"room\":\"r\","
		"\"identity\":\"x\",\"capabilities\":[]}");
	json_int_t epoch = status_of("epoch");
	harness_stop(&h);
	harness_start(&h, false);
	cr_assert_eq(status_of("apps"), 3);
	cr_assert_eq(status_of("cut_offs"), 1);
	cr_assert_eq(status_of("overrides"), 1);
	cr_assert_gt(status_of("epoch"), epoch);
}

Test(request, the_audit_trail_says_who_and_what_without_secrets)
{
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"add\",\"app\":\"APItest\",\"secret_id\":"
		"\"b\",\"secret\":\"" HARNESS_SECRET "2\"}");
	ASK_OK(&h, "{\"command\":\"app\",\"verb\":\"add\",\"object\":" NEW_APP "}");
	json_t *r = harness_ask(&h, "{\"command\":\"audit\",\"limit\":10}");
	const json_t *lines = json_object_get(r, "audit");
	cr_assert_eq(json_array_size(lines), 3);
	const json_t *seed = json_array_get(lines, 0);
	const json_t *rotate = json_array_get(lines, 1);
	cr_assert_str_eq(json_string_value(json_object_get(seed, "what")), "seed");
	cr_assert_str_eq(json_string_value(json_object_get(rotate, "what")), "rotate add");
	cr_assert_str_eq(json_string_value(json_object_get(rotate, "who")), "uid 0 (test)");
	json_decref(r);
	r = harness_ask(&h, "{\"command\":\"audit\",\"after\":2}");
	cr_assert_eq(json_array_size(json_object_get(r, "audit")), 1);
	json_decref(r);
}

Test(request, an_app_key_of_two_vendors_needs_the_vendor)
{
	ASK_OK(&h,
		"{\"command\":\"app\",\"verb\":\"add\",\"object\":{\"vendor\":\"livekit\",\"key\":"
		"\"k\",\"secrets\":[{\"id\":\"a\",\"secret\":\"" HARNESS_SECRET "\"}]}}");
	ASK_FAILS(&h, "invalid", "say which",
		"{\"command\":\"revoke\",\"app\":\"k\",\"scope\":\"app\"}");
	ASK_OK(&h,
		"{\"command\":\"revoke\",\"app\":\"k\",\"vendor\":\"stream\",\"scope\":\"app\"}");
}

Test(request, drain_is_seen_by_readiness)
{
	ASK_OK(&h, "{\"command\":\"status\"}");
	cr_assert(jg_control_ready(h.control));
	ASK_OK(&h, "{\"command\":\"drain\"}");
	cr_assert_not(jg_control_ready(h.control));
	ASK_OK(&h, "{\"command\":\"drain\",\"drain\":false}");
	cr_assert(jg_control_ready(h.control));
}
