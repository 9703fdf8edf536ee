// SPDX-License-Identifier: BSD-3-Clause
#include "control_harness.h"
#include "internal/gate_state.h"

#include <joingate/verify.h>

static struct harness h;

static void setup(void)
{
	harness_init(&h);
}

static void teardown(void)
{
	harness_fini(&h);
}

TestSuite(control, .init = setup, .fini = teardown);

static json_int_t status_of(const char *name)
{
	json_t *reply = harness_ask(&h, "{\"command\":\"status\"}");
	json_int_t value = json_integer_value(json_object_get(reply, name));
	json_decref(reply);
	return value;
}

// An unsigned development token of user john: admitted only because auth_checks is off, refused when
// a cut-off stands (it says no issue time).
#define DEV_TOKEN "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiam9obiJ9.devtoken"
#define DEV_APP                                                                                 \
	"\"apps\":[{\"vendor\":\"stream\",\"key\":\"k\",\"secrets\":[{\"id\":\"s\",\"secret\":" \
	"\"" HARNESS_SECRET "\"}],\"policy\":{\"auth_checks\":false}}]"

// In room r; its strings are not kept.
static struct jg_verdict judged(void)
{
	const struct jg_verifier_options options = {.mac_engine = "ref", .simd = "portable"};
	struct jg_verifier *verifier = jg_verifier_new(&options, &h.err);
	cr_assert_not_null(verifier, "%s", h.err.text);
	const struct jg_gate_state *state = h.channel.snapshot;
	const struct jg_request request = {.token = {DEV_TOKEN, sizeof(DEV_TOKEN) - 1},
		.app = {"k", 1},
		.room = {"r", 1},
		.vendor = JG_VENDOR_STREAM,
		.type = JG_REQUEST_JOIN};
	struct jg_verdict v;
	jg_verify_burst(verifier, state->snapshot, 1800000000, &request, &v, 1);
	jg_verifier_free(verifier);
	return v;
}

static unsigned verdict(void)
{
	return judged().reason;
}

static uint64_t capabilities(void)
{
	return judged().capabilities;
}

Test(control, a_grant_reaches_the_verdict_of_its_participant_alone)
{
	harness_write(&h, true, DEV_APP);
	harness_start(&h, false);
	uint64_t before = capabilities();
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"k\",\"room\":\"r\","
		"\"identity\":\"jane\",\"capabilities\":[\"join\"]}");
	cr_assert_eq(capabilities(), before, "jane's is not john's");
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"k\",\"room\":\"other\","
		"\"identity\":\"john\",\"capabilities\":[\"join\"]}");
	cr_assert_eq(capabilities(), before, "another room's is not this one's");
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"set\",\"app\":\"k\",\"room\":\"r\","
		"\"identity\":\"john\",\"capabilities\":[\"join\",\"subscribe\"]}");
	cr_assert_eq(capabilities(), JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE));
	harness_stop(&h);
	harness_start(&h, false);
	cr_assert_eq(capabilities(), JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
		"not there after a restart");
	ASK_OK(&h,
		"{\"command\":\"grant\",\"verb\":\"clear\",\"app\":\"k\",\"room\":\"r\","
		"\"identity\":\"john\"}");
	cr_assert_eq(capabilities(), before);
}

Test(control, a_revocation_reaches_the_verdict_and_is_undone)
{
	harness_write(&h, true, DEV_APP);
	harness_start(&h, false);
	cr_assert_eq(verdict(), JG_REASON_OK);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert_eq(verdict(), JG_REASON_REVOKED);
	ASK_OK(&h, "{\"command\":\"unrevoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert_eq(verdict(), JG_REASON_OK);
	ASK_OK(&h, "{\"command\":\"app\",\"verb\":\"remove\",\"app\":\"k\"}");
	cr_assert_eq(verdict(), JG_REASON_UNKNOWN_KEY);
}

Test(control, a_revocation_holds_after_a_restart)
{
	harness_write(&h, true, DEV_APP);
	harness_start(&h, false);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	harness_stop(&h);
	harness_start(&h, false);
	cr_assert_eq(verdict(), JG_REASON_REVOKED);
}

Test(control, without_a_store_the_file_is_the_state)
{
	harness_write(&h, false, DEV_APP);
	harness_start(&h, false);
	ASK_FAILS(&h, "invalid", "no store",
		"{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	ASK_FAILS(&h, "unavailable", "no audit trail", "{\"command\":\"audit\"}");
	harness_write(&h, false,
		DEV_APP ",\"cut_offs\":[{\"vendor\":\"stream\",\"app\":\"k\",\"scope\":\"user\","
			"\"user\":\"john\",\"before\":5}]");
	ASK_OK(&h, "{\"command\":\"reload\"}");
	cr_assert_eq(verdict(), JG_REASON_REVOKED);
	harness_write(&h, false, DEV_APP);
	ASK_OK(&h, "{\"command\":\"reload\"}");
	cr_assert_eq(verdict(), JG_REASON_OK, "no longer in the file");
}

static json_int_t index_of(const char *key)
{
	json_t *reply = harness_ask(&h, "{\"command\":\"app\",\"verb\":\"list\"}");
	json_int_t index = -1;
	size_t i;
	json_t *app;
	json_array_foreach(json_object_get(reply, "apps"), i, app)
	{
		if (strcmp(json_string_value(json_object_get(app, "app")), key) == 0)
			index = json_integer_value(json_object_get(app, "index"));
	}
	json_decref(reply);
	return index;
}

Test(control, an_app_keeps_its_counters_over_reloads)
{
	harness_write(&h, false, HARNESS_APPS);
	harness_start(&h, false);
	json_int_t before = index_of("k");
	cr_assert_geq(before, 0);
	for (unsigned i = 0; i < 3; i++)
		ASK_OK(&h, "{\"command\":\"reload\"}");
	cr_assert_eq(index_of("k"), before);
	harness_write(&h, false, DEV_APP);
	ASK_OK(&h, "{\"command\":\"reload\"}");
	cr_assert_eq(index_of("k"), before);
	cr_assert_eq(index_of("APItest"), -1, "it is no longer in the file");
}

Test(control, a_bad_file_changes_nothing)
{
	harness_write(&h, false, DEV_APP);
	harness_start(&h, false);
	json_int_t epoch = status_of("epoch");
	harness_write(&h, false, "\"apps\":[{\"vendor\":\"acme\"}]");
	ASK_FAILS(&h, "invalid", "nothing was changed", "{\"command\":\"reload\"}");
	harness_write(&h, false, "\"apps\":[,");
	ASK_FAILS(&h, "invalid", "nothing was changed", "{\"command\":\"reload\"}");
	cr_assert_eq(unlink(h.file), 0);
	ASK_FAILS(&h, "invalid", "nothing was changed", "{\"command\":\"reload\"}");
	cr_assert_eq(status_of("epoch"), epoch);
	cr_assert_eq(status_of("reload_failures"), 3);
	cr_assert_eq(verdict(), JG_REASON_OK);
}

Test(control, a_signal_reloads)
{
	harness_write(&h, false, DEV_APP);
	harness_start(&h, false);
	harness_write(&h, false, HARNESS_APPS);
	jg_control_reload(h.control);
	while (status_of("reloads") == 0)
		;
	cr_assert_eq(status_of("apps"), 2);
}

Test(control, the_configuration_seeds_an_empty_store_only)
{
	harness_write(&h, true,
		DEV_APP ",\"cut_offs\":[{\"vendor\":\"stream\",\"app\":\"k\",\"scope\":\"user\","
			"\"user\":\"john\",\"before\":5}]");
	harness_start(&h, false);
	cr_assert_eq(verdict(), JG_REASON_REVOKED);
	ASK_OK(&h, "{\"command\":\"unrevoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	harness_stop(&h);
	harness_start(&h, false);
	cr_assert_eq(verdict(), JG_REASON_OK, "the file does not seed again");
	harness_stop(&h);
	harness_write(&h, true, HARNESS_APPS);
	harness_start(&h, false);
	cr_assert_eq(status_of("apps"), 1, "the store counts");
}

Test(control, a_full_disk_refuses_the_change_and_keeps_the_verdicts)
{
	harness_write(&h, true, DEV_APP);
	harness_start(&h, false);
	harness_disk_full(true);
	ASK_FAILS(&h, "unavailable", "gate.db",
		"{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_eq(verdict(), JG_REASON_OK, "not durable, so not in force");
	harness_disk_full(false);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_eq(verdict(), JG_REASON_REVOKED);
}

Test(control, a_damaged_store_stops_the_start_in_words)
{
	harness_write(&h, true, DEV_APP);
	FILE *f = fopen(h.store, "w");
	fputs("this is no database, and long enough to be looked at as one", f);
	fclose(f);
	cr_assert_not(harness_open(&h, false));
	cr_assert_not_null(strstr(h.err.text, "is damaged"));
}

Test(control, replaced_snapshots_are_freed_not_kept)
{
	harness_write(&h, false, DEV_APP);
	harness_start(&h, false);
	for (unsigned i = 0; i < 200; i++)
		ASK_OK(&h, "{\"command\":\"reload\"}");
	cr_assert_eq(status_of("reloads"), 200);
	cr_assert_geq(status_of("in_force"), 201);
}
