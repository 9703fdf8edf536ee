// SPDX-License-Identifier: BSD-3-Clause
#include "internal/wire_mac.h"
#include "wire_sample.h"

#include <criterion/criterion.h>

#include <openssl/hmac.h>

#define FE 7

static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];
static uint8_t answer[JG_WIRE_DATAGRAM_MAX];
static uint8_t scratch[JG_WIRE_MAC_SCRATCH];
static struct jg_wire_request wire;
static struct jg_request request;
static struct jg_wire_reply reply;
static struct jg_wire_key *key;
static struct jg_mac *mac;
static struct jg_mac_key midstates;

static void set_up(void)
{
	struct jg_error err;
	key = jg_wire_key_new(SAMPLE_KEY, strlen(SAMPLE_KEY), &err);
	mac = jg_mac_new("ref", &err);
	jg_mac_key_init(&midstates, JG_MAC_SHA256, SAMPLE_KEY, strlen(SAMPLE_KEY));
	cr_assert_not_null(key);
	cr_assert_not_null(mac);
}

static void tear_down(void)
{
	jg_wire_key_free(key);
	jg_mac_free(mac);
}

TestSuite(wire_mac, .init = set_up, .fini = tear_down);

static size_t ask(struct jg_str token, uint64_t id)
{
	struct jg_wire_request sent = sample_wire(FE);
	struct jg_request what = sample_request();
	what.token = token;
	sent.id = id;
	const size_t len = jg_wire_request_build(&sent, &what, datagram, sizeof(datagram));
	cr_assert(jg_wire_request_sign(key, datagram, len));
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	return len;
}

// What the gate does: parse, and compare with the MAC it computes.
static bool holds(const uint8_t *bytes, size_t len)
{
	struct jg_wire_request got;
	struct jg_request what;
	struct jg_mac_job job;
	if (jg_wire_request_parse(bytes, len, &got, &what) != JG_WIRE_FATE_OK || got.front_end == 0)
		return false;
	(void)jg_wire_request_mac_job(&got, &midstates, scratch, &job);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	return jg_wire_request_mac_holds(&got, &job);
}

// The reply to the request in wire.
static size_t reply_to_it(void)
{
	const struct jg_verdict verdict = sample_verdict();
	struct jg_mac_job job;
	const size_t len = jg_wire_reply_build(
		&wire, &verdict, (struct jg_str){NULL, 0}, answer, sizeof(answer));
	jg_wire_reply_mac_job(answer, len, &midstates, &job);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	jg_wire_mac_store(answer, len, &job);
	return len;
}

static void openssl_mac(const uint8_t *message, size_t len, uint8_t digest[32])
{
	unsigned n = 32;
	cr_assert_not_null(
		HMAC(EVP_sha256(), SAMPLE_KEY, (int)strlen(SAMPLE_KEY), message, len, digest, &n));
}

Test(wire_mac, request_of_a_jwt_is_bound_by_its_signature)
{
	const size_t len = ask(JG_STR(SAMPLE_TOKEN), 1);
	uint8_t message[400];
	uint8_t digest[32];
	const size_t head = wire.token_at;
	memcpy(message, datagram, head);
	memcpy(message + head, &SAMPLE_TOKEN[strlen(SAMPLE_TOKEN) - 43], 43);
	openssl_mac(message, head + 43, digest);
	cr_assert_arr_eq(datagram + len - 16, digest, 16);
	cr_assert(holds(datagram, len));
}

static void check_bound_as_a_whole(struct jg_str token)
{
	uint8_t digest[32];
	const size_t len = ask(token, 1);
	openssl_mac(datagram, len - 16, digest);
	cr_assert_arr_eq(datagram + len - 16, digest, 16);
}

Test(wire_mac, request_of_any_other_token_is_bound_as_a_whole)
{
	check_bound_as_a_whole(JG_STR(""));
	check_bound_as_a_whole(JG_STR("T1==cGFydG5lcl9pZD0x"));
	check_bound_as_a_whole(JG_STR("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiam8ifQ==.devtoken"));
	check_bound_as_a_whole(JG_STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"));
	check_bound_as_a_whole(JG_STR("a.b.0123456789abcdefghijklmnopqrstuvwxyzABCDEF"));
	check_bound_as_a_whole(JG_STR("a.b.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"));
}

Test(wire_mac, job_of_a_whole_token_reads_the_datagram_itself)
{
	struct jg_mac_job job;
	ask(JG_STR("T1==cGFydG5lcl9pZD0x"), 1);
	cr_assert_eq(jg_wire_request_mac_job(&wire, &midstates, scratch, &job), 0);
	cr_assert_eq(job.message, datagram);
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t used = jg_wire_request_mac_job(&wire, &midstates, scratch, &job);
	cr_assert_eq(job.message, scratch);
	cr_assert_eq(used % JG_CACHE_LINE, 0);
	cr_assert(used >= job.len && used < job.len + JG_CACHE_LINE);
}

Test(wire_mac, largest_request_fits_the_scratch)
{
	static char big[JG_WIRE_STRING_MAX];
	memset(big, 'a', sizeof(big));
	const struct jg_request what = {.token = JG_STR(SAMPLE_TOKEN),
		.app = {big, JG_WIRE_APP_MAX},
		.room = {big, sizeof(big)},
		.identity = {big, sizeof(big)},
		.vendor = JG_VENDOR_STREAM};
	struct jg_wire_request sent = sample_wire(FE);
	sent.padding = JG_WIRE_STRING_MAX;
	const size_t len = jg_wire_request_build(&sent, &what, datagram, sizeof(datagram));
	struct jg_mac_job job;
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	cr_assert_eq(
		jg_wire_request_mac_job(&wire, &midstates, scratch, &job), JG_WIRE_MAC_SCRATCH);
}

// The bytes of a JWT before its signature are the only ones that a MAC does not see.
Test(wire_mac, every_covered_bit_of_a_request_counts)
{
	const size_t len = ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t uncovered_from = wire.token_at;
	const size_t uncovered_to = len - 16 - 43;
	for (size_t bit = 0; bit < len * 8; bit++) {
		const size_t at = bit / 8;
		const uint8_t flip = (uint8_t)(1u << bit % 8);
		// The dot before the signature decides what the binding is.
		const bool covered =
			at < uncovered_from || at >= uncovered_to || at == uncovered_to - 1;
		datagram[at] ^= flip;
		cr_assert_eq(holds(datagram, len), !covered, "byte %zu", at);
		datagram[at] ^= flip;
	}
}

Test(wire_mac, every_bit_of_a_request_with_another_token_counts)
{
	const size_t len = ask(JG_STR("007eJxTYBBbsMMnKq7p9Hf+HcIX5kce9b518kCiQgSr5Zrp4X1Tu6"), 1);
	for (size_t bit = 0; bit < len * 8; bit++) {
		datagram[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_not(holds(datagram, len), "byte %zu", bit / 8);
		datagram[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

Test(wire_mac, length_of_a_token_counts)
{
	const size_t len = ask(JG_STR(SAMPLE_TOKEN), 1);
	uint8_t shorter[400];
	memcpy(shorter, datagram, wire.token_at);
	memcpy(shorter + wire.token_at, datagram + wire.token_at + 1, len - wire.token_at - 1);
	shorter[7]--;
	shorter[wire.token_at - 1]--;
	struct jg_wire_request got;
	cr_assert_eq(jg_wire_request_parse(shorter, len - 1, &got, &request), JG_WIRE_FATE_OK);
	cr_assert_not(holds(shorter, len - 1));
}

Test(wire_mac, reply_is_opened_by_the_request_it_answers)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t len = reply_to_it();
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_OK);
	cr_assert(jg_str_eq(reply.verdict.identity, JG_STR("john")));
}

Test(wire_mac, reply_mac_covers_the_reply_and_the_requests_mac)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t len = reply_to_it();
	uint8_t message[1000];
	uint8_t digest[32];
	memcpy(message, answer, len - 16);
	memcpy(message + len - 16, wire.mac, 16);
	openssl_mac(message, len, digest);
	cr_assert_arr_eq(answer + len - 16, digest, 16);
}

Test(wire_mac, every_bit_of_a_reply_counts)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t len = reply_to_it();
	for (size_t bit = 0; bit < len * 8; bit++) {
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_neq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_OK,
			"byte %zu", bit / 8);
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

Test(wire_mac, reply_to_another_request_is_refused)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t len = reply_to_it();
	ask(JG_STR(SAMPLE_TOKEN), 2);
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_OTHER);
	// The same id used again, which clients must not do, for another token.
	ask(JG_STR("a.b.X123456789abcdefghijklmnopqrstuvwxyzABCDEFG"), 1);
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_MAC);
}

Test(wire_mac, reply_under_another_key_is_refused)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	jg_mac_key_init(&midstates, JG_MAC_SHA256, "another key, not the one", 24);
	const size_t len = reply_to_it();
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_MAC);
}

Test(wire_mac, unauthenticated_reply_is_refused_where_a_key_is)
{
	struct jg_wire_request sent = sample_wire(0);
	const struct jg_request what = sample_request();
	const struct jg_verdict verdict = sample_verdict();
	size_t len = jg_wire_request_build(&sent, &what, datagram, sizeof(datagram));
	cr_assert_not(jg_wire_request_sign(key, datagram, len));
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	len = jg_wire_reply_build(
		&wire, &verdict, (struct jg_str){NULL, 0}, answer, sizeof(answer));
	cr_assert_eq(jg_wire_reply_open(NULL, &wire, answer, len, &reply), JG_WIRE_FATE_OK);
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_MAC);
	ask(JG_STR(SAMPLE_TOKEN), wire.id);
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, len, &reply), JG_WIRE_FATE_OTHER);
}

Test(wire_mac, authenticated_reply_is_refused_where_no_key_is)
{
	ask(JG_STR(SAMPLE_TOKEN), 1);
	const size_t len = reply_to_it();
	cr_assert_eq(jg_wire_reply_open(NULL, &wire, answer, len, &reply), JG_WIRE_FATE_MAC);
}

// Without a MAC the echo is all there is.
Test(wire_mac, reply_that_echoes_another_header_is_refused)
{
	static const struct {
		uint8_t at, value;
	} rows[] = {{3, 0x82}, {3, 0x83}, {8, 0}, {15, 0}, {18, 0x7f}, {22, 1}, {23, 1}};
	struct jg_wire_request sent = sample_wire(0);
	const struct jg_request what = sample_request();
	const struct jg_verdict verdict = {.reason = JG_REASON_EXPIRED};
	size_t len = jg_wire_request_build(&sent, &what, datagram, sizeof(datagram));
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	len = jg_wire_reply_build(
		&wire, &verdict, (struct jg_str){NULL, 0}, answer, sizeof(answer));
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		const uint8_t kept = answer[rows[i].at];
		answer[rows[i].at] = rows[i].value;
		cr_assert_eq(jg_wire_reply_open(NULL, &wire, answer, len, &reply),
			JG_WIRE_FATE_OTHER, "row %zu", i);
		answer[rows[i].at] = kept;
	}
	cr_assert_eq(jg_wire_reply_open(NULL, &wire, answer, len, &reply), JG_WIRE_FATE_OK);
}

Test(wire_mac, request_does_not_pass_for_a_reply_nor_a_reply_for_a_request)
{
	const size_t asked = ask(JG_STR(SAMPLE_TOKEN), 1);
	cr_assert_eq(jg_wire_reply_open(key, &wire, datagram, asked, &reply), JG_WIRE_FATE_TYPE);
	const size_t len = reply_to_it();
	cr_assert_not(holds(answer, len));
	answer[3] ^= JG_WIRE_REPLY;
	cr_assert_not(holds(answer, len));
}

Test(wire_mac, what_is_no_request_is_not_signed)
{
	const size_t len = ask(JG_STR(SAMPLE_TOKEN), 1);
	datagram[0] = 'X';
	cr_assert_not(jg_wire_request_sign(key, datagram, len));
	cr_assert_not(jg_wire_request_sign(key, datagram, 0));
}

Test(wire_mac, ping_is_authenticated_like_the_rest)
{
	const struct jg_wire_request sent = {.id = 3, .front_end = FE, .type = JG_WIRE_PING};
	const size_t len = jg_wire_request_build(&sent, NULL, datagram, sizeof(datagram));
	cr_assert(jg_wire_request_sign(key, datagram, len));
	cr_assert(holds(datagram, len));
	for (size_t bit = 0; bit < len * 8; bit++) {
		datagram[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_not(holds(datagram, len));
		datagram[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	struct jg_mac_job job;
	const struct jg_wire_load load = {.busy = 1};
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	const size_t n = jg_wire_ping_build(&wire, &load, answer, sizeof(answer));
	jg_wire_reply_mac_job(answer, n, &midstates, &job);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	jg_wire_mac_store(answer, n, &job);
	cr_assert_eq(jg_wire_reply_open(key, &wire, answer, n, &reply), JG_WIRE_FATE_OK);
}
