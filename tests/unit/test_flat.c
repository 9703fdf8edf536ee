// SPDX-License-Identifier: BSD-3-Clause
// Memory in use over reloads and rotations without end. JG_CYCLES says how many of
// each; the soak suite asks for 100 000.
#include "control_harness.h"
#include "locked.h"
#include "store.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>

#define CYCLES 100
#define WARM_UP 20
#define SAMPLES 200 // the control thread may be finishing something
#define SLACK 512 // malloc gives a block 16 bytes more where the rest would be none

// Only in a build with AddressSanitizer, where malloc's own figures say nothing.
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

struct used {
	size_t heap;
	size_t locked; // without SQLite's page cache, which has a size of its own
	size_t sqlite;
	size_t pages; // of address space
};

static struct harness h;

static void setup(void)
{
	(void)mallopt(M_ARENA_MAX, 1); // one heap, so that it can be counted
	(void)mallopt(M_MXFAST, 0);
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
	jg_locked_adopt_json();
	harness_init(&h);
	cr_assert_eq(jg_store_sqlite_lock_memory(&h.err), 0);
}

static void teardown(void)
{
	harness_fini(&h);
}

TestSuite(flat, .init = setup, .fini = teardown);

static struct used used_once(void)
{
	struct used u = {.sqlite = (size_t)sqlite3_memory_used()};
	FILE *f = fopen("/proc/self/statm", "r");
	cr_assert_eq(fscanf(f, "%zu", &u.pages), 1);
	fclose(f);
	u.locked = jg_locked_used() - u.sqlite;
	u.heap = __sanitizer_get_current_allocated_bytes != NULL
		? __sanitizer_get_current_allocated_bytes()
		: mallinfo2().uordblks;
	return u;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct used used_now(void)
{
	struct used u = used_once();
	for (unsigned i = 0; i < SAMPLES; i++) {
		const struct timespec moment = {.tv_nsec = 100000};
		struct used again = used_once();
		u.heap = least(u.heap, again.heap);
		u.locked = least(u.locked, again.locked);
		(void)nanosleep(&moment, NULL);
	}
	return u;
}

static unsigned cycles(void)
{
	const char *text = getenv("JG_CYCLES");
	return text == NULL ? CYCLES : (unsigned)strtoul(text, NULL, 10);
}

static void check_flat(void (*cycle)(unsigned i))
{
	unsigned n = cycles();
	for (unsigned i = 0; i < WARM_UP; i++)
		cycle(i);
	struct used before = used_now();
	for (unsigned i = WARM_UP; i < WARM_UP + n; i++)
		cycle(i);
	struct used after = used_now();
	cr_log_info("%u cycles: heap %zu, locked %zu, sqlite %zu, pages %zu", n, after.heap,
		after.locked, after.sqlite, after.pages);
	cr_assert_leq(
		after.heap, before.heap + SLACK, "heap: %zu, then %zu", before.heap, after.heap);
	cr_assert_leq(after.locked, before.locked, "locked memory: %zu, then %zu", before.locked,
		after.locked);
	cr_assert_leq(after.sqlite, (size_t)4 << 20, "SQLite's cache: %zu", after.sqlite);
	if (__sanitizer_get_current_allocated_bytes == NULL)
		cr_assert_leq(after.pages, before.pages + 2048,
			"address space: %zu, then %zu pages", before.pages, after.pages);
}

static void reload(unsigned i)
{
	harness_write(&h, false,
		i % 2 == 0 ? HARNESS_APPS
			   : HARNESS_APPS ",\"cut_offs\":[{\"vendor\":\"stream\",\"app\":\"k\","
					  "\"scope\":\"user\",\"user\":\"john\",\"before\":5}]");
	ASK_OK(&h, "{\"command\":\"reload\"}");
}

Test(flat, reloads_leave_nothing_behind)
{
	harness_write(&h, false, HARNESS_APPS);
	harness_start(&h, false);
	check_flat(reload);
}

static void rotate(unsigned i)
{
	const char *old = i % 2 == 0 ? "a" : "b";
	const char *new = i % 2 == 0 ? "b" : "a";
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"add\",\"app\":\"APItest\",\"secret_id\":\"%s\","
		"\"secret\":\"" HARNESS_SECRET "%s\"}",
		new, new);
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"promote\",\"app\":\"APItest\",\"secret_id\":"
		"\"%s\"}",
		new);
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"retire\",\"app\":\"APItest\",\"secret_id\":"
		"\"%s\"}",
		old);
	ASK_OK(&h,
		"{\"command\":\"rotate\",\"verb\":\"remove\",\"app\":\"APItest\",\"secret_id\":"
		"\"%s\"}",
		old);
	ASK_FAILS(&h, "not_found", "no secret",
		"{\"command\":\"rotate\",\"verb\":\"promote\",\"app\":\"APItest\",\"secret_id\":"
		"\"%s\"}",
		old);
}

Test(flat, rotations_leave_nothing_behind)
{
	harness_write(&h, true, HARNESS_APPS);
	harness_start(&h, false);
	check_flat(rotate);
}
