// SPDX-License-Identifier: BSD-3-Clause
// Collection of cut-offs, settling of the store, the clock of revocations: with a clock of our own.
#include "control_harness.h"
#include "engine.h"

#include <joingate/mint.h>
#include <joingate/verify.h>

#include <stdatomic.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)
#define DAY 86400

// In place of control/clock.c.
static _Atomic int64_t real_s = NOW;
static _Atomic uint64_t monotonic_ns = 1000000000;

uint64_t jg_monotonic_ns(void)
{
	return atomic_load(&monotonic_ns);
}

double jg_realtime(void)
{
	return (double)atomic_load(&real_s);
}

static void pass(int64_t seconds)
{
	atomic_fetch_add(&real_s, seconds);
	atomic_fetch_add(&monotonic_ns, (uint64_t)seconds * 1000000000);
}

static struct harness h;

static void setup(void)
{
	harness_init(&h);
}

static void teardown(void)
{
	harness_fini(&h);
}

TestSuite(upkeep, .init = setup, .fini = teardown);

#define APP(policy)                                                                             \
	"\"apps\":[{\"vendor\":\"stream\",\"key\":\"k\",\"secrets\":[{\"id\":\"s\",\"secret\":" \
	"\"" HARNESS_SECRET "\"}],\"policy\":{" policy "}}]"
#define LIMITED APP("\"max_lifetime\":3600,\"required_claims\":[\"iat\"]")

static void start(const char *members)
{
	harness_write(&h, true, members);
	harness_start(&h, false);
}

static void restart(void)
{
	harness_stop(&h);
	harness_start(&h, false);
}

static json_int_t status_of(const char *name)
{
	json_t *reply = harness_ask(&h, "{\"command\":\"status\"}");
	json_int_t value = json_integer_value(json_object_get(reply, name));
	json_decref(reply);
	return value;
}

// A token of john's, judged now.
static unsigned verdict(int64_t issued_at, int64_t expires_at)
{
	static char token[2048];
	const struct jg_verifier_options options = {.mac_engine = "ref", .simd = "portable"};
	const struct jg_gate_state *state = h.channel.snapshot;
	const struct jg_mint ask = {.app = JG_STR("k"),
		.identity = JG_STR("john"),
		.issued_at = issued_at,
		.not_before = JG_TIME_NONE,
		.expires_at = expires_at,
		.vendor = JG_VENDOR_STREAM};
	struct jg_minted minted = {.token = token, .size = sizeof(token)};
	struct jg_minter *minter = jg_minter_new(NULL, &h.err);
	struct jg_verifier *verifier = jg_verifier_new(&options, &h.err);
	struct jg_verdict v;
	jg_mint_burst(minter, state->snapshot, NOW, &ask, &minted, 1);
	cr_assert_gt(minted.len, 0, "not minted");
	const struct jg_request request = {.token = {token, minted.len},
		.app = JG_STR("k"),
		.vendor = JG_VENDOR_STREAM,
		.type = JG_REQUEST_JOIN};
	jg_verify_burst(verifier, state->snapshot, (int64_t)jg_realtime(), &request, &v, 1);
	jg_verifier_free(verifier);
	jg_minter_free(minter);
	return v.reason;
}

// Requests make the control thread turn; what can wait is done after them.
static void until_collected(json_int_t n)
{
	while (status_of("collected") < n)
		;
}

Test(upkeep, a_cut_off_that_can_refuse_nothing_is_collected)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert_eq(verdict(NOW - 1, NOW + 3000), JG_REASON_REVOKED);
	pass(3600);
	(void)status_of("epoch");
	pass(120);
	(void)status_of("epoch");
	cr_assert_eq(status_of("collected"), 0, "leeway may be 300 s at most");
	pass(DAY);
	until_collected(1);
	json_t *reply = harness_ask(&h, "{\"command\":\"cut_offs\",\"app\":\"k\"}");
	cr_assert_eq(json_array_size(json_object_get(reply, "list")), 0);
	json_decref(reply);
	cr_assert_eq(verdict(NOW + DAY, NOW + DAY + 3600 + 3000 + 2000), JG_REASON_LIFETIME);
	cr_assert_eq(verdict(NOW + DAY + 3000, NOW + DAY + 6000), JG_REASON_OK);
}

Test(upkeep, without_a_limit_nothing_is_collected)
{
	start(APP("\"max_lifetime\":3600")); // but a token need not say when it was issued
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	for (unsigned i = 0; i < 20; i++) {
		pass(DAY);
		(void)status_of("epoch");
	}
	ASK_OK(&h,
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":"
		"{\"max_lifetime\":0,\"required_claims\":[\"iat\"]}}");
	for (unsigned i = 0; i < 20; i++) {
		pass(DAY);
		(void)status_of("epoch");
	}
	cr_assert_eq(status_of("collected"), 0);
	cr_assert_eq(verdict(NOW - 1, NOW + 100 * DAY), JG_REASON_REVOKED);
}

// The token outlives the app's limit: refused for its lifetime while the limit stands, and for the
// cut-off once it does not, though the cut-off was collected in between.
static void revoked_for_good(const char *relaxed)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert_eq(verdict(NOW - 1, NOW + 300 * DAY), JG_REASON_LIFETIME);
	pass(2 * DAY);
	until_collected(1);
	ASK_OK(&h, "{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":%s}",
		relaxed);
	cr_assert_eq(verdict(NOW - 1, NOW + 300 * DAY), JG_REASON_REVOKED);
	cr_assert_eq(verdict(NOW, NOW + 300 * DAY), JG_REASON_OK, "issued after the cut-off");
	restart();
	cr_assert_eq(verdict(NOW - 1, NOW + 300 * DAY), JG_REASON_REVOKED, "after a restart");
	cr_assert_eq(verdict(NOW, NOW + 300 * DAY), JG_REASON_OK);
}

Test(upkeep, a_collected_cut_off_still_counts_when_the_limit_is_raised)
{
	revoked_for_good("{\"max_lifetime\":31536000}");
}

Test(upkeep, a_collected_cut_off_still_counts_when_the_limit_is_lifted)
{
	revoked_for_good("{\"max_lifetime\":0,\"required_claims\":[]}");
}

Test(upkeep, what_stands_in_for_collected_cut_offs_is_not_undone_with_the_app)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	pass(2 * DAY);
	until_collected(1);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_eq(verdict(NOW + 2 * DAY - 1, NOW + 2 * DAY + 9), JG_REASON_REVOKED);
	ASK_OK(&h, "{\"command\":\"unrevoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_eq(verdict(NOW + 2 * DAY - 1, NOW + 2 * DAY + 9), JG_REASON_OK);
	ASK_OK(&h, "{\"command\":\"unrevoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	ASK_OK(&h,
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":"
		"{\"max_lifetime\":0}}");
	cr_assert_eq(verdict(NOW - 1, NOW + 300 * DAY), JG_REASON_REVOKED);
	json_t *reply = harness_ask(&h, "{\"command\":\"app\",\"verb\":\"list\"}");
	const json_t *app = json_array_get(json_object_get(reply, "apps"), 0);
	cr_assert_eq(json_integer_value(json_object_get(app, "collected_before")), NOW);
	json_decref(reply);
}

Test(upkeep, the_newest_of_thousands_of_collected_cut_offs_counts)
{
	start(LIMITED);
	for (unsigned i = 0; i < 3; i++) {
		char request[65536];
		size_t n = (size_t)snprintf(request, sizeof(request),
			"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"before\":%lld,"
			"\"users\":[\"first-%u\"",
			(long long)NOW - 10 + i * 5 % 7, i);
		for (unsigned k = 0; k < 1500; k++)
			n += (size_t)snprintf(
				request + n, sizeof(request) - n, ",\"u-%u-%u\"", i, k);
		snprintf(request + n, sizeof(request) - n, "]}");
		char *text = jg_control_ask(h.control, "test", request, strlen(request));
		cr_assert_not_null(strstr(text, "\"ok\":true"), "%.200s", text);
		jg_control_reply_free(text);
	}
	cr_assert_eq(status_of("cut_offs"), 4503);
	pass(2 * DAY);
	until_collected(4503);
	cr_assert_eq(status_of("cut_offs"), 1, "the one that stands in for them");
	ASK_OK(&h,
		"{\"command\":\"policy\",\"verb\":\"set\",\"app\":\"k\",\"policy\":"
		"{\"max_lifetime\":0}}");
	cr_assert_eq(verdict(NOW - 6, NOW + 300 * DAY), JG_REASON_REVOKED);
	cr_assert_eq(verdict(NOW - 5, NOW + 300 * DAY), JG_REASON_OK);
}

Test(upkeep, a_clock_that_jumps_ahead_collects_nothing)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	atomic_fetch_add(&real_s, 1000 * DAY);
	for (unsigned i = 0; i < 10; i++) {
		atomic_fetch_add(&monotonic_ns, UINT64_C(61000000000));
		(void)status_of("epoch");
	}
	cr_assert_eq(status_of("collected"), 0);
	atomic_store(&real_s, NOW);
	cr_assert_eq(verdict(NOW - 1, NOW + 3000), JG_REASON_REVOKED);
}

Test(upkeep, a_clock_that_is_set_back_lowers_no_cut_off)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	atomic_store(&real_s, NOW - 500);
	json_t *reply = harness_ask(
		&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	cr_assert_eq(json_integer_value(json_object_get(reply, "before")), NOW);
	json_decref(reply);
	atomic_store(&real_s, NOW);
	cr_assert_eq(verdict(NOW - 1, NOW + 3000), JG_REASON_REVOKED);
}

// As set by a gate whose clock is ahead of ours.
static void revoke_john(int64_t before)
{
	ASK_OK(&h,
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\","
		"\"before\":%lld}",
		(long long)before);
}

Test(upkeep, now_lowers_no_cut_off_of_another_clock_and_a_time_does)
{
	static const char *const subjects[] = {"\"user\":\"john\"", "\"users\":[\"ann\",\"john\"]"};
	start(LIMITED);
	for (unsigned i = 0; i < JG_ARRAY_SIZE(subjects); i++) {
		atomic_store(&real_s, NOW - 500);
		revoke_john(NOW - 100);
		ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",%s}",
			subjects[i]);
		atomic_store(&real_s, NOW);
		cr_assert_eq(verdict(NOW - 101, NOW + 3000), JG_REASON_REVOKED);
		cr_assert_eq(verdict(NOW - 100, NOW + 3000), JG_REASON_OK);
	}
	revoke_john(NOW - 300);
	cr_assert_eq(verdict(NOW - 101, NOW + 3000), JG_REASON_OK);
}

Test(upkeep, the_log_is_settled_when_nobody_waits)
{
	start(LIMITED);
	for (unsigned i = 0; i < 5; i++)
		ASK_OK(&h,
			"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"u%"
			"u\"}",
			i);
	cr_assert_eq(status_of("unsettled"), 5);
	pass(2);
	while (status_of("unsettled") > 0)
		;
	cr_assert_eq(status_of("cut_offs"), 5);
}

Test(upkeep, a_store_that_cannot_settle_now_is_asked_again_later)
{
	start(LIMITED);
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"user\":\"john\"}");
	harness_disk_full(true);
	pass(2);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(status_of("unsettled"), 1);
	cr_assert_eq(verdict(NOW - 1, NOW + 3000), JG_REASON_REVOKED);
	harness_disk_full(false);
	pass(2);
	while (status_of("unsettled") > 0)
		;
	restart();
	cr_assert_eq(verdict(NOW - 1, NOW + 3000), JG_REASON_REVOKED);
}

// 60 001 users in one list; longer than harness_ask() takes.
static void revoke_many(void)
{
	static char request[1 << 20];
	size_t n = (size_t)snprintf(request, sizeof(request),
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"users\":[\"first\"");
	for (unsigned i = 0; i < 60000; i++)
		n += (size_t)snprintf(request + n, sizeof(request) - n, ",\"u%u\"", i);
	snprintf(request + n, sizeof(request) - n, "]}");
	char *text = jg_control_ask(h.control, "test", request, strlen(request));
	cr_assert_not_null(strstr(text, "\"ok\":true"), "%.200s", text);
	jg_control_reply_free(text);
}

Test(upkeep, a_list_does_not_hold_up_revocations_after_a_storm)
{
	start(LIMITED);
	revoke_many();
	ASK_FAILS(&h, "unavailable", "still being sorted",
		"{\"command\":\"cut_offs\",\"app\":\"k\"}");
	pass(2);
	while (status_of("unsettled") > 0)
		;
	json_t *reply =
		harness_ask(&h, "{\"command\":\"cut_offs\",\"app\":\"k\",\"limit\":100000}");
	cr_assert_eq(json_array_size(json_object_get(reply, "list")), 60001);
	json_decref(reply);
}
