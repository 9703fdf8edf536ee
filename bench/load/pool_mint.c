// SPDX-License-Identifier: BSD-3-Clause
// Pools of own tokens: drawn, minted in bursts, spoiled, judged once by the library, written down.
#include "clock.h"
#include "closed.h"
#include "draft.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#define USERS 1000000
#define VONAGE_WEIGHT 0.02 // where nothing else is said: RS256 has a slow lane of its own

struct pool_maker {
	struct pool *pool;
	const struct jg_config *config;
	struct pool_options options;
	struct mixer mixer;
	struct random random;
	struct choice rooms;
	struct choice app_choice[JG_VENDOR_COUNT];
	uint32_t *apps[JG_VENDOR_COUNT]; // indices of each vendor's
	struct worlds worlds;
	struct closed closed;
	struct jg_minter *minter;
	struct jg_verifier *verifier;
	unsigned n[WORLD_COUNT];
	struct draft drafts[WORLD_COUNT][JG_BURST_MAX];
	struct jg_mint mints[JG_BURST_MAX];
	struct jg_minted minted[JG_BURST_MAX];
	struct jg_request requests[JG_BURST_MAX];
	struct jg_verdict verdicts[JG_BURST_MAX];
	char tokens[JG_BURST_MAX][JG_TOKEN_MAX + 1];
};

static int find_apps(struct pool_maker *m)
{
	for (unsigned vendor = 1; vendor < JG_VENDOR_COUNT; vendor++) {
		uint32_t n = 0;
		m->apps[vendor] = calloc(m->config->apps_n + 1, sizeof(uint32_t));
		if (m->apps[vendor] == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; i < m->config->apps_n; i++)
			if (m->config->apps[i].vendor == vendor)
				m->apps[vendor][n++] = i;
		if (n > 0 && choice_init_zipf(&m->app_choice[vendor], n, m->options.mix.zipf) != 0)
			return -ENOMEM;
	}
	return 0;
}

static bool can_mint_vonage(const struct pool_maker *m)
{
	for (uint32_t i = 0; i < m->config->apps_n; i++)
		for (uint32_t j = 0; j < m->config->apps[i].secrets_n; j++)
			if (m->config->apps[i].secrets[j].private_key.p != NULL)
				return true;
	return false;
}

// Layouts nobody chose: of every vendor there is.
static int choose_layouts(struct pool_maker *m, struct mix *mix, struct jg_error *err)
{
	double sum = 0;
	for (unsigned i = 0; i < LAYOUT_COUNT; i++)
		sum += mix->layouts[i];
	const bool all = sum <= 0;
	for (unsigned i = 0; i < LAYOUT_COUNT; i++) {
		const bool there = m->app_choice[layout_vendor(i)].n > 0;
		if (!there && mix->layouts[i] > 0) {
			jg_error_set(err, "--vendors: the configuration has no app of %s",
				jg_vendor_name(layout_vendor(i)));
			return -EINVAL;
		}
		if (all && there)
			mix->layouts[i] = i != LAYOUT_VONAGE ? 1
				: can_mint_vonage(m)	     ? VONAGE_WEIGHT
							     : 0;
		sum += mix->layouts[i];
	}
	if (sum > 0)
		return 0;
	jg_error_set(err, "the configuration has no app that tokens can be minted for");
	return -EINVAL;
}

static void find_absent(struct pool_maker *m, struct mix *mix)
{
	closed_find(&m->closed, m->config);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned i = 0; i < LAYOUT_COUNT; i++) {
			const struct closed_list *list =
				closed_apps(&m->closed, kind, layout_vendor(i));
			mix->absent[kind][i] = list != NULL && list->n == 0;
		}
}

// Whose token it will be: drawn by Zipf's law, but of the few that can have such a token.
static struct closed_app choose_app(struct pool_maker *m, const struct pick *pick)
{
	const enum jg_vendor vendor = layout_vendor(pick->layout);
	const struct closed_list *few = closed_apps(&m->closed, pick->kind, vendor);
	if (few != NULL)
		return few->apps[random_below(&m->random, few->n)];
	return (struct closed_app){
		.app = m->apps[vendor][choice_pick(&m->app_choice[vendor], &m->random)]};
}

static int open_maker(struct pool_maker *m, struct jg_error *err)
{
	struct mix mix = m->options.mix;
	const struct jg_verifier_options options = {.seed = m->options.seed | 1};
	m->random.state = m->options.seed;
	if (find_apps(m) != 0 || choice_init_zipf(&m->rooms, mix.rooms, mix.zipf) != 0) {
		jg_error_set(err, "no memory");
		return -ENOMEM;
	}
	int rc = choose_layouts(m, &mix, err);
	find_absent(m, &mix);
	if (rc == 0)
		rc = mixer_init(&m->mixer, &mix, err);
	if (rc == 0)
		rc = worlds_build(&m->worlds, m->config, err);
	if (rc != 0)
		return rc;
	m->minter = jg_minter_new(&options, err);
	m->verifier = m->minter == NULL ? NULL : jg_verifier_new(&options, err);
	return m->verifier == NULL ? -ENOMEM : 0;
}

void pool_maker_free(struct pool_maker *m)
{
	if (m == NULL)
		return;
	jg_verifier_free(m->verifier);
	jg_minter_free(m->minter);
	worlds_free(&m->worlds);
	mixer_fini(&m->mixer);
	choice_fini(&m->rooms);
	for (unsigned i = 0; i < JG_VENDOR_COUNT; i++) {
		choice_fini(&m->app_choice[i]);
		free(m->apps[i]);
	}
	free(m);
}

static int check(const struct draft *draft, const struct jg_verdict *verdict, struct jg_error *err)
{
	char detail[200];
	const enum jg_reason wanted = kind_reason(draft->pick.kind);
	if (verdict->reason == wanted)
		return 0;
	(void)jg_verdict_detail(verdict, detail, sizeof(detail));
	jg_error_set(err,
		"app %s: a %s token of kind %s should be %s, but these settings make it %s (%s); "
		"leave it out with --kinds or --vendors, set --ttl, or change the app's policy",
		draft->app, layout_name(draft->pick.layout), kind_name(draft->pick.kind),
		jg_reason_name(wanted), jg_reason_name(verdict->reason), detail);
	return -EINVAL;
}

static int put(struct pool_maker *m, const struct draft *draft, unsigned i, struct jg_error *err)
{
	const struct jg_verdict *verdict = &m->verdicts[i];
	const struct expectation expect = {.reason = verdict->reason,
		.whole = true,
		.capabilities = verdict->reason == JG_REASON_OK ? verdict->capabilities : 0,
		.issued_at = verdict->issued_at,
		.expires_at = verdict->expires_at,
		.names = pool_names(verdict->identity, verdict->room)};
	int rc = check(draft, verdict, err);
	if (rc == 0 &&
		pool_put(m->pool, draft->index, &m->requests[i], draft->pick.kind, &expect) != 0) {
		jg_error_set(err, "no memory for the tokens; ask for fewer with --tokens");
		rc = -ENOMEM;
	}
	return rc;
}

static int flush(struct pool_maker *m, enum world world, struct jg_error *err)
{
	const unsigned n = m->n[world];
	const struct draft *drafts = m->drafts[world];
	if (n == 0)
		return 0;
	m->n[world] = 0;
	for (unsigned i = 0; i < n; i++) {
		m->mints[i] = drafts[i].mint;
		m->minted[i] = (struct jg_minted){.token = m->tokens[i], .size = JG_TOKEN_MAX};
	}
	jg_mint_burst(
		m->minter, m->worlds.snapshots[world], m->options.now, m->mints, m->minted, n);
	for (unsigned i = 0; i < n; i++) {
		const struct jg_minted *minted = &m->minted[i];
		if (minted->problem != NULL) {
			jg_error_set(err, "app %s: no %s token of kind %s can be minted: %s %s",
				drafts[i].app, layout_name(drafts[i].pick.layout),
				kind_name(drafts[i].pick.kind),
				minted->field != NULL ? minted->field : "", minted->problem);
			return -EINVAL;
		}
		uint32_t len = minted->len;
		draft_spoil(&drafts[i], m->tokens[i], &len);
		m->requests[i] = draft_request(&drafts[i], (struct jg_str){m->tokens[i], len});
		m->requests[i].flags = m->options.front_end != 0 ? JG_REQUEST_AUTHENTICATED : 0;
	}
	jg_verify_burst(m->verifier, m->worlds.snapshots[WORLD_OWN], m->options.now, m->requests,
		m->verdicts, n);
	int rc = 0;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = put(m, &drafts[i], i, err);
	return rc;
}

static int add(struct pool_maker *m, uint32_t index, struct jg_error *err)
{
	const struct mix *mix = &m->options.mix;
	const struct pick pick = mixer_pick(&m->mixer, &m->random);
	struct draft wanted = {.pick = pick};
	const enum world world = draft_world(&wanted);
	const struct closed_app chosen = choose_app(m, &pick);
	const struct draft_source source = {.config = m->config,
		.app = &m->config->apps[chosen.app],
		.cut_off = chosen.cut_off,
		.room = choice_pick(&m->rooms, &m->random),
		.user = (uint32_t)random_below(&m->random, USERS),
		.extra = mix->extra_min +
			(uint32_t)random_below(&m->random, mix->extra_max - mix->extra_min + 1),
		.now = m->options.now,
		.ttl = m->options.ttl};
	struct draft *draft = &m->drafts[world][m->n[world]++];
	draft->pick = pick;
	draft->index = index;
	draft_init(draft, &source);
	return m->n[world] == JG_BURST_MAX ? flush(m, world, err) : 0;
}

struct pool_maker *pool_maker_new(
	const struct jg_config *config, const struct pool_options *options, struct jg_error *err)
{
	struct pool_maker *m = calloc(1, sizeof(*m));
	if (m == NULL) {
		jg_error_set(err, "no memory for minting");
		return NULL;
	}
	*m = (struct pool_maker){.config = config, .options = *options};
	if (open_maker(m, err) == 0)
		return m;
	pool_maker_free(m);
	return NULL;
}

int pool_maker_fill(struct pool_maker *m, struct pool *pool, int64_t now, struct jg_error *err)
{
	const uint64_t begin = clock_now();
	int rc = 0;
	m->pool = pool;
	m->options.now = now;
	pool_reset(pool);
	for (uint32_t i = 0; i < m->options.n && rc == 0; i++)
		rc = add(m, i, err);
	for (unsigned world = 0; world < WORLD_COUNT && rc == 0; world++)
		rc = flush(m, (enum world)world, err);
	pool->seconds = (double)(clock_now() - begin) / 1e9;
	return rc;
}

int pool_mint(struct pool *pool, const struct jg_config *config, const struct pool_options *options,
	struct jg_error *err)
{
	*pool = (struct pool){0};
	struct pool_maker *m = pool_maker_new(config, options, err);
	int rc = m == NULL ? -EINVAL : pool_init(pool, options->n, options->front_end);
	if (rc == -ENOMEM)
		jg_error_set(err, "no memory for the tokens");
	if (rc == 0)
		rc = pool_maker_fill(m, pool, options->now, err);
	pool_maker_free(m);
	if (rc != 0)
		pool_fini(pool);
	return rc;
}
