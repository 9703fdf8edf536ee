// SPDX-License-Identifier: BSD-3-Clause
// A whole run against the real gate within this process.
#include "load_world.h"
#include "measure.h"
#include "way_ports.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <time.h>

static const uint8_t secret[32] = "a secret of the test's front end";
static struct way *way;
static struct pool pool;
static struct target target;
static struct jg_mac_key key;
static struct outcome outcome;
static struct jg_error err;

static void open_inside(uint32_t front_end, double bad)
{
	struct jg_config *config = load_world("");
	struct pool_options minting = {.n = 300,
		.seed = 5,
		.now = (int64_t)time(NULL),
		.ttl = 3600,
		.front_end = front_end};
	// EAL leaves its files where only this test looks.
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", "/tmp", 1), 0);
	mix_init(&minting.mix);
	minting.mix.bad = bad;
	minting.mix.kinds[KIND_TOO_LONG] = 2;
	minting.mix.rooms = 10;
	minting.mix.extra_max = 3000;
	cr_assert_eq(pool_mint(&pool, config, &minting, &err), 0, "%s", err.text);
	cr_assert_eq(target_parse(&target, way_inside_gate, &err), 0);
	const struct way_ports_options options = {.apps = config,
		.senders = 1,
		.target = &target,
		.front_end = front_end,
		.key = {(const char *)secret, sizeof(secret)}};
	way = way_ports_open(&options, &err);
	cr_assert_not_null(way, "%s", err.text);
	jg_config_free(config);
	jg_mac_key_init(&key, JG_MAC_SHA256, secret, sizeof(secret));
}

static void run(bool signs)
{
	const struct run_options options = {.pool = &pool,
		.way = way,
		.key = signs ? &key : NULL,
		.profile = {.kind = PROFILE_CONSTANT, .rate = 600, .seconds = 1},
		.timeout = 3000000000,
		.late = 1000000,
		.senders = 1,
		.cpus = {-1},
		.seed = 5};
	cr_assert_eq(run_load(&options, NULL, &outcome, &err), 0, "%s", err.text);
}

static void close_all(void)
{
	outcome_fini(&outcome);
	pool_fini(&pool);
	way->ops->close(way);
}

static uint64_t tally(enum tally tally)
{
	return outcome.totals.tally[1][tally];
}

Test(way_ports, the_gate_inside_is_right_about_every_token)
{
	open_inside(3, 0.3);
	run(true);
	cr_assert_eq(tally(TALLY_SENT), 600);
	cr_assert_eq(tally(TALLY_ANSWERED), 600);
	cr_assert_eq(tally(TALLY_WRONG), 0);
	cr_assert_eq(tally(TALLY_OVERLOADED), 0);
	cr_assert_gt(outcome.totals.reasons[JG_REASON_OK], 0);
	cr_assert_gt(outcome.totals.reasons[JG_REASON_BAD_SIGNATURE], 0);
	cr_assert_gt(outcome.totals.reasons[JG_REASON_TOO_LONG], 0);
	cr_assert_geq(outcome.rows[0].gate_busy, 0);
	close_all();
}

Test(way_ports, another_key_than_the_front_ends_gets_no_answer)
{
	open_inside(3, 0);
	key.inner[0] ^= 1;
	run(true);
	cr_assert_eq(tally(TALLY_ANSWERED), 0);
	cr_assert_eq(tally(TALLY_UNANSWERED), 600);
	close_all();
}

Test(way_ports, the_generator_measures_itself_on_a_ring)
{
	struct generator generator;
	open_inside(0, 0);
	cr_assert_eq(generator_measure(way, &pool, NULL, &generator, &err), 0, "%s", err.text);
	cr_assert_gt(generator.sending, 0);
	cr_assert_gt(generator.judging, 0);
	cr_assert_lt(generator.rate, generator.sending);
	cr_assert_gt(generator.floor_p50, 0);
	const double before = generator.rate;
	pool.spent = pool.n / before;
	generator_mints(&generator, &pool);
	cr_assert(generator.rate < before * 0.51 && generator.rate > before * 0.49);
	run(false);
	cr_assert_eq(tally(TALLY_ANSWERED), 600);
	cr_assert_eq(tally(TALLY_WRONG), 0);
	close_all();
}

Test(way_ports, tokens_minted_when_they_are_due_are_judged_as_well)
{
	struct jg_config *apps = load_world("");
	struct pool_options minting = {.seed = 9, .ttl = 3600, .front_end = 3};
	mix_init(&minting.mix);
	minting.mix.bad = 0.4;
	minting.mix.rooms = 10;
	open_inside(3, 0);
	// The gate has keys of its own for Vonage, made anew by each load_world().
	cr_assert_eq(mix_parse_layouts(&minting.mix, "livekit,stream,opentok,agora", &err), 0);
	const struct run_options options = {.pool = &pool,
		.apps = apps,
		.minting = &minting,
		.way = way,
		.key = &key,
		.profile = {.kind = PROFILE_CONSTANT, .rate = 1000, .seconds = 1},
		.timeout = 3000000000,
		.late = 1000000,
		.senders = 1,
		.cpus = {-1},
		.seed = 5};
	cr_assert_eq(run_load(&options, NULL, &outcome, &err), 0, "%s", err.text);
	cr_assert_eq(tally(TALLY_ANSWERED), 1000);
	cr_assert_eq(tally(TALLY_WRONG), 0);
	cr_assert_gt(outcome.totals.kinds[KIND_EXPIRED], 0);
	cr_assert_gt(outcome.totals.kinds[KIND_REVOKED], 0);
	jg_config_free(apps);
	close_all();
}
