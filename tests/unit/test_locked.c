// SPDX-License-Identifier: BSD-3-Clause
#include "locked.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

Test(locked, blocks_of_all_sizes_hold_their_bytes)
{
	char *blocks[200];
	for (size_t i = 0; i < 200; i++) {
		size_t size = i * 97;
		blocks[i] = jg_locked_alloc(size);
		cr_assert_not_null(blocks[i]);
		cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)i, size);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i * 97; k++)
			cr_assert_eq((unsigned char)blocks[i][k], i);
		jg_locked_free(blocks[i]);
	}
}

Test(locked, a_freed_block_is_wiped)
{
	char *secret = jg_locked_copy("hush", 4);
	cr_assert_str_eq(secret, "hush");
	jg_locked_free(secret);
	char *again = jg_locked_alloc(5); // the free list gives the same block back
	cr_assert_eq(again, secret);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(again[i], 0);
	jg_locked_free(again);
}

Test(locked, what_is_handed_out_is_counted_until_it_is_freed)
{
	size_t before = jg_locked_used();
	void *small = jg_locked_alloc(100);
	void *large = jg_locked_alloc(100000);
	cr_assert_eq(jg_locked_used() - before, jg_locked_size(small) + jg_locked_size(large));
	jg_locked_free(small);
	jg_locked_free(large);
	cr_assert_eq(jg_locked_used(), before);
}

Test(locked, an_absurd_size_is_refused)
{
	cr_assert_null(jg_locked_alloc(SIZE_MAX));
	cr_assert_null(jg_locked_alloc(SIZE_MAX - 8));
	jg_locked_free(NULL);
}

Test(locked, json_lives_there_once_adopted)
{
	jg_locked_adopt_json();
	json_t *value = json_pack("{s:s}", "secret", "hush");
	cr_assert_str_eq(json_string_value(json_object_get(value, "secret")), "hush");
	char *text = json_dumps(value, JSON_COMPACT);
	cr_assert_str_eq(text, "{\"secret\":\"hush\"}");
	jg_locked_free(text);
	json_decref(value);
}

Test(locked, a_limit_on_locked_memory_is_reported_not_fatal)
{
	const struct rlimit none = {0, 0};
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	char *p = jg_locked_alloc(1 << 20);
	cr_assert_not_null(p);
	// root may lock beyond the limit
	if (getuid() != 0)
		cr_assert_geq(jg_locked_shortage(), 1 << 20);
	jg_locked_free(p);
}

Test(locked, a_hardened_process_leaves_no_core)
{
	jg_process_harden();
	struct rlimit core;
	cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
	cr_assert_eq(core.rlim_max, 0);
	cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
}
