// SPDX-License-Identifier: BSD-3-Clause
// Replies and messages as etcd's gateway writes them, and as no etcd would.
#include "etcd_events.h"
#include "seal.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX "/j/"

static struct jg_error err;
static struct jg_etcd_events events;
static struct jg_etcd_reading reading;

static void fresh(void)
{
	jg_etcd_events_free(&events);
	free(reading.last);
	reading = (struct jg_etcd_reading){.prefix = PREFIX};
	err.text[0] = '\0';
}

static json_t *kv(const char *key, const char *value, long long mod)
{
	char *k = jg_base64(key, strlen(key));
	char *v = jg_base64(value, strlen(value));
	char number[24];
	snprintf(number, sizeof(number), "%lld", mod);
	json_t *json = json_pack("{s:s, s:s, s:s}", "key", k, "value", v, "mod_revision", number);
	return json;
}

static int page(json_t *kvs, const char *revision, bool more)
{
	json_t *reply = json_pack(
		"{s:{s:s}, s:o, s:b}", "header", "revision", revision, "kvs", kvs, "more", more);
	int result = jg_etcd_events_page(&events, &reading, reply, &err);
	json_decref(reply);
	return result;
}

static int page_text(const char *text)
{
	json_t *reply = json_loads(text, 0, NULL);
	int result = jg_etcd_events_page(&events, &reading, reply, &err);
	json_decref(reply);
	return result;
}

static enum jg_etcd_message message(const char *text, int64_t from)
{
	json_t *json = json_loads(text, 0, NULL);
	enum jg_etcd_message result = jg_etcd_events_message(&events, PREFIX, from, json, &err);
	json_decref(json);
	return result;
}

Test(etcd_events, a_page_is_read_and_the_next_one_goes_on)
{
	fresh();
	cr_assert_eq(
		page(json_pack("[o, o]", kv("/j/s/c/a", "1", 3), kv("/j/s/c/b", "", 9)), "9", true),
		1);
	cr_assert_eq(page(json_pack("[o]", kv("/j/s/r/x", "z", 4)), "11", false), 0);
	cr_assert_eq(events.n, 3);
	cr_assert_eq(reading.revision, 9, "the first page says of which revision all is");
	cr_assert_str_eq(events.list[2]->bytes, "s/r/x");
	cr_assert_str_eq(jg_etcd_event_value(events.list[2]), "z");
	fresh();
}

Test(etcd_events, what_refuses_comes_first_in_the_order_of_revisions)
{
	fresh();
	cr_assert_eq(page(json_pack("[o, o, o, o]", kv("/j/s/c/a", "", 7), kv("/j/s/c/b", "", 2),
				  kv("/j/s/r/x", "", 1), kv("/j/s/r/y", "", 3)),
			     "9", false),
		0);
	jg_etcd_events_sort(&events);
	static const int64_t order[] = {2, 7, 1, 3};
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(events.list[i]->mod, order[i]);
	fresh();
}

Test(etcd_events, known_cut_offs_are_left_out_records_are_not)
{
	fresh();
	reading.after = 5;
	cr_assert_eq(page(json_pack("[o, o, o]", kv("/j/s/c/a", "", 5), kv("/j/s/c/b", "", 6),
				  kv("/j/s/r/x", "", 1)),
			     "9", false),
		0);
	cr_assert_eq(events.n, 2);
	cr_assert_str_eq(events.list[0]->bytes, "s/c/b");
	fresh();
}

Test(etcd_events, nonsense_in_a_page_is_refused)
{
	static const char *const texts[] = {
		"[]",
		"7",
		"{}",
		"{\"header\":7}",
		"{\"header\":{\"revision\":\"x\"}}",
		"{\"header\":{\"revision\":\"-1\"}}",
		"{\"header\":{\"revision\":\"99999999999999999999\"}}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":7}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[7]}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{}]}",
		"{\"header\":{\"revision\":\"5\"},\"more\":true}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[],\"more\":true}",
		// truncated base64, wrong base64, no revision, a later one than the page's
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"key\":\"L2ovcw\",\"mod_revision\":"
		"\"5\"}]}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"key\":\"!!!!\",\"mod_revision\":"
		"\"5\"}]}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"key\":\"L2ovcy9j\"}]}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"key\":\"L2ovcy9j\",\"mod_revision\":"
		"\"6\"}]}",
		"{\"header\":{\"revision\":\"5\"},\"kvs\":[{\"key\":\"L2ovcy9j\",\"mod_revision\":"
		"\"5\","
		"\"value\":7}]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fresh();
		cr_assert_eq(page_text(texts[i]), -EBADMSG, "%s", texts[i]);
		cr_assert_neq(err.text[0], '\0');
	}
	fresh();
}

Test(etcd_events, a_page_that_does_not_go_on_is_refused)
{
	fresh();
	cr_assert_eq(page(json_pack("[o]", kv("/j/s/c/b", "", 3)), "9", true), 1);
	cr_assert_eq(page(json_pack("[o]", kv("/j/s/c/b", "", 3)), "9", true), -EBADMSG,
		"the same page for ever");
	fresh();
	cr_assert_eq(page(json_pack("[o]", kv("/j/s/c/b", "", 3)), "9", true), 1);
	cr_assert_eq(page(json_pack("[o]", kv("/j/s/c/c", "", 3)), "8", true), -EBADMSG,
		"the revision goes back");
	fresh();
	cr_assert_eq(page(json_pack("[o]", kv("/elsewhere", "", 3)), "9", false), -EBADMSG);
	fresh();
}

#define EVENT(mod) "{\"kv\":{\"key\":\"L2ovcy9oYQ==\",\"mod_revision\":\"" #mod "\"}}"

Test(etcd_events, a_message_tells_changes_in_their_order)
{
	fresh();
	cr_assert_eq(
		message("{\"result\":{\"events\":[" EVENT(6) "," EVENT(6) "," EVENT(8) "]}}", 5),
		JG_ETCD_MESSAGE_EVENTS);
	cr_assert_eq(events.n, 3);
	cr_assert_not(events.list[0]->gone);
	cr_assert_eq(message("{\"result\":{\"events\":[{\"type\":\"DELETE\",\"kv\":{\"key\":"
			     "\"L2ovcy9oYQ==\",\"mod_revision\":\"9\"}}],\"fragment\":true}}",
			     8),
		JG_ETCD_MESSAGE_PART);
	cr_assert(events.list[3]->gone);
	fresh();
}

Test(etcd_events, a_message_out_of_order_ends_the_watch)
{
	static const char *const texts[] = {
		"{\"result\":{\"events\":[" EVENT(5) "]}}", // known already
		"{\"result\":{\"events\":[" EVENT(7) "," EVENT(6) "]}}",
		"{\"result\":{\"events\":[7]}}",
		"{\"result\":{\"events\":[{}]}}",
		"{\"result\":7}",
		"{\"error\":{\"message\":\"no leader\"}}",
		"{\"message\":\"Unauthorized\"}",
		"{}",
		"[]",
		"{\"result\":{\"canceled\":true,\"cancel_reason\":\"permission denied\"}}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fresh();
		cr_assert_eq(message(texts[i], 5), JG_ETCD_MESSAGE_END, "%s", texts[i]);
		cr_assert_neq(err.text[0], '\0');
	}
	fresh();
}

Test(etcd_events, a_compacted_and_a_rewound_history_are_told_apart)
{
	fresh();
	cr_assert_eq(message("{\"result\":{\"canceled\":true,\"compact_revision\":\"9\"}}", 5),
		JG_ETCD_MESSAGE_COMPACTED);
	cr_assert_eq(message("{\"result\":{\"header\":{\"revision\":\"4\"},\"created\":true}}", 5),
		JG_ETCD_MESSAGE_REWOUND);
	cr_assert_eq(message("{\"result\":{\"header\":{\"revision\":\"5\"},\"created\":true}}", 5),
		JG_ETCD_MESSAGE_EVENTS);
	fresh();
}
