// SPDX-License-Identifier: BSD-3-Clause
// Hash states behind beginnings that tokens share: learnt as they should be, never used for anything else.
#include "beginnings.h"
#include "judge.h"
#include "mac_ref.h"

#include <criterion/criterion.h>

#include <stdio.h>

#define APP 7 // hash of an app
#define LEN 330

static struct jg_beginnings *table;
static struct jg_mac_key key;
static uint8_t message[LEN];

static void set_up(void)
{
	table = jg_beginnings_new(1);
	cr_assert_not_null(table);
	jg_mac_key_init(&key, JG_MAC_SHA256, "secret", 6);
	for (unsigned i = 0; i < LEN; i++)
		message[i] = (uint8_t)(i * 7 + i / 64);
}

static void tear_down(void)
{
	jg_beginnings_free(table);
	jg_beginnings_free(NULL);
}

TestSuite(beginnings, .init = set_up, .fini = tear_down);

static struct jg_mac_job find(const uint8_t *text, size_t len)
{
	struct jg_mac_job job;
	jg_mac_job_set(&job, text, len, &key);
	jg_beginnings_find(table, APP, &job);
	return job;
}

static void learn(const uint8_t *text, size_t len, uint64_t token)
{
	struct jg_mac_job job = find(text, len);
	jg_beginnings_learn(table, APP, &job, token);
}

// Two tokens for each block.
static void teach(unsigned blocks)
{
	for (unsigned i = 0; i < 2 * blocks; i++)
		learn(message, LEN, i);
}

static void expect_state(const struct jg_mac_job *job)
{
	uint32_t state[8];
	memcpy(state, key.inner, sizeof(state));
	jg_ref_blocks(JG_MAC_SHA256, state, job->message, job->done / 64);
	cr_assert_arr_eq(jg_mac_job_state(job), state, sizeof(state));
}

Test(beginnings, two_tokens_teach_a_block)
{
	cr_assert_eq(find(message, LEN).done, 0);
	learn(message, LEN, 1);
	cr_assert_eq(find(message, LEN).done, 0);
	learn(message, LEN, 2);
	struct jg_mac_job job = find(message, LEN);
	cr_assert_eq(job.done, 64);
	expect_state(&job);
}

Test(beginnings, one_token_again_and_again_teaches_nothing)
{
	for (unsigned i = 0; i < 100; i++)
		learn(message, LEN, 5);
	cr_assert_eq(find(message, LEN).done, 0);
}

Test(beginnings, blocks_follow_each_other_up_to_a_limit)
{
	for (unsigned blocks = 1; blocks <= JG_BEGINNING_BLOCKS_MAX; blocks++) {
		teach(1);
		struct jg_mac_job job = find(message, LEN);
		cr_assert_eq(job.done, 64 * blocks);
		expect_state(&job);
	}
	teach(3);
	cr_assert_eq(find(message, LEN).done, 64 * JG_BEGINNING_BLOCKS_MAX);
}

Test(beginnings, no_more_is_taken_than_a_message_has)
{
	teach(JG_BEGINNING_BLOCKS_MAX);
	for (unsigned len = 0; len < LEN; len++) {
		struct jg_mac_job job = find(message, len);
		unsigned whole = len / 64;
		cr_assert_eq(job.done / 64,
			whole < JG_BEGINNING_BLOCKS_MAX ? whole : JG_BEGINNING_BLOCKS_MAX);
	}
}

Test(beginnings, every_byte_counts)
{
	teach(2);
	cr_assert_eq(find(message, LEN).done, 128);
	for (unsigned i = 0; i < 128; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			message[i] ^= (uint8_t)(1u << bit);
			cr_assert_eq(find(message, LEN).done, i / 64 * 64, "byte %u", i);
			message[i] ^= (uint8_t)(1u << bit);
		}
}

Test(beginnings, another_key_of_the_app_has_other_states)
{
	teach(1);
	struct jg_mac_key first = key;
	jg_mac_key_init(&key, JG_MAC_SHA256, "secreT", 6);
	cr_assert_eq(find(message, LEN).done, 0);
	for (unsigned i = 0; i < 8; i++)
		for (unsigned bit = 0; bit < 32; bit++) {
			key = first;
			key.inner[i] ^= UINT32_C(1) << bit;
			cr_assert_eq(find(message, LEN).done, 0);
		}
	key = first;
	cr_assert_eq(find(message, LEN).done, 64);
}

static bool holds_state(const uint32_t state[8])
{
	for (const char *p = (const char *)table; p + 32 <= (const char *)(table + 1); p += 4)
		if (memcmp(p, state, 32) == 0)
			return true;
	return false;
}

Test(beginnings, another_snapshot_finds_no_state_left)
{
	uint32_t behind[8];
	jg_beginnings_under(table, 1);
	teach(2);
	memcpy(behind, jg_mac_job_state(&(struct jg_mac_job){.begun = find(message, LEN).begun}),
		sizeof(behind));
	cr_assert(holds_state(key.inner) && holds_state(behind));
	jg_beginnings_under(table, 1);
	cr_assert_eq(find(message, LEN).done, 128);
	jg_beginnings_under(table, 2);
	cr_assert_not(holds_state(key.inner));
	cr_assert_not(holds_state(behind));
	cr_assert_eq(find(message, LEN).done, 0);
	teach(2);
	cr_assert_eq(find(message, LEN).done, 128);
	jg_beginnings_under(table, 1);
	cr_assert_eq(find(message, LEN).done, 0);
}

// One place for all beginnings with the same last bytes.
Test(beginnings, what_is_in_use_is_given_a_second_chance)
{
	uint8_t other[LEN];
	memcpy(other, message, LEN);
	other[0] ^= 1;
	teach(1);
	cr_assert_eq(find(message, LEN).done, 64);
	learn(other, LEN, 1);
	learn(other, LEN, 2);
	cr_assert_eq(find(other, LEN).done, 0);
	cr_assert_eq(find(message, LEN).done, 64); // used again
	learn(other, LEN, 3);
	cr_assert_eq(find(other, LEN).done, 0);
	learn(other, LEN, 4); // nobody has used the other since
	struct jg_mac_job job = find(other, LEN);
	cr_assert_eq(job.done, 64);
	expect_state(&job);
	cr_assert_eq(find(message, LEN).done, 0);
}

// Bursts of 32 until it is worth looking again.
static unsigned resting(void)
{
	unsigned bursts = 0;
	for (unsigned i = 0; i < 1000 && jg_beginnings_worth(table, 32); i++)
		jg_beginnings_count(table, 32, 1);
	while (!jg_beginnings_worth(table, 32))
		cr_assert_lt(++bursts, 100000);
	return bursts;
}

Test(beginnings, looking_rests_where_few_tokens_begin_alike)
{
	for (unsigned i = 0; i < 1000; i++)
		jg_beginnings_count(table, 32, 16);
	cr_assert(jg_beginnings_worth(table, 32));
	const unsigned first = resting();
	cr_assert_gt(first, 0);
	unsigned longest = first;
	for (unsigned i = 0; i < 10; i++) {
		const unsigned next = resting();
		cr_assert_geq(next, longest);
		longest = next;
	}
	cr_assert_geq(longest, 8 * first);
	for (unsigned i = 0; i < 1000; i++)
		jg_beginnings_count(table, 32, 16);
	cr_assert_eq(resting(), first, "it was worth it once more");
	(void)resting();
	teach(1);
	cr_assert_eq(resting(), first, "something was learnt");
}

// As rounds of MACs go whose tokens never begin alike.
Test(beginnings, where_nothing_is_shared_few_tokens_are_looked_for)
{
	static const unsigned bursts[] = {1, 8, 64};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bursts); i++) {
		const unsigned n = bursts[i], rounds = 4000000 / n;
		unsigned looked = 0;
		uint8_t other[LEN];
		memcpy(other, message, LEN);
		for (unsigned round = 0; round < rounds; round++) {
			const bool worth = jg_beginnings_worth(table, n);
			const unsigned turn = jg_beginnings_turn(table, n);
			looked += worth;
			if (turn >= n)
				continue;
			if (worth)
				jg_beginnings_count(table, n, 0);
			memcpy(other, &round, sizeof(round));
			learn(other, LEN, round);
		}
		cr_assert_gt(looked, 0);
		cr_assert_lt(looked, rounds / 20, "%u of %u rounds of %u", looked, rounds, n);
	}
}

static unsigned turns_in(unsigned rounds)
{
	unsigned turns = 0;
	uint32_t had = 0;
	for (unsigned i = 0; i < rounds; i++) {
		unsigned turn = jg_beginnings_turn(table, 32);
		turns += turn < 32;
		had |= turn < 32 ? UINT32_C(1) << turn : 0;
	}
	cr_assert_eq(had, UINT32_MAX);
	return turns;
}

Test(beginnings, one_burst_in_a_few_teaches_and_every_place_has_its_turn)
{
	cr_assert_eq(turns_in(32 * JG_BEGINNINGS_EVERY), 32);
}

Test(beginnings, where_nothing_is_learnt_few_bursts_teach)
{
	uint64_t token = 0;
	for (unsigned i = 0; i < 10 * JG_BEGINNINGS_BARREN; i++)
		learn(message, LEN, token);
	cr_assert_eq(turns_in(32 * JG_BEGINNINGS_SELDOM), 32);
	learn(message, LEN, ++token);
	cr_assert_eq(find(message, LEN).done, 64);
	cr_assert_eq(turns_in(32 * JG_BEGINNINGS_SELDOM),
		32 * JG_BEGINNINGS_SELDOM / JG_BEGINNINGS_EVERY);
	for (unsigned i = 0; i < 10 * JG_BEGINNINGS_BARREN; i++)
		learn(message, LEN, token);
	cr_assert_eq(turns_in(32 * JG_BEGINNINGS_SELDOM), 32);
	jg_beginnings_forget(table, 9);
	cr_assert_eq(turns_in(32 * JG_BEGINNINGS_EVERY), 32);
}

// Tokens of one room as LiveKit's SDK for JavaScript writes them: what differs comes last.
static struct jg_str room_token(unsigned i, const char *secret)
{
	char claims[400];
	(void)snprintf(claims, sizeof(claims),
		"{\"video\":{\"roomJoin\":true,\"room\":\"launch-event\",\"canPublish\":true,"
		"\"canSubscribe\":true,\"canPublishData\":true},\"iss\":\"" JUDGE_KEY
		"\",\"exp\":%u,\"nbf\":0,\"sub\":\"user-%u\"}",
		1800000600 + i % 3, i);
	return judge_sign(claims, secret);
}

static struct jg_verdict ask(struct judge *judge, struct jg_str token)
{
	return judge_request(
		judge, (struct jg_request){.token = token, .vendor = JG_VENDOR_LIVEKIT});
}

static void expect_tokens(struct judge *judge, unsigned n, const char *secret, unsigned reason)
{
	for (unsigned i = 0; i < n; i++) {
		struct jg_verdict verdict = ask(judge, room_token(i, secret));
		cr_assert_eq(verdict.reason, reason, "token %u: %u", i, verdict.reason);
	}
}

// What was learnt under a secret is of no use once another one has taken its place, and no bit of a token that
// begins as others do may differ.
Test(beginnings, verdicts_do_not_hang_on_what_was_learnt)
{
	struct judge judge;
	judge_init(&judge, JG_VENDOR_LIVEKIT);
	expect_tokens(&judge, 200, JUDGE_SECRET, JG_REASON_OK);
	struct jg_str token = room_token(1, JUDGE_SECRET);
	for (uint32_t i = 21; i + 44 < token.len; i++) {
		char *at = (char *)(uintptr_t)token.p + i;
		*at ^= 2;
		cr_assert_neq(ask(&judge, token).reason, JG_REASON_OK, "byte %u", i);
		*at ^= 2;
	}
	judge.secrets[0].secret = JG_STR("another made-up secret");
	judge_build(&judge);
	expect_tokens(&judge, 50, JUDGE_SECRET, JG_REASON_BAD_SIGNATURE);
	expect_tokens(&judge, 200, "another made-up secret", JG_REASON_OK);
	judge.secrets[1] = judge.secrets[0];
	judge.secrets[1].id = JG_STR("b");
	judge.secrets[1].secret = JG_STR(JUDGE_SECRET);
	judge.app.secrets_n = 2;
	judge_build(&judge);
	expect_tokens(&judge, 200, JUDGE_SECRET, JG_REASON_OK);
	expect_tokens(&judge, 200, "another made-up secret", JG_REASON_OK);
	judge_fini(&judge);
}
