// SPDX-License-Identifier: BSD-3-Clause
#include "load_world.h"
#include "pool.h"
#include "worlds.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW INT64_C(1800000000)

static struct jg_error err;
static struct pool pool;

static struct pool_options options(uint32_t n, double bad)
{
	struct pool_options o = {.n = n, .seed = 5, .now = NOW, .ttl = 3600, .front_end = 1};
	mix_init(&o.mix);
	o.mix.bad = bad;
	o.mix.reconnect = 0.1;
	return o;
}

// pool_mint() judges each token itself and fails when one would not get its kind's verdict.
Test(pool, every_kind_in_every_layout_gets_its_reason)
{
	struct jg_config *config = load_world("");
	for (unsigned layout = 0; layout < LAYOUT_COUNT; layout++) {
		for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
			struct pool_options o = options(8, kind == KIND_GOOD ? 0 : 1);
			if (!kind_fits(kind, layout))
				continue;
			o.mix.layouts[layout] = 1;
			for (unsigned i = 0; i < KIND_COUNT && kind != KIND_GOOD; i++)
				o.mix.kinds[i] = i == kind;
			cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
			cr_assert_eq(pool.kinds[kind], 8);
			cr_assert_eq(pool.questions[0].expect.reason, kind_reason(kind));
			pool_fini(&pool);
		}
	}
	jg_config_free(config);
}

Test(pool, the_same_seed_makes_the_same_questions)
{
	struct jg_config *config = load_world("");
	struct pool other;
	struct pool_options o = options(600, 0.3);
	cr_assert_eq(mix_parse_layouts(&o.mix, "livekit,stream,opentok", &err), 0);
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	cr_assert_eq(pool_mint(&other, config, &o, &err), 0, "%s", err.text);
	for (uint32_t i = 0; i < 600; i++) {
		cr_assert_eq(pool.questions[i].len, other.questions[i].len);
		cr_assert_eq(memcmp(pool.questions[i].datagram, other.questions[i].datagram,
				     pool.questions[i].len),
			0, "%u", i);
	}
	pool_fini(&pool);
	o.seed = 6;
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	unsigned same = 0;
	for (uint32_t i = 0; i < 600; i++)
		same += pool.questions[i].len == other.questions[i].len &&
			memcmp(pool.questions[i].datagram, other.questions[i].datagram,
				other.questions[i].len) == 0;
	cr_assert_lt(same, 20);
	pool_fini(&pool);
	pool_fini(&other);
	jg_config_free(config);
}

static void expect_same_pools(const struct pool *a, const struct pool *b)
{
	cr_assert_eq(a->token_bytes, b->token_bytes);
	cr_assert_eq(a->token_max, b->token_max);
	cr_assert_arr_eq(a->kinds, b->kinds, sizeof(a->kinds));
	cr_assert_arr_eq(a->vendors, b->vendors, sizeof(a->vendors));
	for (uint32_t i = 0; i < a->n; i++) {
		const struct question *x = &a->questions[i];
		const struct question *y = &b->questions[i];
		cr_assert(
			x->len == y->len && memcmp(x->datagram, y->datagram, x->len) == 0, "%u", i);
		cr_assert(x->kind == y->kind && x->vendor == y->vendor, "%u", i);
		cr_assert(x->expect.reason == y->expect.reason &&
				x->expect.capabilities == y->expect.capabilities &&
				x->expect.names == y->expect.names,
			"%u", i);
	}
}

Test(pool, it_does_not_matter_how_many_threads_mint_it)
{
	struct jg_config *config = load_world("");
	struct pool other;
	struct pool_options o = options(9000, 0.3);
	cr_assert_eq(mix_parse_layouts(&o.mix,
			     "livekit,stream,opentok,opentok-t1,agora,agora-006,vonage=0.01", &err),
		0);
	o.threads = 1;
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	o.threads = 3;
	cr_assert_eq(pool_mint(&other, config, &o, &err), 0, "%s", err.text);
	cr_assert_eq(other.threads, 3);
	expect_same_pools(&pool, &other);
	pool_fini(&pool);
	pool_fini(&other);
	jg_config_free(config);
}

// Parts must not be copies of each other.
Test(pool, no_two_good_tokens_are_the_same)
{
	struct jg_config *config = load_world("");
	struct pool_options o = options(8192, 0);
	cr_assert_eq(mix_parse_layouts(&o.mix, "livekit", &err), 0);
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	unsigned same = 0;
	for (uint32_t i = 2048; i < pool.n; i++) {
		const struct question *x = &pool.questions[i];
		const struct question *y = &pool.questions[i % 2048];
		same += x->len == y->len && memcmp(x->datagram, y->datagram, x->len) == 0;
	}
	cr_assert_lt(same, 5);
	pool_fini(&pool);
	jg_config_free(config);
}

// Each key has neighbours that differ in one character alone.
Test(pool, a_strangers_key_is_nobodys)
{
	enum {
		N = 3000
	};
	static struct jg_app apps[N];
	static char keys[N][8];
	struct jg_config config = {.apps = apps, .apps_n = N};
	struct worlds worlds;
	static const struct jg_secret secret = {.id = JG_STR_INIT("a"),
		.secret = JG_STR_INIT("a secret of all these apps, not short"),
		.status = JG_SECRET_ACTIVE,
		.not_before = INT64_MIN,
		.not_after = INT64_MAX};
	for (unsigned i = 0; i < N; i++) {
		snprintf(keys[i], sizeof(keys[i]), "A%u", 1000 + i);
		apps[i] = (struct jg_app){.vendor = JG_VENDOR_LIVEKIT,
			.key = {keys[i], 5},
			.policy = {.auth_checks = true},
			.secrets = &secret,
			.secrets_n = 1};
	}
	cr_assert_eq(worlds_build(&worlds, &config, &err), 0, "%s", err.text);
	for (unsigned i = 0; i < N; i++) {
		const char *key = worlds.strange_keys[i];
		unsigned differ = 0;
		for (unsigned at = 0; at < 5; at++)
			differ += key[at] != keys[i][at];
		cr_assert_eq(differ, 1, "%u", i);
		const unsigned number = (unsigned)strtoul(key + 1, NULL, 10);
		cr_assert(key[0] != 'A' || number < 1000 || number >= 1000 + N, "%s", key);
	}
	worlds_free(&worlds);
}

Test(pool, questions_are_well_formed_datagrams)
{
	struct jg_config *config = load_world("");
	struct pool_options o = options(300, 0.5);
	o.mix.extra_min = 100;
	o.mix.extra_max = 2000;
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	for (uint32_t i = 0; i < pool.n; i++) {
		struct jg_wire_request wire;
		struct jg_request request;
		cr_assert_eq(jg_wire_request_parse(pool.questions[i].datagram,
				     pool.questions[i].len, &wire, &request),
			JG_WIRE_FATE_OK);
		cr_assert_eq(wire.front_end, 1);
		cr_assert_eq(request.vendor, pool.questions[i].vendor);
	}
	pool_fini(&pool);
	jg_config_free(config);
}

Test(pool, settings_that_change_a_verdict_are_told)
{
	struct jg_config *config = load_world("");
	struct pool_options o = options(10, 0);
	o.ttl = -300;
	cr_assert_eq(mix_parse_layouts(&o.mix, "livekit", &err), 0);
	cr_assert_eq(pool_mint(&pool, config, &o, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "expired"), "%s", err.text);
	cr_assert_null(pool.questions);
	jg_config_free(config);
}

static const char *write_lines(const char *text)
{
	static char path[] = "/tmp/pool-test-XXXXXX";
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

Test(pool, lines_are_read_with_what_is_expected)
{
	const char *path = write_lines(
		"{\"token\": \"a.b.c\", \"expect\": \"malformed\"}\n"
		"{\"token\": \"x\", \"vendor\": \"stream\", \"app\": \"k\", \"identity\": \"u\", "
		"\"type\": \"reconnect\", \"expect\": \"admit\"}\n"
		"{\"token\": \"x\", \"expect\": {\"verdict\": \"reject\", \"reason\": "
		"\"expired\"}}");
	cr_assert_eq(pool_read(&pool, path, 0, &err), 0, "%s", err.text);
	cr_assert_eq(pool.n, 3);
	cr_assert_eq(pool.questions[0].expect.reason, JG_REASON_MALFORMED);
	cr_assert_eq(pool.questions[1].expect.reason, JG_REASON_OK);
	cr_assert_eq(pool.questions[2].expect.reason, JG_REASON_EXPIRED);
	cr_assert_eq(pool.questions[1].vendor, JG_VENDOR_STREAM);
	pool_fini(&pool);
	unlink(path);
}

Test(pool, broken_lines_are_refused_with_their_number)
{
	static const char *const bad[] = {"", "[]", "{\"token\": \"x\"}", "{\"expect\": \"admit\"}",
		"{\"token\": 5, \"expect\": \"admit\"}",
		"{\"token\": \"x\", \"expect\": \"admitted\"}",
		"{\"token\": \"x\", \"expect\": {}}",
		"{\"token\": \"x\", \"vendor\": \"y\", \"expect\": \"admit\"}",
		"{\"token\": \"x\", \"type\": \"refresh\", \"expect\": \"admit\"}"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		char text[256];
		snprintf(text, sizeof(text), "{\"token\": \"x\", \"expect\": \"admit\"}\n%s\n",
			bad[i]);
		const char *path = write_lines(text);
		cr_assert_eq(pool_read(&pool, path, 0, &err), -EINVAL, "%s", bad[i]);
		cr_assert_not_null(strstr(err.text, ":2: "), "%s: %s", bad[i], err.text);
		unlink(path);
	}
	cr_assert_eq(pool_read(&pool, "/nowhere", 0, &err), -EINVAL);
	const char *path = write_lines("");
	cr_assert_eq(pool_read(&pool, path, 0, &err), -EINVAL);
	unlink(path);
}

Test(pool, what_settings_refuse_is_made_only_where_there_are_such)
{
	struct jg_config *config = load_world("");
	struct pool_options o = options(400, 1);
	config->cut_offs_n = 0;
	for (uint32_t i = 0; i < config->apps_n; i++)
		((struct jg_app *)(uintptr_t)&config->apps[i])->policy.rooms_n = 0;
	cr_assert_eq(mix_parse_layouts(&o.mix, "livekit,stream,agora", &err), 0);
	cr_assert_eq(pool_mint(&pool, config, &o, &err), 0, "%s", err.text);
	cr_assert_eq(pool.kinds[KIND_REVOKED] + pool.kinds[KIND_NOT_PERMITTED], 0);
	cr_assert_eq(pool.kinds[KIND_GOOD], 0);
	pool_fini(&pool);
	jg_config_free(config);
}

Test(pool, a_maker_fills_the_same_pool_again_with_others)
{
	struct jg_config *config = load_world("");
	const struct pool_options o = options(100, 0.5);
	uint8_t first[4096];
	struct pool_maker *maker = pool_maker_new(config, &o, &err);
	cr_assert_not_null(maker, "%s", err.text);
	cr_assert_eq(pool_init(&pool, 100, 1), 0);
	cr_assert_eq(pool_maker_fill(maker, &pool, NOW, &err), 0, "%s", err.text);
	const uint32_t len = pool.questions[0].len < 4096 ? pool.questions[0].len : 4096;
	memcpy(first, pool.questions[0].datagram, len);
	for (unsigned round = 0; round < 50; round++) {
		cr_assert_eq(pool_maker_fill(maker, &pool, NOW + round, &err), 0, "%s", err.text);
		uint32_t sum = 0;
		for (unsigned i = 0; i <= KIND_COUNT; i++)
			sum += pool.kinds[i];
		cr_assert_eq(sum, 100, "counted anew each time");
	}
	cr_assert_neq(memcmp(first, pool.questions[0].datagram, len), 0);
	pool_maker_free(maker);
	pool_fini(&pool);
	jg_config_free(config);
}

Test(pool, a_maker_that_no_app_is_there_for_is_none)
{
	struct jg_config *config = load_world("");
	struct pool_options o = options(10, 0);
	cr_assert_eq(mix_parse_layouts(&o.mix, "stream", &err), 0);
	config->apps_n = 1;
	cr_assert_null(pool_maker_new(config, &o, &err));
	cr_assert_not_null(strstr(err.text, "stream"));
	config->apps_n = 6;
	jg_config_free(config);
}
