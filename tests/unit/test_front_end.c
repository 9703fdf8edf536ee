// SPDX-License-Identifier: BSD-3-Clause
#include "internal/front_end.h"

#include <criterion/criterion.h>

static struct jg_error err;
static const struct jg_address net4 = {.bytes = {10, 0, 0, 0}, .family = 4, .prefix = 24};
static const struct jg_address net6 = {.bytes = {0xfd, 0x12}, .family = 6, .prefix = 15};

static struct jg_front_end_entry entry(uint32_t id, uint32_t caller)
{
	return (struct jg_front_end_entry){.id = id,
		.caller = caller,
		.key = JG_STR("0123456789abcdef"),
		.from = &net4,
		.from_n = 1};
}

static enum jg_wire_fate admit(const struct jg_front_ends *table, uint16_t id,
	const struct jg_address *source, const struct jg_front_end **found)
{
	const struct jg_wire_request wire = {.front_end = id, .type = JG_WIRE_PING};
	return jg_front_ends_admit(table, &wire, source->family, source->bytes, found);
}

Test(front_end, is_found_by_its_id)
{
	const struct jg_front_end_entry entries[] = {entry(1, 5), entry(65535, 6), entry(300, 1)};
	struct jg_front_ends *table = jg_front_ends_new(entries, 3, false, &err);
	cr_assert_not_null(table);
	cr_assert_eq(jg_front_ends_count(table), 3);
	cr_assert_eq(jg_front_ends_find(table, 1)->caller, 5);
	cr_assert_eq(jg_front_ends_find(table, 65535)->caller, 6);
	cr_assert_eq(jg_front_ends_find(table, 300)->id, 300);
	cr_assert_null(jg_front_ends_find(table, 0));
	cr_assert_null(jg_front_ends_find(table, 2));
	cr_assert_null(jg_front_ends_find(table, 65534));
	cr_assert_null(jg_front_ends_find(table, 70000));
	jg_front_ends_free(table);
}

Test(front_end, key_becomes_the_midstates_of_the_key)
{
	struct jg_mac_key expected;
	const struct jg_front_end_entry entries[] = {entry(1, 1)};
	struct jg_front_ends *table = jg_front_ends_new(entries, 1, false, &err);
	jg_mac_key_init(&expected, JG_MAC_SHA256, "0123456789abcdef", 16);
	const struct jg_front_end *found = jg_front_ends_find(table, 1);
	cr_assert(jg_memeq_ct(found->key.inner, expected.inner, sizeof(expected.inner)));
	cr_assert(jg_memeq_ct(found->key.outer, expected.outer, sizeof(expected.outer)));
	jg_front_ends_free(table);
}

Test(front_end, is_admitted_from_its_prefixes_only)
{
	const struct jg_address from[] = {net4, net6};
	struct jg_front_end_entry both = entry(9, 1);
	both.from = from;
	both.from_n = 2;
	static const struct {
		struct jg_address source;
		bool good;
	} rows[] = {
		{{.bytes = {10, 0, 0, 1}, .family = 4}, true},
		{{.bytes = {10, 0, 0, 255}, .family = 4}, true},
		{{.bytes = {10, 0, 1, 1}, .family = 4}, false},
		{{.bytes = {11, 0, 0, 1}, .family = 4}, false},
		{{.bytes = {0xfd, 0x12, 1}, .family = 6}, true},
		{{.bytes = {0xfd, 0x13, 1}, .family = 6}, true},
		{{.bytes = {0xfd, 0x14, 1}, .family = 6}, false},
		{{.bytes = {10, 0, 0, 1}, .family = 6}, false},
		{{.bytes = {0xfd, 0x12}, .family = 4}, false},
		{{.bytes = {10, 0, 0, 1}, .family = 0}, false},
	};
	struct jg_front_ends *table = jg_front_ends_new(&both, 1, false, &err);
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		const struct jg_front_end *found;
		const enum jg_wire_fate fate = admit(table, 9, &rows[i].source, &found);
		cr_assert_eq(
			fate, rows[i].good ? JG_WIRE_FATE_OK : JG_WIRE_FATE_SOURCE, "row %zu", i);
		cr_assert_eq(found != NULL, rows[i].good);
	}
	jg_front_ends_free(table);
}

Test(front_end, prefix_lengths_at_both_ends_work)
{
	const struct jg_address all = {.family = 4, .prefix = 0};
	const struct jg_address one = {.bytes = {[15] = 7}, .family = 6, .prefix = 128};
	struct jg_front_end_entry entries[] = {entry(1, 1), entry(2, 2)};
	entries[0].from = &all;
	entries[1].from = &one;
	struct jg_front_ends *table = jg_front_ends_new(entries, 2, false, &err);
	const struct jg_front_end *found;
	const struct jg_address any = {.bytes = {203, 0, 113, 9}, .family = 4};
	const struct jg_address other = {.bytes = {[15] = 6}, .family = 6};
	cr_assert_eq(admit(table, 1, &any, &found), JG_WIRE_FATE_OK);
	cr_assert_eq(admit(table, 1, &one, &found), JG_WIRE_FATE_SOURCE);
	cr_assert_eq(admit(table, 2, &one, &found), JG_WIRE_FATE_OK);
	cr_assert_eq(admit(table, 2, &other, &found), JG_WIRE_FATE_SOURCE);
	jg_front_ends_free(table);
}

Test(front_end, none_is_admitted_only_where_the_gate_is_insecure)
{
	const struct jg_address source = {.bytes = {10, 0, 0, 1}, .family = 4};
	const struct jg_front_end_entry entries[] = {entry(1, 1)};
	const struct jg_front_end *found;
	struct jg_front_ends *table = jg_front_ends_new(entries, 1, false, &err);
	cr_assert_not(jg_front_ends_insecure(table));
	cr_assert_eq(admit(table, 0, &source, &found), JG_WIRE_FATE_FRONT_END);
	jg_front_ends_free(table);
	table = jg_front_ends_new(entries, 1, true, &err);
	cr_assert(jg_front_ends_insecure(table));
	cr_assert_eq(admit(table, 0, &source, &found), JG_WIRE_FATE_OK);
	cr_assert_null(found);
	cr_assert_eq(admit(table, 2, &source, &found), JG_WIRE_FATE_FRONT_END);
	cr_assert_null(found);
	jg_front_ends_free(table);
}

Test(front_end, empty_table_admits_nobody)
{
	const struct jg_address source = {.bytes = {10, 0, 0, 1}, .family = 4};
	const struct jg_front_end *found;
	struct jg_front_ends *table = jg_front_ends_new(NULL, 0, false, &err);
	cr_assert_not_null(table);
	cr_assert_eq(admit(table, 0, &source, &found), JG_WIRE_FATE_FRONT_END);
	cr_assert_eq(admit(table, 1, &source, &found), JG_WIRE_FATE_FRONT_END);
	jg_front_ends_free(table);
	jg_front_ends_free(NULL);
}

static void check_refused(struct jg_front_end_entry bad, const char *says)
{
	const struct jg_front_end_entry entries[] = {entry(1, 1), bad};
	cr_assert_null(jg_front_ends_new(entries, 2, true, &err));
	cr_assert_not_null(strstr(err.text, says), "%s", err.text);
}

Test(front_end, mistakes_are_named)
{
	struct jg_front_end_entry bad = entry(0, 2);
	check_refused(bad, "id 0 is outside 1..65535");
	check_refused(entry(65536, 2), "id 65536 is outside");
	check_refused(entry(2, 0), "caller 0 is outside 1..1023");
	check_refused(entry(2, JG_CALLERS_MAX), "caller 1024 is outside");
	check_refused(entry(1, 2), "id 1 is there twice");
	check_refused(entry(2, 1), "caller 1 is another front end's");
	bad = entry(2, 2);
	bad.key = JG_STR("too short a key");
	check_refused(bad, "front end 2: the key has 15 bytes, expected 16");
	bad = entry(2, 2);
	bad.from_n = 0;
	check_refused(bad, "front end 2: no source prefix");
	bad = entry(2, 2);
	const struct jg_address wide = {.family = 4, .prefix = 33};
	bad.from = &wide;
	check_refused(bad, "source prefix 1 is longer");
	const struct jg_address none = {.family = 0, .prefix = 0};
	bad.from = &none;
	check_refused(bad, "source prefix 1");
}

Test(front_end, a_key_is_never_in_an_error)
{
	struct jg_front_end_entry bad = entry(2, 2);
	bad.key = JG_STR("SECRETSECRET");
	check_refused(bad, "12 bytes");
	cr_assert_null(strstr(err.text, "SECRET"));
}
