// SPDX-License-Identifier: BSD-3-Clause
#include "cut_off_table.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW INT64_C(1800000000)

static const uint8_t token_id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct jg_cut_offs *table(size_t expected)
{
	struct jg_error err = {""};
	struct jg_cut_offs *cut_offs = jg_cut_offs_new(expected, &err);
	cr_assert_not_null(cut_offs, "%s", err.text);
	return cut_offs;
}

static struct jg_cut_off cut_off(enum jg_scope scope, int64_t before)
{
	struct jg_cut_off it = {.scope = (uint8_t)scope,
		.vendor = JG_VENDOR_LIVEKIT,
		.app = JG_STR("APIx"),
		.user = JG_STR("ann"),
		.room = JG_STR("lobby"),
		.secret = JG_STR("2026"),
		.before = before};
	memcpy(it.token_id, token_id, sizeof(token_id));
	return it;
}

static struct jg_cut_off_query query(int64_t issued_at)
{
	return (struct jg_cut_off_query){.vendor = JG_VENDOR_LIVEKIT,
		.app = JG_STR("APIx"),
		.user = JG_STR("ann"),
		.room = JG_STR("lobby"),
		.secret = JG_STR("2026"),
		.token_id = token_id,
		.issued_at = issued_at};
}

static void set(struct jg_cut_offs *cut_offs, enum jg_scope scope, int64_t before)
{
	struct jg_cut_off it = cut_off(scope, before);
	struct jg_error err = {""};
	cr_assert_eq(jg_cut_offs_set(cut_offs, &it, &err), 0, "%s", err.text);
}

static int check(const struct jg_cut_offs *cut_offs, struct jg_cut_off_query asked)
{
	int64_t before = 0;
	int scope = jg_cut_offs_check(cut_offs, &asked, &before);
	cr_assert(scope < 0 || before == NOW);
	return scope;
}

// One user among many.
static struct jg_cut_off user(char name[16], unsigned number, int64_t before)
{
	struct jg_cut_off it = cut_off(JG_SCOPE_USER, before);
	it.user = (struct jg_str){name, (uint32_t)snprintf(name, 16, "u%u", number)};
	return it;
}

static int check_user(const struct jg_cut_offs *cut_offs, unsigned number, int64_t issued_at)
{
	char name[16];
	struct jg_cut_off_query asked = query(issued_at);
	asked.user = user(name, number, NOW).user;
	int64_t before;
	return jg_cut_offs_check(cut_offs, &asked, &before);
}

Test(cutoff, every_scope_refuses_what_was_issued_before)
{
	for (int scope = 0; scope < JG_SCOPE_COUNT; scope++) {
		struct jg_cut_offs *cut_offs = table(0);
		cr_expect_eq(jg_cut_offs_scopes(cut_offs), 0);
		set(cut_offs, (enum jg_scope)scope, NOW);
		cr_expect_eq(jg_cut_offs_scopes(cut_offs), 1u << scope);
		cr_expect_eq(check(cut_offs, query(NOW - 1)), scope);
		cr_expect_eq(check(cut_offs, query(JG_TIME_NONE)), scope);
		cr_expect_eq(check(cut_offs, query(0)), scope);
		cr_expect_eq(check(cut_offs, query(-5)), scope);
		cr_expect_eq(check(cut_offs, query(NOW)), -1);
		cr_expect_eq(check(cut_offs, query(NOW + 1)), -1);
		cr_expect_eq(check(cut_offs, query(INT64_MAX)), -1);
		jg_cut_offs_free(cut_offs);
	}
}

Test(cutoff, what_differs_in_one_field_is_not_refused)
{
	struct jg_cut_offs *cut_offs = table(0);
	for (int scope = JG_SCOPE_APP; scope < JG_SCOPE_COUNT; scope++)
		set(cut_offs, (enum jg_scope)scope, NOW);
	struct jg_cut_off_query asked = query(1);
	asked.vendor = JG_VENDOR_STREAM;
	cr_expect_eq(check(cut_offs, asked), -1);
	asked = query(1);
	asked.app = JG_STR("APIy");
	cr_expect_eq(check(cut_offs, asked), -1);
	set(cut_offs, JG_SCOPE_APP, JG_TIME_NONE);
	const uint8_t other_id[16] = {1};
	asked = query(1);
	asked.user = JG_STR("Ann");
	cr_expect_eq(check(cut_offs, asked), JG_SCOPE_ROOM);
	asked.room = JG_STR("lobb");
	cr_expect_eq(check(cut_offs, asked), JG_SCOPE_SECRET);
	asked.secret = JG_STR("2027");
	cr_expect_eq(check(cut_offs, asked), JG_SCOPE_TOKEN);
	asked.token_id = other_id;
	cr_expect_eq(check(cut_offs, asked), -1);
	asked.token_id = NULL;
	cr_expect_eq(check(cut_offs, asked), -1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, a_participant_is_neither_room_nor_user)
{
	struct jg_cut_offs *cut_offs = table(0);
	set(cut_offs, JG_SCOPE_PARTICIPANT, NOW);
	struct jg_cut_off_query asked = query(1);
	cr_expect_eq(check(cut_offs, asked), JG_SCOPE_PARTICIPANT);
	asked.user = JG_STR("lobby");
	asked.room = JG_STR("ann");
	cr_expect_eq(check(cut_offs, asked), -1);
	asked.room = JG_STR("lobbya");
	asked.user = JG_STR("nn");
	cr_expect_eq(check(cut_offs, asked), -1);
	asked = query(1);
	asked.user = JG_STR("");
	cr_expect_eq(check(cut_offs, asked), -1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, undoing_lets_in_again)
{
	struct jg_cut_offs *cut_offs = table(0);
	set(cut_offs, JG_SCOPE_USER, NOW);
	set(cut_offs, JG_SCOPE_USER, NOW);
	cr_assert_eq(jg_cut_offs_count(cut_offs), 1);
	set(cut_offs, JG_SCOPE_USER, JG_TIME_NONE);
	cr_assert_eq(jg_cut_offs_count(cut_offs), 0);
	cr_assert_eq(jg_cut_offs_scopes(cut_offs), 0);
	cr_assert_eq(check(cut_offs, query(1)), -1);
	set(cut_offs, JG_SCOPE_USER, JG_TIME_NONE);
	set(cut_offs, JG_SCOPE_ROOM, JG_TIME_NONE);
	cr_assert_eq(jg_cut_offs_count(cut_offs), 0);
	set(cut_offs, JG_SCOPE_USER, NOW);
	cr_assert_eq(check(cut_offs, query(NOW - 1)), JG_SCOPE_USER);
	cr_assert_eq(jg_cut_offs_count(cut_offs), 1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, a_later_write_replaces_the_time)
{
	struct jg_cut_offs *cut_offs = table(0);
	set(cut_offs, JG_SCOPE_APP, NOW - 100);
	cr_assert_eq(check(cut_offs, query(NOW - 50)), -1);
	set(cut_offs, JG_SCOPE_APP, NOW);
	cr_assert_eq(check(cut_offs, query(NOW - 50)), JG_SCOPE_APP);
	set(cut_offs, JG_SCOPE_APP, NOW - 200);
	cr_assert_eq(check(cut_offs, query(NOW - 150)), -1);
	cr_assert_eq(jg_cut_offs_count(cut_offs), 1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, incomplete_or_absurd_ones_are_refused)
{
	struct jg_cut_offs *cut_offs = table(0);
	struct jg_error err = {""};
	struct jg_cut_off it = cut_off(JG_SCOPE_USER, 0);
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	cr_expect_not_null(strstr(err.text, "4294967294"));
	it.before = -1;
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it.before = UINT32_MAX;
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it = cut_off(JG_SCOPE_COUNT, NOW);
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it = cut_off(JG_SCOPE_USER, NOW);
	it.user = JG_STR("");
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	cr_expect_not_null(strstr(err.text, "user"));
	it = cut_off(JG_SCOPE_PARTICIPANT, NOW);
	it.room = (struct jg_str){NULL, 0};
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	cr_expect_not_null(strstr(err.text, "room, user"));
	it = cut_off(JG_SCOPE_SECRET, NOW);
	it.secret = JG_STR("");
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it = cut_off(JG_SCOPE_APP, NOW);
	it.app = JG_STR("");
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it = cut_off(JG_SCOPE_APP, NOW);
	it.vendor = JG_VENDOR_NONE;
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, &err), -EINVAL);
	it.vendor = JG_VENDOR_COUNT;
	cr_expect_eq(jg_cut_offs_set(cut_offs, &it, NULL), -EINVAL);
	cr_expect_eq(jg_cut_offs_count(cut_offs), 0);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, no_table_refuses_nothing)
{
	int64_t before;
	struct jg_cut_off_query asked = query(1);
	cr_assert_eq(jg_cut_offs_check(NULL, &asked, &before), -1);
	cr_assert_eq(jg_cut_offs_scopes(NULL), 0);
	jg_cut_offs_free(NULL);
}

Test(cutoff, an_app_is_known_by_its_hash_too)
{
	struct jg_cut_offs *cut_offs = table(0);
	struct jg_cut_off_query asked = query(NOW - 1);
	set(cut_offs, JG_SCOPE_APP, NOW);
	uint64_t hash = jg_cut_offs_app_hash(cut_offs, asked.vendor, asked.app);
	asked.app_hash = hash;
	asked.app = (struct jg_str){NULL, 0};
	cr_assert_eq(check(cut_offs, asked), JG_SCOPE_APP);
	asked.app_hash = hash ^ 1;
	cr_assert_eq(check(cut_offs, asked), -1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, a_query_made_ready_sees_what_is_written_after)
{
	struct jg_cut_offs *cut_offs = table(0);
	set(cut_offs, JG_SCOPE_USER, NOW - 10);
	struct jg_cut_off_query asked = query(NOW - 5);
	struct jg_cut_off_probe probe;
	int64_t before = 0;
	jg_cut_offs_probe(cut_offs, &asked, &probe);
	cr_assert_eq(jg_cut_offs_judge(cut_offs, &probe, &before), -1);
	set(cut_offs, JG_SCOPE_USER, NOW);
	cr_assert_eq(jg_cut_offs_judge(cut_offs, &probe, &before), JG_SCOPE_USER);
	cr_assert_eq(before, NOW);
	jg_cut_offs_free(cut_offs);
}

// A name in the middle of other text is hashed without a branch, one that ends where its memory does is not
// read beyond it.
Test(cutoff, a_name_is_the_same_wherever_it_stands)
{
	struct jg_cut_offs *cut_offs = table(0);
	char text[64];
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)(7 * i + 1);
	for (uint32_t len = 1; len <= 40; len++) {
		char *alone = malloc(len);
		cr_assert_not_null(alone);
		memcpy(alone, text, len);
		cr_expect_eq(jg_hash_text(&cut_offs->seed, (struct jg_str){alone, len}),
			jg_hash_text_inside(&cut_offs->seed, (struct jg_str){text, len}),
			"%u bytes", len);
		free(alone);
	}
	jg_cut_offs_free(cut_offs);
}

// Buckets that overflow are marked for the fingerprints that found no room, and for no others.
Test(cutoff, what_found_no_room_in_its_bucket_is_found)
{
	struct jg_error err = {""};
	struct jg_cut_offs *cut_offs = table(0);
	unsigned users = 0, overflowed = 0;
	char name[16];
	for (; users < 230; users++) {
		struct jg_cut_off it = user(name, users, NOW);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, &err), 0, "%s", err.text);
	}
	const struct jg_cut_off_table *buckets = jg_cut_offs_view(cut_offs)->current;
	for (size_t i = 0; i < buckets->buckets_n; i++)
		overflowed += atomic_load(&buckets->buckets[i].overflowed) != 0;
	cr_assert_gt(overflowed, 0, "nothing is tested");
	for (unsigned i = 0; i < 4 * users; i++)
		cr_expect_eq(check_user(cut_offs, i, NOW - 1), i < users ? JG_SCOPE_USER : -1,
			"user %u", i);
	jg_cut_offs_free(cut_offs);
}

// Readers that are told nothing of an entry do not search for it: whatever is newer than a token is told of.
Test(cutoff, every_word_tells_of_the_newest_of_its_own)
{
	enum {
		USERS = 20000
	};
	struct jg_cut_offs *cut_offs = table(0);
	char name[16];
	unsigned told = 0, searched = 0;
	for (unsigned i = 0; i < USERS; i++) {
		struct jg_cut_off it = user(name, i, NOW - 1000 + (int64_t)(i % 7) * 100);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
		jg_cut_offs_reclaim(cut_offs);
	}
	const struct jg_cut_off_view *view = jg_cut_offs_view(cut_offs);
	for (unsigned i = 0; i < 2 * USERS; i++) {
		int64_t issued_at = NOW - 1000 + (int64_t)(i % 5) * 200 - 1;
		const struct jg_cut_off it = user(name, i, NOW);
		const struct jg_cut_off_query asked = {
			.vendor = it.vendor, .app = it.app, .user = it.user};
		uint64_t fingerprint = jg_cut_off_fingerprint_of(cut_offs, JG_SCOPE_USER,
			jg_cut_offs_app_hash(cut_offs, it.vendor, it.app), &asked);
		int64_t before = i < USERS ? NOW - 1000 + (int64_t)(i % 7) * 100 : 0;
		bool refused = issued_at < before;
		bool may = jg_cut_off_may_refuse(view, fingerprint, issued_at);
		cr_assert(may || !refused, "user %u is not told of", i);
		cr_assert_eq(check_user(cut_offs, i, issued_at), refused ? JG_SCOPE_USER : -1,
			"user %u", i);
		told += !may;
		searched += may && !refused;
	}
	cr_expect_gt(told, USERS / 2, "words spare no searches");
	cr_expect_gt(searched, 0, "nobody shares a word with a newer one");
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, a_word_goes_on_telling_of_what_is_undone)
{
	struct jg_cut_offs *cut_offs = table(0);
	set(cut_offs, JG_SCOPE_USER, NOW);
	set(cut_offs, JG_SCOPE_USER, NOW - 10);
	struct jg_cut_off_query asked = query(NOW - 5);
	cr_assert_eq(check(cut_offs, asked), -1, "what it was before");
	set(cut_offs, JG_SCOPE_USER, JG_TIME_NONE);
	asked.issued_at = NOW - 20;
	cr_assert_eq(check(cut_offs, asked), -1, "undone");
	set(cut_offs, JG_SCOPE_USER, NOW);
	cr_assert_eq(check(cut_offs, asked), JG_SCOPE_USER, "again");
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, a_million_users_take_at_most_64_bytes_each_while_growing)
{
	enum {
		USERS = 1000000
	};
	struct jg_cut_offs *cut_offs = table(0);
	char name[16];
	for (unsigned i = 0; i < USERS; i++) {
		struct jg_cut_off it = user(name, i, NOW);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
		if (i >= 1000)
			cr_assert_leq(jg_cut_offs_memory(cut_offs), 64 * (size_t)(i + 1));
		// As control does, once every worker has acknowledged.
		if (i % 256 == 0)
			jg_cut_offs_reclaim(cut_offs);
	}
	cr_assert_eq(jg_cut_offs_count(cut_offs), USERS);
	for (unsigned i = 0; i < USERS; i++)
		cr_assert_eq(check_user(cut_offs, i, NOW - 1), JG_SCOPE_USER);
	for (unsigned i = USERS; i < 2 * USERS; i++)
		cr_assert_eq(check_user(cut_offs, i, NOW - 1), -1);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, room_made_at_once_is_not_grown)
{
	enum {
		USERS = 100000
	};
	struct jg_cut_offs *cut_offs = table(USERS);
	size_t memory = jg_cut_offs_memory(cut_offs);
	char name[16];
	for (unsigned i = 0; i < USERS; i++) {
		struct jg_cut_off it = user(name, i, NOW);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
	}
	cr_assert_eq(jg_cut_offs_memory(cut_offs), memory);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, memory_is_flat_when_entries_come_and_go)
{
	struct jg_cut_offs *cut_offs = table(0);
	char name[16];
	for (unsigned i = 0; i < 300000; i++) {
		struct jg_cut_off it = user(name, i, NOW);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
		if (i >= 100) {
			it = user(name, i - 100, JG_TIME_NONE);
			cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
			cr_assert_eq(check_user(cut_offs, i - 100, 1), -1);
		}
		cr_assert_eq(check_user(cut_offs, i, 1), JG_SCOPE_USER);
		cr_assert_eq(check_user(cut_offs, i - (i < 50 ? i : 50), 1), JG_SCOPE_USER);
		jg_cut_offs_reclaim(cut_offs);
	}
	cr_assert_eq(jg_cut_offs_count(cut_offs), 100);
	cr_assert_leq(jg_cut_offs_memory(cut_offs), 64 * 1024);
	jg_cut_offs_free(cut_offs);
}

struct reading {
	const struct jg_cut_offs *cut_offs;
	_Atomic unsigned written; // users below this number are cut off
	_Atomic bool done;
	_Atomic unsigned wrong;
};

static void *read_always(void *argument)
{
	struct reading *reading = argument;
	unsigned at = 0;
	while (!atomic_load(&reading->done)) {
		unsigned written = atomic_load(&reading->written);
		if (written == 0)
			continue;
		at = (at * 2654435761u + 12345u) % written;
		if (check_user(reading->cut_offs, at, NOW - 1) != JG_SCOPE_USER)
			atomic_fetch_add(&reading->wrong, 1);
		if (check_user(reading->cut_offs, at, NOW) != -1 ||
			check_user(reading->cut_offs, 1u << 30 | at, 1) != -1)
			atomic_fetch_add(&reading->wrong, 1);
	}
	return NULL;
}

Test(cutoff, a_reader_misses_nothing_while_the_table_grows)
{
	struct jg_cut_offs *cut_offs = table(0);
	struct reading reading = {.cut_offs = cut_offs};
	pthread_t reader;
	cr_assert_eq(pthread_create(&reader, NULL, read_always, &reading), 0);
	char name[16];
	for (unsigned i = 0; i < 200000; i++) {
		struct jg_cut_off it = user(name, i, NOW);
		cr_assert_eq(jg_cut_offs_set(cut_offs, &it, NULL), 0);
		atomic_store(&reading.written, i + 1);
	}
	atomic_store(&reading.done, true);
	cr_assert_eq(pthread_join(reader, NULL), 0);
	cr_assert_eq(atomic_load(&reading.wrong), 0);
	jg_cut_offs_reclaim(cut_offs);
	jg_cut_offs_free(cut_offs);
}

Test(cutoff, tells_the_time_of_a_subject)
{
	struct jg_cut_offs *cut_offs = table(0);
	struct jg_cut_off john = cut_off(JG_SCOPE_USER, NOW);
	cr_assert_eq(jg_cut_offs_before(cut_offs, &john), JG_TIME_NONE);
	set(cut_offs, JG_SCOPE_USER, NOW);
	cr_assert_eq(jg_cut_offs_before(cut_offs, &john), NOW);
	john.scope = JG_SCOPE_PARTICIPANT;
	cr_assert_eq(jg_cut_offs_before(cut_offs, &john), JG_TIME_NONE, "of another scope");
	john.scope = JG_SCOPE_USER;
	set(cut_offs, JG_SCOPE_USER, JG_TIME_NONE);
	cr_assert_eq(jg_cut_offs_before(cut_offs, &john), JG_TIME_NONE, "undone");
	jg_cut_offs_free(cut_offs);
}
