// SPDX-License-Identifier: BSD-3-Clause
#include "control_harness.h"
#include "refusals.h"

#include <joingate/verify.h>

#include <fcntl.h>
#include <stdlib.h>

static struct jg_witness witness;
static struct jg_control_member member = {.name = "worker 3", .witness = &witness};
static struct jg_config config;
static struct jg_engine engine;
static struct jg_refusals refusals;
static char file[64];
static int stderr_was;

// What is logged goes into a file, which the tests read.
static void setup(void)
{
	struct jg_error err;
	strcpy(file, "/tmp/joingate-refusals-XXXXXX");
	int fd = mkstemp(file);
	cr_assert_geq(fd, 0);
	stderr_was = dup(STDERR_FILENO);
	cr_assert_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	witness.notes = jg_spool_new(1 << 16, &err);
	config = (struct jg_config){.log_format = 1, .log_level = 2, .log_refusals = 2};
	engine = (struct jg_engine){.config = &config, .members = &member, .members_n = 1};
	jg_refusals_apply(&engine);
}

static void teardown(void)
{
	(void)dup2(stderr_was, STDERR_FILENO);
	(void)unlink(file);
	jg_spool_free(witness.notes);
}

TestSuite(refusals, .init = setup, .fini = teardown);

static struct jg_note note_of(unsigned reason, unsigned rule)
{
	struct jg_note note = {.request_id = UINT64_C(0xfedcba9876543210),
		.fingerprint = 0xabc,
		.front_end = 9,
		.vendor = JG_VENDOR_LIVEKIT,
		.reason = (uint8_t)reason,
		.rule = (uint8_t)rule,
		.rule_value = 125,
		.rule_limit = 60,
		.type = JG_REQUEST_RECONNECT,
		.app_len = 3,
		.key_len = 1};
	memcpy(note.app, "app-and-no-more", 15);
	memcpy(note.key, "a-and-no-more", 13);
	return note;
}

static void tell(const struct jg_note *note)
{
	void *to = jg_spool_reserve(witness.notes, sizeof(*note));
	cr_assert_not_null(to);
	memcpy(to, note, sizeof(*note));
	jg_spool_commit(witness.notes);
}

// Lines logged so far.
static json_t *lines(void)
{
	json_t *list = json_array();
	FILE *f = fopen(file, "r");
	char line[8192];
	while (fgets(line, sizeof(line), f) != NULL) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		cr_assert_not_null(json, "%s", line);
		cr_assert_eq(json_array_append_new(list, json), 0);
	}
	fclose(f);
	return list;
}

static const char *text_at(const json_t *list, size_t i, const char *name)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, i), name));
	return text != NULL ? text : "";
}

static json_int_t number_at(const json_t *list, size_t i, const char *name)
{
	const json_t *value = json_object_get(json_array_get(list, i), name);
	cr_assert(json_is_integer(value));
	return json_integer_value(value);
}

Test(refusals, a_note_becomes_a_line)
{
	struct jg_note note = note_of(JG_REASON_EXPIRED, JG_RULE_EXPIRED);
	note.skipped = 7;
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	json_t *list = lines();
	cr_assert_eq(json_array_size(list), 1);
	cr_assert_str_eq(text_at(list, 0, "event"), "refused");
	cr_assert_str_eq(text_at(list, 0, "message"), "refused: expired 125 s ago (leeway 60 s)");
	cr_assert_str_eq(text_at(list, 0, "reason"), "expired");
	cr_assert_str_eq(text_at(list, 0, "vendor"), "livekit");
	cr_assert_str_eq(text_at(list, 0, "app"), "app");
	cr_assert_str_eq(text_at(list, 0, "key"), "a");
	cr_assert_str_eq(text_at(list, 0, "fingerprint"), "0000000000000abc");
	cr_assert_str_eq(text_at(list, 0, "request"), "fedcba9876543210");
	cr_assert_str_eq(text_at(list, 0, "type"), "reconnect");
	cr_assert_str_eq(text_at(list, 0, "worker"), "worker 3");
	cr_assert_eq(number_at(list, 0, "front_end"), 9);
	cr_assert_eq(number_at(list, 0, "skipped"), 7);
	json_decref(list);
}

Test(refusals, one_second_has_so_many_lines_of_a_reason_and_the_next_line_counts_the_rest)
{
	struct jg_note note = note_of(JG_REASON_EXPIRED, JG_RULE_EXPIRED);
	note.skipped = 10;
	for (unsigned i = 0; i < 5; i++)
		tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	note.skipped = 0;
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000001);
	json_t *list = lines();
	cr_assert_eq(json_array_size(list), 3);
	cr_assert_eq(number_at(list, 0, "skipped"), 10);
	cr_assert_eq(number_at(list, 1, "skipped"), 10);
	cr_assert_eq(number_at(list, 2, "skipped"), 4 * 11);
	json_decref(list);
}

Test(refusals, a_flood_of_one_reason_hides_no_other)
{
	struct jg_note flood = note_of(JG_REASON_BAD_SIGNATURE, JG_RULE_NONE);
	struct jg_note other = note_of(JG_REASON_NO_JOIN, JG_RULE_NONE);
	for (unsigned i = 0; i < 50; i++)
		tell(&flood);
	tell(&other);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	json_t *list = lines();
	cr_assert_eq(json_array_size(list), 3);
	cr_assert_str_eq(text_at(list, 2, "reason"), "no_join");
	cr_assert_eq(number_at(list, 2, "skipped"), 0);
	json_decref(list);
}

Test(refusals, another_limit_counts_at_once)
{
	const struct jg_note note = note_of(JG_REASON_EXPIRED, JG_RULE_EXPIRED);
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	config.log_refusals = 0;
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	json_t *logged = lines();
	cr_assert_eq(json_array_size(logged), 1);
	json_decref(logged);
	config.log_refusals = 1;
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	logged = lines();
	cr_assert_eq(json_array_size(logged), 2);
	json_decref(logged);
}

Test(refusals, the_members_learn_what_the_settings_say)
{
	cr_assert_eq(atomic_load(&witness.refusals), 2);
	config.log_refusals = 0;
	jg_refusals_apply(&engine);
	cr_assert_eq(atomic_load(&witness.refusals), 0);
}

Test(refusals, errors_alone_are_logged_where_that_was_asked_for)
{
	struct jg_note note = note_of(JG_REASON_EXPIRED, JG_RULE_EXPIRED);
	config.log_level = 0;
	jg_refusals_apply(&engine);
	tell(&note);
	jg_refusals_turn(&refusals, &engine, 1800000000);
	json_t *list = lines();
	cr_assert_eq(json_array_size(list), 0);
	json_decref(list);
}

Test(refusals, a_room_of_the_policy_is_not_named)
{
	char text[128];
	struct jg_note note = note_of(JG_REASON_NOT_PERMITTED, JG_RULE_ROOM_DENY);
	cr_assert_str_eq(jg_note_detail(&note, text, sizeof(text)),
		"policy.rooms denies join in such rooms");
}

Test(refusals, a_subject_is_named)
{
	char text[128];
	struct jg_note note = note_of(JG_REASON_MISSING_CLAIM, JG_RULE_MISSING);
	note.subject_len = 3;
	memcpy(note.subject, "exp-and-no-more", 15);
	cr_assert_str_eq(jg_note_detail(&note, text, sizeof(text)), "claim exp is missing");
}
