// SPDX-License-Identifier: BSD-3-Clause
// Changes of cut-offs that come in together.
#include "control_harness.h"
#include "engine.h"

#include <joingate/verify.h>

#include <errno.h>

static struct harness h;
static struct jg_engine engine;

static void setup(void)
{
	harness_init(&h);
	harness_write(&h, true, HARNESS_APPS);
	struct jg_problems problems = {0};
	engine = (struct jg_engine){.config = jg_config_load(h.file, JG_CONFIG_ALL, &problems)};
	cr_assert_not_null(engine.config);
	jg_problems_free(&problems);
	engine.first_config = engine.config;
	engine.store = jg_store_sqlite_open(h.store, &h.err);
	engine.state = jg_state_new(&h.err);
	engine.publisher = jg_publisher_new(jg_compiled_free, &h.err);
	cr_assert_eq(jg_engine_load(&engine, &h.err), 0, "%s", h.err.text);
	cr_assert_eq(jg_publisher_add(engine.publisher, "worker 0", &h.channel, &h.err), 0);
	cr_assert_eq(jg_engine_publish(&engine, &h.err), 0);
}

static void teardown(void)
{
	jg_publisher_free(engine.publisher);
	jg_state_free(engine.state);
	if (engine.store != NULL)
		engine.store->ops->free(engine.store);
	jg_config_free(engine.config);
	harness_fini(&h);
}

TestSuite(engine, .init = setup, .fini = teardown);

static struct jg_cut_off cut_offs[4];

static void queue(struct jg_pending_change *pending, unsigned i, json_t *detail)
{
	static const char *const users[] = {"a", "b", "c", "d"};
	cut_offs[i] = (struct jg_cut_off){.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = JG_STR("k"),
		.user = {users[i], 1},
		.before = 5};
	*pending = (struct jg_pending_change){.change = {.who = users[i],
						      .what = "revoke user",
						      .detail = detail,
						      .cut_offs = &cut_offs[i],
						      .cut_offs_n = 1}};
	jg_engine_queue(&engine, pending);
}

static size_t in_table(void)
{
	return jg_cut_offs_count(jg_state_cut_offs(engine.state));
}

static int count_line(void *arg, const struct jg_audit *line)
{
	(void)line;
	++*(unsigned *)arg;
	return 0;
}

static unsigned audit_lines(void)
{
	unsigned n = 0;
	cr_assert_eq(engine.store->ops->audit(engine.store, 0, 100, &n, count_line, &h.err), 0);
	return n;
}

Test(engine, changes_that_come_in_together_share_an_epoch_and_keep_their_lines)
{
	struct jg_pending_change p[3];
	uint64_t epoch = jg_publisher_epoch(engine.publisher);
	unsigned lines = audit_lines();
	for (unsigned i = 0; i < 3; i++)
		queue(&p[i], i, NULL);
	cr_assert_not(p[0].done);
	cr_assert_eq(in_table(), 0, "nothing is in force that is not durable");
	jg_engine_flush(&engine);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(p[i].done);
		cr_assert_eq(p[i].status, 0);
		cr_assert_eq(p[i].result.epoch, epoch + 1);
		cr_assert_geq(p[i].result.durable_ns, p[i].result.began_ns);
	}
	cr_assert_eq(in_table(), 3);
	cr_assert_eq(audit_lines(), lines + 3);
	cr_assert_eq(engine.store->epoch, epoch + 1);
	cr_assert_eq(h.channel.acknowledged, epoch + 1);
	jg_engine_flush(&engine);
	cr_assert_eq(jg_publisher_epoch(engine.publisher), epoch + 1, "nothing more to do");
}

Test(engine, what_the_store_refuses_is_not_in_force)
{
	struct jg_pending_change p[2];
	uint64_t epoch = jg_publisher_epoch(engine.publisher);
	queue(&p[0], 0, NULL);
	queue(&p[1], 1, NULL);
	harness_disk_full(true);
	jg_engine_flush(&engine);
	harness_disk_full(false);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(p[i].done);
		cr_assert_neq(p[i].status, 0);
		cr_assert_not_null(strstr(p[i].err.text, "gate.db"));
	}
	cr_assert_eq(in_table(), 0);
	cr_assert_eq(jg_publisher_epoch(engine.publisher), epoch);
}

Test(engine, one_that_does_not_fit_the_disk_does_not_stop_the_others)
{
	static char text[3000000];
	struct jg_pending_change p[3];
	memset(text, 'x', sizeof(text) - 1);
	json_t *big = json_pack("{s:s}", "x", text);
	queue(&p[0], 0, NULL);
	queue(&p[1], 1, big);
	queue(&p[2], 2, NULL);
	const struct rlimit limit = {1000000, RLIM_INFINITY};
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	jg_engine_flush(&engine);
	harness_disk_full(false);
	cr_assert_eq(p[0].status, 0, "%s", p[0].err.text);
	cr_assert_neq(p[1].status, 0);
	cr_assert_eq(p[2].status, 0, "%s", p[2].err.text);
	cr_assert_eq(in_table(), 2);
	json_decref(big);
}

Test(engine, a_change_too_large_is_refused_before_it_is_written)
{
	static char name[1024];
	static struct jg_cut_off many[1100];
	memset(name, 'n', sizeof(name));
	for (unsigned i = 0; i < 1100; i++)
		many[i] = (struct jg_cut_off){.scope = JG_SCOPE_USER,
			.vendor = JG_VENDOR_STREAM,
			.app = JG_STR("k"),
			.user = {name, sizeof(name)},
			.before = 5};
	struct jg_pending_change p = {
		.change = {.who = "x", .what = "x", .cut_offs = many, .cut_offs_n = 1100}};
	jg_engine_queue(&engine, &p);
	cr_assert(p.done);
	cr_assert_eq(p.status, -E2BIG);
	cr_assert_null(engine.pending);
}

Test(engine, another_change_comes_after_what_was_queued_before_it)
{
	struct jg_pending_change p;
	struct jg_change_result result;
	queue(&p, 0, NULL);
	const struct jg_change other = {.who = "x", .what = "x"};
	cr_assert_eq(jg_engine_change(&engine, &other, &result, &h.err), 0, "%s", h.err.text);
	cr_assert(p.done);
	cr_assert_lt(p.result.epoch, result.epoch);
}
